"""The page asks for all its modules at once instead of finding them one behind the other."""

from __future__ import annotations

import re

from pipeline.api.settings import WEB


def reached(name: str, seen: set[str]) -> set[str]:
    if name not in seen:
        seen.add(name)
        for found in re.findall(r'(?:from|import) "\./([\w-]+\.js)"', (WEB / "js" / name).read_text()):
            reached(found, seen)
    return seen


def test_what_the_operators_page_needs_is_preloaded():
    asked = set(re.findall(r'rel="modulepreload" href="/js/([\w-]+\.js)"', (WEB / "index.html").read_text()))
    assert asked == reached("app.js", set()) - {"app.js"}


def test_no_page_holds_a_script_or_style_of_its_own():
    for page in WEB.glob("*.html"):
        text = page.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), page.name
        assert "style=" not in text, page.name
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), page.name

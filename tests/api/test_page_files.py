"""The pages' files: held in memory, compressed where that is taken, not sent again where the browser has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.api.settings import WEB


@pytest.mark.parametrize("path", ["/", "/wall.html", "/js/app.js", "/style.css", "/icon.svg"])
def test_files_as_they_are(api, path):
    name = "index.html" if path == "/" else path[1:]
    plain = api.client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == (WEB / name).read_bytes()
    packed = api.client.get(path, headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert api.client.head(path).content == b""


def test_what_the_browser_has_is_not_sent_again(api):
    for encoding in ("gzip", "identity"):
        first = api.client.get("/js/app.js", headers={"Accept-Encoding": encoding})
        headers = {"Accept-Encoding": encoding, "If-None-Match": first.headers["etag"]}
        again = api.client.get("/js/app.js", headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"]
    assert api.client.get("/js/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


def test_types(api):
    wanted = {"/js/app.js": "text/javascript", "/style.css": "text/css", "/": "text/html", "/icon.svg": "image/svg+xml"}
    for path, kind in wanted.items():
        assert api.client.get(path).headers["content-type"].split(";")[0] == kind


def test_a_file_that_changes_is_read_again(make_api, tmp_path: Path):
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("one")
    (web / "a.js").write_text("1")
    (tmp_path / "secret.js").write_text("secret")
    (web / "out.js").symlink_to(tmp_path / "secret.js")
    (web / "dir.js").mkdir()
    api = make_api(web=web)
    assert api.client.get("/a.js").text == "1"
    (web / "a.js").write_text("two")
    assert api.client.get("/a.js").text == "two"
    assert "content-encoding" not in api.client.get("/a.js", headers={"Accept-Encoding": "gzip"}).headers
    for path in (
        "/out.js",
        "/dir.js",
        "/none.js",
        "/../secret.js",
        "/%2e%2e/secret.js",
        "/%00.js",
        f"/{'a' * 5000}.js",
    ):
        assert api.client.get(path).status_code == 404, path
    assert api.client.post("/a.js").status_code == 405

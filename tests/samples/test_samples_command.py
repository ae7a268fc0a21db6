"""`nightjar samples`: what is listed, what is pulled, what is refused."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.commands import samples
from pipeline.errors import BadInput, ToolMissing

CONTENT = b"not really a film"
ENTRY = {
    "name": "one", "file": "one.mp4", "sha256": hashlib.sha256(CONTENT).hexdigest(), "title": "One",
    "licence": "CC-BY-4.0", "credit": "Somebody", "url": "http://127.0.0.1:1/one.mp4",
}  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server over a folder that holds one.mp4."""
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "one.mp4").write_bytes(CONTENT)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_list_tells_every_clip_and_that_it_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {row["state"] for row in rows} == {"whole", "public"}
    assert len([row for row in rows if row["state"] == "whole"]) >= 4
    assert any(row["name"] == "one-by-one" and row["licence"] == "CC-BY-4.0" for row in rows)


@pytest.mark.parametrize(("content", "state"), [(CONTENT, "whole"), (b"other", "differs"), (None, "missing")])
def test_state_of_a_file(tmp_path: Path, content: bytes | None, state: str) -> None:
    if content is not None:
        (tmp_path / "one.mp4").write_bytes(content)
    assert samples.state_of(tmp_path / "one.mp4", ENTRY["sha256"]) == state


def test_pull_over_http_then_finds_it_present(tmp_path: Path, server: str) -> None:
    entry = {**ENTRY, "url": f"{server}/one.mp4"}
    assert samples.pull(entry, tmp_path, None)["state"] == "fetched"
    assert (tmp_path / "one.mp4").read_bytes() == CONTENT
    assert samples.pull({**entry, "url": "http://127.0.0.1:1/x"}, tmp_path, None)["state"] == "present"


def test_pull_from_a_mirror_folder(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "one.mp4").write_bytes(CONTENT)
    assert samples.pull(ENTRY, tmp_path, mirror)["state"] == "fetched"


def test_the_mirror_may_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(samples.MIRROR, raising=False)
    assert samples.mirror_of(None) is None
    monkeypatch.setenv(samples.MIRROR, str(tmp_path))
    assert samples.mirror_of(None) == tmp_path
    assert samples.mirror_of(tmp_path.parent) == tmp_path.parent


def test_an_unknown_scene_is_named_even_where_nothing_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(folder: Path) -> None:
        raise ToolMissing("no numba here")

    monkeypatch.setattr(samples, "load_studio", absent)
    assert main(["samples", "render", "nope"]) == 2
    assert "nope" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["damaged", "absent", "no such address", "not the web"])
def test_pull_refuses_and_leaves_nothing(tmp_path: Path, server: str, word: str) -> None:
    entry = dict(ENTRY)
    if word == "damaged":
        entry |= {"url": f"{server}/one.mp4", "sha256": "0" * 64}
    elif word == "absent":
        entry |= {"url": f"{server}/two.mp4"}
    elif word == "not the web":
        entry |= {"url": "file:///etc/hostname"}
    with pytest.raises(BadInput, match="one"):
        samples.pull(entry, tmp_path, None)
    assert not list(tmp_path.glob("one.mp4*"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["samples", "pull", "nothing"],
        ["samples", "pull", "--mirror", "/no/such/folder"],
        ["samples", "render", "nothing"],
    ],
)
def test_what_is_not_there_is_bad_input(arguments: list[str], tmp_path: Path) -> None:
    if "pull" in arguments:
        arguments = [*arguments, "--data", str(tmp_path)]
    assert main(arguments) == 2


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing"):
        samples.load_manifest(tmp_path)
    (tmp_path / "manifest.toml").write_text("= nonsense")
    with pytest.raises(BadInput, match="not TOML"):
        samples.load_manifest(tmp_path)

"""`nightjar models` against a server on loopback that cuts, lies and resumes, and against a mirror folder."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline.cli import main
from pipeline.detect import pull as pulling
from pipeline.detect.adding import to_toml
from pipeline.detect.base import DetectorSpec
from pipeline.detect.catalog import Entry, load_catalog, read_entries
from pipeline.detect.classes import COCO
from pipeline.detect.open import open_detector
from tests.detect.weights import onnx_bytes, write_weights

BYTES = bytes(range(256)) * 2000  # 512 kB: more than one chunk
TINY = (np.zeros((1, 84, 85), np.float32),)  # YOLOX at 64x64 with 80 labels


class Server(ThreadingHTTPServer):
    """Serves `body` with ranges; sends only `cut` bytes of each answer to the first `cuts` requests."""

    daemon_threads = True
    body = BYTES
    cuts = 0
    cut = 100_000
    ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.onnx"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers["Range"]
        server.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if self.path == "/gone":
            self.send_error(404)
            return
        if start >= len(server.body):
            self.send_error(416)
            return
        rest = server.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.body) - 1}/{len(server.body)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: server.cut] if len(server.asked) <= server.cuts else rest)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silence."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(pulling, "PAUSE_S", 0.0)
    monkeypatch.delenv("NIGHTJAR_MIRROR", raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def catalogued(data: Path, url: str, body: bytes = BYTES, **changed: Any) -> Path:
    """A data folder whose own catalogue knows `w`; gives the path its file will have."""
    values: dict[str, Any] = {
        "name": "w", "file": "w.onnx", "url": url, "licence": "x", "origin": "x", "family": "yolox", "size": (64, 64),
        "labels": COCO, "rank": 1, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body), **changed,
    }  # fmt: skip
    (data / "models").mkdir(parents=True, exist_ok=True)
    (data / "models" / "added.toml").write_text(to_toml([Entry(**values)]), encoding="utf-8")
    return data / "models" / "w.onnx"


def models(data: Path, *arguments: str) -> int:
    return main(["models", *arguments, "--data", str(data)])


def states(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    capsys.readouterr()
    models(data, *arguments, "--json")
    return {row["name"]: row["state"] for row in json.loads(capsys.readouterr().out.splitlines()[-1])}


@pytest.mark.parametrize(
    ("word", "settings", "requests"),
    [
        ("in one go", {}, [None]),
        ("cut once", {"cuts": 1}, [None, "bytes=100000-"]),
        ("cut more often than the tries, each bringing something", {"cuts": 5, "cut": 50_000}, [None, *(f"bytes={n}0000-" for n in (5, 10, 15, 20, 25))]),
    ],
)  # fmt: skip
def test_pull(word: str, settings: dict[str, Any], requests: list[str | None], server: Server, tmp_path: Path) -> None:
    vars(server).update(settings)
    path = catalogued(tmp_path, server.url)
    assert models(tmp_path, "pull", "w") == 0, word
    assert path.read_bytes() == BYTES
    assert server.asked == requests
    assert not list(path.parent.glob("*.part"))


def test_pull_again_asks_for_nothing(server: Server, tmp_path: Path) -> None:
    path = catalogued(tmp_path, server.url)
    path.write_bytes(BYTES)
    assert models(tmp_path, "pull", "w") == 0
    assert server.asked == []


def test_a_later_pull_goes_on_where_the_last_one_stopped(server: Server, tmp_path: Path) -> None:
    server.cuts, server.cut = 99, 0
    path = catalogued(tmp_path, server.url)
    part = path.with_name("w.onnx.part")
    part.write_bytes(BYTES[:1234])
    assert models(tmp_path, "pull", "w") == 2
    assert part.stat().st_size == 1234
    server.cuts = 0
    assert models(tmp_path, "pull", "w") == 0
    assert server.asked[-1] == "bytes=1234-"
    assert path.read_bytes() == BYTES


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, 1
    path = catalogued(tmp_path, server.url)
    assert models(tmp_path, "pull", "w") == 0
    assert path.read_bytes() == BYTES


@pytest.mark.parametrize(
    ("word", "body"), [("one byte differs", b"\xff" + BYTES[1:]), ("too long", BYTES + b"x"), ("another file", b"<html>" * 100_000)]
)  # fmt: skip
def test_wrong_bytes_are_refused_and_removed(
    word: str, body: bytes, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.body = body
    path = catalogued(tmp_path, server.url)
    assert models(tmp_path, "pull", "w") == 2, word
    assert "sha256" in capsys.readouterr().err
    assert [left.name for left in path.parent.iterdir()] == ["added.toml"]


def test_a_damaged_part_does_not_spoil_every_later_pull(server: Server, tmp_path: Path) -> None:
    path = catalogued(tmp_path, server.url)
    path.with_name("w.onnx.part").write_bytes(b"junk")
    assert models(tmp_path, "pull", "w") == 2
    assert models(tmp_path, "pull", "w") == 0
    assert path.read_bytes() == BYTES


def test_what_cannot_be_reached_is_named(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for url in (server.url.replace("/weights.onnx", "/gone"), "http://127.0.0.1:9/w.onnx", "nonsense"):
        catalogued(tmp_path, url)
        assert models(tmp_path, "pull", "w") == 2
        said = capsys.readouterr().err
        assert url in said
        assert "--mirror" in said


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_mirror_folder(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "w.onnx").write_bytes(BYTES)
    path = catalogued(tmp_path / "data", "http://127.0.0.1:9/never-asked")
    if by == "environment":
        monkeypatch.setenv("NIGHTJAR_MIRROR", str(mirror))
    assert models(tmp_path / "data", "pull", "w", *(["--mirror", str(mirror)] if by == "option" else [])) == 0
    assert path.read_bytes() == BYTES


@pytest.mark.parametrize(("word", "body"), [("damaged", b"junk"), ("missing", None)])
def test_a_mirror_folder_is_not_trusted(
    word: str, body: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = catalogued(tmp_path, "http://127.0.0.1:9/never-asked")
    if body is not None:
        (tmp_path / "w.onnx").write_bytes(body)
    assert models(tmp_path, "pull", "w", "--mirror", str(tmp_path)) == 2, word
    assert "w.onnx" in capsys.readouterr().err
    assert not path.exists()
    assert models(tmp_path, "pull", "w", "--mirror", str(tmp_path / "nowhere")) == 2


def test_unknown_and_documented_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("pull", "verify"):
        assert models(tmp_path, verb, "yolo99") == 2
        assert "known: fastestdet_352" in capsys.readouterr().err
    assert models(tmp_path, "pull", "yolox_s") == 2
    assert "models add yolox_s.onnx" in capsys.readouterr().err


def test_list_and_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = catalogued(tmp_path, "http://127.0.0.1:9/w")
    listed = states(tmp_path, capsys, "list")
    assert (listed["yolox_nano_416"], listed["yolox_s"], listed["w"]) == ("absent", "documented", "absent")
    assert states(tmp_path, capsys, "verify") == {}
    path.write_bytes(BYTES)
    assert states(tmp_path, capsys, "verify") == {"w": "present"}
    assert models(tmp_path, "verify", "w") == 0
    path.write_bytes(BYTES[:-1])
    assert states(tmp_path, capsys, "verify") == {"w": "damaged"}
    assert models(tmp_path, "verify") == 1
    assert models(tmp_path, "verify", "yolox_nano_416") == 1  # asked for by name, and not there


def test_added_weights_are_what_auto_uses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = write_weights(tmp_path / "gate.onnx", TINY)
    assert models(tmp_path, "add", str(own), "--family", "yolox") == 0
    assert states(tmp_path, capsys, "verify") == {"gate": "present"}
    folder = tmp_path / "models"
    assert open_detector(DetectorSpec(), models_folder=folder).name == "gate"
    again = write_weights(tmp_path / "gate.onnx", (np.ones((1, 84, 7), np.float32),))
    assert models(tmp_path, "add", str(again), "--family", "yolox", "--labels", "person, forklift") == 0
    (entry,) = read_entries(folder / "added.toml")
    assert entry.labels == ("person", "forklift")


def test_added_weights_take_the_place_of_a_documented_entry(tmp_path: Path) -> None:
    head = np.zeros((1, 84, 85), np.float32)
    assert models(tmp_path, "add", str(write_weights(tmp_path / "yolox_s.onnx", (head,)))) == 0
    entry = load_catalog(tmp_path / "models")["yolox_s"]
    assert (entry.size, entry.sha256 is not None) == ((64, 64), True)


@pytest.mark.parametrize(
    ("word", "arguments", "said"),
    [
        ("layout does not fit", ["--family", "fastestdet"], "fastestdet layout"),
        ("nothing says what it is", [], "detector.family"),
        ("a shipped model's name", ["--family", "yolox", "--name", "yolox_nano_416"], "--name"),
        ("a reserved name", ["--family", "yolox", "--name", "auto"], "'auto'"),
        ("a path as name", ["--family", "yolox", "--name", "../x"], "'../x'"),
        ("labels that do not fit", ["--family", "yolox", "--labels", "person"], "yolox layout"),
    ],
)
def test_what_cannot_be_added(
    word: str, arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = write_weights(tmp_path / "own.onnx", TINY)
    assert models(tmp_path, "add", str(own), *arguments) == 2, word
    assert said in capsys.readouterr().err
    assert not list((tmp_path / "models").glob("*"))


@pytest.mark.parametrize("body", [None, b"not a model"])
def test_no_model_cannot_be_added(body: bytes | None, tmp_path: Path) -> None:
    if body is not None:
        (tmp_path / "own.onnx").write_bytes(body)
    assert models(tmp_path, "add", str(tmp_path / "own.onnx"), "--family", "yolox") == 2


def test_export_without_the_package_names_the_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    (tmp_path / "own.pt").write_bytes(b"x")
    assert models(tmp_path, "export", str(tmp_path / "own.pt")) == 2
    assert "nightjar[ultralytics]" in capsys.readouterr().err
    assert models(tmp_path, "export", str(tmp_path / "none.pt")) == 2
    assert models(tmp_path, "export", str(tmp_path / "own.pt"), "--imgsz", "100") == 2


class Exporter:
    """What the package's `YOLO` is to us: writes an ONNX file, with its metadata, beside the weights."""

    task = "detect"

    def __init__(self, weights: str) -> None:
        self.weights = Path(weights)

    def export(self, *, format: str, imgsz: int, dynamic: bool) -> str:  # noqa: A002
        assert (format, dynamic) == ("onnx", False)
        said = {
            "task": "detect",
            "names": "{0: 'person', 1: 'dog'}",
            "imgsz": f"[{imgsz}, {imgsz}]",
            "license": "AGPL-3.0",
        }
        head = np.zeros((1, 6, 84), np.float32)
        path = self.weights.with_suffix(".onnx")
        path.write_bytes(onnx_bytes([head], shape=(1, 3, imgsz, imgsz), metadata=said))
        return str(path)


def test_export_catalogues_what_the_package_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("ultralytics")
    package.YOLO = Exporter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ultralytics", package)
    monkeypatch.setenv("YOLO_AUTOINSTALL", "false")
    (tmp_path / "own.pt").write_bytes(b"x")
    assert models(tmp_path, "export", str(tmp_path / "own.pt"), "--imgsz", "64") == 0
    entry = load_catalog(tmp_path / "models")["own"]
    assert (entry.family, entry.labels, entry.size) == ("yolo", ("person", "dog"), (64, 64))
    assert entry.licence == "AGPL-3.0"
    assert not (tmp_path / "own.onnx").exists()

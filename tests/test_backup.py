"""A data folder goes into one file and comes back as it was."""

from __future__ import annotations

import io
import json
import stat
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.alerts.message import system_message
from pipeline.backup import MANIFEST, back_up, restore
from pipeline.cli import main
from pipeline.clock import SystemClock
from pipeline.errors import BadInput
from pipeline.folders import DataFolder
from pipeline.store.queries import AlertFilter
from pipeline.store.store import Store


def fault(store: Store, camera: str) -> None:
    now = store.clock.utc()
    store.ingest(
        [system_message(camera_id=camera, code="frozen", change="start", since_utc=now, utc=now, raised_utc=now)]
    )


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    data = DataFolder(tmp_path / "data").create()
    store = Store(data.store, clock=SystemClock())
    fault(store, "dock")
    store.close()
    (data.keys / "signing.pem").write_bytes(b"a key")
    (data.evidence / "a.jpg").write_bytes(b"a picture")
    (data.tracks() / "dock").mkdir()
    (data.tracks() / "dock" / "000001-2026-11-22.tracks").write_bytes(b"\x00" * 100)
    (data.tracks() / "dock" / "x.part").write_bytes(b"half")
    return data


def alerts(data: DataFolder, *, camera: str | None = None) -> list[str]:
    store = Store(data.store, clock=SystemClock())
    wanted = AlertFilter() if camera is None else AlertFilter(cameras=(camera,))
    try:
        return sorted(row["camera_id"] for row in store.alerts(wanted, limit=50).items)
    finally:
        store.close()


@pytest.mark.parametrize("evidence", [False, True])
def test_there_and_back(data: DataFolder, tmp_path: Path, evidence: bool) -> None:
    out = tmp_path / "b.tar"
    back_up(data, out, evidence=evidence)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    other = DataFolder(tmp_path / "other")
    restore(out, other)
    assert alerts(other) == ["dock"]
    assert (other.keys / "signing.pem").read_bytes() == b"a key"
    assert (other.evidence / "a.jpg").exists() == evidence
    assert not (other.tracks() / "dock" / "x.part").exists()
    assert not out.with_name("b.tar.part").exists()


def test_while_the_owner_goes_on_writing(data: DataFolder, tmp_path: Path) -> None:
    store = Store(data.store, clock=SystemClock())
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            fault(store, f"cam-{number}")
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            back_up(data, tmp_path / f"{number}.tar", evidence=False)
    finally:
        stop.set()
        writer.join()
        store.close()
    restore(tmp_path / "2.tar", DataFolder(tmp_path / "other"))
    assert alerts(DataFolder(tmp_path / "other"), camera="dock") == ["dock"]


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            made = change(member.name, content.read())
            if made is not None:
                head = tarfile.TarInfo(made[0])
                head.size = len(made[1])
                new.addfile(head, io.BytesIO(made[1]))
    return target


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n, c: (n, c + b"!") if n.startswith("keys") else (n, c), "keys/signing.pem is missing or was changed"),
        (lambda n, c: None if n.startswith("keys") else (n, c), "keys/signing.pem is missing or was changed"),
        (lambda n, c: None if n == MANIFEST else (n, c), "it has no manifest.json"),
        (lambda n, c: ("../evil", c) if n.startswith("keys") else (n, c), "names inside the data folder"),
        (lambda n, c: (n, b"{}") if n == MANIFEST else (n, c), "cannot be read"),
        (lambda n, c: (n, json.dumps({**json.loads(c), "format": 9}).encode()) if n == MANIFEST else (n, c), "newer"),
    ],
    ids=["touched", "missing", "no manifest", "outside", "empty manifest", "newer format"],
)
def test_what_is_not_whole_is_refused_and_leaves_nothing(
    data: DataFolder, tmp_path: Path, change: Callable[[str, bytes], tuple[str, bytes] | None], said: str
) -> None:
    back_up(data, tmp_path / "b.tar", evidence=False)
    bad = rewritten(tmp_path / "b.tar", tmp_path / "bad.tar", change)
    with pytest.raises(BadInput, match=said):
        restore(bad, DataFolder(tmp_path / "other"))
    assert not (tmp_path / "other").exists()
    assert not (tmp_path / "evil").exists()
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_cut_off_file_is_refused(data: DataFolder, tmp_path: Path) -> None:
    back_up(data, tmp_path / "b.tar", evidence=False)
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="not a whole backup"):
        restore(tmp_path / "b.tar", DataFolder(tmp_path / "other"))


def test_nothing_is_overwritten(data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "b.tar")
    assert main(["backup", "--data", str(data.root), "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] >= 3
    assert main(["backup", "--data", str(data.root), "--out", out]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["restore", out, "--data", str(data.root)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert main(["restore", out, "--data", str(tmp_path / "new")]) == 0
    assert main(["backup", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "c.tar")]) == 2
    assert "no data folder" in capsys.readouterr().err

"""What is handed over can be checked by anybody with the public key, and says exactly which file was touched."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli import main
from pipeline.errors import BadInput
from pipeline.evidence.archive import Member, write_archive
from pipeline.evidence.export import export
from pipeline.evidence.keys import PRIVATE, SigningKey, read_public, signing_key
from pipeline.evidence.verify import verify

CONTENT = {
    "snapshot.jpg": b"\xff\xd8 a picture \xff\xd9",
    "clip.mp4": bytes(range(256)) * 40,
    "record.json": b'{"why":{"dwell_s":121.0},"tracks":[]}',
}
ALERT = {"alert_id": "a1", "camera_id": "dock", "why": {"dwell_s": 121.0}, "sentence": "Somebody stayed — 2 min"}


def rows(folder: Path, content: dict[str, bytes] = CONTENT) -> list[dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return [
        {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "kind": name.partition(".")[0],
         "media_type": "image/jpeg", "stored_utc": 1000.0}
        for name, data in content.items()
    ]  # fmt: skip


def made(tmp_path: Path, *, key: SigningKey | None = None, content: dict[str, bytes] = CONTENT) -> Path:
    out = tmp_path / "a1.zip"
    export(
        out, alert=ALERT, files=rows(tmp_path / "evidence", content), custody=[{"actor": "ann", "action": "resolved"}],
        folder=tmp_path / "evidence", key=key or signing_key(tmp_path / "keys"), actor="ann", utc=1_780_000_000.0,
    )  # fmt: skip
    return out


def repacked(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The same archive, in its own form, with its files changed."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with path.open("w+b") as out:
        write_archive(out, [Member(name, data) for name, data in content.items()])
    return path


def test_whole_with_its_reason_and_custody(tmp_path: Path) -> None:
    path = made(tmp_path)
    report = verify(path, key=signing_key(tmp_path / "keys").public)
    assert report.ok
    assert set(report.files.values()) == {"whole"}
    assert report.key_given
    assert report.exported_by == "ann"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in CONTENT} == CONTENT
        story = json.loads(archive.read("alert.json"))
    assert story["alert"] == ALERT
    assert story["custody"][0]["actor"] == "ann"


@pytest.mark.parametrize("name", [*CONTENT, "alert.json", "READ_ME.txt"])
def test_a_file_that_was_touched_is_named_and_no_other(tmp_path: Path, name: str) -> None:
    def touch(content: dict[str, bytes]) -> None:
        content[name] = content[name][:-1] + bytes([content[name][-1] ^ 1])

    report = verify(repacked(made(tmp_path), touch), key=signing_key(tmp_path / "keys").public)
    assert [n for n, verdict in report.files.items() if verdict != "whole"] == [name]
    assert len(report.faults) == 1
    assert report.faults[0].startswith(f"{name}:")


@pytest.mark.parametrize(
    ("word", "change", "name", "verdict"),
    [
        ("a file taken out", lambda c: c.pop("clip.mp4"), "clip.mp4", "missing"),
        ("a file put in", lambda c: c.update({"more.txt": b"x"}), "more.txt", "added"),
        ("the manifest rewritten", lambda c: c.update({"manifest.json": c["manifest.json"].replace(b"ann", b"bob")}),
         "manifest.json", "altered"),
        ("no manifest", lambda c: c.pop("manifest.json"), "manifest.json", "missing"),
        ("no signature", lambda c: c.pop("manifest.sig"), "manifest.sig", "missing"),
        ("a short signature", lambda c: c.update({"manifest.sig": b"AAAA\n"}), "manifest.sig", "altered"),
        ("words for a signature", lambda c: c.update({"manifest.sig": b"no base64!"}), "manifest.sig", "altered"),
        ("no key", lambda c: c.pop("public_key.pem"), "public_key.pem", "missing"),
        ("a key that is none", lambda c: c.update({"public_key.pem": b"-----BEGIN"}), "public_key.pem", "altered"),
        ("a file and its digest", lambda c: c.update(
            {"record.json": b"{}", "manifest.json": c["manifest.json"].replace(
                hashlib.sha256(CONTENT["record.json"]).hexdigest().encode(), hashlib.sha256(b"{}").hexdigest().encode())}),
         "manifest.json", "altered"),
    ],
)  # fmt: skip
def test_tampering(tmp_path: Path, word: str, change: Callable[..., None], name: str, verdict: str) -> None:
    report = verify(repacked(made(tmp_path), change))
    assert not report.ok, word
    assert report.files[name] == verdict, word


def test_a_forger_with_a_key_of_his_own_is_found_by_the_sites_key_only(tmp_path: Path) -> None:
    forged = made(tmp_path, key=signing_key(tmp_path / "forger"))
    assert verify(forged).ok
    report = verify(forged, key=signing_key(tmp_path / "keys").public)
    assert report.files["public_key.pem"] == "altered"
    assert report.files["manifest.json"] == "altered"


@settings(max_examples=150, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_no_byte_of_the_file_can_be_changed_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, at: float, flip: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flips"
    folder.mkdir(exist_ok=True)
    if not (folder / "a1.zip").exists():
        made(folder)
    data = bytearray((folder / "a1.zip").read_bytes())
    data[int(at * len(data))] ^= flip
    touched = folder / "touched.zip"
    touched.write_bytes(data)
    try:
        report = verify(touched)
    except BadInput:
        assert int(at * len(data)) < 4
        return
    assert report.faults


@pytest.mark.parametrize("cut", [1, 22, 500, 9000])
def test_a_file_cut_off_is_no_whole_one(tmp_path: Path, cut: int) -> None:
    path = made(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert not verify(path).ok


def test_bytes_behind_it_show(tmp_path: Path) -> None:
    path = made(tmp_path)
    path.write_bytes(path.read_bytes() + b"more")
    assert not verify(path).ok


@pytest.mark.parametrize(("word", "state"), [("altered on the disk", "altered"), ("gone from the disk", "missing")])
def test_what_was_wrong_before_the_export_is_said(tmp_path: Path, word: str, state: str) -> None:
    files = rows(tmp_path / "evidence")
    clip = tmp_path / "evidence" / "clip.mp4"
    clip.write_bytes(b"other") if state == "altered" else clip.unlink()
    out = tmp_path / "a.zip"
    done = export(
        out, alert=ALERT, files=files, custody=[], folder=tmp_path / "evidence", key=signing_key(tmp_path / "keys"),
        actor="ann", utc=0.0,
    )  # fmt: skip
    assert not done.whole
    report = verify(out)
    assert report.files["clip.mp4"] == state, word
    assert "already" in report.faults[0]


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = signing_key(tmp_path / "keys")
    again = signing_key(tmp_path / "keys")
    assert first.public.fingerprint == again.public.fingerprint
    assert stat.S_IMODE((tmp_path / "keys" / PRIVATE).stat().st_mode) == 0o600
    assert read_public(tmp_path / "keys" / "evidence.pub").pem == first.public.pem
    (tmp_path / "keys" / PRIVATE).chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        signing_key(tmp_path / "keys")


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_damaged_is_refused_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys" / PRIVATE
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="backup"):
        signing_key(tmp_path / "keys")
    assert path.read_bytes() == content


def test_openssl_checks_the_signature_too(tmp_path: Path, tool: Callable[[str], str]) -> None:
    with zipfile.ZipFile(made(tmp_path)) as archive:
        archive.extractall(tmp_path / "x")
    sig = subprocess.run(["base64", "-d", tmp_path / "x/manifest.sig"], capture_output=True, check=True).stdout
    (tmp_path / "sig").write_bytes(sig)
    command = [tool("openssl"), "pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "keys/evidence.pub", "-rawin"]
    command += ["-in", tmp_path / "x/manifest.json", "-sigfile", tmp_path / "sig"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("word", "content", "code"),
    [
        ("no file", None, 2),
        ("empty", b"", 2),
        ("a picture", b"\xff\xd8\xff\xe0", 2),
        ("begins like one", b"PK\3\4 and then nothing", 1),
    ],
)
def test_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, content: bytes | None, code: int
) -> None:
    path = tmp_path / "given.zip"
    if content is not None:
        path.write_bytes(content)
    assert main(["evidence", "verify", str(path)]) == code, word
    assert "given.zip" in capsys.readouterr().err or code == 1


def test_another_zip_is_no_export(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(BadInput, match="not an export"):
        verify(tmp_path / "x.zip")


def test_verify_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(tmp_path)
    key = str(tmp_path / "keys" / "evidence.pub")
    assert main(["evidence", "verify", str(path), "--key", key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["ok"]
    repacked(path, lambda c: c.update({"clip.mp4": b"other"}))
    assert main(["evidence", "verify", str(path), "--key", key]) == 1
    said = capsys.readouterr()
    assert "altered    clip.mp4" in said.out
    assert "clip.mp4: not what was signed" in said.err
    assert main(["evidence", "verify", str(path), "--key", str(path)]) == 2

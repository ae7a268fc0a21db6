"""An alert's evidence over the API: signed, on record, and of nobody else's files."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline import inbox
from pipeline.alerts.message import Message, evidence_message
from pipeline.evidence.keys import read_public
from pipeline.evidence.verify import verify
from pipeline.store.schema import audit
from pipeline.types import Evidence


def keep(api: Any, alert_id: str, name: str, data: bytes) -> Evidence:
    path = api.folder / "evidence" / alert_id[:2] / alert_id / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Evidence(
        kind="clip", path=f"{alert_id[:2]}/{alert_id}/{name}", sha256=hashlib.sha256(data).hexdigest(),
        media_type="video/mp4",
    )  # fmt: skip


def test_an_export_is_whole_and_on_record(api: Any, message: Callable[..., Message], tmp_path: Path) -> None:
    clip = keep(api, "k1", "clip.mp4", b"frames")
    api.store.ingest([message("k1"), evidence_message(alert_id="k1", camera_id="dock", evidence=clip, raised_utc=1.0)])
    got = api.client.get("/api/v1/alerts/k1/export")
    assert got.status_code == 200
    assert got.headers["content-type"] == "application/zip"
    path = tmp_path / "got.zip"
    path.write_bytes(got.content)
    key = tmp_path / "site.pem"
    key.write_text(api.client.get("/api/v1/evidence-key").text)
    report = verify(path, key=read_public(key))
    assert report.ok, report.faults
    assert report.files["clip.mp4"] == "whole"
    with api.store.changing() as connection:
        row = connection.execute(sa.select(audit).where(audit.c.action == "export")).one()
    assert row.target == "alert/k1"
    assert json.loads(row.detail)["sha256"] == hashlib.sha256(got.content).hexdigest()
    until = time.monotonic() + 30.0
    while list(tmp_path.glob("export-*")):  # removed after the answer has gone out
        assert time.monotonic() < until, "the export's own copy stays"
        time.sleep(0.02)


def test_no_such_alert(api: Any) -> None:
    assert api.client.get("/api/v1/alerts/none/export").status_code == 404


def nightjar(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "import sys; from pipeline.cli import main; sys.exit(main())", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_by_command_beside_a_running_service(api: Any, message: Callable[..., Message], tmp_path: Path) -> None:
    clip = keep(api, "k1", "clip.mp4", b"frames")
    api.store.ingest([message("k1"), evidence_message(alert_id="k1", camera_id="dock", evidence=clip, raised_utc=1.0)])
    out = tmp_path / "out.zip"
    process = nightjar("evidence", "export", "k1", "--out", str(out), "--data", str(tmp_path), "--json")
    asked: list[inbox.Request] = []
    while not asked and process.poll() is None:
        asked = inbox.requests(tmp_path / "inbox")
        time.sleep(0.05)
    inbox.reply(asked[0], {"ok": True})
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(said.splitlines()[-1])["files"] == {"clip.mp4": "whole"}
    assert verify(out).ok
    assert (asked[0].do, asked[0].what["target"]) == ("audit", "alert/k1")


def test_an_alert_that_is_not_there_is_bad_input(api: Any, tmp_path: Path) -> None:
    process = nightjar("evidence", "export", "nobody", "--out", str(tmp_path / "x.zip"), "--data", str(tmp_path))
    assert "no alert 'nobody'" in process.communicate(timeout=30)[1]
    assert process.returncode == 2

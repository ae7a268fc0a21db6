"""The main stream's password is shown to nobody either, and saving what was shown loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import FakeClock
from pipeline.editing.desk import SiteDesk
from pipeline.editing.setup import Setup
from pipeline.editing.versions import Versions
from pipeline.folders import DataFolder

SITE = """
site: {name: Yard, timezone: UTC}
cameras:
  dock:
    source: rtsp://ops:S3cret@10.0.0.9/sub
    evidence_source: rtsp://ops:S3cret@10.0.0.9/main
"""


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    desk = SiteDesk(path, name=str(path), versions=Versions(tmp_path / "versions"), clock=FakeClock(),
                    apply=lambda *_: None)  # fmt: skip
    return Setup(desk, data=DataFolder(tmp_path / "data").create(), clock=FakeClock())


def test_shown_without_its_password_and_kept_when_saved_as_shown(setup: Setup, tmp_path: Path) -> None:
    shown: dict[str, Any] = setup.document()["cameras"]["dock"]
    assert "S3cret" not in str(shown)
    assert shown["evidence_source"] == "rtsp://***@10.0.0.9/main"
    seen = setup.desk.version.digest
    setup.put_camera("dock", {**shown, "analyze_fps": 4}, seen=seen, actor="ann", note="")
    text = (tmp_path / "site.yaml").read_text()
    assert text.count("ops:S3cret@10.0.0.9") == 2
    assert "***" not in text

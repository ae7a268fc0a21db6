"""A checkpoint is read back whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.checkpoint import Checkpoint, load, save

FULL = Checkpoint(
    source="abc", run_id=3, pts=12.25, utc=1000.5, tracker={"next_id": 4}, engine={"rules": {}}, policy={"v": 1},
    clips=[{"alert_id": "a"}], detector=b"\x00\xff\x10",
)  # fmt: skip


@pytest.mark.parametrize("value", [FULL, Checkpoint(source="s", run_id=1, pts=0.0, utc=0.0)], ids=["full", "least"])
def test_read_back(tmp_path: Path, value: Checkpoint) -> None:
    save(tmp_path / "c.json", value)
    assert load(tmp_path / "c.json") == value


def test_absent(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    ("word", "text"),
    [("empty", ""), ("torn", '{"source": "a", "run'), ("other", '{"v": 99}'), ("list", "[]"), ("short", '{"v": 1}')],
)
def test_unusable_is_ignored_and_said(tmp_path: Path, word: str, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "c.json").write_text(text)
    assert load(tmp_path / "c.json") is None
    assert "c.json" in caplog.text


def test_half_written_replacement_leaves_the_old_one(tmp_path: Path) -> None:
    save(tmp_path / "c.json", FULL)
    (tmp_path / "c.new").write_text("{half")
    assert load(tmp_path / "c.json") == FULL

"""The synthetic day laid out as track logs: whole, in order, and ordinary to the sample site's rules."""

from __future__ import annotations

import gzip
import json
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli import main
from pipeline.folders import DataFolder
from pipeline.track.log import TrackLog
from sample_videos.renderer.daylog import QUIET_S, frames_of_day, lay_day
from sample_videos.renderer.depot import CAMERAS

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
every_view = pytest.mark.parametrize("view", list(CAMERAS))


@every_view
def test_every_walk_is_there_on_its_own_feet(view: str) -> None:
    with gzip.open(SAMPLES / "tracks" / f"{view}.jsonl.gz", "rt") as lines:
        first = [json.loads(line) for line in islice(lines, 5)]
    last = max(walk["t"][-1] for walk in first)
    frames = [tracks for tracks in frames_of_day(SAMPLES, view) if tracks.pts <= last + 1]
    for walk in first:
        feet = [tracks.foot[tracks.track_id == walk["id"]] for tracks in frames]
        seen = np.concatenate(feet)
        assert abs(len(seen) - len(walk["xy"])) <= 2
        assert np.abs(seen[0] - walk["xy"][0]).max() < 0.02


def test_frames_are_in_order_in_the_picture_and_never_far_apart() -> None:
    frames = list(frames_of_day(SAMPLES, "yard"))
    assert all(0 < b.utc - a.utc <= QUIET_S + 0.5 for a, b in pairwise(frames))
    assert any(len(tracks) > 1 for tracks in frames)
    assert not len(frames[-1])
    boxes = np.concatenate([tracks.xyxy for tracks in frames])
    assert ((boxes >= 0) & (boxes <= 1)).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_a_log_that_is_there_is_left_alone(tmp_path: Path) -> None:
    count = lay_day(tmp_path, SAMPLES, "yard")
    assert count == len(list(TrackLog(tmp_path, "yard").read(0, 4e9))) > 10_000
    assert lay_day(tmp_path, SAMPLES, "yard") == 0


@pytest.mark.parametrize("camera", ["corridor", "dock"])
def test_an_ordinary_day_raises_nothing(camera: str, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    lay_day(tmp_path, SAMPLES, camera)
    asked = ["--camera", camera, "--tracks", str(tmp_path), "--out", str(out)]
    assert main(["replay", str(SAMPLES / "site.yaml"), *asked]) == 0
    assert out.read_text() == ""


def test_the_command_lays_every_view_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for laid in (True, False):
        assert main(["samples", "days", "--data", str(tmp_path), "--json"]) == 0
        rows = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert {row["camera"]: row["laid"] for row in rows} == dict.fromkeys(CAMERAS, laid)
    assert TrackLog(DataFolder(tmp_path).tracks(), "fence").folder.is_dir()

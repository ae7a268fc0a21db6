"""What the eye test of a camera says of every clip, with its usual limits: the acted faults, each once, and no other."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.site import load_site
from pipeline.video.health import CameraHealth, Finding, HealthParams
from pipeline.video.pacing import Sampler
from pipeline.video.source import open_source

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
CLIPS = {entry["name"]: entry for entry in tomllib.loads((SAMPLES / "manifest.toml").read_text())["clip"]}
SITE = load_site(SAMPLES / "site.yaml")
every_clip = pytest.mark.parametrize("name", list(CLIPS))


def told(name: str) -> list[Finding]:
    """Everything found on the frames that a worker would analyse."""
    camera = SITE.cameras[CLIPS[name]["camera"]]
    sampler, health = Sampler(camera.analyze_fps), CameraHealth(HealthParams(covered_s=camera.covered_s))
    found: list[Finding] = []
    with open_source(name, str(SAMPLES / f"{name}.mp4"), clock=SystemClock(), start_utc=0.0) as source:
        for frame in source.frames():
            if sampler.take(frame.pts):
                found += health.update(frame.luma(), frame.pts)
    return found


def test_the_sample_cameras_keep_the_usual_limits() -> None:
    assert {camera.covered_s for camera in SITE.cameras.values()} == {HealthParams().covered_s}
    assert not any(camera.moves for camera in SITE.cameras.values())


def test_one_clip_acts_every_fault_of_a_camera() -> None:
    kinds = [fault["kind"] for name in CLIPS for fault in truth(name)]
    assert sorted(kinds) == ["covered", "frozen", "moved"]


@every_clip
def test_each_acted_fault_is_told_once_from_when_until_when(name: str) -> None:
    found, expected = told(name), truth(name)
    starts, ends = ([one for one in found if one.state == state] for state in ("start", "end"))
    assert [one.kind for one in starts] == [one.kind for one in ends] == [fault["kind"] for fault in expected]
    for fault, start, end in zip(expected, starts, ends, strict=True):
        assert start.since_pts == pytest.approx(fault["since_s"], abs=fault["tolerance_s"])
        assert end.pts == pytest.approx(fault["until_s"], abs=fault["tolerance_s"])
        assert fault["since_s"] < start.pts < fault["until_s"]


def truth(name: str) -> list[dict[str, object]]:
    return list(json.loads((SAMPLES / f"{name}.truth.json").read_text())["expected_system"])

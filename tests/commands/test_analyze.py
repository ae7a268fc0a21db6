"""`nightjar analyze` on footage: the files it writes, replay of them, and real people with real weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.folders import shipped

SITE = """
site: {{name: Test, timezone: Europe/Brussels}}
detector: {{model: {model}, score: 0.3}}
cameras:
  table:
    source: unused.mp4
    analyze_fps: 10
    zones: {{table: {{polygon: [[0.47, 0.72], [0.7, 0.72], [0.7, 1.0], [0.47, 1.0]]}}}}
    rules: [{{id: stay, kind: loitering, zone: table, dwell_s: 8, grace_s: 1}}]
"""
PERSON_SITE = """
site: {{name: Test, timezone: UTC}}
detector: {{model: {model}, score: 0.3}}
cameras:
  road:
    source: unused.mp4
    zones: {{all: {{polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]}}}}
    rules: [{{id: anyone, kind: after_hours, zone: all, always: true, min_presence_s: 0.5}}]
"""


def analyze(video: Path, site: Path, camera: str, out: Path) -> list[dict[str, Any]]:
    assert main(["analyze", str(video), "--site", str(site), "--camera", camera, "--out", str(out)]) == 0
    return [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]


def written(path: Path, text: str, model: Path | str) -> Path:
    path.write_text(text.format(model=model))
    return path


@pytest.mark.assets
@pytest.mark.slow
@pytest.mark.parametrize(("model", "tolerance_s"), [("yolox_nano_416.onnx", 0.5), ("motion", 1.5)])
def test_six_people_at_the_table_are_alerted_once_each(
    tmp_path: Path, assets: Path, model: str, tolerance_s: float
) -> None:
    weights = model if model == "motion" else str(assets / "models" / model)
    site = written(tmp_path / "site.yaml", SITE, weights)
    events = analyze(assets / "videos/one-by-one-person-detection.mp4", site, "table", tmp_path / "out")
    truth = json.loads((assets / "videos/one-by-one.events.json").read_text())
    expected = [person["yolox_nano"]["foot_in_table_zone"][0] + 8 for person in truth["persons"]]
    starts = [event["pts"] for event in events if event["state"] == "start"]
    assert len(starts) == len(expected) == 6
    assert max(abs(seen - true) for seen, true in zip(starts, expected, strict=True)) <= tolerance_s


@pytest.mark.assets
@pytest.mark.slow
def test_nobody_is_found_among_cars(tmp_path: Path, assets: Path) -> None:
    site = written(tmp_path / "site.yaml", PERSON_SITE, assets / "models/yolox_nano_416.onnx")
    assert analyze(assets / "videos/car-detection.mp4", site, "road", tmp_path / "out") == []


@pytest.mark.slow
def test_replay_of_the_tracks_gives_the_events_of_the_run_twice(tmp_path: Path) -> None:
    samples = shipped("sample_videos")
    truths = [json.loads(path.read_text()) for path in sorted(samples.glob("*.truth.json"))]
    assert truths
    for truth in truths:
        out = tmp_path / truth["camera_id"]
        camera, site = truth["camera_id"], str(samples / "site.yaml")
        assert (
            main(["analyze", str(samples / truth["clip"]), "--site", site, "--camera", camera, "--out", str(out)]) == 0
        )
        size = "x".join(map(str, truth["size"]))
        for name in ("first", "second"):
            args = ["replay", site, "--camera", camera, "--tracks", str(out / "tracks.txt"), "--fps", str(truth["fps"])]
            assert main([*args, "--size", size, "--out", str(out / f"{name}.jsonl")]) == 0
        live = (out / "events.jsonl").read_bytes()
        assert (out / "first.jsonl").read_bytes() == (out / "second.jsonl").read_bytes() == live


@pytest.mark.parametrize(
    ("word", "change", "said"),
    [
        ("no video", {"video": "none.mp4"}, "none.mp4"),
        ("no video in it", {"video": "site.yaml"}, "site.yaml"),
        ("no such camera", {"camera": "door"}, "the site has table"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, word: str, change: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site = written(tmp_path / "site.yaml", SITE, "motion")
    clip = next(iter(sorted(shipped("sample_videos").glob("*.mp4"))))
    video = tmp_path / change["video"] if "video" in change else clip
    out = tmp_path / "out"
    args = ["analyze", str(video), "--site", str(site), "--camera", change.get("camera", "table"), "--out", str(out)]
    assert main(args) == 2
    assert said in capsys.readouterr().err

"""`nightjar bench`: that it measures real footage, sums by hand-worked rules, and refuses what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.commands import bench


def measured(*arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["bench", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_sample_clip_is_measured_in_company(capsys: pytest.CaptureFixture[str]) -> None:
    """Four seconds of 12.5 fps, both ends taken, are 51 frames, 21 of them analysed."""
    result = measured("--seconds", "4", "--processes", "2", "--model", "motion", capsys=capsys)
    assert (result["frames"], result["analysed"], result["processes"]) == (51, 21, 2)
    assert (result["detector"], result["size"], result["fps"]) == ("motion", [640, 360], 12.5)
    assert result["decode_ms"] > 0
    assert result["quiet_ms"] is not None or result["busy_ms"] is not None
    assert {kind for kind in ("busy", "quiet") if result["cameras"][kind] is None} == {
        kind for kind in ("busy", "quiet") if result[f"{kind}_ms"] is None
    }


def test_the_rate_is_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--seconds", "3.99", "--processes", "1", "--model", "motion", "--fps", "2")
    result = measured(*arguments, capsys=capsys)
    assert (result["frames"], result["analysed"]) == (50, 8)


@pytest.mark.assets
def test_own_footage_and_weights(assets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody is in sight from the seventh second on, and the model is found by its path."""
    video, weights = assets / "videos/one-by-one-person-detection.mp4", assets / "models/yolox_nano_416.onnx"
    result = measured(str(video), "--model", str(weights), "--seconds", "10", "--processes", "1", capsys=capsys)
    assert result["detector"] == "yolox_nano_416"
    assert result["people_in_busy"] == pytest.approx(1.0, abs=0.2)
    assert 10 <= result["busy_frames"] <= 25
    assert result["cameras"]["busy"] >= 1


def costs(**changed: Any) -> dict[str, Any]:
    kept = {
        "detector": "motion", "size": [640, 360], "fps": 25.0, "frames": 100, "analysed": 20, "busy_frames": 10,
        "people_in_busy": 2.0, "decode_ms": 1.0, "busy_ms": {"detect": 10.0, "track": 1.0, "rules": 1.0},
        "quiet_ms": {"detect": 3.0, "track": 1.0, "rules": 1.0}, "memory_mib": 0.001,
    }  # fmt: skip
    return {**kept, **changed}


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.os, "sched_getaffinity", lambda _: {0, 1, 2, 3})


def test_cameras_by_hand(four_cores: None) -> None:
    """25 decoded frames at 1 ms and 5 analysed ones at 12 or 5 ms: 85 or 50 ms a second, of 3.2 free cores."""
    result = bench.summed([costs()], video="a.mp4", analyze_fps=5.0)
    assert result["cpu_ms_per_camera_s"] == {"busy": 85.0, "quiet": 50.0}
    assert result["cameras"] == {"busy": 37, "quiet": 64}


def test_processes_are_averaged(four_cores: None) -> None:
    slower = costs(decode_ms=3.0, quiet_ms=None)
    result = bench.summed([costs(), slower], video="a.mp4", analyze_fps=5.0)
    assert result["decode_ms"] == 2.0
    assert result["cpu_ms_per_camera_s"] == {"busy": 110.0, "quiet": 75.0}


def test_memory_bounds_the_cameras(four_cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_memory_mib", lambda: 1000.0)
    assert bench.summed([costs(memory_mib=100.0)], video="a", analyze_fps=5.0)["cameras"] == {"busy": 8, "quiet": 8}


def test_text_for_people(four_cores: None) -> None:
    text = bench.as_text(bench.summed([costs()], video="a.mp4", analyze_fps=5.0))
    assert "carries about 37 busy or 64 quiet cameras like this one at 5 frames a second" in text
    assert "10.00 ms on a busy frame" in text
    assert "3.00 ms on a quiet frame" in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"busy_ms": None}, "about 64 quiet cameras"),
        ({"quiet_ms": None}, "about 37 busy cameras"),
        ({"busy_ms": None, "quiet_ms": None}, "Too little footage"),
    ],
    ids=["nobody came", "always somebody", "a few frames"],
)
def test_what_was_not_seen_is_not_told(four_cores: None, changed: dict[str, Any], said: str) -> None:
    assert said in bench.as_text(bench.summed([costs(**changed)], video="a.mp4", analyze_fps=5.0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent.mp4"], "absent.mp4"),
        (["--fps", "0"], "--fps"),
        (["--seconds", "-1"], "--seconds"),
        (["--processes", "0"], "--processes"),
        (["--model", "no-such-model", "--processes", "1"], "no-such-model"),
    ],
    ids=["no such file", "fps", "seconds", "processes", "model"],
)
def test_bad_input_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_video_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    assert main(["bench", str(path), "--processes", "1"]) == 2
    assert str(path) in capsys.readouterr().err

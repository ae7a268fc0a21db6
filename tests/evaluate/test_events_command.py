"""`nightjar score events` on files: joining by camera and time, both forms of truth, and what is refused."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadInput
from pipeline.evaluate import events
from pipeline.folders import shipped

CLIP = {"clip": "a", "camera_id": "c", "duration_s": 60, "start": "2026-11-22T10:00:00Z"}


def event(utc: str, **changed: Any) -> dict[str, Any]:
    kept = {"kind": "loitering", "state": "start", "rule_id": "r", "camera_id": "c", "zone_id": "z", "utc": utc}
    return {**kept, **changed}


def lines(path: Path, *values: Any) -> Path:
    path.write_text("".join(f"{value if isinstance(value, str) else json.dumps(value)}\n" for value in values))
    return path


def score(truth: list[Path], found: list[Path], capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    events.add_to(parser.add_subparsers())
    names = [[str(path) for path in paths] for paths in (truth, found)]
    args = parser.parse_args(["events", "--truth", *names[0], "--events", *names[1], "--json", *more])
    assert args.run(args) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_json_lines_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = lines(tmp_path / "t", CLIP, {"t_s": 12.5, "rule_id": "r", "until_s": 40}, {"t_s": 50, "kind": "loitering"})
    found = lines(
        tmp_path / "e", event("2026-11-22T10:00:13.000Z"), event("2026-11-22T10:00:13.000Z", state="end"),
        event("2026-11-22T10:00:20.000Z"), event("2026-11-22T10:00:51.000Z", rule_id="else"),
    )  # fmt: skip
    figures = score([truth], [found], capsys)
    assert (figures["true"], figures["missed"], figures["repeats"], figures["false"]) == (2, 0, 1, 0)
    assert figures["by_clip"]["a"]["delays_s"] == [0.5, 1.0]
    assert [line.split(":")[0] for line in figures["amiss"]] == ["repeat"]


def test_clips_are_joined_by_camera_and_time_in_any_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = {**CLIP, "clip": "b", "start": "2026-11-22T10:01:00Z"}
    other = {**CLIP, "clip": "other", "camera_id": "d"}
    truth = [lines(tmp_path / "t1", later, {"t_s": 5}, other, {"t_s": 5}), lines(tmp_path / "t2", CLIP, {"t_s": 5})]
    found = [
        lines(tmp_path / "e1", event("2026-11-22T10:01:06Z"), event("2026-11-22T10:00:07Z")),
        lines(tmp_path / "e2", event("2026-11-22T10:00:08Z", camera_id="d")),
        lines(tmp_path / "e3"),
    ]
    by_clip = score(truth, found, capsys)["by_clip"]
    assert {name: one["delays_s"] for name, one in by_clip.items()} == {"a": [2.0], "b": [1.0], "other": [3.0]}


def test_without_a_start_it_is_1970_as_analyze_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_less = {key: value for key, value in CLIP.items() if key != "start"}
    truth = lines(tmp_path / "t", start_less, {"t_s": 5})
    found = lines(tmp_path / "e", event("1970-01-01T00:00:06.000Z"))
    assert score([truth], [found], capsys)["true"] == 1


def test_a_clip_with_nothing_due_counts_as_footage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = score([lines(tmp_path / "t", CLIP)], [lines(tmp_path / "e")], capsys)
    assert figures["watched_s"] == 60
    assert figures["false_per_camera_day"] == 0.0
    assert figures["false_per_camera_day_high"] == pytest.approx(3.6889 * 1440, rel=1e-3)


def test_rules_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = lines(tmp_path / "t", CLIP, {"t_s": 5, "rule_id": "r"}, {"t_s": 5, "rule_id": "s"})
    found = lines(tmp_path / "e", event("2026-11-22T10:00:06Z"), event("2026-11-22T10:00:50Z", rule_id="s"))
    figures = score([truth], [found], capsys, "--rule", "r")
    assert (figures["due"], figures["alarms"], figures["false"]) == (1, 1, 0)


def test_the_sample_clips_truth_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Alarms placed at the true moments score full marks; the fence's two crossings end when their people leave."""
    samples = shipped("sample_videos")
    truth = sorted(samples.glob("*.truth.json"))
    expected = [
        (one["camera_id"], e) for path in truth for one in [json.loads(path.read_text())] for e in one["expected"]
    ]
    found = lines(
        tmp_path / "e",
        *(
            event(e["utc"], camera_id=camera, **{k: e[k] for k in ("kind", "rule_id", "zone_id")})
            for camera, e in expected
        ),
    )
    figures = score(truth, [found], capsys)
    assert figures["clips"] == len(truth) >= 4
    assert figures["true"] == figures["due"] == len(expected) >= 5
    assert figures["delay_max_s"] == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize(
    ("truth", "found", "more"),
    [
        ([], [], []),
        (["{"], [], []),
        (["[1]"], [], []),
        ([{"t_s": 1}], [], []),
        ([{**CLIP, "duration_s": 0}], [], []),
        ([{**CLIP, "duration_s": "long"}], [], []),
        ([{**CLIP, "start": "2026-11-22T10:00:00"}], [], []),
        ([{**CLIP, "start": "yesterday"}], [], []),
        ([{"clip": "a", "duration_s": 5}], [], []),
        ([CLIP, {"t_s": 61}], [], []),
        ([CLIP, {"t_s": 10, "until_s": 9}], [], []),
        ([CLIP, {"t_s": True}], [], []),
        ([CLIP, {"t_s": float("nan")}], [], []),
        ([CLIP, {"rule_id": "r"}], [], []),
        ([CLIP, {**CLIP, "clip": "again"}], [], []),
        (['{"expected": []}'], [], []),
        ([CLIP], ["{"], []),
        ([CLIP], [{"kind": "loitering"}], []),
        ([CLIP], [event("no time")], []),
        ([CLIP], [event("2026-11-22T10:05:00Z")], []),
        ([CLIP], [event("2026-11-22T10:00:05Z", camera_id="d")], []),
        ([CLIP], [], ["--window", "-1", "10"]),
    ],
    ids=[
        "empty truth", "not JSON", "no object", "due before any clip", "no duration", "duration in words",
        "start without offset", "start in words", "no camera", "due after the clip", "ends before it begins", "t_s is true",
        "t_s is no number", "no t_s", "clips overlap", "a truth file without clip", "events not JSON", "no event",
        "event without time", "event outside its clip", "event of another camera", "window below 0",
    ],
)  # fmt: skip
def test_bad_input_is_named(tmp_path: Path, truth: list[Any], found: list[Any], more: list[str]) -> None:
    parser = argparse.ArgumentParser()
    events.add_to(parser.add_subparsers())
    files = ["--truth", str(lines(tmp_path / "t", *truth)), "--events", str(lines(tmp_path / "e", *found))]
    args = parser.parse_args(["events", *files, *more])
    with pytest.raises(BadInput) as error:
        args.run(args)
    assert str(error.value).startswith((str(tmp_path), "--window"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    args = argparse.Namespace(truth=[tmp_path / "absent"], events=[], window=(1, 10), rule=[], json=False)
    with pytest.raises(BadInput, match="absent"):
        events.run(args)


def test_text_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = lines(tmp_path / "t", CLIP, {"t_s": 5, "until_s": 50, "rule_id": "r"}, {"t_s": 55, "rule_id": "s"})
    found = lines(tmp_path / "e", event("2026-11-22T10:00:30Z"), event("2026-11-22T10:00:31Z", rule_id="q"))
    args = argparse.Namespace(truth=[truth], events=[found], window=(1.0, 10.0), rule=[], json=False)
    assert events.run(args) == 0
    printed = capsys.readouterr().out
    assert "missed 2 (of these late 1)   false 1" in printed
    assert "late: a, r, 25.0 s after 2026-11-22T10:00:05.0Z" in printed
    assert "missed: a, s, due at 2026-11-22T10:00:55.0Z" in printed
    assert "false: a, q at 2026-11-22T10:00:31.0Z" in printed

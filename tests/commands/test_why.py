"""`nightjar why`: an alert, a near miss, a rule that was off, or nothing, at a moment of recorded tracks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main

SITE = """\
site: {name: Depot, timezone: Europe/Brussels}
calendars: {working: {open: {mon-fri: ["06:00-22:00"]}}}
cameras:
  dock:
    source: dock.mp4
    start: 2026-11-22T12:00:00
    analyze_fps: 5
    zones: {bay: {polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}}
    rules:
      - {id: loiter, kind: loitering, zone: bay, dwell_s: 4}
      - {id: long, kind: loitering, zone: bay, dwell_s: 60}
      - {id: day, kind: loitering, zone: bay, dwell_s: 1, active: {calendar: working, when: open}}
      - {id: crowd, kind: occupancy, zone: bay, over: 5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Somebody stands in the bay from second 1 to 9.9, at 10 fps; another beside it."""
    rows = "".join(f"{n},1,250,300,40,100,1,1,1.0\n{n},2,800,300,40,100,1,1,1.0\n" for n in range(11, 101))
    (tmp_path / "gt.txt").write_text(rows, encoding="utf-8")
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    return tmp_path


def why(folder: Path, at: str, *more: str, code: int = 0) -> None:
    arguments = ["why", str(folder / "site.yaml"), "--camera", "dock", "--tracks", str(folder / "gt.txt")]
    assert main([*arguments, "--fps", "10", "--size", "1000x500", "--at", at, *more]) == code


def verdicts(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return value


def test_every_rule_says_what_it_did(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why(folder, "6", "--json")
    value = verdicts(capsys)
    found = {rule["rule_id"]: rule["verdict"] for rule in value["rules"]}
    assert found == {"loiter": "fired", "long": "near miss", "day": "near miss", "crowd": "nothing"}
    assert value["at"] == "2026-11-22T11:00:06.000Z"
    assert value["calendars"] == {"working": "closed: no hours on sun"}
    assert [(person["track_id"], person["zones"]) for person in value["people"]] == [(1, ["bay"]), (2, [])]
    loiter = value["rules"][0]
    assert [(event["state"], event["pts"]) for event in loiter["events"]] == [("start", 5.0), ("end", 9.8)]


def test_near_misses_say_how_near(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why(folder, "2026-11-22T12:00:06")
    out = capsys.readouterr().out
    assert "rule long (loitering): near miss" in out
    assert "no alert: tracks 1: dwelt 8.8 s of 60 s" in out
    assert "no alert: the rule was off: closed: no hours on sun" in out
    assert "start: 2026-11-22T11:00:05.000Z (5.000 s), tracks 1" in out
    assert "track 2 at 0.819, 0.798 in no zone" in out


def test_before_anybody_came_there_is_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why(folder, "0.5", "--json", "--rule", "loiter")
    value = verdicts(capsys)
    assert value["people"] == []
    assert [rule["verdict"] for rule in value["rules"]] == ["nothing"]


def test_how_far_is_looked_may_be_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why(folder, "2", "--after", "1", "--json", "--rule", "loiter")
    (rule,) = verdicts(capsys)["rules"]
    assert (rule["verdict"], rule["near_misses"][0]["reason"]) == ("near miss", "dwelt 2.0 s of 4 s")


@pytest.mark.parametrize(
    ("at", "more", "said"),
    [
        ("soon", [], "--at soon: a time like"),
        ("1000", [], "not within the tracks, which end at 2026-11-22T11:00:09.800Z"),
        ("2026-11-21T12:00:00", [], "not within the tracks"),
        ("6", ["--after", "long"], "--after long: seconds, 0 or more"),
        ("6", ["--after", "-1"], "--after -1: seconds, 0 or more"),
        ("6", ["--rule", "none"], "--rule none: camera dock has loiter, long, day, crowd"),
    ],
)
def test_what_cannot_be_answered_is_said(
    folder: Path, at: str, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    why(folder, at, *more, code=2)
    assert said in capsys.readouterr().err

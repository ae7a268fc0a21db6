"""What the clips are said to act is acted: read from the truth files alone, by where people's feet are in metres."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sample_videos.renderer.depot import GATE_X, GATE_Y
from sample_videos.renderer.oracle import expected_events, stays
from sample_videos.renderer.truth import load_site, read_rows

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
CLIPS = {entry["name"]: entry for entry in tomllib.loads((SAMPLES / "manifest.toml").read_text())["clip"]}


def walk(clip: str, who: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds (K,) and site metres (K, 2) of one person."""
    truth = json.loads((SAMPLES / f"{clip}.truth.json").read_text())
    person = next(one for one in truth["people"] if one["name"] == who)
    feet = np.array(person["foot_m"], float)
    return (person["first_frame"] - 1 + np.arange(len(feet))) / truth["fps"], feet


def pace(clip: str, who: str) -> NDArray[np.float64]:
    """Metres a second (K,), over a second at a time."""
    t, feet = walk(clip, who)
    n = round(CLIPS[clip]["fps"])
    return np.asarray(np.linalg.norm(feet[n:] - feet[:-n], axis=1) / (t[n:] - t[:-n]))


def test_one_leaves_after_closing_and_within_the_grace() -> None:
    """Without the straggler's grace there would be an alert about each of the two; with it, of the one who stays on."""
    site = load_site(SAMPLES)
    rule = site["cameras"]["dock-closing"]["rules"][0]
    without = copy.deepcopy(site)
    del without["cameras"]["dock-closing"]["rules"][0]["straggler_grace_s"]
    people = stays(read_rows(SAMPLES / "dock_closing.gt.txt"), fps=10, width=640, height=360)
    assert [event.person for event in expected_events(site, "dock-closing", people, aspect=16 / 9)] == [2]
    both = expected_events(without, "dock-closing", people, aspect=16 / 9)
    assert sorted(event.person for event in both) == [1, 2]
    left = next(event for event in both if event.person == 1)
    assert 5 < left.until_s - left.since_s < rule["straggler_grace_s"] - 3


def test_one_turns_back_at_the_gate() -> None:
    _, feet = walk("fence_gate", "forgot")
    south, north = GATE_Y
    nearest = feet[feet[:, 0].argmin()]
    assert GATE_X < nearest[0] < GATE_X + 1.5
    assert south < nearest[1] < north
    assert feet[0, 0] > GATE_X + 8
    assert feet[-1, 0] > GATE_X + 8


@pytest.mark.parametrize("who", ["clerk", "inbound"])
def test_others_go_through_the_gate(who: str) -> None:
    _, feet = walk("fence_gate", who)
    at = feet[np.abs(feet[:, 0] - GATE_X).argmin()]
    assert (feet[:, 0].min() < GATE_X - 8) & (feet[:, 0].max() > GATE_X + 8)
    assert GATE_Y[0] + 0.4 < at[1] < GATE_Y[1] - 0.4


def test_the_usual_way_is_walked_both_ways_for_two_minutes() -> None:
    truth = json.loads((SAMPLES / "yard_walkway.truth.json").read_text())
    usual = [walk("yard_walkway", one["name"]) for one in truth["people"] if one["name"] != "stranger"]
    for sign in (1, -1):
        same = [(t[0], t[-1]) for t, feet in usual if (feet[-1, 0] - feet[0, 0]) * sign > 10]
        assert len(same) >= 4
        assert min(a for a, _ in same) < 20
        assert max(b for _, b in same) > 110


def test_one_walks_slowly_and_never_stops_for_long() -> None:
    speed = pace("fence_rain", "slow")
    walking = speed[speed > 0.2]
    assert np.median(walking[: len(walking) // 2]) < 0.7


@pytest.mark.parametrize(("clip", "who"), [("yard_dusk", "runner"), ("dock_night", "intruder")])
def test_somebody_runs(clip: str, who: str) -> None:
    assert pace(clip, who).max() > 2.5


def test_one_paces_in_a_small_area() -> None:
    """Metres and metres of way within few metres of ground."""
    t, feet = walk("fence_gate", "pacer")
    there = feet[(t > 50) & (t < 80)]
    assert np.linalg.norm(np.ptp(there, axis=0)) < 3.5
    assert np.linalg.norm(np.diff(there, axis=0), axis=1).sum() > 9


def test_one_walks_on_while_the_picture_is_frozen() -> None:
    """Who stands in the frozen picture has long gone on."""
    frozen = next(one for one in _faults() if one["kind"] == "frozen")
    rows = read_rows(SAMPLES / "corridor_faults.gt.txt")
    during = rows[(rows[:, 0] > frozen["begin_s"] * 10 + 2) & (rows[:, 0] < frozen["end_s"] * 10)]
    assert len(during)
    assert (during[:, 8] == 0).all()
    t, feet = walk("corridor_faults", "worker")
    a, b = (feet[np.abs(t - frozen[key]).argmin()] for key in ("begin_s", "end_s"))
    assert np.linalg.norm(b - a) > 10


def _faults() -> list[dict[str, Any]]:
    return list(json.loads((SAMPLES / "corridor_faults.truth.json").read_text())["faults"])

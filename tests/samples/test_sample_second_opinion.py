"""The expected events judged twice more from the boxes alone, without ids and without what is hidden.

Once by a small tracker and a state machine a rule that live in this file only; once by the tracker and the rules that
ship. Both must say what the truth files say, at those times, and nothing else.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.cli import main
from sample_videos.renderer.truth import load_site, read_rows

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
CLIPS = {entry["name"]: entry for entry in tomllib.loads((SAMPLES / "manifest.toml").read_text())["clip"]}
SITE = load_site(SAMPLES)
ANALYZE_FPS, SEEN = 5, 0.3
every_clip = pytest.mark.parametrize("name", list(CLIPS))


def shown(name: str) -> np.ndarray:
    """Rows of what can be seen on analysed frames, cut at the picture's edge."""
    entry, rows = CLIPS[name], read_rows(SAMPLES / f"{name}.gt.txt")
    width, height = entry["size"]
    tick = np.floor(np.arange(entry["frames"]) / entry["fps"] * ANALYZE_FPS + 1e-6)
    analysed = np.flatnonzero(np.diff(tick, prepend=-1)) + 1
    rows = rows[np.isin(rows[:, 0], analysed) & (rows[:, 8] >= SEEN)]
    low = np.maximum(rows[:, 2:4] - 1, 0)
    rows[:, 4:6] = np.minimum(rows[:, 2:4] - 1 + rows[:, 4:6], (width, height)) - low
    rows[:, 2:4] = low + 1
    return rows[(rows[:, 4] > 3) & (rows[:, 5] > 8)]


@dataclass
class Follower:
    """One person as followed: last foot (x in picture heights, y), height, time, and what each rule remembers."""

    foot: tuple[float, float]
    height: float
    t: float
    before: tuple[float, float] | None = None
    memo: dict[str, Any] = field(default_factory=dict)


def follow(name: str) -> Iterator[tuple[float, list[Follower]]]:
    """Everybody seen on each analysed frame, linked by nearness: nobody is faster than 1.5 heights in 0.2 s."""
    entry, rows = CLIPS[name], shown(name)
    height = entry["size"][1]
    known: list[Follower] = []
    for frame in np.unique(rows[:, 0]):
        t = (frame - 1) / entry["fps"]
        now = [
            ((x + w / 2 - 1) / height, (y + h - 1) / height, h / height)
            for _, _, x, y, w, h, *_ in rows[rows[:, 0] == frame]
        ]
        known = [f for f in known if t - f.t < 8]
        pairs = sorted(
            (math.dist(f.foot, b[:2]) / b[2] / (0.3 + t - f.t), i, j)
            for i, f in enumerate(known)
            for j, b in enumerate(now)
        )
        here: dict[int, Follower] = {}
        for cost, i, j in pairs:
            if cost < 1.5 and j not in here and known[i] not in here.values():
                here[j] = known[i]
        for j, (x, y, h) in enumerate(now):
            one = here.setdefault(j, Follower((x, y), h, t))
            one.before = one.foot if one.t < t else None
            one.foot, one.height, one.t = (x, y), h, t
        known += [one for one in here.values() if one not in known]
        yield t, list(here.values())


def within(polygon: list[list[float]], foot: tuple[float, float], aspect: float) -> bool:
    """Even-odd rule: how many edges lie to the right of the point."""
    x, y = foot[0] / aspect, foot[1]
    odd = False
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
    return odd


def off_by(way: list[list[float]], foot: tuple[float, float], aspect: float) -> float:
    """Distance to a polyline, sampled finely."""
    points = [
        (a[0] + (b[0] - a[0]) * k / 500, a[1] + (b[1] - a[1]) * k / 500) for a, b in pairwise(way) for k in range(501)
    ]
    return min(math.dist((x * aspect, y), foot) for x, y in points)


def closed_and_heads(rule: dict[str, Any], camera: dict[str, Any], t: float) -> tuple[bool, int]:
    """Whether the site is closed at an instant of the clip, and how many people a visit lets in."""
    calendar = SITE["calendars"][rule["calendar"]]
    local = datetime.fromisoformat(camera["start"]) + timedelta(seconds=t)
    day, clock = local.weekday(), local.strftime("%H:%M")
    days = {"mon-fri": range(5), "sat": (5,), "tue": (1,), "mon-sun": range(7)}
    hours = [span.split("-") for key, spans in calendar["open"].items() if day in days[key] for span in spans]
    visits = [v for v in calendar["visits"] if day in days[v["days"]] and v["hours"][:5] <= clock < v["hours"][6:]]
    is_closed = not any(a <= clock < b for a, b in hours)
    return is_closed, sum(v["max_people"] for v in visits if rule["zone"] in v["zones"])


def judge(name: str) -> list[tuple[str, float]]:
    """Every event of a clip, `(rule, seconds)`."""
    camera = SITE["cameras"][CLIPS[name]["camera"]]
    aspect = CLIPS[name]["size"][0] / CLIPS[name]["size"][1]
    kinds = {"loitering": stayed, "after_hours": intruded, "unusual_route": strayed, "line_crossing": crossed}
    said: list[tuple[str, float]] = []
    for t, people in follow(name):
        for rule in camera["rules"]:
            for one in people:
                one.memo.setdefault(rule["id"], {})
            said += [(rule["id"], t)] * kinds[rule["kind"]](people, rule, camera, t, aspect)
    return said


def stayed(people: list[Follower], rule: dict[str, Any], camera: dict[str, Any], t: float, aspect: float) -> int:
    """One event for everybody who is due, or one for all where several are asked for."""
    key, least = rule["id"], rule.get("min_people", 1)
    due = [one for one in people if dwelt(one, rule, camera, t, aspect)]
    fresh = [one for one in due if not one.memo[key].get("told")] if len(due) >= least else []
    known = any(one.memo[key].get("told") for one in due)
    for one in fresh:
        one.memo[key]["told"] = True
    return len(fresh) if least == 1 else int(bool(fresh) and not known)


def intruded(people: list[Follower], rule: dict[str, Any], camera: dict[str, Any], t: float, aspect: float) -> int:
    """Present after closing, and not among the first few whom a visit lets in."""
    closed, heads = closed_and_heads(rule, camera, t)
    inside = [
        one.memo[rule["id"]] for one in people if within(camera["zones"][rule["zone"]]["polygon"], one.foot, aspect)
    ]
    inside.sort(key=lambda memo: memo.setdefault("came", t))
    count = 0
    for rank, memo in enumerate(inside):
        if not closed or rank < heads:
            memo["at_work"], memo["since"] = not closed, None
            continue
        memo["since"] = t if memo.get("since") is None else memo["since"]
        wait = rule.get("straggler_grace_s", 0) if memo.get("at_work") else 0
        if t - memo["since"] >= max(wait, rule.get("min_presence_s", 2)) and not memo.get("told"):
            memo["told"] = True
            count += 1
    return count


def dwelt(one: Follower, rule: dict[str, Any], camera: dict[str, Any], t: float, aspect: float) -> bool:
    memo = one.memo[rule["id"]]
    if within(camera["zones"][rule["zone"]]["polygon"], one.foot, aspect):
        memo.setdefault("since", t)
        memo["last"] = t
        return bool(t - memo["since"] >= rule["dwell_s"])
    if "last" in memo and t - memo["last"] > rule.get("grace_s", 2):
        memo.clear()
    return False


def strayed(people: list[Follower], rule: dict[str, Any], camera: dict[str, Any], t: float, aspect: float) -> int:
    return sum(left(one, rule, camera, t, aspect) for one in people)


def left(one: Follower, rule: dict[str, Any], camera: dict[str, Any], t: float, aspect: float) -> bool:
    """Off a drawn way for long enough, or in one zone and then in another; told once."""
    memo = one.memo[rule["id"]]
    due = False
    if "corridor" in rule:
        if off_by(rule["corridor"]["points"], one.foot, aspect) <= rule["corridor"]["width_bh"] / 2 * one.height:
            memo.pop("since", None)
        else:
            due = t - memo.setdefault("since", t) >= rule.get("off_s", 2)
    for first, then in rule.get("forbidden", []):
        if memo.get("first") and within(camera["zones"][then]["polygon"], one.foot, aspect):
            due = True
        memo["first"] = memo.get("first") or within(camera["zones"][first]["polygon"], one.foot, aspect)
    due = due and not memo.get("told")
    memo["told"] = memo.get("told") or due
    return due


def crossed(people: list[Follower], rule: dict[str, Any], camera: dict[str, Any], t: float, aspect: float) -> int:
    return sum(stepped(one, rule, camera, aspect) for one in people)


def stepped(one: Follower, rule: dict[str, Any], camera: dict[str, Any], aspect: float) -> bool:
    """Left of a walker who goes from the first point to the last lies counter-clockwise; the picture's y runs down."""
    if one.before is None:
        return False
    (ax, ay), (bx, by) = ((x * aspect, y) for x, y in camera["lines"][rule["line"]]["points"])
    (px, py), (qx, qy) = one.before, one.foot
    cut = (bx - ax) * (qy - py) - (by - ay) * (qx - px)
    if abs(cut) < 1e-12:
        return False
    along = ((px - ax) * (qy - py) - (py - ay) * (qx - px)) / cut
    step = ((px - ax) * (by - ay) - (py - ay) * (bx - ax)) / cut
    ended = "left" if (bx - ax) * (qy - ay) - (by - ay) * (qx - ax) < 0 else "right"
    return 0 <= along <= 1 and 0 < step <= 1 and ended == rule["direction"]


def agrees(found: list[tuple[str, float]], expected: list[dict[str, Any]]) -> None:
    assert sorted(rule for rule, _ in found) == sorted(event["rule_id"] for event in expected)
    for event in expected:
        assert [t for rule, t in found if rule == event["rule_id"]] == pytest.approx(
            [event["t_s"]], abs=event["tolerance_s"]
        )


@every_clip
def test_a_tracker_and_a_judge_of_their_own_say_what_the_truth_says(name: str) -> None:
    camera = SITE["cameras"][CLIPS[name]["camera"]]
    learned = {rule["id"] for rule in camera["rules"] if "false_alarms_per_week" in rule}
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text())
    agrees([one for one in judge(name) if one[0] not in learned], truth["expected"])


@every_clip
def test_the_tracker_and_the_rules_that_ship_say_what_the_truth_says(name: str, tmp_path: Path) -> None:
    entry, truth = CLIPS[name], json.loads((SAMPLES / f"{name}.truth.json").read_text())
    boxes, tracks, events = tmp_path / "boxes.txt", tmp_path / "tracks.txt", tmp_path / "events.jsonl"
    boxes.write_text("".join(f"{r[0]:.0f},-1,{r[2]:.2f},{r[3]:.2f},{r[4]:.2f},{r[5]:.2f},0.9\n" for r in shown(name)))
    picture = ["--fps", str(entry["fps"]), "--size", "x".join(map(str, entry["size"]))]
    assert main(["track", str(boxes), *picture, "--out", str(tracks)]) == 0
    routes = ["--routes", str(SAMPLES / "routes" / "yard.model")] if truth["expected_with_routes"] else []
    replay = ["replay", str(SAMPLES / "site.yaml"), "--camera", entry["camera"], "--tracks", str(tracks)]
    assert main([*replay, *picture, *routes, "--out", str(events)]) == 0
    found = [json.loads(line) for line in events.read_text().splitlines()]
    starts = [(event["rule_id"], event["pts"]) for event in found if event["state"] == "start"]
    agrees(starts, truth["expected"] + truth["expected_with_routes"])

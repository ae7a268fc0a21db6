"""Which events the truth calls for: a small judge of its own, that shares no line with `rules/`.

It sees what a perfect detector would report, the full-body boxes of everybody in the picture (also while hidden), and
walks through them once for each rule of the site file. It knows the settings that the sample site uses and refuses
others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

TOLERANCE_S = 1.5
LEARNED_TOLERANCE_S = 1.5
BEYOND_BH = 0.4
"""Body heights from every usual walk at which a way has become unusual; usual walks lie denser than that."""
KNOWN = {
    "loitering": {"zone", "dwell_s", "grace_s", "bridge_s", "min_people"},
    "after_hours": {"zone", "calendar", "min_presence_s", "straggler_grace_s"},
    "unusual_route": {"corridor", "off_s", "forbidden"},
    "line_crossing": {"line", "direction"},
}
SILENT = {"procedure", "severity", "cooldown_s", "trial"}


@dataclass(frozen=True, slots=True, eq=False)
class Stay:
    """One person's boxes: `t` seconds since the first frame (K,), normalised `foot` (K, 2) and `height` (K,)."""

    person: int
    t: NDArray[np.float64]
    foot: NDArray[np.float64]
    height: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Expected:
    """One event that must come: `t_s` since the first frame."""

    kind: str
    rule_id: str
    zone_id: str | None
    person: int
    t_s: float
    since_s: float
    until_s: float = float("inf")
    """When what it tells of is over."""


def stays(rows: NDArray[np.float64], *, fps: float, width: int, height: int) -> list[Stay]:
    """MOTChallenge ground-truth rows (R, 9) to stays, split where somebody was out of the picture."""
    out = []
    for person in np.unique(rows[:, 1]):
        mine = rows[rows[:, 1] == person]
        mine = mine[np.argsort(mine[:, 0], kind="stable")]
        for part in np.split(mine, np.flatnonzero(np.diff(mine[:, 0]) > 1) + 1):
            x, y, w, h = part[:, 2] - 1, part[:, 3] - 1, part[:, 4], part[:, 5]
            foot = np.column_stack(((x + w / 2) / width, (y + h) / height))
            inside = (foot > -0.02).all(1) & (foot < 1.02).all(1)
            if inside.any():
                out.append(Stay(int(person), (part[inside, 0] - 1) / fps, foot[inside], h[inside] / height))
    return out


def expected_events(site: Mapping[str, Any], camera_id: str, people: list[Stay], *, aspect: float) -> list[Expected]:
    """Everything that the camera's rules must say of `people`, in order of time."""
    camera = site["cameras"][camera_id]
    found: list[Expected] = []
    for rule in camera["rules"]:
        if rule.get("false_alarms_per_week") is not None:
            continue
        unknown = set(rule) - KNOWN[rule["kind"]] - SILENT - {"id", "kind"}
        if unknown:
            raise ValueError(f"rule {rule['id']}: the oracle does not know {sorted(unknown)}")
        judged = unexcused(rule, camera, site, people) if rule["kind"] == "after_hours" else people
        said = [event for stay in judged for event in JUDGES[rule["kind"]](rule, camera, site, stay, aspect)]
        found += _together(said, rule["min_people"]) if rule.get("min_people", 1) > 1 else said
    return sorted(found, key=lambda event: (event.t_s, event.rule_id))


def learned_events(
    site: Mapping[str, Any], camera_id: str, people: list[Stay], usual: NDArray[np.float64], *, aspect: float
) -> list[Expected]:
    """What a rule that has learned the usual ways must say: who comes far from every point (N, 2) of usual walks."""
    rules = [rule for rule in site["cameras"][camera_id]["rules"] if rule.get("false_alarms_per_week") is not None]
    points = np.unique((usual * (aspect, 1)).round(2), axis=0)
    found = []
    for rule in rules:
        for stay in people:
            foot = stay.foot * (aspect, 1)
            nearest = np.sqrt([((points - p) ** 2).sum(1).min() for p in foot])
            far = np.flatnonzero(nearest > BEYOND_BH * stay.height)
            if len(far):
                t = float(stay.t[far[0]])
                found.append(Expected("unusual_route", rule["id"], None, stay.person, t, t))
    return found


def inside(polygon: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie in a polygon (K, 2), by winding angle: no ray, no edge cases worth the name."""
    corners = polygon[None] - points[:, None]
    after = np.roll(corners, -1, axis=1)
    cross = corners[..., 0] * after[..., 1] - corners[..., 1] * after[..., 0]
    return np.asarray(np.abs(np.arctan2(cross, (corners * after).sum(-1)).sum(1)) > np.pi)


def spans(t: NDArray[np.float64], held: NDArray[np.bool_], *, join_s: float = 0.0) -> list[tuple[float, float]]:
    """Stretches of time in which something held, those closer than `join_s` joined."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], held, [False])).astype(int)))
    raw = [(float(t[a]), float(t[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    out: list[tuple[float, float]] = []
    for a, b in raw:
        if out and a - out[-1][1] <= join_s:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return out


def _zone(camera: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    return np.array(camera["zones"][name]["polygon"], float)


def _loitering(rule, camera, site, stay: Stay, aspect: float) -> Iterator[Expected]:
    held = inside(_zone(camera, rule["zone"]), stay.foot)
    for a, b in spans(stay.t, held, join_s=rule.get("grace_s", 2.0)):
        if b - a >= rule["dwell_s"]:
            now = stay.t[(stay.t >= a + rule["dwell_s"]) & held]
            yield Expected("loitering", rule["id"], rule["zone"], stay.person, float(now[0]), a, b)


def _together(said: list[Expected], least: int) -> list[Expected]:
    """One event when so many are past their limit at a time: that of who came last."""
    for event in sorted(said, key=lambda e: e.t_s):
        if sum(e.t_s <= event.t_s <= e.until_s for e in said) >= least:
            return [event]
    return []


def unexcused(rule, camera, site, people: list[Stay]) -> list[Stay]:
    """Stays without the time in which a listed visit excuses them: who came to the zone first is excused first."""
    start = datetime.fromisoformat(camera["start"])
    spell = [(min(held, default=np.inf), stay) for stay in people for held in [_times_inside(rule, camera, stay)]]
    out = []
    for since, stay in spell:
        keep = np.ones(len(stay.t), bool)
        for i, t in enumerate(stay.t):
            heads = heads_listed(site, rule["calendar"], start + timedelta(seconds=float(t)), rule["zone"])
            if heads:
                before = [s for a, s in spell if a < since and np.abs(_times_inside(rule, camera, s) - t).min() < 0.2]
                keep[i] = len(before) >= heads
        out.append(Stay(stay.person, stay.t[keep], stay.foot[keep], stay.height[keep]))
    return out


def _times_inside(rule, camera, stay: Stay) -> NDArray[np.float64]:
    return np.asarray(stay.t[inside(_zone(camera, rule["zone"]), stay.foot)])


def _after_hours(rule, camera, site, stay: Stay, aspect: float) -> Iterator[Expected]:
    """Presence counts from closing time; who was there before it has the straggler's grace as well."""
    held = inside(_zone(camera, rule["zone"]), stay.foot)
    start = datetime.fromisoformat(camera["start"])
    closed = np.array([not is_open(site, rule["calendar"], start + timedelta(seconds=float(t))) for t in stay.t], bool)
    for a, b in spans(stay.t, held & closed, join_s=2.0):
        before = (stay.t < a) & (stay.t > a - 0.5)
        stayed_on = bool((held & ~closed)[before].any())
        due = a + max(rule.get("min_presence_s", 2.0), rule.get("straggler_grace_s", 0.0) if stayed_on else 0.0)
        if b >= due:
            yield Expected("after_hours", rule["id"], rule["zone"], stay.person, due, a, b)


def heads_listed(site: Mapping[str, Any], calendar: str, when: datetime, zone: str) -> int:
    """How many people the listed visits of an instant let into `zone`."""
    local = when.astimezone(ZoneInfo(site["site"]["timezone"]))
    visits = [v for v in site["calendars"][calendar].get("visits", []) if _on(v["days"], local)]
    return sum(v["max_people"] for v in visits if zone in v.get("zones", [zone]) and _within(v["hours"], local))


def is_open(site: Mapping[str, Any], calendar: str, when: datetime) -> bool:
    """Whether work goes on at an instant."""
    config = site["calendars"][calendar]
    local = when.astimezone(ZoneInfo(site["site"]["timezone"]))
    date = local.date().isoformat()
    if date in config.get("holidays", {}).get("extra", []):
        return False
    return any(_within(span, local) for days, listed in config["open"].items() if _on(days, local) for span in listed)


def _on(days: str, local: datetime) -> bool:
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    a, _, b = days.partition("-")
    return names.index(a) <= local.weekday() <= names.index(b or a)


def _within(span: str, local: datetime) -> bool:
    a, b = (int(x[:2]) * 60 + int(x[3:]) for x in span.split("-"))
    return a <= local.hour * 60 + local.minute < b


def _route(rule, camera, site, stay: Stay, aspect: float) -> Iterator[Expected]:
    if "forbidden" in rule:
        yield from _forbidden(rule, camera, stay)
        return
    way = np.array(rule["corridor"]["points"], float) * (aspect, 1)
    foot = stay.foot * (aspect, 1)
    off = distance_to(way, foot) > rule["corridor"]["width_bh"] / 2 * stay.height
    for a, b in spans(stay.t, off):
        if b - a >= rule.get("off_s", 2.0):
            yield Expected("unusual_route", rule["id"], None, stay.person, a + rule.get("off_s", 2.0), a)
            return


def _forbidden(rule, camera, stay: Stay) -> Iterator[Expected]:
    for first, then in rule["forbidden"]:
        a, b = (spans(stay.t, inside(_zone(camera, name), stay.foot)) for name in (first, then))
        if a and b and b[0][0] > a[0][0]:
            yield Expected("unusual_route", rule["id"], then, stay.person, b[0][0], a[0][0])


def distance_to(way: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of points (N, 2) to a polyline (K, 2)."""
    best = np.full(len(points), np.inf)
    for a, b in pairwise(way):
        share = np.clip(((points - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - a - share[:, None] * (b - a), axis=1))
    return best


def _crossing(rule, camera, site, stay: Stay, aspect: float) -> Iterator[Expected]:
    points = np.array(camera["lines"][rule["line"]]["points"], float)
    for a, b in pairwise(points):
        for i in range(len(stay.t) - 1):
            here, there = stay.foot[i], stay.foot[i + 1]
            before, after = _side(a, b, here), _side(a, b, there)
            if (before > 0) != (after > 0) and _side(here, there, a) * _side(here, there, b) < 0:
                # The picture's y runs down, so a positive cross product lies to the right of the walker.
                ended = "right" if after > 0 else "left"
                if rule.get("direction", "both") in (ended, "both"):
                    t = float(stay.t[i + 1])
                    yield Expected("line_crossing", rule["id"], rule["line"], stay.person, t, t)


def _side(a: NDArray[np.float64], b: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    return float((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]))


JUDGES = {"loitering": _loitering, "after_hours": _after_hours, "unusual_route": _route, "line_crossing": _crossing}


def utc_of(start: str, t_s: float) -> str:
    """UTC of an instant of a clip, ISO 8601 with milliseconds."""
    instant = datetime.fromisoformat(start).astimezone(UTC) + timedelta(seconds=t_s)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

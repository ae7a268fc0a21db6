"""A second opinion: loitering and crossings of perfect tracks, one person at a time, in plain Python.

Written from the definitions alone and sharing no code with `rules/`: it looks back over one id's frames.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.types import Tracks

Polygon = Sequence[tuple[float, float]]

Way = list[tuple[float, tuple[float, float] | None]]

SLACK_S = 1e-6


def ids(frames: Sequence[Tracks]) -> list[int]:
    return sorted({i for tracks in frames for i in tracks.track_id.tolist()})


def ways(frames: Sequence[Tracks]) -> dict[int, Way]:
    """(pts, foot or None) of each id on every analysed frame."""
    found: dict[int, Way] = {i: [] for i in ids(frames)}
    for tracks in frames:
        here = {
            i: ((x1 + x2) / 2.0, y2)
            for i, (x1, _, x2, y2), seen in zip(
                tracks.track_id.tolist(), tracks.xyxy.astype(float).tolist(), tracks.observed.tolist(), strict=True
            )
            if seen
        }
        for i, walked in found.items():
            walked.append((tracks.pts, here.get(i)))
    return found


def in_polygon(x: float, y: float, polygon: Polygon) -> bool:
    """Ray casting, edges included."""
    odd = False
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length
        off = abs((x - ax) * (by - ay) - (y - ay) * (bx - ax)) / length
        if off <= 1e-6 and -1e-6 <= along <= length + 1e-6:
            return True
        if (ay <= y < by) or (by <= y < ay):
            odd ^= x < ax + (y - ay) / (by - ay) * (bx - ax)
    return odd


def loitering(
    frames: Sequence[Tracks], polygon: Polygon, *, dwell_s: float, grace_s: float, bridge_s: float
) -> list[tuple[int, float, float, float]]:
    """(id, since, alarm, last inside) of every stay that is long enough, in media time."""
    return [
        (i, *stay)
        for i, walked in ways(frames).items()
        for stay in _stays(walked, polygon, dwell_s=dwell_s, grace_s=grace_s, bridge_s=bridge_s)
    ]


def after_hours(frames: Sequence[Tracks], polygon: Polygon, *, min_presence_s: float) -> list[tuple[int, float]]:
    """(id, alarm) of every presence in a zone that is always closed: absences of 2 s, seen or not, do not end it."""
    found = loitering(frames, polygon, dwell_s=min_presence_s, grace_s=2.0, bridge_s=2.0)
    return [(i, alarm) for i, _, alarm, _ in found]


def _stays(
    walked: Way, polygon: Polygon, *, dwell_s: float, grace_s: float,
    bridge_s: float,
) -> list[tuple[float, float, float]]:  # fmt: skip
    found: list[tuple[float, float, float]] = []
    since = last = bridged = 0.0
    begun: list[tuple[float, float]] = []  # each start of being seen inside, and what had been bridged by then
    alarm: float | None = None
    there = False  # is a stay open?
    was = "none"
    outside = False
    for pts, foot in walked:
        now = "none" if foot is None else "in" if in_polygon(*foot, polygon) else "out"
        if now == "in" and there and not (was == "in" and pts - last <= 2.0):
            absent = pts - last
            if absent > (grace_s if outside else max(grace_s, bridge_s)) + SLACK_S:
                there = False
                found += [(since, alarm, last)] if alarm is not None else []
            elif not outside:
                bridged += absent
                begun.append((pts, bridged))
        if now == "in":
            if not there:
                there, since, bridged, alarm, begun = True, pts, 0.0, None, [(pts, 0.0)]
            last, outside = pts, False
            for start, before in begun:
                dwell = pts - start
                if alarm is None and dwell >= dwell_s - SLACK_S and bridged - before <= dwell / 2.0 + SLACK_S:
                    alarm = pts
        elif now == "out":
            outside = True
        was = now
    return found + ([(since, alarm, last)] if there and alarm is not None else [])


def crossings(
    frames: Sequence[Tracks], a: tuple[float, float], b: tuple[float, float], *, bridge_s: float
) -> list[tuple[int, float, str]]:
    """(id, pts, side) of every step over the line from a to b, without hysteresis; feet on the line wait."""
    found = []
    for i, walked in ways(frames).items():
        anchor: tuple[float, float] | None = None
        seen = -1e9
        for pts, foot in walked:
            if foot is None:
                continue
            side = _side(a, b, foot)
            if anchor is not None and pts - seen <= bridge_s + SLACK_S and side * _side(a, b, anchor) < 0:
                reach = _side(anchor, foot, a) * _side(anchor, foot, b)
                if reach <= 0:
                    found.append((i, pts, "right" if side > 0 else "left"))
            if anchor is None or pts - seen > bridge_s + SLACK_S or side != 0:
                anchor = foot
            seen = pts
    return found


def _side(a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]) -> int:
    """1 where p lies to the right of somebody walking from a to b on the screen, -1 to the left, 0 on the line."""
    length = ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5 or 1.0
    cross = ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])) / length
    return (cross > 1e-6) - (cross < -1e-6)

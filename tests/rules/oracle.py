"""A second opinion: loitering and crossings of perfect tracks, one person at a time, in plain Python.

Written from the definitions alone and sharing no code with `rules/`: it looks back over one id's frames.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.types import Tracks

Polygon = Sequence[tuple[float, float]]

SLACK_S = 1e-6


def ids(frames: Sequence[Tracks]) -> list[int]:
    return sorted({i for tracks in frames for i in tracks.track_id.tolist()})


def way(frames: Sequence[Tracks], track_id: int) -> list[tuple[float, tuple[float, float] | None]]:
    """(pts, foot or None) of one id on every analysed frame."""
    found = []
    for tracks in frames:
        rows = [n for n, i in enumerate(tracks.track_id.tolist()) if i == track_id and tracks.observed[n]]
        box = [float(v) for v in tracks.xyxy[rows[0]]] if rows else None
        found.append((tracks.pts, None if box is None else ((box[0] + box[2]) / 2.0, box[3])))
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
        for i in ids(frames)
        for stay in _stays(way(frames, i), polygon, dwell_s=dwell_s, grace_s=grace_s, bridge_s=bridge_s)
    ]


def _stays(
    walked: Sequence[tuple[float, tuple[float, float] | None]], polygon: Polygon, *, dwell_s: float, grace_s: float,
    bridge_s: float,
) -> list[tuple[float, float, float]]:  # fmt: skip
    found: list[tuple[float, float, float]] = []
    since = last = bridged = 0.0
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
        if now == "in":
            if not there:
                there, since, bridged, alarm = True, pts, 0.0, None
            last, outside = pts, False
            dwell = pts - since
            if alarm is None and dwell >= dwell_s - SLACK_S and bridged <= dwell / 2.0 + SLACK_S:
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
    for i in ids(frames):
        anchor: tuple[float, float] | None = None
        seen = -1e9
        for pts, foot in way(frames, i):
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

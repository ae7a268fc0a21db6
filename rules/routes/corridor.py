"""The main flows as a person would draw them: centre line, direction, width, share, name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rules.routes.scene import Scene

POINTS = 16
"""Points of a centre line, evenly spaced along it."""
ALIKE_MEAN, ALIKE_MAX = 0.05, 0.12
"""Two tracks walk one corridor if they stay so near on average and everywhere, in extents, point by point."""
SHORTEST_NODES = 5
SAMPLE = 1200
"""Tracks that corridors are drawn from; more change no line visibly and cost their square."""
MOST = 16
LEAST_SHARE = 0.01

Status = Literal["learned", "accepted", "forbidden"]
Polygon = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """One flow. `line` float64 (16, 2) from start to end in the model's input unit; `half_width` in that unit too.

    `share` in [0, 1] is of all tracks long enough to be a route. Nine in ten of its tracks stay within `half_width`
    of the line for nine tenths of their way.
    """

    corridor_id: str
    name: str
    line: NDArray[np.float64]
    half_width: float
    share: float
    tracks: int
    status: Status = "learned"


@dataclass(frozen=True, slots=True, eq=False)
class Note:
    """What an installer said about the corridor along `line`: kept when corridors are drawn anew."""

    line: NDArray[np.float64]
    name: str | None
    status: Status

    @property
    def told(self) -> tuple[object, ...]:
        """All of it, to be compared."""
        return self.line.tolist(), self.name, self.status


def resampled(walk: NDArray[np.float64]) -> NDArray[np.float64]:
    """A walk's nodes, float64 (M, >= 2), M >= 1, as `POINTS` places evenly along it."""
    wanted = np.linspace(0.0, len(walk) - 1.0, POINTS)
    index = np.arange(len(walk))
    return np.column_stack((np.interp(wanted, index, walk[:, 0]), np.interp(wanted, index, walk[:, 1])))


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """The main flows without names: lines float64 (K, 16, 2), half widths (K,), both in extents, largest flow first.

    `tracks` int64 (K,) walk each, of `count` tracks that are long enough to be a route.
    """

    lines: NDArray[np.float64]
    halves: NDArray[np.float64]
    tracks: NDArray[np.int64]
    count: int


def drawn(walks: Sequence[NDArray[np.float64]]) -> Flows:
    """The main flows among walks (nodes in extents); greedily, the track most like others each time."""
    long = [walk for walk in walks if len(walk) >= SHORTEST_NODES]
    chosen = long if len(long) <= SAMPLE else [long[i * len(long) // SAMPLE] for i in range(SAMPLE)]
    paths = np.array([resampled(walk) for walk in chosen]).reshape(-1, POINTS, 2)
    lines, halves, tracks = [], [], []
    for members in _groups(_alike(paths)) if len(chosen) > 1 else []:
        line = np.median(paths[members], axis=0)
        off = [float(np.quantile(along(path, line)[0], 0.9)) for path in paths[members]]
        lines.append(line)
        halves.append(max(float(np.quantile(off, 0.9)), 0.01))
        tracks.append(len(members))
    shape = np.array(lines, np.float64).reshape(-1, POINTS, 2)
    return Flows(shape, np.array(halves, np.float64), np.array(tracks, np.int64), len(chosen))


def corridors(
    flows: Flows, scene: Scene, *, notes: Sequence[Note] = (), zones: Mapping[str, Polygon] | None = None
) -> list[Corridor]:
    """Flows in input units, each with its name and what an installer said about it."""
    ends = flows.lines.reshape(-1, 2)
    low, high = (ends.min(axis=0), ends.max(axis=0)) if len(ends) else (np.zeros(2), np.ones(2))
    used: dict[str, int] = {}
    named = []
    for number, line in enumerate(flows.lines):
        places = line * scene.extent + (scene.x0, scene.y0)
        at = (_end_name(line[i], places[i], low, high, zones or {}) for i in (0, -1))
        name = " -> ".join(at)
        used[name] = used.get(name, 0) + 1
        name = name if used[name] == 1 else f"{name} ({used[name]})"
        note = next((n for n in notes if apart(n.line, line)[0] <= ALIKE_MEAN), None)
        status: Status = note.status if note else "learned"
        if note and note.name:
            name = note.name
        tracks, half = int(flows.tracks[number]), float(flows.halves[number]) * scene.extent
        named.append(Corridor(f"c{number + 1}", name, places, half, tracks / flows.count, tracks, status))
    return named


def follows(walk: NDArray[np.float64], line: NDArray[np.float64]) -> bool:
    """Whether a walk (nodes) is one of the corridor along `line` (16, 2), both in extents."""
    if len(walk) < SHORTEST_NODES:
        return False
    mean, most = apart(resampled(walk), line)
    return mean <= ALIKE_MEAN and most <= ALIKE_MAX


def apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and largest distance of two lines of `POINTS` points, point by point; direction counts."""
    distance = np.hypot(*(first - second).T)
    return float(distance.mean()), float(distance.max())


def along(places: NDArray[np.float64], line: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of places (M, 2) to a line (K, 2), float64 (M,), and the line's direction there, unit (M, 2)."""
    start, piece = line[:-1], np.diff(line, axis=0)
    square = np.maximum((piece * piece).sum(axis=1), 1e-12)
    share = ((places[:, None] - start) * piece).sum(axis=2) / square  # (M, K - 1)
    nearest = start + np.clip(share, 0.0, 1.0)[..., None] * piece
    distance = np.hypot(*np.moveaxis(places[:, None] - nearest, 2, 0))
    at = distance.argmin(axis=1)
    direction: NDArray[np.float64] = piece[at] / np.sqrt(square[at])[:, None]
    return distance.min(axis=1), direction


def _alike(paths: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tracks walk one corridor, (N, N)."""
    count = len(paths)
    alike = np.zeros((count, count), np.bool_)
    small = paths.astype(np.float32)
    for start in range(0, count, 64):
        distance = np.sqrt(((small[start : start + 64, None] - small[None]) ** 2).sum(axis=3))  # (64, N, 16)
        alike[start : start + 64] = (distance.mean(axis=2) <= ALIKE_MEAN) & (distance.max(axis=2) <= ALIKE_MAX)
    return alike


def _groups(alike: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Greedy cover: the track with the most like it, with these, again and again; largest first."""
    free = np.ones(len(alike), np.bool_)
    least = max(3, math.ceil(LEAST_SHARE * len(alike)))
    groups: list[NDArray[np.int64]] = []
    while len(groups) < MOST:
        like = (alike & free).sum(axis=1) * free
        centre = int(np.argmax(like))
        if like[centre] < least:
            break
        members = np.flatnonzero(alike[centre] & free)
        free[members] = False
        groups.append(members)
    return groups


def _end_name(
    end: NDArray[np.float64], place: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64],
    zones: Mapping[str, Polygon],
) -> str:  # fmt: skip
    """The zone an end lies in, else where in the picture it lies (y grows downwards)."""
    for name, polygon in zones.items():
        if _inside(polygon, float(place[0]), float(place[1])):
            return name
    u, v = 0.5 + (end - (low + high) / 2) / max(float((high - low).max()), 1e-9)
    across = "left" if u < 1 / 3 else "right" if u > 2 / 3 else ""
    along = "top" if v < 1 / 3 else "bottom" if v > 2 / 3 else ""
    return " ".join(part for part in (along, across) if part) or "middle"


def _inside(polygon: Polygon, x: float, y: float) -> bool:
    """Even-odd rule."""
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside

"""Points in polygons, feet over lines, and what is wrong with a drawn polygon. Normalised picture coordinates, y down.

A point on a zone's edge is inside: boxes are clipped to the picture, so a person cut off by its bottom edge has the
foot at y = 1.0, exactly where many zones end. The even-odd rule is Shimrat's (CACM Algorithm 112, 1962).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

EDGE = 1e-6
"""Width of an edge, in pictures. Feet come from float32 boxes (spacing 6e-8 near 1), zones from decimal text."""

Polygon = Sequence[tuple[float, float]]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class ZoneIndex:
    """Many polygons tested at once: exact, with bounding boxes to skip what cannot be inside."""

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        widest = max((len(p) for p in polygons), default=1)
        corners = [_padded(polygon, widest) for polygon in polygons]
        a = np.array(corners, np.float64).reshape(len(corners), widest, 2)
        self._a: Floats = a  # (Z, K, 2) where each edge starts
        self._d = np.roll(a, -1, axis=1) - a
        with np.errstate(divide="ignore", invalid="ignore"):
            self._slope = np.where(self._d[..., 1] == 0.0, 0.0, self._d[..., 0] / self._d[..., 1])
            length2 = (self._d**2).sum(-1)
            self._inverse = np.where(length2 == 0.0, 0.0, 1.0 / length2)
        self._low = a.min(axis=1) - EDGE
        self._high = a.max(axis=1) + EDGE

    def __len__(self) -> int:
        return len(self._a)

    def inside(self, points: Floats) -> Bools:
        """Which points (N, 2) lie in which polygon, edges included: bool (Z, N)."""
        x, y = points[:, 0], points[:, 1]
        result: Bools = (x >= self._low[:, :1]) & (x <= self._high[:, :1])
        result &= (y >= self._low[:, 1:]) & (y <= self._high[:, 1:])
        zone, point = np.nonzero(result)
        if len(zone):
            result[zone, point] = self._contains(zone, x[point, None], y[point, None])
        return result

    def _contains(self, zone: NDArray[np.intp], x: Floats, y: Floats) -> Bools:
        dx, dy = self._d[zone, :, 0], self._d[zone, :, 1]  # (P, K)
        px, py = x - self._a[zone, :, 0], y - self._a[zone, :, 1]
        straddles = (py < 0.0) != (py < dy)
        crossed = straddles & (px < py * self._slope[zone])
        along = np.clip((px * dx + py * dy) * self._inverse[zone], 0.0, 1.0)
        on_edge = (px - along * dx) ** 2 + (py - along * dy) ** 2 <= EDGE * EDGE
        inside: Bools = (np.count_nonzero(crossed, axis=1) % 2 == 1) | on_edge.any(axis=1)
        return inside


def inside(points: ArrayLike, polygon: Polygon) -> Bools:
    """Which of the points (N, 2) lie in the polygon (K, 2), K >= 3, edges included: bool (N,); empty in, empty out."""
    result: Bools = ZoneIndex([polygon]).inside(np.asarray(points, np.float64).reshape(-1, 2))[0]
    return result


class Polyline:
    """A directed line of K >= 2 points that feet may cross, or a route's middle that they may leave."""

    def __init__(self, points: Polygon) -> None:
        corners = np.asarray(points, np.float64).reshape(-1, 2)
        if len(corners) < 2 or not np.isfinite(corners).all() or not (np.diff(corners, axis=0) != 0).any(axis=1).all():
            raise ValueError(f"a line needs at least two points, each unlike the one before, not {list(points)}")
        self._a = corners[:-1]  # (K-1, 2)
        self._d = np.diff(corners, axis=0)
        self._length = np.hypot(self._d[:, 0], self._d[:, 1])

    def touches(self, points: Floats) -> Bools:
        """Which points (N, 2) lie on the line, within the width of an edge: bool (N,)."""
        return self.distance(points, aspect=1.0) <= EDGE

    def distance(self, points: Floats, *, aspect: float) -> Floats:
        """Distance of each point (N, 2) to the line, float64 (N,), in picture heights."""
        scale = np.array((aspect, 1.0))
        a, d = self._a * scale, self._d * scale
        p = points[:, None, :] * scale - a  # (N, K-1, 2)
        along = np.clip((p * d).sum(-1) / (d * d).sum(-1), 0.0, 1.0)
        gap = p - along[..., None] * d
        result: Floats = np.sqrt((gap * gap).sum(-1)).min(axis=1)
        return result

    def crossings(self, start: Floats, end: Floats) -> NDArray[np.int64]:
        """Net crossings of the steps start -> end, (N, 2) each: int64 (N,), +1 to the right, -1 to the left, 0 none.

        Right and left are those of a viewer who looks along the line from its first point to its last:

            first ----> last        a step down the picture ends on the right, one up the picture on the left
              left = up, right = down                  (y grows downwards)

        A step that ends on the line has not crossed it, nor has one that passes beyond the line's ends.
        """
        step = (end - start)[:, None, :]  # (N, 1, 2)
        before = self._side(start)  # (N, K-1)
        after = self._side(end)
        away = self._a - start[:, None, :]
        turn_a = step[..., 0] * away[..., 1] - step[..., 1] * away[..., 0]
        turn_b = turn_a + step[..., 0] * self._d[:, 1] - step[..., 1] * self._d[:, 0]
        between = (turn_a <= 0.0) != (turn_b <= 0.0)
        between[:, 0] |= turn_a[:, 0] == 0.0
        between[:, -1] |= turn_b[:, -1] == 0.0
        hit = (before * after < 0) & between
        result: NDArray[np.int64] = np.where(hit, after, 0).sum(axis=1)
        return result

    def _side(self, points: Floats) -> NDArray[np.int64]:
        """Side of each segment's carrier on which each point lies: int64 (N, K-1), 1 right, -1 left, 0 on it."""
        p = points[:, None, :] - self._a
        signed = (self._d[:, 0] * p[..., 1] - self._d[:, 1] * p[..., 0]) / self._length
        return (signed > EDGE).astype(np.int64) - (signed < -EDGE)


def lint(polygon: Polygon) -> list[str]:
    """What is wrong with a zone's polygon, one sentence each; nothing when it can be used."""
    points = [(float(x), float(y)) for x, y in polygon]
    if any(not (math.isfinite(x) and math.isfinite(y)) for x, y in points):
        return ["a coordinate is not a number"]
    faults = [
        f"point {n} {list(p)} lies outside the picture: x and y must be between 0 and 1"
        for n, p in enumerate(points, 1)
        if not (0.0 <= p[0] <= 1.0 and 0.0 <= p[1] <= 1.0)
    ]
    if len(points) < 3:
        return [*faults, f"a polygon needs at least 3 points, not {len(points)}"]
    first: dict[tuple[float, float], int] = {}
    repeated = [
        f"point {n} {list(p)} repeats point {first[p]}: each point is given once, the last not joined to the first"
        for n, p in enumerate(points, 1)
        if first.setdefault(p, n) != n
    ]
    if repeated:
        return faults + repeated
    if all(_turn(points[0], points[1], p) == 0.0 for p in points[2:]):
        return [*faults, "its points lie on one line: it has no area"]
    return faults + _self_crossings(points)


def _self_crossings(points: list[tuple[float, float]]) -> list[str]:
    edges = list(pairwise([*points, points[0]]))
    k = len(edges)
    return [
        f"it crosses or touches itself: edge {i + 1}-{(i + 1) % k + 1} meets edge {j + 1}-{(j + 1) % k + 1}"
        for i in range(k)
        for j in range(i + 1, k)
        if _edges_meet(*edges[i], *edges[j], neighbours=j == i + 1 or (i == 0 and j == k - 1))
    ]


def _edges_meet(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float], *, neighbours: bool
) -> bool:
    """Do edges ab and cd share a point? Of neighbours, which share a corner anyway: do they fold back on each other?"""
    if neighbours:
        corner, far_1, far_2 = (b, a, d) if b == c else (a, b, c)
        folded = (far_1[0] - corner[0]) * (far_2[0] - corner[0]) + (far_1[1] - corner[1]) * (far_2[1] - corner[1])
        return _turn(corner, far_1, far_2) == 0.0 and folded > 0.0
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0.0 and turns[2] * turns[3] < 0.0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0.0 and _between(*end) for turn, end in zip(turns, ends, strict=True))


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Twice the area of triangle abc, 0 where its points lie on one line to within rounding."""
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0.0 if abs(value) < 1e-12 else value


def _between(a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]) -> bool:
    return min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])


def _padded(polygon: Polygon, length: int) -> list[tuple[float, float]]:
    """The polygon with its last point repeated: edges of no length, which nothing crosses."""
    points = [(float(x), float(y)) for x, y in polygon]
    return points + [points[-1]] * (length - len(points))

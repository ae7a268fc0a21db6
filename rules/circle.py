"""Does somebody stay within a circle? The trail of a stay, cut to the part that fits into one of a given radius.

The smallest circle around points is found by Welzl's move-to-front method ("Smallest enclosing disks", LNCS 555, 1991):
exact, and in expected time linear in the points.
"""

from __future__ import annotations

import math

from rules.view import Moment

Point = tuple[float, float]

STRIDE_BH = 0.05
"""A point is kept once somebody has moved so far: below the jitter of boxes, and little to remember of who stands."""

ROUNDING = 1e-9


class Trail:
    """Where somebody has been, (t, pts, utc, run, x, y, height, bridged_s) a point, x in picture heights."""

    __slots__ = ("points",)

    def __init__(self, points: list[list[float]]) -> None:
        self.points = points

    @property
    def start(self) -> Moment:
        """Since when they have been within the circle."""
        t, pts, utc, run_id = self.points[0][:4]
        return Moment(t, pts, utc, int(run_id))

    @property
    def bridged_s(self) -> float:
        """How much of the stay had been bridged when they came into the circle."""
        return self.points[0][7]

    def place(self, aspect: float) -> Point:
        return self.points[0][4] / aspect, self.points[0][5]

    def add(self, moment: Moment, foot: Point, *, height: float, aspect: float, bridged_s: float) -> bool:
        """The foot on this frame; False where it has hardly moved and is not kept."""
        x, y = foot[0] * aspect, foot[1]
        if self.points:
            last = self.points[-1]
            if math.hypot(x - last[4], y - last[5]) < STRIDE_BH * height and bridged_s == last[7]:
                return False
        self.points.append([*moment, x, y, height, bridged_s])
        return True

    def slide(self, radius_bh: float) -> bool:
        """Forget the earliest points until the rest fit into the circle; True if any were forgotten."""
        fits = len(self.points) - 1  # a single point always fits
        if self._fits(0, radius_bh):
            return False
        misses = 0
        while fits - misses > 1:
            middle = (fits + misses) // 2
            if self._fits(middle, radius_bh):
                fits = middle
            else:
                misses = middle
        del self.points[:fits]
        return True

    def _fits(self, start: int, radius_bh: float) -> bool:
        points = self.points[start:]
        height = sum(p[6] for p in points) / len(points)
        return enclosing_radius([(p[4], p[5]) for p in points]) <= radius_bh * height + ROUNDING


def enclosing_radius(points: list[Point]) -> float:
    """Radius of the smallest circle around the points; 0 for one point."""
    centre, radius = points[0], 0.0
    for i, p in enumerate(points):
        if _outside(p, centre, radius):
            centre, radius = p, 0.0
            for j, q in enumerate(points[:i]):
                if _outside(q, centre, radius):
                    centre, radius = _through_two(p, q)
                    for r in points[:j]:
                        if _outside(r, centre, radius):
                            centre, radius = _through_three(p, q, r)
    return radius


def _outside(p: Point, centre: Point, radius: float) -> bool:
    return math.hypot(p[0] - centre[0], p[1] - centre[1]) > radius + ROUNDING


def _through_two(p: Point, q: Point) -> tuple[Point, float]:
    return ((p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0), math.hypot(p[0] - q[0], p[1] - q[1]) / 2.0


def _through_three(p: Point, q: Point, r: Point) -> tuple[Point, float]:
    """Circle through three points; of three on a line, the one around the two furthest apart."""
    ax, ay, bx, by = q[0] - p[0], q[1] - p[1], r[0] - p[0], r[1] - p[1]
    d = 2.0 * (ax * by - ay * bx)
    if abs(d) < 1e-15:
        return max((_through_two(p, q), _through_two(p, r), _through_two(q, r)), key=lambda circle: circle[1])
    a2, b2 = ax * ax + ay * ay, bx * bx + by * by
    ux, uy = (by * a2 - ay * b2) / d, (ax * b2 - bx * a2) / d
    return (p[0] + ux, p[1] + uy), math.hypot(ux, uy)

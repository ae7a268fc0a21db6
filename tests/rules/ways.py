"""Scripted ways of walking."""

from __future__ import annotations

from itertools import pairwise

from tests.rules.film import Person, Script


def along(*points: tuple[float, float, float], track_id: int = 1) -> Script:
    """Straight lines between (t, x, y) points, seen from the first to the last."""

    def at(t: float) -> list[Person]:
        for (t0, x0, y0), (t1, x1, y1) in pairwise(points):
            if t0 - 1e-9 <= t <= t1 + 1e-9:
                share = (t - t0) / (t1 - t0)
                return [Person(track_id, x0 + share * (x1 - x0), y0 + share * (y1 - y0))]
        return []

    return at

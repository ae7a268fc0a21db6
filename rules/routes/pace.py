"""How fast people usually are at a place: a mean and a spread of log speed per coarse cell, shrunk to the scene's."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rules.routes.scene import STEP

CELL = 0.05
PRIOR = 8.0
"""Nodes' worth of belief in the whole scene's pace before a cell's own is believed."""
SLOWEST_S, FASTEST_S = 1e4, 1e-3
"""Step times outside this say nothing about a pace (a track that was stood still for hours, or repeated times)."""


class Pace:
    """Sums of log speed; adding and removing a track are exact opposites."""

    __slots__ = ("_cells", "_total")

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], tuple[float, float, float]] = {}
        self._total = (0.0, 0.0, 0.0)

    @classmethod
    def built(cls, walks: Iterable[NDArray[np.float64]]) -> Pace:
        """All walks at once."""
        pace = cls()
        for walk in walks:
            pace.add(walk)
        return pace

    @classmethod
    def loaded(cls, cells: NDArray[np.int64], sums: NDArray[np.float64]) -> Pace:
        """What `dump` gave."""
        pace = cls()
        rows = [(count, total, square) for count, total, square in sums.tolist()]
        pace._total = rows[0]
        pace._cells = {(x, y): row for (x, y), row in zip(cells.tolist(), rows[1:], strict=True)}
        return pace

    def dump(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Cells int64 (K, 2), and sums float64 (K + 1, 3): count, total, squares; first those of the whole scene."""
        keys = sorted(self._cells)
        sums = [self._total, *(self._cells[key] for key in keys)]
        return np.array(keys, np.int64).reshape(-1, 2), np.array(sums, np.float64)

    def add(self, walk: NDArray[np.float64], *, sign: float = 1.0) -> None:
        """Learn a walk's paces, or with `sign` -1 forget them; nodes float64 (M, 5)."""
        for x, y, _, step_s, _ in walk.tolist():
            if FASTEST_S < step_s < SLOWEST_S:
                speed = math.log(STEP / step_s)
                key = (int(x // CELL), int(y // CELL))
                self._cells[key] = _plus(self._cells.get(key, (0.0, 0.0, 0.0)), speed, sign)
                self._total = _plus(self._total, speed, sign)

    def deviation(self, x: float, y: float, step_s: float) -> float:
        """How many spreads this step's log speed lies above (below: negative) what is usual here; 0 where unknown."""
        count, total, square = self._total
        if not FASTEST_S < step_s < SLOWEST_S or count < 2.0:
            return 0.0
        mean = total / count
        spread2 = max(square / count - mean * mean, 1e-4)
        n, s, q = self._cells.get((int(x // CELL), int(y // CELL)), (0.0, 0.0, 0.0))
        n += PRIOR
        local = (s + PRIOR * mean) / n
        variance = max((q + PRIOR * (spread2 + mean * mean)) / n - local * local, 1e-4)
        return (math.log(STEP / step_s) - local) / math.sqrt(variance)

    def usual_speed(self) -> float:
        """The scene's geometric mean speed, extents per second; 0 where nothing is known."""
        count, total, _ = self._total
        return math.exp(total / count) if count >= 1.0 else 0.0


def _plus(sums: tuple[float, float, float], value: float, sign: float) -> tuple[float, float, float]:
    return (sums[0] + sign, sums[1] + sign * value, sums[2] + sign * value * value)

"""In which words a track is unusual: the corridor it left, where, when and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.routes.corridor import Corridor, along

KEPT = 256
"""Nodes of a path that are kept for the explanation; a longer one is thinned."""
AGREES = 0.3
"""Cosine between walking direction and corridor from which one walks along it, not across."""

BACKWARDS = 0.8
"""A corridor walked backwards counts so much of one walked forwards: two-way routes are two corridors on one ground."""


class Trail:
    """Where one track has been, bounded: when full, every second place is dropped."""

    __slots__ = ("_every", "_seen", "places")

    def __init__(self) -> None:
        self.places: list[tuple[float, float, float]] = []
        self._every = 1
        self._seen = 0

    def add(self, x: float, y: float, t: float) -> None:
        """Note a node's place and time."""
        if self._seen % self._every == 0:
            self.places.append((x, y, t))
            if len(self.places) > KEPT:
                self.places = self.places[::2]
                self._every *= 2
        self._seen += 1


@dataclass(frozen=True, slots=True)
class Departure:
    """How a trail stands to the corridor it followed longest. `off` is beyond the corridor's edge, input units."""

    corridor: Corridor
    backwards: bool
    left: tuple[float, float, float] | None
    off: float


def departure(trail: Sequence[tuple[float, float, float]], flows: Sequence[Corridor]) -> Departure | None:
    """The corridor that the trail (x, y, t in input units) kept to longest, forwards or backwards; None without any."""
    if len(trail) < 2 or not flows:
        return None
    path = np.array(trail)
    heading = np.diff(path[:, :2], axis=0, prepend=path[:1, :2] * 2 - path[1:2, :2])
    pace = np.maximum(np.hypot(heading[:, 0], heading[:, 1]), 1e-12)
    best: Departure | None = None
    longest = -math.inf
    for flow in flows:
        distance, direction = along(path[:, :2], flow.line)
        agreement = (direction * heading).sum(axis=1) / pace
        for backwards in (False, True):
            agrees = (-agreement if backwards else agreement) >= AGREES
            kept = np.flatnonzero((distance <= flow.half_width) & agrees)
            merit = (BACKWARDS if backwards else 1.0) * len(kept) - 1e-3 * float(distance.min()) / flow.half_width
            if merit > longest:
                longest = merit
                best = _departure(flow, backwards, path, distance, kept)
    return best


def _departure(
    flow: Corridor, backwards: bool, path: NDArray[np.float64], distance: NDArray[np.float64], kept: NDArray[np.int64]
) -> Departure:
    last = int(kept[-1]) if len(kept) else -1
    after = distance[last + 1 :]
    off = max(0.0, float(after.max()) - flow.half_width) if len(after) else 0.0
    left = (float(path[last, 0]), float(path[last, 1]), float(path[last, 2])) if last >= 0 and len(after) else None
    return Departure(flow, backwards, left, off)

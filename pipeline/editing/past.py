"""What a camera has seen: where feet were, which ways they went, and how tall people are there. For the editor's
background and its lint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.types import Tracks
from rules.types import PERSON

GRID = (64, 36)
"""Columns and rows of the heat map."""
ENOUGH = 30
"""People's heights in a row of the grid from which its median is told."""
HEIGHTS_KEPT = 200
PATHS = 150
"""Ways that are shown, taken evenly over the time."""
LEAST_STEPS = 5
MOST_STEPS = 24
"""Points of one way: a second apart or more."""
ONCE_S = 0.99
"""Once a second, whatever a sum of tenths makes of it."""


@dataclass(frozen=True, slots=True)
class Past:
    """`heat` rows of counts of feet, each person once a second and cell; `height_of_row` the median height of whoever
    stands in that row, in picture heights, None where too few did; `tracks` how many people there were; `paths` some of
    their ways, feet from first to last, normalised."""

    heat: list[list[int]]
    height_of_row: list[float | None]
    tracks: int
    paths: list[list[tuple[float, float]]]
    since_utc: float | None
    until_utc: float | None

    def value(self) -> dict[str, Any]:
        return {
            "columns": GRID[0], "rows": GRID[1], "heat": self.heat, "height_of_row": self.height_of_row,
            "tracks": self.tracks, "paths": self.paths, "since_utc": self.since_utc, "until_utc": self.until_utc,
        }  # fmt: skip


def look_back(frames: Iterable[Tracks]) -> Past:
    """Gather a camera's past from its track log, once a second."""
    heat = np.zeros((GRID[1], GRID[0]), np.int64)
    heights: list[list[float]] = [[] for _ in range(GRID[1])]
    people: set[tuple[int, int]] = set()
    ways = Ways()
    counted_utc = since_utc = until_utc = None
    for tracks in frames:
        since_utc = tracks.utc if since_utc is None else since_utc
        until_utc = tracks.utc
        if counted_utc is not None and 0.0 <= tracks.utc - counted_utc < ONCE_S:
            continue
        counted_utc = tracks.utc
        seen = tracks.observed & (tracks.class_id == PERSON)
        if not seen.any():
            continue
        column, row = _cells(tracks.foot[seen])
        np.add.at(heat, (row, column), 1)
        box = tracks.xyxy[seen]
        for place, top, bottom in zip(row.tolist(), box[:, 1].tolist(), box[:, 3].tolist(), strict=True):
            if len(heights[place]) < HEIGHTS_KEPT and bottom < 0.995:
                heights[place].append(bottom - top)
        feet = zip(tracks.track_id[seen].tolist(), tracks.foot[seen].tolist(), strict=True)
        for track_id, (x, y) in feet:
            people.add((tracks.run_id, track_id))
            ways.step((tracks.run_id, track_id), (round(x, 4), round(y, 4)))
    medians = [round(float(np.median(some)), 4) if len(some) >= ENOUGH else None for some in heights]
    return Past(heat.tolist(), medians, len(people), ways.some(), since_utc, until_utc)


class Ways:
    """Feet of people, second by second. Of many people fewer and fewer are kept, evenly over the time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], list[tuple[float, float]]] = {}
        self._passed: set[tuple[int, int]] = set()
        self._every = 1
        self._count = 0

    def step(self, who: tuple[int, int], foot: tuple[float, float]) -> None:
        """Somebody stands here now."""
        if who in self._passed:
            return
        if who not in self._kept:
            self._count += 1
            if self._count % self._every:
                self._passed.add(who)
                return
            self._kept[who] = []
            self._thin()
        self._kept.setdefault(who, []).append(foot)

    def some(self) -> list[list[tuple[float, float]]]:
        """At most `PATHS` ways that were long enough to be one."""
        long = [way for way in self._kept.values() if len(way) >= LEAST_STEPS]
        chosen = [long[i * len(long) // PATHS] for i in range(PATHS)] if len(long) > PATHS else long
        return [_fewer(way) for way in chosen]

    def _thin(self) -> None:
        if len(self._kept) > 20 * PATHS:
            for who in list(self._kept)[1::2]:
                del self._kept[who]
                self._passed.add(who)
            self._every *= 2


def _fewer(way: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """From first to last, in even steps."""
    if len(way) <= MOST_STEPS:
        return way
    return [way[i * (len(way) - 1) // (MOST_STEPS - 1)] for i in range(MOST_STEPS)]


def _cells(foot: Any) -> tuple[Any, Any]:
    column = np.clip((foot[:, 0] * GRID[0]).astype(np.int64), 0, GRID[0] - 1)
    row = np.clip((foot[:, 1] * GRID[1]).astype(np.int64), 0, GRID[1] - 1)
    return column, row

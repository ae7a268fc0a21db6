"""What a camera has seen: where feet were, and how tall people are there. For the editor's background and its lint."""

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
ONCE_S = 0.99
"""Once a second, whatever a sum of tenths makes of it."""


@dataclass(frozen=True, slots=True)
class Past:
    """`heat` rows of counts of feet, each person once a second and cell; `height_of_row` the median height of whoever
    stands in that row, in picture heights, None where too few did; `tracks` how many people there were."""

    heat: list[list[int]]
    height_of_row: list[float | None]
    tracks: int
    since_utc: float | None
    until_utc: float | None

    def value(self) -> dict[str, Any]:
        return {
            "columns": GRID[0], "rows": GRID[1], "heat": self.heat, "height_of_row": self.height_of_row,
            "tracks": self.tracks, "since_utc": self.since_utc, "until_utc": self.until_utc,
        }  # fmt: skip


def look_back(frames: Iterable[Tracks]) -> Past:
    """Gather a camera's past from its track log, once a second."""
    heat = np.zeros((GRID[1], GRID[0]), np.int64)
    heights: list[list[float]] = [[] for _ in range(GRID[1])]
    people: set[tuple[int, int]] = set()
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
        people.update((tracks.run_id, track_id) for track_id in tracks.track_id[seen].tolist())
    medians = [round(float(np.median(some)), 4) if len(some) >= ENOUGH else None for some in heights]
    return Past(heat.tolist(), medians, len(people), since_utc, until_utc)


def _cells(foot: Any) -> tuple[Any, Any]:
    column = np.clip((foot[:, 0] * GRID[0]).astype(np.int64), 0, GRID[0] - 1)
    row = np.clip((foot[:, 1] * GRID[1]).astype(np.int64), 0, GRID[1] - 1)
    return column, row

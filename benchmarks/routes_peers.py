"""The published scorers that learned routes are compared with, written small: tracks as 32 points by arc length.

SHNN-CAD: Laxhammar & Falkman, IEEE TPAMI 36(6), 2014; forward window: Guo & Bardera, Sensors 19(1):84, 2019. A scorer
gives the running score of every prefix of a track, or, where it needs the whole track, that of the whole at its end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.routes_injected import even
from rules.routes import Track

Floats = NDArray[np.float64]
Scorer = Callable[[Track], Floats]
POINTS = 32
HEADING = 0.1
WINDOW = 0.25
GRID, HEADINGS = 20, 8


class Shape:
    """Tracks as (32, 2) places in [0, 1] or so: by the training set's extent."""

    def __init__(self, tracks: list[Track]) -> None:
        places = np.concatenate([track.xy for track in tracks])
        self.low = places.min(axis=0)
        self.extent = float((places.max(axis=0) - self.low).max())

    def __call__(self, track: Track) -> Floats:
        shape: Floats = (even(track.xy, np.linspace(0, 1, POINTS)) - self.low) / self.extent
        return shape


def with_heading(shape: Floats, weight: float) -> Floats:
    """Places, and the unit heading times a weight as two more coordinates."""
    step = np.gradient(shape, axis=-2)
    return np.concatenate((shape, weight * step / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-9)), -1)


def two_least(distance: Floats) -> Floats:
    """Sum of the two smallest along the first axis."""
    least: Floats = np.partition(distance, 1, axis=0)[:2].sum(axis=0)
    return least


def directed_hausdorff(train: list[Track], *, heading: float = 0.0, window: float | None = None) -> Scorer:
    """Sum of the two smallest directed Hausdorff distances from the prefix; `window` only moves forward along each."""
    shape = Shape(train)
    form = (lambda track: with_heading(shape(track), heading)) if heading else shape
    known = np.array([form(track) for track in train])

    def score(track: Track) -> Floats:
        apart = np.sqrt(((known[:, None] - form(track)[None, :, None]) ** 2).sum(axis=3))  # (N, 32, 32)
        reach = POINTS if window is None else max(1, round(window * POINTS))
        nearest = apart.min(axis=2) if window is None else _forward(apart, reach)
        return np.maximum.accumulate(two_least(np.maximum.accumulate(nearest, axis=1)))

    return score


def _forward(apart: Floats, reach: int) -> Floats:
    """Nearest distance at each point where the match along a training track may only move on, so far at a time."""
    count = len(apart)
    nearest = np.empty(apart.shape[:2])
    at = apart[:, 0].argmin(axis=1)
    nearest[:, 0] = apart[np.arange(count), 0, at]
    for i in range(1, apart.shape[1]):
        ahead = np.minimum(at[:, None] + np.arange(reach), POINTS - 1)
        seen = np.take_along_axis(apart[:, i], ahead, axis=1)
        best = seen.argmin(axis=1)
        at = ahead[np.arange(count), best]
        nearest[:, i] = seen[np.arange(count), best]
    return nearest


def nearest_neighbour(train: list[Track], kind: str) -> Scorer:
    """Mean distance of the two nearest whole tracks: `hausdorff`, `dtw` or `l2`."""
    shape = Shape(train)
    known = np.array([shape(track) for track in train])

    def score(track: Track) -> Floats:
        whole = shape(track)
        if kind == "l2":
            distance = np.sqrt(((known - whole) ** 2).sum(axis=2)).mean(axis=1)
        else:
            apart = np.sqrt(((known[:, None] - whole[None, :, None]) ** 2).sum(axis=3))
            both = np.maximum(apart.min(axis=1).max(axis=1), apart.min(axis=2).max(axis=1))
            distance = both if kind == "hausdorff" else _warped(apart)
        return np.concatenate((np.full(POINTS - 1, -np.inf), [two_least(distance)]))

    return score


def _warped(apart: Floats) -> Floats:
    """Dynamic time warping cost of each training track, (N,)."""
    row = np.cumsum(apart[:, 0], axis=1)
    for i in range(1, apart.shape[1]):
        new = np.empty_like(row)
        new[:, 0] = row[:, 0] + apart[:, i, 0]
        for j in range(1, apart.shape[2]):
            new[:, j] = apart[:, i, j] + np.minimum(np.minimum(row[:, j], row[:, j - 1]), new[:, j - 1])
        row = new
    return row[:, -1]


def grid_by_direction(train: list[Track]) -> Scorer:
    """Least smoothed count of tracks per cell and heading, over windows of four points."""
    shape = Shape(train)
    count = np.zeros((GRID + 2, GRID + 2, HEADINGS))

    def cells(track: Track) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        whole = shape(track)
        step = np.diff(whole, axis=0)
        cell = np.floor((whole[1:] + whole[:-1]) / 2 * GRID).astype(int).clip(-1, GRID) + 1
        heading = np.round(np.arctan2(step[:, 1], step[:, 0]) / (2 * np.pi / HEADINGS)).astype(int) % HEADINGS
        return cell[:, 0], cell[:, 1], heading

    for track in train:
        count[tuple(np.unique(np.array(cells(track)), axis=1))] += 1
    count = count + 0.5 * (np.roll(count, 1, 2) + np.roll(count, -1, 2))
    for axis in (0, 1):
        count = count + 0.5 * (np.roll(count, 1, axis) + np.roll(count, -1, axis))

    def score(track: Track) -> Floats:
        surprise = -np.log(count[cells(track)] + 0.1)
        total = np.concatenate(([0.0], np.cumsum(surprise)))
        mean = (total[4:] - total[:-4]) / 4
        return np.maximum.accumulate(np.concatenate((np.full(4, -np.inf), mean)))

    return score


PEERS: dict[str, Callable[[list[Track]], Scorer]] = {
    "SHNN-CAD (DH, k=2)": directed_hausdorff,
    "SHNN-CAD + heading (w=.1)": lambda train: directed_hausdorff(train, heading=HEADING),
    "DH forward window (SHNN-CAD+ style)": lambda train: directed_hausdorff(train, window=WINDOW),
    "kNN Hausdorff": lambda train: nearest_neighbour(train, "hausdorff"),
    "kNN DTW": lambda train: nearest_neighbour(train, "dtw"),
    "kNN mean L2": lambda train: nearest_neighbour(train, "l2"),
    "grid x direction": grid_by_direction,
}

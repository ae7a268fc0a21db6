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
Singles = NDArray[np.float32]
Scorer = Callable[[Track], Floats]
POINTS = 32
HEADING = 0.1
WINDOW = 0.25
GRID, HEADINGS = 20, 8


class Shape:
    """Tracks as float32 (32, 2) places in [0, 1] or so, by the training set's extent, and how far they lie apart.

    The methods share what was worked out for the track asked last: distances are nearly all of their time.
    """

    def __init__(self, tracks: list[Track]) -> None:
        places = np.concatenate([track.xy for track in tracks])
        self.low = places.min(axis=0)
        self.extent = float((places.max(axis=0) - self.low).max())
        self.known = np.array([self(track) for track in tracks])
        self._known = {weight: with_heading(self.known, weight) for weight in (0.0, HEADING)}
        self._last: Track | None = None
        self._apart: dict[float, Singles] = {}

    def __call__(self, track: Track) -> Singles:
        shape = (even(track.xy, np.linspace(0, 1, POINTS)) - self.low) / self.extent
        return shape.astype(np.float32)

    def apart(self, track: Track, *, heading: float = 0.0) -> Singles:
        """Distances (N, 32, 32) of the points of all N training tracks, first, from those of this one."""
        if track is not self._last:
            self._last, self._apart = track, {}
        if heading not in self._apart:
            form, known = with_heading(self(track), heading), self._known[heading]
            inner = known.reshape(-1, known.shape[2]) @ form.T
            square = (known * known).sum(axis=2)[..., None] + (form * form).sum(axis=1)
            np.subtract(square, 2.0 * inner.reshape(square.shape), out=square)
            self._apart[heading] = np.sqrt(np.maximum(square, 0.0, out=square), out=square)
        return self._apart[heading]


def with_heading(shape: Singles, weight: float) -> Singles:
    """Places, and the unit heading times a weight as two more coordinates."""
    if not weight:
        return shape
    step = np.gradient(shape, axis=-2)
    unit = step / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-9)
    return np.concatenate((shape, weight * unit), -1).astype(np.float32)


def two_least(distance: Floats) -> Floats:
    """Sum of the two smallest along the first axis."""
    least: Floats = np.partition(distance, 1, axis=0)[:2].sum(axis=0)
    return least


def directed_hausdorff(shape: Shape, *, heading: float = 0.0, window: float | None = None) -> Scorer:
    """Sum of the two smallest directed Hausdorff distances from the prefix; `window` only moves forward along each."""

    def score(track: Track) -> Floats:
        # (N, of this track, of a training track), as a prefix is asked for what is nearest to each of its points
        apart = shape.apart(track, heading=heading).transpose(0, 2, 1)
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


def nearest_neighbour(shape: Shape, kind: str) -> Scorer:
    """Mean distance of the two nearest whole tracks: `hausdorff`, `dtw` or `l2`."""

    def score(track: Track) -> Floats:
        apart = shape.apart(track)
        if kind == "l2":
            distance = apart.diagonal(axis1=1, axis2=2).mean(axis=1)
        elif kind == "dtw":
            distance = _warped(apart)
        else:
            distance = np.maximum(apart.min(axis=1).max(axis=1), apart.min(axis=2).max(axis=1))
        return np.concatenate((np.full(POINTS - 1, -np.inf), [two_least(distance)]))

    return score


def _warped(apart: Singles) -> Floats:
    """Dynamic time warping cost of each training track, (N,)."""
    cost = np.ascontiguousarray(apart.transpose(1, 2, 0))  # (32, 32, N)
    row = np.cumsum(cost[0], axis=0)
    for ahead in cost[1:]:
        least = np.minimum(row[1:], row[:-1])
        row[0] += ahead[0]
        for j in range(1, len(row)):
            np.minimum(least[j - 1], row[j - 1], out=row[j])
            row[j] += ahead[j]
    last: Floats = row[-1]
    return last


def grid_by_direction(shape: Shape) -> Scorer:
    """Least smoothed count of tracks per cell and heading, over windows of four points."""
    count = np.zeros((GRID + 2, GRID + 2, HEADINGS))

    def cells(whole: Singles) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        step = np.diff(whole, axis=0)
        cell = np.floor((whole[1:] + whole[:-1]) / 2 * GRID).astype(int).clip(-1, GRID) + 1
        heading = np.round(np.arctan2(step[:, 1], step[:, 0]) / (2 * np.pi / HEADINGS)).astype(int) % HEADINGS
        return cell[:, 0], cell[:, 1], heading

    for whole in shape.known:
        count[tuple(np.unique(np.array(cells(whole)), axis=1))] += 1
    count = count + 0.5 * (np.roll(count, 1, 2) + np.roll(count, -1, 2))
    for axis in (0, 1):
        count = count + 0.5 * (np.roll(count, 1, axis) + np.roll(count, -1, axis))

    def score(track: Track) -> Floats:
        surprise = -np.log(count[cells(shape(track))] + 0.1)
        total = np.concatenate(([0.0], np.cumsum(surprise)))
        mean = (total[4:] - total[:-4]) / 4
        return np.maximum.accumulate(np.concatenate((np.full(4, -np.inf), mean)))

    return score


PEERS: dict[str, Callable[[Shape], Scorer]] = {
    "SHNN-CAD (DH, k=2)": directed_hausdorff,
    "SHNN-CAD + heading (w=.1)": lambda shape: directed_hausdorff(shape, heading=HEADING),
    "DH forward window (SHNN-CAD+ style)": lambda shape: directed_hausdorff(shape, window=WINDOW),
    "kNN Hausdorff": lambda shape: nearest_neighbour(shape, "hausdorff"),
    "kNN DTW": lambda shape: nearest_neighbour(shape, "dtw"),
    "kNN mean L2": lambda shape: nearest_neighbour(shape, "l2"),
    "grid x direction": grid_by_direction,
}

"""Which detection is whom: the most likely one-to-one explanation of a frame.

A pair's cost is minus the logarithm of how much likelier it is that this track gave this detection than that somebody
new did (Blackman & Popoli, "Design and Analysis of Modern Tracking Systems", 1999, ch. 6). Zero is therefore the gate:
a track with a tight prediction takes a detection only close by, one that was hidden for seconds may take it from
further off, but never wins it against a track that predicted it better.
"""

from __future__ import annotations

import lap
import numpy as np
from numpy.typing import NDArray

from pipeline.track.kalman import Motion

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TAIL = 4.0
"""Degrees of freedom of the Student t by which boxes err: a half-hidden person's box is off by many sigma at times."""


def surprise(motion: Motion, at: Floats, var: Floats) -> Floats:
    """Minus log-likelihood of measurements `at` (4, M) of variance `var` (4, M) under N tracks: float64 (N, M).

    Positions count in body heights of the track, so that near and far people are judged alike.
    """
    distance: Floats = np.zeros((len(motion), at.shape[1]))
    volume: Floats = np.ones_like(distance)
    for axis in range(4):
        spread = motion.at_var[axis][:, None] + var[axis][None, :]
        off = at[axis][None, :] - motion.at[axis][:, None]
        distance += off * off / spread
        volume *= spread
    per_bh = 2 * motion.at[3][:, None] - 2 * np.log(2 * np.pi)
    total: Floats = (TAIL + 4) / 2 * np.log1p(distance / TAIL) + np.log(volume) / 2 - per_bh
    return total


def assign(cost: Floats) -> tuple[Ints, Ints]:
    """Rows and columns of the one-to-one pairing of least total cost, costs of zero and above left out."""
    wanted = cost < 0
    if not wanted.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    row, column = np.nonzero(wanted)
    alone = (wanted.sum(axis=1)[row] == 1) & (wanted.sum(axis=0)[column] == 1)
    if alone.all():
        return row, column
    rows, columns = np.unique(row[~alone]), np.unique(column[~alone])
    part = np.minimum(cost[np.ix_(rows, columns)], 0.0)
    _, chosen, _ = lap.lapjv(part, extend_cost=True)
    at = np.flatnonzero(chosen >= 0)
    at = at[part[at, chosen[at]] < 0]
    return np.concatenate((row[alone], rows[at])), np.concatenate((column[alone], columns[chosen[at]]))


def iou(one: Floats, other: Floats) -> Floats:
    """Overlap over union of boxes xyxy float64 (N, 4) and (M, 4): float64 (N, M)."""
    wide = np.minimum(one[:, None, 2], other[:, 2]) - np.maximum(one[:, None, 0], other[:, 0])
    high = np.minimum(one[:, None, 3], other[:, 3]) - np.maximum(one[:, None, 1], other[:, 1])
    inner = np.maximum(wide, 0) * np.maximum(high, 0)
    areas = (one[:, 2] - one[:, 0]) * (one[:, 3] - one[:, 1]), (other[:, 2] - other[:, 0]) * (other[:, 3] - other[:, 1])
    share: Floats = inner / np.maximum(areas[0][:, None] + areas[1] - inner, 1e-9)
    return share

"""Which detection is whom: the most likely one-to-one explanation of a frame.

A pair's cost is minus the logarithm of how much likelier it is that this track gave this detection than that somebody
new did (Blackman & Popoli, "Design and Analysis of Modern Tracking Systems", 1999, ch. 6). Zero is therefore the gate:
a track with a tight prediction takes a detection only close by, one that was hidden for seconds may take it from
further off, but never wins it against a track that predicted it better.

Pairs are parallel arrays: track `row[k]` with detection `column[k]`. Those too far apart are never made.
"""

from __future__ import annotations

import lap
import numpy as np
from numpy.typing import NDArray

from pipeline.track.kalman import Motion

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TAIL = 8.0
"""Degrees of freedom of the Student t by which boxes err: a half-hidden person's box is off by many sigma at times."""
FEW = 400
"""So many pairs are judged faster than sorted out."""
_PEAK = 2 * np.log(2 * np.pi)


def near(motion: Motion, at: Floats, var: Floats, gain: float) -> tuple[Ints, Ints]:
    """All pairs whose `surprise` can be below `gain`, found by their place, and some more; simply all if few."""
    if len(motion) * at.shape[1] <= FEW:
        row, column = np.divmod(np.arange(len(motion) * at.shape[1]), at.shape[1])
        return row, column
    tightest = np.log(motion.at_var + var.min(axis=1)[:, None]).sum(axis=0) / 2 + _PEAK - 2 * motion.at[3]
    farthest = TAIL * np.expm1(np.maximum(gain - tightest, 0.0) * (2 / (TAIL + 4)))  # squared, in sigma
    reach = np.sqrt(farthest * (motion.at_var[:2] + var[:2].max(axis=1)[:, None]))  # (2, N)
    order = np.argsort(at[0])
    across = at[0, order]
    first = np.searchsorted(across, motion.at[0] - reach[0])
    count = np.searchsorted(across, motion.at[0] + reach[0], side="right") - first
    row = np.repeat(np.arange(len(motion)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
    column = order[nth]
    level = np.abs(at[1, column] - motion.at[1, row]) <= reach[1, row]
    return row[level], column[level]


def surprise(motion: Motion, row: Ints, at: Floats, var: Floats, column: Ints) -> Floats:
    """Minus log-likelihood of measurements `at`, `var` (4, M) under the tracks of `motion`, of every pair: (K,).

    Positions count in body heights of the track, so that near and far people are judged alike.
    """
    expected = motion.at[:, row]
    off = at[:, column] - expected
    spread = motion.at_var[:, row] + var[:, column]
    distance = (off * off / spread).sum(axis=0)
    total: Floats = (
        (TAIL + 4) / 2 * np.log1p(distance / TAIL) + np.log(spread.prod(axis=0)) / 2 + _PEAK - 2 * expected[3]
    )
    return total


def assign(row: Ints, column: Ints, cost: Floats) -> tuple[Ints, Ints]:
    """The one-to-one choice of pairs of least total cost; pairs that cost zero or more are left out."""
    wanted = cost < 0
    row, column, cost = row[wanted], column[wanted], cost[wanted]
    if len(row) == 0:
        return row, column
    clear = (np.bincount(row)[row] == 1) & (np.bincount(column)[column] == 1)
    if clear.all():
        return row, column
    rows, at_row = _renumbered(row[~clear])
    columns, at_column = _renumbered(column[~clear])
    table = np.zeros((len(rows), len(columns)))
    table[at_row, at_column] = cost[~clear]
    _, chosen, _ = lap.lapjv(table, extend_cost=True)
    which = np.flatnonzero(chosen >= 0)
    which = which[table[which, chosen[which]] < 0]
    return np.concatenate((row[clear], rows[which])), np.concatenate((column[clear], columns[chosen[which]]))


def _renumbered(index: Ints) -> tuple[Ints, Ints]:
    """The distinct values of `index` in order, and where in them each stands."""
    used = np.zeros(index.max() + 1, np.bool_)
    used[index] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[index]


def iou(one: Floats, other: Floats) -> Floats:
    """Overlap over union of boxes xyxy float64 (N, 4) and (M, 4): float64 (N, M)."""
    wide = np.minimum(one[:, None, 2], other[:, 2]) - np.maximum(one[:, None, 0], other[:, 0])
    high = np.minimum(one[:, None, 3], other[:, 3]) - np.maximum(one[:, None, 1], other[:, 1])
    inner = np.maximum(wide, 0) * np.maximum(high, 0)
    areas = (one[:, 2] - one[:, 0]) * (one[:, 3] - one[:, 1]), (other[:, 2] - other[:, 0]) * (other[:, 3] - other[:, 1])
    share: Floats = inner / np.maximum(areas[0][:, None] + areas[1] - inner, 1e-9)
    return share

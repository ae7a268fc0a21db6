"""The grid on which boxes and scores lie once they are tracks: 1/100 px and 1/10,000.

Tracker, track log and `tracks.txt` all go through here, so a box read back from a file is bit for bit the box that
the rules saw live. A float32 in [0, 1] resolves 1/100 px up to pictures of 80,000 px.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PER_PX = 100
PER_SCORE = 10_000


def snap(xyxy: NDArray[np.floating], *, width: int, height: int) -> NDArray[np.int64]:
    """Boxes in px, float (N, 4), clipped to the picture and rounded: int64 (N, 4) in 1/100 px."""
    far = np.array([width, height, width, height]) * PER_PX
    whole: NDArray[np.int64] = np.rint(np.minimum(np.maximum(xyxy * PER_PX, 0), far)).astype(np.int64)
    return whole


def normalise(centi: NDArray[np.int64], *, width: int, height: int) -> NDArray[np.float32]:
    """1/100 px, int64 (N, 4), to shares of the picture, float32 (N, 4) in [0, 1]."""
    share: NDArray[np.float32] = (centi / (np.array([width, height, width, height]) * float(PER_PX))).astype(np.float32)
    return share


def to_centi(xyxy: NDArray[np.float32], *, width: int, height: int) -> NDArray[np.int64]:
    """The inverse of `normalise`: shares of the picture to the 1/100 px that they came from."""
    scale = np.array([width, height, width, height]) * float(PER_PX)
    whole: NDArray[np.int64] = np.rint(xyxy.astype(np.float64) * scale).astype(np.int64)
    return whole


def snap_score(score: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scores, float (N,), rounded to 1/10,000 within [0, 1]: float32 (N,)."""
    whole = np.rint(np.minimum(np.maximum(score.astype(np.float64), 0.0), 1.0) * PER_SCORE)
    share: NDArray[np.float32] = (whole / PER_SCORE).astype(np.float32)
    return share

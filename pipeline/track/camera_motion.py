"""The camera's own movement, told from the people alone: what all of them seem to do at once, nobody did.

A fixed camera has none, and then this must not invent any. So the size of past movement is learned (empirical Bayes):
a common displacement is believed as far as it exceeds what the uncertainty of the tracks explains by itself.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMORY_S = 1.0
"""How fast a camera that began or ceased to move is found out."""
PEOPLE = 3
"""Two who walk together are no camera movement."""
STILL = 0.25
"""Share of a displacement that must be believed before the picture is held to move at all."""


class CameraMotion:
    """Learns how much the picture moves between analysed frames; `var` float64 (2,) px^2, (0, 0) for a fixed camera."""

    def __init__(self) -> None:
        self.var: Floats = np.zeros(2)

    def blurred(self, var: Floats) -> Floats:
        """Variances (4, M) of measurements in a picture whose movement is not known yet."""
        if not self.var.any():
            return var
        return np.concatenate((var[:2] + self.var[:, None], var[2:]))

    def shift(self, off: Floats, var: Floats, dt: float) -> Floats:
        """How far the picture moved, float64 (2,) px, given by how much K people are `off` (2, K) from where they
        were expected, and the variance of that (2, K)."""
        if off.shape[1] < PEOPLE:
            return np.zeros(2)
        common = _median(off)
        chance = np.pi / 2 / (1 / var).sum(axis=1)  # variance of a median of Gaussians
        keep = math.exp(-dt / MEMORY_S)
        self.var = keep * self.var + (1 - keep) * np.maximum(common * common - chance, 0.0)
        belief = self.var / (self.var + chance)
        believed: Floats = np.where(belief < STILL, 0.0, belief * common)
        return believed


def _median(values: Floats) -> Floats:
    """Median of each row; numpy's own takes longer than the rest of a frame's pairing."""
    ordered = np.sort(values, axis=1)
    n = values.shape[1]
    middle: Floats = (ordered[:, (n - 1) // 2] + ordered[:, n // 2]) / 2
    return middle

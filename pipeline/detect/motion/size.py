"""How tall a person appears at each place of the picture, learned from people who walked through it.

Under a camera that looks at level ground, apparent height is close to linear in the row of the feet (Hoiem, Efros &
Hebert, IJCV 80(1), 2008): h = a * y + b. Everything is in px of the working picture.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

KEPT = 240
"""Samples remembered; at two a second and person, the last few dozen walks."""

ENOUGH = 24
REFIT_EVERY = 6


class PersonSize:
    """Learns from `observe` and answers `expected`; None until enough people were seen."""

    def __init__(self, height: int) -> None:
        self._picture = height
        self._samples: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._line: tuple[float, float] | None = None
        self._since = 0

    def observe(self, *, foot_y: float, height: float) -> None:
        """One whole person, feet and head inside the picture."""
        self._samples.append((foot_y, height))
        self._since += 1
        if len(self._samples) >= ENOUGH and self._since >= REFIT_EVERY:
            self._since = 0
            self._line = _fit(np.asarray(self._samples, np.float64))

    def expected(self, foot_y: float) -> float | None:
        """Height in px of a person whose feet are at that row, or None while unknown."""
        if self._line is None:
            return None
        slope, base = self._line
        return float(np.clip(slope * foot_y + base, 0.04 * self._picture, 1.3 * self._picture))

    def samples(self) -> NDArray[np.float64]:
        """What was observed, (N, 2) of foot row and height: what `restore` takes."""
        return np.asarray(self._samples, np.float64).reshape(-1, 2)

    def restore(self, samples: NDArray[np.float64]) -> None:
        self._samples = deque(((float(y), float(h)) for y, h in samples), maxlen=KEPT)
        self._line = _fit(self.samples()) if len(self._samples) >= ENOUGH else None


def _fit(samples: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and base by least squares with Tukey's biweight, three rounds; flat where feet were seen on few rows."""
    y, h = samples[:, 0], samples[:, 1]
    middle = float(np.median(h))
    spread = float(np.percentile(y, 90) - np.percentile(y, 10))
    if spread < 0.5 * middle * 0.5:
        return 0.0, middle
    weight = np.ones_like(h)
    slope, base = 0.0, middle
    for _ in range(3):
        total = weight.sum()
        mean_y, mean_h = (weight * y).sum() / total, (weight * h).sum() / total
        variance = (weight * (y - mean_y) ** 2).sum()
        slope = float((weight * (y - mean_y) * (h - mean_h)).sum() / max(variance, 1e-9))
        slope = max(slope, 0.0)  # nearer is never smaller
        base = float(mean_h - slope * mean_y)
        residual = h - slope * y - base
        scale = 4.685 * max(1.4826 * float(np.median(np.abs(residual))), 0.05 * middle)
        weight = np.clip(1.0 - (residual / scale) ** 2, 0.0, None) ** 2 + 1e-6
    return slope, base

"""Where something may be moving, for a fraction of what a detector costs: a guide for where to look, no verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.motion.pixels import above, blend, rounded, windows
from pipeline.detect.packing import Rect

WIDTH = 320  # px: 180 us for a 1080p luma plane (reference/performance.md, section 2)
REFERENCE_S = 3.0  # time constant of the picture compared with
NOISE_S = 10.0
FEWEST = 6  # changed px in a window that count as movement


class MotionCue:
    """Compares each frame's luma, small, with a slow mean; what moves stays marked until it has stood for seconds."""

    def __init__(self) -> None:
        self._mean: NDArray[np.float32] | None = None
        self._noise: NDArray[np.float32] | None = None
        self._pts = 0.0

    def look(self, luma: NDArray[np.uint8], pts: float) -> list[Rect]:
        """Windows in px of the luma plane in which something has changed; none on a first frame."""
        height, width = luma.shape
        factor = min(1.0, WIDTH / width)
        small = cv2.resize(luma, (max(16, round(width * factor)), max(16, round(height * factor))))
        image = np.asarray(cv2.blur(small, (3, 3)), np.uint8)
        if self._mean is None or self._noise is None or self._mean.shape != image.shape or pts <= self._pts:
            self._mean, self._pts = image.astype(np.float32), pts
            self._noise = np.full(image.shape, 3.0, np.float32)
            return []
        dt, self._pts = pts - self._pts, pts
        apart = np.asarray(cv2.absdiff(image, rounded(self._mean)), np.uint8)
        changed = above(apart, _limit(self._noise))
        changed = above(cv2.blur(changed, (3, 3)), 100)
        blend(apart, self._noise, 1.0 - math.exp(-dt / NOISE_S), np.asarray(cv2.bitwise_not(changed), np.uint8))
        cv2.accumulateWeighted(image, self._mean, 1.0 - math.exp(-dt / REFERENCE_S))
        if cv2.countNonZero(changed) < FEWEST:
            return []
        return _rects(windows(changed, margin=0), changed, 1.0 / factor)


def _limit(noise: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What a change must exceed, 12 to 60: three times the noise of its place and a little more."""
    limit = cv2.convertScaleAbs(noise, alpha=3.0, beta=8.0)
    return np.asarray(cv2.min(cv2.max(limit, cast(Any, 12.0)), cast(Any, 60.0)), np.uint8)


def _rects(found: Sequence[tuple[slice, slice]], changed: NDArray[np.uint8], scale: float) -> list[Rect]:
    kept = [(rows, columns) for rows, columns in found if np.count_nonzero(changed[rows, columns]) >= FEWEST]
    return [(c.start * scale, r.start * scale, c.stop * scale, r.stop * scale) for r, c in kept]

"""Pictures for tests: arrays dressed as what a decoder gives."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import Frame


class ArrayPicture:
    """A BGR array uint8 (H, W, 3) as a `Picture`; counts full-size conversions, so that a test can forbid them."""

    def __init__(self, bgr: NDArray[np.uint8]) -> None:
        self._bgr = bgr
        self.full_conversions = 0

    @property
    def width(self) -> int:
        return int(self._bgr.shape[1])

    @property
    def height(self) -> int:
        return int(self._bgr.shape[0])

    def luma(self) -> NDArray[np.uint8]:
        return np.asarray(cv2.cvtColor(self._bgr, cv2.COLOR_BGR2GRAY), np.uint8)

    def bgr(self) -> NDArray[np.uint8]:
        self.full_conversions += 1
        return self._bgr

    def scaled(self, width: int, height: int) -> NDArray[np.uint8]:
        if (width, height) == (self.width, self.height):
            return self._bgr
        shrinking = width < self.width // 2
        return np.asarray(
            cv2.resize(self._bgr, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR),
            np.uint8,
        )


def frame(bgr: NDArray[np.uint8], *, pts: float = 0.0, seq: int = 0, camera_id: str = "test") -> Frame:
    return Frame(camera_id=camera_id, run_id=1, seq=seq, pts=pts, utc=1_780_000_000.0 + pts, picture=ArrayPicture(bgr))

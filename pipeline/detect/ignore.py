"""Areas where nobody is looked for: trees, a road. Their pixels are kept; their detections are not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.detect.base import Detector
from pipeline.types import Detections, Frame
from rules.geometry import inside

Polygon = Sequence[tuple[float, float]]


class IgnoreAreas:
    """A detector whose detections with their foot in one of `polygons` (normalised) are left out."""

    def __init__(self, detector: Detector, polygons: Sequence[Polygon]) -> None:
        self._detector = detector
        self._polygons = tuple(polygons)
        self.name = detector.name
        self.kind = detector.kind
        self.people = detector.people
        self.notes = detector.notes

    def detect(self, frame: Frame) -> Detections:
        found = self._detector.detect(frame)
        if len(found) == 0:
            return found
        box = found.xyxy.astype(np.float64)
        foot = np.column_stack(((box[:, 0] + box[:, 2]) / 2 / frame.width, box[:, 3] / frame.height))
        ignored = np.zeros(len(found), np.bool_)
        for polygon in self._polygons:
            ignored |= inside(foot, polygon)
        return found[~ignored]

    def state(self) -> bytes | None:
        return self._detector.state()

    def restore(self, state: bytes) -> None:
        self._detector.restore(state)

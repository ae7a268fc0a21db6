"""Only what somebody watches for: the classes that rules name, outside the areas where nobody is looked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.detect.base import Detector
from pipeline.types import Detections, Frame
from rules.geometry import inside

Polygon = Sequence[tuple[float, float]]


class Wanted:
    """A detector that keeps `classes`, and leaves out whoever has the foot in one of the `ignore` polygons."""

    def __init__(self, detector: Detector, *, classes: Sequence[int], ignore: Sequence[Polygon] = ()) -> None:
        self._detector = detector
        self._classes = tuple(classes)
        self._ignore = tuple(ignore)
        self.name = detector.name
        self.kind = detector.kind
        self.people = detector.people
        self.notes = detector.notes

    def detect(self, frame: Frame) -> Detections:
        found = self._detector.detect(frame)
        if len(found) == 0:
            return found
        wanted = np.zeros(len(found), np.bool_)
        for class_id in self._classes:
            wanted |= found.class_id == class_id
        if self._ignore:
            box = found.xyxy.astype(np.float64)
            foot = np.column_stack(((box[:, 0] + box[:, 2]) / 2 / frame.width, box[:, 3] / frame.height))
            for polygon in self._ignore:
                wanted &= ~inside(np.clip(foot, 0.0, 1.0), polygon)
        return found if wanted.all() else found[wanted]

    def state(self) -> bytes | None:
        return self._detector.state()

    def restore(self, state: bytes) -> None:
        self._detector.restore(state)

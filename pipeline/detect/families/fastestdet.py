"""FastestDet (github.com/dog-qiuqiu/FastestDet): one grid of stride 16, objectness, box and classes per cell."""

from __future__ import annotations

import numpy as np

from pipeline.detect.boxes import cxcywh_to_xyxy
from pipeline.detect.families.base import Family, Outputs, Size, Wanted, best, require
from pipeline.detect.letterbox import Recipe
from pipeline.types import Detections

STRIDE = 16
OBJECT_POWER, CLASS_POWER = 0.6, 0.4
"""The family's own weighting of objectness and class score."""


def check(outputs: Outputs, size: Size, labels: int) -> None:
    require(outputs, family="fastestdet", expected=[(1, 5 + labels, size[1] // STRIDE, size[0] // STRIDE)])


def decode(outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None) -> Detections:
    """Planes are objectness, x, y (tanh, in cells), w, h (sigmoid, of the input), then class scores."""
    planes = outputs[0][0]
    _, down, across = planes.shape
    share, classes = best(planes[5:].reshape(labels, -1).T, wanted)
    scores = planes[0] ** OBJECT_POWER * share.reshape(down, across) ** CLASS_POWER
    row, column = np.nonzero(scores > score)
    x, y, w, h = planes[1:5, row, column]
    boxes = np.stack(
        (
            (column + np.tanh(x)) / across * size[0],
            (row + np.tanh(y)) / down * size[1],
            size[0] / (1 + np.exp(-w)),
            size[1] / (1 + np.exp(-h)),
        ),
        axis=1,
    ).astype(np.float32)
    return Detections(cxcywh_to_xyxy(boxes), scores[row, column], classes.reshape(down, across)[row, column])


FAMILY = Family(
    name="fastestdet", recipe=Recipe(order="bgr", scale=(1 / 255, 1 / 255, 1 / 255), fit="stretch"), stride=STRIDE,
    nms_iou=0.45, check=check, decode=decode,
)  # fmt: skip

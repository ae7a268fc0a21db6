"""RT-DETR (Zhao et al., arXiv:2304.08069) as the Ultralytics package exports it: one row per query, no duplicates.

Older exports hold every query with a score for each label; later ones (8.4) the best pairs of query and label.
"""

from __future__ import annotations

import numpy as np

from pipeline.detect.boxes import cxcywh_to_xyxy
from pipeline.detect.families.base import Family, Outputs, Size, Wanted, best, listed
from pipeline.detect.letterbox import Recipe
from pipeline.errors import ModelError
from pipeline.types import Detections


def check(outputs: Outputs, size: Size, labels: int) -> None:
    shapes = [tuple(output.shape) for output in outputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][0] != 1 or shapes[0][2] != 4 + labels:
        raise ModelError(
            f"these weights do not have the rtdetr layout: outputs are {shapes}, expected (1, N, {4 + labels})"
        )


def decode(outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None) -> Detections:
    """Rows are cx, cy, w, h as shares of the input, then class scores in [0, 1]."""
    rows = outputs[0][0]
    scores, classes = best(rows[:, 4:], wanted)
    kept = np.flatnonzero(scores > score)
    boxes = rows[kept, :4] * np.asarray((*size, *size), np.float32)
    return Detections(cxcywh_to_xyxy(boxes), scores[kept], classes[kept])


def check_best(outputs: Outputs, size: Size, labels: int) -> None:
    shapes = [tuple(output.shape) for output in outputs]
    fits = len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][0] == 1 and shapes[0][2] == 6
    # With two labels the older layout has six columns too, but its last one is a score, not a class.
    if not fits or (outputs[0][..., 5] % 1).any():
        raise ModelError(
            f"these weights do not have the rtdetr_best layout: outputs are {shapes}, "
            "expected (1, N, 6) with a class in the last column"
        )


def decode_best(outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None) -> Detections:
    """Rows are cx, cy, w, h as shares of the input, score, class.

    Raises:
        ModelError: a row that counts names a class that the labels do not have.
    """
    rows = listed(outputs[0][0], labels, score, wanted)
    boxes = rows[:, :4] * np.asarray((*size, *size), np.float32)
    return Detections(cxcywh_to_xyxy(boxes), rows[:, 4].copy(), rows[:, 5].astype(np.int32))


RECIPE = Recipe(order="rgb", scale=(1 / 255, 1 / 255, 1 / 255), fit="stretch")
ALL = Family(name="rtdetr", recipe=RECIPE, stride=32, nms_iou=None, check=check, decode=decode)
BEST = Family(name="rtdetr_best", recipe=RECIPE, stride=32, nms_iou=None, check=check_best, decode=decode_best)

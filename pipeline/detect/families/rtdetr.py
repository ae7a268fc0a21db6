"""RT-DETR (Zhao et al., arXiv:2304.08069) as the Ultralytics package exports it: one row per query, no duplicates."""

from __future__ import annotations

import numpy as np

from pipeline.detect.boxes import cxcywh_to_xyxy
from pipeline.detect.families.base import Family, Outputs, Size
from pipeline.detect.letterbox import Recipe
from pipeline.errors import ModelError
from pipeline.types import Detections


def check(outputs: Outputs, size: Size, labels: int) -> None:
    shapes = [tuple(output.shape) for output in outputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][0] != 1 or shapes[0][2] != 4 + labels:
        raise ModelError(
            f"these weights do not have the rtdetr layout: outputs are {shapes}, expected (1, N, {4 + labels})"
        )


def decode(outputs: Outputs, size: Size, labels: int, score: float) -> Detections:
    """Rows are cx, cy, w, h as shares of the input, then class scores in [0, 1]."""
    rows = outputs[0][0]
    by_class = rows[:, 4:]
    top = by_class.max(axis=1)
    kept = np.flatnonzero(top > score)
    boxes = rows[kept, :4] * np.asarray((*size, *size), np.float32)
    return Detections(cxcywh_to_xyxy(boxes), top[kept], by_class[kept].argmax(axis=1).astype(np.int32))


FAMILY = Family(
    name="rtdetr", recipe=Recipe(order="rgb", scale=(1 / 255, 1 / 255, 1 / 255), fit="stretch"), stride=32,
    nms_iou=None, check=check, decode=decode,
)  # fmt: skip

"""YOLOX (Ge et al., arXiv:2107.08430): one row per grid cell, box relative to the cell, objectness times class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.boxes import cxcywh_to_xyxy
from pipeline.detect.families.base import Family, Outputs, Size, Wanted, best, cells, require
from pipeline.detect.letterbox import Recipe
from pipeline.types import Detections

STRIDES = (8, 16, 32)


def check(outputs: Outputs, size: Size, labels: int) -> None:
    require(outputs, family="yolox", expected=[(1, cells(size, STRIDES), 5 + labels)])


def decode(outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None) -> Detections:
    """Rows are cx, cy, log w, log h in cells, objectness, then class scores: (1, cells, 5 + labels)."""
    rows = outputs[0][0]
    kept = np.flatnonzero(rows[:, 4] > score)  # a class score is at most 1, so objectness bounds the product
    rows = rows[kept]
    scores, classes = best(rows[:, 5:], wanted)
    scores = scores * rows[:, 4]
    sure = scores > score
    grid = _grid(size)[kept[sure]]
    rows = rows[sure]
    boxes = np.concatenate(((rows[:, :2] + grid[:, :2]) * grid[:, 2:], np.exp(rows[:, 2:4]) * grid[:, 2:]), axis=1)
    return Detections(cxcywh_to_xyxy(boxes), scores[sure], classes[sure])


@lru_cache(maxsize=32)
def _grid(size: Size) -> NDArray[np.float32]:
    """Column, row and stride of every cell, float32 (cells, 3), in the order of the output's rows."""
    parts = []
    for stride in STRIDES:
        across, down = size[0] // stride, size[1] // stride
        y, x = np.mgrid[0:down, 0:across]
        parts.append(np.column_stack((x.ravel(), y.ravel(), np.full(across * down, stride))))
    return np.concatenate(parts).astype(np.float32)


FAMILY = Family(
    name="yolox", recipe=Recipe(order="bgr", fit="corner"), stride=32, nms_iou=0.45, check=check, decode=decode
)

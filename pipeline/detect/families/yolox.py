"""YOLOX (Ge et al., arXiv:2107.08430): one row per grid cell, box relative to the cell, objectness times class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

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
    if len(kept) == 0:
        return Detections.empty()
    last = labels if wanted is None else int(wanted[-1]) + 1
    rows = rows[:, : 5 + last][kept]  # not the columns that nobody asks for: most of what would be fetched
    scores, classes = best(rows[:, 5:], wanted)
    scores = scores * rows[:, 4]
    sure = scores > score
    kept, rows = kept[sure], rows[sure]
    grid = _grid(size)[kept]
    stride = grid[:, 2:]
    centre, half = (rows[:, :2] + grid[:, :2]) * stride, np.exp(rows[:, 2:4]) * stride / 2.0
    boxes = np.concatenate((centre - half, centre + half), axis=1)
    return Detections(boxes, scores[sure], classes[sure])


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
    name="yolox", recipe=Recipe(order="bgr", fit="corner"), stride=32, nms_iou=0.45, check=check, decode=decode,
    any_size=True,
)  # fmt: skip

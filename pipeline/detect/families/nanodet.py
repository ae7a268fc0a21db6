"""NanoDet (github.com/RangiLyu/nanodet): class scores and, per side, a distribution over distances to the cell.

Distances are the mean of a discrete distribution, as in Generalized Focal Loss (Li et al., arXiv:2006.04388).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.families.base import Family, Outputs, Size, Wanted, best, cells, require
from pipeline.detect.letterbox import Recipe
from pipeline.types import Detections

STRIDES = (8, 16, 32)
BINS = 8
MEAN = (103.53, 116.28, 123.675)
SCALE = (1 / 57.375, 1 / 57.12, 1 / 58.395)
"""ImageNet's mean and deviation, blue first: what the family was trained with."""


def check(outputs: Outputs, size: Size, labels: int) -> None:
    rows = [cells(size, (stride,)) for stride in STRIDES]
    expected = [(1, n, labels) for n in rows] + [(1, n, 4 * BINS) for n in rows]
    require(outputs, family="nanodet", expected=expected)


def decode(outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None) -> Detections:
    """Three heads of class scores (1, cells, labels), then three of distances (1, cells, 4 sides x 8 bins)."""
    by_class = np.concatenate([head[0] for head in outputs[:3]])
    scores, classes = best(by_class, wanted)
    kept = np.flatnonzero(scores > score)
    sides = np.concatenate([head[0] for head in outputs[3:]])[kept].reshape(-1, 4, BINS)
    centre, stride = _centres(size)[kept, :2], _centres(size)[kept, 2:]
    away = _expected(sides) * stride
    boxes = np.concatenate((centre - away[:, :2], centre + away[:, 2:]), axis=1)
    return Detections(boxes, scores[kept], classes[kept])


def _expected(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of softmax distributions over 0..BINS-1 strides: (N, 4, BINS) to (N, 4)."""
    weight = np.exp(logits - logits.max(axis=2, keepdims=True))
    weight /= weight.sum(axis=2, keepdims=True)
    mean: NDArray[np.float32] = weight @ np.arange(BINS, dtype=np.float32)
    return mean


@lru_cache(maxsize=32)
def _centres(size: Size) -> NDArray[np.float32]:
    """Centre x, y in px and stride of every cell, float32 (cells, 3), in the order of the heads' rows."""
    parts = []
    for stride in STRIDES:
        across, down = size[0] // stride, size[1] // stride
        y, x = np.mgrid[0:down, 0:across] * stride + (stride - 1) / 2
        parts.append(np.column_stack((x.ravel(), y.ravel(), np.full(across * down, stride))))
    return np.concatenate(parts).astype(np.float32)


FAMILY = Family(
    name="nanodet", recipe=Recipe(order="bgr", mean=MEAN, scale=SCALE, pad=0, fit="centre"), stride=32,
    nms_iou=0.6, check=check, decode=decode,
)  # fmt: skip

"""Exports of the Ultralytics package, YOLO v8 to 26: raw (1, 4 + labels, cells) or end-to-end (1, boxes, 6).

Only the layout of the exported file is used here; the package itself is not needed.
"""

from __future__ import annotations

import numpy as np

from pipeline.detect.boxes import cxcywh_to_xyxy
from pipeline.detect.families.base import Family, Outputs, Size, Wanted, best, cells, listed
from pipeline.detect.letterbox import Recipe
from pipeline.errors import ModelError
from pipeline.types import Detections

STRIDES = (8, 16, 32)
RECIPE = Recipe(order="rgb", scale=(1 / 255, 1 / 255, 1 / 255), fit="centre")


def check_raw(outputs: Outputs, size: Size, labels: int) -> None:
    shapes = [tuple(output.shape) for output in outputs]
    rows = 4 + labels
    # Larger pyramids (P2 or P6 heads) have more or fewer cells; the number of rows is what tells the layout.
    fewest = cells(size, (16, 32))
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][:2] != (1, rows) or shapes[0][2] < fewest:
        raise ModelError(
            f"these weights do not have the yolo layout: outputs are {shapes}, "
            f"expected one of (1, {rows}, {cells(size, STRIDES)}) for {labels} labels at {size[0]}x{size[1]}"
        )


def decode_raw(outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None) -> Detections:
    """Columns are cx, cy, w, h in input px, then class scores."""
    head = outputs[0][0]
    by_class = head[4:] if wanted is None else head[4:][wanted]
    kept = np.flatnonzero(by_class.max(axis=0) > score)
    scores, classes = best(head[4:, kept].T, wanted)
    return Detections(cxcywh_to_xyxy(head[:4, kept].T), scores, classes)


def check_end_to_end(outputs: Outputs, size: Size, labels: int) -> None:
    shapes = [tuple(output.shape) for output in outputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][0] != 1 or shapes[0][2] != 6:
        raise ModelError(
            f"these weights do not have the yolo_end_to_end layout: outputs are {shapes}, expected (1, N, 6)"
        )


def decode_end_to_end(
    outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None
) -> Detections:
    """Rows are x1, y1, x2, y2 in input px, score, class; duplicates are gone already; empty rows score 0.

    Raises:
        ModelError: a row that counts names a class that the labels do not have.
    """
    rows = listed(outputs[0][0], labels, score, wanted)
    return Detections(rows[:, :4].copy(), rows[:, 4].copy(), rows[:, 5].astype(np.int32))


RAW = Family(name="yolo", recipe=RECIPE, stride=32, nms_iou=0.7, check=check_raw, decode=decode_raw)
END_TO_END = Family(
    name="yolo_end_to_end", recipe=RECIPE, stride=32, nms_iou=None, check=check_end_to_end, decode=decode_end_to_end
)

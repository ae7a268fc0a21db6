"""Pictures in which nobody can be told apart: for whoever may see what happened, but not who was there.

Made of a copy; what is kept stays as it was. Only people that were detected can be blurred, so a picture of which no
tracks are kept is not given out blurred at all.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import Tracks

AROUND = 0.15
"""Each box is widened by this share of its size: hair, hands and a frame's movement lie outside it."""
BLOCKS = 6
"""A person is shown as this many blocks across, at most: a face is then less than one."""
QUALITY = 88


def boxes_of(frames: Iterable[Tracks]) -> tuple[NDArray[np.float32], float] | None:
    """Where people were on these frames, (N, 4) normalised xyxy, and the picture's aspect; None without a frame."""
    seen = list(frames)
    if not seen:
        return None
    return np.concatenate([one.xyxy for one in seen]), seen[-1].aspect


def blurred(jpeg: bytes, boxes: NDArray[np.float32], *, aspect: float) -> bytes:
    """The picture with every box made coarse. `boxes` are of the scene, which a strip of words may follow below.

    Raises:
        ValueError: not a picture.
    """
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise ValueError("not a picture")
    picture = np.asarray(found, np.uint8)
    width = picture.shape[1]
    height = min(picture.shape[0], round(width / aspect))
    for x1, y1, x2, y2 in boxes.astype(np.float64):
        dx, dy = AROUND * (x2 - x1), AROUND * (y2 - y1)
        left, right = (round(min(1.0, max(0.0, x)) * width) for x in (x1 - dx, x2 + dx))
        top, bottom = (round(min(1.0, max(0.0, y)) * height) for y in (y1 - dy, y2 + dy))
        if right > left and bottom > top:
            _coarsen(picture[top:bottom, left:right])
    done, encoded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise ValueError("the picture cannot be written")
    return encoded.tobytes()


def _coarsen(part: NDArray[np.uint8]) -> None:
    height, width = part.shape[:2]
    block = max(width, height // 2) / BLOCKS
    small = cv2.resize(
        part, (max(1, round(width / block)), max(1, round(height / block))), interpolation=cv2.INTER_AREA
    )
    part[:] = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)

"""How far a shape has gone as a whole: the evidence that it is somebody, not leaves, a ghost or a growing shadow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Box = NDArray[np.float32]
"""x1, y1, x2, y2 in px of the working picture, float32 (4,)."""

UPRIGHT = 0.7  # width in heights
SAME_SHAPE = 1.35  # factor within which proportions count as kept
NEARER = 1.5  # factor by which somebody's height changes at most while they prove themselves
STEADY = (1.8, 1.35)  # factors within which width (arms and legs swing) and height stay from one frame to the next
EDGE = 2.0  # px: how near to the border of the picture a side is cut off by it


def gone(birth: Box, box: Box, picture: tuple[int, int]) -> float:
    """How far a box of a picture of (height, width) has gone since its birth, px, by the better of two measures."""
    return max(float(np.hypot(*_moved_as_a_whole(birth, box, picture))), _approached(birth, box, picture))


def middle(box: Box) -> NDArray[np.float32]:
    return np.asarray((box[:2] + box[2:]) / 2, np.float32)


def steady(before: Box, after: Box, picture: tuple[int, int]) -> bool:
    """Whether two sightings can be of one rigid thing: leaves and reflections join and part all the time."""
    if cut_off(before, picture) or cut_off(after, picture):
        return True
    factors = (after[2:] - after[:2] + 1.0) / (before[2:] - before[:2] + 1.0)
    return all(1 / limit < factor < limit for factor, limit in zip(factors, STEADY, strict=True))


def cut_off(box: Box, picture: tuple[int, int]) -> bool:
    """Whether a side of the box lies on the border of a picture of (height, width)."""
    height, width = picture
    return bool(min(box[0], box[1]) <= EDGE or box[2] >= width - EDGE or box[3] >= height - EDGE)


def _moved_as_a_whole(birth: Box, box: Box, picture: tuple[int, int]) -> tuple[float, float]:
    """How far both opposite sides went the same way, across and down, px; growing and shrinking are no movement.

    A side that the picture's border cuts off says nothing, so there the other side counts, by three quarters.
    """
    step = box - birth
    height, width = picture
    across = _common(
        float(step[0]), float(step[2]), low=min(birth[0], box[0]) <= EDGE, high=max(birth[2], box[2]) >= width - EDGE
    )
    down = _common(
        float(step[1]), float(step[3]), low=min(birth[1], box[1]) <= EDGE, high=max(birth[3], box[3]) >= height - EDGE
    )
    return across, down


def _approached(birth: Box, box: Box, picture: tuple[int, int]) -> float:
    """How far the feet went, px, of an upright shape that kept its proportions: somebody coming nearer or leaving."""
    if cut_off(birth, picture) or cut_off(box, picture):
        return 0.0
    before, after = _proportion(birth), _proportion(box)
    growth = float(max(box[3] - box[1], 1.0) / max(birth[3] - birth[1], 1.0))
    if not 1 / NEARER < growth < NEARER:
        return 0.0
    if max(before, after) > UPRIGHT or not 1 / SAME_SHAPE < after / before < SAME_SHAPE:
        return 0.0
    return float(np.hypot((box[0] + box[2] - birth[0] - birth[2]) / 2, box[3] - birth[3]))


def _proportion(box: Box) -> float:
    return float(max(box[2] - box[0], 1.0) / max(box[3] - box[1], 1.0))


def _common(first: float, second: float, *, low: bool, high: bool) -> float:
    if low != high:
        return 0.75 * abs(second if low else first)
    return min(abs(first), abs(second)) if first * second > 0 else 0.0

"""Typed fronts of the few OpenCV calls that the motion detector lives on, and windows of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""YCrCb, uint8 (H, W, 3), at working size."""

Mask = NDArray[np.uint8]
"""255 where true, else 0; uint8 (H, W)."""

Plane = NDArray[np.float32]
"""float32 (H, W)."""

Window = tuple[slice, slice]
"""Rows and columns of a part of the picture."""

BLOCK = 8  # px: windows are found on a grid of blocks


def as_mask(where: NDArray[np.bool_]) -> Mask:
    return where.view(np.uint8) * np.uint8(255)


def both(a: Mask, b: Mask) -> Mask:
    return cast(Mask, cv2.bitwise_and(a, b))


def either(a: Mask, b: Mask) -> Mask:
    return cast(Mask, cv2.bitwise_or(a, b))


def outside(mask: Mask) -> Mask:
    return cast(Mask, cv2.bitwise_not(mask))


def apart(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Absolute difference, saturating."""
    return cast(NDArray[Any], cv2.absdiff(a, b))


def above(values: NDArray[Any], limit: NDArray[Any] | float) -> Mask:
    return cast(Mask, cv2.compare(values, cast(Any, limit), cv2.CMP_GT))


def blur(values: NDArray[Any], size: int) -> NDArray[Any]:
    return cast(NDArray[Any], cv2.blur(values, (size, size)))


def grow(mask: Mask, radius: int) -> Mask:
    """A mask widened by a disc of that radius in px."""
    side = 2 * radius + 1
    return cast(Mask, cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))))


def slopes(values: NDArray[Any]) -> tuple[Plane, Plane]:
    """Horizontal and vertical gradient (Sobel 3x3)."""
    return cast(Plane, cv2.Sobel(values, cv2.CV_32F, 1, 0)), cast(Plane, cv2.Sobel(values, cv2.CV_32F, 0, 1))


def rounded(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """0-255 values as uint8, saturating."""
    return cast(NDArray[np.uint8], cv2.convertScaleAbs(values))


def blend(values: NDArray[Any], into: NDArray[np.float32], share: float, where: Mask) -> None:
    """into += share * (values - into), where the mask says so; in place."""
    cv2.accumulateWeighted(values, into, share, where)


def windows(mask: Mask, *, margin: int) -> Sequence[Window]:
    """Rectangles, apart from each other, that together hold every marked pixel with a margin."""
    height, width = mask.shape
    grid = cv2.resize(mask, (-(-width // BLOCK), -(-height // BLOCK)), interpolation=cv2.INTER_AREA)
    reach = 1 + margin // BLOCK
    coarse = cv2.dilate(as_mask(np.asarray(grid) > 0), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(coarse, connectivity=8)
    found = [_scaled(row, grid.shape, mask.shape) for row in stats[1:]]
    return _apart(found)


def _scaled(row: NDArray[np.int32], grid: Sequence[int], picture: Sequence[int]) -> Window:
    x, y, w, h = (int(value) for value in row[:4])
    rows = slice(y * picture[0] // grid[0], -(-(y + h) * picture[0] // grid[0]))
    return rows, slice(x * picture[1] // grid[1], -(-(x + w) * picture[1] // grid[1]))


def _apart(found: list[Window]) -> list[Window]:
    """Windows that overlap become one, so that no pixel is worked on twice."""
    index = 0
    while index < len(found):
        mate = next((k for k in range(index + 1, len(found)) if _touch(found[index], found[k])), None)
        if mate is None:
            index += 1
            continue
        (a, b), (c, d) = found[index], found.pop(mate)
        rows = slice(min(a.start, c.start), max(a.stop, c.stop))
        found[index] = (rows, slice(min(b.start, d.start), max(b.stop, d.stop)))
        index = 0
    return found


def _touch(a: Window, b: Window) -> bool:
    return all(one.start < two.stop and two.start < one.stop for one, two in zip(a, b, strict=True))

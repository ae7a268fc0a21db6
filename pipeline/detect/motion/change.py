"""Which pixels differ from the background because something stands there, and which only because light fell otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.motion.background import Image, Mask

DARKEST, BRIGHTEST = 0.38, 1.9
"""A cast shadow leaves at least this share of the light, a reflection adds at most this factor. Cucchiara et al.
(PAMI 25(10), 2003) use .4-.6 as the lower limit; the floor of the one-by-one clip keeps .45 under a leaving person."""

COLOUR = 24.0  # how far colour may be from the background's: sum of both chroma differences
SHADE_COLOUR = 11.0  # how far it may be from the background's scaled by the loss of light, to count as shade
SHADE_EDGE = 30.0  # how far the gradient may be from the background's scaled likewise (Sobel 3x3 units)


@dataclass(frozen=True, slots=True)
class Change:
    """`solid`: something is there; `shade`: only the light differs; both uint8 masks (H, W), disjoint."""

    solid: Mask
    shade: Mask

    @property
    def any(self) -> Mask:
        return np.asarray(cv2.bitwise_or(self.solid, self.shade), np.uint8)


def compare(image: Image, empty: Image, tolerance: NDArray[np.float32]) -> Change:
    """Part a picture into background, shade and things. `empty` is the background under today's light, both YCrCb.

    A shadow darkens a surface without changing its colour or its texture: brightness falls by one factor, chroma
    shrinks towards grey by the same factor, and gradients do too.
    """
    now, then = image.astype(np.float32), empty.astype(np.float32)
    apart = cv2.absdiff(now, then)
    changed = (apart[..., 0] > tolerance) | (apart[..., 1] + apart[..., 2] > COLOUR)
    factor = cv2.blur((now[..., 0] + 4.0) / (then[..., 0] + 4.0), (3, 3))
    tint = np.abs(now[..., 1:] - 128.0 - (then[..., 1:] - 128.0) * np.minimum(factor, 1.3)[..., None]).sum(axis=2)
    shaded = changed & (factor > DARKEST) & (factor < BRIGHTEST) & (tint < SHADE_COLOUR)
    shaded &= _texture_apart(now[..., 0], then[..., 0], factor) < SHADE_EDGE
    return Change(_mask(changed & ~shaded), _mask(shaded))


def _texture_apart(
    now: NDArray[np.float32], then: NDArray[np.float32], factor: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How much the gradient differs from the background's scaled by the factor, float32 (H, W)."""
    apart = np.zeros_like(now)
    for dx, dy in ((1, 0), (0, 1)):
        apart += np.abs(cv2.Sobel(now, cv2.CV_32F, dx, dy) - factor * cv2.Sobel(then, cv2.CV_32F, dx, dy))
    return np.asarray(cv2.blur(apart, (3, 3)), np.float32)


def contour_contrast(image: Image, empty: Image, shape: Mask) -> float:
    """Whose edges follow a shape's outline: +1 the picture's (something stands there), -1 the background's.

    The outline's normal is the gradient of the softened shape. Where something has gone, its outline is an edge of
    the remembered background but not of the picture: a ghost.
    """
    soft = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), 1.5)
    nx, ny = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    rim = np.hypot(nx, ny)
    if rim.sum() <= 0:
        return 0.0
    strength = [_along(picture, nx, ny, rim) for picture in (image, empty)]
    total = strength[0] + strength[1]
    return (strength[0] - strength[1]) / total if total > 0 else 0.0


def _along(picture: Image, nx: NDArray[np.float32], ny: NDArray[np.float32], rim: NDArray[np.float32]) -> float:
    strength = 0.0
    for channel in cv2.split(picture):
        plane = cv2.GaussianBlur(channel, (3, 3), 0)
        gx, gy = cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)
        strength += float(np.abs(gx * nx + gy * ny).sum())
    return strength


def _mask(where: NDArray[np.bool_]) -> Mask:
    return where.view(np.uint8) * np.uint8(255)

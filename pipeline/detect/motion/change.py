"""Which changed pixels something stands on, and which only see other light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.motion.pixels import Image, Mask, Plane, above, as_mask, blur, both, either, grow, slopes

DARKEST, BRIGHTEST = 0.38, 1.9
"""A cast shadow leaves at least this share of the light, a reflection adds at most this factor. Cucchiara et al.
(PAMI 25(10), 2003) use .4-.6 as the lower limit; the floor of the one-by-one clip keeps .45 under a leaving person."""

SHADE_COLOUR = (6.0, 0.07)
"""How far colour may be from the background's scaled by the loss of light, to count as shade: constant, and share of
the background's brightness (light that bounces off a coloured floor tints a white wall by up to 17 of 220)."""

SHADE_EDGE = 30.0  # how far the gradient may be from the background's scaled likewise (Sobel 3x3 units)
NEAR = 9
"""Px around certain pixels within which a strange texture belongs to the same thing; further off it is the edge of a
shadow, or an edge of the background that the codec has moved."""


@dataclass(frozen=True, slots=True)
class Change:
    """Changed pixels, judged: `solid` something is there; `edged` its texture is not the background's, which the
    inside of a shadow's never is but its edge may be."""

    solid: Mask
    edged: Mask


def judge(image: Image, empty: Image, changed: Mask) -> Change:
    """Tell changed pixels on which something is from those in shadow or reflected light; `empty` is the background.

    A shadow darkens a surface without changing its colour or its texture: brightness falls by one factor, chroma
    shrinks towards grey by the same factor, and gradients do too (Horprasert et al., ICCV FRAME-RATE 1999, with the
    gradient added).
    """
    now, then = image.astype(np.float32), empty.astype(np.float32)
    factor = blur((now[..., 0] + 4.0) / (then[..., 0] + 4.0), 3)
    tint = _tint(now, then, factor)
    unlit = (factor < DARKEST) | (factor > BRIGHTEST) | (tint > SHADE_COLOUR[0] + SHADE_COLOUR[1] * then[..., 0])
    there = changed > 0
    certain = as_mask(there & unlit)
    near = grow(_dense(certain), NEAR)
    strange = as_mask(there & (_texture_apart(now[..., 0], then[..., 0], factor) > SHADE_EDGE))
    return Change(solid=either(certain, both(strange, near)), edged=either(certain, strange))


def contour_contrast(image: Image, empty: Image, shape: Mask) -> float:
    """Whose edges follow a shape's outline: +1 the picture's (something stands there), -1 the background's.

    The outline's normal is the gradient of the softened shape. Where something has gone, its outline is an edge of
    the remembered background but not of the picture: a ghost.
    """
    soft = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), 1.5)
    normal = slopes(np.asarray(soft))
    strength = [_along(picture, normal) for picture in (image, empty)]
    total = strength[0] + strength[1]
    return (strength[0] - strength[1]) / total if total > 0 else 0.0


def _tint(now: NDArray[np.float32], then: NDArray[np.float32], factor: Plane) -> Plane:
    """How far colour is from what that much light would make of the background's, sum of both chromas."""
    light = np.minimum(factor, np.float32(1.3))
    cr = np.abs(now[..., 1] - 128.0 - (then[..., 1] - 128.0) * light)
    cb = np.abs(now[..., 2] - 128.0 - (then[..., 2] - 128.0) * light)
    return np.asarray(cr + cb, np.float32)


def _texture_apart(now: Plane, then: Plane, factor: Plane) -> Plane:
    """How much the gradient differs from the background's scaled by the factor."""
    (ax, ay), (bx, by) = slopes(now), slopes(then)
    return np.asarray(blur(np.abs(ax - factor * bx) + np.abs(ay - factor * by), 3), np.float32)


def _dense(mask: Mask) -> Mask:
    """Pixels with enough like them around: specks and lines go."""
    return above(blur(mask, 5), 110)


def _along(picture: Image, normal: tuple[Plane, Plane]) -> float:
    strength = 0.0
    for channel in cv2.split(picture):
        gx, gy = slopes(np.asarray(cv2.GaussianBlur(channel, (3, 3), 0)))
        strength += float(np.abs(gx * normal[0] + gy * normal[1]).sum())
    return strength

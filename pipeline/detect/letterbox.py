"""From a picture to a model's input and back: scaling, padding, channel order, normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import Detections

Fit = Literal["corner", "centre", "stretch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a family wants its pixels: value = (pixel - mean) * scale, per channel in the model's own order.

    `fit` places the scaled picture in the top left corner, in the centre, or stretches it over the whole input; `pad`
    is the pixel value around it.
    """

    order: Literal["bgr", "rgb"] = "bgr"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pad: int = 114
    fit: Fit = "corner"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies in a model's input: its scaled size, its offset, and input px per picture px."""

    width: int
    height: int
    left: int
    top: int
    gain_x: float
    gain_y: float

    def to_picture(self, found: Detections) -> Detections:
        """Boxes in input px as boxes in picture px."""
        xyxy = found.xyxy
        if self.left or self.top:
            xyxy = xyxy - np.asarray((self.left, self.top, self.left, self.top), np.float32)
        gain = np.asarray((self.gain_x, self.gain_y, self.gain_x, self.gain_y), np.float32)
        return Detections(xyxy / gain, found.score, found.class_id)


def place(*, picture: tuple[int, int], model: tuple[int, int], fit: Fit) -> Placement:
    """How a picture of (width, height) goes into an input of (width, height), proportions kept unless stretched."""
    (width, height), (wide, high) = picture, model
    if fit == "stretch":
        return Placement(wide, high, 0, 0, wide / width, high / height)
    gain = min(wide / width, high / height)
    inner_w, inner_h = min(wide, round(width * gain)), min(high, round(height * gain))
    left = top = 0
    if fit == "centre":
        # The rounding is part of the convention of models that were trained with centred padding: half a pixel up
        # or down here is half a pixel in every box.
        left, top = round((wide - inner_w) / 2 - 0.1), round((high - inner_h) / 2 - 0.1)
    return Placement(inner_w, inner_h, left, top, gain, gain)


class Letterbox:
    """A float32 input tensor that is filled in place, so that padding is written once and nothing is allocated."""

    def __init__(self, recipe: Recipe, *, model: tuple[int, int], batch: int = 1) -> None:
        self.recipe = recipe
        self.width, self.height = model
        mean, scale = np.asarray(recipe.mean, np.float32), np.asarray(recipe.scale, np.float32)
        self._scale = tuple(float(value) for value in scale)
        self._shift = tuple(float(value) for value in -mean * scale)
        self._pad = ((recipe.pad - mean) * scale).reshape(1, 3, 1, 1)
        self.tensor: NDArray[np.float32] = np.empty((batch, 3, self.height, self.width), np.float32)
        self.tensor[:] = self._pad
        self._placed: list[Placement | None] = [None] * batch
        self._known: tuple[tuple[int, int], Placement] | None = None
        self._channels: list[NDArray[np.uint8]] = []

    def placement(self, picture: tuple[int, int]) -> Placement:
        if self._known is None or self._known[0] != picture:
            self._known = picture, place(picture=picture, model=(self.width, self.height), fit=self.recipe.fit)
        return self._known[1]

    def fill(self, scaled: NDArray[np.uint8], placement: Placement, *, slot: int = 0) -> None:
        """Write a BGR picture, already scaled to the placement's size, uint8 (height, width, 3), into one slot."""
        if scaled.shape != (placement.height, placement.width, 3):
            raise ValueError(f"expected {(placement.height, placement.width, 3)}, not {scaled.shape}")
        if self._placed[slot] != placement:
            self.tensor[slot] = self._pad[0]
            self._placed[slot] = placement
        planes = self.tensor[slot, :, placement.top : placement.top + placement.height,
                             placement.left : placement.left + placement.width]  # fmt: skip
        channels = self._split(scaled)
        for index, plane in enumerate(channels if self.recipe.order == "bgr" else channels[::-1]):
            if self._scale[index] == 1.0 and self._shift[index] == 0.0:
                np.copyto(planes[index], plane)
                continue
            np.multiply(plane, np.float32(self._scale[index]), out=planes[index])
            if self._shift[index]:
                planes[index] += np.float32(self._shift[index])

    def _split(self, scaled: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Its channels, in memory that is used again for the next picture of this size."""
        if not self._channels or self._channels[0].shape != scaled.shape[:2]:
            self._channels = [np.empty(scaled.shape[:2], np.uint8) for _ in range(3)]
        cv2.split(scaled, self._channels)
        return self._channels

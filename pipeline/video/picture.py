"""Pixels of one decoded frame, converted only when asked for and only once."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from pipeline.video.masks import Masks, plane
from pipeline.video.shrink import can_shrink, shrink

_LUMA_FIRST = frozenset(
    ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray")
)  # fmt: skip
_SCALING = "BILINEAR"
"""For what `shrink` does not serve; swscale's bilinear filter widens when it shrinks, so it does not alias."""


class Converters:
    """One swscale context per target, reused from frame to frame: making one costs as much as using it."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[int, int, str], VideoReformatter] = {}

    def convert(self, frame: av.VideoFrame, width: int, height: int, pixels: str) -> av.VideoFrame:
        key = (width, height, pixels)
        if key not in self._contexts:
            self._contexts[key] = VideoReformatter()
        return self._contexts[key].reformat(frame, width, height, pixels, interpolation=_SCALING)


class DecodedPicture:
    """A decoder's frame behind the `Picture` protocol; privacy masks are applied before anything is handed out.

    Arrays are views where no conversion is needed: read them, do not write to them.
    """

    __slots__ = ("_converters", "_done", "_frame", "_luma", "_masks", "height", "width")

    def __init__(self, frame: av.VideoFrame, converters: Converters, masks: Masks) -> None:
        self._frame = frame
        self._converters = converters
        self._masks: Masks | None = masks if masks else None
        self._done: dict[tuple[int, int], NDArray[np.uint8]] = {}
        self._luma: NDArray[np.uint8] | None = None
        self.width = frame.width
        self.height = frame.height

    def luma(self) -> NDArray[np.uint8]:
        if self._luma is None:
            frame = self._masked()
            if frame.format.name not in _LUMA_FIRST:
                frame = self._converters.convert(frame, self.width, self.height, "gray")
            self._luma = plane(frame, 0)
            self._luma.flags.writeable = False
        return self._luma

    def bgr(self) -> NDArray[np.uint8]:
        return self.scaled(self.width, self.height)

    def scaled(self, width: int, height: int) -> NDArray[np.uint8]:
        size = (width, height)
        if size not in self._done:
            frame = self._masked()
            if size != (self.width, self.height) and can_shrink(frame, width, height):
                self._done[size] = shrink(frame, width, height)
            else:
                self._done[size] = _bgr_view(self._converters.convert(frame, width, height, "bgr24"))
        return self._done[size]

    def _masked(self) -> av.VideoFrame:
        if self._masks is not None:
            self._frame = self._masks.apply(self._frame)
            self._masks = None
        return self._frame


def _bgr_view(frame: av.VideoFrame) -> NDArray[np.uint8]:
    memory = frame.planes[0]
    shape, strides = (frame.height, frame.width, 3), (memory.line_size, 3, 1)
    return np.ndarray(shape, np.uint8, cast("Any", memory), strides=strides)

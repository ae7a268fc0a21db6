"""Privacy masks: parts of the picture that are black before anything else sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import av
import cv2
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

Polygon = Sequence[Sequence[float]]

_PLANAR_420 = ("yuv420p", "yuvj420p")
_MARGIN_PX = 2
"""Masks grow by this much, so that neither chroma subsampling nor the encoder's deblocking shows what lies beneath."""


class Masks:
    """Polygons (K, 2) normalised, painted black on decoded pictures of any size.

    The decoder's own buffers are never written to, since later pictures are predicted from them: `apply` returns a
    painted copy in yuv420p. With no polygons it returns the frame itself.
    """

    def __init__(self, polygons: Sequence[Polygon] = ()) -> None:
        self._polygons = tuple(np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in polygons)
        self._drawn: dict[tuple[int, int], tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}

    def __bool__(self) -> bool:
        return bool(self._polygons)

    def on(self, width: int, height: int) -> NDArray[np.bool_]:
        """Which pixels of a picture of this size are hidden, bool (H, W)."""
        return self._planes(width, height)[0]

    def apply(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame with every masked pixel black."""
        if not self._polygons:
            return frame
        painted = _copy_420(frame)
        luma, chroma = self._planes(frame.width, frame.height)
        black = 0 if frame.format.name.startswith("yuvj") or int(frame.color_range) == 2 else 16
        plane(painted, 0)[luma] = black
        plane(painted, 1)[chroma] = 128
        plane(painted, 2)[chroma] = 128
        return painted

    def _planes(self, width: int, height: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        size = (width, height)
        if size not in self._drawn:
            self._drawn = {size: _draw(self._polygons, width, height)}
        return self._drawn[size]


def plane(frame: av.VideoFrame, index: int) -> NDArray[np.uint8]:
    """One 8-bit plane of a frame as a view, uint8 (H, W), sharing the frame's memory."""
    return _view(frame.planes[index])


def planes_of(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """All planes of an 8-bit planar frame, as `plane` gives one."""
    return [_view(memory) for memory in frame.planes]


def _view(memory: VideoPlane) -> NDArray[np.uint8]:
    return np.ndarray((memory.height, memory.width), np.uint8, cast("Any", memory), strides=(memory.line_size, 1))


def _draw(polygons: Sequence[NDArray[Any]], width: int, height: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    luma = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        corners = np.round(polygon * (width, height)).astype(np.int32)
        cv2.fillPoly(luma, [corners.reshape(-1, 1, 2)], 1)
    luma = cv2.dilate(luma, np.ones((2 * _MARGIN_PX + 1,) * 2, np.uint8)).astype(np.uint8)
    even = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")
    chroma = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).max(axis=(1, 3))
    return luma.astype(np.bool_), chroma.astype(np.bool_)


def _copy_420(frame: av.VideoFrame) -> av.VideoFrame:
    if frame.format.name not in _PLANAR_420:
        return frame.reformat(format="yuv420p")
    copy = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for index in range(3):
        plane(copy, index)[:] = plane(frame, index)
    copy.color_range, copy.colorspace = frame.color_range, frame.colorspace
    return copy

"""Small colour pictures from planes: like the long way round, at any ratio and in either range."""

import av
import cv2
import numpy as np
import pytest

from pipeline.video.shrink import can_shrink, shrink


def photo(width=1280, height=720):
    """Smooth colours with an edge, uint8 BGR (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    colours = np.stack((x * 255, y * 255, (1 - x) * 200 + 20 * np.sin(9 * y)), axis=2)
    colours[:, width // 2 :] *= 0.6
    return colours.clip(0, 255).astype(np.uint8)


def frame_of(bgr, pixels="yuv420p"):
    return av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format=pixels)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p"])
@pytest.mark.parametrize(
    "size", [(1280, 720), (1000, 562), (640, 360), (416, 234), (320, 180), (100, 56), (32, 64)], ids=str
)
def test_like_the_full_picture_made_small(pixels, size):
    bgr = photo()
    frame = frame_of(bgr, pixels)
    assert can_shrink(frame, *size)
    small = shrink(frame, *size)
    assert small.shape == (size[1], size[0], 3)
    like = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA).astype(int)
    assert np.mean(np.abs(small - like)) < 3


def test_a_range_told_only_by_the_stream_is_heeded():
    grey = np.full((72, 96, 3), 200, np.uint8)
    frame = frame_of(grey, "yuvj420p").reformat(format="yuv420p", src_color_range="JPEG", dst_color_range="JPEG")
    frame.color_range = 2
    assert abs(int(shrink(frame, 48, 36).mean()) - 200) <= 2


def test_fine_stripes_become_grey_and_no_pattern():
    bgr = np.zeros((720, 1280, 3), np.uint8)
    bgr[:, ::2] = 255
    small = shrink(frame_of(bgr), 300, 168)
    assert small.std() < 12
    assert 100 < small.mean() < 155


@pytest.mark.parametrize(
    ("pixels", "size", "why"),
    [
        ("yuv422p", (640, 360), "another subsampling"),
        ("nv12", (640, 360), "interleaved colours"),
        ("yuv420p10le", (640, 360), "ten bits"),
        ("bgr24", (640, 360), "no planes"),
        ("yuv420p", (641, 360), "odd width"),
        ("yuv420p", (640, 361), "odd height"),
        ("yuv420p", (2560, 1440), "larger"),
    ],
)
def test_what_it_leaves_to_the_general_way(pixels, size, why):
    assert not can_shrink(frame_of(photo(), pixels), *size), why

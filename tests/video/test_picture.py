"""Pixels: right, converted once, black where they must not be seen."""

import av
import cv2
import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.video.masks import Masks
from pipeline.video.picture import Converters, DecodedPicture
from pipeline.video.source import open_source

CORNER = [[0.5, 0.0], [1.0, 0.0], [1.0, 0.5], [0.5, 0.5]]


def white(width=96, height=64, pixels="yuv420p"):
    return av.VideoFrame.from_ndarray(np.full((height, width, 3), 255, np.uint8), format="bgr24").reformat(
        format=pixels
    )


def frames_of(path, **how):
    with open_source("dock", str(path), clock=FakeClock(), **how) as source:
        yield from source.frames()


def test_luma_is_the_decoders_own_plane_and_read_only(make_clip):
    frame = next(frames_of(make_clip(frames=3)))
    luma = frame.luma()
    assert luma.shape == (64, 96)
    assert luma.base is not None
    assert frame.luma() is luma
    with pytest.raises(ValueError, match="read-only"):
        luma[0, 0] = 1


def test_scaled_once_and_like_opencv(make_clip):
    frame = next(frames_of(make_clip(frames=3)))
    small = frame.scaled(48, 32)
    assert frame.scaled(48, 32) is small
    assert frame.bgr().shape == (64, 96, 3)
    like = cv2.resize(np.ascontiguousarray(frame.bgr()), (48, 32), interpolation=cv2.INTER_AREA)
    assert np.mean(np.abs(small.astype(int) - like)) < 8  # made of noise, whose colours are half as fine


@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "gray", "bgr24", "yuv420p10le"]
)
def test_every_pixel_format_gives_brightness_and_colour(pixels):
    picture = DecodedPicture(white(pixels=pixels), Converters(), Masks())
    assert picture.luma().shape == (64, 96)
    assert picture.luma().min() >= 230
    assert picture.scaled(48, 32).min() >= 250


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "bgr24", "yuv420p10le"])
@pytest.mark.parametrize(("width", "height"), [(96, 64), (97, 63)])
def test_nothing_masked_is_seen_in_any_output(pixels, width, height):
    masks = Masks([CORNER])
    picture = DecodedPicture(white(width, height, pixels), Converters(), masks)
    hidden = masks.on(width, height)
    assert hidden[: height // 2, width // 2 :].all()
    assert picture.luma()[hidden].max() <= 16
    assert picture.bgr()[hidden].max() <= 2
    assert picture.scaled(48, 32)[:15, 25:].max() <= 2
    assert picture.bgr()[:, : width // 2 - 8].min() >= 250


def test_masks_never_touch_the_decoders_buffers(make_clip):
    clip = make_clip(frames=30, gop=30)
    plain = [frame.bgr().copy() for frame in frames_of(clip)]
    seen = Masks([CORNER]).on(96, 64)
    for frame, without in zip(frames_of(clip, masks=[CORNER]), plain, strict=True):
        far = ~cv2.dilate(seen.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        assert np.array_equal(frame.bgr()[far], without[far])


def test_no_masks_is_no_copy():
    frame = white()
    assert not Masks()
    assert Masks().apply(frame) is frame


def test_a_thin_mask_hides_at_least_its_line():
    assert Masks([[[0.1, 0.5], [0.9, 0.5], [0.5, 0.5]]]).on(100, 100)[50, 12:88].all()

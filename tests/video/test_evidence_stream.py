"""Clips from the main stream, matched to what is analysed by the time of arrival (Cameras 6)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline.clock import FakeClock, SystemClock
from pipeline.errors import SourceError
from pipeline.video.clip import ClipInfo, NoClip
from pipeline.video.evidence_stream import EvidenceStream, Strip
from pipeline.video.masks import Masks

CLIP = {"frames": 300, "gop": 10, "width": 192, "height": 128}


def strip_of(make_clip: Any, scripted: Any, clock: FakeClock, *, delay_s: float = 0.0, masks: Any = ()) -> Strip:
    """A strip that has seen 30 s of a main stream whose every tenth packet comes `delay_s` late."""

    def script(index: int, packet: Any) -> list[Any]:
        clock.advance(0.1 + (delay_s if index % 10 == 5 else 0.0) - (delay_s if index % 10 == 6 else 0.0))
        return [packet]

    strip = Strip(scripted(make_clip(**CLIP), script), ring_s=75.0, masks=Masks(masks))
    strip.read(clock=clock, stop=threading.Event())
    return strip


@pytest.mark.parametrize(("word", "delay_s"), [("evenly", 0.0), ("every tenth packet late", 0.09)])
def test_a_clip_is_cut_by_wall_time_at_full_size(
    make_clip: Any, scripted: Any, tmp_path: Path, word: str, delay_s: float
) -> None:
    clock = FakeClock()
    began = clock.utc() + 0.1
    strip = strip_of(make_clip, scripted, clock, delay_s=delay_s)
    made = strip.cut(began + 10.0, began + 15.0, tmp_path / "clip.mp4")
    assert isinstance(made, ClipInfo), word
    assert made.start_pts == pytest.approx(began + 10.0, abs=1.1)
    assert made.duration_s == pytest.approx(5.0, abs=1.2)
    with av.open(tmp_path / "clip.mp4") as clip:
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (192, 128)


def test_masks_hold_for_the_main_stream_too(make_clip: Any, scripted: Any, tmp_path: Path) -> None:
    clock = FakeClock()
    began = clock.utc() + 0.1
    masks = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]
    strip = strip_of(make_clip, scripted, clock, masks=masks)
    made = strip.cut(began + 10.0, began + 12.0, tmp_path / "clip.mp4")
    assert isinstance(made, ClipInfo)
    assert made.encoded_again
    with av.open(tmp_path / "clip.mp4") as clip:
        for frame in clip.decode(video=0):
            assert frame.to_ndarray(format="gray")[:, :96].max() < 30


def test_what_it_does_not_hold_it_says(make_clip: Any, scripted: Any, tmp_path: Path) -> None:
    strip = strip_of(make_clip, scripted, FakeClock())
    assert not strip.covers(0.0)
    fresh = Strip(scripted(make_clip(**CLIP), lambda _, p: [p]), ring_s=75.0, masks=Masks())
    assert isinstance(fresh.cut(0.0, 1.0, tmp_path / "x.mp4"), NoClip)
    assert not fresh.covers(0.0)


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_comes_back_and_old_time_is_cut_from_the_old_connection(
    make_clip: Any, scripted: Any, tmp_path: Path
) -> None:
    """Refused twice, then a connection that ends, then one that stays."""
    stay = threading.Event()
    asked: list[int] = []

    def connect() -> Any:
        asked.append(1)
        if len(asked) <= 2:
            raise SourceError("camera dock refuses the connection", state="refused")
        last = len(asked) > 3
        return scripted(make_clip(**CLIP), lambda i, p: [p] if i < 50 or not last or stay.wait(20) else [])

    class Quick(SystemClock):
        def sleep(self, seconds: float) -> None:
            time.sleep(min(seconds, 0.01))

    stream = EvidenceStream(connect, camera_id="dock", clock=Quick(), masks=Masks(), ring_s=75.0, rng=random.Random(1))
    began = SystemClock().utc()
    stream.start()
    until(lambda: len(asked) >= 4 and stream.connected)
    assert isinstance(stream.cut(began - 3600, began, tmp_path / "no.mp4"), NoClip)
    made = stream.cut(SystemClock().utc() - 1, SystemClock().utc() + 1, tmp_path / "clip.mp4")
    assert isinstance(made, ClipInfo)
    stay.set()
    stream.close()

"""Whatever a camera does to its stream, nobody is alarmed who is not there, and no time is made up (reliability.md, 7).

The whole of one camera's stages runs, from packets to rules, over a calm scene that is disturbed on its way.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from pipeline.bootstrap import build_worker, open_site_detector
from pipeline.clock import FakeClock
from pipeline.errors import SourceError
from pipeline.folders import DataFolder
from pipeline.rulebook import build_engine
from pipeline.site import Site, parse_site
from pipeline.types import Event, Frame, Tracks
from pipeline.video.connection import AvConnection, SourceInfo
from pipeline.video.health import CameraHealth
from pipeline.video.masks import Masks
from pipeline.video.source import Source, open_live

SITE = """
site: {name: Yard, timezone: UTC}
detector: {model: motion}
cameras:
  dock:
    source: rtsp://127.0.0.1/x
    analyze_fps: 5
    zones: {bay: {polygon: [[0.0, 0.3], [1.0, 0.3], [1.0, 1.0], [0.0, 1.0]]}}
    rules:
      - {id: always, kind: after_hours, zone: bay, always: true, min_presence_s: 1}
      - {id: loiter, kind: loitering, zone: bay, dwell_s: 10}
"""
FPS, SECONDS = 10, 60


def yard(width: int = 320, height: int = 192) -> Any:
    scene = np.full((height, width), 120, np.float32)
    rng = np.random.default_rng(5)
    for _ in range(40):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.rectangle(scene, (x, y), (x + 30, y + 20), float(rng.integers(60, 200)), -1)
    return cv2.GaussianBlur(scene, (5, 5), 0)


def film(path: Path, *, walker: bool, codec: str = "libx264", width: int = 320, height: int = 192) -> Path:
    """A noisy yard, somebody crossing it slowly from 20 s on or nobody."""
    rng, scene = np.random.default_rng(1), yard(width, height)
    options = {"preset": "ultrafast", "g": "20", "crf": "24", "bf": "0"} if codec == "libx264" else {}
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(FPS * SECONDS):
            picture = scene.copy()
            if walker and index > 20 * FPS:
                x = int((index - 20 * FPS) / (40 * FPS) * width)
                cv2.rectangle(picture, (x, height // 2), (x + 22, height // 2 + 66), 20, -1)
            noisy = np.clip(picture + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.dstack([noisy] * 3), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {
        "calm": film(folder / "calm.mp4", walker=False),
        "walker": film(folder / "walker.mp4", walker=True),
        "other codec": film(folder / "other.mp4", walker=False, codec="mpeg4"),
    }


class Wire:
    """A live camera that sends a film and does to each packet what `change` says."""

    def __init__(self, path: Path, change: Callable[[int, Any], list[Any]], clock: FakeClock) -> None:
        self._inner = AvConnection("dock", str(path), timeout_s=1.0, clock=clock)
        self._change, self._clock, self.go = change, clock, threading.Event()
        self.stream, self.time_base = self._inner.stream, self._inner.time_base
        info = self._inner.info
        self.info = SourceInfo(info.width, info.height, info.fps, True, info.codec, None)

    def packets(self) -> Iterator[Any]:
        self.go.wait(30)
        for index, packet in enumerate(self._inner.packets()):
            self._clock.advance(1 / FPS)
            for sent in self._change(index, packet):
                yield _packet(packet, sent) if isinstance(sent, bytes) else sent

    def decode(self, packet: Any) -> list[Any]:
        return self._inner.decode(packet)

    def close(self) -> None:
        self._inner.close()


def _packet(like: Any, data: bytes) -> Any:
    copy = av.Packet(data)
    copy.pts, copy.dts, copy.time_base, copy.duration = like.pts, like.dts, like.time_base, like.duration
    copy.is_keyframe = like.is_keyframe
    return copy


class Seen:
    """Everything that came out of a camera's stages."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pts: list[float] = []
        self.findings: list[str] = []
        self.ended: str | None = None
        self.ended_s = 0.0
        self._health = CameraHealth()

    def analysed(self, frame: Frame, tracks: Tracks, events: list[Event]) -> None:
        self.events += events
        self.pts.append(frame.pts)
        self.findings += [f"{f.kind} {f.state}" for f in self._health.update(frame.luma(), frame.pts)]

    def closed(self, events: list[Event]) -> None:
        self.events += events


def site_of() -> Site:
    return parse_site(SITE, "site.yaml")


def watch(tmp_path: Path, path: Path, change: Callable[[int, Any], list[Any]]) -> Seen:
    """Every frame through the stages; the reader is waited for, so that none is dropped."""
    site, clock, seen = site_of(), FakeClock(), Seen()
    worker = build_worker(
        site, "dock", detector=open_site_detector(site, DataFolder(tmp_path)), engine=build_engine(site, "dock"),
        output=seen,  # type: ignore[arg-type]
    )  # fmt: skip
    wire = Wire(path, change, clock)
    source: Source = open_live(
        lambda: wire,
        "dock",
        run_id=1,
        clock=clock,
        masks=Masks(),
        timeout_s=3.0,
        ring_s=75.0,  # type: ignore[arg-type,return-value]
    )
    source._offer = worker.follow  # type: ignore[attr-defined]
    wire.go.set()
    try:
        list(source.frames())
    except SourceError as error:
        seen.ended, seen.ended_s = error.state, clock.monotonic()
    source.close()
    worker.finish(reason="over")
    return seen


def flipped(rng: random.Random, packet: Any, *, share: float = 0.01) -> bytes:
    data = bytearray(bytes(packet))
    for _ in range(1 + int(len(data) * share)):
        data[rng.randrange(min(8, len(data) - 1), len(data))] ^= rng.randrange(1, 256)
    return bytes(data)


def corrupt(seed: int) -> Callable[[int, Any], list[Any]]:
    rng = random.Random(seed)
    return lambda index, p: [flipped(rng, p)] if p.size and index > 100 and rng.random() < 0.03 else [p]


def shifted(at: int, seconds: float) -> Callable[[int, Any], list[Any]]:
    def change(index: int, packet: Any) -> list[Any]:
        if index >= at and packet.size:
            packet.pts += int(seconds / packet.time_base)
            packet.dts += int(seconds / packet.time_base)
        return [packet]

    return change


def without(*indexes: int) -> Callable[[int, Any], list[Any]]:
    return lambda index, packet: [] if index in indexes else [packet]


FAULTS: list[tuple[str, Callable[[int, Any], list[Any]]]] = [
    ("nothing at all", lambda _, p: [p]),
    *((f"1 % of bytes flipped in 3 % of packets, seed {seed}", corrupt(seed)) for seed in range(4)),
    ("a keyframe lost", without(200)),
    ("every second keyframe lost", without(*range(120, 600, 40))),
    ("a second of packets lost", without(*range(205, 215))),
    ("time jumps ahead an hour", shifted(250, 3600.0)),
    ("time steps back an hour", shifted(250, -3600.0)),
    ("time wraps at 33 bits", shifted(250, -(2**33) / 90_000)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("word", "change"), FAULTS)
def test_a_calm_scene_raises_nobody_whatever_the_stream_does(
    tmp_path: Path, films: dict[str, Path], word: str, change: Any
) -> None:
    seen = watch(tmp_path, films["calm"], change)
    assert seen.events == [], word
    assert seen.findings == [], word
    assert all(b > a for a, b in pairwise(seen.pts)), word
    assert max(b - a for a, b in pairwise(seen.pts)) <= 4.2, "two groups of pictures"
    assert seen.pts[-1] - seen.pts[0] == pytest.approx(SECONDS, abs=3.0), word


@pytest.mark.slow
@pytest.mark.parametrize(("word", "change"), FAULTS[:2] + FAULTS[5:])
def test_who_is_there_is_found_whatever_the_stream_does_and_no_dwell_is_made_up(
    tmp_path: Path, films: dict[str, Path], word: str, change: Any
) -> None:
    seen = watch(tmp_path, films["walker"], change)
    starts = [event.rule_id for event in seen.events if event.state == "start"]
    assert starts.count("always") == 1, (word, starts)
    for event in seen.events:
        dwell_s = event.why.get("dwell_s", event.why.get("presence_s", 0.0))
        assert 0.0 <= dwell_s <= 41.0, word
        assert event.since_utc <= event.utc, word


@pytest.mark.slow
def test_another_codec_in_mid_stream_ends_the_connection_in_time_for_a_new_one(
    tmp_path: Path, films: dict[str, Path]
) -> None:
    with av.open(films["other codec"]) as other:
        packets = [bytes(p) for p in other.demux(video=0) if p.size]
    seen = watch(tmp_path, films["calm"], lambda i, p: [packets[i]] if 200 <= i < 600 else [p])
    assert seen.ended == "decoding_errors"
    assert seen.events == []
    assert seen.pts[-1] <= 20.1
    assert seen.ended_s <= 20.0 + 3.5


@pytest.mark.slow
def test_hundreds_of_damaged_streams_crash_nothing(films: dict[str, Path], tmp_path: Path) -> None:
    """20 in CI; `NIGHTJAR_FUZZ=1000` for the long form. Every header and byte may be wrong, lengths too."""
    for seed in range(int(os.environ.get("NIGHTJAR_FUZZ", "20"))):
        rng = random.Random(seed)

        def change(index: int, packet: Any, rng: random.Random = rng) -> list[Any]:
            if not packet.size or rng.random() > 0.2:
                return [packet]
            data = flipped(rng, packet, share=rng.random() * 0.2)
            return [data[: rng.randrange(1, len(data) + 1)]] * rng.randrange(0, 3)

        seen = watch(tmp_path, films["calm"], lambda i, p, c=change: c(i, p) if i < 120 else [])
        assert seen.ended in ("no_video", "decoding_errors")
        assert seen.events == [], seed

"""Small clips made on the spot, and cameras that do what a script says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.errors import SourceError
from pipeline.video.connection import AvConnection, SourceInfo


def picture(index: int, width: int, height: int) -> np.ndarray:
    """A bright square that walks over a textured ground: no two pictures are alike. uint8 (H, W, 3) BGR."""
    ground = (np.add.outer(np.arange(height) * 3, np.arange(width) * 2) % 120 + 40).astype(np.uint8)
    image = np.dstack([ground, ground[::-1], 255 - ground]).copy()
    left, top = (index * 3) % (width - 12), (index * 2) % (height - 12)
    image[top : top + 12, left : left + 12] = 255
    return image


def encode(
    path: Path, *, frames: int, fps: int = 10, width: int = 96, height: int = 64, gop: int = 10, b_frames: int = 0,
    codec: str = "libx264", first: int = 0, container: str | None = None,
) -> Path:  # fmt: skip
    options = {"preset": "ultrafast", "g": str(gop), "keyint_min": str(gop), "sc_threshold": "0", "bf": str(b_frames)}
    with av.open(path, "w", format=container) as out:
        stream = out.add_stream(codec, rate=fps, options=options if codec == "libx264" else {})
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for index in range(first, first + frames):
            frame = av.VideoFrame.from_ndarray(picture(index, width, height), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`make_clip(frames=60, ...)` encodes a clip once and gives its path."""
    made: dict[tuple, Path] = {}
    folder = tmp_path_factory.mktemp("clips")

    def make(*, suffix: str = "mp4", **how) -> Path:
        key = (suffix, *sorted(how.items()))
        if key not in made:
            made[key] = encode(folder / f"{len(made)}.{suffix}", **how)
        return made[key]

    return make


class ScriptedConnection:
    """A live camera whose packets come from a clip and pass through `script` on their way.

    `script(index, packet)` gives the packets to send instead, moves the clock, waits, or raises. It may change times
    and bytes as it likes: a `bytes` item becomes a damaged packet with the times of the one it replaces.
    """

    def __init__(self, clip: Path, script: Callable[[int, av.Packet], Iterable[av.Packet | bytes]]) -> None:
        self._inner = AvConnection("scripted", str(clip), timeout_s=1.0, clock=FakeClock())
        self._script = script
        self.stream = self._inner.stream
        self.time_base = self._inner.time_base
        self.info: SourceInfo = replace(self._inner.info, live=True, duration_s=None)
        self.closed = threading.Event()

    def packets(self) -> Iterator[av.Packet]:
        for index, packet in enumerate(self._inner.packets()):
            for sent in self._script(index, packet):
                yield _damaged(packet, sent) if isinstance(sent, bytes) else sent

    def decode(self, packet: av.Packet) -> list[av.VideoFrame]:
        return self._inner.decode(packet)

    def close(self) -> None:
        self._inner.close()
        self.closed.set()


def _damaged(packet: av.Packet, data: bytes) -> av.Packet:
    copy = av.Packet(data)
    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
    copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
    return copy


@pytest.fixture
def scripted() -> Callable[..., ScriptedConnection]:
    """`scripted(clip, script)`: see `ScriptedConnection`."""
    return ScriptedConnection


@pytest.fixture
def refusal() -> Callable[..., Callable[[], ScriptedConnection]]:
    """`refusal(state)` is a `connect` that always fails so."""

    def refuse(state: str) -> Callable[[], ScriptedConnection]:
        def connect() -> ScriptedConnection:
            raise SourceError(f"camera dock: {state}", state=state)

        return connect

    return refuse

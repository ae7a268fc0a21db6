"""The main stream of a camera beside the smaller one that is analysed: its packets are kept, not decoded.

Clips are cut from it at full size; what is analysed stays cheap. The two streams share no clock, so they are matched
by arrival: a packet's wall time is its media time plus the smallest delay seen, which leaves a second or so of doubt.
While the main stream is away, clips come from the analysed one.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.clock import Clock
from pipeline.errors import SourceError
from pipeline.video.clip import ClipInfo, NoClip
from pipeline.video.connection import AvConnection, Connection
from pipeline.video.masks import Masks, Polygon
from pipeline.video.reconnect import HEALTHY_S, Backoff
from pipeline.video.ring import PacketRing
from pipeline.video.source import RING_S, TIMEOUT_S
from pipeline.video.timeline import Mender, seconds

log = logging.getLogger(__name__)

DRIFT = 5e-5
"""Two quartz clocks part by up to some 50 millionths; the smallest delay is let rise by as much."""
_STEP_S = 0.04
_SLICE_S = 0.5


class Strip:
    """The packets of one connection with the wall time that belongs to them."""

    def __init__(self, connection: Connection, *, ring_s: float, masks: Masks) -> None:
        self.ring = PacketRing(connection.stream, time_base=connection.time_base, ring_s=ring_s, masks=masks)
        step_s = 1.0 / connection.info.fps if connection.info.fps else _STEP_S
        self._connection = connection
        self._mender = Mender(time_base=connection.time_base, step_s=step_s)
        self._arrival: float | None = None
        self.offset_s: float | None = None

    def read(self, *, clock: Clock, stop: threading.Event) -> None:
        """Keep what comes until the connection ends or `stop`. Raises SourceError."""
        for packet in self._connection.packets():
            if stop.is_set():
                return
            if not packet.size:
                continue
            arrival = clock.monotonic()
            self._mender.mend(packet, arrival)
            self._match(seconds(packet.dts or 0, self._connection.time_base), clock.utc(), arrival)
            self.ring.append(packet)

    def cut(self, since_utc: float, until_utc: float, path: Path) -> ClipInfo | NoClip:
        """`start_pts` of what is given is wall time."""
        offset_s = self.offset_s
        if offset_s is None:
            return NoClip("the main stream has sent nothing yet")
        made = self.ring.cut(since_utc - offset_s, until_utc - offset_s, path)
        return replace(made, start_pts=made.start_pts + offset_s) if isinstance(made, ClipInfo) else made

    def covers(self, since_utc: float) -> bool:
        """Whether the strip reaches back to a time, to within a group of pictures."""
        return self.offset_s is not None and self.ring.begins_s() + self.offset_s <= since_utc + 1.0

    def _match(self, media_s: float, utc: float, arrival: float) -> None:
        elapsed = 0.0 if self._arrival is None else max(0.0, arrival - self._arrival)
        self._arrival = arrival
        lag = utc - media_s
        self.offset_s = lag if self.offset_s is None else min(self.offset_s + DRIFT * elapsed, lag)


class EvidenceStream:
    """Follows the main stream in a thread of its own, reconnecting with back-off and never giving up."""

    def __init__(
        self, connect: Callable[[], Connection], *, camera_id: str, clock: Clock, masks: Masks, ring_s: float,
        rng: random.Random,
    ) -> None:  # fmt: skip
        self._connect = connect
        self._camera_id = camera_id
        self._clock = clock
        self._masks = masks
        self._ring_s = ring_s
        self._backoff = Backoff(rng)
        self._stopping = threading.Event()
        self._strips: list[Strip] = []
        self._thread = threading.Thread(target=self._run, name=f"main stream {camera_id}", daemon=True)
        self.connected = False

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop; what is held can still be cut. A read that hangs in a library is left to find out by itself."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def cut(self, since_utc: float, until_utc: float, path: Path) -> ClipInfo | NoClip:
        """A clip of this wall time from the newest connection that reaches back to it."""
        strips = list(self._strips)
        for strip in reversed(strips):
            if strip.covers(since_utc):
                return strip.cut(since_utc, until_utc, path)
        return NoClip("the main stream does not reach back so far")

    def _run(self) -> None:
        while not self._stopping.is_set():
            began_s = self._clock.monotonic()
            failure = self._follow()
            healthy_s = self._clock.monotonic() - began_s if self.connected else 0.0
            if self.connected or healthy_s > HEALTHY_S:
                log.warning("%s; clips come from the analysed stream until the main one is back", failure)
            self.connected = False
            self._wait(self._backoff.delay_s(failure.state, healthy_s=healthy_s))

    def _follow(self) -> SourceError:
        """One connection to its end; what ended it."""
        try:
            connection = self._connect()
        except SourceError as error:
            log.warning("main stream: %s", error)
            return error
        try:
            strip = Strip(connection, ring_s=self._ring_s, masks=self._masks)
            self._strips = [*self._strips[-1:], strip]
            self.connected = True
            strip.read(clock=self._clock, stop=self._stopping)
        except SourceError as error:
            return error
        finally:
            connection.close()
        return SourceError(f"camera {self._camera_id} ended its main stream", state="no_video")

    def _wait(self, wait_s: float) -> None:
        until = self._clock.monotonic() + wait_s
        while not self._stopping.is_set() and self._clock.monotonic() < until:
            self._clock.sleep(min(_SLICE_S, max(0.0, until - self._clock.monotonic())))


def open_evidence(
    camera_id: str, source: str, *, clock: Clock, masks: Sequence[Polygon] = (), timeout_s: float = TIMEOUT_S
) -> EvidenceStream:
    """Begin to keep the packets of a camera's main stream; it connects in a thread of its own."""

    def connect() -> Connection:
        return AvConnection(camera_id, source, timeout_s=timeout_s, clock=clock)

    stream = EvidenceStream(
        connect, camera_id=camera_id, clock=clock, masks=Masks(masks), ring_s=RING_S, rng=random.Random(),  # noqa: S311
    )  # fmt: skip
    stream.start()
    return stream

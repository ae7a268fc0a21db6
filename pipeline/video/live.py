"""A camera as a source: a thread reads and decodes, the consumer gets the latest frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from pipeline.clock import Clock
from pipeline.errors import SourceError
from pipeline.types import Frame
from pipeline.video.connection import Connection, SourceInfo
from pipeline.video.masks import Masks
from pipeline.video.reader import FrameReader
from pipeline.video.ring import PacketRing

STALL_TIMEOUTS = 3.0
"""Our own watchdog gives a stream this many time-outs without a packet: a library's time-out is not a promise."""
_LOOK_S = 0.25


class LiveSource:
    """See `open_source`. The reader thread opens, reads and closes the connection, so that a call that hangs inside
    FFmpeg or a name look-up costs that thread and not the worker: the watchdog raises in the consumer's thread and
    the reader is left to find out by itself.
    """

    info: SourceInfo
    ring: PacketRing

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        camera_id: str,
        run_id: int,
        clock: Clock,
        masks: Masks,
        timeout_s: float,
        ring_s: float,
    ) -> None:
        self._connect = connect
        self._camera_id = camera_id
        self._run_id = run_id
        self._clock = clock
        self._masks = masks
        self._stall_s = STALL_TIMEOUTS * timeout_s
        self._ring_s = ring_s
        self._changed = threading.Condition()
        self._reader: FrameReader | None = None
        self._slot: Frame | None = None
        self._failure: SourceError | None = None
        self._closed = False
        self._heard_s = clock.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"read {camera_id}", daemon=True)
        self.dropped = 0

    @property
    def damaged(self) -> int:
        return self._reader.damaged if self._reader else 0

    def open(self) -> None:
        """Wait until the camera has said what it sends.

        Raises:
            SourceError: it could not be opened, or gave no answer before the watchdog.
        """
        self._thread.start()
        with self._changed:
            while self._reader is None:
                self._wait()
            self.info = self._reader_info
            self.ring = self._reader.ring

    def frames(self) -> Iterator[Frame]:
        """The latest frame each time one is asked for. Ends by `close` from another thread, else by `SourceError`."""
        while True:
            with self._changed:
                while self._slot is None and not self._closed:
                    self._wait()
                frame, self._slot = self._slot, None
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_LOOK_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self) -> None:
        """Wait a little for the reader; raise what ended it, or that it has been silent for too long."""
        if self._failure is not None:
            raise self._failure
        if self._clock.monotonic() - self._heard_s > self._stall_s:
            self._closed = True
            raise SourceError(f"camera {self._camera_id} has stopped sending", state="timed_out")
        self._changed.wait(_LOOK_S)

    def _run(self) -> None:
        failure = SourceError(f"camera {self._camera_id} ended the stream", state="no_video")
        try:
            connection = self._connect()
            try:
                self._read(connection)
            finally:
                connection.close()
        except SourceError as error:
            failure = error
        with self._changed:
            self._failure = failure
            self._changed.notify_all()

    def _read(self, connection: Connection) -> None:
        reader = FrameReader(
            connection, camera_id=self._camera_id, run_id=self._run_id, masks=self._masks, ring_s=self._ring_s
        )
        with self._changed:
            self._reader_info = connection.info
            self._reader = reader
            self._heard_s = self._clock.monotonic()
            self._changed.notify_all()
        for packet in connection.packets():
            if self._closed:
                return
            arrival = self._heard_s = self._clock.monotonic()
            for frame in reader.feed(packet, utc=self._clock.utc(), arrival=arrival):
                self._offer(frame)

    def _offer(self, frame: Frame) -> None:
        with self._changed:
            self.dropped += self._slot is not None
            self._slot = frame
            self._changed.notify_all()

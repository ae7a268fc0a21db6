"""A file as a source: every frame in order, or played at the pace of a camera."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from pipeline.clock import Clock
from pipeline.errors import SourceError
from pipeline.types import Frame
from pipeline.video.connection import Connection
from pipeline.video.masks import Masks
from pipeline.video.pacing import Pacer
from pipeline.video.reader import FrameReader


class FileSource:
    """See `open_source`. Decodes in the caller's thread, one frame ahead of nothing."""

    def __init__(
        self,
        connection: Connection,
        *,
        camera_id: str,
        run_id: int,
        clock: Clock,
        start_utc: float | None,
        pace: bool,
        resume_pts: float | None,
        masks: Masks,
        ring_s: float,
    ) -> None:
        self._connection = connection
        self._camera_id = camera_id
        self._reader = FrameReader(connection, camera_id=camera_id, run_id=run_id, masks=masks, ring_s=ring_s)
        self._start_utc = clock.utc() - (resume_pts or 0.0) if start_utc is None else start_utc
        self._pacer = Pacer(clock) if pace else None
        self._resume_pts = resume_pts
        self.info = connection.info
        self.ring = self._reader.ring
        self.dropped = 0

    @property
    def damaged(self) -> int:
        return self._reader.damaged

    def frames(self) -> Iterator[Frame]:
        """Raises: SourceError, state `decoding_errors`, where not one picture of the file can be decoded."""
        seen = False
        for packet in self._connection.packets():
            for frame in self._reader.feed(packet, utc=self._start_utc):
                seen = True
                if self._due(frame):
                    yield frame
        if not seen:
            raise SourceError(f"camera {self._camera_id}: no picture can be decoded", state="decoding_errors")

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _due(self, frame: Frame) -> bool:
        if self._resume_pts is not None and frame.pts <= self._resume_pts + 1e-6:
            return False
        if self._pacer is None or self._pacer.wait(frame.pts):
            return True
        self.dropped += 1
        return False

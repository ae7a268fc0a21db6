"""Opening a camera, file or device, and what the worker gets from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from pipeline.clock import Clock
from pipeline.types import Frame
from pipeline.video.connection import SOFTWARE, AvConnection, Connection, SourceInfo, is_live
from pipeline.video.file import FileSource
from pipeline.video.hardware import Hardware
from pipeline.video.live import LiveSource
from pipeline.video.masks import Masks, Polygon
from pipeline.video.ring import PacketRing

TIMEOUT_S = 3.0
"""A third of the goal of 10 s: FFmpeg gives up on a silent stream after two of these (reliability.md, section 2)."""
RING_S = 75.0
"""Sixty seconds before an event, ten after it, and some for a long group of pictures."""


class Source(Protocol):
    """One open camera or file: frames in order, its last minute of packets, and what was left out.

    `frames` ends where a file ends; a camera's ends only in a `SourceError`. `ring` stays usable after `close`.
    """

    info: SourceInfo
    ring: PacketRing

    @property
    def dropped(self) -> int:
        """Frames decoded but never handed out because the consumer or the clock was elsewhere."""

    @property
    def damaged(self) -> int:
        """Pictures left out because a lost or altered packet smeared them."""

    def frames(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_source(
    camera_id: str,
    source: str,
    *,
    clock: Clock,
    run_id: int = 1,
    start_utc: float | None = None,
    pace: bool = False,
    resume_pts: float | None = None,
    masks: Sequence[Polygon] = (),
    timeout_s: float = TIMEOUT_S,
    ring_s: float = RING_S,
    hardware: Hardware = SOFTWARE,
) -> Source:
    """Open `source`: an rtsp(s) or http(s) address, a device under /dev, or else a file.

    A file gives every frame in order, `utc = start_utc + pts`; without `start_utc` its first frame is now.
    `resume_pts` is the media time of the last frame already dealt with: those up to it are decoded, not given.
    `pace` releases a file's frames at their media time, as a camera would. A camera gives its latest frame: one
    that was not fetched in time is dropped and counted. `masks` are normalised polygons, black in all that is given.
    `hardware` is what decodes, see `hardware.choose`.

    Raises:
        SourceError: it cannot be opened; `state` says why and the message holds no credential.
    """
    painted = Masks(masks)

    def connect() -> Connection:
        return AvConnection(camera_id, source, timeout_s=timeout_s, clock=clock, hardware=hardware)

    if is_live(source):
        return open_live(
            connect, camera_id, run_id=run_id, clock=clock, masks=painted, timeout_s=timeout_s, ring_s=ring_s
        )
    return FileSource(
        connect(), camera_id=camera_id, run_id=run_id, clock=clock, start_utc=start_utc, pace=pace,
        resume_pts=resume_pts, masks=painted, ring_s=ring_s,
    )  # fmt: skip


def open_live(
    connect: Callable[[], Connection],
    camera_id: str,
    *,
    run_id: int,
    clock: Clock,
    masks: Masks,
    timeout_s: float,
    ring_s: float,
) -> LiveSource:
    """A camera behind any connection, waited for until it is open or has failed."""
    live = LiveSource(
        connect, camera_id=camera_id, run_id=run_id, clock=clock, masks=masks, timeout_s=timeout_s, ring_s=ring_s
    )
    live.open()
    return live

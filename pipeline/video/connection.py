"""One connection to a camera or file through PyAV: packets, a decoder, and errors that say what is wrong.

PyAV's own errors print the whole address, password included (reliability.md, finding 7). Here a message names the
camera and at most the host, and the original exception is dropped rather than chained.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import av
from av.video.stream import VideoStream

from pipeline.clock import Clock
from pipeline.errors import SourceError
from pipeline.types import CameraState
from pipeline.video.hardware import Hardware

if TYPE_CHECKING:
    from pipeline.video.timeline import VideoPacket


SOFTWARE = Hardware(None)
LIVE_SCHEMES = ("rtsp", "rtsps", "http", "https")
_UNTIMED = frozenset(("mpjpeg", "mjpeg", "h264", "hevc"))
"""Formats without times of their own: FFmpeg makes them up from a nominal frame rate, arrival says more."""
_FASTEST_FPS = 240.0
"""Frame rates above this are a clock rate that a stream gives instead of one (RTP: 90 kHz)."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source says of itself: pixels, `fps` and `duration_s` where known, `live` for cameras."""

    width: int
    height: int
    fps: float | None
    live: bool
    codec: str
    duration_s: float | None


class Connection(Protocol):
    """Packets of one video stream in decoding order, and what is needed to decode or keep them.

    `packets` raises `SourceError` and ends where a file ends; the last packet is empty and flushes the decoder.
    All of it is used by one thread.
    """

    info: SourceInfo
    stream: VideoStream
    time_base: Fraction

    def packets(self) -> Iterator[VideoPacket]: ...

    def decode(self, packet: VideoPacket) -> list[av.VideoFrame]:
        """Frames that this packet completes.

        Raises:
            av.error.FFmpegError: the packet is damaged; the next may not be.
        """

    def close(self) -> None: ...


class AvConnection:
    """`Connection` to a real address, file or device. `timeout_s` is for opening and for each read, `hardware` what
    decodes.

    Raises:
        SourceError: with a typed state, see `explain`.
    """

    def __init__(
        self, camera_id: str, source: str, *, timeout_s: float, clock: Clock, hardware: Hardware = SOFTWARE
    ) -> None:
        self._place = place_of(camera_id, source)
        live = is_live(source)
        check_address(camera_id, source)
        began_s = clock.monotonic()
        try:
            self._container = _open(source, place=self._place, timeout_s=timeout_s if live else None, hardware=hardware)
        except SourceError as error:
            # FFmpeg calls an RTSP server that accepts and says nothing "invalid data" once the time is up.
            if live and error.state == "no_video" and clock.monotonic() - began_s >= 0.9 * timeout_s:
                raise SourceError(f"{self._place} does not answer", state="timed_out") from None
            raise
        self._untimed = live and self._container.format.name in _UNTIMED
        try:
            self.stream = self._only_video()
            self.time_base = self.stream.time_base or Fraction(1, 90_000)
            self.info = _describe(self.stream, live=live, duration=self._container.duration)
        except SourceError:
            self._container.close()
            raise

    def packets(self) -> Iterator[VideoPacket]:
        packets = self._container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError) as error:
                failure = explain(error, self._place)
            else:
                if self._untimed:
                    packet.pts = packet.dts = None
                yield packet
                continue
            raise failure

    def decode(self, packet: VideoPacket) -> list[av.VideoFrame]:
        return self.stream.codec_context.decode(packet)

    def close(self) -> None:
        self._container.close()

    def _only_video(self) -> VideoStream:
        if not self._container.streams.video:
            raise SourceError(f"{self._place} sends no video", state="no_video")
        stream = self._container.streams.video[0]
        if stream.codec_context is None:
            raise SourceError(f"{self._place} sends video in a format that cannot be decoded", state="no_video")
        # One thread: frame threading buys latency with CPU, and there are many cameras (performance.md, 1).
        stream.codec_context.thread_count = 1
        return stream


def is_live(source: str) -> bool:
    """Whether a source plays on whether or not it is read: an address or a device."""
    return scheme_of(source) in LIVE_SCHEMES or _device(source) is not None


def _device(source: str) -> str | None:
    """The path of a capture device: `/dev/video0`, or `device:0` for the same."""
    if source.startswith("device:"):
        return f"/dev/video{source.removeprefix('device:')}"
    return source if source.startswith("/dev/") else None


def scheme_of(source: str) -> str:
    """The scheme of an address in lower case, or an empty text for a path."""
    scheme, separator, _ = source.partition("://")
    return scheme.lower() if separator else ""


def check_address(camera_id: str, source: str) -> None:
    """Refuse an address whose password would be taken for a host.

    Raises:
        SourceError: state `misconfigured`; the message does not repeat the address.
    """
    if not scheme_of(source):
        return
    try:
        parts = urlsplit(source)
        astray = "@" not in parts.netloc and "@" in parts.path + parts.query + parts.fragment
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0) and not astray
    except ValueError:
        usable = False
    if not usable:
        hint = "write @ : / ? # % inside a user name or password as %40 %3A %2F %3F %23 %25"
        raise SourceError(f"camera {camera_id}: the address has no usable host ({hint})", state="misconfigured")


def place_of(camera_id: str, source: str) -> str:
    """What a message may say of where a camera is: its id, and its host where that surely is the host."""
    if not scheme_of(source):
        return f"camera {camera_id}" if is_live(source) else f"camera {camera_id} ({Path(source).name})"
    try:
        parts = urlsplit(source)
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"camera {camera_id}"
    rest = parts.path + parts.query + parts.fragment
    if not host or "@" in rest:
        return f"camera {camera_id}"
    return f"camera {camera_id} at {host}" + (f":{port}" if port else "")


def explain(error: Exception, place: str) -> SourceError:
    """A PyAV error as a typed one, without its text: that holds the address."""
    for kinds, state, text in _KINDS:
        if isinstance(error, kinds):
            return SourceError(f"{place} {text}", state=state)
    code = getattr(error, "errno", None)
    if code in _UNREACHABLE:
        return SourceError(f"{place} cannot be reached", state="refused")
    return SourceError(f"{place} cannot be read ({type(error).__name__})", state="no_video")


_KINDS: tuple[tuple[tuple[type[Exception], ...], CameraState, str], ...] = (
    ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError), "unauthorised",
     "refuses the user name or password"),
    ((av.error.HTTPNotFoundError,), "not_found", "has no such stream"),
    ((FileNotFoundError,), "not_found", "is not there"),
    ((av.error.HTTPServerError,), "refused", "reports an error of its own"),
    ((av.error.HTTPClientError,), "refused", "refuses the request"),
    ((ConnectionRefusedError,), "refused", "refuses the connection"),
    ((PermissionError,), "refused", "may not be read"),
    ((ConnectionResetError, BrokenPipeError, av.error.EOFError), "no_video", "ended the connection"),
    ((TimeoutError, av.error.ExitError), "timed_out", "does not answer"),
    ((IsADirectoryError,), "no_video", "is a folder, not a video"),
    ((av.error.InvalidDataError, av.error.DemuxerNotFoundError), "no_video", "is not a video that can be read"),
    ((av.error.DecoderNotFoundError,), "no_video", "sends video in a format that cannot be decoded"),
)  # fmt: skip
_UNREACHABLE = frozenset((errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EIO, errno.ENXIO, errno.ENODEV))


def _open(source: str, *, place: str, timeout_s: float | None, hardware: Hardware) -> av.container.InputContainer:
    options: dict[str, str] = {}
    if scheme_of(source) in ("rtsp", "rtsps"):
        options = {"rtsp_transport": "tcp", "analyzeduration": "1000000", "fpsprobesize": "5"}
    device = _device(source)
    timeout = None if timeout_s is None else (timeout_s, timeout_s)
    try:
        return av.open(
            device or source, "r", format="v4l2" if device else None, options=options, timeout=timeout,
            hwaccel=hardware.accel(),
        )  # fmt: skip
    except (av.error.FFmpegError, OSError, ValueError) as error:
        failure = explain(error, place)
    raise failure


def _describe(stream: VideoStream, *, live: bool, duration: int | None) -> SourceInfo:
    rate = stream.average_rate or stream.guessed_rate
    fps = float(rate) if rate and 0 < rate <= _FASTEST_FPS else None
    context = stream.codec_context
    length = None if live or not duration else duration / av.time_base
    return SourceInfo(context.width, context.height, fps, live, context.name, length)

"""Clips of evidence: packets of the ring as an MP4 that a browser plays."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
from av.codec.context import CodecContext
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from pipeline.video.masks import Masks

if TYPE_CHECKING:
    from pipeline.video.timeline import VideoPacket


log = logging.getLogger(__name__)

PLAYED = frozenset(("h264", "hevc", "av1", "libdav1d", "vp9"))
"""Codecs that an MP4 holds and a browser plays; the rest (MJPEG, MPEG-4 part 2) is encoded again."""
_ENCODER = {"preset": "veryfast", "crf": "23", "threads": "1"}


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """A clip on disk. `start_pts` is the media time of its first picture: at or before what was asked for."""

    path: Path
    sha256: str
    size: int
    start_pts: float
    duration_s: float
    frames: int
    encoded_again: bool


@dataclass(frozen=True, slots=True)
class NoClip:
    """Why there is no clip. The alert goes out without one."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Consecutive packets in decoding order, the first a keyframe, with what it takes to write or decode them.

    Without a `template` the parameters of the stream are taken from its first packet.
    """

    packets: Sequence[VideoPacket]
    codec: str
    extradata: bytes | None
    template: VideoStream | None
    width: int
    height: int
    time_base: Fraction
    origin_s: float
    since_pts: float
    until_pts: float


def write_clip(passage: Passage, path: Path, *, masks: Masks) -> ClipInfo | NoClip:
    """Write a passage to `path`, whole or not at all; the folder must exist."""
    again = bool(masks) or passage.codec not in PLAYED
    part = path.with_name(path.name + ".part")
    try:
        start_pts, duration_s, frames = _encode(passage, part, masks) if again else _remux(passage, part)
        digest, size = _settle(part, path)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        with suppress(OSError):
            part.unlink()
        log.warning("no clip %s: %s", path.name, type(error).__name__)
        return NoClip(f"the clip could not be written ({type(error).__name__})")
    return ClipInfo(path, digest, size, start_pts, duration_s, frames, again)


def _remux(passage: Passage, path: Path) -> tuple[float, float, int]:
    first = passage.packets[0]
    start = first.pts if first.pts is not None else (first.dts or 0)
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as out:
        copied = _copied_stream(out, passage)
        last, end, count = (first.dts or 0) - start - 1, start, 0
        for packet in passage.packets:
            copy = _copy(packet, base=start, after=last)
            if packet.pts is not None and packet.pts < start:
                continue  # leading pictures of an open group refer to what came before the clip
            copy.stream = cast("VideoStream", copied)
            last, end, count = copy.dts or 0, max(end, _end(packet)), count + 1
            out.mux(copy)
    start_s = float(start * passage.time_base)
    return start_s - passage.origin_s, float(end * passage.time_base) - start_s, count


def _copied_stream(out: av.container.OutputContainer, passage: Passage) -> Stream:
    if passage.template is None:
        return out.add_mux_stream(passage.codec, width=passage.width, height=passage.height)
    copied = out.add_stream_from_template(passage.template, opaque=True)
    if passage.codec == "hevc":
        copied.codec_context.codec_tag = "hvc1"
    return copied


def _copy(packet: VideoPacket, *, base: int, after: int) -> VideoPacket:
    """A packet of its own for the muxer, which rewrites times; decoding times rise by at least a tick."""
    copy = cast("VideoPacket", av.Packet(bytes(packet)))
    copy.time_base = packet.time_base
    copy.dts = max((packet.dts or 0) - base, after + 1)
    copy.pts = copy.dts if packet.pts is None else max(packet.pts - base, copy.dts)
    copy.duration = packet.duration
    copy.is_keyframe = packet.is_keyframe
    return copy


def _end(packet: VideoPacket) -> int:
    start = packet.pts if packet.pts is not None else packet.dts
    return (start or 0) + (packet.duration or 0)


def _encode(passage: Passage, path: Path, masks: Masks) -> tuple[float, float, int]:
    base: int | None = None
    last = count = 0
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream: VideoStream | None = None
        for frame in _pictures(passage):
            if stream is None or base is None:
                stream, base = _encoder(out, frame, passage.time_base), frame.pts or 0
            masked = masks.apply(frame).reformat(stream.width, stream.height, "yuv420p")
            masked.pts, masked.time_base, masked.pict_type = (frame.pts or 0) - base, passage.time_base, 0
            last, count = masked.pts, count + 1
            out.mux(stream.encode(masked))
        if stream is None or base is None:
            raise ValueError("nothing in the passage can be decoded")
        out.mux(stream.encode(None))
    start_pts = float(base * passage.time_base) - passage.origin_s
    return start_pts, float(last * passage.time_base), count


def _encoder(out: av.container.OutputContainer, frame: av.VideoFrame, time_base: Fraction) -> VideoStream:
    stream = out.add_stream("libx264", rate=25, options=_ENCODER)
    # 4:2:0 needs even sides.
    stream.width, stream.height, stream.pix_fmt = frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p"
    stream.codec_context.time_base = stream.time_base = time_base
    return stream


def _pictures(passage: Passage) -> Iterator[av.VideoFrame]:
    """Every picture that decodes, its times rising, from `since_pts` to `until_pts`."""
    decoder = cast("VideoCodecContext", CodecContext.create(passage.codec, "r"))
    decoder.extradata = passage.extradata
    decoder.thread_count = 1
    last: int | None = None
    for packet in (*passage.packets, None):
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            continue
        for frame in frames:
            pts = frame.pts if frame.pts is not None else (0 if last is None else last + 1)
            if last is not None and pts <= last:
                continue
            frame.pts = last = pts
            seconds = float(pts * passage.time_base) - passage.origin_s
            if passage.since_pts - 1e-6 <= seconds <= passage.until_pts + 1e-6:
                yield frame


def _settle(part: Path, path: Path) -> tuple[str, int]:
    """Make a finished file durable under its name; its sha256 and size."""
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return digest, size

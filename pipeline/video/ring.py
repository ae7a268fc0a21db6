"""The last minute of a camera's own packets, kept in memory so that a clip can be cut without encoding again."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.video.stream import VideoStream

from pipeline.video.clip import PLAYED, ClipInfo, NoClip, Passage, write_clip
from pipeline.video.masks import Masks
from pipeline.video.timeline import seconds

if TYPE_CHECKING:
    from pipeline.video.timeline import VideoPacket


MAX_BYTES = 96 * 2**20
"""75 s of a 10 Mbit/s stream; a camera that sends more keeps a shorter past rather than more memory."""


_REORDERED = 16
"""Pictures that H.264 and H.265 may hold back for reordering, at most (H.264 A.3.1: 16 frames)."""


@dataclass(slots=True)
class _Gop:
    """A keyframe and the packets that depend on it."""

    start_s: float
    packets: list[VideoPacket] = field(default_factory=list)
    size: int = 0


class PacketRing:
    """Whole groups of pictures covering at least the last `ring_s` seconds, at most `max_bytes`.

    Filled by the thread that reads the camera, cut by any other, also after the source was closed. Times given to
    `cut` are seconds since the first frame, as in `Frame.pts`; `origin_s` is that frame's place in packet time.
    """

    def __init__(
        self, stream: VideoStream, *, time_base: Fraction, ring_s: float, masks: Masks, max_bytes: int = MAX_BYTES
    ) -> None:
        self._codec = stream.codec_context.name
        # The camera's stream dies with its connection; a file that is never written keeps a copy of its parameters.
        self._holder = av.open(io.BytesIO(), "w", format="mp4") if self._codec in PLAYED else None
        self._template = None if self._holder is None else self._holder.add_stream_from_template(stream, opaque=True)
        self._width, self._height = stream.codec_context.width, stream.codec_context.height
        self._extradata = stream.codec_context.extradata
        self._time_base = time_base
        self._ring_s = ring_s
        self._max_bytes = max_bytes
        self._masks = masks
        self._gops: deque[_Gop] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self.origin_s = 0.0

    @property
    def size(self) -> int:
        """Bytes of video held."""
        return self._size

    @property
    def span_s(self) -> float:
        """Seconds from the oldest packet to the newest."""
        with self._lock:
            return self._end_s() - self._gops[0].start_s if self._gops else 0.0

    def begins_s(self) -> float:
        """When the oldest packet held is shown, seconds of packet time since the first frame; infinite while empty."""
        with self._lock:
            return self._gops[0].start_s - self.origin_s if self._gops else float("inf")

    def append(self, packet: VideoPacket) -> None:
        """Keep one packet; those before the first keyframe cannot be decoded and are passed over."""
        if not packet.size or packet.dts is None:
            return
        with self._lock:
            if packet.is_keyframe:
                self._gops.append(_Gop(self._seconds(packet)))
            if self._gops:
                self._gops[-1].packets.append(packet)
                self._gops[-1].size += packet.size
                self._size += packet.size
                self._forget()

    def restart(self, width: int, height: int) -> None:
        """Forget all but the group of pictures in progress: from here on the stream's pictures have this size."""
        with self._lock:
            self._width, self._height, self._template = width, height, None
            while len(self._gops) > 1:
                self._size -= self._gops.popleft().size

    def cut(self, since_pts: float, until_pts: float, path: Path) -> ClipInfo | NoClip:
        """Write the pictures from the keyframe at or before `since_pts` up to `until_pts` as an MP4 at `path`.

        The camera's packets go into the file as they came; with privacy masks, or in a codec that browsers do not
        play, they are decoded, masked and encoded again. Takes a while then: call it off the camera's loop.
        """
        with self._lock:
            packets = self._between(since_pts + self.origin_s, until_pts + self.origin_s)
        if not packets:
            return NoClip("no video of that time is held any more")
        passage = Passage(
            packets=packets, codec=self._codec, extradata=self._extradata, template=self._template,
            width=self._width, height=self._height, time_base=self._time_base, origin_s=self.origin_s,
            since_pts=since_pts, until_pts=until_pts,
        )  # fmt: skip
        return write_clip(passage, path, masks=self._masks)

    def _between(self, since_s: float, until_s: float) -> Sequence[VideoPacket]:
        first = 0
        for index, gop in enumerate(self._gops):
            if gop.start_s <= since_s + 1e-6:
                first = index
        packets = [packet for gop in list(self._gops)[first:] for packet in gop.packets]
        times = [self._seconds(packet) for packet in packets]
        end = max((index for index, time_s in enumerate(times) if time_s <= until_s + 1e-6), default=-1) + 1
        latest = max(times[:end], default=0.0)
        # Decoding order is not showing order: what is shown between pictures already taken belongs to the clip.
        for index in range(end, min(end + _REORDERED, len(times))):
            end = index + 1 if times[index] < latest else end
        return packets[:end]

    def _forget(self) -> None:
        oldest = self._end_s() - self._ring_s
        while len(self._gops) > 1 and (self._gops[1].start_s <= oldest or self._size > self._max_bytes):
            self._size -= self._gops.popleft().size
        if self._size > self._max_bytes:
            self._gops.clear()
            self._size = 0

    def _end_s(self) -> float:
        return self._seconds(self._gops[-1].packets[-1]) if self._gops[-1].packets else self._gops[-1].start_s

    def _seconds(self, packet: VideoPacket) -> float:
        ticks = packet.pts if packet.pts is not None else packet.dts
        return seconds(ticks or 0, self._time_base)

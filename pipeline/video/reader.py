"""From the packets of one connection to frames: times mended, packets kept, damaged pictures left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

from pipeline.errors import SourceError
from pipeline.types import Frame
from pipeline.video.connection import Connection
from pipeline.video.masks import Masks
from pipeline.video.picture import Converters, DecodedPicture
from pipeline.video.ring import PacketRing
from pipeline.video.timeline import Mender, Rising, seconds

if TYPE_CHECKING:
    from pipeline.video.timeline import VideoPacket


MISTRUST_S = 5.0
"""After damage pictures are believed again from a clean keyframe on, or after this long where none ever comes
(intra refresh): issue 5 asks for recovery within two groups of pictures or 5 s."""
BLIND_S = 10.0
"""Packets without a single clean picture for this long: the camera sends, but nothing can be seen."""
DEAD_S = 3.0
"""A stream that was seen well and now gives errors alone, not even a smeared picture, for this long has changed its
codec or its parameters without a word: a new connection asks for them, and sees again within 5 s."""
_STEP_S = 0.04


class FrameReader:
    """Feeds packets in, takes frames out. One connection, one thread.

    `seq` counts every picture that the decoder gave, damaged ones too, so that it stays the index in the source.
    """

    def __init__(self, connection: Connection, *, camera_id: str, run_id: int, masks: Masks, ring_s: float) -> None:
        step_s = 1.0 / connection.info.fps if connection.info.fps else _STEP_S
        self._connection = connection
        self._camera_id = camera_id
        self._run_id = run_id
        self._masks = masks
        self._converters = Converters()
        self._mender = Mender(time_base=connection.time_base, step_s=step_s)
        self._rising = Rising(step_s=step_s)
        self._guard = DamageGuard()
        self._size = (connection.info.width, connection.info.height)
        self._last_arrival: float | None = None
        self.ring = PacketRing(connection.stream, time_base=connection.time_base, ring_s=ring_s, masks=masks)
        self.seq = 0

    @property
    def damaged(self) -> int:
        """Pictures left out so far."""
        return self._guard.damaged

    def feed(self, packet: VideoPacket, *, utc: float, arrival: float | None = None) -> list[Frame]:
        """Clean frames that this packet completes; each has `utc + pts` where `arrival` is None, else `utc`.

        Raises:
            SourceError: state `decoding_errors` after `BLIND_S` seconds of packets without a clean picture.
        """
        if packet.size:
            self._mender.mend(packet, arrival)
            self.ring.append(packet)
        made = []
        for picture, clean in self._guard.decode(self._connection, packet):
            pts = self._pts(picture, arrival)
            if clean:
                self._notice_size(picture)
                made.append(self._frame(picture, pts=pts, utc=utc if arrival is not None else utc + pts))
            self.seq += 1
        if self._guard.blind_s > BLIND_S or self._guard.dead_s > DEAD_S:
            where = f"camera {self._camera_id}"
            raise SourceError(f"{where} sends video that cannot be decoded", state="decoding_errors")
        return made

    def _pts(self, picture: av.VideoFrame, arrival: float | None) -> float:
        elapsed = None if arrival is None or self._last_arrival is None else arrival - self._last_arrival
        self._last_arrival = arrival
        raw = None if picture.pts is None else seconds(picture.pts, self._connection.time_base)
        pts = self._rising.since_first(raw, elapsed_s=elapsed)
        if self._rising.origin_s is not None:
            self.ring.origin_s = self._rising.origin_s
        return pts

    def _notice_size(self, picture: av.VideoFrame) -> None:
        size = (picture.width, picture.height)
        if size != self._size:
            self._size = size
            self.ring.restart(*size)

    def _frame(self, picture: av.VideoFrame, *, pts: float, utc: float) -> Frame:
        return Frame(
            camera_id=self._camera_id, run_id=self._run_id, seq=self.seq, pts=pts, utc=utc,
            picture=DecodedPicture(picture, self._converters, self._masks),
        )  # fmt: skip


class DamageGuard:
    """Tells clean pictures from those that a lost or altered packet has smeared.

    FFmpeg conceals errors and flags only some of the pictures that inherit them, so everything up to the next clean
    keyframe is doubted. `blind_s` is packet time since the last clean picture; `dead_s` that in which, after clean
    pictures, there were errors and nothing else.
    """

    def __init__(self) -> None:
        self._damaged_s: float | None = None
        self._seen_s: float | None = None
        self._failing_s: float | None = None
        self._was_clean = False
        self.blind_s = self.dead_s = 0.0
        self.damaged = 0

    def decode(self, connection: Connection, packet: VideoPacket) -> list[tuple[av.VideoFrame, bool]]:
        """Pictures that the packet completes, each with whether it can be believed."""
        now_s = self._now(connection, packet)
        try:
            pictures = connection.decode(packet)
        except av.error.FFmpegError:
            pictures = []
            self._damaged_s = now_s
            self._failing_s = now_s if self._failing_s is None else self._failing_s
        if packet.is_corrupt:
            self._damaged_s = now_s
        judged = [(picture, self._clean(picture, now_s)) for picture in pictures]
        if any(clean for _, clean in judged):
            self._seen_s, self._was_clean = now_s, True
        if pictures:
            self._failing_s = None
        self.dead_s = 0.0 if self._failing_s is None or not self._was_clean else now_s - self._failing_s
        self.blind_s = now_s - (self._seen_s or 0.0)
        return judged

    def _clean(self, picture: av.VideoFrame, now_s: float) -> bool:
        if picture.is_corrupt:
            self._damaged_s = now_s
        elif self._damaged_s is not None and (picture.key_frame or now_s - self._damaged_s > MISTRUST_S):
            self._damaged_s = None
        self.damaged += self._damaged_s is not None
        return self._damaged_s is None

    def _now(self, connection: Connection, packet: VideoPacket) -> float:
        if packet.dts is None:
            return self._seen_s or 0.0
        now_s = seconds(packet.dts, connection.time_base)
        if self._seen_s is None:
            self._seen_s = now_s
        return now_s

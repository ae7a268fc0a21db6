"""Media time that can be trusted: whatever a camera writes into its packets, `pts` only moves forward.

Two steps. `Mender` repairs packets before they are decoded or kept (jumps, wraps, steps back, nothing at all), so that
frames and clips share one time base. `Rising` turns the decoder's frame times into seconds since the first frame.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    VideoPacket = av.Packet[VideoStream]

JUMP_S = 2.0
"""Media time may run ahead of the arrival of its packets by this much before it counts as a jump (RTCP corrections
move a stream by less); tracks are closed over such a gap (reliability.md, I8)."""
_LEAST_STEP_S = 1e-3
_REORDERED = 2
"""Matroska gives no decoding time for the first pictures of a stream with B-frames; two are common."""
_MOST_REORDERED = 16


def seconds(ticks: int, time_base: Fraction) -> float:
    """Ticks in seconds, correctly rounded; a tenth of the cost of multiplying by the fraction."""
    return ticks * time_base.numerator / time_base.denominator


class Mender:
    """Rewrites `pts` and `dts` of packets, in decoding order, onto one rising time line.

    `step_s` is the nominal time between frames, used where a packet carries no time at all. `arrival` is monotonic
    time in seconds for live cameras and None for files, whose gaps are believed as they stand.
    """

    def __init__(self, *, time_base: Fraction, step_s: float) -> None:
        self._time_base = float(time_base)
        self._step = max(1, round(step_s / self._time_base))
        self._offset = 0
        self._last_raw: int | None = None
        self._last_dts: int | None = None
        self._last_arrival: float | None = None
        self._ordered = True
        self.jumps = 0

    def mend(self, packet: VideoPacket, arrival: float | None) -> None:
        """Shift the packet's times in place. Without a decoding time it gets one; without any it keeps no `pts`."""
        since = None if arrival is None or self._last_arrival is None else arrival - self._last_arrival
        expected = self._step if since is None else max(1, round(since / self._time_base))
        self._last_arrival = arrival
        raw = packet.dts if packet.dts is not None else packet.pts
        if raw is None:
            raw = packet.dts = 0 if self._last_raw is None else self._last_raw + expected
        ordered = packet.dts is not None
        if self._last_raw is not None and self._jumped(raw - self._last_raw, since, ordered and self._ordered):
            self._offset += self._last_raw + expected - raw
            self.jumps += 1
        self._last_raw, self._ordered = raw, ordered
        self._shift(packet)

    def _shift(self, packet: VideoPacket) -> None:
        if packet.pts is not None:
            packet.pts += self._offset
        if packet.dts is not None:
            packet.dts += self._offset
        elif self._last_dts is None:
            packet.dts = (packet.pts or 0) - _REORDERED * self._step
        else:
            packet.dts = self._last_dts + self._step
        self._last_dts = packet.dts

    def _jumped(self, delta: int, since: float | None, ordered: bool) -> bool:
        """Whether two packets' times cannot belong together; showing times (not `ordered`) may step back a little."""
        slack = 0 if ordered else _MOST_REORDERED * self._step
        if delta + slack <= 0:
            return delta < 0 or since is not None
        return since is not None and (delta - slack) * self._time_base > since + JUMP_S


class Rising:
    """Frame times in seconds since the first frame, strictly increasing."""

    def __init__(self, *, step_s: float) -> None:
        self._step_s = step_s
        self._last: float | None = None
        self.origin_s: float | None = None

    def since_first(self, raw_s: float | None, *, elapsed_s: float | None = None) -> float:
        """`raw_s` is the frame's mended time; without one, what has passed since the frame before it is assumed."""
        step = self._step_s if elapsed_s is None else max(elapsed_s, _LEAST_STEP_S)
        expected = 0.0 if self._last is None else self._last + step
        if raw_s is None:
            pts = expected
        elif self.origin_s is None:
            self.origin_s, pts = raw_s - expected, expected
        else:
            pts = raw_s - self.origin_s
        self._last = pts if self._last is None else max(pts, self._last + _LEAST_STEP_S)
        return self._last

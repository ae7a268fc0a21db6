"""Media time moves forward whatever a camera writes (reliability.md, I8)."""

from fractions import Fraction
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.video.timeline import Mender, Rising

BASE = Fraction(1, 90_000)


def mend(raw_s, arrivals=None, *, step_s=0.1):
    """Seconds after mending of packets with these decoding times (None: absent)."""
    mender = Mender(time_base=BASE, step_s=step_s)
    mended = []
    for index, raw in enumerate(raw_s):
        packet = av.Packet(b"x")
        packet.dts = packet.pts = None if raw is None else round(raw * 90_000)
        mender.mend(packet, None if arrivals is None else arrivals[index])
        mended.append(packet.dts / 90_000)
    return mended, mender.jumps


WRAP = 2**33 / 90_000


@pytest.mark.parametrize(
    ("word", "raw", "arrivals", "steps", "jumps"),
    [
        ("steady", [5, 5.1, 5.2], [0, 0.1, 0.2], [0.1, 0.1], 0),
        ("a burst of buffered packets keeps its media time", [0, 0.1, 0.2], [0, 0, 0], [0.1, 0.1], 0),
        ("back: what passed on arrival", [9, 9.1, 1.0, 1.1], [0, 0.1, 0.3, 0.4], [0.1, 0.2, 0.1], 1),
        ("wrap", [WRAP - 0.1, WRAP, 0.1], [0, 0.1, 0.2], [0.1, 0.1], 1),
        ("ahead without the time for it", [0, 0.1, 3600, 3600.1], [0, 0.1, 0.2, 0.3], [0.1, 0.1, 0.1], 1),
        ("a true gap", [0, 0.1, 7.1], [0, 0.1, 7.1], [0.1, 7.0], 0),
        ("a stall and a thaw", [0, 0.1, 0.2], [0, 0.1, 8.0], [0.1, 0.1], 0),
        ("absent", [None, None, None], [0, 0.1, 0.4], [0.1, 0.3], 0),
        ("absent now and then", [3, None, 3.2], [0, 0.1, 0.2], [0.1, 0.1], 0),
        ("repeated", [4, 4, 4], [0, 0.1, 0.2], [0.1, 0.1], 2),
        ("a file's gap is believed", [0, 0.1, 60.1], None, [0.1, 60.0], 0),
        ("a file that steps back", [8, 8.1, 2.0, 2.1], None, [0.1, 0.1, 0.1], 1),
        ("a file without times", [None, None, None], None, [0.1, 0.1], 0),
    ],
)
def test_mended(word, raw, arrivals, steps, jumps):
    mended, jumped = mend(raw, arrivals)
    assert [b - a for a, b in pairwise(mended)] == pytest.approx(steps, abs=1e-4), word
    assert jumped == jumps, word


def test_showing_times_without_decoding_times_may_step_back_a_little():
    mender = Mender(time_base=BASE, step_s=0.1)
    shown, decoded = [], []
    for index, pts in enumerate([0.0, 0.3, 0.1, 0.2, 0.6, 0.4, 0.5]):
        packet = av.Packet(b"x")
        packet.pts = round(pts * 90_000)
        mender.mend(packet, index * 0.1)
        shown.append(packet.pts / 90_000)
        decoded.append(packet.dts)
    assert shown == pytest.approx([0.0, 0.3, 0.1, 0.2, 0.6, 0.4, 0.5])
    assert all(b > a for a, b in pairwise(decoded))
    assert mender.jumps == 0


TIMES = st.lists(st.one_of(st.none(), st.floats(-100, 1e5)), min_size=1, max_size=40)


@given(raw=TIMES)
def test_live_time_always_rises_and_never_outruns_arrival_by_much(raw):
    mended, _ = mend(raw, [i * 0.1 for i in range(len(raw))])
    assert all(0 < b - a <= 2.0 + 0.1 + 1e-4 for a, b in pairwise(mended))


@given(raw=TIMES)
def test_frame_times_start_at_zero_and_rise(raw):
    rising = Rising(step_s=0.1)
    given_s = [rising.since_first(value, elapsed_s=0.1) for value in raw]
    assert given_s[0] == 0.0
    assert all(b > a for a, b in pairwise(given_s))


def test_a_time_that_comes_late_continues_where_counting_was():
    rising = Rising(step_s=0.1)
    given_s = [rising.since_first(value) for value in (None, None, 500.0, 500.1)]
    assert given_s == pytest.approx([0.0, 0.1, 0.2, 0.3])

"""Cameras at the source interface: the latest frame, honest times, and an end that is told (reliability.md, 7)."""

import random
import threading
from itertools import pairwise

import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.errors import SourceError
from pipeline.video.masks import Masks
from pipeline.video.source import open_live

CLIP = {"frames": 300, "gop": 10}


def as_sent(_, packet):
    return [packet]


@pytest.fixture
def opened(make_clip, scripted):
    """`opened(script)` opens a scripted camera and gives its source; all are closed at the end."""
    sources, gates = [], []

    def open_it(script=as_sent, *, clock=None, clip=CLIP, connect=None):
        gates.extend([script] if isinstance(script, Gate) else [])
        source = open_live(
            connect or (lambda: scripted(make_clip(**clip), script)), "dock", run_id=3, clock=clock or FakeClock(),
            masks=Masks(), timeout_s=3.0, ring_s=75.0,
        )  # fmt: skip
        sources.append(source)
        return source

    yield open_it
    for gate in gates:
        gate.open()
    for source in sources:
        source.close()


class Gate:
    """Lets packets through one at a time, each `step_s` after the last, and waits until the reader is done with it."""

    def __init__(self, clock, *, step_s=0.1, change=as_sent):
        self._clock, self._step_s, self._change = clock, step_s, change
        self._go, self._asked = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, index, packet):
        self._asked.release()
        self._go.acquire()
        self._clock.advance(self._step_s)
        return self._change(index, packet)

    def open(self):
        self._go.release(10_000)

    def send(self, count=1):
        for _ in range(count):
            self._asked.acquire()
            self._go.release()
        self._asked.acquire()
        self._asked.release()


def watched(opened, change, *, count, step_s=0.1, clip=CLIP):
    """Frames of `count` packets, each fetched as soon as it is there."""
    clock = FakeClock()
    gate = Gate(clock, step_s=step_s, change=change)
    source = opened(gate, clock=clock, clip=clip)
    frames, seen = source.frames(), []
    for _ in range(count):
        gate.send()
        if source._slot is not None:
            seen.append(next(frames))
    return source, seen


def test_a_slow_consumer_gets_the_latest_frame_and_the_rest_is_counted(opened):
    clock = FakeClock(utc=5000.0)
    gate = Gate(clock, step_s=1 / 15)
    source = opened(gate, clock=clock)
    frames, ages, seen = source.frames(), [], []
    for _ in range(40):
        gate.send(3)  # a detector that takes 200 ms at 15 frames a second
        frame = next(frames)
        ages.append(clock.utc() - frame.utc)
        seen.append(frame.seq)
    assert np.percentile(ages, 95) < 0.3
    assert seen == list(range(2, 120, 3))
    assert source.dropped == 80
    assert frame.run_id == 3


def test_info_says_that_it_is_live(opened):
    assert opened().info.live


def test_wall_time_is_the_clocks_and_media_time_the_streams(opened):
    _, seen = watched(opened, as_sent, count=20, step_s=0.3)
    assert [b.utc - a.utc for a, b in pairwise(seen)] == pytest.approx([0.3] * 19)
    assert [b.pts - a.pts for a, b in pairwise(seen)] == pytest.approx([0.1] * 19)


def shifted(seconds, *, after):
    def change(index, packet):
        if index >= after:
            packet.pts += int(seconds / packet.time_base)
            packet.dts += int(seconds / packet.time_base)
        return [packet]

    return change


def absent(_, packet):
    packet.pts = packet.dts = None
    return [packet]


def repeated(_, packet):
    packet.pts = packet.dts = 7
    return [packet]


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("steps back an hour", shifted(-3600, after=10)),
        ("jumps ahead a day", shifted(86_400, after=10)),
        ("wraps at 33 bits", shifted(-(2**33) / 90_000, after=10)),
        ("no times at all", absent),
        ("always the same time", repeated),
    ],
)
def test_whatever_the_camera_says_of_time_no_dwell_is_negative_or_made_up(opened, word, change):
    _, seen = watched(opened, change, count=40)
    assert [f.seq for f in seen] == list(range(40)), word
    assert [b.pts - a.pts for a, b in pairwise(seen)] == pytest.approx([0.1] * 39, abs=0.011), word


def test_packets_in_a_burst_after_a_stall_keep_their_media_time(opened):
    clock = FakeClock()
    pauses = iter([0.1] * 10 + [8.0] + [0.0] * 20)
    gate = Gate(clock, step_s=0.0, change=lambda i, p: (clock.advance(next(pauses)), [p])[1])
    source = opened(gate, clock=clock)
    frames = source.frames()
    seen = []
    for _ in range(30):
        gate.send()
        seen.append(next(frames))
    assert [b.pts - a.pts for a, b in pairwise(seen)] == pytest.approx([0.1] * 29, abs=1e-6)


def flip(rng, packet):
    data = bytearray(bytes(packet))
    for _ in range(1 + len(data) // 50):
        data[rng.randrange(min(12, len(data) - 1), len(data))] ^= rng.randrange(1, 256)
    return bytes(data)


@pytest.mark.parametrize("seed", range(10))
def test_damage_costs_at_most_two_groups_and_hardly_a_smeared_picture_is_believed(opened, make_clip, seed):
    rng = random.Random(seed)
    hurt = {20 + rng.randrange(10): True, 65: True}
    _, right = watched(opened, as_sent, count=100)
    source, seen = watched(opened, lambda i, p: [flip(rng, p)] if i in hurt else [p], count=100)
    luma = {f.seq: f.luma().astype(int) for f in right}
    times = [f.pts for f in seen]
    assert max(b - a for a, b in pairwise(times)) <= 2.1
    assert times[-1] == pytest.approx(9.9)
    wrong = [f.seq for f in seen if np.abs(f.luma() - luma[f.seq]).mean() > 2.0]
    assert len(wrong) <= 5  # some altered bytes decode to a valid wrong picture: README
    assert source.damaged + len(seen) <= 100


def test_a_lost_keyframe_shows_nothing_until_the_next(opened):
    _, seen = watched(opened, lambda i, p: [] if i == 0 else [p], count=30)
    assert seen[0].luma().shape == (64, 96)
    assert len(seen) == 20


def test_a_stream_that_cannot_be_decoded_says_so(opened):
    rng = random.Random(0)
    clock = FakeClock()
    noise = Gate(clock, change=lambda i, p: [rng.randbytes(p.size)])
    source = opened(noise, clock=clock)
    noise.open()
    with pytest.raises(SourceError, match="decoded") as caught:
        list(source.frames())
    assert caught.value.state == "decoding_errors"


def test_silence_is_noticed_by_our_own_watchdog(opened):
    clock, thaw = FakeClock(), threading.Event()

    def script(index, packet):
        if index == 5:
            thaw.wait(30)
        return [packet]

    source = opened(script, clock=clock)
    frames = source.frames()
    while next(frames).seq < 4:
        pass
    clock.advance(8.9)
    quiet = threading.Timer(0.6, clock.advance, args=(0.2,))
    quiet.start()
    with pytest.raises(SourceError) as caught:
        next(frames)
    assert caught.value.state == "timed_out"
    thaw.set()
    source._thread.join(10)
    assert not source._thread.is_alive()


def test_opening_that_hangs_is_given_up(opened, make_clip, scripted):
    clock, thaw = FakeClock(), threading.Event()
    made = []

    def connect():
        thaw.wait(30)
        made.append(scripted(make_clip(**CLIP), as_sent))
        return made[-1]

    later = threading.Timer(0.3, clock.advance, args=(9.5,))
    later.start()
    with pytest.raises(SourceError) as caught:
        opened(connect=connect, clock=clock)
    assert caught.value.state == "timed_out"
    thaw.set()
    late = [thread for thread in threading.enumerate() if thread.name == "read dock"]
    for thread in late:
        thread.join(10)
    assert made[0].closed.is_set()


@pytest.mark.parametrize("state", ["refused", "unauthorised", "not_found", "timed_out", "no_video"])
def test_a_failure_to_open_keeps_its_state(opened, refusal, state):
    with pytest.raises(SourceError) as caught:
        opened(connect=refusal(state))
    assert caught.value.state == state


def test_a_stream_that_ends_is_an_error_after_its_last_frame(opened):
    source = opened(clip={"frames": 20})
    with pytest.raises(SourceError, match="ended the stream") as caught:
        list(source.frames())
    assert caught.value.state == "no_video"


def test_a_step_of_the_wall_clock_changes_no_media_time(opened):
    clock = FakeClock()

    def change(index, packet):
        if index == 10:
            clock.step_wall(-7200)
        return [packet]

    gate = Gate(clock, change=change)
    source = opened(gate, clock=clock)
    frames, seen = source.frames(), []
    for _ in range(20):
        gate.send()
        seen.append(next(frames))
    assert seen[10].utc < seen[9].utc
    assert [b.pts - a.pts for a, b in pairwise(seen)] == pytest.approx([0.1] * 19)


def test_close_ends_the_frames_and_frees_the_camera(opened, make_clip, scripted):
    clock = FakeClock()
    gate = Gate(clock)
    connection = scripted(make_clip(**CLIP), gate)
    source = opened(connect=lambda: connection, clock=clock)
    gate.send(3)
    frames = source.frames()
    next(frames)
    closer = threading.Timer(0.1, source.close)
    closer.start()
    assert next(frames, None) is None
    gate.open()
    assert connection.closed.wait(10)

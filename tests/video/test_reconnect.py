"""Coming back: soon at first, never in step, never giving up, and without leaking."""

import gc
import os
import random
import threading
from collections import Counter
from itertools import islice
from pathlib import Path
from statistics import median

import pytest

from pipeline.clock import FakeClock
from pipeline.errors import SourceError
from pipeline.video.masks import Masks
from pipeline.video.reconnect import Backoff, Reconnector
from pipeline.video.source import open_live


class FakeSource:
    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


class Camera:
    """Opens when it is there and fails in `state` when it is not; remembers when it was asked."""

    def __init__(self, clock, state="refused"):
        self.clock, self.state = clock, state
        self.asked, self.sources, self.run_ids = [], [], []

    def __call__(self, run_id):
        self.asked.append(self.clock.monotonic())
        if self.state is not None:
            raise SourceError(f"camera dock: {self.state}", state=self.state)
        self.run_ids.append(run_id)
        self.sources.append(FakeSource())
        return self.sources[-1]


def reconnector(camera, *, until_s=float("inf"), seed=1, reports=None):
    heard = [] if reports is None else reports
    return Reconnector(
        camera, clock=camera.clock, rng=random.Random(seed), report=lambda state, text: heard.append((state, text)),
        stop=lambda: camera.clock.monotonic() >= until_s,
    )  # fmt: skip


def test_delays_grow_to_thirty_seconds_and_are_spread():
    longest = [max(delay_after(seed, failure) for seed in range(300)) for failure in range(12)]
    assert longest[:7] == pytest.approx([0.5, 1, 2, 4, 8, 16, 30], rel=0.03)
    assert max(longest) <= 30.0
    assert min(delay_after(seed, 11) for seed in range(300)) < 1.0


def delay_after(seed, failure):
    backoff = Backoff(random.Random(seed))
    return [backoff.delay_s("timed_out") for _ in range(failure + 1)][-1]


@pytest.mark.parametrize("state", ["unauthorised", "not_found"])
def test_a_camera_that_says_no_is_left_alone_for_a_minute(state):
    backoff = Backoff(random.Random(0))
    assert all(60.0 <= backoff.delay_s(state) <= 90.0 for _ in range(100))


@pytest.mark.parametrize(("healthy_s", "longest"), [(59.0, 30.0), (60.0, 0.5), (3600.0, 0.5)])
def test_a_minute_of_health_makes_it_eager_again(healthy_s, longest):
    def after(seed):
        backoff = Backoff(random.Random(seed))
        for _ in range(20):
            backoff.delay_s("refused")
        return backoff.delay_s("timed_out", healthy_s=healthy_s)

    assert max(after(seed) for seed in range(300)) == pytest.approx(longest, rel=0.05)


def test_a_day_without_the_camera_and_then_it_is_back_within_35_s():
    clock = FakeClock()
    camera = Camera(clock, "timed_out")

    def there(run_id):
        camera.state = None if clock.monotonic() >= 86_400 else "timed_out"
        return camera(run_id)

    again = Reconnector(there, clock=clock, rng=random.Random(3), report=lambda *_: None, stop=lambda: False)
    next(again.runs())
    assert camera.run_ids == [1]
    assert clock.monotonic() - 86_400 <= 35.0
    assert 86_400 / 30 <= len(camera.asked) <= 86_400 / 10


def test_a_hundred_cameras_do_not_come_back_in_step():
    asked = Counter()
    for seed in range(100):
        camera = Camera(FakeClock(), "timed_out")
        assert list(reconnector(camera, until_s=600, seed=seed).runs()) == []
        asked.update(int(at) for at in camera.asked)
    assert max(count for second, count in asked.items() if second >= 60) <= 20


def test_each_run_has_its_own_number_and_is_closed_before_the_next():
    camera = Camera(FakeClock(), None)
    reports = []
    again = reconnector(camera, reports=reports)
    runs = again.runs()
    for _ in range(3):
        next(runs)
        again.failed(SourceError("camera dock has stopped sending", state="timed_out"))
    runs.close()
    assert camera.run_ids == [1, 2, 3]
    assert [source.closed for source in camera.sources] == [True, True, True]
    assert reports == [("running", None), ("timed_out", "camera dock has stopped sending")] * 3


def test_stop_ends_a_long_wait():
    camera = Camera(FakeClock(), "unauthorised")
    assert list(reconnector(camera, until_s=10.0).runs()) == []
    assert len(camera.asked) == 1
    assert camera.clock.monotonic() <= 10.5


def resources():
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_reconnecting_hundreds_of_times_leaves_nothing_behind(make_clip, scripted):
    """200 times; `NIGHTJAR_RECONNECTS=2000` for the long form. Memory breathes with the allocator: medians count."""
    clock, clip, samples = FakeClock(), make_clip(frames=12), []
    count = int(os.environ.get("NIGHTJAR_RECONNECTS", "200"))

    def connect(run_id):
        return open_live(
            lambda: scripted(clip, lambda _, packet: [packet]), "dock", run_id=run_id, clock=clock, masks=Masks(),
            timeout_s=3.0, ring_s=75.0,
        )  # fmt: skip

    again = Reconnector(connect, clock=clock, rng=random.Random(5), report=lambda *_: None, stop=lambda: False)
    for source in islice(again.runs(), 100 + count):
        with pytest.raises(SourceError) as caught:
            _ = [frame.scaled(48, 32) for frame in source.frames()]
        again.failed(caught.value)
        samples.append(resources() if len(samples) % 10 == 0 else samples[-1])
    early, late = samples[100 : 100 + count // 2], samples[100 + count // 2 :]
    assert late[-1][0] <= early[0][0]
    assert late[-1][1] <= early[0][1]
    assert median(memory for *_, memory in late) - median(memory for *_, memory in early) < 8 * 2**20

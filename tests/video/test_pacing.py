"""Which frames are analysed, and when a paced file releases them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import FakeClock
from pipeline.video.pacing import Pacer, Sampler


@pytest.mark.parametrize(
    ("word", "source_fps", "analyze_fps", "seconds", "taken"),
    [
        ("every frame", 10, 10, 10, 100),
        ("half", 10, 5, 10, 50),
        ("uneven ratio", 15, 10, 10, 100),
        ("near-equal rates", 10.01, 10, 10, 100),
        ("ntsc", 30000 / 1001, 10, 10, 100),
        ("faster than the source", 5, 10, 10, 50),
        ("one in ten seconds", 10, 0.1, 100, 10),
    ],
)
def test_rate(word, source_fps, analyze_fps, seconds, taken):
    sampler = Sampler(analyze_fps)
    frames = int(seconds * source_fps + 1e-9)
    assert abs(sum(sampler.take(7.0 + i / source_fps) for i in range(frames)) - taken) <= 1, word


def test_first_frame_is_always_taken():
    assert Sampler(0.01).take(1234.5)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_rate_must_be_positive(rate):
    with pytest.raises(ValueError, match="analyze_fps"):
        Sampler(rate)


@given(cut=st.integers(0, 99), source_fps=st.sampled_from([5, 10, 12.5, 25, 29.97]), rate=st.sampled_from([2, 5, 10]))
def test_a_restart_changes_no_choice(cut, source_fps, rate):
    times = [i / source_fps for i in range(100)]
    whole_sampler = Sampler(rate)
    whole = [pts for pts in times if whole_sampler.take(pts)]
    before = [pts for pts in whole if pts <= times[cut]]
    resumed = Sampler(rate, resume_pts=before[-1])
    assert before + [pts for pts in times if pts > before[-1] and resumed.take(pts)] == whole


def test_pacer_follows_the_clock():
    clock = FakeClock()
    pacer = Pacer(clock)
    began = clock.monotonic()
    assert all(pacer.wait(5.0 + i / 10) for i in range(21))
    assert clock.monotonic() - began == pytest.approx(2.0)


def test_pacer_leaves_out_what_is_more_than_a_second_late():
    clock = FakeClock()
    pacer = Pacer(clock)
    pacer.wait(0.0)
    clock.advance(3.0)
    shown = [pts for pts in (0.5, 1.0, 1.9, 2.1, 3.0, 3.5) if pacer.wait(pts)]
    assert shown == [2.1, 3.0, 3.5]
    assert clock.monotonic() == pytest.approx(3.5)

"""The filter against what it must obey: time adds up, measurements help, nobody runs away."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.track import kalman
from pipeline.track.kalman import Motion, MotionParams

PARAMS = MotionParams()


def somebody(speed: float = 80.0) -> Motion:
    at = kalman.measure(np.array([[100.0, 100.0, 140.0, 200.0]]))
    motion = kalman.begin(at, kalman.noise_var(at, np.array([0.9]), PARAMS), PARAMS)
    motion.velocity[0] = speed
    return motion


def copy(motion: Motion) -> Motion:
    return motion.pick(np.arange(len(motion)))


@given(first=st.floats(1e-3, 5), second=st.floats(1e-3, 5))
def test_two_spans_give_what_the_whole_gives(first: float, second: float) -> None:
    whole, parts = somebody(), somebody()
    kalman.predict(whole, first + second, PARAMS)
    kalman.predict(parts, first, PARAMS)
    kalman.predict(parts, second, PARAMS)
    for field in fields(Motion):
        np.testing.assert_allclose(
            getattr(whole, field.name), getattr(parts, field.name), rtol=1e-5, err_msg=field.name
        )


def test_no_time_changes_nothing() -> None:
    before, after = somebody(), somebody()
    kalman.predict(after, 0.0, PARAMS)
    for field in fields(Motion):
        np.testing.assert_array_equal(getattr(before, field.name), getattr(after, field.name))


def test_nobody_runs_away() -> None:
    motion = somebody(speed=50.0)
    kalman.predict(motion, 1000.0, PARAMS)
    assert motion.at[0, 0] - 120.0 == pytest.approx(50.0 * PARAMS.keep_s)
    assert motion.velocity[0, 0] == pytest.approx(0, abs=1e-9)
    assert motion.velocity_var[0, 0] == pytest.approx((PARAMS.speed_bh_s[0] * 100) ** 2)


def test_uncertainty_grows_with_time_and_shrinks_with_sight() -> None:
    motion = somebody()
    before = motion.at_var.copy()
    kalman.predict(motion, 1.0, PARAMS)
    assert (motion.at_var > before).all()
    predicted = motion.at_var.copy()
    at = motion.at.copy()
    kalman.correct(motion, np.array([0]), at, kalman.noise_var(at, np.array([0.9]), PARAMS))
    assert (motion.at_var < predicted).all()


def test_a_walk_is_learned() -> None:
    motion = somebody(speed=0.0)
    for i in range(1, 31):
        kalman.predict(motion, 0.1, PARAMS)
        at = kalman.measure(np.array([[100.0 + 6 * i, 100.0, 140.0 + 6 * i, 200.0]]))
        kalman.correct(motion, np.array([0]), at, kalman.noise_var(at, np.array([0.9]), PARAMS))
    assert motion.velocity[0, 0] == pytest.approx(60, rel=0.1)
    assert motion.velocity[1, 0] == pytest.approx(0, abs=3)
    assert motion.boxes()[0].tolist() == pytest.approx([280, 100, 320, 200], abs=3)


@pytest.mark.parametrize(("score", "times"), [(1.0, 1.0), (0.75, 2.5), (0.5, 4.0), (0.1, 4.0)])
def test_the_unsure_err_more(score: float, times: float) -> None:
    at = kalman.measure(np.array([[0.0, 0.0, 40.0, 100.0]]))
    sigma = np.sqrt(kalman.noise_var(at, np.array([score]), PARAMS))[:, 0]
    assert sigma.tolist() == pytest.approx((np.array(PARAMS.noise) * [100, 100, 1, 1] * times).tolist())


def test_boxes_are_what_was_measured() -> None:
    boxes = np.array([[1.0, 2.0, 30.0, 80.0], [0.0, 0.0, 500.0, 900.0]])
    at = kalman.measure(boxes)
    motion = kalman.begin(at, np.ones_like(at), PARAMS)
    np.testing.assert_allclose(motion.boxes(), boxes, atol=1e-9)

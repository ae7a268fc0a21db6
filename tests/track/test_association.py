"""Pairs and their choice: nothing that could be chosen is left out, and the choice is the best there is."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.track import association, kalman
from pipeline.track.kalman import MotionParams

PARAMS = MotionParams()


def crowd(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    corner = rng.uniform([0, 0], [1500, 800], (n, 2))
    high = rng.uniform(40, 300, (n, 1))
    at = kalman.measure(np.hstack((corner, corner + high * [0.4, 1.0])))
    return at, kalman.noise_var(at, rng.uniform(0.2, 1, n), PARAMS)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), gap_s=st.floats(0.03, 6), gain=st.floats(2, 12))
def test_no_pair_that_counts_is_left_out(seed: int, gap_s: float, gain: float) -> None:
    motion = kalman.begin(*crowd(seed, 30), PARAMS)
    kalman.predict(motion, gap_s, PARAMS)
    at, var = crowd(seed + 1, 40)
    assert len(motion) * at.shape[1] > association.FEW
    every = np.repeat(np.arange(30), 40), np.tile(np.arange(40), 30)
    cost = association.surprise(motion, every[0], at, var, every[1])
    wanted = {(r, c) for r, c, x in zip(*every, cost, strict=True) if x < gain}
    made = set(zip(*(index.tolist() for index in association.near(motion, at, var, gain)), strict=True))
    assert wanted <= made


def test_few_pairs_are_all_made() -> None:
    motion = kalman.begin(*crowd(1, 2), PARAMS)
    row, column = association.near(motion, *crowd(2, 3), 0.0)
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_the_nearer_and_the_surer_win() -> None:
    at, var = crowd(5, 1)
    motion = kalman.begin(np.hstack((at, at + np.array([[20], [0], [0], [0]]))), np.hstack((var, var)), PARAMS)
    pairs = np.array([0, 1]), np.array([0, 0])
    near, far = association.surprise(motion, pairs[0], at, var, pairs[1])
    assert near < far
    kalman.predict(motion, 3.0, PARAMS)
    waited, _ = association.surprise(motion, pairs[0], at, var, pairs[1])
    assert near < waited


def best_by_hand(cost: np.ndarray) -> float:
    n, m = cost.shape
    padded = np.zeros((n, m + n))
    padded[:, :m] = np.minimum(cost, 0)
    return min(sum(padded[i, j] for i, j in enumerate(choice)) for choice in permutations(range(m + n), n))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 3), m=st.integers(1, 3))
def test_the_choice_is_the_best_there_is(seed: int, n: int, m: int) -> None:
    cost = np.random.default_rng(seed).normal(-0.5, 2, (n, m))
    row, column = np.divmod(np.arange(n * m), m)
    chosen = association.assign(row, column, cost.ravel())
    assert len(set(chosen[0].tolist())) == len(chosen[0])
    assert len(set(chosen[1].tolist())) == len(chosen[1])
    assert cost[chosen].sum() == pytest.approx(best_by_hand(cost))
    assert (cost[chosen] < 0).all()


def test_nothing_to_choose_from() -> None:
    none = np.zeros(0, np.int64)
    assert [len(index) for index in association.assign(none, none, np.zeros(0))] == [0, 0]

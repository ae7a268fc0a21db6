"""Ranks: conformal within what was seen, an ordering tail beyond, nothing for what is usual."""

from __future__ import annotations

import numpy as np
import pytest

from rules.routes.calibration import SHORTEST_TAIL, Calibration, Standing, Tail
from rules.routes.evidence import START, STATISTICS


def test_the_lower_half_is_no_surprise_and_the_tail_has_no_end() -> None:
    tail = Tail(np.arange(100.0))
    assert tail(-5.0) == tail(49.5) == 0.0
    assert tail(80.0) == pytest.approx(np.log(100.5 / 20.5))
    assert tail(90.0) > np.log(10.0)
    assert tail(1000.0) > 100.0


def test_many_is_one_by_one() -> None:
    rng = np.random.default_rng(0)
    tail = Tail(rng.normal(size=200))
    values = rng.normal(size=50) * 3
    assert tail.many(values).tolist() == [tail(value) for value in values.tolist()]


def test_where_values_never_differ_a_hair_more_is_no_proof() -> None:
    tail = Tail(np.zeros(50))
    assert tail(0.0) == 0.0
    assert tail(0.01) < 2.5
    assert tail(5.0) == pytest.approx(np.log(10.0) + 5.0 / SHORTEST_TAIL)


def maxima(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, len(STATISTICS)))


def score_of(calibration: Calibration, row: np.ndarray) -> float:
    standing = Standing(calibration)
    standing.raise_to(range(len(STATISTICS)), row.tolist())
    return standing.score


def test_p_values_of_fresh_tracks_are_uniform() -> None:
    calibration = Calibration(maxima(2000))
    p = np.array([calibration.p_value(score_of(calibration, row)) for row in maxima(2000, seed=1)])
    for level in (0.01, 0.05, 0.2):
        assert np.mean(p <= level) == pytest.approx(level, abs=3.5 * np.sqrt(level / 1000))


def test_ranks_count_the_track_itself_and_those_that_never_move() -> None:
    rows = maxima(199)
    calibration = Calibration(rows)
    scores = sorted(score_of(calibration, row) for row in rows)
    assert len(calibration) == 199
    assert calibration.p_value(scores[-1]) == pytest.approx(2 / 200)
    assert calibration.p_value(scores[-2]) == pytest.approx(3 / 200)
    assert calibration.p_value(0.0) == 1.0
    assert Calibration(rows, still=200).p_value(scores[-1]) == pytest.approx(2 / 400)


def test_beyond_all_seen_the_order_goes_on() -> None:
    calibration = Calibration(maxima(199))
    p = [calibration.p_value(score) for score in (20.0, 21.0, 40.0)]
    assert 1 / 200 > p[0] > p[1] > p[2] > 0.0


def test_a_standing_only_grows() -> None:
    calibration = Calibration(maxima(300))
    standing = Standing(calibration)
    best = [START] * len(STATISTICS)
    assert not standing.raise_to([], best)
    best[0] = -4.0
    assert not standing.raise_to([0], best)
    best[0] = 3.0
    assert standing.raise_to([0], best)
    high = standing.score
    best[5] = 3.5
    assert standing.raise_to([5], best)
    assert standing.score > high
    best[1] = 0.5
    assert not standing.raise_to([1], best)

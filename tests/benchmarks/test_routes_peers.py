"""The published scorers on straight lines, where their distances can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.routes_peers import PEERS, POINTS, Shape
from rules.routes import Track


def line(y: float, *, back: bool = False) -> Track:
    x = np.linspace(0.0, 10.0, 21)
    return Track(np.arange(21.0), np.column_stack((x[::-1] if back else x, np.full(21, y))))


KNOWN = [line(0.0), line(1.0), line(3.0)]
"""Ten wide, so that distances are tenths."""


@pytest.mark.parametrize(
    ("name", "between", "backwards"),
    [
        ("SHNN-CAD (DH, k=2)", 0.1, 0.1),
        ("DH forward window (SHNN-CAD+ style)", 0.1, None),
        ("kNN Hausdorff", 0.1, 0.1),
        ("kNN DTW", 0.1 * POINTS, None),
        ("kNN mean L2", 0.1, None),
    ],
)
def test_distances_of_parallel_lines(name: str, between: float, backwards: float | None) -> None:
    score = PEERS[name](Shape(KNOWN))
    assert score(line(0.5))[-1] == pytest.approx(between, abs=1e-3)
    assert score(KNOWN[0])[-1] == pytest.approx(between, abs=1e-3)
    if backwards is None:
        assert score(line(0.0, back=True))[-1] > 3 * between
    else:
        assert score(line(0.0, back=True))[-1] == pytest.approx(backwards, abs=1e-3)


@pytest.mark.parametrize("name", PEERS)
def test_a_prefix_never_scores_more_than_the_whole(name: str) -> None:
    running = PEERS[name](Shape(KNOWN))(Track(np.arange(3.0), np.array([[0.0, 0.0], [5.0, 1.0], [9.0, 9.0]])))
    assert running.shape == (POINTS,)
    assert (np.diff(running[np.isfinite(running)]) >= 0.0).all()


def test_headings_make_a_way_walked_backwards_stand_out() -> None:
    shape = Shape(KNOWN)
    plain, headed = (PEERS[name](shape) for name in ("SHNN-CAD (DH, k=2)", "SHNN-CAD + heading (w=.1)"))
    back = line(0.0, back=True)
    assert headed(back)[-1] > plain(back)[-1] + 0.15
    assert headed(KNOWN[0])[-1] == pytest.approx(plain(KNOWN[0])[-1], abs=1e-3)
    grid = PEERS["grid x direction"](shape)
    assert grid(back)[-1] > grid(KNOWN[0])[-1]

"""Nodes: a fixed step apart whatever the sampling rate, none for jitter, a fresh stretch after a gap."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.routes.scene import STEP, Scene
from rules.routes.walk import GAP_S, Track, Walk


def straight(*, count: int, seconds: float = 10.0, length: float = 1.0) -> Track:
    share = np.linspace(0.0, 1.0, count)
    return Track(share * seconds, np.column_stack((share * length, np.zeros(count))))


def test_first_position_completes_no_node() -> None:
    assert Walk(0.1).add(5.0, 5.0, 0.0) == []


def test_a_long_stride_completes_several_nodes_on_its_way() -> None:
    walk = Walk(0.1)
    walk.add(0.0, 0.0, 0.0)
    nodes = walk.add(0.35, 0.0, 7.0)
    assert [round(node[0], 9) for node in nodes] == [0.1, 0.2, 0.3]
    assert [round(node[4], 9) for node in nodes] == [2.0, 4.0, 6.0]
    assert [round(node[3], 9) for node in nodes] == [2.0, 2.0, 2.0]
    assert all(node[2] == 0.0 for node in nodes)


def test_exactly_one_step_is_a_node_and_a_hair_less_is_not() -> None:
    walk = Walk(0.25)
    walk.add(0.0, 0.0, 0.0)
    assert walk.add(0.2499999, 0.0, 1.0) == []
    assert len(walk.add(0.25, 0.0, 2.0)) == 1


def test_jitter_of_someone_who_stands_adds_nothing() -> None:
    walk = Walk(0.02)
    rng = np.random.default_rng(1)
    found = [walk.add(x, y, i * 0.1) for i, (x, y) in enumerate(rng.uniform(-0.006, 0.006, (500, 2)).tolist())]
    assert not any(found)


@pytest.mark.parametrize(("gap_s", "fresh"), [(GAP_S, False), (GAP_S + 0.001, True)], ids=["bridged", "broken"])
def test_a_gap_starts_a_new_stretch(gap_s: float, fresh: bool) -> None:
    walk = Walk(0.1)
    walk.add(0.0, 0.0, 0.0)
    walk.add(0.15, 0.0, 1.0)
    nodes = walk.add(0.5, 0.0, 1.0 + gap_s)
    assert bool(nodes) is not fresh
    later = walk.add(0.62, 0.0, 2.0 + gap_s)
    assert math.isinf(later[0][3]) is fresh
    assert math.isfinite(walk.add(0.75, 0.0, 3.0 + gap_s)[-1][3])


@given(st.integers(3, 400))
def test_nodes_do_not_depend_on_the_sampling_rate(count: int) -> None:
    scene = Scene(0.0, 0.0, 1.0)
    nodes = scene.nodes(straight(count=count))
    assert np.allclose(nodes[:, 0], STEP * np.arange(1, len(nodes) + 1))
    assert abs(len(nodes) - round(1.0 / STEP)) <= 1
    assert np.allclose(nodes[:, 4], nodes[:, 0] * 10.0)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=2, max_size=30))
def test_neighbouring_nodes_lie_one_step_apart(places: list[tuple[float, float]]) -> None:
    nodes = Scene(0.0, 0.0, 1.0).nodes(Track.of(range(len(places)), places))
    apart = np.hypot(*np.diff(nodes[:, :2], axis=0).T)
    assert np.allclose(apart, STEP, atol=1e-7)


@pytest.mark.parametrize(
    ("t", "xy"),
    [
        ([0.0, 1.0], [[0.0, 0.0]]),
        ([0.0], [[math.nan, 0.0]]),
        ([math.inf], [[0.0, 0.0]]),
    ],
    ids=["lengths differ", "place not finite", "time not finite"],
)
def test_what_is_no_track_is_refused(t: list[float], xy: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="track"):
        Track(np.array(t), np.array(xy))


def test_a_few_wild_points_do_not_stretch_the_scene() -> None:
    usual = [straight(count=200, length=100.0) for _ in range(10)]
    wild = Track.of([0.0, 1.0], [(0.0, 0.0), (1e6, 1e6)])
    assert Scene.measured([*usual, wild]).extent == pytest.approx(99.0, abs=2.0)


@pytest.mark.parametrize(
    "tracks", [[], [Track.of([0.0, 1.0], [(3.0, 3.0), (3.0, 3.0)])]], ids=["no track", "nothing moves"]
)
def test_a_scene_needs_movement(tracks: list[Track]) -> None:
    with pytest.raises(ValueError):
        Scene.measured(tracks)

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.geometry import Polyline, ZoneIndex, inside, lint
from tests.rules import oracle

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
HOOK = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0), (0.6, 0.4), (0.4, 0.4), (0.4, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("word", "polygon", "point", "expected"),
    [
        ("middle", SQUARE, (0.5, 0.5), True),
        ("left of it", SQUARE, (0.1, 0.5), False),
        ("on the left edge", SQUARE, (0.2, 0.5), True),
        ("on the right edge", SQUARE, (0.8, 0.5), True),
        ("on the upper edge", SQUARE, (0.5, 0.2), True),
        ("on the lower edge", SQUARE, (0.5, 0.8), True),
        ("on a corner", SQUARE, (0.8, 0.8), True),
        ("a hair outside", SQUARE, (0.5, 0.8 + 3e-6), False),
        ("level with an edge, beside it", SQUARE, (0.9, 0.8), False),
        ("a float32 foot on a decimal edge", ((0, 0), (1, 0), (1, 0.6), (0, 0.6)), (0.5, float(np.float32(0.6))), True),
        ("cut off by the picture's lower edge", ((0, 0.5), (1, 0.5), (1, 1), (0, 1)), (0.5, 1.0), True),
        ("in the notch of a hook", HOOK, (0.5, 0.7), False),
        ("in the arm of a hook", HOOK, (0.8, 0.7), True),
        ("level with a corner", ((0, 0), (0.5, 0.5), (1, 0), (1, 1), (0, 1)), (0.2, 0.5), True),
    ],
)
def test_points_and_polygons(word: str, polygon, point, expected: bool) -> None:
    assert inside([point], polygon).tolist() == [expected], word


def test_nobody_is_inside_nothing() -> None:
    assert inside(np.zeros((0, 2)), SQUARE).shape == (0,)
    assert ZoneIndex([]).inside(np.zeros((3, 2))).shape == (0, 3)
    assert len(ZoneIndex([SQUARE, HOOK])) == 2


coordinate = st.floats(0.0, 1.0, width=32)
polygons = st.integers(3, 9).flatmap(
    lambda k: st.lists(st.tuples(st.floats(0.1, 1.0), st.floats(0.0, 6.28)), min_size=k, max_size=k)
)


@given(polygons, st.lists(st.tuples(coordinate, coordinate), max_size=20))
def test_agrees_with_ray_casting(spokes, points) -> None:
    """Stars of random corners around the middle, against one point at a time in plain Python."""
    spokes = sorted(spokes, key=lambda spoke: spoke[1])
    star = [(0.5 + 0.5 * r * math.cos(a), 0.5 + 0.5 * r * math.sin(a)) for r, a in spokes]
    if len(set(star)) < len(star):
        return
    assert inside(points, star).tolist() == [oracle.in_polygon(x, y, star) for x, y in points]


@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=10))
def test_many_zones_at_once_are_as_one_at_a_time(points) -> None:
    zones = [SQUARE, HOOK, ((0.5, 0.5), (0.9, 0.6), (0.7, 0.9))]
    together = ZoneIndex(zones).inside(np.array(points))
    assert together.tolist() == [inside(points, zone).tolist() for zone in zones]


@pytest.mark.parametrize(
    ("word", "polygon", "says"),
    [
        ("good", SQUARE, []),
        ("good, the other way round", SQUARE[::-1], []),
        ("two points", SQUARE[:2], ["at least 3 points"]),
        ("none", (), ["at least 3 points"]),
        ("outside", ((0.2, 0.2), (1.2, 0.2), (0.8, 0.8)), ["point 2 [1.2, 0.2] lies outside"]),
        ("closed by hand", (*SQUARE, SQUARE[0]), ["point 5 [0.2, 0.2] repeats point 1"]),
        ("a line", ((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)), ["no area"]),
        ("a bow tie", ((0, 0), (1, 1), (1, 0), (0, 1)), ["edge 1-2 meets edge 3-4"]),
        ("a spike", ((0, 0), (0.5, 0), (0.5, 0.5), (0.5, 0.2), (0, 0.5)), ["edge 2-3 meets edge 3-4"]),
        ("a corner on an edge", ((0, 0), (1, 0), (1, 1), (0.5, 0.0), (0, 1)), ["edge 1-2 meets edge 3-4"]),
        ("not a number", ((0, 0), (math.nan, 0), (1, 1)), ["not a number"]),
        ("fold at the last corner", ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0.5), (0, 0.7)), ["edge 4-5 meets edge 5-6"]),
    ],
)
def test_lint(word: str, polygon, says: list[str]) -> None:
    found = lint(polygon)
    assert bool(found) == bool(says), (word, found)
    for part in says:
        assert any(part in sentence for sentence in found), (word, found)


EAST = Polyline(((0.2, 0.5), (0.8, 0.5)))
CORNER = Polyline(((0.2, 0.5), (0.5, 0.5), (0.5, 0.9)))


@pytest.mark.parametrize(
    ("word", "line", "start", "end", "expected"),
    [
        ("down the picture is right of east", EAST, (0.5, 0.4), (0.5, 0.6), 1),
        ("up the picture is left of east", EAST, (0.5, 0.6), (0.5, 0.4), -1),
        ("left of north is west", Polyline(((0.5, 0.9), (0.5, 0.1))), (0.6, 0.5), (0.4, 0.5), -1),
        ("past the far end", EAST, (0.9, 0.4), (0.9, 0.6), 0),
        ("past the near end", EAST, (0.1, 0.4), (0.1, 0.6), 0),
        ("over the very end", EAST, (0.8, 0.4), (0.8, 0.6), 1),
        ("over the very start", EAST, (0.2, 0.4), (0.2, 0.6), 1),
        ("along it", EAST, (0.3, 0.4), (0.7, 0.4), 0),
        ("ends on it", EAST, (0.5, 0.4), (0.5, 0.5), 0),
        ("starts on it", EAST, (0.5, 0.5), (0.5, 0.6), 0),
        ("no step", EAST, (0.5, 0.4), (0.5, 0.4), 0),
        ("through the corner, once", CORNER, (0.6, 0.4), (0.4, 0.6), 1),
        ("around the corner and out again", CORNER, (0.4, 0.4), (0.6, 0.55), 0),
        ("over the second part", CORNER, (0.6, 0.7), (0.4, 0.7), 1),
    ],
)
def test_crossings(word: str, line: Polyline, start, end, expected: int) -> None:
    assert line.crossings(np.array([start]), np.array([end])).tolist() == [expected], word


point = st.tuples(st.floats(0, 1, width=16), st.floats(0, 1, width=16))


@given(point, point)
def test_a_crossing_back_is_a_crossing_to_the_other_side(start, end) -> None:
    a, b = np.array([start]), np.array([end])
    assert EAST.crossings(a, b).tolist() == (-EAST.crossings(b, a)).tolist()


def test_distance_is_in_picture_heights() -> None:
    upright = Polyline(((0.5, 0.0), (0.5, 1.0)))
    assert upright.distance(np.array([[0.6, 0.5]]), aspect=2.0) == pytest.approx([0.2])
    assert EAST.touches(np.array([[0.3, 0.5], [0.3, 0.5001], [0.9, 0.5]])).tolist() == [True, False, False]


@pytest.mark.parametrize("points", [(), ((0.1, 0.1),), ((0.1, 0.1), (0.1, 0.1)), ((0.1, math.inf), (0, 0))])
def test_a_line_needs_two_places(points) -> None:
    with pytest.raises(ValueError, match="at least two points"):
        Polyline(points)

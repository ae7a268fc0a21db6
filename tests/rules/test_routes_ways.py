"""Sets of tracks by place and heading: built at once or one by one, with tracks added, removed and left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rules.routes.pace import Pace
from rules.routes.scene import STEP, Scene
from rules.routes.walk import Track
from rules.routes.ways import COARSER, REACHES, Ways, _unkey, cell_of


def walk_along(y: float, *, backwards: bool = False, start: float = -0.3, end: float = 0.3) -> NDArray[np.float64]:
    x = np.linspace(start, end, 60)
    x = x[::-1] if backwards else x
    return Scene(0.0, 0.0, 1.0).nodes(Track(np.arange(60) * 0.2, np.column_stack((x, np.full(60, y)))))


def test_nobody_came_to_an_empty_scene() -> None:
    local = Ways.built([]).at(cell_of(0.0, 0.0, 0.0))
    assert local == ((0, 0, 0, 0), (0, 0, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0), 0)


def test_reaches_headings_and_the_other_way() -> None:
    ways = Ways.built([walk_along(0.005), walk_along(0.03), walk_along(0.055), walk_along(0.005, backwards=True)])
    local = ways.at(cell_of(0.005, 0.005, 0.0))
    assert local.came == (2, 2, 3, 4)
    assert local.ahead == (1, 1, 2, 3, 3)
    assert local.back == (1, 1, 1)
    assert [mask.bit_count() for mask in local.went] == [1, 1, 2, 3, 3, 3]
    assert local.astern == 0b1000


def test_headings_across_are_neither_along_nor_back() -> None:
    local = Ways.built([walk_along(0.005)]).at(cell_of(0.005, 0.005, math.pi / 2))
    assert local.came == (1, 1, 1, 1)
    assert local.ahead == (0, 0, 0, 0, 0)
    assert local.back == (0, 0, 0)


def test_who_began_here_is_known_apart_from_who_came_by() -> None:
    ways = Ways.built([walk_along(0.005), walk_along(0.005, start=0.0), walk_along(0.005, backwards=True)])
    begins, middle, end = (cell_of(x, 0.005, 0.0) for x in (-0.28, 0.02, 0.28))
    assert [ways.began(place, -1) for place in (begins, middle, end)] == [(1, 1, 1), (1, 1, 1), (0, 0, 0)]
    assert ways.began(begins, 0b110) == (0, 0, 0)
    assert ways.began(cell_of(0.28, 0.005, math.pi), -1) == (1, 1, 1)


def test_a_track_is_left_out_of_its_own_judgement() -> None:
    ways = Ways.built([walk_along(0.005), walk_along(0.006)])
    place = cell_of(0.005, 0.005, 0.0)
    assert ways.at(place).came == (2, 2, 2, 2)
    assert ways.among(place, 0b10).came == (1, 1, 1, 1)
    assert ways.among(place, 0b10).went == (2, 2, 2, 2, 2, 2)


@given(st.lists(st.tuples(st.floats(-0.3, 0.3), st.booleans()), min_size=1, max_size=6))
@settings(deadline=None, max_examples=25)
def test_one_by_one_is_as_all_at_once(rows: list[tuple[float, bool]]) -> None:
    walks = [walk_along(y, backwards=backwards) for y, backwards in rows]
    whole, grown = Ways.built(walks), Ways()
    for slot, walk in enumerate(walks):
        grown.add(slot, walk)
    assert grown._went == whole._went
    assert grown._came == whole._came
    assert grown._began == whole._began


@pytest.mark.parametrize("count", [0, 1, 3, 300], ids=["nobody", "one", "a few", "more than a block"])
def test_ways_read_back_are_the_very_same(count: int) -> None:
    walks = [walk_along(0.001 * i - 0.15, backwards=i % 3 == 0) for i in range(count)]
    ways = Ways.built(walks)
    again = Ways.loaded(ways.dump(count))
    assert again is not None
    assert (again._went, again._came, again._began) == (ways._went, ways._came, ways._began)
    assert Ways.loaded({}) is None


def test_removing_is_the_opposite_of_adding_also_for_what_was_looked_up() -> None:
    first, second = walk_along(-0.2), walk_along(0.005)
    ways = Ways.built([first])
    before = ways._went, ways._came, ways._began
    places = [cell_of(x, 0.005, 0.0) for x in np.linspace(-0.3, 0.3, 50)]
    assert all(ways.at(place).came == (0, 0, 0, 0) for place in places)
    ways.add(1, second)
    assert sum(ways.at(place).came[3] for place in places) == len(places)
    ways.remove(1, second)
    assert all(ways.at(place).came == (0, 0, 0, 0) for place in places)
    assert (ways._went, ways._came, ways._began) == before


def test_a_walk_without_nodes_marks_nothing() -> None:
    ways = Ways.built([walk_along(0.0)])
    ways.add(1, np.zeros((0, 5)))
    ways.remove(1, np.zeros((0, 5)))
    assert ways.at(cell_of(0.0, 0.0, 0.0)).came[0] == 1


@given(st.integers(-1500, 1500), st.integers(-1500, 1500))
def test_a_cell_can_be_read_back_from_its_key(column: int, row: int) -> None:
    assert _unkey(column * 4096 + row) == (column, row)


def test_coarse_cells_hold_whole_fine_ones() -> None:
    column, row, heading = cell_of(-0.031, 0.019, math.pi)
    assert (column, row, heading) == (-4, 1, 4)
    assert (column >> 1, row >> 1) == (-2, 0)
    assert (column >> 2, row >> 2) == (-1, 0)
    assert len(REACHES) == len(COARSER)


def test_pace_is_local_and_forgets() -> None:
    slow = [(0.01 * i % 0.5, 0.1, 0.0, 1.0, 0.0) for i in range(100)]
    fast = [(0.01 * i % 0.5, 0.8, 0.0, 0.1, 0.0) for i in range(100)]
    pace = Pace()
    assert pace.deviation(0.0, 0.1, 1.0) == 0.0
    assert pace.usual_speed() == 0.0
    pace.add(np.array(slow))
    pace.add(np.array(fast))
    assert pace.usual_speed() == pytest.approx(STEP / math.sqrt(0.1))
    assert abs(pace.deviation(0.25, 0.1, 1.0)) < 1.5
    assert pace.deviation(0.25, 0.1, 0.1) > 1.8
    assert pace.deviation(0.25, 0.8, 1.0) < -1.8
    assert pace.deviation(0.25, 0.1, math.inf) == 0.0
    again = Pace.loaded(*pace.dump())
    assert (again._cells, again._total) == (pace._cells, pace._total)
    pace.add(np.array(fast), sign=-1.0)
    assert pace.usual_speed() == pytest.approx(STEP)

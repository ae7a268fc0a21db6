"""Loitering by the sum of several visits, within a circle, and in company."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rules.circle import enclosing_radius
from rules.engine import Engine
from rules.loitering import Loitering
from tests.rules.film import ASPECT, UTC0, WHO, ZONE, Person, Script, film, inside, play, present, together, told


def rule(**settings: Any) -> Loitering:
    return Loitering(**WHO, **{"zone": ZONE, "dwell_s": 5.0, **settings})


def summed(**settings: Any) -> Loitering:
    return rule(**{"mode": "cumulative", "window_s": 20.0, **settings})


@pytest.mark.parametrize(
    ("word", "script", "expected"),
    [
        ("two visits add up", inside(1, (0, 3), (10, 14)), [("start", 12.0, 0.0), ("end", 14.0, 0.0)]),
        ("one visit is enough", inside(1, (1, 7)), [("start", 6.0, 1.0), ("end", 7.0, 1.0)]),
        ("too little in all", inside(1, (0, 2), (10, 12)), []),
        ("the first visit is too long ago", inside(1, (0, 3), (25, 29)), []),
        ("the first visit counts to its last", inside(1, (0, 4), (19, 21)), [("start", 20.0, 0.0), ("end", 21.0, 0.0)]),
        ("part of it is too long ago", inside(1, (0, 4), (20.6, 27)), [("start", 25.6, 20.6), ("end", 27.0, 20.6)]),
        ("three visits", inside(1, (0, 2), (6, 8), (12, 14)), [("start", 13.0, 0.0), ("end", 14.0, 0.0)]),
        ("short steps out count as in", inside(1, (0, 3), (4, 6)), [("start", 5.0, 0.0), ("end", 6.0, 0.0)]),
        ("two people do not add up", together(inside(1, (0, 3)), inside(2, (10, 13))), []),
        ("unseen between the visits", present(1, (0, 3), (15, 18)), [("start", 17.0, 0.0), ("end", 18.0, 0.0)]),
    ],
)  # fmt: skip
def test_sums(word: str, script: Script, expected: list[Any]) -> None:
    assert told(play(summed(), film(script, seconds=60))) == expected, word


def test_a_return_while_the_sum_holds_is_the_same_episode() -> None:
    events = play(summed(), film(inside(1, (0, 6), (10, 12), (40, 46)), seconds=80))
    assert told(events) == [("start", 5.0, 0.0), ("end", 12.0, 0.0), ("start", 45.0, 40.0), ("end", 46.0, 40.0)]
    assert events[1].why["dwell_s"] == 8.0
    assert events[1].why["window_s"] == 20.0
    assert events[0].key == events[1].key != events[2].key


def test_an_end_tells_the_whole_sum_when_visits_left_the_window() -> None:
    visits = inside(1, *((10.0 * n, 10.0 * n + 6.0) for n in range(6)))
    events = play(summed(), film(visits, seconds=90))
    assert told(events) == [("start", 5.0, 0.0), ("end", 56.0, 0.0)]
    assert events[1].why["dwell_s"] == 36.0


def test_a_sum_goes_on_under_a_new_id_only_within_the_bridge() -> None:
    soon = together(present(1, (0, 3)), present(2, (6, 9)))
    late = together(present(1, (0, 3)), present(2, (14, 17)))
    assert [e[0] for e in told(play(summed(), film(soon, seconds=40)))] == ["start", "end"]
    assert play(summed(), film(late, seconds=40)) == []


def test_a_join_that_was_wrong_is_undone_in_a_sum_too() -> None:
    script = together(present(1, (0, 3), (7, 10)), present(2, (4, 8), x=0.51))
    events = play(summed(dwell_s=7.0), film(script, seconds=40))
    assert [(e.state, e.track_ids) for e in events] == [("start", (1,)), ("end", (1,))]


def test_near_misses_of_sums_show_what_still_counts() -> None:
    engine = Engine([summed()])
    for tracks in film(inside(1, (0, 2), (10, 12)), seconds=15):
        engine.update(tracks)
    assert [m.reason for m in engine.near_misses(UTC0, UTC0 + 99)] == ["dwelt 4.0 s of 5 s"]


def walk(*places: tuple[float, float], pace: float = 0.02) -> Script:
    """Somebody who walks from one x to another, `pace` pictures a second, and then stands for the seconds given."""

    def at(t: float) -> list[Person]:
        x = places[0][0]
        for place, stand_s in places:
            leg_s = abs(place - x) / pace
            if t < leg_s:
                return [Person(1, x + math.copysign(pace * t, place - x), 0.5)]
            t -= leg_s
            x = place
            if t < stand_s:
                return [Person(1, x, 0.5)]
            t -= stand_s
        return [Person(1, x, 0.5)] if places[-1][1] == math.inf else []

    return at


BH = 0.2 / ASPECT
"""One body height of a film's person, in picture widths."""


@pytest.mark.parametrize(
    ("word", "script", "expected"),
    [
        ("standing", present(1, (0, 20)), [("start", 10.0, 0.0), ("end", 20.0, 0.0)]),
        ("pacing", walk(*((x, 0.0) for x in (0.45, 0.55) * 4)), [("start", 10.0, 0.0), ("end", 35.0, 0.0)]),
        ("walking through", walk((0.2, 0.0), (0.8, 0.0), pace=0.04), []),
    ],
)
def test_within_a_circle(word: str, script: Script, expected: list[Any]) -> None:
    assert told(play(rule(dwell_s=10.0, radius_bh=1.0), film(script, seconds=60))) == expected, word


def test_in_a_circle_dwell_begins_when_the_circle_was_entered() -> None:
    """Walks 4 body heights in, then stands: counted from within two radii of where they stand."""
    start_x = 0.25
    script = walk((start_x, 0.0), (start_x + 4 * BH, math.inf), pace=BH)
    events = play(rule(dwell_s=10.0, radius_bh=1.01), film(script, seconds=20))
    assert told(events)[0] == ("start", 12.0, 2.0)
    assert events[0].why["radius_bh"] == 1.01


def test_who_walks_off_the_circle_has_ended_one_episode_and_may_begin_another() -> None:
    script = walk((0.3, 12.0), (0.7, math.inf), pace=0.1)
    events = told(play(rule(dwell_s=10.0, radius_bh=1.0), film(script, seconds=40)))
    assert [e[0] for e in events] == ["start", "end", "start", "end"]
    assert events[0][1:] == (10.0, 0.0)
    assert events[1][1] == pytest.approx(12.0 + 2 * BH / 0.1, abs=0.4)
    assert events[2][2] == pytest.approx(16.0 - 2 * BH / 0.1, abs=0.4)


def test_who_is_lost_within_the_circle_and_found_outside_has_ended_at_the_last_sight() -> None:
    def at(t: float) -> list[Person]:
        return [Person(1, 0.3 if t <= 11 else 0.75, 0.5)] if t <= 11 or t >= 14 else []

    events = told(play(rule(dwell_s=10.0, radius_bh=1.0), film(at, seconds=18)))
    assert events == [("start", 10.0, 0.0), ("end", 11.0, 0.0)]


@pytest.mark.parametrize(
    ("word", "points", "radius"),
    [
        ("one", [(0.0, 0.0)], 0.0),
        ("two", [(0.0, 0.0), (2.0, 0.0)], 1.0),
        ("an even triangle", [(0.0, 0.0), (2.0, 0.0), (1.0, math.sqrt(3))], 2 / math.sqrt(3)),
        ("a flat triangle", [(0.0, 0.0), (2.0, 0.0), (1.0, 0.1)], 1.0),
        ("three on a line", [(0.0, 0.0), (1.0, 0.0), (3.0, 0.0)], 1.5),
        ("three on a slope", [(0.0, 0.0), (3.0, 3.0), (1.0, 1.0)], 1.5 * math.sqrt(2)),
        ("a square", [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)], math.sqrt(0.5)),
        ("the same place twice", [(1.0, 1.0), (1.0, 1.0)], 0.0),
    ],
)
def test_smallest_circle(word: str, points: list[tuple[float, float]], radius: float) -> None:
    assert enclosing_radius(points) == pytest.approx(radius, abs=1e-7), word


def pair(a: tuple[float, float], b: tuple[float, float], *more: tuple[float, float]) -> Script:
    return together(*(inside(n, span) for n, span in enumerate((a, b, *more), 1)))


@pytest.mark.parametrize(
    ("word", "script", "expected"),
    [
        ("alone", inside(1, (0, 20)), []),
        ("one after the other", pair((0, 8), (9, 20)), []),
        ("together for long enough", pair((0, 20), (3, 12)), [("start", 8.0, 3.0), ("end", 12.0, 3.0)]),
        ("together for too short", pair((0, 20), (3, 7.8)), []),
        ("a third takes over", pair((0, 20), (3, 12), (5, 15)), [("start", 8.0, 3.0), ("end", 15.0, 3.0)]),
        ("a third comes too late", pair((0, 20), (3, 12), (10, 25)),
         [("start", 8.0, 3.0), ("end", 12.0, 3.0), ("start", 15.0, 10.0), ("end", 20.0, 10.0)]),
    ],
)  # fmt: skip
def test_groups(word: str, script: Script, expected: list[Any]) -> None:
    assert told(play(rule(min_people=2), film(script, seconds=40))) == expected, word


def test_a_group_steps_up_and_names_everybody() -> None:
    events = play(rule(min_people=2, escalate_s=(7.0, 9.0)), film(pair((0, 20), (3, 14), (4, 14)), seconds=30))
    assert [(e.state, e.pts, e.track_ids) for e in events] == [
        ("start", 8.0, (1, 2)), ("update", 10.0, (1, 2, 3)), ("update", 12.0, (1, 2, 3)), ("end", 14.0, (1, 2, 3)),
    ]  # fmt: skip
    assert events[0].why["people"] == 2
    assert events[2].why["people"] == 3
    assert events[3].why["dwell_s"] == 11.0


def test_why_no_group() -> None:
    engine = Engine([rule(min_people=2)])
    for tracks in film(inside(1, (0, 8)), seconds=20):
        engine.update(tracks)
    assert [m.reason for m in engine.near_misses(0, 2e9)] == ["past the limit, but never 2 people together"]

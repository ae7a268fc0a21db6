"""The oracle on cases whose answer is plain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from sample_videos.renderer.oracle import Stay, distance_to, expected_events, inside, is_open, spans, stays, utc_of

SQUARE = np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]])


def walk(points: list[tuple[float, float, float]], step: float = 0.1) -> Stay:
    """A stay through `t, x, y`, straight between them."""
    known = np.array(points)
    t = np.arange(known[0, 0], known[-1, 0], step)
    foot = np.column_stack([np.interp(t, known[:, 0], known[:, i]) for i in (1, 2)])
    return Stay(1, t, foot, np.full(len(t), 0.2))


def site(rule: dict[str, Any], start: str = "2026-11-18T10:00:00+01:00") -> dict[str, Any]:
    return {
        "site": {"timezone": "Europe/Brussels"},
        "calendars": {
            "work": {
                "open": {"mon-fri": ["06:00-20:00"]},
                "holidays": {"extra": ["2026-12-24"]},
                "visits": [{"days": "tue", "hours": "20:30-22:00", "zones": ["z"], "max_people": 1}],
            }
        },
        "cameras": {
            "c": {
                "start": start,
                "zones": {"z": {"polygon": SQUARE.tolist()}, "far": {"polygon": (SQUARE + 1).tolist()}},
                "lines": {"l": {"points": [[0.5, 0.0], [0.5, 1.0]]}},
                "rules": [rule],
            }
        },
    }


def events(rule: dict[str, Any], stay: Stay, start: str = "2026-11-18T10:00:00+01:00") -> list[float]:
    return [round(e.t_s, 2) for e in expected_events(site(rule, start), "c", [stay], aspect=1.0)]


LOITER = {"id": "r", "kind": "loitering", "zone": "z", "dwell_s": 10, "grace_s": 2}


@pytest.mark.parametrize(
    ("word", "points", "due"),
    [
        ("stays long", [(0, 0.5, 0.5), (15, 0.5, 0.5)], [10.0]),
        ("leaves just before", [(0, 0.5, 0.5), (9.8, 0.5, 0.5), (9.81, 0.1, 0.1), (15, 0.1, 0.1)], []),
        (
            "steps out within the grace",
            [(0, 0.5, 0.5), (4, 0.5, 0.5), (4.1, 0.1, 0.5), (5.5, 0.1, 0.5), (5.6, 0.5, 0.5), (15, 0.5, 0.5)],
            [10.0],
        ),
        (
            "steps out too long",
            [(0, 0.5, 0.5), (4, 0.5, 0.5), (4.1, 0.1, 0.5), (8, 0.1, 0.5), (8.1, 0.5, 0.5), (15, 0.5, 0.5)],
            [],
        ),
        ("never inside", [(0, 0.1, 0.1), (30, 0.1, 0.1)], []),
    ],
)
def test_loitering(word: str, points: list[tuple[float, float, float]], due: list[float]) -> None:
    assert events(LOITER, walk(points)) == pytest.approx(due, abs=0.11), word


@pytest.mark.parametrize(
    ("word", "start", "due"),
    [
        ("working hours", "2026-11-18T10:00:00+01:00", []),
        ("night", "2026-11-18T23:00:00+01:00", [2.0]),
        ("closes while there", "2026-11-18T19:59:55+01:00", [7.0]),
        ("holiday", "2026-12-24T10:00:00+01:00", [2.0]),
        ("listed visit", "2026-11-17T21:00:00+01:00", []),
        ("sunday", "2026-11-22T12:00:00+01:00", [2.0]),
    ],
)
def test_after_hours(word: str, start: str, due: list[float]) -> None:
    rule = {"id": "r", "kind": "after_hours", "zone": "z", "calendar": "work", "min_presence_s": 2}
    assert events(rule, walk([(0, 0.5, 0.5), (20, 0.5, 0.5)]), start) == pytest.approx(due, abs=0.11), word


def test_a_visit_excuses_so_many_heads_first_come_first_served() -> None:
    rule = {"id": "r", "kind": "after_hours", "zone": "z", "calendar": "work", "min_presence_s": 2}
    first = walk([(0, 0.5, 0.5), (20, 0.5, 0.5)])
    second = replace(walk([(5, 0.6, 0.5), (20, 0.6, 0.5)]), person=2)
    found = expected_events(site(rule, "2026-11-17T21:00:00+01:00"), "c", [second, first], aspect=1.0)
    assert [(e.person, round(e.t_s, 1)) for e in found] == [(2, 7.0)]


@pytest.mark.parametrize(("word", "leaves_s", "due"), [("in time", 12.0, []), ("too late", 25.0, [20.0])])
def test_straggler(word: str, leaves_s: float, due: list[float]) -> None:
    """Closing comes five seconds in; fifteen more are allowed to who was there before."""
    rule = {"id": "r", "kind": "after_hours", "zone": "z", "calendar": "work", "straggler_grace_s": 15}
    stay = walk([(0, 0.5, 0.5), (leaves_s, 0.5, 0.5), (leaves_s + 0.01, 0.05, 0.05), (40, 0.05, 0.05)])
    assert events(rule, stay, "2026-11-18T19:59:55+01:00") == pytest.approx(due, abs=0.11), word


@pytest.mark.parametrize(("second_from_s", "due"), [(4.0, [14.0]), (14.0, [])])
def test_two_together(second_from_s: float, due: list[float]) -> None:
    """One event when both are past the limit at the same time, none when the first has left by then."""
    first = walk([(0, 0.5, 0.5), (18, 0.5, 0.5)])
    second = walk([(second_from_s, 0.6, 0.5), (40, 0.6, 0.5)])
    found = expected_events(site({**LOITER, "min_people": 2}), "c", [first, second], aspect=1.0)
    assert [e.t_s for e in found] == pytest.approx(due, abs=0.11)


@pytest.mark.parametrize(("direction", "due"), [("left", []), ("right", [5.0]), ("both", [5.0])])
def test_line_walked_from_right_to_left_of_the_picture(direction: str, due: list[float]) -> None:
    """The line runs down the picture; who crosses it towards smaller x ends on the right of its walker."""
    rule = {"id": "r", "kind": "line_crossing", "line": "l", "direction": direction}
    assert events(rule, walk([(0, 0.9, 0.5), (10, 0.1, 0.5)])) == pytest.approx(due, abs=0.11)


@pytest.mark.parametrize(
    ("word", "points", "due"),
    [
        ("along", [(0, 0.0, 0.5), (10, 1.0, 0.5)], []),
        ("off it", [(0, 0.0, 0.5), (5, 0.5, 0.5), (5.01, 0.5, 0.9), (10, 0.5, 0.9)], [7.0]),
        (
            "off and soon back",
            [(0, 0.0, 0.5), (5, 0.5, 0.5), (5.01, 0.5, 0.9), (6, 0.5, 0.9), (6.01, 0.5, 0.5), (9, 0.9, 0.5)],
            [],
        ),
    ],
)
def test_corridor(word: str, points: list[tuple[float, float, float]], due: list[float]) -> None:
    rule = {
        "id": "r",
        "kind": "unusual_route",
        "corridor": {"points": [[0, 0.5], [1, 0.5]], "width_bh": 1.0},
        "off_s": 2,
    }
    assert events(rule, walk(points)) == pytest.approx(due, abs=0.11), word


def test_a_setting_it_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="does not know"):
        events({**LOITER, "mode": "cumulative"}, walk([(0, 0.5, 0.5), (1, 0.5, 0.5)]))


def test_inside_agrees_with_plain_comparison() -> None:
    points = np.random.default_rng(1).uniform(0, 1, (500, 2))
    assert (inside(SQUARE, points) == ((points > 0.2) & (points < 0.8)).all(1)).all()


def test_spans_join_only_short_gaps() -> None:
    t = np.arange(10.0)
    held = np.array([1, 1, 0, 1, 0, 0, 0, 1, 1, 0], bool)
    assert spans(t, held) == [(0, 1), (3, 3), (7, 8)]
    assert spans(t, held, join_s=2) == [(0, 3), (7, 8)]
    assert spans(t[:0], held[:0]) == []


def test_distance_to_a_polyline_is_to_its_nearest_piece() -> None:
    way = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    assert distance_to(way, np.array([[0.5, 0.25], [1.5, 0.5], [-1, 0]])) == pytest.approx([0.25, 0.5, 1.0])


def test_stays_are_split_where_somebody_was_away_and_cut_to_the_picture() -> None:
    rows = np.array([[f, 1, x, 100, 20, 50, 1, 1, 1] for f, x in ((1, 50), (2, 52), (9, 60), (10, 900))], float)
    found = stays(rows, fps=10, width=640, height=360)
    assert [len(s.t) for s in found] == [2, 1]
    assert found[0].foot[0] == pytest.approx([(49 + 10) / 640, (99 + 50) / 360])


def test_open_hours_and_utc() -> None:
    when = datetime.fromisoformat("2026-11-18T19:59:59+01:00")
    assert is_open(site(LOITER), "work", when)
    assert utc_of("2026-11-18T10:00:00+01:00", 1.5) == "2026-11-18T09:00:01.500Z"

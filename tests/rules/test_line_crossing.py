from __future__ import annotations

import random
from typing import Any

import pytest

from rules.engine import Engine
from rules.line_crossing import LineCrossing
from rules.types import Line
from tests.rules.film import ASPECT, GATE, UTC0, WHO, Person, Script, film, frame, play, together
from tests.rules.ways import along


def rule(**settings: Any) -> LineCrossing:
    return LineCrossing(**WHO, **{"line": GATE, **settings})


def crossed(script: Script, *, seconds: float = 20.0, fps: float = 5.0, **settings: Any) -> list[tuple[float, str]]:
    events = play(rule(**settings), film(script, seconds=seconds, fps=fps))
    assert {e.state for e in events} <= {"start"}
    return [(round(e.pts, 3), e.why["direction"]) for e in events]


DOWN = along((0, 0.5, 0.31), (4, 0.5, 0.71))
"""A tenth of the picture a second, down over y = 0.5 between the frames of 1.8 and 2.0 s."""


@pytest.mark.parametrize(
    ("word", "script", "expected"),
    [
        ("down is right of east", DOWN, [(2.0, "right")]),
        ("up is left of east", along((0, 0.5, 0.69), (4, 0.5, 0.29)), [(2.0, "left")]),
        ("lands on the line, then goes on", along((0, 0.5, 0.3), (4, 0.5, 0.7)), [(2.2, "right")]),
        ("touches the line and turns back", along((0, 0.5, 0.3), (2, 0.5, 0.5), (4, 0.5, 0.3)), []),
        ("walks along the line and back off", along((0, 0.3, 0.4), (1, 0.3, 0.5), (3, 0.7, 0.5), (4, 0.7, 0.4)), []),
        ("walks along the line and over", along((0, 0.3, 0.4), (1, 0.3, 0.5), (3, 0.7, 0.5), (4, 0.7, 0.6)),
         [(3.2, "right")]),
        ("past its end", along((0, 0.9, 0.3), (4, 0.9, 0.7)), []),
        ("there and back", along((0, 0.5, 0.31), (4, 0.5, 0.71), (8, 0.5, 0.31)), [(2.0, "right"), (6.2, "left")]),
        ("born on it", along((0, 0.5, 0.5), (4, 0.5, 0.9)), []),
        ("nobody", lambda t: [], []),
    ],
)  # fmt: skip
def test_when_and_to_which_side(word: str, script: Script, expected: list[tuple[float, str]]) -> None:
    assert crossed(script) == expected, word


def test_only_the_direction_asked_for() -> None:
    both = along((0, 0.5, 0.31), (4, 0.5, 0.71), (8, 0.5, 0.31))
    assert crossed(both, direction="right") == [(2.0, "right")]
    assert crossed(both, direction="left") == [(6.2, "left")]


def shaky(y: float, *, jitter: float, seed: int, seconds: float) -> Script:
    """Walks up to a place by the line, stands there shaking for some seconds, and walks on down."""
    chance = random.Random(seed)
    shakes = [chance.gauss(0.0, jitter) for _ in range(2000)]

    def at(t: float) -> list[Person]:
        if t < 4:
            return [Person(1, 0.5, y - 0.1 * (4 - t))]
        if t < 4 + seconds:
            return [Person(1, 0.5, y + shakes[round(t * 5)])]
        return [Person(1, 0.5, y + 0.1 * (t - 4 - seconds))]

    return at


@pytest.mark.parametrize("seed", range(10))
def test_standing_on_the_line_is_one_crossing(seed: int) -> None:
    """Jitter of .04 of a height, more than real boxes have; a minute of it, then onwards."""
    script = shaky(0.5, jitter=0.04 * 0.2, seed=seed, seconds=60.0)
    assert len(crossed(script, seconds=70.0)) == 1


def test_walking_off_the_line_arms_it_again() -> None:
    """A quarter of a height (0.05 here) away, or a tenth of it (0.02) for a second."""
    far = along((0, 0.5, 0.4), (1, 0.5, 0.551), (2, 0.5, 0.4))
    near = along((0, 0.5, 0.4), (1, 0.5, 0.53), (2.2, 0.5, 0.53), (3.2, 0.5, 0.4))
    brief = along((0, 0.5, 0.4), (1, 0.5, 0.53), (1.4, 0.5, 0.53), (2.4, 0.5, 0.4))
    assert [side for _, side in crossed(far)] == ["right", "left"]
    assert [side for _, side in crossed(near)] == ["right", "left"]
    assert [side for _, side in crossed(brief)] == ["right"]


@pytest.mark.parametrize(("until", "expected"), [(1.8, ["right"]), (2.0, ["right", "left"])])
def test_clear_of_the_line_for_just_a_second(until: float, expected: list[str]) -> None:
    def at(t: float) -> list[Person]:
        return [Person(1, 0.5, 0.4 if t < 0.99 else 0.525 if t < until + 0.01 else 0.475)]

    assert [side for _, side in crossed(at, seconds=4)] == expected


@pytest.mark.parametrize(
    ("word", "gap_s", "expected"),
    [("short", 3.0, [(5.0, "right")]), ("just", 10.0, [(12.0, "right")]), ("too long", 10.2, [])],
)
def test_over_the_line_while_unseen(word: str, gap_s: float, expected: list[Any]) -> None:
    def at(t: float) -> list[Person]:
        return [Person(1, 0.5, 0.4)] if t <= 2 else [Person(1, 0.5, 0.6)] if t >= 2 + gap_s - 1e-9 else []

    assert crossed(at) == expected, word


def test_over_the_line_in_a_frame_gap() -> None:
    first = [frame(t / 5, [Person(1, 0.5, 0.4)]) for t in range(10)]
    soon, late = ([frame(t, [Person(1, 0.5, 0.6)])] for t in (8.0, 30.0))
    assert [e.pts for e in play(rule(), first + soon)] == [8.0]
    assert play(rule(), first + late) == []


def test_over_the_line_under_a_new_id() -> None:
    switch = together(along((0, 0.5, 0.4), (1, 0.5, 0.48)), along((1.4, 0.5, 0.52), (3, 0.5, 0.7), track_id=2))
    assert crossed(switch) == [(1.4, "right")]
    assert crossed(switch, bridge_s=0.1) == []


@pytest.mark.parametrize(("begins", "expected"), [(2.0, [(2.0, "right")]), (2.2, [])])
def test_a_new_id_comes_from_the_old_one_for_just_a_second(begins: float, expected: list[Any]) -> None:
    first, second = along((0, 0.5, 0.4), (1, 0.5, 0.48)), along((begins, 0.5, 0.52), (3, 0.5, 0.53), track_id=2)
    assert crossed(together(first, second)) == expected


def test_it_needs_two_frames_a_second_and_no_detector_of_people() -> None:
    assert (rule().needs.min_fps, rule().needs.people) == (2.0, False)


def test_a_join_that_was_wrong_tells_of_no_crossing() -> None:
    """2 is taken for 1 until 1 is back: 2 has come over nothing since."""
    script = together(
        lambda t: [Person(1, 0.5, 0.49)] if t <= 1 or t >= 2 else [],
        lambda t: [Person(2, 0.52, 0.49)] if 1.4 <= t <= 2.2 else [Person(2, 0.52, 0.6)] if t > 2.2 else [],
    )
    assert [side for _, side in crossed(script, seconds=5)] == ["right"]


def test_several_people_cross_at_once() -> None:
    script = together(DOWN, along((0, 0.4, 0.69), (4, 0.4, 0.29), track_id=2))
    events = play(rule(), film(script, seconds=5))
    assert sorted((e.track_ids, e.why["direction"]) for e in events) == [((1,), "right"), ((2,), "left")]
    assert len({e.key for e in events}) == 2


def test_other_classes_do_not_count() -> None:
    def mixed(t: float) -> list[Person]:
        return [Person(1, 0.5, 0.31 + 0.1 * t, class_id=2), Person(2, 0.4, 0.31 + 0.1 * t)]

    assert [e.track_ids for e in play(rule(), film(mixed, seconds=4))] == [(2,)]


def test_what_is_said() -> None:
    (event,) = play(rule(), film(DOWN, seconds=5))
    assert (event.kind, event.state, event.zone_id, event.track_ids) == ("line_crossing", "start", "gate", (1,))
    assert event.since_utc == event.utc == UTC0 + 2.0
    assert event.why == {"direction": "right", "from_x": 0.5, "from_y": 0.49, "foot_x": 0.5, "foot_y": 0.51}


def test_why_not() -> None:
    engine = Engine([rule(direction="left")])
    brief = along((0, 0.5, 0.4), (1, 0.5, 0.53), (2, 0.5, 0.4))
    for tracks in film(brief, seconds=3):
        engine.update(tracks)
    reasons = [m.reason for m in engine.near_misses(UTC0, UTC0 + 9)]
    assert reasons == ["crossed to the right, the rule asks for left", "crossed again without having left the line"]


def test_a_corner_is_crossed_once() -> None:
    corner = Line("corner", ((0.2, 0.5), (0.5, 0.5), (0.5, 0.9)))
    assert len(crossed(along((0, 0.61, 0.41), (4, 0.41, 0.61)), line=corner)) == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"direction": "up"}, "direction must be left, right or both"),
        ({"bridge_s": -1.0}, "bridge_s must be between"),
        ({"line": Line("dot", ((0.5, 0.5),))}, "at least two points"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rule(**settings)


def test_distance_to_rearm_is_in_heights_whatever_the_shape_of_the_picture() -> None:
    """Beside an upright line, a quarter of a height is ASPECT times less of the picture's width."""
    upright = Line("door", ((0.5, 0.9), (0.5, 0.1)))
    out = 0.05 / ASPECT
    back = along((0, 0.4, 0.5), (1, 0.5 + 1.05 * out, 0.5), (2, 0.4, 0.5))
    short = along((0, 0.4, 0.5), (1, 0.5 + 0.9 * out, 0.5), (2, 0.4, 0.5))
    assert [side for _, side in crossed(back, line=upright)] == ["right", "left"]
    assert [side for _, side in crossed(short, line=upright)] == ["right"]


THERE_AND_BACK = along((0, 0.5, 0.31), (4, 0.5, 0.71), (8, 0.5, 0.31))


def test_somebody_who_comes_in_meanwhile_keeps_nobody_from_crossing_again() -> None:
    other: Script = lambda t: [Person(7, 0.9, 0.2)] if t > 2.1 else []  # noqa: E731
    assert crossed(together(THERE_AND_BACK, other)) == [(2.0, "right"), (6.2, "left")]


def test_who_is_away_is_remembered_however_many_come_and_go() -> None:
    """Others come and go on every frame, so that people are looked through to be forgotten meanwhile."""
    away: Script = lambda t: [Person(1, 0.5, 0.45 if t < 13 else 0.55)] if not 12 < t < 14 else []  # noqa: E731
    flicker: Script = lambda t: [Person(7, 0.9, 0.2)] if round(t * 5) % 2 else []  # noqa: E731
    assert crossed(together(away, flicker)) == [(14.0, "right")]


def test_without_bridging_only_two_frames_in_a_row_make_a_crossing() -> None:
    hidden: Script = lambda t: DOWN(t) if abs(t - 1.8) > 0.05 else []  # noqa: E731
    assert crossed(DOWN, bridge_s=0.0) == [(2.0, "right")]
    assert crossed(hidden, bridge_s=0.0) == []


def test_places_are_told_to_four_digits() -> None:
    (event,) = play(rule(), film(along((0, 0.512345, 0.312345), (4, 0.552345, 0.712345)), seconds=5))
    assert all(round(event.why[name], 4) == event.why[name] for name in ("from_x", "from_y", "foot_x", "foot_y"))

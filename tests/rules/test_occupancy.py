from __future__ import annotations

from typing import Any

import pytest

from rules.base import Needs
from rules.engine import Engine
from rules.occupancy import Occupancy
from tests.rules.film import UTC0, WHO, ZONE, Person, Script, film, frame, play, present, together, told


def rule(**settings: Any) -> Occupancy:
    return Occupancy(**WHO, **{"zone": ZONE, "over": 1, "for_s": 3.0, **settings})


def crowd(*spans: tuple[float, float]) -> Script:
    """One person for each span, at places of their own."""
    return together(*(present(n, span, x=0.3 + 0.1 * n) for n, span in enumerate(spans)))


@pytest.mark.parametrize(
    ("word", "script", "settings", "expected"),
    [
        ("just as many as allowed", crowd((0, 20)), {}, []),
        ("one more, long enough", crowd((0, 20), (2, 8)), {}, [("start", 5.0, 2.0), ("end", 8.0, 2.0)]),
        ("one more, too short", crowd((0, 20), (2, 4.8)), {}, []),
        ("at once", crowd((0, 20), (2, 4)), {"for_s": 0.0}, [("start", 2.0, 2.0), ("end", 4.0, 2.0)]),
        ("missed for a second", crowd((0, 20), (2, 4), (5, 8)), {}, [("start", 5.0, 2.0), ("end", 8.0, 2.0)]),
        ("missed for longer", crowd((0, 20), (2, 4), (5.2, 8)), {}, []),
        ("no grace", crowd((0, 20), (2, 4), (4.4, 8)), {"grace_s": 0.0}, [("start", 7.4, 4.4), ("end", 8.0, 4.4)]),
        ("anybody at all", crowd((1, 5)), {"over": 0}, [("start", 4.0, 1.0), ("end", 5.0, 1.0)]),
        ("nobody at the post", crowd((0, 5), (12, 20)), {"over": None, "under": 1},
         [("start", 8.2, 5.2), ("end", 11.8, 5.2)]),
        ("too few at the post", crowd((0, 5), (0, 20)), {"over": None, "under": 2},
         [("start", 8.2, 5.2), ("end", 20.0, 5.2)]),
    ],
)  # fmt: skip
def test_over_and_under(word: str, script: Script, settings: dict[str, Any], expected: list[Any]) -> None:
    assert told(play(rule(**settings), film(script, seconds=20))) == expected, word


def test_what_is_said() -> None:
    start, end = play(rule(), film(crowd((0, 20), (2, 8), (6, 7)), seconds=20))
    assert start.why == {"over": 1, "people": 2, "held_s": 3.0, "for_s": 3.0}
    assert end.why == {"over": 1, "people": 3, "held_s": 6.0, "for_s": 3.0}
    assert start.track_ids == end.track_ids == (0, 1)
    assert start.key == end.key


def test_frames_too_far_apart_interrupt() -> None:
    two = [Person(1, 0.5, 0.5), Person(2, 0.6, 0.5)]
    frames = [frame(t / 5, two) for t in range(11)] + [frame(6.0 + t / 5, two) for t in range(11)]
    assert play(rule(), frames) == []


def test_why_not() -> None:
    engine = Engine([rule()])
    for tracks in film(crowd((0, 20), (1, 3), (8, 20)), seconds=10):
        engine.update(tracks)
    reasons = [m.reason for m in engine.near_misses(UTC0, UTC0 + 99)]
    assert reasons == ["over 1 people for 2.0 s of 3 s", "over 1 people for 2.0 s of 3 s"]
    assert len(engine.near_misses(UTC0 + 4, UTC0 + 5)) == 0
    assert "under 2 people" in _missed(rule(over=None, under=2), crowd((0, 5)))


def _missed(rule_: Occupancy, script: Script) -> str:
    engine = Engine([rule_])
    for tracks in film(script, seconds=2):
        engine.update(tracks)
    return engine.near_misses(0, 2e9)[0].reason


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"over": None}, "one of over and under"),
        ({"under": 1}, "one of over and under"),
        ({"over": -1}, "over must be 0 or more"),
        ({"over": None, "under": 0}, "under 1 or more"),
        ({"for_s": -1.0}, "for_s and grace_s must be 0 or more"),
        ({"grace_s": float("inf")}, "for_s and grace_s must be 0 or more"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rule(**settings)


def test_it_needs_a_frame_a_second_and_a_detector_of_people() -> None:
    assert rule().needs == Needs(min_fps=1.0, people=True)


def test_without_for_s_it_fires_at_once() -> None:
    usual = Occupancy(**WHO, zone=ZONE, over=1)
    assert told(play(usual, film(crowd((0, 20), (2, 4)), seconds=20))) == [("start", 2.0, 2.0), ("end", 4.0, 2.0)]


def test_held_is_told_to_the_millisecond() -> None:
    start, end = play(rule(), film(crowd((0, 20), (2, 5.7)), seconds=20, fps=7.0))
    assert start.why["held_s"] == 3.0
    assert end.why["held_s"] == 3.571
    engine = Engine([rule()])
    for tracks in film(crowd((0, 20), (2, 3.5)), seconds=10, fps=7.0):
        engine.update(tracks)
    assert engine.near_misses(0, 2e9)[0].why["held_s"] == 1.429


def test_an_episode_under_way_is_missed_by_its_own_time_and_only_until_it_is_told() -> None:
    engine = Engine([rule()])
    assert engine.near_misses(0, 2e9) == []
    for tracks in film(crowd((0, 20), (0, 20)), seconds=2):
        engine.update(tracks)
    assert len(engine.near_misses(UTC0 + 2, UTC0 + 9)) == len(engine.near_misses(UTC0 - 9, UTC0)) == 1
    assert engine.near_misses(UTC0 + 2.1, UTC0 + 9) == engine.near_misses(UTC0 - 9, UTC0 - 0.1) == []
    for tracks in film(crowd((0, 20), (0, 20)), seconds=4)[11:]:
        engine.update(tracks)
    assert engine.near_misses(0, 2e9) == []

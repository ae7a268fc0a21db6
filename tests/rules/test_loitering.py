from __future__ import annotations

from typing import Any

import pytest

from rules.engine import Engine
from rules.loitering import Loitering
from rules.types import Zone
from tests.rules.film import (
    UTC0,
    WHO,
    ZONE,
    Hours,
    Person,
    Script,
    film,
    frame,
    inside,
    play,
    present,
    together,
    told,
)  # fmt: skip


def rule(**settings: Any) -> Loitering:
    return Loitering(**WHO, **{"zone": ZONE, "dwell_s": 5.0, **settings})


def starts(script: Script, *, seconds: float = 40.0, fps: float = 5.0, **settings: Any) -> list[tuple[float, float]]:
    """(alarm, since) of each start."""
    events = told(play(rule(**settings), film(script, seconds=seconds, fps=fps)))
    return [(pts, since) for state, pts, since in events if state == "start"]


@pytest.mark.parametrize(
    ("word", "script", "settings", "expected"),
    [
        ("exactly long enough", inside(1, (2, 7)), {}, [(7.0, 2.0)]),
        ("one frame too short", inside(1, (2, 6.8)), {}, []),
        ("there from the first frame", inside(1, (0, 9)), {}, [(5.0, 0.0)]),
        ("never there", inside(1), {}, []),
        ("fires before leaving, not after", inside(1, (2, 30)), {}, [(7.0, 2.0)]),
        ("dwell between two frames", inside(1, (2, 30)), {"dwell_s": 5.1}, [(7.2, 2.0)]),
        ("out for just the grace", inside(1, (2, 4), (6, 9)), {}, [(7.0, 2.0)]),
        ("out for one frame more than the grace", inside(1, (2, 4), (6.2, 12)), {}, [(11.2, 6.2)]),
        ("no grace at all", inside(1, (2, 4), (4.4, 12)), {"grace_s": 0.0}, [(9.4, 4.4)]),
        ("unseen for just the bridge", present(1, (2, 8), (18, 30)), {"dwell_s": 9.0}, [(22.0, 2.0)]),
        ("unseen for one frame more", present(1, (2, 8), (18.2, 30)), {"dwell_s": 9.0}, [(27.2, 18.2)]),
        ("unseen, no bridge, within the grace", present(1, (2, 4), (6, 9)), {"bridge_s": 0.0}, [(7.0, 2.0)]),
        ("unseen, no bridge, past the grace", present(1, (2, 4), (6.2, 12)), {"bridge_s": 0.0}, [(11.2, 6.2)]),
        ("half of it bridged is enough", present(1, (2, 4), (7, 9)), {}, [(8.0, 2.0)]),
        ("more than half is not yet", present(1, (2, 3), (7, 12)), {}, [(10.0, 2.0)]),
        ("mostly unseen, then long enough by itself", present(1, (2, 3), (11, 30)), {}, [(16.0, 11.0)]),
        ("unseen twice, long enough since the first", present(1, (2, 3), (11, 14), (15, 30)), {}, [(16.0, 11.0)]),
        ("the longest dwell is the one told", present(1, (2, 5), (8, 30)), {}, [(8.0, 2.0)]),
        ("longer dwell, few gaps", present(1, (2, 6), (7, 9)), {"dwell_s": 6.0}, [(8.0, 2.0)]),
        ("steps out unseen, comes back seen outside", together(present(1, (2, 5)), inside(2)), {}, []),
    ],
)
def test_when_it_fires(
    word: str, script: Script, settings: dict[str, Any], expected: list[tuple[float, float]]
) -> None:
    assert starts(script, **settings) == expected, word


def test_the_peers_two_short_passes_are_not_one_long_stay() -> None:
    """Frigate's counter never resets: two passes of 8 s of one track are 16 s to it."""
    assert starts(inside(1, (2, 10), (20, 28)), dwell_s=12.0) == []


def test_the_peers_step_out_and_in_does_not_evade() -> None:
    """Axis starts anew whenever somebody leaves: a step over the edge now and then would be enough to evade it."""
    steps = inside(1, (0, 4), (5, 9), (10, 14), (15, 19))
    assert starts(steps, dwell_s=12.0) == [(12.0, 0.0)]


def test_the_peers_time_outside_is_not_dwell() -> None:
    """supervision's timers never reset: whoever was seen once an hour ago loiters."""
    assert starts(inside(1, (0, 1), (30, 31)), dwell_s=12.0) == []


def test_the_peers_standing_still_is_loitering_too() -> None:
    """Dahua wants the object to keep moving."""
    assert starts(present(1, (0, 20)), dwell_s=12.0) == [(12.0, 0.0)]


def test_the_peers_alarm_does_not_wait_for_the_exit() -> None:
    """SceneScape and Axxon tell of a loiterer once they have left."""
    engine = Engine([rule(dwell_s=4.0)])
    said = [e.state for tracks in film(inside(1, (0, 20)), seconds=4.0) for e in engine.update(tracks)]
    assert said == ["start"]


def test_the_peers_id_switch_keeps_the_dwell() -> None:
    switch = together(present(1, (2, 5)), present(2, (5.4, 12), x=0.51))
    events = play(rule(), film(switch, seconds=20))
    assert told(events) == [("start", 7.0, 2.0), ("end", 12.0, 2.0)]
    assert events[0].track_ids == (1, 2)
    assert events[0].why["gaps"] == 1
    assert events[0].why["bridged_s"] == 0.4


def test_the_peers_workers_taking_turns_are_not_one_loiterer() -> None:
    """open-nvr keys a stay by camera and label: whoever comes next goes on with it."""

    def turn(track_id: int, start: float) -> Script:
        def at(t: float) -> list[Person]:
            since = t - start
            way = min(since, 10.0 - since, 4.0)  # 4 s in, 2 s at the place, 4 s out
            return [Person(track_id, 0.1 + 0.1 * way, 0.5)] if 0.0 <= since <= 10.0 else []

        return at

    turns = together(*(turn(n, 8.0 * n) for n in range(5)))
    assert starts(turns, dwell_s=9.0) == []


def test_a_join_never_delays_the_newcomers_own_alarm() -> None:
    """Whoever is taken for somebody else is told of as soon as they have dwelt long enough themselves."""
    turns = together(present(1, (0, 1)), present(2, (9, 30)))
    assert starts(turns) == starts(present(2, (9, 30))) == [(14.0, 9.0)]


def test_two_people_at_once_are_never_one() -> None:
    """The second is there before the first is lost: not a continuation, however near."""
    both = together(present(1, (0, 4)), present(2, (3.8, 8), x=0.51))
    assert starts(both, dwell_s=6.0) == []


def test_a_join_is_undone_when_the_lost_one_comes_back() -> None:
    """2 is taken for 1, until 1 is there again beside 2: each has their own stay from then on."""
    script = together(present(1, (0, 4), (7, 20)), present(2, (5, 30), x=0.51))
    events = play(rule(dwell_s=10.0), film(script, seconds=40))
    assert [(e.pts, e.since_utc - UTC0, e.track_ids) for e in events if e.state == "start"] == [
        (10.0, pytest.approx(0.0), (1,)),
        (15.0, pytest.approx(5.0), (2,)),
    ]


def test_ids_that_take_turns_for_one_person_are_one_stay() -> None:
    turns = together(present(1, (0, 3), (6.4, 9)), present(2, (3.2, 6)))
    events = play(rule(dwell_s=8.0), film(turns, seconds=20))
    assert told(events) == [("start", 8.0, 0.0), ("end", 9.0, 0.0)]
    assert events[0].track_ids == (1, 2)


def test_predicted_boxes_are_nobodys_presence() -> None:
    def coasting(t: float) -> list[Person]:
        return [Person(1, 0.5, 0.5, observed=t <= 3.0)]

    assert starts(coasting) == []


def test_other_classes_are_not_watched() -> None:
    car = film(lambda t: [Person(1, 0.5, 0.5, class_id=2)], seconds=10)
    assert play(rule(), car) == []
    assert [e.state for e in play(rule(classes=(0, 2)), car)] == ["start", "end"]


def test_one_end_with_the_total_as_of_the_last_frame_inside() -> None:
    events = play(rule(), film(inside(1, (2, 9)), seconds=30))
    assert told(events) == [("start", 7.0, 2.0), ("end", 9.0, 2.0)]
    start, end = events
    assert start.key == end.key
    assert start.why == {
        "mode": "continuous", "dwell_s": 5.0, "threshold_s": 5.0, "bridged_s": 0.0, "outside_s": 0.0, "gaps": 0,
        "frames": 26, "foot_x": 0.5, "foot_y": 0.5,
    }  # fmt: skip
    assert end.why["dwell_s"] == 7.0
    assert end.why["frames"] == 36
    assert end.score == pytest.approx(0.9)
    assert end.zone_id == "bay"


def test_steps_are_updates_and_several_may_be_due_at_once() -> None:
    script = present(1, (0, 7), (13, 20))
    events = play(rule(escalate_s=(8.0, 12.0, 60.0)), film(script, seconds=40))
    assert told(events) == [
        ("start", 5.0, 0.0), ("update", 13.0, 0.0), ("update", 13.0, 0.0), ("end", 20.0, 0.0),
    ]  # fmt: skip
    assert [e.why["threshold_s"] for e in events] == [5.0, 8.0, 12.0, 12.0]
    assert len({e.key for e in events}) == 1


@pytest.mark.parametrize(
    ("word", "hours", "expected"),
    [
        ("closed all the time", Hours(), [(4.0, 1.0)]),
        ("open all the time", Hours((0, 99)), [(11.0, 1.0)]),
        ("closes while they are there", Hours((0, 6)), [(6.0, 1.0)]),
        ("closes before that matters", Hours((0, 2)), [(4.0, 1.0)]),
        ("opens just before", Hours((3.9, 99)), [(11.0, 1.0)]),
    ],
)
def test_a_shorter_dwell_out_of_hours(word: str, hours: Hours, expected: list[tuple[float, float]]) -> None:
    assert starts(inside(1, (1, 30)), dwell_s=10.0, closed_dwell_s=3.0, calendar=hours) == expected, word


def test_the_alarm_quotes_the_calendar() -> None:
    events = play(rule(closed_dwell_s=3.0, calendar=Hours()), film(inside(1, (1, 9)), seconds=12))
    assert events[0].why["calendar"] == "after hours"
    assert events[0].why["threshold_s"] == 3.0


@pytest.mark.parametrize(
    ("word", "settings", "says"),
    [
        ("no time", {"dwell_s": 0.0}, "dwell_s must be above 0"),
        ("not a number", {"dwell_s": float("nan")}, "dwell_s must be above 0"),
        ("no radius", {"radius_bh": -1.0}, "radius_bh must be above 0"),
        ("unknown mode", {"mode": "sometimes"}, "mode must be continuous or cumulative"),
        ("negative grace", {"grace_s": -1.0}, "grace_s must be 0 or more"),
        ("bridge too far", {"bridge_s": 61.0}, "bridge_s must be between 0 and 60"),
        ("nobody", {"min_people": 0}, "min_people must be 1 or more"),
        ("steps fall", {"escalate_s": (9.0, 7.0)}, "escalate_s must rise"),
        ("a step below the dwell", {"escalate_s": (5.0,)}, "each above dwell_s"),
        ("closed dwell without a calendar", {"closed_dwell_s": 3.0}, "closed_dwell_s needs a calendar"),
        ("a window without a sum", {"window_s": 60.0}, "window_s belongs to mode cumulative"),
        ("a sum without a window", {"mode": "cumulative"}, "needs a window_s"),
        ("a window shorter than the dwell", {"mode": "cumulative", "window_s": 4.0}, "window_s of at least"),
        ("a sum in a circle", {"mode": "cumulative", "window_s": 9.0, "radius_bh": 1.0}, "neither radius_bh"),
        ("a sum of several people", {"mode": "cumulative", "window_s": 9.0, "min_people": 2}, "nor min_people"),
    ],
)
def test_settings_that_cannot_be_meant(word: str, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rule(**settings)


def test_an_edited_rule_has_another_version_and_other_keys() -> None:
    frames = film(inside(1, (1, 9)), seconds=12)
    first, same, edited = rule(), rule(), rule(grace_s=1.0)
    moved = rule(zone=Zone("bay", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.81), (0.2, 0.8))))
    assert first.rule_version == same.rule_version
    assert len(first.rule_version) == 8
    assert len({first.rule_version, edited.rule_version, moved.rule_version}) == 3
    assert play(first, frames)[0].key == play(same, frames)[0].key != play(edited, frames)[0].key


def test_why_not_names_the_stays_that_ended_too_early_and_those_that_go_on() -> None:
    engine = Engine([rule()])
    for tracks in film(together(inside(1, (1, 4)), inside(2, (8, 30)), present(3, (0, 1), (8, 9.2))), seconds=10):
        engine.update(tracks)
    found = {m.track_ids: m.reason for m in engine.near_misses(UTC0, UTC0 + 10)}
    assert found == {
        (1,): "dwelt 3.0 s of 5 s", (2,): "dwelt 2.0 s of 5 s",
        (3,): "7.0 s of 9.2 s were not seen: at most half may be",
    }  # fmt: skip
    assert engine.near_misses(UTC0 + 4.5, UTC0 + 7) == [m for m in engine.near_misses(0, 2e9) if m.track_ids == (3,)]


def test_a_frame_gap_is_bridged_up_to_its_limit_and_no_further() -> None:
    """A stalled camera: 3 s without frames are bridged, 30 s are not presence."""
    before = [frame(t / 5, [Person(1, 0.5, 0.5)]) for t in range(26)]
    short = before + [frame(8.0 + t / 5, [Person(1, 0.5, 0.5)]) for t in range(26)]
    long = before + [frame(35.0 + t / 5, [Person(1, 0.5, 0.5)]) for t in range(26)]
    assert told(play(rule(dwell_s=9.0), short)) == [("start", 9.0, 0.0), ("end", 13.0, 0.0)]
    assert play(rule(dwell_s=9.0), long) == []


@pytest.mark.parametrize(
    ("word", "jump_s", "expected"),
    [
        ("none", 0.0, [("start", 5.0, 0.0), ("end", 8.0, 0.0)]),
        ("an hour forward is a gap", 3600.0, []),
        ("an hour back is bridged by wall time", -3600.0, [("start", -3595.0, 0.0), ("end", -3592.0, 0.0)]),
    ],
)
def test_pts_jumps_never_make_dwell(word: str, jump_s: float, expected: list[Any]) -> None:
    """Media time jumps after 4 s while wall time goes on."""
    there = [Person(1, 0.5, 0.5)]
    frames = [frame(t / 5 + (jump_s if t > 20 else 0.0), there, utc=UTC0 + t / 5) for t in range(41)]
    events = play(rule(), frames)
    assert told(events) == expected, word
    assert all(0.0 <= e.why["dwell_s"] <= 8.0 for e in events)


@pytest.mark.parametrize(
    ("word", "away_s", "expected"),
    [
        ("a reconnect of 3 s is an occlusion", 3.0, [("start", 4.0, 0.0), ("end", 6.0, 0.0)]),
        ("after half a minute nobody knows", 30.0, []),
    ],
)
def test_a_new_run_is_bridged_or_ends_the_stay(word: str, away_s: float, expected: list[Any]) -> None:
    """The same person under a new id, media time from zero: dwell goes on by wall time."""
    first = [frame(t / 5, [Person(1, 0.5, 0.5)]) for t in range(26)]
    second = [frame(t / 5, [Person(1, 0.5, 0.5)], run_id=2, utc=UTC0 + 5.0 + away_s + t / 5) for t in range(31)]
    events = play(rule(dwell_s=12.0), first + second)
    assert told(events) == expected, word
    assert [e.run_id for e in events] == [2] * len(events)

"""After-hours presence: closing time, stragglers, visits, one alarm a stay, against tables and an oracle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.after_hours import AfterHours
from rules.calendar import Calendar, DayHours, Visit
from rules.hours import parse_span
from rules.types import Event, Tracks, Zone

ZONE = Zone("bay", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
IN, OUT = 0.25, 0.75
CLOSING = 1_795_298_400.0  # Saturday 2026-11-21 22:00 UTC
HOURS = "06:00-22:00"


def calendar(*, visits: Sequence[Visit] = (), hours: str = HOURS) -> Calendar:
    line = DayHours((parse_span(hours),), f"mon-sun {hours}")
    return Calendar(name="working", timezone="UTC", weekly=dict.fromkeys(range(7), line), visits=visits)


def rule(**given: Any) -> AfterHours:
    settings_ = {"site": "s", "camera_id": "c", "rule_id": "night", "zone": ZONE, "calendar": calendar(), **given}
    return AfterHours(**settings_)


def frame(t: float, people: Mapping[int, float], *, start: float = CLOSING, run_id: int = 1) -> Tracks:
    """People by id at an x; small, and so far apart that nobody could be another."""
    ids = np.array(list(people), np.int64)
    x = np.array([people[i] for i in people], np.float64)
    y = 0.35 + 0.05 * (ids % 13)
    box = np.column_stack((x - 0.02, y - 0.03, x + 0.02, y)).astype(np.float32).reshape(-1, 4)
    n = len(ids)
    return Tracks(
        camera_id="c", run_id=run_id, pts=t, utc=start + t, aspect=16 / 9, track_id=ids, xyxy=box,
        score=np.full(n, 0.9, np.float32), class_id=np.zeros(n, np.int32), observed=np.ones(n, np.bool_),
    )  # fmt: skip


def play(
    one: AfterHours, who: Callable[[float], Mapping[int, float]], *, until: float, fps: float = 5.0, begin: float = 0.0,
    start: float = CLOSING,
) -> list[Event]:  # fmt: skip
    events: list[Event] = []
    for n in range(round((until - begin) * fps) + 1):
        events += one.update(frame(begin + n / fps, who(begin + n / fps), start=start))
    return events + one.close(utc=start + until, reason="the recording ended")


def told(events: Sequence[Event]) -> list[tuple[str, float]]:
    return [(event.state, round(event.pts, 3)) for event in events]


def between(spans: Mapping[int, tuple[float, float]]) -> Callable[[float], Mapping[int, float]]:
    """Ids that stand in the zone from a time until a time, and are not there else."""
    return lambda t: {i: 0.04 + 0.03 * i for i, (a, b) in spans.items() if a - 1e-9 <= t <= b + 1e-9}


@pytest.mark.parametrize(
    ("word", "begin", "spans", "given", "expected"),
    [
        ("after closing", 5, {1: (10, 20)}, {}, [("start", 12), ("end", 20)]),
        ("too short", 5, {1: (10, 11.8)}, {}, []),
        ("exactly long enough", 5, {1: (10, 12)}, {}, [("start", 12), ("end", 12)]),
        ("at once", 5, {1: (10, 12)}, {"min_presence_s": 0}, [("start", 10), ("end", 12)]),
        ("only while open", -30, {1: (-20, -0.2)}, {}, []),
        ("inside at closing", -30, {1: (-20, 20)}, {}, [("start", 2), ("end", 20)]),
        ("leaves soon after closing", -30, {1: (-20, 1.8)}, {}, []),
        (
            "two people, two alarms", 5, {1: (10, 20), 4: (11, 20)}, {},
            [("start", 12), ("start", 13), ("end", 20), ("end", 20)],
        ),
        ("nobody", -5, {}, {}, []),
        ("straggler leaves", -30, {1: (-20, 50)}, {"straggler_grace_s": 60}, []),
        ("straggler stays", -30, {1: (-20, 70)}, {"straggler_grace_s": 60}, [("start", 60), ("end", 70)]),
        (
            "comes within the grace, nobody inside at closing", -30, {1: (5, 20)}, {"straggler_grace_s": 60},
            [("start", 7), ("end", 20)],
        ),
        (
            "the fourth where three were inside", -30, {1: (-9, 50), 2: (-9, 50), 3: (-9, 50), 4: (20, 30)},
            {"straggler_grace_s": 60}, [("start", 22), ("end", 30)],
        ),
        (
            "a third where three were inside", -30, {1: (-9, 50), 2: (-9, 50), 3: (-9, 15), 4: (40, 50)},
            {"straggler_grace_s": 60}, [],
        ),
        ("grace shorter than presence", -30, {1: (-9, 5)}, {"straggler_grace_s": 1}, [("start", 2), ("end", 5)]),
    ],
)  # fmt: skip
def test_presence(word: str, begin: float, spans: dict, given: dict, expected: list) -> None:
    events = play(rule(**given), between(spans), until=75.0 if "straggler_grace_s" in given else 25.0, begin=begin)
    assert told(events) == expected, word


def test_the_reason_and_the_numbers_are_told() -> None:
    start, end = play(rule(), between({7: (10, 20)}), until=25.0)
    assert start.why == {
        "presence_s": 2.0, "min_presence_s": 2.0, "bridged_s": 0.0, "gaps": 0, "frames": 11, "foot_x": 0.25,
        "foot_y": 0.7, "calendar": "closed since 22:00 (mon-sun 06:00-22:00)", "people": 1,
    }  # fmt: skip
    assert (end.why["presence_s"], end.why["frames"]) == (10.0, 51)
    assert (start.zone_id, start.track_ids, start.since_utc, start.utc) == ("bay", (7,), CLOSING + 10, CLOSING + 12)
    assert start.key == end.key


def test_an_opening_ends_what_is_open_and_a_closing_begins_anew() -> None:
    lunch = rule(calendar=calendar(hours="21:59-22:01"))
    events = play(lunch, between({1: (-100, 100)}), until=100.0, begin=-100.0)
    assert told(events) == [("start", -98.0), ("end", -60.2), ("start", 62.0), ("end", 100.0)]
    assert len({event.key for event in events}) == 2


def test_a_forbidden_zone_needs_no_calendar() -> None:
    events = play(rule(calendar=None, always=True), between({1: (-20, -10)}), until=0.0, begin=-30.0)
    assert told(events) == [("start", -18.0), ("end", -10.0)]
    assert events[0].why["calendar"] == "always forbidden"


def test_without_a_zone_the_whole_picture_counts() -> None:
    whole = rule(zone=None)
    events = play(whole, lambda t: {1: OUT}, until=5.0)
    assert told(events) == [("start", 2.0), ("end", 5.0)]
    assert events[0].zone_id is None


def test_outside_the_zone_nobody_counts() -> None:
    assert play(rule(), lambda t: {1: OUT}, until=10.0) == []


def test_a_flicker_over_the_edge_is_one_stay() -> None:
    who = lambda t: {1: OUT if 11 < t < 12.5 or 15 < t < 16.5 else IN}  # noqa: E731
    assert told(play(rule(), who, until=20.0, begin=10.0)) == [("start", 12.6), ("end", 20.0)]


def test_never_fires_while_outside() -> None:
    who = lambda t: {1: OUT if 11.9 < t < 13.3 else IN}  # noqa: E731
    assert told(play(rule(), who, until=20.0, begin=10.0))[0] == ("start", 13.4)


def test_a_changed_id_is_one_alarm() -> None:
    who = lambda t: {1 if t < 14 else 14: IN} if not 14 <= t < 14.6 else {}  # noqa: E731
    events = play(rule(), who, until=20.0, begin=10.0)
    assert told(events) == [("start", 12.0), ("end", 20.0)]
    assert events[-1].track_ids == (1, 14)


def test_a_restart_of_the_worker_is_bridged_longer_than_a_lost_detection() -> None:
    """Frames are missing from 14 to 20 s, and a new run finds the person under another id half a second later."""
    one, events = rule(), []
    for n in range(51, 150):
        t = n / 5
        if t <= 14 or t >= 20:
            who = {} if 20 <= t < 20.5 else {1: IN} if t <= 14 else {14: IN}
            events += one.update(frame(t, who, run_id=1 if t <= 14 else 2))
    assert [event.state for event in events] == ["start"]
    lost = lambda t: {1: IN} if t <= 14 else {14: IN} if t >= 20 else {}  # noqa: E731
    assert [event.state for event in play(rule(), lost, until=25.0, begin=10.0)] == ["start", "end", "start", "end"]


def test_no_more_than_half_of_a_presence_is_bridged() -> None:
    who = lambda t: {1: IN} if t < 10.5 or t >= 12.1 else {}  # noqa: E731
    events = play(rule(), who, until=20.0, begin=10.0)
    assert told(events)[0] == ("start", 13.6)


def test_presence_that_is_long_enough_by_itself_is_told_at_once() -> None:
    """A second unseen, then longer than `min_presence_s` seen: what went unseen before does not delay it."""
    who = lambda t: {1: IN} if t < 10.1 or t >= 11.9 else {}  # noqa: E731
    [start, *_] = play(rule(min_presence_s=1.0), who, until=20.0, begin=10.0)
    assert (round(start.pts, 3), round(start.utc - start.since_utc, 3)) == (13.0, 1.0)


CLEANERS = Visit("cleaners", (5,), (parse_span("22:00-22:01"),), ("bay",), 2)


@pytest.mark.parametrize(
    ("word", "spans", "expected"),
    [
        ("expected people", {1: (10, 40), 2: (12, 40)}, []),
        ("one too many", {1: (10, 40), 2: (12, 40), 3: (20, 40)}, [("start", 22), ("end", 40)]),
        ("one too many, but not for long", {1: (10, 40), 2: (12, 21.6), 3: (20, 40)}, []),
        ("still there when the visit is over", {1: (10, 70)}, [("start", 62), ("end", 70)]),
        ("gone just after the visit", {1: (10, 61.8)}, []),
        ("before the visit is theirs", {1: (-30, 40)}, []),
    ],
)  # fmt: skip
def test_listed_visits_excuse_so_many_heads(word: str, spans: dict, expected: list) -> None:
    listed = calendar(visits=[CLEANERS])
    assert told(play(rule(calendar=listed, visits=listed), between(spans), until=75.0, begin=-35.0)) == expected, word


def test_a_visit_to_another_zone_excuses_nobody_here() -> None:
    yard = calendar(visits=[Visit("cleaners", (5,), (parse_span("22:00-22:01"),), ("yard",), 2)])
    assert told(play(rule(calendar=yard, visits=yard), between({1: (10, 20)}), until=25.0))[0] == ("start", 12.0)


def test_excused_presence_is_kept_with_the_visits_name() -> None:
    listed = calendar(visits=[CLEANERS])
    one = rule(calendar=listed, visits=listed)
    play(one, between({1: (10, 20)}), until=40.0)
    (miss,) = one.near_misses(CLOSING, CLOSING + 60)
    assert miss.reason == "excused by visit cleaners"
    assert (miss.since_utc, miss.until_utc, miss.why["visits"]) == (CLOSING + 10, CLOSING + 20, ["cleaners"])


@pytest.mark.parametrize(
    ("spans", "given", "reason"),
    [
        ({1: (10, 11)}, {}, "present 1.0 s of 2 s"),
        ({1: (-10, 11)}, {"straggler_grace_s": 60}, "inside at closing time, straggler_grace_s 60"),
    ],
)
def test_near_misses_say_why_nothing_was_said(spans: dict, given: dict, reason: str) -> None:
    one = rule(**given)
    play(one, between(spans), until=20.0, begin=-20.0)
    assert [miss.reason for miss in one.near_misses(CLOSING + 10, CLOSING + 11)] == [reason]
    assert one.near_misses(CLOSING + 12, CLOSING + 20) == []


def test_who_leaves_just_after_their_visit_was_not_excused_at_the_end() -> None:
    listed = calendar(visits=[CLEANERS])
    one = rule(calendar=listed, visits=listed)
    play(one, between({1: (10, 61)}), until=70.0)
    assert [miss.reason for miss in one.near_misses(CLOSING, CLOSING + 90)] == ["present 1.0 s of 2 s"]


def test_who_is_still_there_is_a_near_miss_too() -> None:
    one = rule()
    for t in (10.0, 10.5, 11.0):
        one.update(frame(t, {1: IN}))
    for since, until in ((0, 60), (0, 10), (11, 60)):
        reasons = [miss.reason for miss in one.near_misses(CLOSING + since, CLOSING + until)]
        assert reasons == ["present 1.0 s of 2 s"]
    assert one.near_misses(CLOSING, CLOSING + 9.9) == one.near_misses(CLOSING + 11.1, CLOSING + 60) == []


def test_a_visit_that_begins_after_an_alarm_takes_nothing_back() -> None:
    late = calendar(visits=[Visit("late", (5,), (parse_span("22:01-22:02"),), (), 5)])
    events = play(rule(calendar=late, visits=late), between({1: (10, 100)}), until=130.0)
    assert told(events) == [("start", 12.0), ("end", 100.0)]


def test_the_closing_instant_is_found_between_frames_that_are_far_apart() -> None:
    """The grace counts from 22:00:00, not from the first frame after it."""
    one = rule(straggler_grace_s=10.0)
    events = play(one, between({1: (-50, 30)}), until=30.0, begin=-1.9, fps=1 / 1.7)
    assert told(events)[0] == ("start", 10.0)


@pytest.mark.parametrize(
    "given",
    [{"calendar": None}, {"always": True}, {"min_presence_s": -1.0}, {"straggler_grace_s": -1.0}],
)
def test_settings_that_cannot_be_meant_are_refused(given: dict) -> None:
    with pytest.raises(ValueError, match=r"after_hours needs|must be 0 or more"):
        rule(**given)


@pytest.mark.parametrize("cut", [-5.0, 0.4, 11.0, 21.0, 65.0, 80.0])
def test_a_restart_neither_repeats_nor_forgets(cut: float) -> None:
    listed = calendar(visits=[CLEANERS])
    spans = {1: (-9, 70), 2: (-9, 50), 3: (20, 30), 4: (10, 90)}
    given = {"calendar": listed, "visits": listed, "straggler_grace_s": 15.0}
    whole = play(rule(**given), between(spans), until=100.0, begin=-10.0)
    first, second = rule(**given), rule(**given)
    events: list[Event] = []
    for n in range(551):
        t = -10.0 + n / 5
        one = first if t < cut else second
        if first.kind and one is second and n and -10.0 + (n - 1) / 5 < cut:
            second.restore(first.state())
        events += one.update(frame(t, between(spans)(t)))
    events += second.close(utc=CLOSING + 100, reason="the recording ended")
    assert events == whole
    assert len(whole) >= 4


def oracle(
    paths: Mapping[int, tuple[float, float]], *, fps: float, begin: float, until: float, min_presence_s: float
) -> list[float]:
    """When each id that stands inside without a break has been there, while closed, for long enough."""
    fired = []
    for first, last in paths.values():
        since = None
        for n in range(round((until - begin) * fps) + 1):
            t = begin + n / fps
            if t < 0 or not first - 1e-9 <= t <= last + 1e-9:
                continue
            since = t if since is None else since
            if t - since >= min_presence_s - 1e-6:
                fired.append(round(t, 6))
                break
    return sorted(fired)


@settings(max_examples=40, deadline=None)
@given(
    fps=st.sampled_from([2.0, 5.0, 10.0]),
    min_presence_s=st.sampled_from([0.0, 0.5, 2.0, 5.0]),
    spans=st.lists(st.tuples(st.integers(-80, 80), st.integers(0, 120)), max_size=6),
)
def test_every_alarm_is_the_oracles(fps: float, min_presence_s: float, spans: list[tuple[int, int]]) -> None:
    """Ids stand far apart, so that nobody continues anybody; times are tenths of a second."""
    paths = {i + 1: (a / 10, (a + b) / 10) for i, (a, b) in enumerate(spans)}
    where = {i: (0.05 + 0.08 * (i - 1)) for i in paths}
    who = lambda t: {i: where[i] for i, (a, b) in paths.items() if a - 1e-9 <= t <= b + 1e-9}  # noqa: E731
    events = play(rule(min_presence_s=min_presence_s), who, until=21.0, begin=-9.0, fps=fps)
    starts = sorted(round(event.pts, 6) for event in events if event.state == "start")
    assert starts == oracle(paths, fps=fps, begin=-9.0, until=21.0, min_presence_s=min_presence_s)
    assert len(events) == 2 * len(starts)


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0, 30.0])
def test_the_same_at_every_rate_within_one_interval(fps: float) -> None:
    spans = {1: (-20.0, 33.0), 2: (11.0, 17.0)}
    events = play(rule(), between(spans), until=40.0, begin=-30.0, fps=fps)
    starts = [event.pts for event in events if event.state == "start"]
    assert starts == pytest.approx([2.0, 13.0], abs=1.0 / fps + 1e-6)


def test_dropped_frames_shift_an_alarm_by_their_own_length_only() -> None:
    keep = np.random.default_rng(3).random(400) > 0.2
    one, events = rule(), []
    for n in range(400):
        if keep[n]:
            events += one.update(frame(-30 + n / 5, between({1: (-20, 45)})(-30 + n / 5)))
    starts = [event.pts for event in events if event.state == "start"]
    assert starts == pytest.approx([2.0], abs=0.8)

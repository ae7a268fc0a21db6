"""What every rule keeps to, whatever it watches for."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.after_hours import AfterHours
from rules.base import Active, Rule
from rules.engine import Engine
from rules.line_crossing import LineCrossing
from rules.loitering import Loitering
from rules.occupancy import Occupancy
from rules.route import Corridor, CorridorRoute, ForbiddenRoute, LearnedRoute, SequenceRoute
from rules.routes import RouteModel, Track
from rules.types import Event, Line, Tracks, Zone
from tests.rules.crowd import crowd
from tests.rules.film import ASPECT, UTC0, ZONE, Hours, Person, film, frame, play

SITE = {"site": "depot", "camera_id": "dock"}
LEFT = Zone("left", ((0.05, 0.3), (0.35, 0.3), (0.35, 0.9), (0.05, 0.9)))
RIGHT = Zone("right", ((0.6, 0.3), (0.95, 0.3), (0.95, 0.9), (0.6, 0.9)))
BENT = Line("bent", ((0.1, 0.4), (0.5, 0.5), (0.9, 0.4)))


@functools.cache
def routes() -> RouteModel:
    chance = np.random.default_rng(3)
    walks = []
    for _ in range(60):
        speed = chance.uniform(0.05, 0.12)
        t = np.arange(0.0, 0.8 / speed, 0.2)
        y = 0.5 + chance.normal(0.0, 0.03) + np.cumsum(chance.normal(0.0, 0.002, len(t)))
        walks.append(Track(t, np.column_stack(((0.1 + speed * t) * ASPECT, y))))
    return RouteModel.fitted(walks)


MAKE: dict[str, Callable[[str], Rule]] = {
    "loitering": lambda r: Loitering(**SITE, rule_id=r, zone=ZONE, dwell_s=4.0, escalate_s=(6.0, 9.0)),
    "loitering, strict": lambda r: Loitering(**SITE, rule_id=r, zone=ZONE, dwell_s=3.0, grace_s=0.0, bridge_s=0.0),
    "loitering, by hours": lambda r: Loitering(
        **SITE, rule_id=r, zone=ZONE, dwell_s=8.0, closed_dwell_s=3.0, calendar=Hours((0, 15))
    ),
    "loitering, summed": lambda r: Loitering(
        **SITE, rule_id=r, zone=LEFT, dwell_s=4.0, mode="cumulative", window_s=15.0
    ),
    "loitering, in a circle": lambda r: Loitering(**SITE, rule_id=r, zone=ZONE, dwell_s=4.0, radius_bh=1.0),
    "loitering, in company": lambda r: Loitering(
        **SITE, rule_id=r, zone=ZONE, dwell_s=3.0, min_people=2, escalate_s=(5.0,)
    ),
    "loitering, gated": lambda r: Loitering(
        **SITE, rule_id=r, zone=ZONE, dwell_s=3.0, active=Active(Hours((10, 20)), "closed")
    ),
    "after hours": lambda r: AfterHours(**SITE, rule_id=r, zone=LEFT, calendar=Hours((0, 12)), min_presence_s=2.0),
    "always forbidden": lambda r: AfterHours(**SITE, rule_id=r, zone=RIGHT, always=True, min_presence_s=1.0),
    "line crossing": lambda r: LineCrossing(**SITE, rule_id=r, line=BENT),
    "line crossing to the left": lambda r: LineCrossing(**SITE, rule_id=r, line=BENT, direction="left"),
    "occupancy over": lambda r: Occupancy(**SITE, rule_id=r, zone=ZONE, over=2, for_s=2.0),
    "corridor": lambda r: CorridorRoute(
        **SITE, rule_id=r, corridor=Corridor(((0.0, 0.5), (1.0, 0.5)), width_bh=2.0), off_s=2.0
    ),
    "sequence": lambda r: SequenceRoute(**SITE, rule_id=r, sequence=(LEFT, ZONE, RIGHT), within_s=2.0),
    "forbidden": lambda r: ForbiddenRoute(**SITE, rule_id=r, forbidden=((RIGHT, LEFT), (ZONE, RIGHT))),
    "learned": lambda r: LearnedRoute(**SITE, rule_id=r, model=routes(), level=0.05),
}
UNDER = {"occupancy under": lambda r: Occupancy(**SITE, rule_id=r, zone=LEFT, under=1, for_s=2.0)}
each = pytest.mark.parametrize("make", [*MAKE.values(), *UNDER.values()], ids=[*MAKE, *UNDER])
ending = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


@functools.cache
def busy(seed: int) -> tuple[Tracks, ...]:
    return tuple(crowd(seed))


def run_on(engine: Engine, frames: Any) -> list[Event]:
    return [event for tracks in frames for event in engine.update(tracks)]


@each
def test_it_is_a_rule(make: Callable[[str], Rule]) -> None:
    rule = make("r")
    assert isinstance(rule, Rule)
    assert rule.rule_id == "r"
    assert len(rule.rule_version) == 8
    assert make("other").rule_version == rule.rule_version


@each
def test_something_happens_in_the_busy_scenes(make: Callable[[str], Rule]) -> None:
    """Else the rest of this file would say nothing about it."""
    assert sum(len(play(make("r"), busy(seed))) for seed in range(4)) > 0


@each
def test_time_passes_when_nobody_is_there(make: Callable[[str], Rule]) -> None:
    """Minutes of empty frames: no error, and everything that was open has ended long before the last."""
    engine = Engine([make("r")])
    run_on(engine, [frame(n / 5, [Person(1, 0.5, 0.5), Person(2, 0.3, 0.6), Person(3, 0.7, 0.6)]) for n in range(100)])
    said = run_on(engine, [frame(20.0 + n / 5) for n in range(600)])
    late = [e for e in said if e.pts > 60.0] + (engine.close(utc=UTC0, reason="x") if "under" not in repr(make) else [])
    assert not [e for e in late if e.kind != "occupancy"]


@each
def test_nothing_handed_in_is_mutated(make: Callable[[str], Rule]) -> None:
    engine = Engine([make("r")])
    for tracks in busy(0):
        for name in ("track_id", "xyxy", "score", "class_id", "observed"):
            getattr(tracks, name).setflags(write=False)
        engine.update(tracks)


@each
def test_a_replay_says_the_same(make: Callable[[str], Rule]) -> None:
    assert play(make("r"), busy(1)) == play(make("r"), busy(1))


@each
@pytest.mark.parametrize("seed", [2])
def test_a_restart_at_any_frame_changes_nothing(make: Callable[[str], Rule], seed: int) -> None:
    """The state goes through JSON into another engine after every single frame."""
    engine, said = Engine([make("r")]), []
    for tracks in busy(seed):
        said += engine.update(tracks)
        state = json.loads(json.dumps(engine.state(), allow_nan=False))
        engine = Engine([make("r")])
        engine.restore(state)
    said += engine.close(utc=UTC0, reason="x")
    assert said == play(make("r"), busy(seed))


@each
def test_a_rule_on_its_own_restarts_too(make: Callable[[str], Rule]) -> None:
    rule, said = make("r"), []
    for n, tracks in enumerate(busy(3)):
        said += rule.update(tracks)
        if n % 7 == 0:
            state = json.loads(json.dumps(rule.state()))
            rule = make("r")
            rule.restore(state)
    ungated = make("r")
    ungated.active = None  # type: ignore[attr-defined]
    assert said + list(rule.close(utc=UTC0, reason="x")) == play(ungated, busy(3))


@each
def test_its_events_are_well_formed(make: Callable[[str], Rule]) -> None:
    """Each episode: one start, then updates, then at most one end, in this order; all can be written as JSON."""
    for seed in range(4):
        states: dict[str, list[str]] = {}
        for event in play(make("r"), busy(seed)):
            json.dumps(dict(event.why), allow_nan=False)
            states.setdefault(event.key, []).append(event.state)
            assert event.since_utc <= event.utc
            assert event.rule_id == "r"
        for key, said in states.items():
            assert said[0] == "start", key
            assert said.count("start") == 1
            assert said[1:] in ([], ["end"]) or said[1:] == ["update"] * (len(said) - 2) + ["end"], said


@ending
def test_everything_that_started_ends_or_has_no_end(make: Callable[[str], Rule]) -> None:
    events = [e for seed in range(4) for e in play(make("r"), busy(seed))]
    ends = [e for e in events if e.state == "end"]
    assert len(ends) in (0, len([e for e in events if e.state == "start"]))


@ending
@pytest.mark.parametrize("tail_s", [0.6, 3.0, 12.0, 70.0])
def test_empty_frames_at_the_end_change_nothing(make: Callable[[str], Rule], tail_s: float) -> None:
    frames = list(busy(2))
    last = frames[-1]
    empty = [
        frame(last.pts + (n + 1) / 5, run_id=last.run_id, utc=last.utc + (n + 1) / 5) for n in range(round(tail_s * 5))
    ]
    assert play(make("r"), frames + empty) == play(make("r"), frames)


@each
def test_rules_do_not_mind_each_other(make: Callable[[str], Rule]) -> None:
    """One rule among all of them says what it says alone."""
    company = [build(name) for name, build in MAKE.items()]
    events = [e for e in play([*company, make("r")], busy(1)) if e.rule_id == "r"]
    assert events == play(make("r"), busy(1))


@each
def test_a_new_run_is_bridged_or_closes_what_is_open(make: Callable[[str], Rule]) -> None:
    """A reconnect after an hour: nobody's presence goes on over it, nothing is negative."""
    there = [Person(1, 0.5, 0.7), Person(2, 0.3, 0.6), Person(3, 0.75, 0.6)]
    again = [Person(11, 0.5, 0.7), Person(12, 0.3, 0.6), Person(13, 0.75, 0.6)]
    first = [frame(n / 5, there) for n in range(60)]
    second = [frame(n / 5, again, run_id=2, utc=UTC0 + 3600 + n / 5) for n in range(60)]
    for event in play(make("r"), first + second):
        assert event.utc - event.since_utc <= 12.0
        assert event.pts <= 12.0


@each
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(10, 10_000), cut=st.floats(0.1, 0.9))
def test_replay_and_restart_on_random_scenes(make: Callable[[str], Rule], seed: int, cut: float) -> None:
    frames = crowd(seed, people=6, seconds=20.0)
    whole = play(make("r"), frames)
    first, second = Engine([make("r")]), Engine([make("r")])
    at = round(cut * len(frames))
    said = run_on(first, frames[:at])
    second.restore(json.loads(json.dumps(first.state())))
    said += run_on(second, frames[at:]) + second.close(utc=UTC0, reason="x")
    assert said == whole


@each
def test_only_looking_at_what_changed_changes_nothing(make: Callable[[str], Rule]) -> None:
    """A rule that is made to look at every zone on every frame says the same."""
    engine, said = Engine([make("r")]), []
    for tracks in busy(0):
        for rule in engine.rules:
            rule._fresh = True  # type: ignore[attr-defined]
        said += engine.update(tracks)
    assert said + engine.close(utc=UTC0, reason="x") == play(make("r"), busy(0))


def test_films_can_be_played() -> None:
    assert len(film(lambda t: [], seconds=1.0)) == 6

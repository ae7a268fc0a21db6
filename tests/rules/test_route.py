from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from rules.engine import Engine
from rules.route import Corridor, CorridorRoute, ForbiddenRoute, LearnedRoute, SequenceRoute, unusual_route
from rules.routes import RouteModel, RouteParams, Track
from rules.types import Zone
from tests.rules.film import ASPECT, UTC0, WHO, Person, Script, film, frame, play, present, together, told
from tests.rules.ways import along


def box(zone_id: str, x: float, width: float = 0.1) -> Zone:
    return Zone(zone_id, ((x, 0.3), (x + width, 0.3), (x + width, 0.7), (x, 0.7)))


GATE, DESK, STORE = box("gate", 0.1), box("desk", 0.4), box("store", 0.7)
WAY = Corridor(((0.1, 0.5), (0.9, 0.5)), width_bh=2.0)


def corridor(**settings: Any) -> CorridorRoute:
    return CorridorRoute(**WHO, **{"corridor": WAY, "off_s": 3.0, **settings})


@pytest.mark.parametrize(
    ("word", "script", "expected"),
    [
        ("on it", along((0, 0.1, 0.5), (20, 0.9, 0.5)), []),
        ("at its edge", present(1, (0, 20), y=0.7), []),
        ("off it, long enough", along((0, 0.3, 0.6), (1, 0.3, 0.8), (10, 0.3, 0.8), (11, 0.3, 0.6)),
         [("start", 3.6, 0.6), ("end", 10.4, 0.6)]),
        ("off it, too short", along((0, 0.3, 0.6), (1, 0.3, 0.8), (2, 0.3, 0.8), (3, 0.3, 0.6)), []),
        ("back for a moment is not back",
         along((0, 0.3, 0.75), (2, 0.3, 0.75), (2.2, 0.3, 0.6), (2.4, 0.3, 0.75), (9, 0.3, 0.75)),
         [("start", 3.0, 0.0), ("end", 9.0, 0.0)]),
        ("lost for most of it is not seen off it", present(1, (0, 0.4), (3, 5), y=0.9), [("start", 5.2, 0.0)]),
    ],
)  # fmt: skip
def test_a_corridor(word: str, script: Script, expected: list[Any]) -> None:
    if "lost" in word:
        assert play(corridor(), film(script, seconds=5)) == [], word
        return
    assert told(play(corridor(), film(script, seconds=20))) == expected, word


def test_a_corridor_says_where_and_by_how_much() -> None:
    start, end = play(corridor(), film(along((0, 0.3, 0.6), (1, 0.3, 0.8), (10, 0.3, 0.8)), seconds=20))
    assert start.kind == "unusual_route"
    assert start.why["way"] == "corridor"
    assert start.why["beyond_bh"] == pytest.approx(0.5, abs=0.01)
    assert start.why["left_y"] == pytest.approx(0.72, abs=0.001)
    assert start.why["foot"] == "seen"
    assert end.why["off_s"] == pytest.approx(9.4)
    assert start.key == end.key


def test_a_corridors_near_miss() -> None:
    engine = Engine([corridor()])
    for tracks in film(along((0, 0.3, 0.8), (2, 0.3, 0.8), (3, 0.3, 0.5), (8, 0.4, 0.5)), seconds=8):
        engine.update(tracks)
    assert [m.reason for m in engine.near_misses(0, 2e9)] == ["off the corridor for 2.2 s of 3 s"]


def sequence(**settings: Any) -> SequenceRoute:
    return SequenceRoute(**WHO, **{"sequence": (GATE, DESK, STORE), **settings})


RIGHT_WAY = along((1, 0.05, 0.5), (9, 0.85, 0.5))
"""A tenth of the picture a second: in the gate from 1.6 to 2.4 s, at the desk 4.6 to 5.4, in the store 7.6 to 8.4."""

AROUND = along((1, 0.05, 0.5), (3, 0.25, 0.9), (6, 0.6, 0.9), (8, 0.75, 0.5))


@pytest.mark.parametrize(
    ("word", "script", "settings", "expected"),
    [
        ("in order", RIGHT_WAY, {}, []),
        ("in order and back", along((1, 0.05, 0.5), (9, 0.85, 0.5), (17, 0.05, 0.5)), {}, []),
        ("past the desk", AROUND, {}, [(7.4, "store", "reached store without desk")]),
        ("from the other end", along((1, 0.85, 0.5), (9, 0.05, 0.5)), {},
         [(1.6, "store", "reached store without gate, desk")]),
        ("soon enough", RIGHT_WAY, {"within_s": 2.2}, []),
        ("too late", RIGHT_WAY, {"within_s": 1.9},
         [(4.6, "desk", "reached desk 2.2 s after gate, more than 1.9 s"),
          (7.6, "store", "reached store 2.2 s after desk, more than 1.9 s")]),
        ("appears in the store", lambda t: [Person(1, 0.75, 0.5)] if t > 3 else [], {},
         [(3.2, "store", "reached store without gate, desk")]),
        ("in the store since the camera began", along((0, 0.75, 0.5), (9, 0.75, 0.5)), {}, []),
        ("a new id on the way", together(along((1, 0.05, 0.5), (4.8, 0.43, 0.5)),
                                         along((5.2, 0.46, 0.5), (9, 0.85, 0.5), track_id=2)), {}, []),
    ],
)  # fmt: skip
def test_zones_in_order(word: str, script: Script, settings: dict[str, Any], expected: list[Any]) -> None:
    events = play(sequence(**settings), film(together(script), seconds=20))
    assert [(round(e.pts, 3), e.zone_id, e.why["reason"]) for e in events] == expected, word
    assert all(e.state == "start" for e in events)


def forbidden(*pairs: tuple[Zone, Zone]) -> ForbiddenRoute:
    return ForbiddenRoute(**WHO, forbidden=pairs or ((STORE, DESK),))


BACK = along((1, 0.85, 0.5), (9, 0.05, 0.5))


@pytest.mark.parametrize(
    ("word", "script", "rule", "expected"),
    [
        ("the right way", RIGHT_WAY, forbidden(), []),
        ("the wrong way", BACK, forbidden(), [(4.6, "desk", "store")]),
        ("the zones touch", BACK, forbidden((box("out", 0.5), box("in", 0.4))), [(4.6, "in", "out")]),
        ("the zones overlap", BACK, forbidden((box("out", 0.4, 0.2), box("in", 0.3, 0.2))), [(4.6, "in", "out")]),
        ("another zone between", BACK, forbidden((STORE, GATE), (DESK, STORE)), []),
        ("only one of them", along((1, 0.45, 0.5), (9, 0.05, 0.5)), forbidden(), []),
        ("to and fro on the edge", along((1, 0.55, 0.5), (2, 0.45, 0.5), (3, 0.55, 0.5), (4, 0.45, 0.5)),
         forbidden((box("out", 0.5), box("in", 0.4))), [(1.6, "in", "out")]),
        ("again, much later", along((1, 0.55, 0.5), (2, 0.45, 0.5), (3, 0.55, 0.5), (15, 0.55, 0.5), (16, 0.45, 0.5)),
         forbidden((box("out", 0.5), box("in", 0.4))), [(1.6, "in", "out"), (15.6, "in", "out")]),
        ("under a new id",
         together(along((1, 0.85, 0.5), (3, 0.65, 0.5)), along((3.4, 0.62, 0.5), (9, 0.05, 0.5), track_id=2)),
         forbidden(), [(4.6, "desk", "store")]),
    ],
)  # fmt: skip
def test_forbidden_ways(word: str, script: Script, rule: ForbiddenRoute, expected: list[Any]) -> None:
    events = play(rule, film(script, seconds=20))
    assert [(round(e.pts, 3), e.zone_id, e.why["from"]) for e in events] == expected, word


def test_a_join_that_was_wrong_leaves_both_with_what_they_may_have_done() -> None:
    """2 is taken for 1, who was in the store; 1 is back beside 2, and both go to the desk: neither is let off."""
    script = together(
        lambda t: [Person(1, 0.75 - 0.05 * max(0.0, t - 4), 0.5)] if t <= 2 or t >= 4 else [],
        lambda t: [Person(2, 0.76 - 0.05 * max(0.0, t - 5), 0.5)] if t >= 3 else [],
    )
    events = play(forbidden(), film(script, seconds=15))
    assert sorted(e.track_ids for e in events) == [(1,), (2,)]


def test_passages_are_remembered_over_a_minute_and_no_longer() -> None:
    rule = forbidden()
    engine = Engine([rule])
    for tracks in film(lambda t: [Person(1, 0.75, 0.5)] if t < 1 else [], seconds=59, fps=2):
        engine.update(tracks)
    assert len(rule._journeys) == 1
    for n in range(100):
        engine.update(frame(60.0 + n / 2, []))
    assert rule._journeys == {}


def usual(n: int) -> Track:
    """A usual way: left to right through the middle, at a walk, nobody's quite like another's."""
    chance = np.random.default_rng(n)
    speed = chance.uniform(0.07, 0.13)
    t = np.arange(0.0, 0.8 / speed, 0.2)
    y = 0.5 + chance.normal(0.0, 0.03) + np.cumsum(chance.normal(0.0, 0.002, len(t)))
    return Track(t, np.column_stack(((0.1 + speed * t) * ASPECT, y)))


@functools.cache
def learnt() -> RouteModel:
    return RouteModel.fitted([usual(n) for n in range(200)])


def learned(model: RouteModel | None = None, **settings: Any) -> LearnedRoute:
    return LearnedRoute(**WHO, model=learnt() if model is None else model, **settings)


USUAL = along((0, 0.1, 0.5), (8, 0.9, 0.5))
REVERSED = along((0, 0.9, 0.5), (8, 0.1, 0.5))


def test_the_usual_way_is_not_reported_and_its_reverse_is_once_on_the_way() -> None:
    assert play(learned(level=0.02), film(USUAL, seconds=10)) == []
    (event,) = play(learned(level=0.02), film(REVERSED, seconds=10))
    assert event.state == "start"
    assert event.pts < 8.0
    assert event.why["way"] == "learned"
    assert event.why["level"] == 0.02
    assert event.why["p_value"] <= 0.02
    assert event.why["at_pts"] <= event.pts


class Listener:
    """A model that is asked, and remembers what of."""

    ready, progress = True, "listening"

    def __init__(self) -> None:
        self.entered: list[bool] = []
        self.p_value, self.score = 1.0, 0.0

    def begin(self, *, entered: bool = True) -> Listener:
        self.entered.append(entered)
        return self

    def update(self, x: float, y: float, t: float) -> float:
        return self.p_value

    def explain(self) -> dict[str, Any]:
        return {}

    def tracks_per_week(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("word", "times", "run_ids", "expected"),
    [
        ("there when the camera began", (0, 0.2, 0.4), (1, 1, 1), [False]),
        ("came later", (-3, -1.5, 0, 0.2), (1, 1, 1, 1), [True]),
        ("a moment after it began", (-1.9, 0, 0.2), (1, 1, 1), [False]),
        ("there after a gap", (-30, -29, 0.4), (1, 1, 1), [False]),
        ("there at a new connection", (-3, -1.5, -0.2, 0.2), (1, 1, 1, 2), [False]),
    ],
)
def test_where_someone_began_is_asked_only_of_who_was_seen_to_begin(
    word: str, times: tuple[float, ...], run_ids: tuple[int, ...], expected: list[bool]
) -> None:
    model = Listener()
    engine = Engine([LearnedRoute(**WHO, model=model)])
    for t, run_id in zip(times, run_ids, strict=True):
        people = [Person(1, 0.5, 0.5)] if t >= 0 else []
        engine.update(frame(t + 100.0, people, run_id=run_id))
    assert model.entered == expected, word
    again = Engine([LearnedRoute(**WHO, model=model)])
    again.restore(engine.state())
    assert model.entered == expected * 2, word


def test_the_level_follows_from_the_false_alarms_that_are_borne() -> None:
    model = learnt()
    assert learned(model).level == 0.01
    weekly = RouteModel(RouteParams(min_tracks=2, min_days=0.0))
    for n in range(60):
        weekly.learn_one(usual(n), utc=UTC0 + n * 86_400 / 10)
    assert learned(weekly, false_alarms_per_week=2.0).level == pytest.approx(2.0 / weekly.tracks_per_week())


def test_a_model_that_still_learns_says_how_far_it_is() -> None:
    engine = Engine([learned(RouteModel())])
    for tracks in film(REVERSED, seconds=10):
        assert engine.update(tracks) == []
    assert engine.near_misses(0, 2e9)[0].reason.startswith("learning, 0 of 200 tracks")


def test_a_walk_that_was_reported_goes_on_under_a_new_id() -> None:
    switch = together(along((0, 0.9, 0.5), (0.6, 0.84, 0.5)), along((0.8, 0.82, 0.5), (8, 0.1, 0.5), track_id=2))
    assert len(play(learned(level=0.02), film(switch, seconds=10))) == 1
    assert len(play(learned(level=0.02, bridge_s=0.1), film(switch, seconds=10))) == 2


def test_a_wrong_join_starts_a_walk_of_its_own() -> None:
    script = together(
        lambda t: [Person(1, 0.9 - 0.1 * t, 0.5)] if t <= 1 or 2 <= t <= 7 else [],
        lambda t: [Person(2, 0.8 + 0.01 * t, 0.5)] if 1.4 <= t <= 6 else [],
    )
    events = play(learned(level=0.02), film(script, seconds=10))
    assert (1,) in [e.track_ids for e in events]


def test_learned_near_misses_are_empty_once_learnt() -> None:
    engine = Engine([learned()])
    engine.update(frame(0.0, [Person(1, 0.5, 0.5)]))
    assert engine.near_misses(0, 2e9) == []


def test_a_long_walk_keeps_a_bounded_memory() -> None:
    rule = learned(level=0.001)
    to_and_fro = along(*((n * 8.0, 0.1 if n % 2 == 0 else 0.9, 0.5) for n in range(60)))
    play_on = Engine([rule])
    for tracks in film(to_and_fro, seconds=470, fps=5):
        play_on.update(tracks)
    (walk,) = rule._walks.values()
    assert len(walk.steps) == 1500


@pytest.mark.parametrize(
    ("word", "build", "says"),
    [
        ("nothing given", lambda: unusual_route(**WHO), "needs one of model, corridor, sequence, forbidden"),
        ("two given", lambda: unusual_route(**WHO, corridor=WAY, sequence=(GATE, DESK)), "corridor', 'sequence'"),
        ("no width", lambda: corridor(corridor=Corridor(WAY.points, 0.0)), "width_bh must be above 0"),
        ("no line", lambda: corridor(corridor=Corridor(((0.1, 0.1),), 1.0)), "at least two points"),
        ("negative time", lambda: corridor(off_s=-1.0), "off_s must be 0 or more"),
        ("bridge too far", lambda: corridor(bridge_s=99.0), "bridge_s must be between"),
        ("one zone", lambda: sequence(sequence=(GATE,)), "at least two different zones"),
        ("the same zone twice", lambda: sequence(sequence=(GATE, DESK, GATE)), "at least two different zones"),
        ("no time", lambda: sequence(within_s=0.0), "within_s must be above 0"),
        ("a bridge too far", lambda: sequence(bridge_s=-1.0), "bridge_s must be between"),
        ("from a zone to itself", lambda: forbidden((GATE, GATE), (GATE, DESK)), "from one zone to another"),
        ("no false alarms", lambda: learned(false_alarms_per_week=0.0), "false_alarms_per_week must be above 0"),
        ("no level", lambda: learned(level=1.0), "level must be between 0 and 1"),
        ("bridge of the learned", lambda: learned(bridge_s=99.0), "bridge_s must be between"),
    ],
)
def test_settings_that_cannot_be_meant(word: str, build: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        build()


def test_one_kind_four_ways() -> None:
    rules = [
        unusual_route(**WHO, corridor=WAY, off_s=3.0),
        unusual_route(**WHO, sequence=(GATE, DESK), within_s=3.0),
        unusual_route(**WHO, forbidden=((GATE, DESK),)),
        unusual_route(**WHO, model=learnt()),
    ]
    assert [type(rule) for rule in rules] == [CorridorRoute, SequenceRoute, ForbiddenRoute, LearnedRoute]
    assert {rule.kind for rule in rules} == {"unusual_route"}
    assert len({rule.rule_version for rule in rules}) == 4

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from rules.base import Active, Needs, SceneRule
from rules.engine import Engine
from rules.line_crossing import LineCrossing
from rules.loitering import Loitering
from rules.occupancy import Occupancy
from rules.types import Event, Tracks, Zone
from tests.rules.film import (
    GATE,
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
)

SITE = {"site": "depot", "camera_id": "dock"}


def loiter(rule_id: str = "r", **settings: Any) -> Loitering:
    return Loitering(**SITE, rule_id=rule_id, **{"zone": ZONE, "dwell_s": 5.0, **settings})


def test_no_rules_no_events() -> None:
    engine = Engine([])
    assert engine.update(frame(0.0, [Person(1, 0.5, 0.5)])) == []
    assert engine.close(utc=UTC0, reason="end") == []


def test_ids_must_differ() -> None:
    with pytest.raises(ValueError, match="rule ids must differ"):
        Engine([loiter("a"), loiter("a")])


def test_events_of_one_frame_come_in_the_order_of_the_rules() -> None:
    rules = [loiter("b"), loiter("a")]
    assert [e.rule_id for e in play(rules, film(inside(1, (0, 9)), seconds=9)) if e.state == "start"] == ["b", "a"]


def test_the_order_of_the_tracks_does_not_matter() -> None:
    script = together(present(1, (0, 9), x=0.3), present(2, (0, 9), x=0.5), present(3, (1, 9), x=0.7))
    frames = film(script, seconds=12)
    turned = [reverse(tracks) for tracks in frames]
    assert play(loiter(), frames) == play(loiter(), turned)


def reverse(tracks: Tracks) -> Tracks:
    arrays = {
        name: getattr(tracks, name)[::-1].copy() for name in ("track_id", "xyxy", "score", "class_id", "observed")
    }
    return Tracks(
        camera_id="dock", run_id=tracks.run_id, pts=tracks.pts, utc=tracks.utc, aspect=tracks.aspect, **arrays
    )


LEAVING = together(
    inside(1, (0, 9.0)), present(2, (0, 8.6), x=0.4), present(3, (0, 9.4), x=0.6), inside(4, (2, 8.8)),
)  # fmt: skip


@pytest.mark.parametrize("tail_s", [0.0, 0.2, 1.0, 2.0, 5.0, 11.0, 30.0])
def test_empty_frames_at_the_end_change_nothing(tail_s: float) -> None:
    """Ends come in the order in which they were sure, whether frames or `close` tell so."""
    rules = lambda: [loiter("a"), loiter("b", grace_s=1.0), loiter("c", mode="cumulative", window_s=20.0)]  # noqa: E731
    frames = [frame(n / 5, LEAVING(n / 5)) for n in range(48)]
    empty = [frame(9.6 + n / 5) for n in range(round(tail_s * 5))]
    assert play(rules(), frames + empty) == play(rules(), frames)


@pytest.mark.parametrize(
    ("word", "when", "hours", "expected"),
    [
        ("on all the time", "closed", Hours(), [("start", 7.0, 2.0), ("end", 20.0, 2.0)]),
        ("never on", "open", Hours(), []),
        ("comes on: counts from then", "closed", Hours((0, 4.1)), [("start", 9.2, 4.2), ("end", 20.0, 4.2)]),
        ("goes off: ends with the last frame on", "open", Hours((0, 10)), [("start", 7.0, 2.0), ("end", 9.8, 2.0)]),
        ("off and on", "open", Hours((0, 4), (6, 99)), [("start", 11.0, 6.0), ("end", 20.0, 6.0)]),
    ],
)
def test_gates(word: str, when: Any, hours: Hours, expected: list[Any]) -> None:
    rule = loiter(active=Active(hours, when))
    assert told(play(rule, film(inside(1, (2, 20)), seconds=25))) == expected, word


def test_a_gate_is_part_of_the_version_and_must_be_open_or_closed() -> None:
    versions = {loiter().rule_version, *(loiter(active=Active(Hours(), w)).rule_version for w in ("open", "closed"))}
    assert len(versions) == 3
    with pytest.raises(ValueError, match="when must be open or closed"):
        Active(Hours(), "sometimes")  # type: ignore[arg-type]


def test_why_not_names_the_gate() -> None:
    engine = Engine([loiter(active=Active(Hours((5, 8)), "closed"))])
    for tracks in film(inside(1, (0, 20)), seconds=9.4):
        engine.update(tracks)
    off = [m for m in engine.near_misses(UTC0, UTC0 + 99) if "off" in m.reason]
    assert [(m.since_utc - UTC0, m.until_utc - UTC0, m.reason) for m in off] == [
        (5.0, pytest.approx(7.8), "the rule was off: working hours")
    ]
    assert not [m for m in engine.near_misses(UTC0 + 8.5, UTC0 + 99) if "off" in m.reason]


class Counting:
    """A rule that is not of this folder: it knows the protocol only."""

    kind, rule_id, rule_version, zone_id = "counting", "count", "00000000", None
    needs = Needs()

    def __init__(self, active: Active | None = None) -> None:
        self.active = active
        self.frames = 0
        self.closed: list[str] = []

    def update(self, tracks: Tracks) -> Sequence[Event]:
        self.frames += 1
        return [_event(tracks.pts)] if self.frames == 2 else []

    def close(self, *, utc: float, reason: str) -> Sequence[Event]:
        self.closed.append(reason)
        return [_event(0.0)]

    def state(self) -> dict[str, Any]:
        return {"frames": self.frames}

    def restore(self, state: dict[str, Any]) -> None:
        self.frames = state["frames"]


def _event(pts: float) -> Event:
    return Event(
        kind="counting", state="start", rule_id="count", rule_version="00000000", camera_id="dock", run_id=1,
        track_ids=(), zone_id=None, since_utc=UTC0, utc=UTC0, pts=pts, score=1.0, why={}, key="k",
    )  # fmt: skip


def test_rules_of_others_run_beside_ours() -> None:
    rule = Counting()
    events = play([loiter(), rule], film(inside(1, (0, 6)), seconds=6))
    assert [e.kind for e in events] == ["counting", "loitering", "loitering", "counting"]
    assert rule.closed == ["the film ended"]
    assert Engine([rule]).near_misses(0, 2e9) == []


def test_rules_of_others_are_gated_and_saved_too() -> None:
    rule = Counting(Active(Hours((1, 2)), "closed"))
    events = play(rule, film(lambda t: [], seconds=3))
    assert rule.closed == ["not active", "the film ended"]
    assert len(events) == 3
    engine = Engine([rule])
    assert json.loads(json.dumps(engine.state()))["rules"]["count"]["state"] == {"frames": rule.frames}


def test_an_edited_rule_starts_afresh_and_the_others_go_on() -> None:
    frames = film(inside(1, (0, 9)), seconds=9)
    first = Engine([loiter("a"), loiter("b")])
    for tracks in frames[:20]:
        first.update(tracks)
    second = Engine([loiter("a"), loiter("b", dwell_s=3.0), loiter("c")])
    second.restore(json.loads(json.dumps(first.state())))
    events = [e for tracks in frames[20:] for e in second.update(tracks)]
    assert [(e.rule_id, e.pts, round(e.since_utc - UTC0, 3)) for e in events] == [
        ("a", 5.0, 0.0), ("b", 7.0, 4.0), ("c", 9.0, 4.0),
    ]  # fmt: skip


def test_a_state_of_another_release_is_not_used() -> None:
    engine = Engine([loiter()])
    engine.restore({"version": 0})
    assert told(play_on(engine, film(inside(1, (0, 9)), seconds=9))) == [("start", 5.0, 0.0)]


def play_on(engine: Engine, frames: list[Tracks]) -> list[Event]:
    return [e for tracks in frames for e in engine.update(tracks)]


def test_a_gate_that_is_off_stays_off_over_a_restart() -> None:
    """No second end, and presence counts from when it comes on."""
    gate = Active(Hours((3, 6)), "closed")
    frames = film(inside(1, (0, 15)), seconds=15)
    whole = play_on(Engine([loiter(dwell_s=2.0, active=gate)]), frames)
    first, second = Engine([loiter(dwell_s=2.0, active=gate)]), Engine([loiter(dwell_s=2.0, active=gate)])
    parts = play_on(first, frames[:20])
    second.restore(json.loads(json.dumps(first.state())))
    parts += play_on(second, frames[20:])
    assert parts == whole
    assert [s for s, _, _ in told(whole)] == ["start", "end", "start"]


def test_a_redrawn_zone_starts_from_who_stands_in_it() -> None:
    frames = film(inside(1, (0, 9)), seconds=9)
    first = Engine([loiter()])
    play_on(first, frames[:20])
    moved = Zone("bay", ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)))
    second = Engine([loiter(zone=moved)])
    second.restore(first.state())
    assert told(play_on(second, frames[20:])) == [("start", 9.0, 4.0)]


def test_a_rule_on_its_own_says_what_it_says_in_an_engine() -> None:
    frames = film(LEAVING, seconds=15)
    for make in (loiter, lambda: LineCrossing(**WHO, line=GATE), lambda: Occupancy(**WHO, zone=ZONE, over=2)):
        rule = make()
        alone = [e for tracks in frames for e in rule.update(tracks)] + list(rule.close(utc=UTC0, reason="end"))
        assert alone == play(make(), frames)


def test_closing_a_rule_that_has_seen_nothing_says_nothing() -> None:
    assert loiter().close(utc=UTC0, reason="end") == []


def test_the_base_of_rules_asks_for_its_parts() -> None:
    rule = SceneRule(**WHO, zone_id=None, classes=(0,), active=None, needs=Needs(), parameters={})
    for part in (lambda: rule.update(frame(0.0)), lambda: rule.finish(None), rule.dump, lambda: rule.load({})):
        with pytest.raises(NotImplementedError):
            part()


def test_two_cameras_or_sites_never_share_a_key() -> None:
    script: Script = inside(1, (0, 9))
    names = ({}, {"site": "other"}, {"camera_id": "gate"}, {"rule_id": "x"})
    keys = {
        play(Loitering(**{**WHO, **name}, zone=ZONE, dwell_s=5.0), film(script, seconds=9))[0].key for name in names
    }
    assert len(keys) == 4

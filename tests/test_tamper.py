"""A nudge must never disarm a site."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.bootstrap import watched_rules
from pipeline.rulebook import build_engine
from pipeline.site import parse_site
from pipeline.tamper import RULE_ID, AllOpen, TamperRules, presence_rule
from pipeline.types import Tracks
from rules.calendar import Calendar

SITE = """
site: {name: Yard, timezone: UTC}
calendars:
  working: {open: {mon-sun: ["06:00-22:00"]}}
cameras:
  dock:
    source: clip.mp4
    zones: {bay: {polygon: [[0.0, 0.5], [0.3, 0.5], [0.3, 1.0], [0.0, 1.0]]}}
    rules: RULES
"""
NIGHT, DAY = 1_780_020_000.0, 1_780_056_000.0  # 02:00 and 12:00 UTC


def watched(rules: str = "[{id: bay-night, kind: after_hours, zone: bay, calendar: working}]") -> TamperRules:
    site = parse_site(SITE.replace("RULES", rules), "site.yaml")
    return watched_rules(site, "dock", build_engine(site, "dock"))


def person(utc: float, *, x: float = 0.7, there: bool = True) -> Tracks:
    n = int(there)
    return Tracks(
        camera_id="dock", run_id=1, pts=utc - NIGHT, utc=utc, aspect=16 / 9, track_id=np.arange(1, 1 + n),
        xyxy=np.array([[x - 0.02, 0.6, x + 0.02, 0.8]] * n, np.float32).reshape(n, 4),
        score=np.full(n, 0.9, np.float32), class_id=np.zeros(n, np.int32), observed=np.ones(n, np.bool_),
    )  # fmt: skip


def run(rules: TamperRules, *, since: float, seconds: float = 20.0, **how: Any) -> list[Any]:
    return [e for step in range(int(seconds * 5)) for e in rules.update(person(since + step / 5, **how))]


def moved(rules: TamperRules, yes: bool = True) -> TamperRules:
    rules.moved = lambda: yes
    return rules


@pytest.mark.parametrize(
    ("word", "is_moved", "since", "x", "raised"),
    [
        ("not moved, outside the zone, closed", False, NIGHT, 0.7, []),
        ("moved, outside the zone, closed", True, NIGHT, 0.7, [RULE_ID]),
        ("moved, outside the zone, open", True, DAY, 0.7, []),
        ("moved, in the zone as drawn, closed", True, NIGHT, 0.1, ["bay-night", RULE_ID]),
        ("not moved, in the zone, closed", False, NIGHT, 0.1, ["bay-night"]),
    ],
)
def test_who_is_told_of(word: str, is_moved: bool, since: float, x: float, raised: list[str]) -> None:
    events = run(moved(watched(), is_moved), since=since, x=x)
    assert [e.rule_id for e in events if e.state == "start"] == raised, word
    marked = [e.why.get("zones_uncertain", False) for e in events if e.rule_id != RULE_ID]
    assert marked == [is_moved] * len(marked)


@pytest.mark.parametrize(
    ("word", "rules", "since", "raised"),
    [
        ("no rules, the site's calendar", "[]", DAY, 0),
        ("no rules, the site's calendar, closed", "[]", NIGHT, 1),
        ("a rule without a calendar, the site's", "[{id: l, kind: loitering, zone: bay, dwell_s: 60}]", NIGHT, 1),
    ],
)
def test_which_calendar_says_closed(word: str, rules: str, since: float, raised: int) -> None:
    events = run(moved(watched(rules)), since=since)
    assert len([e for e in events if e.state == "start"]) == raised, word


def test_without_any_calendar_it_is_always_closed() -> None:
    rules = moved(TamperRules(build_engine(parse_site(SITE.replace("RULES", "[]"), "s"), "dock"),
                              presence_rule(site="Yard", camera_id="dock", calendars=[])))  # fmt: skip
    assert [e.rule_id for e in run(rules, since=DAY)] == [RULE_ID]


def test_one_stay_is_one_alert_and_accepting_the_view_ends_it() -> None:
    rules = moved(watched())
    events = run(rules, since=NIGHT, seconds=60)
    assert [e.state for e in events] == ["start"]
    moved(rules, False)
    after = run(rules, since=NIGHT + 60, seconds=10)
    assert [(e.rule_id, e.state) for e in after] == [(RULE_ID, "end")]
    assert after[0].key == events[0].key


@pytest.mark.parametrize("cut", [0, 3, 9, 11, 40])
def test_a_restart_changes_nothing(cut: int) -> None:
    whole, first, second = moved(watched()), moved(watched()), moved(watched())
    frames = [person(NIGHT + step / 5) for step in range(60)]
    expected = [e for f in frames for e in whole.update(f)]
    got = [e for f in frames[:cut] for e in first.update(f)]
    second.restore(first.state())
    got += [e for f in frames[cut:] for e in second.update(f)]
    assert [(e.key, e.state) for e in got] == [(e.key, e.state) for e in expected]


def test_a_checkpoint_of_the_rules_alone_is_taken_too() -> None:
    rules = watched()
    rules.restore(build_engine(parse_site(SITE.replace("RULES", "[]"), "s"), "dock").state())
    assert [e.rule_id for e in run(moved(rules), since=NIGHT)] == [RULE_ID]


def test_closing_ends_what_is_open() -> None:
    rules = moved(watched())
    run(rules, since=NIGHT)
    assert [(e.rule_id, e.state) for e in rules.close(utc=NIGHT + 20, reason="over")] == [(RULE_ID, "end")]


def test_whatever_one_calendar_calls_closed_is_closed() -> None:
    site = parse_site(SITE.replace("RULES", "[]"), "s")
    from pipeline.rulebook import calendar_of

    working = calendar_of(site, "working")
    always = Calendar(name="always", timezone="UTC", weekly={}, overrides=[])
    both = AllOpen([working, always])
    assert not both.is_open(DAY)
    assert AllOpen([working]).is_open(DAY)
    assert "no hours" in both.reason(DAY) or both.reason(DAY)

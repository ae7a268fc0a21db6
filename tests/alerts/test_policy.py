"""Policy: severity, trial, and the folding of alerts into incidents. No event is ever dropped."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.policy import LONGEST_STAY_S, Policy, RulePolicy
from pipeline.types import Event


def make_event(key, state="start", utc=1000.0, *, rule="bay-loiter", zone="bay", kind="loitering", **why):
    return Event(
        kind=kind, state=state, rule_id=rule, rule_version="v1", camera_id="dock", run_id=1, track_ids=(1,),
        zone_id=zone, since_utc=utc - 10, utc=utc, pts=utc, score=0.5, why={"threshold_s": 120.0} | why, key=key,
    )  # fmt: skip


def make_policy(detector_kind="model", **rule):
    options = {"id": "bay-loiter", "kind": "loitering", "zone_id": "bay"} | rule
    return Policy(
        site_name="Depot", camera_id="dock", rules=[RulePolicy(**options)], detector_name="yolox",
        detector_kind=detector_kind,
    )  # fmt: skip


def test_alert_carries_rule_and_detector():
    alert = make_policy(severity="low", trial=True).apply(make_event("k"))
    assert (alert.alert_id, alert.severity, alert.trial, alert.detector, alert.subject) == (
        "k", "low", True, "yolox", "person",
    )  # fmt: skip
    assert make_policy("motion").apply(make_event("k")).subject == "movement"


def test_same_event_names_the_same_incident_in_another_process():
    one, two = make_policy(), make_policy()
    assert one.apply(make_event("k")) == two.apply(make_event("k"))


@pytest.mark.parametrize(
    ("word", "cooldown_s", "events", "incidents"),
    [
        ("two stays, no cooldown", 0, [("a", "start", 0), ("a", "end", 10), ("b", "start", 20)], 2),
        ("a repeat within the cooldown", 60, [("a", "start", 0), ("a", "end", 10), ("b", "start", 69)], 1),
        ("at its very end", 60, [("a", "start", 0), ("a", "end", 10), ("b", "start", 70)], 1),
        ("after it", 60, [("a", "start", 0), ("a", "end", 10), ("b", "start", 70.1)], 2),
        ("it counts from the last end", 60, [("a", "start", 0), ("a", "end", 500), ("b", "start", 550)], 1),
        ("a second person while the first is there", 0, [("a", "start", 0), ("b", "start", 300)], 1),
        ("the first left, the second stays on", 0,
         [("a", "start", 0), ("b", "start", 5), ("a", "end", 9), ("c", "start", 99)], 1),
        ("an end that never came keeps nothing open", 0, [("a", "start", 0), ("b", "start", LONGEST_STAY_S + 1)], 2),
        ("an hour back on the wall clock", 60, [("a", "start", 7200), ("a", "end", 7210), ("b", "start", 3600)], 2),
    ],
)  # fmt: skip
def test_stays_fold_into_incidents(word, cooldown_s, events, incidents):
    policy = make_policy(cooldown_s=cooldown_s)
    alerts = [policy.apply(make_event(key, state, float(utc))) for key, state, utc in events]
    assert None not in alerts
    assert len({alert.incident_id for alert in alerts}) == incidents


@pytest.mark.parametrize(("rule", "zone"), [("other", "bay"), ("bay-loiter", "yard")])
def test_another_rule_or_zone_is_another_incident(rule, zone):
    policy = make_policy(cooldown_s=600)
    first = policy.apply(make_event("a"))
    assert policy.apply(make_event("b", rule=rule, zone=zone)).incident_id != first.incident_id


def test_what_begins_the_moment_it_is_told_stays_open_for_nobody():
    policy = make_policy(id="route", kind="unusual_route")
    one, two = (
        replace(make_event(key, utc=utc, rule="route", kind="unusual_route"), since_utc=utc)
        for key, utc in (("a", 10.0), ("b", 500.0))
    )
    assert policy.apply(one).incident_id != policy.apply(two).incident_id


def test_crossings_are_over_at_once():
    policy = make_policy(id="gate-out", kind="line_crossing", cooldown_s=30)
    utcs = (0.0, 10.0, 100.0)
    alerts = [policy.apply(make_event(str(u), utc=u, rule="gate-out", kind="line_crossing")) for u in utcs]
    assert alerts[0].incident_id == alerts[1].incident_id != alerts[2].incident_id


@pytest.mark.parametrize(
    ("word", "severity", "whys", "expected"),
    [
        ("a longer limit raises by one", "low", [{"threshold_s": 300.0}], ["medium"]),
        ("twice", "low", [{"threshold_s": 300.0}, {"threshold_s": 600.0}], ["medium", "high"]),
        ("the highest stays", "high", [{"threshold_s": 300.0}], ["high"]),
        ("an update that is no escalation", "low", [{"people": 2}], ["low"]),
        ("a step that is said", "low", [{"escalation": 2}], ["high"]),
        ("a step again", "low", [{"escalation": 1, "people": 1}, {"escalation": 1, "people": 2}], ["medium", "medium"]),
    ],
)
def test_escalations_raise_severity(word, severity, whys, expected):
    policy = make_policy(severity=severity)
    policy.apply(make_event("a"))
    updates = [policy.apply(make_event("a", "update", 1100.0 + i, **why)) for i, why in enumerate(whys)]
    assert [alert.severity for alert in updates] == expected
    assert policy.apply(make_event("a", "end", 2000.0)).severity == expected[-1]


def test_two_escalations_of_one_frame_are_two():
    policy = make_policy(severity="low")
    policy.apply(make_event("a"))
    assert policy.apply(make_event("a", "update", 1000.0, threshold_s=200.0)).severity == "medium"
    assert policy.apply(make_event("a", "update", 1000.0, threshold_s=300.0)).severity == "high"


def test_what_was_applied_before_is_none():
    policy = make_policy()
    events = [make_event("a"), make_event("a", "update", 1100.0, threshold_s=300.0), make_event("a", "end", 1200.0)]
    assert all(policy.apply(event) for event in events)
    assert [policy.apply(event) for event in events] == [None, None, None]


def test_an_event_of_a_rule_that_is_gone_still_comes():
    alert = make_policy().apply(make_event("a", rule="removed"))
    assert (alert.severity, alert.trial) == ("medium", False)


keys = st.sampled_from(["a", "b", "c"])
steps = st.lists(st.tuples(keys, st.sampled_from(["start", "update", "end"]), st.floats(0, 100)), max_size=25)


@given(steps, st.integers(0, 25))
def test_a_restart_changes_nothing(script, cut):
    """Policy restored in the middle says the same as one that ran through."""
    utc, events = 0.0, []
    for key, state, gap in script:
        utc += gap
        events.append(make_event(key, state, utc))
    through = make_policy(cooldown_s=60.0)
    expected = [through.apply(event) for event in events]
    before, after = make_policy(cooldown_s=60.0), make_policy(cooldown_s=60.0)
    said = [before.apply(event) for event in events[:cut]]
    after.restore(json.loads(json.dumps(before.state())))
    assert said + [after.apply(event) for event in events[cut:]] == expected


def test_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version 2"):
        make_policy().restore({"version": 2})


@pytest.mark.parametrize(
    ("word", "kind", "needs_people", "degraded"),
    [
        ("movement where people are needed", "motion", True, True),
        ("movement is enough", "motion", False, False),
        ("a person model", "model", True, False),
    ],
)
def test_what_movement_alone_says_of_people_is_marked(word: str, kind: str, needs_people: bool, degraded: bool) -> None:
    alert = make_policy(kind, needs_people=needs_people).apply(make_event("k"))
    assert alert is not None
    assert ("degraded" in alert.event.why) is degraded

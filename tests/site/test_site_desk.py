"""The desk in the site file: times, shelving, the link into the video system, and what procedures demand."""

from __future__ import annotations

import pytest

from pipeline.deskbook import build_desk_rules
from pipeline.errors import SiteError
from pipeline.site import parse_site
from pipeline.store.desk_rules import Demands, DeskRules

SITE = """
site: {{name: Depot, timezone: Europe/Brussels}}
cameras:
  dock:
    source: rtsp://10.0.0.9/main
    zones: {{bay: {{polygon: [[0.1, 0.5], [0.6, 0.5], [0.6, 0.95]], {zone}}}}}
    rules:
      - {{id: bay-loiter, kind: loitering, zone: bay, dwell_s: 120, {rule}}}
{desk}
"""


def desk_rules(*, zone="risk: low", rule="trial: false", desk=""):
    return build_desk_rules(parse_site(SITE.format(zone=zone, rule=rule, desk=desk), "site.yaml"))


def test_without_a_word_the_defaults_hold():
    made = desk_rules()
    plain = DeskRules()
    assert (made.again_s, made.escalate_s, made.claim_s) == (plain.again_s, plain.escalate_s, plain.claim_s)
    assert dict(made.shelve_most_s) == dict(plain.shelve_most_s)
    assert made.known_rules == {("dock", "bay-loiter")}
    assert made.demands("dock", "bay-loiter") == Demands()


@pytest.mark.parametrize(
    ("word", "zone", "rule", "demands"),
    [
        ("a text is one step", "risk: low", "procedure: call the guard", Demands(("call the guard",))),
        ("a list", "risk: low", "procedure: [call, cordon off]", Demands(("call", "cordon off"))),
        ("demanded", "risk: low", "procedure: {steps: [call], required: true}", Demands(("call",), all_steps=True)),
        ("of the zone", "procedure: {steps: [lock], required: true}", "procedure: [call]",
         Demands(("call", "lock"), all_steps=True)),
        ("said twice, done once", "procedure: [call]", "procedure: [call]", Demands(("call",))),
        ("a second person", "risk: low", "procedure: {confirm: true}", Demands(second_person=True)),
    ],
)  # fmt: skip
def test_procedures(word, zone, rule, demands):
    assert desk_rules(zone=zone, rule=rule).demands("dock", "bay-loiter") == demands


def test_times_and_shelving_of_the_site():
    made = desk_rules(desk="desk: {call_again_s: 30, escalate_s: 90, claim_minutes: 5, shelve_minutes: {high: 10}}")
    assert (made.again_s, made.escalate_s, made.claim_s, made.shelve_most_s["high"]) == (30, 90, 300, 600)


@pytest.mark.parametrize(
    ("word", "changes", "said"),
    [
        ("escalates too soon", {"desk": "desk: {call_again_s: 60, escalate_s: 60}"}, "longer than call_again_s"),
        ("a script in the link", {"desk": "desk: {video_url: 'javascript:alert(1)'}"}, "http or https"),
        ("an unknown place", {"desk": "desk: {video_url: 'https://vms/{site}'}"}, "camera, iso"),
        ("nothing to do", {"rule": "procedure: {required: true}"}, "at least one step"),
        ("a step twice", {"rule": "procedure: [call, call]"}, "each step once"),
        ("more than a day", {"desk": "desk: {shelve_minutes: {low: 2000}}"}, "1440"),
        ("unknown key", {"desk": "desk: {loud: true}"}, "loud"),
    ],
)
def test_faults_are_named(word, changes, said):
    with pytest.raises(SiteError, match=said):
        desk_rules(**changes)

"""Messages: the same fact gives the same id; strict reading; awkward values arrive as JSON."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pipeline.alerts.message import (
    MAX_BYTES,
    BadMessage,
    alert_message,
    evidence_message,
    parse_message,
    status_message,
    system_message,
)
from pipeline.types import Alert, CameraStatus, Event, Evidence


def make_alert(state="start", utc=1000.0, why=None, evidence=()):
    event = Event(
        kind="loitering", state=state, rule_id="r", rule_version="v1", camera_id="dock", run_id=1, track_ids=(1,),
        zone_id="bay", since_utc=900.0, utc=utc, pts=1.0, score=np.float32(0.5), why=why or {}, key="k",
    )  # fmt: skip
    return Alert(
        alert_id="k", incident_id="i", severity="high", state="new", trial=False, detector="motion", event=event,
        evidence=evidence,
    )  # fmt: skip


SNAPSHOT = Evidence(kind="snapshot", path="dock/k.jpg", sha256="0" * 64, media_type="image/jpeg")


def test_round_trip():
    for message in (
        alert_message(make_alert(evidence=(SNAPSHOT,)), raised_utc=1.0),
        evidence_message(alert_id="k", camera_id="dock", evidence=SNAPSHOT, raised_utc=1.0),
        system_message(camera_id="dock", code="camera_down", change="start", since_utc=1, utc=2, raised_utc=3),
        status_message(CameraStatus(camera_id="dock", state="running"), raised_utc=1.0),
    ):
        assert parse_message(message.text()) == message


@pytest.mark.parametrize(
    ("word", "one", "two", "same"),
    [
        ("a start raised again later", ("start", 1000.0), ("start", 1000.0), True),
        ("a start after a restart, on another frame", ("start", 1000.0), ("start", 1000.2), True),
        ("start and end", ("start", 1000.0), ("end", 1000.0), False),
        ("two updates", ("update", 1000.0), ("update", 1001.0), False),
    ],
)
def test_id_is_a_function_of_what_happened(word, one, two, same):
    first = alert_message(make_alert(*one), raised_utc=1.0).message_id
    second = alert_message(make_alert(*two), raised_utc=2.0).message_id
    assert (first == second) is same


def test_updates_that_differ_in_their_reason_differ():
    ids = {alert_message(make_alert("update", why={"threshold_s": t}), raised_utc=1.0).message_id for t in (1.0, 2.0)}
    assert len(ids) == 2


def test_awkward_reasons_arrive():
    why = {"a": np.float32(1.5), "b": math.nan, "c": np.array([1, 2]), "d": {"e": (1, math.inf)}, "f": object}
    body = parse_message(alert_message(make_alert(why=why), raised_utc=1.0).text()).body
    assert body.why == {"a": 1.5, "b": None, "c": [1, 2], "d": {"e": [1, None]}, "f": "<class 'object'>"}


def test_a_reason_far_too_long_does_not_stop_the_alert():
    message = alert_message(make_alert(why={"x": "y" * MAX_BYTES}), raised_utc=1.0)
    assert "too_long" in parse_message(message.text()).body.why


def spoil(**changes):
    value = json.loads(alert_message(make_alert(), raised_utc=1.0).text())
    body = changes.pop("body", {})
    value.update(changes)
    value["body"].update(body)
    return json.dumps({k: v for k, v in value.items() if v != "absent"})


@pytest.mark.parametrize(
    ("word", "text", "named"),
    [
        ("no JSON", "{", "text"),
        ("empty", "", "text"),
        ("a list", "[]", "text"),
        ("a later version", spoil(version=2), "version"),
        ("no camera", spoil(camera_id="absent"), "camera_id"),
        ("an unknown key", spoil(extra=1), "extra"),
        ("an unknown kind", spoil(body={"kind": "gossip"}), "body"),
        ("text for a number", spoil(raised_utc="1.0"), "raised_utc"),
        ("a severity that is none", spoil(body={"severity": "huge"}), "severity"),
        ("a score beyond 1", spoil(body={"score": 1.5}), "score"),
        ("an infinite time", spoil().replace("1000.0", "Infinity"), "utc"),
        ("not a number, within the reason", spoil(body={"why": {"x": math.nan}}), "NaN|Out of range|JSON"),
        ("a negative epoch", spoil(epoch=-1), "epoch"),
        ("far too long", spoil(camera_id="x" * (MAX_BYTES + 1)), "allowed"),
    ],
)
def test_strict_reading(word, text, named):
    with pytest.raises(BadMessage, match=named):
        parse_message(text)

"""The desk over HTTP: claims, protocols, shelves, several at once, by hand, hand-overs, shifts and tracks."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.api.settings import CameraInfo
from pipeline.store.desk_rules import Demands, DeskRules
from rules.types import Tracks

BASE = "/api/v1"
DOCK = CameraInfo(camera_id="dock", zones={"bay": {"polygon": [[0, 0], [1, 0], [1, 1]]}})


def post(api, path, **body):
    return api.client.post(BASE + path, json=body)


def test_claim_hand_over_release(api, message):
    api.store.ingest([message("a")])
    claimed = post(api, "/incidents/incident-a/claim").json()
    assert (claimed["state"], claimed["alerts"][0]["claimed_by"]) == ("acknowledged", "operator")
    given = post(api, "/incidents/incident-a/hand-over", to="ben", note="your camera").json()
    assert given["alerts"][0]["claimed_by"] == "ben"
    refused = post(api, "/incidents/incident-a/claim")
    assert (refused.status_code, "ben works on it" in refused.json()["detail"]) == (409, True)
    assert post(api, "/alerts/a/resolve", disposition="real").status_code == 409
    assert post(api, "/incidents/incident-a/release").status_code == 409


def test_protocol_is_ticked_off_before_resolving(make_api, message):
    steps = ("call the guard", "cordon off")
    rules = DeskRules(procedures={("dock", "bay-loiter"): Demands(steps=steps, all_steps=True)})
    api = make_api(desk=rules)
    api.store.ingest([message("a")])
    refused = post(api, "/incidents/incident-a/resolve", disposition="real")
    assert (refused.status_code, "2 of 2 steps are open" in refused.json()["detail"]) == (422, True)
    for step in steps:
        protocol = post(api, "/incidents/incident-a/tick", step=step).json()
    assert [step["done_by"] for step in protocol["steps"]] == ["operator", "operator"]
    assert api.client.get(f"{BASE}/incidents/incident-a/protocol").json() == protocol
    assert post(api, "/incidents/incident-a/confirm").json()["confirmed"][0]["actor"] == "operator"
    assert post(api, "/incidents/incident-a/resolve", disposition="real").status_code == 200
    assert post(api, "/incidents/incident-a/tick", step="dance").status_code == 422


def test_shelve_and_take_back(api, message, wait):
    api.store.ingest([message("a")])
    shelf = post(api, "/alerts/a/shelve", reason="roadworks", minutes=30).json()
    assert (shelf["rule_id"], shelf["zone_id"], shelf["ended_utc"]) == ("bay-loiter", "bay", None)
    assert api.client.get(f"{BASE}/desk").json()["shelves"] == [shelf]
    assert api.client.get(f"{BASE}/alerts/a").json()["state"] == "shelved"
    assert post(api, "/alerts/a/shelve", reason="roadworks", minutes=999).status_code == 422
    assert post(api, f"/shelves/{shelf['shelf_id']}/end").json()["ended_by"] == "operator"
    assert api.client.get(f"{BASE}/alerts/a").json()["state"] == "new"
    assert post(api, "/shelves/99/end").status_code == 404


@pytest.mark.parametrize(
    ("word", "body", "status"),
    [
        ("one place", {"alert_ids": ["a", "b"], "do": "resolve", "disposition": "nuisance"}, 200),
        ("acknowledge", {"alert_ids": ["a", "b"], "do": "acknowledge"}, 200),
        ("two cameras", {"alert_ids": ["a", "c"], "do": "acknowledge"}, 422),
        ("no disposition", {"alert_ids": ["a"], "do": "resolve"}, 422),
        ("unknown", {"alert_ids": ["a", "x"], "do": "acknowledge"}, 404),
        ("none", {"alert_ids": [], "do": "acknowledge"}, 422),
    ],
)
def test_several_at_once(api, message, word, body, status):
    api.store.ingest([message("a"), message("b"), message("c", camera="gate")])
    answer = post(api, "/alerts/together", **body)
    assert answer.status_code == status
    if status == 200:
        assert {view["state"] for view in answer.json()} <= {"acknowledged", "resolved"}


def test_raised_by_hand_with_the_picture_of_now(api):
    made = post(api, "/alerts", camera_id="dock", zone_id="bay", severity="high", note="man on the roof")
    assert made.status_code == 201
    alert = made.json()
    assert (alert["kind"], alert["sentence"], alert["state"]) == ("by_hand", "Raised by hand: man on the roof", "new")
    (picture,) = alert["evidence"]
    assert api.client.get(f"{BASE}/evidence/{picture['evidence_id']}").content == b"\xff\xd8jpeg"
    assert post(api, "/alerts", camera_id="nowhere", note="x").status_code == 404
    assert post(api, "/alerts", camera_id="dock", zone_id="moon", note="x").status_code == 422


def test_hand_over_and_shift(api, message):
    api.store.ingest([message("a")])
    made = post(api, "/handovers", note="the gate sticks").json()
    assert api.client.get(f"{BASE}/handovers").json()["items"] == [made]
    assert [one["alert_id"] for one in made["open"]] == ["a"]
    now = api.store.clock.utc()
    shift = api.client.get(f"{BASE}/shift", params={"since": now - 3600, "until": now + 60}).json()
    assert (shift["alerts"], shift["worst_rules"][0]["rule_id"]) == (1, "bay-loiter")
    for since, until in ((now, now), (now, now - 1), (now - 40 * 86_400, now), (-1e12, -1e12 + 60), (9e15, 9e15 + 60)):
        assert api.client.get(f"{BASE}/shift", params={"since": since, "until": until}).status_code == 422


def test_tracks_for_drawing_over_a_clip(make_api, message):
    asked = []

    def read(camera_id, since_utc, until_utc):
        asked.append((camera_id, since_utc, until_utc))
        yield Tracks(
            camera_id=camera_id, run_id=1, pts=1.0, utc=999.0, aspect=1.5, track_id=np.array([7], np.int64),
            xyxy=np.array([[0.1, 0.2, 0.3, 0.4]], np.float32), score=np.ones(1, np.float32),
            class_id=np.zeros(1, np.int32), observed=np.ones(1, np.bool_),
        )  # fmt: skip

    api = make_api(tracks=read)
    api.store.ingest([message("a", utc=1000.0)])
    track = api.client.get(f"{BASE}/alerts/a/track").json()
    assert track["frames"] == [{"utc": 999.0, "boxes": [[7, 0.1, 0.2, 0.3, 0.4]]}]
    assert (track["track_ids"], track["clip_start_utc"]) == ([7], None)
    assert asked == [("dock", 938.0, 1012.0)]


def test_the_feed_says_when_a_shelf_begins(api, message, wait):
    api.store.ingest([message("a")])
    seen = []
    with api.client.stream("GET", f"{BASE}/feed", timeout=10) as answer:
        post(api, "/alerts/a/shelve", reason="roadworks", minutes=30)
        for line in answer.iter_lines():
            seen.append(line)
            if line == "event: desk":
                break
    assert "event: desk" in seen


def test_the_app_calls_again_by_itself(make_api, message, wait):
    api = make_api(desk=DeskRules(again_s=0.1, escalate_s=0.2, repeat_s=60.0))
    api.store.ingest([message("a")])
    wait(lambda: [c.change for c in api.store.feed_after(0)][:3] == ["new", "again", "escalated"])


def test_reports_and_the_timeline(api, message):
    made = post(api, "/alerts", camera_id="dock", note="man on the roof").json()
    incident = made["incident_id"]
    post(api, f"/incidents/{incident}/claim")
    post(api, f"/incidents/{incident}/resolve", disposition="real")
    items = api.client.get(f"{BASE}/incidents/{incident}/timeline").json()["items"]
    assert [(one["change"], one["by"]) for one in items] == [
        ("new", None), ("evidence", None), ("claimed", "operator"), ("resolved", "operator"),
    ]  # fmt: skip
    now = api.store.clock.utc()
    for path, query in (
        (f"/incidents/{incident}/report.pdf", {}),
        ("/shift/report.pdf", {"since": now - 60, "until": now}),
    ):
        answer = api.client.get(BASE + path, params=query)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-1.4")
    assert api.client.get(f"{BASE}/incidents/nowhere/report.pdf").status_code == 404

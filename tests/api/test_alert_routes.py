"""Alerts and incidents over HTTP: lists, filters, pages, what operators do, and how errors are said."""

from __future__ import annotations

import pytest

from pipeline.api.models import AlertPage, IncidentPage, IncidentWithAlerts


def test_alert_goes_from_new_to_resolved(api, message):
    api.store.ingest([message("a1")])
    page = api.client.get("/api/v1/alerts").json()
    AlertPage.model_validate(page)
    alert = page["items"][0]
    assert (alert["state"], alert["subject"], alert["severity"]) == ("new", "movement", "medium")
    assert alert["sentence"].startswith("Movement stayed in bay for 121 s")

    taken = api.client.post("/api/v1/alerts/a1/acknowledge", json={}).json()
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "operator")
    done = api.client.post("/api/v1/alerts/a1/resolve", json={"disposition": "real", "note": "police called"}).json()
    assert (done["state"], done["disposition"], done["note"]) == ("resolved", "real", "police called")
    assert api.client.get("/api/v1/alerts/a1").json() == done


def test_doing_it_twice_changes_nothing(api, message):
    api.store.ingest([message("a1")])
    first = api.client.post("/api/v1/alerts/a1/acknowledge", json={})
    again = api.client.post("/api/v1/alerts/a1/acknowledge", json={})
    assert again.status_code == 200
    assert again.json() == first.json()
    resolution = {"disposition": "nuisance"}
    first = api.client.post("/api/v1/alerts/a1/resolve", json=resolution)
    assert api.client.post("/api/v1/alerts/a1/resolve", json=resolution).json() == first.json()
    assert [change.change for change in api.store.feed_after(0)] == ["new", "acknowledged", "resolved"]


@pytest.mark.parametrize(
    ("word", "query", "found"),
    [
        ("everything", {}, {"a", "b", "c"}),
        ("camera", {"camera": "gate"}, {"b"}),
        ("two cameras", {"camera": ["gate", "dock"]}, {"a", "b", "c"}),
        ("severity", {"severity": "high"}, {"c"}),
        ("state", {"state": "acknowledged"}, {"b"}),
        ("open", {"open": "true"}, {"a", "b"}),
        ("not open", {"open": "false"}, {"c"}),
        ("from an instant", {"since": "2000"}, {"b", "c"}),
        ("until it, not included", {"until": "2000"}, {"a"}),
        ("ISO 8601", {"since": "1970-01-01T01:33:20+01:00"}, {"b", "c"}),
        ("words", {"text": "BAY gate"}, {"b"}),
        ("a wildcard is a letter", {"text": "%"}, set()),
        ("zone without alerts", {"zone": "yard"}, set()),
        ("trial, asked for", {"trial": "only"}, {"t"}),
        ("with trial", {"trial": "include"}, {"a", "b", "c", "t"}),
    ],
)
def test_filters(api, message, word, query, found):
    api.store.ingest(
        [
            message("a", utc=1000.0),
            message("b", utc=2000.0, camera="gate"),
            message("c", utc=3000.0, severity="high"),
            message("t", utc=4000.0, trial=True),
        ]
    )
    api.store.acknowledge("b", actor="operator")
    api.store.resolve("c", actor="operator", disposition="real")
    answer = api.client.get("/api/v1/alerts", params=query)
    assert answer.status_code == 200, answer.text
    assert {alert["alert_id"] for alert in answer.json()["items"]} == found


def test_pages_meet_without_gap_or_repeat_while_alerts_arrive(api, message):
    api.store.ingest([message(f"a{i:02d}", utc=1000.0 + i // 3) for i in range(25)])
    seen, cursor = [], None
    while True:
        query = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        page = api.client.get("/api/v1/alerts", params=query).json()
        seen += [alert["alert_id"] for alert in page["items"]]
        api.store.ingest([message(f"new{len(seen)}", utc=5000.0 + len(seen))])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"a{i:02d}" for i in sorted(range(25), key=lambda i: (i // 3, i), reverse=True)]


@pytest.mark.parametrize(
    ("word", "method", "path", "body", "status"),
    [
        ("unknown alert", "GET", "/api/v1/alerts/none", None, 404),
        ("unknown incident", "GET", "/api/v1/incidents/none", None, 404),
        ("acknowledging nothing", "POST", "/api/v1/alerts/none/acknowledge", {}, 404),
        ("resolving nothing", "POST", "/api/v1/incidents/none/resolve", {"disposition": "real"}, 404),
        ("unknown disposition", "POST", "/api/v1/alerts/a1/resolve", {"disposition": "maybe"}, 422),
        ("unknown key", "POST", "/api/v1/alerts/a1/resolve", {"disposition": "real", "x": 1}, 422),
        ("a note too long", "POST", "/api/v1/alerts/a1/resolve", {"disposition": "real", "note": "x" * 2001}, 422),
        ("already resolved otherwise", "POST", "/api/v1/alerts/done/resolve", {"disposition": "real"}, 409),
        ("acknowledging a resolved one", "POST", "/api/v1/alerts/done/acknowledge", {}, 409),
        ("foreign cursor", "GET", "/api/v1/alerts?cursor=zzz", None, 400),
        ("time without a zone", "GET", "/api/v1/alerts?since=2026-11-22T10:00:00", None, 422),
        ("time that is no time", "GET", "/api/v1/alerts?since=nan", None, 422),
        ("page too long", "GET", "/api/v1/alerts?limit=501", None, 422),
        ("no such route", "GET", "/api/v1/nothing", None, 404),
        ("no such method", "DELETE", "/api/v1/alerts/a1", None, 405),
    ],
)
def test_errors_are_problem_documents(api, message, word, method, path, body, status):
    api.store.ingest([message("a1"), message("done")])
    api.store.resolve("done", actor="operator", disposition="test")
    answer = api.client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_incident_is_handled_as_one(api, message):
    api.store.ingest([message("a", incident_id="stay"), message("b", incident_id="stay", severity="high")])
    page = api.client.get("/api/v1/incidents").json()
    IncidentPage.model_validate(page)
    assert [(i["incident_id"], i["severity"], i["alert_count"]) for i in page["items"]] == [("stay", "high", 2)]
    done = api.client.post("/api/v1/incidents/stay/resolve", json={"disposition": "authorised"}).json()
    IncidentWithAlerts.model_validate(done)
    assert {alert["state"] for alert in done["alerts"]} == {"resolved"}
    assert api.client.get("/api/v1/incidents", params={"state": "new"}).json()["items"] == []


def test_openapi_describes_every_route(api):
    document = api.client.get("/api/v1/openapi.json").json()
    assert {"/api/v1/alerts", "/api/v1/feed", "/api/v1/evidence/{evidence_id}", "/healthz"} <= document["paths"].keys()
    assert not any(path.startswith("/internal") for path in document["paths"])

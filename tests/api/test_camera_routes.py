"""Cameras, the site, health and figures."""

from __future__ import annotations

import pytest

from pipeline.alerts.message import status_message
from pipeline.api.models import CameraList, SiteOut
from pipeline.types import CameraStatus


def test_cameras_say_what_they_see_with(api):
    found = api.client.get("/api/v1/cameras").json()
    CameraList.model_validate(found)
    dock, gate = found["items"]
    assert (dock["subject"], gate["subject"]) == ("movement", "person")
    assert dock["zones"]["bay"]["polygon"] == [[0, 0], [1, 0], [1, 1]]
    assert dock["numbers"] == {"outbox_depth": 3.0}


def test_site(api):
    site = api.client.get("/api/v1/site").json()
    SiteOut.model_validate(site)
    assert (site["name"], site["timezone"]) == ("Depot North", "Europe/Brussels")


def test_picture_and_restart(api):
    answer = api.client.get("/api/v1/cameras/dock/picture?turn=1")
    assert (answer.content[:2], answer.headers["content-type"]) == (b"\xff\xd8", "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"
    assert api.client.get("/api/v1/cameras/gate/picture").status_code == 404
    assert api.client.post("/api/v1/cameras/dock/restart").status_code == 202
    assert api.control.restarted == ["dock"]


@pytest.mark.parametrize("path", ["", "/picture"])
def test_unknown_camera(api, path):
    assert api.client.get(f"/api/v1/cameras/none{path}").status_code == 404


def test_health_names_the_blind_camera(api):
    assert api.client.get("/healthz").json()["ok"] is True
    api.control.states["gate"] = "timed_out"
    answer = api.client.get("/healthz")
    assert (answer.status_code, answer.json()["blind"]) == (503, ["gate"])


def test_health_says_that_the_store_is_gone(api):
    api.store._connection.close()
    answer = api.client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["store"] != "ok"


def test_figures(api, message):
    one = message("a")
    api.store.ingest([one, message("b", trial=True)])
    api.store.ingest([one])
    api.store.ingest(
        [
            status_message(
                CameraStatus(camera_id="gate", state="running"), raised_utc=1.0, outbox_depth=4, outbox_lag_s=2.5
            )
        ]
    )
    lines = api.client.get("/metrics").text.splitlines()
    for line in (
        'nightjar_alerts_total{camera="dock",kind="loitering",mode="live",severity="medium"} 1.0',
        'nightjar_alerts_total{camera="dock",kind="loitering",mode="trial",severity="medium"} 1.0',
        "nightjar_messages_repeated_total 1.0",
        "nightjar_delivery_seconds_count 2.0",
        'nightjar_alerts_now{state="new"} 1.0',
        'nightjar_camera_fps_done{camera="dock"} 5.0',
        'nightjar_outbox_messages{camera="dock"} 3.0',
        'nightjar_outbox_messages{camera="gate"} 4.0',
        'nightjar_outbox_lag_seconds{camera="gate"} 2.5',
        "nightjar_feed_clients 0.0",
    ):
        assert line in lines

"""A camera's process, the service, a webhook and an input: from the picture to somebody else's server."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from pipeline.clock import SystemClock
from pipeline.folders import DataFolder
from pipeline.inputs.desk import Told
from pipeline.inputs.switches import JOURNAL, read_journal
from pipeline.replay import LoggedTracks, replay
from pipeline.rulebook import build_engine
from pipeline.service import Service
from pipeline.track.log import TrackLog
from tests.sinks.conftest import certificates, hooks, wait_for

__all__ = ["certificates", "hooks"]
CLIP = Path(__file__).resolve().parents[2] / "sample_videos" / "dock_night.mp4"
SITE = """
site: {name: Depot North, timezone: Europe/Brussels}
calendars: {working: {open: {mon-fri: ["06:00-22:00"]}}}
detector: {model: motion}
cameras:
  dock:
    source: CLIP
    start: 2026-11-21T23:40:00+01:00
    zones: {apron: {polygon: [[0.354, 0.336], [0.73, 0.753], [0.942, 0.657], [0.482, 0.315]], risk: high}}
    rules: [{id: apron-night, kind: after_hours, zone: apron, calendar: working, min_presence_s: 2}]
sinks:
  room:
    kind: webhook
    url: "https://127.0.0.1:PORT/in/${E2E_TOKEN}"
    secret: ${E2E_SECRET}
    allow_private: 127.0.0.0/8
    ca_file: CA
    only: [{cameras: dock, zones: apron, min_severity: medium}]
"""


@pytest.fixture
def start(hooks, tmp_path, monkeypatch):
    monkeypatch.setenv("E2E_TOKEN", "tok-S3cret")
    monkeypatch.setenv("E2E_SECRET", "hmac-S3cret")
    services = []
    ca = hooks.certificates.ca_file

    def make(**options):
        text = SITE.replace("CLIP", str(CLIP)).replace("PORT", str(hooks.port)).replace("CA", str(ca))
        service = Service(
            site_text=text, site_path=str(tmp_path / "site.yaml"), data=DataFolder(tmp_path / "data"),
            clock=SystemClock(), port=18000, any_port=True, **options,
        )  # fmt: skip
        services.append(service)
        return service

    yield make
    for service in services:
        service.stop()


def ended(service):
    return lambda: service.workers.status()[0].state == "ended"


@pytest.mark.slow
def test_an_alert_reaches_somebody_elses_server_and_operators_see_that_it_did(start, hooks):
    service = start()
    service.start()
    wait_for(ended(service), 120.0)
    wait_for(lambda: bool(hooks.requests), 20.0)
    value = json.loads(hooks.requests[0][1])
    assert (value["change"], value["site"], value["alert"]["rule_id"]) == ("new", "Depot North", "apron-night")
    assert value["onvif"]["topic"] == "tns1:RuleEngine/FieldDetector/ObjectsInside"
    with httpx.Client(base_url=service.url) as client:
        path = f"/api/v1/alerts/{value['alert']['alert_id']}/deliveries"
        wait_for(lambda: client.get(path).json()["items"][0]["state"] == "delivered")
        shown = client.get("/api/v1/sinks").text + client.get("/metrics").text + client.get(path).text
        assert client.get("/healthz").json()["ok"] is True
    assert "S3cret" not in shown
    assert "S3cret" not in "".join(p.read_text(errors="replace") for p in (service.store.path,))


@pytest.mark.slow
def test_an_input_takes_effect_in_a_running_camera_and_in_its_replay(start, hooks, tmp_path):
    """The guard unsets the panel while the camera runs; the intruder's time then is open, live and replayed."""
    service = start()
    service.world.inputs.take(Told(kind="panel_unset", for_s=600, note="guard on his round"), actor="panel")
    service.start()
    wait_for(ended(service), 120.0)
    service.stop()
    assert hooks.requests == []
    log = TrackLog(tmp_path / "data" / "tracks", "dock")
    footage = LoggedTracks("dock", log, -1e18, 1e18)

    def alarms(switches):
        engine = build_engine(service.site, "dock", switches=switches)
        return [e.state for events in replay(engine, footage.tracks(5.0)) for e in events]

    assert alarms(footage.switches) == []
    assert alarms(None)[0] == "start", "without the input there would have been one"


@pytest.mark.slow
def test_a_running_camera_hears_of_an_input_within_seconds(start, tmp_path):
    service = start(pace=True)
    service.start()
    wait_for(lambda: service.workers.status()[0].fps_done > 0, 60.0)
    pid = service.workers.pid("dock")
    journal = tmp_path / "data" / "tracks" / "dock" / JOURNAL
    began = time.monotonic()
    answer = httpx.post(f"{service.url}/api/v1/inputs", json={"kind": "late_working", "for_s": 600, "note": "stock"})
    assert answer.status_code == 201
    wait_for(lambda: bool(read_journal(journal)), 10.0)
    assert time.monotonic() - began < 10.0
    assert service.workers.pid("dock") == pid, "without a restart"
    (entry,) = read_journal(journal)
    assert (entry.kind, round(entry.until_utc - entry.from_utc)) == ("late_working", pytest.approx(600, abs=10))

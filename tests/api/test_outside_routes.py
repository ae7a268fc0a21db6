"""Sinks, deliveries, inputs and health over HTTP."""

from __future__ import annotations

import threading

import httpx
import pytest

from pipeline.api.app import build_app
from pipeline.api.outbound import Outside
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings
from pipeline.clock import FakeClock
from pipeline.health import HealthCheck
from pipeline.inputs.desk import Inputs
from pipeline.sinks.base import Away, Refused
from pipeline.sinks.desk import Sinks
from pipeline.sinks.notice import TOLD
from pipeline.sinks.routing import Only, Route
from pipeline.sinks.runner import Outlet
from pipeline.site import parse_site
from pipeline.store.store import Store
from pipeline.types import CameraStatus

SITE = """
site: {name: Depot, timezone: UTC}
calendars: {working: {open: {mon-fri: ["06:00-22:00"]}}}
cameras:
  dock: {source: dock.mp4, zones: {bay: {polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}}}
"""
BASE = "/api/v1"


class FakeSink:
    most = 1

    def __init__(self, error=None):
        self.error, self.sent = error, []

    def send(self, notices):
        if self.error is not None:
            raise self.error
        self.sent += notices

    def tend(self):
        return False

    def close(self): ...


class FakeControl:
    state = "running"

    def status(self):
        return [CameraStatus(camera_id="dock", state=self.state)]

    def numbers(self, camera_id):
        return {}

    def picture(self, camera_id):
        return None

    def restart(self, camera_id): ...


class Made:
    def __init__(self, folder, wait):
        self.clock = FakeClock(utc=1_795_305_600.0)
        self.store = Store(folder / "store.sqlite", clock=self.clock)
        self.good, self.down, self.fussy = FakeSink(), FakeSink(Away("nobody there")), FakeSink(Refused("not this"))
        outlets = [
            Outlet(name="good", kind="webhook", sink=self.good, route=Route(TOLD), target="https://good.test/"),
            Outlet(name="down", kind="mqtt", sink=self.down, route=Route(TOLD), target="broker:8883"),
            Outlet(name="fussy", kind="email", sink=self.fussy, route=Route(TOLD), target="a@b", attempts=1),
            Outlet(name="else", kind="email", sink=FakeSink(), route=Route(TOLD, [Only(cameras={"gate"})]), target="c@d"),
        ]  # fmt: skip
        self.sinks = Sinks(outlets, self.store, site="Depot", clock=self.clock)
        self.inputs = Inputs(self.store, parse_site(SITE, "site.yaml"), path=folder / "inputs.json")
        self.control = FakeControl()
        health = HealthCheck(
            self.store, self.control, clock=self.clock, folder=folder,
            failing_sinks=lambda: [s.name for s in self.sinks.status() if s.state == "failing"],
        )  # fmt: skip
        settings = ApiSettings(site_name="Depot", timezone="UTC", token="t", evidence=folder)
        app = build_app(
            self.store, settings=settings, control=self.control,
            outside=Outside(sinks=self.sinks, inputs=self.inputs, health=health),
        )  # fmt: skip
        self.server = make_server(app, port=0)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait(lambda: self.server.started)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10.0)

    def turn(self, name):
        self.sinks._changed()
        self.sinks.runners[name].run_once()

    def get(self, path) -> httpx.Response:
        return self.client.get(BASE + path)

    def post(self, path, **body) -> httpx.Response:
        return self.client.post(BASE + path, json=body)


@pytest.fixture
def made(tmp_path, wait):
    one = Made(tmp_path, wait)
    yield one
    one.client.close()
    one.server.should_exit = True
    one.thread.join(timeout=10.0)
    one.store.close()


def test_to_whom_an_alert_went_and_whether_it_arrived(made, message):
    made.store.ingest([message("a")])
    waiting = made.get("/alerts/a/deliveries").json()["items"]
    assert [(row["sink"], row["state"]) for row in waiting] == [
        ("down", "waiting"),
        ("fussy", "waiting"),
        ("good", "waiting"),
    ]
    for name in ("good", "down", "fussy", "else"):
        made.turn(name)
    rows = {row["sink"]: row for row in made.get("/alerts/a/deliveries").json()["items"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "good": "delivered",
        "down": "waiting",
        "fussy": "dead",
    }
    assert rows["fussy"]["remark"] == "not this"
    assert rows["good"]["notice_id"] == made.good.sent[0].notice_id
    assert made.get("/alerts/none/deliveries").status_code == 404


def test_lag_and_last_error_of_each_sink(made, message):
    made.store.ingest([message("a")])
    for name in ("good", "down"):
        made.turn(name)
    made.clock.advance(30)
    good, down, *_ = made.get("/sinks").json()["items"]
    assert (good["state"], good["delivered"], good["waiting"], good["lag_s"]) == ("working", 1, 0, 0.0)
    assert (down["state"], down["waiting"], down["last_error"]) == ("failing", 1, "nobody there")
    assert down["lag_s"] == 30.0
    text = made.client.get("/metrics").text
    assert 'nightjar_sink_up{kind="mqtt",sink="down"} 0.0' in text
    assert 'nightjar_sink_lag_seconds{kind="mqtt",sink="down"} 30.0' in text
    assert 'nightjar_sink_delivered_total{kind="webhook",sink="good"} 1.0' in text


def test_dead_letters_are_shown_and_sent_again(made, message):
    made.store.ingest([message("a")])
    made.turn("fussy")
    (row,) = [one for one in made.get("/sinks/fussy/dead").json()["items"] if one["alert_id"] == "a"]
    assert row["state"] == "dead"
    made.fussy.error = None
    assert made.post("/sinks/fussy/retry").json()["waiting"] >= 1
    made.turn("fussy")
    assert "a" in [notice.alert_id for notice in made.fussy.sent]
    assert made.get("/sinks/none/dead").status_code == 404
    assert made.post("/sinks/none/retry").status_code == 404


def test_an_input_is_taken_listed_and_ended(made):
    told = made.post(
        "/inputs", kind="late_working", until="2026-11-22T01:00:00Z", zone="bay", who="J. Doe", note="stock"
    )
    assert told.status_code == 201
    view = told.json()
    assert (view["effect"], view["calendar"], view["zone_id"], view["state"]) == ("disarm", "working", "bay", "active")
    assert made.get("/inputs").json()["items"] == [view]
    assert made.post(f"/inputs/{view['input_id']}/end").json()["state"] == "over"
    assert made.get("/inputs").json()["items"] == []
    assert made.post("/inputs/none/end").status_code == 404


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ("no kind", {"for_s": 60}), ("no end", {"kind": "badge"}), ("another kind", {"kind": "fire", "for_s": 60}),
        ("an unknown key", {"kind": "badge", "for_s": 60, "colour": "red"}),
        ("another zone", {"kind": "badge", "for_s": 60, "zone": "yard"}),
        ("a negative time", {"kind": "badge", "for_s": -1}), ("no number", {"kind": "badge", "for_s": "NaN"}),
        ("a time without a zone", {"kind": "badge", "until": "2026-11-22T01:00:00"}),
        ("a strange id", {"kind": "badge", "for_s": 60, "id": "../x"}),
        ("a long note", {"kind": "badge", "for_s": 60, "note": "x" * 501}),
    ],
)  # fmt: skip
def test_what_is_no_input_is_refused(made, word, body):
    assert made.client.post(f"{BASE}/inputs", json=body).status_code == 422
    assert made.get("/inputs").json()["items"] == []


def test_health_names_what_is_wrong(made, message):
    assert made.client.get("/healthz").json()["ok"] is True
    made.store.ingest([message("a")])
    made.turn("down")
    health = made.client.get("/healthz")
    assert (health.status_code, health.json()["degraded"]) == (200, ["sink down does not work"])
    made.control.state = "timed_out"
    health = made.client.get("/healthz")
    assert (health.status_code, health.json()["blind"], health.json()["causes"]) == (
        503,
        ["dock"],
        ["camera dock is blind"],
    )


def test_without_sinks_and_inputs(api):
    assert api.client.get(f"{BASE}/sinks").json() == {"items": []}
    assert api.client.get(f"{BASE}/inputs").json() == {"items": []}
    assert api.client.post(f"{BASE}/inputs", json={"kind": "badge", "for_s": 60}).status_code == 404
    assert api.client.get("/healthz").json()["disk"] == "ok"

"""The page of sinks in real Chromium: state and lag of each, dead letters, and sending them again."""

from __future__ import annotations

import threading
import time

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By

from pipeline.alerts.message import alert_message
from pipeline.api.app import build_app
from pipeline.api.outbound import Outside
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings
from pipeline.sinks.base import Away, Refused
from pipeline.sinks.desk import Sinks
from pipeline.sinks.notice import TOLD
from pipeline.sinks.routing import Route
from pipeline.sinks.runner import Outlet
from pipeline.store.store import Store
from pipeline.types import Alert, Event

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1366,850",
)  # fmt: skip


class FakeSink:
    most = 1

    def __init__(self, error=None):
        self.error = error

    def send(self, notices):
        if self.error is not None:
            raise self.error

    def tend(self):
        return False

    def close(self): ...


def until(what, within_s=30.0):
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def alert(key):
    event = Event(
        kind="line_crossing", state="start", rule_id="gate", rule_version="v1", camera_id="dock", run_id=1,
        track_ids=(1,), zone_id="gate", since_utc=1.0, utc=1.0, pts=1.0, score=1.0, why={}, key=key,
    )  # fmt: skip
    return Alert(
        alert_id=key, incident_id=f"i-{key}", severity="low", state="new", trial=False, detector="motion", event=event,
        subject="movement",
    )  # fmt: skip


@pytest.fixture
def browser(tool):
    options = webdriver.ChromeOptions()
    options.binary_location = tool("chromium")
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Driver(tool("chromedriver")))
    yield driver
    driver.quit()


def test_state_lag_dead_letters_and_sending_them_again(tmp_path, browser):
    store = Store(tmp_path / "store.sqlite")
    down, fussy = FakeSink(Away("broker:8883: Connection refused")), FakeSink(Refused("it answers 422"))
    outlets = [
        Outlet(name="bus", kind="mqtt", sink=down, route=Route(TOLD), target="broker:8883 nightjar"),
        Outlet(name="room", kind="webhook", sink=fussy, route=Route(TOLD), target="https://room.test/", attempts=1),
    ]
    sinks = Sinks(outlets, store, site="Depot", clock=store.clock)
    settings = ApiSettings(site_name="Depot North", timezone="Europe/Brussels", token="t", evidence=tmp_path)
    server = make_server(build_app(store, settings=settings, outside=Outside(sinks=sinks)), port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    sinks.start()
    try:
        store.ingest([alert_message(alert("a"), raised_utc=store.clock.utc())])
        browser.get(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/sinks.html")

        def text(name):
            """Read in one step: the page may put a new row in the old one's place between two."""
            return browser.execute_script(
                "return document.querySelector(`tr[data-sink=${arguments[0]}]`)?.innerText ?? ''", name
            )

        def click(selector):
            """The button as it stands: what has changed gets a new row."""
            until(lambda: browser.execute_script("return !!document.querySelector(arguments[0])", selector))
            browser.execute_script("document.querySelector(arguments[0]).click()", selector)

        until(lambda: "does not work" in text("bus") and "Connection refused" in text("bus"))
        until(lambda: "it answers 422" in text("room"))
        click('tr[data-sink="room"] button')
        until(lambda: "alert a" in browser.find_element(By.ID, "dead").text)
        fussy.error = None
        click("#dead button")
        until(lambda: "works" in text("room") and sinks.view()[1]["dead"] == 0)
        down.error = None
        until(lambda: "does not work" not in text("bus"))
        severe = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
        assert severe == []
    finally:
        sinks.stop()
        server.should_exit = True
        thread.join(10)
        store.close()

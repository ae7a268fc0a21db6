"""The operator's page in real Chromium: alerts arrive live, are worked off from the keyboard, and a lost feed is loud."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.alerts.evidence import EvidenceFolder
from pipeline.alerts.message import alert_message, evidence_message
from pipeline.api.app import build_app
from pipeline.api.server import Server, make_server
from pipeline.api.settings import ApiSettings, CameraInfo
from pipeline.clock import SystemClock
from pipeline.store.store import Store
from pipeline.types import Alert, Event

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PORT = 8571
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1366,850",
)  # fmt: skip


class Desk:
    """An API with a store and no cameras running, and a way to raise alerts."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.folder = folder
        self.store = Store(folder / "store.sqlite", clock=self.clock)
        self.evidence = EvidenceFolder(folder / "evidence", reserve_bytes=0)
        (folder / "evidence").mkdir()
        self.settings = ApiSettings(
            site_name="Depot North", timezone="Europe/Brussels", token="t", evidence=folder / "evidence",
            cameras=[CameraInfo(camera_id="dock"), CameraInfo(camera_id="yard")], heartbeat_s=1.0,
        )  # fmt: skip
        self.server: Server | None = None
        self.thread: threading.Thread | None = None

    def serve(self) -> None:
        self.server = make_server(build_app(self.store, settings=self.settings), port=PORT)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        until(lambda: self.server is not None and self.server.started, why="the API did not start")

    def stop(self) -> None:
        assert self.server is not None
        assert self.thread is not None
        self.server.should_exit = True
        self.thread.join(timeout=15)

    def raise_alert(self, key: str, *, kind: str = "loitering", camera: str = "dock", severity: Any = "medium") -> None:
        now = self.clock.utc()
        event = Event(
            kind=kind, state="start", rule_id=f"{camera}-{kind}", rule_version="1", camera_id=camera, run_id=1,
            track_ids=(1,), zone_id="bay", since_utc=now - 130, utc=now, pts=130.0, score=0.9,
            why={"dwell_s": 130.0, "threshold_s": 120.0, "bridged_s": 4.0}, key=key,
        )  # fmt: skip
        picture = np.full((90, 160, 3), 90, np.uint8)
        snapshot = self.evidence.write_snapshot(key, cv2.imencode(".jpg", picture)[1].tobytes())
        assert snapshot is not None
        alert = Alert(
            alert_id=key, incident_id=f"i-{key}", severity=severity, state="new", trial=False,
            detector="motion", subject="movement", event=event,
        )  # fmt: skip
        self.store.ingest([
            alert_message(alert, raised_utc=now),
            evidence_message(alert_id=key, camera_id=camera, evidence=snapshot, raised_utc=now),
        ])  # fmt: skip


def until(what: Callable[[], Any], *, within_s: float = 15.0, why: str) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


@pytest.fixture(scope="module")
def browser(tool: Callable[[str], str]) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = tool("chromium")
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Driver(tool("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.serve()
    yield desk
    desk.stop()
    desk.store.close()


@pytest.fixture
def page(desk: Desk, browser: WebDriver) -> WebDriver:
    browser.get_log("browser")
    browser.get(f"http://127.0.0.1:{PORT}/")
    until(lambda: find(browser, "feed-state").text == "Live", why="the feed did not come up")
    return browser


def find(browser: WebDriver, selector: str) -> Any:
    return browser.find_element(By.CSS_SELECTOR, selector)


def rows(browser: WebDriver) -> list[str]:
    names = "return [...document.querySelectorAll('alert-list .row .what')].map((e) => e.firstChild.textContent)"
    return list(browser.execute_script(names))


def press(browser: WebDriver, *keys: str) -> None:
    for key in keys:
        find(browser, "body").send_keys(key)


def test_alerts_arrive_live_sorted_by_severity_with_picture_and_reason(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: rows(page) == ["Loitering"], why="the alert did not arrive")
    desk.raise_alert("k2", kind="after_hours", severity="high")
    until(lambda: rows(page) == ["After hours", "Loitering"], why="the higher severity is not on top")
    until(lambda: find(page, "alert-detail img").get_property("naturalWidth") == 160, why="no picture")
    assert (
        "Movement stayed in bay for 130 s; limit 120 s; hidden for 4 s of it" in find(page, "alert-detail .reason").text
    )
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_worked_off_from_the_keyboard(desk: Desk, page: WebDriver) -> None:
    for key in ("k1", "k2"):
        desk.raise_alert(key)
    until(lambda: len(rows(page)) == 2, why="the alerts did not arrive")
    press(page, "j", "k", "a")
    until(lambda: desk.store.alert("k1")["state"] == "acknowledged", why="A does not acknowledge")
    find(page, "#note").send_keys("cleaner 2 a")
    find(page, "#note").send_keys(Keys.ESCAPE)
    press(page, "2")
    until(lambda: desk.store.alert("k1")["state"] == "resolved", why="2 does not resolve")
    assert (desk.store.alert("k1")["disposition"], desk.store.alert("k1")["note"]) == ("authorised", "cleaner 2 a")
    until(lambda: len(rows(page)) == 1, why="a resolved alert stays on the list")
    press(page, "h")
    until(lambda: len(rows(page)) == 2, why="H does not show resolved alerts")
    press(page, "?")
    assert find(page, "dialog").is_displayed()
    press(page, Keys.ESCAPE)


def test_a_lost_feed_is_loud_and_resumes_without_gap_or_repeat(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: len(rows(page)) == 1, why="the alert did not arrive")
    desk.stop()
    until(lambda: "FEED LOST" in find(page, "#lost").text, why="a lost feed is not said")
    desk.raise_alert("k2")
    desk.raise_alert("k3")
    desk.serve()
    until(lambda: len(rows(page)) == 3, why="what was missed did not arrive")
    assert not find(page, "#lost").is_displayed()
    time.sleep(1)
    assert len(rows(page)) == 3


def test_rows_do_not_move_under_the_pointer(desk: Desk, page: WebDriver) -> None:
    desk.raise_alert("k1")
    until(lambda: len(rows(page)) == 1, why="the alert did not arrive")
    webdriver.ActionChains(page).move_to_element(find(page, "h1")).perform()
    webdriver.ActionChains(page).move_to_element(find(page, "alert-list .row")).move_by_offset(3, 3).perform()
    desk.raise_alert("k2", kind="after_hours", severity="high")
    until(lambda: find(page, "#waiting").is_displayed(), why="waiting alerts are not said")
    assert rows(page) == ["Loitering"]
    press(page, "n")
    until(lambda: rows(page) == ["After hours", "Loitering"], why="N does not show them")


def test_an_open_page_shows_what_was_there_before(desk: Desk, browser: WebDriver) -> None:
    for number in range(8):
        desk.raise_alert(f"k{number}", camera="yard" if number % 2 else "dock")
    browser.get(f"http://127.0.0.1:{PORT}/")
    until(lambda: len(rows(browser)) == 8, why="the history is not shown")
    find(browser, "filter-bar input").send_keys("yard")
    until(lambda: len(rows(browser)) == 4, why="the filter does not filter")

"""An operators' store behind a real server, Chromium before it, and the words to use both with."""

from __future__ import annotations

import os
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.alerts.evidence import EvidenceFolder
from pipeline.alerts.message import alert_message, evidence_message, system_message
from pipeline.api.app import build_app
from pipeline.api.control import NoControl
from pipeline.api.server import Server, make_server
from pipeline.api.settings import ApiSettings, CameraInfo
from pipeline.clock import SystemClock
from pipeline.store.store import Store
from pipeline.types import Alert, CameraStatus, Event


def free_port() -> int:
    """One that nobody listens on: test files run side by side."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PORT = free_port()
AXE = "4.10.3"
BAY = [[0.2, 0.4], [0.8, 0.4], [0.8, 0.9], [0.2, 0.9]]
PICTURE = bytes(cv2.imencode(".jpg", np.full((90, 160, 3), 90, np.uint8))[1])


class Cameras(NoControl):
    """Cameras in the states they are told to be in; those that run or have ended have a picture."""

    def __init__(self, **states: str) -> None:
        self.states = states

    def status(self) -> list[CameraStatus]:
        return [
            CameraStatus(camera_id=name, state=state, fps_in=25.0, fps_done=5.0, detector="motion")
            for name, state in self.states.items()
        ]

    def picture(self, camera_id: str) -> bytes | None:
        return PICTURE if self.states[camera_id] in ("running", "ended") else None


class Desk:
    """A store with an API, and a way to raise alerts. `settings` change those of the API."""

    def __init__(self, folder: Path, *, control: Any = None, outside: Any = None, **settings: Any) -> None:
        self.clock = SystemClock()
        self.folder = folder
        self.control, self.outside = control, outside
        self.store = Store(folder / "store.sqlite", clock=self.clock)
        self.evidence = EvidenceFolder(folder / "evidence", reserve_bytes=0)
        (folder / "evidence").mkdir()
        cameras = [CameraInfo(camera_id=name, zones={"bay": {"polygon": BAY}}) for name in ("dock", "yard")]
        given = {
            "site_name": "Depot North", "timezone": "Europe/Brussels", "token": "t", "evidence": folder / "evidence",
            "cameras": cameras, "heartbeat_s": 1.0,
        }  # fmt: skip
        self.settings = ApiSettings(**(given | settings))
        self.server: Server | None = None
        self.thread: threading.Thread | None = None

    def serve(self) -> None:
        app = build_app(self.store, settings=self.settings, control=self.control, outside=self.outside)
        self.server = make_server(app, port=PORT)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        until(lambda: self.server is not None and self.server.started, why="the API did not start")

    def stop(self) -> None:
        assert self.server is not None
        assert self.thread is not None
        self.server.should_exit = True
        self.thread.join(timeout=15)

    def message(self, key: str, *, kind: str = "loitering", camera: str = "dock", severity: Any = "medium",
                utc: float | None = None, zone: str = "bay") -> Any:  # fmt: skip
        now = self.clock.utc() if utc is None else utc
        event = Event(
            kind=kind, state="start", rule_id=f"{camera}-{kind}", rule_version="1", camera_id=camera, run_id=1,
            track_ids=(1,), zone_id=zone, since_utc=now - 130, utc=now, pts=130.0, score=0.9,
            why={"dwell_s": 130.0, "threshold_s": 120.0, "bridged_s": 4.0}, key=key,
        )  # fmt: skip
        alert = Alert(
            alert_id=key, incident_id=f"i-{key}", severity=severity, state="new", trial=False,
            detector="motion", subject="movement", event=event,
        )  # fmt: skip
        return alert_message(alert, raised_utc=now)

    def raise_alert(self, key: str, **more: Any) -> None:
        message = self.message(key, **more)
        snapshot = self.evidence.write_snapshot(key, PICTURE)
        assert snapshot is not None
        shown = evidence_message(alert_id=key, camera_id=message.camera_id, evidence=snapshot, raised_utc=0.0)
        self.store.ingest([message, shown])

    def raise_fault(self, code: str, *, camera: str = "dock") -> None:
        now = self.clock.utc()
        self.store.ingest([
            system_message(camera_id=camera, code=code, change="start", since_utc=now, utc=now, raised_utc=now)
        ])  # fmt: skip


def until(what: Callable[[], Any], *, within_s: float = 15.0, why: str) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def open_page(browser: WebDriver, path: str = "/") -> None:
    """Open a page and wait until its feed is up."""
    browser.get_log("browser")
    browser.get(f"http://127.0.0.1:{PORT}{path}")
    if path != "/shift.html":
        until(lambda: find(browser, "feed-state").text == "Live", why="the feed did not come up")


def find(browser: WebDriver, selector: str) -> Any:
    return browser.find_element(By.CSS_SELECTOR, selector)


def rows(browser: WebDriver) -> list[str]:
    names = "return [...document.querySelectorAll('alert-list .row .what')].map((e) => e.firstChild.textContent)"
    return list(browser.execute_script(names))


def press(browser: WebDriver, *keys: str) -> None:
    for key in keys:
        find(browser, "body").send_keys(key)


def text(browser: WebDriver, selector: str) -> str:
    """A part's words, whether in sight or not; empty where it is absent."""
    script = "return document.querySelector(arguments[0])?.textContent ?? ''"
    return str(browser.execute_script(script, selector))


def axe_script(npm: str) -> str:
    """axe-core's text, fetched once into the user's cache; npm checks its digest."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "nightjar-dev"
    kept = cache / f"axe-core-{AXE}.min.js"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "pack", f"axe-core@{AXE}"], cwd=cache, check=True, capture_output=True, timeout=120)
        with tarfile.open(cache / f"axe-core-{AXE}.tgz") as packed:
            member = packed.extractfile("package/axe.min.js")
            assert member is not None
            kept.write_bytes(member.read())
    return kept.read_text(encoding="utf-8")

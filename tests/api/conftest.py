"""A real server on a free loopback port, over a store in a temporary folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.alerts.message import Message, alert_message
from pipeline.api.app import build_app
from pipeline.api.server import Server, make_server
from pipeline.api.settings import ApiSettings, CameraInfo
from pipeline.clock import SystemClock
from pipeline.store.store import Store
from pipeline.types import Alert, CameraStatus, Event

TOKEN = "the-token-of-this-start"


class FakeControl:
    """Two cameras, one of which has a picture."""

    def __init__(self) -> None:
        self.restarted: list[str] = []
        self.states = {"dock": "running", "gate": "running"}

    def status(self) -> list[CameraStatus]:
        return [
            CameraStatus(camera_id="dock", state=self.states["dock"], fps_in=25.0, fps_done=5.0, detector="motion"),
            CameraStatus(camera_id="gate", state=self.states["gate"], fps_done=5.0, detector="yolox_nano_416"),
        ]

    def picture(self, camera_id: str) -> bytes | None:
        return b"\xff\xd8jpeg" if camera_id == "dock" else None

    def restart(self, camera_id: str) -> None:
        self.restarted.append(camera_id)

    def numbers(self, camera_id: str) -> dict[str, float]:
        return {"outbox_depth": 3.0} if camera_id == "dock" else {}


class Api:
    """A running API and a client of it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        (folder / "evidence").mkdir(exist_ok=True)
        self.store = Store(folder / "store.sqlite")
        self.control = FakeControl()
        options: dict[str, object] = {
            "site_name": "Depot North",
            "timezone": "Europe/Brussels",
            "token": TOKEN,
            "evidence": folder / "evidence",
            "cameras": [CameraInfo(camera_id="dock", zones={"bay": {"polygon": [[0, 0], [1, 0], [1, 1]]}})],
            "heartbeat_s": 0.2,
        }
        self.settings = ApiSettings(**(options | settings))  # type: ignore[arg-type]
        self.app = build_app(self.store, settings=self.settings, control=self.control)
        self.server: Server = make_server(self.app, port=0)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait_for(lambda: self.server.started)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=10.0)

    @property
    def clients(self) -> int:
        return self.app.state.parts.hub.clients

    def stop(self) -> None:
        self.client.close()
        self.server.should_exit = True
        self.thread.join(timeout=10.0)
        assert not self.thread.is_alive()
        self.store.close()


def wait_for(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


def make_message(
    key: str, *, state: str = "start", utc: float = 1000.0, camera: str = "dock", **changes: object
) -> Message:
    """An alert message of a loitering rule; `changes` are fields of the alert."""
    event = Event(
        kind="loitering", state=state, rule_id="bay-loiter", rule_version="v1", camera_id=camera, run_id=1,
        track_ids=(7,), zone_id="bay", since_utc=utc - 120, utc=utc, pts=120.0, score=0.9,
        why={"dwell_s": 121.0, "threshold_s": 120.0}, key=key,
    )  # fmt: skip
    fields: dict[str, object] = {
        "alert_id": key, "incident_id": f"incident-{key}", "severity": "medium", "state": "new", "trial": False,
        "detector": "motion", "subject": "movement", "event": event,
    }  # fmt: skip
    return alert_message(Alert(**(fields | changes)), raised_utc=SystemClock().utc())  # type: ignore[arg-type]


@pytest.fixture
def make_api(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    made: list[Api] = []

    def make(**settings: object) -> Api:
        made.append(Api(tmp_path, **settings))
        return made[-1]

    yield make
    for api in made:
        api.stop()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api()


@pytest.fixture
def message() -> Callable[..., Message]:
    return make_message


@pytest.fixture
def wait() -> Callable[..., None]:
    return wait_for

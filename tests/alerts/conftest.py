"""Both links under one handle: a worker's end, and the operators' end that can be stopped and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from pipeline.alerts.consumer import Consumer
from pipeline.alerts.embedded import EmbeddedLink
from pipeline.alerts.link import Link
from pipeline.alerts.message import Message, alert_message
from pipeline.alerts.outbox import Outbox
from pipeline.alerts.redis import RedisLink
from pipeline.alerts.relay import Relay
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings
from pipeline.clock import Clock, SystemClock
from pipeline.store.store import Store
from pipeline.types import Alert, Event

TOKEN = "token"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


def make_message(
    key: str, *, state: str = "start", utc: float = 1000.0, camera: str = "dock", **changes: object
) -> Message:
    """An alert message; `changes` are fields of the alert."""
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


class RedisServer:
    """A redis-server on a free loopback port with its data in a folder; it can be killed and started again."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder, self.port = program, folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port, protocol=2)
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        self.start()

    def start(self, *, empty: bool = False) -> None:
        if empty:
            for path in self.folder.rglob("*.aof*"):
                path.unlink()
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--aof-load-truncated", "yes"]
        self.process = subprocess.Popen([self.program, *options], stdout=subprocess.DEVNULL)
        wait_for(self._answers)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def cut_tail(self, size: int) -> None:
        """As a power cut does to what was not synced: the end of the newest log is gone."""
        path = max(self.folder.rglob("*.incr.aof"), key=lambda p: p.stat().st_mtime)
        os.truncate(path, max(0, path.stat().st_size - size))

    def stop(self) -> None:
        self.client.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.client.ping())
        return False


class Desk:
    """The operators' end: the store, and whatever takes messages for it."""

    def __init__(self, folder: Path, redis_server: RedisServer | None) -> None:
        self.folder, self.redis = folder, redis_server
        self.port = free_port()
        self.store: Store
        self.start()

    def start(self) -> None:
        self.store = Store(self.folder / "store.sqlite")
        if self.redis is not None:
            self._consumer = Consumer(self.redis.url, self.store, SystemClock())
            self._consumer.start()
            return
        settings = ApiSettings(site_name="x", timezone="UTC", token=TOKEN, evidence=self.folder)
        self._server = make_server(build_app(self.store, settings=settings), port=self.port)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_for(lambda: self._server.started)

    def stop(self) -> None:
        if self.redis is not None:
            self._consumer.stop()
        else:
            self._server.should_exit = True
            self._thread.join(10)
        self.store.close()

    def link(self, *, camera: str = "dock", epoch: int = 1, clock: Clock | None = None) -> Link:
        if self.redis is not None:
            return RedisLink(self.redis.url, camera_id=camera, epoch=epoch, clock=clock or SystemClock())
        return EmbeddedLink(f"http://127.0.0.1:{self.port}", TOKEN, timeout_s=5.0)

    def keys(self) -> list[str]:
        """The alerts that rules raised, in the order in which they came into the feed; repeats would show."""
        changes = self.store.feed_after(0, limit=100_000)
        return [view["alert_id"] for view in _views(changes) if not view["system"] and view["change"] == "new"]

    def system(self) -> list[str]:
        return [view["kind"] for view in _views(self.store.feed_after(0, limit=100_000)) if view["system"]]


def _views(changes):  # type: ignore[no-untyped-def]
    return [json.loads(change.data) for change in changes]


class Worker:
    """A camera's end: outbox and relay."""

    def __init__(
        self, desk: Desk, *, epoch: int, camera: str = "dock", name: str = "", clock: Clock | None = None
    ) -> None:
        clock = clock or SystemClock()
        self.outbox = Outbox(desk.folder / f"{name or camera}.sqlite", camera_id=camera, epoch=epoch, clock=clock)
        self.relay = Relay(self.outbox, desk.link(camera=camera, epoch=epoch, clock=clock), clock)

    def put(self, *keys: str, **options: object) -> None:
        for key in keys:
            self.outbox.put(make_message(key, **options))  # type: ignore[arg-type]

    def hurry(self) -> None:
        """Many puts in little time, where the test is not about the disk's own promises."""
        self.outbox._connection.execute("PRAGMA synchronous=OFF")

    def deliver(self) -> None:
        """Run the relay by hand until nothing waits."""
        until = time.monotonic() + 20.0
        while self.outbox.depth():
            assert time.monotonic() < until, f"still waiting: {self.relay.status()}"
            self.relay.run_once()

    def close(self) -> None:
        self.relay.stop(timeout_s=0.0)
        self.outbox.close()


@pytest.fixture
def redis_server(tool, tmp_path: Path) -> Iterator[RedisServer]:  # type: ignore[no-untyped-def]
    server = RedisServer(tool("redis-server"), tmp_path / "redis")
    yield server
    server.stop()


@pytest.fixture(params=["embedded", pytest.param("redis", marks=pytest.mark.redis)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    server = request.getfixturevalue("redis_server") if request.param == "redis" else None
    made = Desk(tmp_path, server)
    yield made
    with contextlib.suppress(Exception):
        made.stop()


@pytest.fixture
def make_worker(desk: Desk) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(epoch: int = 1, **options: object) -> Worker:
        made.append(Worker(desk, epoch=epoch, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@pytest.fixture
def message() -> Callable[..., Message]:
    return make_message


@pytest.fixture
def wait() -> Callable[..., None]:
    return wait_for

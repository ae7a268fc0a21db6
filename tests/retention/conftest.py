"""A store with alerts of every fate, their files, and everything else that a camera leaves behind."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.alerts.message import Message, alert_message, evidence_message
from pipeline.clock import FakeClock
from pipeline.folders import DataFolder
from pipeline.retention.keeper import Keeper
from pipeline.site.retention import RetentionConfig
from pipeline.store.store import Store
from pipeline.types import Alert, Event, Evidence, Tracks

HOUR, DAY = 3600.0, 86_400.0


class Place:
    """One data folder with its store, a clock that moves when told, and the cameras that were paused."""

    def __init__(self, root: Path) -> None:
        self.clock = FakeClock()
        self.began = self.clock.utc()
        self.data = DataFolder(root).create()
        self.store = Store(self.data.store, clock=self.clock)
        self.paused: list[str] = []
        self.keepers: list[Keeper] = []

    @contextlib.contextmanager
    def pause(self, camera_id: str) -> Iterator[None]:
        self.paused.append(camera_id)
        yield

    def keeper(self, **config: Any) -> Keeper:
        made = Keeper(
            self.store, self.data, RetentionConfig(**config), pause=self.pause, clock=self.clock, reserve_bytes=0
        )
        self.keepers.append(made)
        return made

    def message(self, key: str, *, camera: str = "dock", change: str = "start", **event: Any) -> Message:
        utc = event.pop("utc", self.clock.utc())
        happened = Event(
            kind="loitering", state=change, rule_id="bay-loiter", rule_version="v1", camera_id=camera, run_id=1,
            track_ids=(7,), zone_id="bay", since_utc=utc - 120, utc=utc, pts=120.0, score=0.9,
            why={"dwell_s": 121.0}, key=key, **event,
        )  # fmt: skip
        alert = Alert(
            alert_id=key, incident_id=f"i-{key}", severity="medium", state="new", trial=False, detector="motion",
            event=happened,
        )  # fmt: skip
        return alert_message(alert, raised_utc=self.clock.utc())

    def alert(self, key: str, *, size: int = 1000, camera: str = "dock", resolved: str | None = None) -> Path:
        """An alert with a clip of `size` bytes, resolved or not; its clip's path."""
        self.store.ingest([self.message(key, camera=camera)])
        item = self.file(key, size=size)
        self.store.ingest(
            [evidence_message(alert_id=key, camera_id=camera, evidence=item, raised_utc=self.clock.utc())]
        )
        if resolved is not None:
            self.store.resolve(key, actor="ann", disposition=resolved)  # type: ignore[arg-type]
        return self.data.evidence / item.path

    def file(self, key: str, *, size: int = 1000) -> Evidence:
        path = f"{key[:2]}/{key}/clip.mp4"
        data = (key.encode() * size)[:size]
        (self.data.evidence / path).parent.mkdir(parents=True, exist_ok=True)
        (self.data.evidence / path).write_bytes(data)
        return Evidence(kind="clip", path=path, sha256=hashlib.sha256(data).hexdigest(), media_type="video/mp4")

    def system(self) -> list[tuple[str, bool]]:
        """System alerts by kind, and whether they are over."""
        return [(a["kind"], a["ended_utc"] is not None) for a in self.store.alerts().items if a["system"]]


def tracks(utc: float, camera: str = "dock") -> Tracks:
    return Tracks(
        camera_id=camera, run_id=1, pts=utc, utc=utc, aspect=1.5, track_id=np.array([1]),
        xyxy=np.array([[0.1, 0.1, 0.2, 0.3]], np.float32), score=np.array([0.9], np.float32),
        class_id=np.array([0], np.int32), observed=np.array([True]),
    )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "data")
    yield made
    for keeper in made.keepers:
        keeper.stop()
    made.store.close()


@pytest.fixture
def frame() -> Callable[..., Tracks]:
    return tracks

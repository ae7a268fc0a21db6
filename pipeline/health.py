"""Is this Nightjar well: what a monitor, the heartbeat and the page are told, in one place.

It asks for real: a row of the store, the age of each worker's last word, the room on the disk. So a process that hangs
answers late or not at all, which a monitor takes for what it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.clock import Clock
from pipeline.store.store import Store
from pipeline.types import CameraStatus

SEEING = frozenset({"running", "ended", "starting"})
SILENT_S = 30.0
"""A camera's worker reports twice a second; the supervisor kills one that is silent for as long as this."""
LAG_S = 60.0
"""An alert that waits for longer is a queue that does not move."""
LOW_DISK = 0.03
LOW_DISK_BYTES = 512 << 20


class Workers(Protocol):
    """The part of `Control` that tells how cameras are doing."""

    def status(self) -> list[CameraStatus]: ...

    def numbers(self, camera_id: str) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`causes` says in words what is dead; `degraded` what works with less: an unguarded zone is an alert of its own,
    and alerts reach the page whatever a sink does."""

    store: str
    queue: str
    disk: str
    cameras: dict[str, str]
    blind: list[str]
    unguarded: list[str]
    sinks: list[str]
    causes: list[str]
    degraded: list[str]
    utc: float

    @property
    def ok(self) -> bool:
        return not self.causes

    def view(self) -> dict[str, Any]:
        return {
            "ok": self.ok, "store": self.store, "queue": self.queue, "disk": self.disk, "cameras": self.cameras,
            "blind": self.blind, "unguarded": self.unguarded, "sinks": self.sinks, "causes": self.causes,
            "degraded": self.degraded, "utc": self.utc,
        }  # fmt: skip


class HealthCheck:
    """Looks when asked. `queue` gives the broker's trouble in words or None; `failing_sinks` their names; `folder` is
    where the state lies."""

    def __init__(
        self,
        store: Store,
        workers: Workers,
        *,
        clock: Clock,
        folder: Path | None = None,
        queue: Callable[[], str | None] = lambda: None,
        failing_sinks: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._store, self._workers, self._clock, self._folder = store, workers, clock, folder
        self._queue, self._failing_sinks = queue, failing_sinks

    def __call__(self) -> Health:
        statuses = self._workers.status()
        now = self._clock.utc()
        blind = sorted(s.camera_id for s in statuses if s.state not in SEEING or _silent(s, now))
        unguarded = sorted(s.camera_id for s in statuses if s.camera_id not in blind and "unguarded" in (s.error or ""))
        store, queue, disk = self._ask_store(), self._ask_queue(statuses), self._ask_disk()
        failing = sorted(self._failing_sinks())
        parts = (("store", store), ("queue", queue), ("disk", disk))
        causes = [f"{name}: {state}" for name, state in parts if state != "ok"]
        causes += [f"camera {name} is blind" for name in blind]
        degraded = [f"camera {name} is unguarded" for name in unguarded]
        degraded += [f"sink {name} does not work" for name in failing]
        return Health(
            store=store, queue=queue, disk=disk, cameras={s.camera_id: s.state for s in statuses}, blind=blind,
            unguarded=unguarded, sinks=failing, causes=causes,
            degraded=degraded, utc=now,
        )  # fmt: skip

    def _ask_store(self) -> str:
        try:
            self._store.feed_seq()
        except Exception as error:  # noqa: BLE001 - a monitor asks: the answer is no, not a fault
            return type(error).__name__
        return "ok"

    def _ask_queue(self, statuses: Sequence[CameraStatus]) -> str:
        trouble = self._queue()
        if trouble is not None:
            return trouble
        late = [s.camera_id for s in statuses if self._workers.numbers(s.camera_id).get("outbox_lag_s", 0.0) > LAG_S]
        return f"alerts of {', '.join(late)} wait for over {LAG_S:g} s" if late else "ok"

    def _ask_disk(self) -> str:
        if self._folder is None:
            return "ok"
        try:
            room = shutil.disk_usage(self._folder)
        except OSError as error:
            return error.strerror or type(error).__name__
        low = room.free < min(LOW_DISK * room.total, LOW_DISK_BYTES)
        return f"{room.free >> 20} MiB free of {room.total >> 20}" if low else "ok"


def _silent(status: CameraStatus, now: float) -> bool:
    return status.state == "running" and status.utc > 0 and now - status.utc > SILENT_S

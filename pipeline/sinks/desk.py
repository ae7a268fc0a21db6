"""All sinks of a site: started and stopped together, each in a thread of its own, and asked about in one place."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from pipeline.clock import Clock
from pipeline.sinks.mqtt import Mqtt
from pipeline.sinks.runner import Outlet, SinkRunner, SinkStatus
from pipeline.store.deliveries import Delivery, DeliveryBook
from pipeline.store.store import Store


class Sinks:
    """The runners of `outlets` over one store."""

    def __init__(self, outlets: Sequence[Outlet], store: Store, *, site: str, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._book = DeliveryBook(store)
        self._seq = store.feed_seq()
        self._seq_lock = threading.Lock()
        self._running = False
        self.runners = self._made(outlets, site)

    def start(self) -> None:
        self._running = True
        self._store.on_change(self._changed)
        for runner in self.runners.values():
            runner.start()

    def stop(self) -> None:
        for runner in self.runners.values():
            runner.stop(timeout_s=0.0)
        for runner in self.runners.values():
            runner.stop()

    def change(self, outlets: Sequence[Outlet], *, site: str) -> None:
        """Go on with other sinks; what is not settled is read from the feed again."""
        self.stop()
        self.runners = self._made(outlets, site)
        if self._running:
            for runner in self.runners.values():
                runner.start()

    def _made(self, outlets: Sequence[Outlet], site: str) -> dict[str, SinkRunner]:
        self._book.leave([outlet.name for outlet in outlets], utc=self._clock.utc())
        return {
            outlet.name: SinkRunner(
                outlet, self._book, site=site, feed_after=self._store.feed_after, last_seq=self.last_seq,
                clock=self._clock, tell=self._tell,
            )
            for outlet in outlets
        }  # fmt: skip

    def last_seq(self) -> int:
        """The newest change of the feed, as far as was heard."""
        return self._seq

    def status(self) -> list[SinkStatus]:
        """One status a sink, in the order of the site file."""
        return [runner.status() for runner in self.runners.values()]

    def view(self) -> list[dict[str, Any]]:
        """Statuses with how many were delivered and how many are dead letters, since ever."""
        totals = self._book.totals()
        return [
            asdict(status) | {state: totals.get(status.name, {}).get(state, 0) for state in ("delivered", "dead")}
            for status in self.status()
        ]

    def dead(self, name: str) -> list[Delivery]:
        """Raises KeyError where there is no such sink."""
        return self._book.dead(self.runners[name].outlet.name)

    def retry(self, name: str, *, actor: str) -> int:
        """Send a sink's dead letters again; how many. Raises KeyError where there is no such sink."""
        runner = self.runners[name]
        count = self._book.retry(name, actor=actor, utc=self._clock.utc())
        runner.look_back()
        return count

    def deliveries(self, alert_id: str) -> list[dict[str, Any]]:
        """To whom an alert's changes were or are going to be sent, in the order of the feed."""
        fresh = [row for runner in self.runners.values() for row in runner.outcomes() if row.alert_id == alert_id]
        rows = {(row.feed_seq, row.sink): asdict(row) for row in (*self._book.of_alert(alert_id), *fresh)}
        for change in self._book.changes_of(alert_id):
            for name, runner in self.runners.items():
                notice = runner.expects(change)
                if notice is not None and (change.feed_seq, name) not in rows:
                    rows[change.feed_seq, name] = _expected(
                        name, notice.notice_id, notice.told, change.feed_seq, notice
                    )
        return [rows[key] for key in sorted(rows)]

    def broker(self, name: str) -> Mqtt | None:
        """The MQTT sink of that name, for those who publish a word beside the alerts."""
        runner = self.runners.get(name)
        return runner.outlet.sink if runner is not None and isinstance(runner.outlet.sink, Mqtt) else None

    def _changed(self) -> None:
        seq = self._store.feed_seq()
        with self._seq_lock:
            self._seq = max(self._seq, seq)
        for runner in self.runners.values():
            runner.wake()

    def _tell(self, code: str, change: Literal["start", "end"], since_utc: float, why: Mapping[str, Any]) -> None:
        self._store.raise_system(code=code, since_utc=since_utc, change=change, **why)


def _expected(sink: str, notice_id: str, told: str, feed_seq: int, notice: Any) -> dict[str, Any]:
    return {
        "sink": sink, "feed_seq": feed_seq, "notice_id": notice_id, "alert_id": notice.alert_id, "told": told,
        "state": "waiting", "attempts": 0, "first_utc": notice.utc, "utc": notice.utc, "remark": "",
    }  # fmt: skip

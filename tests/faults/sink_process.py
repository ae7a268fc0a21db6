"""The operators' end with one sink, in a process of its own, which may be killed at any moment.

`sink_process.py FOLDER COUNT`: brings alerts into the store until there are COUNT, has a sink append each notice's id to
`sent`, and ends when all are settled. The same call again goes on from what is on disk.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.alerts.message import alert_message
from pipeline.sinks.desk import Sinks
from pipeline.sinks.notice import TOLD, Notice
from pipeline.sinks.routing import Route
from pipeline.sinks.runner import Outlet
from pipeline.store.store import Store
from pipeline.types import Alert, Event


class File:
    """A sink that is a file: what is in it has arrived."""

    most = 1

    def __init__(self, path: Path) -> None:
        self._out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def send(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            os.write(self._out, f"{notice.notice_id} {notice.alert_id}\n".encode())

    def tend(self) -> bool:
        return True

    def close(self) -> None:
        os.close(self._out)


def main() -> int:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    store = Store(folder / "store.sqlite")
    outlet = Outlet(name="file", kind="webhook", sink=File(folder / "sent"), route=Route(TOLD), target="file")
    sinks = Sinks([outlet], store, site="faults", clock=store.clock)
    sinks.start()
    for n in range(count):
        store.ingest([alert_message(alert(n), raised_utc=store.clock.utc())])
        time.sleep(0.005)
    while sinks.status()[0].waiting or sinks.status()[0].behind:
        time.sleep(0.01)
    sinks.stop()
    store.close()
    return 0


def alert(n: int) -> Alert:
    event = Event(
        kind="line_crossing", state="start", rule_id="gate", rule_version="v1", camera_id="dock", run_id=1,
        track_ids=(n,), zone_id="gate", since_utc=float(n), utc=float(n), pts=float(n), score=1.0,
        why={"direction": "left"}, key=f"dock-{n:04d}",
    )  # fmt: skip
    return Alert(
        alert_id=event.key, incident_id=f"incident-{n}", severity="low", state="new", trial=False, detector="motion",
        event=event, subject="movement",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

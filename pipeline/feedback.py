"""How alerts ended, for the cameras that learn usual routes: what was real is never learned from.

The API's process, which owns the store, replaces one small file; each camera's learner reads it before it learns from
anybody whom an alert was about.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import sqlalchemy as sa

from pipeline.site import Site
from pipeline.site.rules import UnusualRoute
from pipeline.store.schema import alerts
from pipeline.store.store import Store
from pipeline.verdicts import write_verdicts

log = logging.getLogger(__name__)

BACK_S = 14 * 86_400.0
"""Alerts of so long ago are still told of: twice as long as a learner waits, for a camera that was off meanwhile."""
PAUSE_S = 10.0
"""Between two replacements of the file."""


class Feedback:
    """Keeps the file up to date while it runs; a site without learned routes needs none."""

    def __init__(self, store: Store, site: Site, *, path: Path) -> None:
        self._store, self._path = store, path
        self._cameras = tuple(
            camera_id for camera_id, config in site.cameras.items()
            if any(isinstance(rule, UnusualRoute) and rule.learned for rule in config.rules)
        )  # fmt: skip
        self._changed, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._written: dict[str, bool] | None = None

    def start(self) -> None:
        if not self._cameras or self._thread is not None:
            return
        self._store.on_change(self._changed.set)
        self._changed.set()
        self._thread = threading.Thread(target=self._run, name="feedback", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._store.off_change(self._changed.set)
        self._stopping.set()
        self._changed.set()
        self._thread.join()
        self._thread = None

    def tell(self) -> None:
        """Write the file where something is new. Where the disk refuses, the next change tries again."""
        found = self._resolved()
        if found == self._written:
            return
        try:
            write_verdicts(self._path, found)
        except OSError as error:
            log.warning("cameras cannot be told how alerts ended: %s", error.strerror)
            return
        self._written = found

    def _run(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            try:
                self.tell()
            except Exception:  # a thread's edge: an alert that ended as real may be learned from
                log.exception("cameras cannot be told how alerts ended")
            if self._stopping.wait(PAUSE_S):
                return

    def _resolved(self) -> dict[str, bool]:
        since = self._store.clock.utc() - BACK_S
        query = sa.select(alerts.c.event_key, alerts.c.disposition).where(
            alerts.c.utc >= since, alerts.c.state == "resolved", alerts.c.camera_id.in_(self._cameras)
        )
        found: dict[str, bool] = {}
        with self._store.changing() as connection:
            for key, disposition in connection.execute(query):
                found[key] = found.get(key, False) or disposition == "real"
        return found

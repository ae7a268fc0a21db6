"""The operators' store: one SQLite file, owned by the API's process through one connection.

Whatever is taken or changed is on disk when the call returns. Listeners hear of it after the commit.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from pipeline.alerts import sqlite
from pipeline.alerts.message import AlertBody, Envelope, Message, Receipt, StatusBody, system_message
from pipeline.clock import Clock, SystemClock
from pipeline.errors import StoreError
from pipeline.failpoint import failpoint
from pipeline.store import audit, by_hand, feed, intake, migrate, queries
from pipeline.store.desk import Desk
from pipeline.store.desk_rules import DeskRules
from pipeline.store.schema import cameras, epochs
from pipeline.store.views import alert_views, incident_views
from pipeline.types import Severity

log = logging.getLogger(__name__)


class Store(Desk):
    """Raises, when opened:
    StoreError: another process owns the file, a newer program wrote it, or SQLite refuses the safe settings.
    """

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self.path = path
        self.put_aside: Path | None = None
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        self._watchers: list[Callable[[intake.Taken], None]] = []
        self._statuses: dict[str, StatusBody] = {}
        self.desk_rules = DeskRules()
        self._owner = sqlite.OwnerLock(path)
        try:
            self._open()
        except BaseException:
            self._owner.release()
            raise

    @property
    def clock(self) -> Clock:
        return self._clock

    def changing(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """One transaction on the one connection, for what lies in modules of its own (exports, retention).

        Raises:
            StoreError: the disk or the file refuses; nothing was changed.
        """
        return self._transaction()

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._engine.dispose()
            self._owner.release()

    # -- taking messages ------------------------------------------------------------------------------------------

    def ingest(self, batch: Sequence[Envelope | Message]) -> Receipt:
        """Take messages in one transaction; the receipt names what is on disk now.

        Raises:
            StoreError: the disk refuses; nothing of the batch was taken.
        """
        envelopes = [e if isinstance(e, Envelope) else Envelope(e.message_id, e.text()) for e in batch]
        with self._transaction() as connection:
            taken = intake.take(connection, envelopes, utc=self._clock.utc(), rules=self.desk_rules)
            self._keep(connection, taken.statuses)
            failpoint("store.before_commit")
        failpoint("store.after_commit")
        for watcher in self._watchers:
            watcher(taken)
        if taken.alerts or taken.committed:
            self._tell()
        return taken.receipt()

    def new_epoch(self, camera_id: str) -> int:
        """The number for a new start of a camera's worker; older ones are refused from now on."""
        with self._transaction() as connection:
            current = connection.scalar(sa.select(epochs.c.epoch).where(epochs.c.camera_id == camera_id))
            epoch = int(current or 0) + 1
            intake.remember_epoch(connection, camera_id, epoch, self._clock.utc())
        return epoch

    def raise_system(
        self,
        *,
        code: str,
        since_utc: float,
        change: Any = "start",
        camera_id: str = intake.NO_CAMERA,
        severity: Severity = "high",
        **why: Any,
    ) -> None:
        """A system alert from this process itself. The same episode is shown once, however often it is raised."""
        now = self._clock.utc()
        message = system_message(
            camera_id=camera_id, code=code, change=change, since_utc=since_utc, utc=now, raised_utc=now,
            severity=severity, why=why,
        )  # fmt: skip
        with self._transaction() as connection:
            epoch = connection.scalar(sa.select(epochs.c.epoch).where(epochs.c.camera_id == camera_id))
        self.ingest([message.model_copy(update={"epoch": int(epoch or 0)})])

    def raise_by_hand(
        self, *, camera_id: str, zone_id: str | None, severity: Severity, note: str, actor: str
    ) -> dict[str, Any]:
        """An alert that a person raises; audited, as nothing else says who it was."""
        now = self._clock.utc()
        with self._transaction() as connection:
            epoch = connection.scalar(sa.select(epochs.c.epoch).where(epochs.c.camera_id == camera_id))
        made = by_hand.message(
            camera_id=camera_id, zone_id=zone_id, severity=severity, note=note, utc=now, epoch=int(epoch or 0),
            actor=actor,
        )  # fmt: skip
        assert isinstance(made.body, AlertBody)
        alert_id = made.body.alert_id
        self.ingest([made])
        with self._transaction() as connection:
            audit.record(
                connection, utc=now, actor=actor, action="raise", target=f"alert/{alert_id}", detail={"note": note}
            )
            return alert_views(connection, [alert_id])[0]

    def dead_letter(self, envelope: Envelope, *, reason: str) -> None:
        """Bury a message that keeps failing on its way here, with a system alert."""
        with self._transaction() as connection:
            intake.bury_poison(connection, envelope, reason, self._clock.utc(), intake.Taken(rules=self.desk_rules))
        self._tell()

    # -- questions ------------------------------------------------------------------------------------------------

    def alerts(
        self, wanted: queries.AlertFilter | None = None, *, limit: int = 100, cursor: str | None = None
    ) -> queries.Page:
        with self._transaction() as connection:
            return queries.alert_page(connection, wanted or queries.AlertFilter(), limit=limit, cursor=cursor)

    def alert(self, alert_id: str) -> dict[str, Any] | None:
        with self._transaction() as connection:
            return next(iter(alert_views(connection, [alert_id])), None)

    def incidents(
        self,
        *,
        states: Sequence[str] = (),
        trial: str = "exclude",
        limit: int = 100,
        cursor: str | None = None,
        only: Collection[str] | None = None,
    ) -> queries.Page:
        """`only` limits them to these cameras; None means all, nothing means none."""
        with self._transaction() as connection:
            return queries.incident_page(connection, states=states, trial=trial, limit=limit, cursor=cursor, only=only)

    def incident(self, incident_id: str) -> dict[str, Any] | None:
        """An incident with its alerts, oldest first."""
        with self._transaction() as connection:
            found = incident_views(connection, [incident_id])
            return found[0] | {"alerts": queries.incident_alerts(connection, incident_id)} if found else None

    def evidence(self, evidence_id: str) -> dict[str, Any] | None:
        """One file's row, with its path inside the evidence folder and the camera of its alert."""
        with self._transaction() as connection:
            return queries.evidence_row(connection, evidence_id)

    def feed_after(self, seq: int, *, limit: int = 500) -> list[feed.Change]:
        with self._transaction() as connection:
            return feed.changes_after(connection, seq, limit=limit)

    def feed_seq(self) -> int:
        with self._transaction() as connection:
            return feed.last_seq(connection)

    def counts(self) -> dict[str, int]:
        with self._transaction() as connection:
            return queries.counts(connection)

    def statuses(self) -> dict[str, StatusBody]:
        """The latest status of each camera that sent one over the link."""
        with self._lock:
            return dict(self._statuses)

    # -- listeners ------------------------------------------------------------------------------------------------

    def on_change(self, listener: Callable[[], None]) -> None:
        """Called, in the thread that made it, after each commit of something visible."""
        self._listeners.append(listener)

    def on_taken(self, watcher: Callable[[intake.Taken], None]) -> None:
        """Called after each committed batch, for the metrics."""
        self._watchers.append(watcher)

    def off_change(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    # -- the file -------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        fresh = not self.path.exists()
        if not fresh:
            self._check()
        self._engine = sa.create_engine(
            "sqlite+pysqlite://", creator=lambda: sqlite.connect(self.path), poolclass=StaticPool
        )
        sa.event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        self._connection = self._engine.connect()
        with self._transaction() as connection:
            found = migrate.revision(connection)
            if found != migrate.newest():
                if found is not None:
                    shutil.copy2(self.path, self.path.with_name(f"{self.path.name}.before-{migrate.newest()}"))
                migrate.upgrade(connection, path=self.path)
            for row in connection.execute(sa.select(cameras)):
                self._statuses[row.camera_id] = StatusBody.model_validate_json(row.status)
        if self.put_aside is not None:
            log.error("%s was damaged and is kept as %s; a new store was begun", self.path, self.put_aside.name)
            self.raise_system(code="store_damaged", since_utc=self._clock.utc(), file=self.put_aside.name)

    def _check(self) -> None:
        """Put a damaged file aside; `put_aside` and a system alert say so, as an empty store alone would not."""
        try:
            connection = sqlite.connect(self.path)
            with contextlib.closing(connection):
                sound = self.path.stat().st_size > 0 and sqlite.healthy(connection)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise StoreError(f"{self.path}: {error}") from None
            sound = False
        if not sound:
            self.put_aside = sqlite.set_aside(self.path, utc=self._clock.utc())

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        """The one connection, for one thread, in one transaction.

        Raises:
            StoreError: the disk or the file refuses; nothing was changed.
        """
        try:
            with self._lock, self._connection.begin():
                yield self._connection
        except sa.exc.DBAPIError as error:
            raise StoreError(f"{self.path}: {error.orig}") from None

    def _keep(self, connection: sa.Connection, statuses: dict[str, StatusBody]) -> None:
        for camera_id, status in statuses.items():
            known = self._statuses.get(camera_id)
            self._statuses[camera_id] = status
            if known is None or known.state != status.state:
                intake.remember_status(connection, camera_id, status, utc=self._clock.utc())

    def tell(self) -> None:
        """Call the listeners, after a commit made through `changing`."""
        self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


def new_token() -> str:
    """A secret for one start of the API, which its workers are given."""
    return secrets.token_urlsafe(32)

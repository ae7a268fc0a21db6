"""All that the store knows of one alert, for an export: the alert, its files with their digests, who did what."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from pipeline.errors import StoreError
from pipeline.store import migrate
from pipeline.store.life import Unknown
from pipeline.store.schema import alerts, audit, evidence
from pipeline.store.views import alert_views


@dataclass(frozen=True, slots=True)
class Dossier:
    """`alert` as the API shows it; `files` rows of the evidence table; `custody` audit rows about the alert."""

    alert: dict[str, Any]
    files: list[dict[str, Any]]
    custody: list[dict[str, Any]]


def read_dossier(connection: sa.Connection, alert_id: str) -> Dossier:
    """Raises Unknown: no such alert."""
    view = next(iter(alert_views(connection, [alert_id])), None)
    if view is None:
        raise Unknown(f"no alert {alert_id[:80]!r}")
    key = connection.scalar(sa.select(alerts.c.event_key).where(alerts.c.alert_id == alert_id))
    owners = [alert_id] if any(_rows(connection, [alert_id])) else [str(key)]
    trace = sa.select(audit).where(audit.c.target == f"alert/{alert_id}").order_by(audit.c.id)
    custody = [dict(row._mapping) | {"detail": json.loads(row.detail)} for row in connection.execute(trace)]
    return Dossier(view, _rows(connection, owners), custody)


@contextlib.contextmanager
def reader(path: Path) -> Iterator[sa.Connection]:
    """Read a store that another process owns; with a rollback journal that is safe in every version of SQLite.

    Raises:
        StoreError: it is absent, damaged, or of another version.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no store here")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0, check_same_thread=False)

    engine = sa.create_engine("sqlite+pysqlite://", creator=connect, poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            found = migrate.revision(connection)
            if found != migrate.newest():
                raise StoreError(f"{path} has schema {found}; this program reads {migrate.newest()}")
            yield connection
    except sa.exc.DBAPIError as error:
        raise StoreError(f"{path}: {error.orig}") from None
    finally:
        engine.dispose()


def _rows(connection: sa.Connection, owners: list[str]) -> list[dict[str, Any]]:
    query = sa.select(evidence).where(evidence.c.alert_id.in_(owners)).order_by(evidence.c.kind, evidence.c.path)
    return [dict(row._mapping) for row in connection.execute(query)]

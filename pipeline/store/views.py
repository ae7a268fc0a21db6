"""Rows as the API shows them: plain dicts of JSON values. Times are seconds since the epoch, UTC."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.store.prepared import Prepared
from pipeline.store.schema import alerts, evidence, incidents

HIDDEN = ("event_key", "part", "due_utc", "called_utc")
FLAGS = ("system", "trial", "grouped")

ONE = Prepared(sa.select(alerts).where(alerts.c.alert_id == sa.bindparam("alert_id")))
FILES = Prepared(
    sa.select(evidence)
    .where(sa.or_(evidence.c.alert_id == sa.bindparam("alert_id"), evidence.c.alert_id == sa.bindparam("event_key")))
    .order_by(evidence.c.stored_utc)
)


def alert_view(connection: sa.Connection, alert_id: str) -> dict[str, Any] | None:
    """One alert with its evidence, or None."""
    row = ONE.row(connection, alert_id=alert_id)
    if row is None:
        return None
    return _alert(row, _by_alert(FILES.run(connection, alert_id=alert_id, event_key=row.event_key)))


def alert_views(connection: sa.Connection, alert_ids: Sequence[str]) -> list[dict[str, Any]]:
    """These alerts with their evidence, in the order asked for; unknown ids are left out."""
    rows = {row.alert_id: row for row in connection.execute(sa.select(alerts).where(alerts.c.alert_id.in_(alert_ids)))}
    files = _evidence(connection, [*rows, *(row.event_key for row in rows.values())])
    return [_alert(rows[i], files) for i in dict.fromkeys(alert_ids) if i in rows]


def _alert(row: sa.Row[Any], files: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    view = {key: value for key, value in row._mapping.items() if key not in HIDDEN}
    view |= {name: bool(view[name]) for name in FLAGS}
    view["why"] = json.loads(row.why)
    view["track_ids"] = json.loads(row.track_ids)
    view["continues"] = None if row.part == 0 else row.event_key
    view["evidence"] = files.get(row.alert_id) or files.get(row.event_key, [])
    return view


def _evidence(connection: sa.Connection, alert_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    query = sa.select(evidence).where(evidence.c.alert_id.in_(alert_ids)).order_by(evidence.c.stored_utc)
    return _by_alert(connection.execute(query))


def _by_alert(rows: Iterable[sa.Row[Any]]) -> dict[str, list[dict[str, Any]]]:
    files: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        item = {"evidence_id": row.evidence_id, "kind": row.kind, "media_type": row.media_type, "sha256": row.sha256,
                "start_utc": row.start_utc}  # fmt: skip
        files.setdefault(row.alert_id, []).append(item)
    return files


def incident_view(row: sa.Row[Any]) -> dict[str, Any]:
    """An incident without its alerts; `continues` names the resolved part it follows."""
    view = {key: value for key, value in row._mapping.items() if key not in ("origin_id", "part")}
    view["continues"] = None if row.part == 0 else row.origin_id
    return view


def incident_views(connection: sa.Connection, incident_ids: Sequence[str]) -> list[dict[str, Any]]:
    """These incidents, in the order asked for; unknown ids are left out."""
    query = sa.select(incidents).where(incidents.c.incident_id.in_(incident_ids))
    rows = {row.incident_id: row for row in connection.execute(query)}
    return [incident_view(rows[i]) for i in dict.fromkeys(incident_ids) if i in rows]

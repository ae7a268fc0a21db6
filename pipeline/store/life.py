"""What operators do to an alert: acknowledge and resolve. Each change is audited and shows in the feed."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from pipeline.store import audit, incidents
from pipeline.store.feed import publish
from pipeline.store.schema import alerts
from pipeline.store.views import alert_views

Disposition = Literal["real", "authorised", "no_person", "nuisance", "test", "could_not_verify"]


class Unknown(LookupError):  # noqa: N818
    """No such alert or incident."""


class Conflict(ValueError):  # noqa: N818
    """Somebody else was first; the message says who and when it was."""


def acknowledge(connection: sa.Connection, alert_id: str, *, actor: str, utc: float) -> dict[str, Any]:
    """Take note of an alert. Doing it again changes nothing; exactly one person has done it.

    Raises:
        Unknown: no such alert.
        Conflict: another person acknowledged it, or it is resolved.
    """
    row = _row(connection, alert_id)
    if row.state == "acknowledged" and row.acknowledged_by == actor:
        return alert_views(connection, [alert_id])[0]
    if row.state != "new":
        raise Conflict(_by(row))
    values = {"state": "acknowledged", "acknowledged_by": actor, "acknowledged_utc": utc}
    return _set(connection, row, values, change="acknowledged", actor=actor, utc=utc)


def resolve(
    connection: sa.Connection, alert_id: str, *, actor: str, disposition: Disposition, note: str, utc: float
) -> dict[str, Any]:
    """Say how an alert ended; an alert that nobody had acknowledged counts as acknowledged with it.

    Raises:
        Unknown: no such alert.
        Conflict: it is resolved otherwise, or by another person.
    """
    row = _row(connection, alert_id)
    if row.state == "resolved":
        if (row.resolved_by, row.disposition, row.note) == (actor, disposition, note):
            return alert_views(connection, [alert_id])[0]
        raise Conflict(_by(row))
    values = {
        "state": "resolved", "resolved_by": actor, "resolved_utc": utc, "disposition": disposition, "note": note,
        "acknowledged_by": row.acknowledged_by or actor, "acknowledged_utc": row.acknowledged_utc or utc,
    }  # fmt: skip
    return _set(connection, row, values, change="resolved", actor=actor, utc=utc)


def open_alerts(connection: sa.Connection, incident_id: str, *, states: tuple[str, ...]) -> list[str]:
    """The ids of an incident's alerts in these states, oldest first.

    Raises:
        Unknown: no such incident.
    """
    query = sa.select(alerts.c.alert_id, alerts.c.state).where(alerts.c.incident_id == incident_id)
    rows = connection.execute(query.order_by(alerts.c.utc)).all()
    if not rows:
        raise Unknown(f"no incident {incident_id!r}")
    return [row.alert_id for row in rows if row.state in states]


def _set(
    connection: sa.Connection, row: sa.Row[Any], values: dict[str, Any], *, change: str, actor: str, utc: float
) -> dict[str, Any]:
    connection.execute(sa.update(alerts).where(alerts.c.alert_id == row.alert_id).values(values | {"updated_utc": utc}))
    incidents.refresh(connection, row.incident_id, utc=utc)
    detail = {key: value for key, value in values.items() if key in ("disposition", "note")}
    audit.record(connection, utc=utc, actor=actor, action=change, target=f"alert/{row.alert_id}", detail=detail)
    publish(connection, row.alert_id, change=change, utc=utc, announce=False)
    return alert_views(connection, [row.alert_id])[0]


def _row(connection: sa.Connection, alert_id: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(alerts).where(alerts.c.alert_id == alert_id)).first()
    if row is None:
        raise Unknown(f"no alert {alert_id!r}")
    return row


def _by(row: sa.Row[Any]) -> str:
    if row.state == "resolved":
        return f"already resolved as {row.disposition} by {row.resolved_by}"
    return f"already {row.state} by {row.acknowledged_by}"

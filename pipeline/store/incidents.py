"""Which incident an alert belongs to, and what an incident says of its alerts.

An alert joins the incident that its worker named. Where operators have resolved that one, a new part of it is opened:
a resolved incident is never opened again, and no alert is folded out of sight.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pipeline.alerts.message import digest
from pipeline.store.schema import alerts, incidents


def join(connection: sa.Connection, origin_id: str, told: dict[str, Any], *, utc: float) -> str:
    """The incident for a new alert, made where needed; `told` are the alert's own columns."""
    query = sa.select(incidents).where(incidents.c.origin_id == origin_id).order_by(incidents.c.part.desc()).limit(1)
    latest = connection.execute(query).first()
    if latest is not None and latest.state != "resolved":
        return str(latest.incident_id)
    part = 0 if latest is None else latest.part + 1
    incident_id = origin_id if part == 0 else digest("part", origin_id, str(part))
    connection.execute(
        sa.insert(incidents).values(
            incident_id=incident_id,
            origin_id=origin_id,
            part=part,
            camera_id=told["camera_id"],
            rule_id=told["rule_id"],
            zone_id=told["zone_id"],
            kind=told["kind"],
            severity=told["severity"],
            state="new",
            trial=told["trial"],
            since_utc=told["since_utc"],
            utc=told["utc"],
            updated_utc=utc,
            alert_count=0,
        )
    )
    return incident_id


def refresh(connection: sa.Connection, incident_id: str, *, utc: float) -> None:
    """Severity is the highest of its alerts, state the least handled, trial only where all of them are."""
    rows = connection.execute(
        sa.select(alerts.c.severity, alerts.c.state, alerts.c.trial, alerts.c.since_utc, alerts.c.utc).where(
            alerts.c.incident_id == incident_id
        )
    ).all()
    states = ("new", "acknowledged", "shelved", "resolved")
    values = {
        "severity": max((row.severity for row in rows), key=("low", "medium", "high").index),
        "state": min((row.state for row in rows), key=states.index),
        "trial": all(row.trial for row in rows),
        "since_utc": min(row.since_utc for row in rows),
        "utc": max(row.utc for row in rows),
        "updated_utc": utc,
        "alert_count": len(rows),
    }
    connection.execute(sa.update(incidents).where(incidents.c.incident_id == incident_id).values(values))

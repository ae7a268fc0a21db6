"""Which incident an alert belongs to, and what an incident says of its alerts.

An alert joins the incident that its worker named. Where operators have resolved that one, a new part of it is opened:
a resolved incident is never opened again, and no alert is folded out of sight.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pipeline.alerts.message import digest
from pipeline.store.prepared import Prepared, insert_into
from pipeline.store.schema import alerts, incidents

LATEST = Prepared(
    sa.select(incidents.c.incident_id, incidents.c.state, incidents.c.part)
    .where(incidents.c.origin_id == sa.bindparam("origin_id"))
    .order_by(incidents.c.part.desc())
    .limit(sa.literal_column("1"))
)
ADD = insert_into(incidents)
MEMBERS = Prepared(
    sa.select(alerts.c.severity, alerts.c.state, alerts.c.trial, alerts.c.since_utc, alerts.c.utc).where(
        alerts.c.incident_id == sa.bindparam("of")
    )
)
SUMMARY = ("severity", "state", "trial", "since_utc", "utc", "updated_utc", "alert_count")
SET = Prepared(sa.update(incidents).where(incidents.c.incident_id == sa.bindparam("of")), columns=SUMMARY)
STATES = ("new", "acknowledged", "shelved", "resolved")


def join(connection: sa.Connection, origin_id: str, told: dict[str, Any], *, utc: float) -> str:
    """The incident for a new alert, made where needed; `told` are the alert's own columns."""
    latest = LATEST.row(connection, origin_id=origin_id)
    if latest is not None and latest.state != "resolved":
        return str(latest.incident_id)
    part = 0 if latest is None else latest.part + 1
    incident_id = origin_id if part == 0 else digest("part", origin_id, str(part))
    ADD.run(
        connection, incident_id=incident_id, origin_id=origin_id, part=part, camera_id=told["camera_id"],
        rule_id=told["rule_id"], zone_id=told["zone_id"], kind=told["kind"], severity=told["severity"], state="new",
        trial=told["trial"], since_utc=told["since_utc"], utc=told["utc"], updated_utc=utc, alert_count=0,
    )  # fmt: skip
    return incident_id


def refresh(connection: sa.Connection, incident_id: str, *, utc: float) -> None:
    """Severity is the highest of its alerts, state the least handled, trial only where all of them are."""
    rows = MEMBERS.run(connection, of=incident_id).all()
    SET.run(
        connection, of=incident_id,
        severity=max((row.severity for row in rows), key=("low", "medium", "high").index),
        state=min((row.state for row in rows), key=STATES.index), trial=all(row.trial for row in rows),
        since_utc=min(row.since_utc for row in rows), utc=max(row.utc for row in rows), updated_utc=utc,
        alert_count=len(rows),
    )  # fmt: skip

"""What operators do to an alert (ISA-18.2): acknowledge, claim, hand over, resolve. Each change is audited and shows in
the feed.

Acknowledging silences. A claim says who works on it: a lease that all see, that one person holds, and that lapses where
nothing is done. While somebody holds it, nobody else can resolve it.
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from pipeline.store import audit, incidents
from pipeline.store.desk_rules import NO_DEMANDS, Demands
from pipeline.store.faults import Conflict, Forbidden, Unknown
from pipeline.store.feed import publish
from pipeline.store.procedures import missing
from pipeline.store.schema import alerts
from pipeline.store.views import alert_views

__all__ = [
    "NO_DEMANDS", "Conflict", "Demands", "Disposition", "Forbidden", "Unknown", "acknowledge", "claim", "hand_over",
    "keep", "open_alerts", "release", "resolve", "same_place",
]  # fmt: skip

Disposition = Literal["real", "authorised", "no_person", "nuisance", "test", "could_not_verify"]
_FREE = {"claimed_by": None, "claimed_utc": None, "claim_until_utc": None}


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
    values = {"state": "acknowledged", "acknowledged_by": actor, "acknowledged_utc": utc, "due_utc": None}
    return _set(connection, row, values, change="acknowledged", actor=actor, utc=utc)


def claim(connection: sa.Connection, alert_id: str, *, actor: str, utc: float, for_s: float) -> dict[str, Any]:
    """Work on an alert, which acknowledges it. Claiming one's own again makes the lease last from now.

    Raises:
        Unknown: no such alert.
        Conflict: another person holds it, or it is resolved or shelved.
    """
    row = _row(connection, alert_id)
    if row.state in ("resolved", "shelved"):
        raise Conflict(_by(row))
    _not_anothers(row, actor=actor, utc=utc)
    values = {
        "state": "acknowledged", "acknowledged_by": row.acknowledged_by or actor,
        "acknowledged_utc": row.acknowledged_utc or utc, "claimed_by": actor,
        "claimed_utc": row.claimed_utc if row.claimed_by == actor else utc, "claim_until_utc": utc + for_s,
        "due_utc": utc + for_s,
    }  # fmt: skip
    if row.claimed_by == actor:
        connection.execute(sa.update(alerts).where(alerts.c.alert_id == alert_id).values(values))
        publish(connection, alert_id, change="kept", utc=utc)
        return alert_views(connection, [alert_id])[0]
    return _set(connection, row, values, change="claimed", actor=actor, utc=utc)


def release(connection: sa.Connection, alert_id: str, *, actor: str, utc: float) -> dict[str, Any]:
    """Let go of an alert; it stays acknowledged, and others may claim it. What nobody holds is left as it is.

    Raises:
        Unknown: no such alert.
        Conflict: another person holds it.
    """
    row = _row(connection, alert_id)
    _not_anothers(row, actor=actor, utc=utc)
    if row.claimed_by is None:
        return alert_views(connection, [alert_id])[0]
    return _set(connection, row, _FREE | {"due_utc": None}, change="released", actor=actor, utc=utc)


def keep(connection: sa.Connection, incident_id: str, *, actor: str, utc: float, for_s: float) -> None:
    """Somebody did something about an incident: what they hold of it is theirs from now on for as long again."""
    mine = (alerts.c.incident_id == incident_id) & (alerts.c.claimed_by == actor) & (alerts.c.state != "resolved")
    connection.execute(sa.update(alerts).where(mine).values(claim_until_utc=utc + for_s, due_utc=utc + for_s))


def hand_over(
    connection: sa.Connection, alert_id: str, *, actor: str, to: str, note: str, utc: float, for_s: float
) -> dict[str, Any]:
    """Give a claim to another person, who holds it from now on and is called.

    Raises:
        Unknown: no such alert.
        Conflict: a third person holds it, or it is resolved or shelved.
    """
    row = _row(connection, alert_id)
    if row.state in ("resolved", "shelved"):
        raise Conflict(_by(row))
    _not_anothers(row, actor=actor, utc=utc)
    values = {
        "state": "acknowledged", "acknowledged_by": row.acknowledged_by or actor,
        "acknowledged_utc": row.acknowledged_utc or utc, "claimed_by": to, "claimed_utc": utc,
        "claim_until_utc": utc + for_s, "due_utc": utc + for_s,
    }  # fmt: skip
    detail = {"to": to, "note": note}
    return _set(connection, row, values, change="handed_over", actor=actor, utc=utc, detail=detail, announce=True)


def resolve(
    connection: sa.Connection,
    alert_id: str,
    *,
    actor: str,
    disposition: Disposition,
    note: str,
    utc: float,
    demands: Demands = NO_DEMANDS,
) -> dict[str, Any]:
    """Say how an alert ended; an alert that nobody had acknowledged counts as acknowledged with it.

    Raises:
        Unknown: no such alert.
        Conflict: it is resolved otherwise, or by another person, or another person holds it.
        Forbidden: the site's protocol demands something that has not been done.
    """
    row = _row(connection, alert_id)
    if row.state == "resolved":
        if (row.resolved_by, row.disposition, row.note) == (actor, disposition, note):
            return alert_views(connection, [alert_id])[0]
        raise Conflict(_by(row))
    _not_anothers(row, actor=actor, utc=utc)
    lacking = missing(connection, row.incident_id, demands, actor=actor)
    if lacking:
        raise Forbidden(f"the site's protocol is not finished: {lacking}")
    values = {
        "state": "resolved", "resolved_by": actor, "resolved_utc": utc, "disposition": disposition, "note": note,
        "acknowledged_by": row.acknowledged_by or actor, "acknowledged_utc": row.acknowledged_utc or utc,
        "due_utc": None, "claim_until_utc": None,
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


def same_place(connection: sa.Connection, alert_ids: list[str]) -> None:
    """Several at once only within one rule and zone: whoever clears a list must have looked at each place.

    Raises:
        Unknown: one of them does not exist.
        Forbidden: they are of different rules or zones.
    """
    query = sa.select(alerts.c.alert_id, alerts.c.camera_id, alerts.c.rule_id, alerts.c.zone_id)
    rows = connection.execute(query.where(alerts.c.alert_id.in_(alert_ids))).all()
    if len(rows) != len(set(alert_ids)):
        raise Unknown("one of these alerts does not exist")
    if len({(row.camera_id, row.rule_id, row.zone_id) for row in rows}) > 1:
        raise Forbidden("several alerts at once only where they are of one rule and one zone")


def _not_anothers(row: sa.Row[Any], *, actor: str, utc: float) -> None:
    if row.claimed_by not in (None, actor) and (row.claim_until_utc or 0.0) > utc:
        raise Conflict(f"{row.claimed_by} works on it; ask for a hand-over")


def _set(
    connection: sa.Connection,
    row: sa.Row[Any],
    values: dict[str, Any],
    *,
    change: str,
    actor: str,
    utc: float,
    detail: dict[str, Any] | None = None,
    announce: bool = False,
) -> dict[str, Any]:
    connection.execute(sa.update(alerts).where(alerts.c.alert_id == row.alert_id).values(values | {"updated_utc": utc}))
    incidents.refresh(connection, row.incident_id, utc=utc)
    told = detail or {key: value for key, value in values.items() if key in ("disposition", "note")}
    audit.record(connection, utc=utc, actor=actor, action=change, target=f"alert/{row.alert_id}", detail=told)
    publish(connection, row.alert_id, change=change, utc=utc, announce="again" if announce else None)
    return alert_views(connection, [row.alert_id])[0]


def _row(connection: sa.Connection, alert_id: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(alerts).where(alerts.c.alert_id == alert_id)).first()
    if row is None:
        raise Unknown(f"no alert {alert_id!r}")
    return row


def _by(row: sa.Row[Any]) -> str:
    if row.state == "resolved":
        return f"already resolved as {row.disposition} by {row.resolved_by}"
    if row.state == "shelved":
        return "it is shelved"
    return f"already {row.state} by {row.acknowledged_by}"

"""Shelving: one rule in one zone is kept off the desk for a while, for a reason that is on record.

Evidence is recorded as ever. What is worse than the shelf was meant for comes through, and what still goes on when the
shelf ends comes back. Faults of the system itself (a covered camera, a zone that nobody watches) cannot be shelved.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pipeline.store import audit, calls, incidents
from pipeline.store.desk_rules import DeskRules
from pipeline.store.faults import Conflict, Forbidden, Unknown
from pipeline.store.feed import publish
from pipeline.store.prepared import Prepared
from pipeline.store.schema import alerts, shelves
from pipeline.types import Severity

_RANK = {"low": 0, "medium": 1, "high": 2}
ACTIVE = Prepared(
    sa.select(shelves.c.shelf_id, shelves.c.severity).where(
        shelves.c.ended_utc.is_(None),
        shelves.c.until_utc > sa.bindparam("now"),
        shelves.c.camera_id == sa.bindparam("camera_id"),
        shelves.c.rule_id == sa.bindparam("rule_id"),
        shelves.c.zone_id.is_(sa.bindparam("zone_id")),
    )
)


def holds(connection: sa.Connection, told: dict[str, Any], *, utc: float) -> int | None:
    """The shelf that an alert goes on, or None: none for it, or it is of a higher severity than was shelved."""
    if told["system"] or told["trial"]:
        return None
    row = ACTIVE.row(connection, now=utc, camera_id=told["camera_id"], rule_id=told["rule_id"], zone_id=told["zone_id"])
    return None if row is None or _RANK[told["severity"]] > _RANK[row.severity] else int(row.shelf_id)


def shelve(
    connection: sa.Connection, alert_id: str, *, actor: str, reason: str, for_s: float, utc: float, rules: DeskRules
) -> dict[str, Any]:
    """Shelve the rule and zone of an alert, and what of them is open.

    Raises:
        Unknown: no such alert.
        Forbidden: a fault of the system, or longer than its severity allows.
        Conflict: it is shelved already.
    """
    row = connection.execute(sa.select(alerts).where(alerts.c.alert_id == alert_id)).first()
    if row is None:
        raise Unknown(f"no alert {alert_id[:80]!r}")
    _check(row, for_s, rules)
    told = {"system": False, "trial": False, "severity": "low", **_place(row)}
    if holds(connection, told, utc=utc) is not None:
        raise Conflict(f"{row.rule_id} in {row.zone_id or row.camera_id} is shelved already")
    values = {
        **_place(row), "severity": row.severity, "reason": reason, "actor": actor, "from_utc": utc,
        "until_utc": utc + for_s, "ended_utc": None, "ended_by": None,
    }  # fmt: skip
    shelf_id = connection.execute(sa.insert(shelves).values(values)).inserted_primary_key[0]  # type: ignore[index]
    audit.record(
        connection, utc=utc, actor=actor, action="shelve", target=f"shelf/{shelf_id}",
        detail={**_place(row), "severity": row.severity, "reason": reason, "until_utc": utc + for_s},
    )  # fmt: skip
    for open_row in _open(connection, _place(row)):
        if _RANK[open_row.severity] <= _RANK[row.severity]:
            _put_on(connection, open_row, shelf_id, utc)
    return shelf(connection, shelf_id)


def unshelve(connection: sa.Connection, shelf_id: int, *, actor: str, utc: float, rules: DeskRules) -> dict[str, Any]:
    """End a shelf; what still goes on comes back and calls.

    Raises:
        Unknown: no such shelf.
    """
    found = shelf(connection, shelf_id)
    if found["ended_utc"] is None:
        _end(connection, shelf_id, actor=actor, utc=utc, why="ended by hand", rules=rules)
    return shelf(connection, shelf_id)


def tend(connection: sa.Connection, *, utc: float, rules: DeskRules) -> int:
    """End shelves whose time is over, and those that nobody can vouch for: begun in what is now the future (the clock
    was set back), or of a rule that the site file has no longer. How many."""
    ended = 0
    for row in connection.execute(sa.select(shelves).where(shelves.c.ended_utc.is_(None))).all():
        known = rules.known_rules is None or (row.camera_id, row.rule_id) in rules.known_rules
        why = "time is over" if row.until_utc <= utc else "begun in the future" if row.from_utc > utc + 1.0 else ""
        why = why or ("" if known else "the site file has no such rule")
        if why:
            _end(connection, row.shelf_id, actor="system", utc=utc, why=why, rules=rules)
            ended += 1
    return ended


def active(connection: sa.Connection) -> list[dict[str, Any]]:
    """What is shelved, the first to end first."""
    query = sa.select(shelves).where(shelves.c.ended_utc.is_(None)).order_by(shelves.c.until_utc)
    return [dict(row._mapping) for row in connection.execute(query)]


def shelf(connection: sa.Connection, shelf_id: int) -> dict[str, Any]:
    """Raises Unknown: no such shelf."""
    row = connection.execute(sa.select(shelves).where(shelves.c.shelf_id == shelf_id)).first()
    if row is None:
        raise Unknown(f"no shelf {shelf_id}")
    return dict(row._mapping)


def _check(row: sa.Row[Any], for_s: float, rules: DeskRules) -> None:
    if row.system:
        raise Forbidden("a fault of the system itself cannot be shelved: while it lasts, somebody may be unseen")
    severity: Severity = row.severity
    most_s = rules.shelve_most_s[severity]
    if not 0 < for_s <= most_s:
        raise Forbidden(f"{severity} severity may be shelved for at most {most_s / 60:.0f} minutes")


def _place(row: sa.Row[Any]) -> dict[str, Any]:
    return {"camera_id": row.camera_id, "rule_id": row.rule_id, "zone_id": row.zone_id}


def _open(connection: sa.Connection, place: dict[str, Any]) -> list[Any]:
    query = sa.select(alerts).where(
        alerts.c.camera_id == place["camera_id"], alerts.c.rule_id == place["rule_id"],
        alerts.c.zone_id.is_(place["zone_id"]), alerts.c.state.in_(("new", "acknowledged")), alerts.c.trial.is_(False),
    )  # fmt: skip
    return list(connection.execute(query))


def _put_on(connection: sa.Connection, row: sa.Row[Any], shelf_id: int, utc: float) -> None:
    values = {
        "state": "shelved", "shelf_id": shelf_id, "due_utc": None, "claimed_by": None, "claim_until_utc": None,
        "updated_utc": utc,
    }  # fmt: skip
    connection.execute(sa.update(alerts).where(alerts.c.alert_id == row.alert_id).values(values))
    incidents.refresh(connection, row.incident_id, utc=utc)
    publish(connection, row.alert_id, change="shelved", utc=utc)


def _end(connection: sa.Connection, shelf_id: int, *, actor: str, utc: float, why: str, rules: DeskRules) -> None:
    connection.execute(sa.update(shelves).where(shelves.c.shelf_id == shelf_id).values(ended_utc=utc, ended_by=actor))
    audit.record(connection, utc=utc, actor=actor, action="unshelve", target=f"shelf/{shelf_id}", detail={"why": why})
    rows = connection.execute(
        sa.select(alerts).where(
            alerts.c.shelf_id == shelf_id, alerts.c.state == "shelved", alerts.c.ended_utc.is_(None)
        )
    ).all()
    for row in rows:
        calls.call_anew(connection, row, change="unshelved", utc=utc, rules=rules, announce="again")

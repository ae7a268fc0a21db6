"""Calling people: again while nobody acknowledges, louder when nobody still does, and when a claim has lapsed.

`called` counts the calls since an alert was last new: 1 at first, 2 when called again, from 3 on it has been escalated.
`due_utc` is when something must happen next; while it is None, nothing will.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pipeline.store import audit, flood, incidents
from pipeline.store.desk_rules import DeskRules
from pipeline.store.feed import Announce, publish
from pipeline.store.prepared import Prepared
from pipeline.store.schema import alerts

MOST_AT_ONCE = 200
ESCALATED = 3
"""The call with which an alert escalates: the first, again, escalated."""
DUE = Prepared(
    sa.select(alerts)
    .where(alerts.c.due_utc <= sa.bindparam("now"))
    .order_by(alerts.c.due_utc)
    .limit(sa.literal_column(str(MOST_AT_ONCE)))
)
SET = Prepared(
    sa.update(alerts).where(alerts.c.alert_id == sa.bindparam("of")),
    columns=("called", "called_utc", "due_utc", "escalated_utc"),
)


def tend(connection: sa.Connection, *, utc: float, rules: DeskRules) -> int:
    """Do what is due; how many alerts were called out."""
    rows = DUE.run(connection, now=utc).all()
    return sum(_one(connection, row, utc, rules) for row in rows)


def wait_s(called: int, rules: DeskRules) -> float:
    """How long after the nth call the next one is due."""
    return {1: rules.again_s, 2: max(1.0, rules.escalate_s - rules.again_s)}.get(called, rules.repeat_s)


def call_anew(
    connection: sa.Connection, row: sa.Row[Any], *, change: str, utc: float, rules: DeskRules, announce: Announce
) -> None:
    """An alert is new once more: it came back from a shelf, its claim lapsed, or it has become worse."""
    called = 2 if announce == "again" else 1
    values = {
        "state": "new", "acknowledged_by": None, "acknowledged_utc": None, "claimed_by": None, "claimed_utc": None,
        "claim_until_utc": None, "shelf_id": None, "grouped": False, "called": called,
        "called_utc": utc, "due_utc": utc + wait_s(called, rules), "updated_utc": utc,
    }  # fmt: skip
    connection.execute(sa.update(alerts).where(alerts.c.alert_id == row.alert_id).values(values))
    incidents.refresh(connection, row.incident_id, utc=utc)
    publish(connection, row.alert_id, change=change, utc=utc, announce=announce)


def _one(connection: sa.Connection, row: sa.Row[Any], utc: float, rules: DeskRules) -> bool:
    if row.claimed_by is not None:
        detail = {"claimed_by": row.claimed_by}
        audit.record(connection, utc=utc, actor="system", action="lapse", target=f"alert/{row.alert_id}", detail=detail)
        call_anew(connection, row, change="lapsed", utc=utc, rules=rules, announce="again")
        return True
    if row.grouped and flood.has_head(connection, dict(row._mapping)):
        _plan(connection, row, called=row.called, utc=utc, rules=rules, escalated_utc=row.escalated_utc)
        return False
    called = row.called + 1
    escalates = called == ESCALATED
    escalated_utc = utc if escalates else row.escalated_utc
    _plan(connection, row, called=called, utc=utc, rules=rules, escalated_utc=escalated_utc)
    if escalates:
        detail = {"called": called}
        audit.record(
            connection, utc=utc, actor="system", action="escalate", target=f"alert/{row.alert_id}", detail=detail
        )
    publish(
        connection, row.alert_id, change="escalated" if escalates else "again", utc=utc,
        announce="escalate" if escalates else "again",
    )  # fmt: skip
    return True


def _plan(
    connection: sa.Connection, row: sa.Row[Any], *, called: int, utc: float, rules: DeskRules,
    escalated_utc: float | None,
) -> None:  # fmt: skip
    SET.run(
        connection, of=row.alert_id, called=called, called_utc=utc, due_utc=utc + wait_s(called, rules),
        escalated_utc=escalated_utc,
    )  # fmt: skip

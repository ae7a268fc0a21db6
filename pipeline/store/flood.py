"""A flood of alerts: when it begins and ends, and which of its alerts are folded into a group and not called out.

It begins with the tenth new alert in ten minutes and ends with under five (EEMUA 191). Nothing is dropped: each is
stored and shown, but one whose cause and zone already stand open on the desk, at the same or a higher severity, joins
that row and is counted there. So the first of each zone, everything of high severity and every fault of the system
itself always stand singly, and a diversion in one zone hides nobody in another.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pipeline.store.desk_rules import DeskRules
from pipeline.store.prepared import Prepared
from pipeline.store.schema import alerts, floods

_RANK = {"low": 0, "medium": 1, "high": 2}
RECENT = Prepared(
    sa.select(sa.func.count()).select_from(
        sa.select(alerts.c.alert_id)
        .where(alerts.c.stored_utc > sa.bindparam("after"), alerts.c.trial == sa.literal_column("0"))
        .limit(sa.bindparam("most"))
        .subquery()
    )
)
OPEN = Prepared(sa.select(floods.c.flood_id, floods.c.from_utc).where(floods.c.until_utc.is_(None)))
HEADS = Prepared(
    sa.select(alerts.c.severity).where(
        alerts.c.state.in_([sa.literal_column("'new'"), sa.literal_column("'acknowledged'")]),
        alerts.c.trial == sa.literal_column("0"),
        alerts.c.grouped == sa.literal_column("0"),
        alerts.c.camera_id == sa.bindparam("camera_id"),
        alerts.c.rule_id == sa.bindparam("rule_id"),
        alerts.c.zone_id.is_(sa.bindparam("zone_id")),
    )
)


def began_utc(connection: sa.Connection) -> float | None:
    """Since when the desk is flooded; None while it is not."""
    row = OPEN.row(connection)
    return None if row is None else float(row.from_utc)


def recent(connection: sa.Connection, *, utc: float, rules: DeskRules, most: int = 100_000) -> int:
    """New alerts, trials apart, within the window; counted no further than `most`."""
    return int(RECENT.value(connection, after=utc - rules.flood_window_s, most=most) or 0)


def grouped(connection: sa.Connection, told: dict[str, Any], *, utc: float, rules: DeskRules) -> bool:
    """Whether a new alert joins a row that stands already. Called before it is stored; it may begin a flood."""
    if told["trial"]:
        return False
    if OPEN.row(connection) is None:
        if recent(connection, utc=utc, rules=rules, most=rules.flood_from) + 1 < rules.flood_from:
            return False
        connection.execute(sa.insert(floods).values(from_utc=utc, until_utc=None))
    return not told["system"] and told["severity"] != "high" and has_head(connection, told)


def has_head(connection: sa.Connection, told: dict[str, Any]) -> bool:
    """Whether an alert of the same cause and zone stands singly on the desk, at the same severity or above."""
    heads = HEADS.run(connection, camera_id=told["camera_id"], rule_id=told["rule_id"], zone_id=told["zone_id"])
    return any(_RANK[row.severity] >= _RANK[told["severity"]] for row in heads)


def end_if_over(connection: sa.Connection, *, utc: float, rules: DeskRules) -> bool:
    """Close a flood that has ebbed; True where it just did."""
    row = OPEN.row(connection)
    if row is None or recent(connection, utc=utc, rules=rules, most=rules.flood_until) >= rules.flood_until:
        return False
    connection.execute(sa.update(floods).where(floods.c.flood_id == row.flood_id).values(until_utc=utc))
    return True

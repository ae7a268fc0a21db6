"""The steps of the site's protocol, ticked off with who and when, and a second person's confirmation.

They belong to an incident. The steps themselves stand in the site file; what was ticked is kept in its words of then.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from pipeline.store import audit
from pipeline.store.desk_rules import Demands
from pipeline.store.faults import Forbidden
from pipeline.store.schema import confirmations, ticks


def tick(
    connection: sa.Connection, incident_id: str, step: str, *, done: bool, actor: str, utc: float, demands: Demands
) -> None:
    """Tick a step off, or take the tick away. Doing it again changes nothing.

    Raises:
        Forbidden: the protocol has no such step.
    """
    if step not in demands.steps:
        raise Forbidden("the site's protocol has no such step")
    if done:
        row = insert(ticks).values(incident_id=incident_id, step=step, actor=actor, utc=utc)
        changed = connection.execute(row.on_conflict_do_nothing()).rowcount
    else:
        gone = sa.delete(ticks).where(ticks.c.incident_id == incident_id, ticks.c.step == step)
        changed = connection.execute(gone).rowcount
    if changed:
        action = "tick" if done else "untick"
        audit.record(
            connection, utc=utc, actor=actor, action=action, target=f"incident/{incident_id}", detail={"step": step}
        )


def confirm(connection: sa.Connection, incident_id: str, *, actor: str, utc: float) -> None:
    """A second person has seen it and agrees."""
    row = insert(confirmations).values(incident_id=incident_id, actor=actor, utc=utc)
    if connection.execute(row.on_conflict_do_nothing()).rowcount:
        audit.record(connection, utc=utc, actor=actor, action="confirm", target=f"incident/{incident_id}", detail={})


def protocol(connection: sa.Connection, incident_id: str, demands: Demands) -> dict[str, Any]:
    """The steps with their ticks, what is demanded, and who has confirmed."""
    done = {row.step: row for row in connection.execute(sa.select(ticks).where(ticks.c.incident_id == incident_id))}
    told = connection.execute(sa.select(confirmations).where(confirmations.c.incident_id == incident_id)).all()
    steps = [*demands.steps, *(step for step in done if step not in demands.steps)]
    return {
        "steps": [
            {"step": step, "done_by": done[step].actor if step in done else None,
             "done_utc": done[step].utc if step in done else None}
            for step in steps
        ],
        "all_steps": demands.all_steps,
        "second_person": demands.second_person,
        "confirmed": [{"actor": row.actor, "utc": row.utc} for row in told],
    }  # fmt: skip


def missing(connection: sa.Connection, incident_id: str, demands: Demands, *, actor: str) -> str:
    """What the protocol still demands before `actor` may resolve; empty where nothing."""
    if demands.all_steps:
        done = set(connection.scalars(sa.select(ticks.c.step).where(ticks.c.incident_id == incident_id)))
        left = [step for step in demands.steps if step not in done]
        if left:
            return f"{len(left)} of {len(demands.steps)} steps are open, the first: {left[0]}"
    if demands.second_person:
        others = sa.select(confirmations.c.actor).where(
            confirmations.c.incident_id == incident_id, confirmations.c.actor != actor
        )
        if connection.scalar(others) is None:
            return "a second person must confirm"
    return ""

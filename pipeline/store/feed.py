"""The feed: one row a visible change, numbered without repeats, resumed by number and never by time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from pipeline.store.prepared import insert_into
from pipeline.store.schema import feed
from pipeline.store.views import alert_view

ADD = insert_into(feed)
Announce = Literal["new", "raised", "again", "escalate"]
"""Why a person is called: something new; it has become worse; nobody answered; nobody still did."""


@dataclass(frozen=True, slots=True)
class Change:
    """One visible change; `data` is the alert as it was then, as JSON."""

    feed_seq: int
    change: str
    trial: bool
    data: str
    camera_id: str = ""


def publish(
    connection: sa.Connection, alert_id: str, *, change: str, utc: float, announce: Announce | None = None
) -> None:
    """Add a row with the alert as it is now. `announce` says that a person should be called, not just shown, and why;
    in the JSON it is null where nobody is called."""
    view = alert_view(connection, alert_id)
    assert view is not None
    data = json.dumps(view | {"change": change, "announce": announce}, separators=(",", ":"))
    ADD.run(
        connection, utc=utc, change=change, alert_id=alert_id, camera_id=view["camera_id"], trial=view["trial"],
        announce=announce is not None, data=data,
    )  # fmt: skip


def changes_after(connection: sa.Connection, seq: int, *, limit: int) -> list[Change]:
    """The changes after a number, oldest first."""
    query = (
        sa.select(feed.c.feed_seq, feed.c.change, feed.c.camera_id, feed.c.trial, feed.c.data)
        .where(feed.c.feed_seq > seq)
        .order_by(feed.c.feed_seq)
        .limit(limit)
    )
    return [Change(row.feed_seq, row.change, row.trial, row.data, row.camera_id) for row in connection.execute(query)]


def last_seq(connection: sa.Connection) -> int:
    """The number of the newest change, 0 before the first."""
    value: Any = connection.scalar(sa.select(sa.func.max(feed.c.feed_seq)))
    return int(value or 0)

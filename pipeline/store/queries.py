"""Questions about alerts and incidents: filters, and pages by cursor."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from pipeline.store.feed import last_seq
from pipeline.store.schema import alerts, dead_letters, evidence, feed, incidents, messages
from pipeline.store.views import alert_views, incident_view

MAX_PAGE = 500


class BadCursor(ValueError):  # noqa: N818
    """A cursor that was not given out here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts; empty means any. `text` is looked for, in any case, in names, sentence and note.
    Trial alerts are logged, not announced: they come only when asked for. `only` are the cameras that may be seen: None
    means all, nothing means none."""

    cameras: Sequence[str] = ()
    zones: Sequence[str] = ()
    kinds: Sequence[str] = ()
    rules: Sequence[str] = ()
    severities: Sequence[str] = ()
    states: Sequence[str] = ()
    incident_id: str | None = None
    since_utc: float | None = None
    until_utc: float | None = None
    text: str = ""
    only: Collection[str] | None = None
    trial: Literal["exclude", "include", "only"] = "exclude"


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `feed_seq` is the newest change it can hold, read before it, so that a feed resumed there misses
    nothing."""

    items: list[dict[str, Any]]
    next_cursor: str | None
    feed_seq: int


def alert_page(connection: sa.Connection, wanted: AlertFilter, *, limit: int, cursor: str | None) -> Page:
    """Alerts by time of the event, newest first.

    Raises:
        BadCursor: not a cursor of this query.
    """
    seq = last_seq(connection)
    query = sa.select(alerts.c.alert_id, alerts.c.utc).where(*_conditions(wanted))
    if cursor:
        query = query.where(sa.tuple_(alerts.c.utc, alerts.c.alert_id) < sa.tuple_(*_read(cursor)))
    rows = connection.execute(query.order_by(alerts.c.utc.desc(), alerts.c.alert_id.desc()).limit(limit + 1)).all()
    more = _write(rows[limit - 1].utc, rows[limit - 1].alert_id) if len(rows) > limit else None
    return Page(alert_views(connection, [row.alert_id for row in rows[:limit]]), more, seq)


def incident_page(
    connection: sa.Connection,
    *,
    states: Sequence[str],
    trial: str,
    limit: int,
    cursor: str | None,
    only: Collection[str] | None = None,
) -> Page:
    """Incidents by their beginning, newest first.

    Raises:
        BadCursor: not a cursor of this query.
    """
    seq = last_seq(connection)
    query = sa.select(incidents)
    if states:
        query = query.where(incidents.c.state.in_(states))
    if only is not None:
        query = query.where(incidents.c.camera_id.in_(only))
    if trial != "include":
        query = query.where(incidents.c.trial.is_(trial == "only"))
    if cursor:
        query = query.where(sa.tuple_(incidents.c.since_utc, incidents.c.incident_id) < sa.tuple_(*_read(cursor)))
    ordered = query.order_by(incidents.c.since_utc.desc(), incidents.c.incident_id.desc()).limit(limit + 1)
    rows = connection.execute(ordered).all()
    more = _write(rows[limit - 1].since_utc, rows[limit - 1].incident_id) if len(rows) > limit else None
    return Page([incident_view(row) for row in rows[:limit]], more, seq)


def incident_alerts(connection: sa.Connection, incident_id: str) -> list[dict[str, Any]]:
    """An incident's alerts, oldest first, trial ones too; empty where there is no such incident."""
    query = sa.select(alerts.c.alert_id).where(alerts.c.incident_id == incident_id)
    ids = connection.scalars(query.order_by(alerts.c.utc, alerts.c.alert_id)).all()
    return alert_views(connection, ids)


_BY = {
    "acknowledged": "acknowledged_by", "claimed": "claimed_by", "handed_over": "claimed_by", "resolved": "resolved_by",
}  # fmt: skip


def timeline(connection: sa.Connection, incident_id: str) -> list[dict[str, Any]]:
    """What happened to an incident's alerts, as the feed told it: when, what, and by whom where a person did it."""
    mine = sa.select(alerts.c.alert_id).where(alerts.c.incident_id == incident_id)
    query = sa.select(feed).where(feed.c.alert_id.in_(mine), feed.c.change != "kept").order_by(feed.c.feed_seq)
    found = []
    for row in connection.execute(query):
        told = json.loads(row.data)
        by = told.get(_BY[row.change]) if row.change in _BY else None
        found.append({"utc": row.utc, "change": row.change, "alert_id": row.alert_id, "by": by})
    return found


def evidence_row(connection: sa.Connection, evidence_id: str) -> dict[str, Any] | None:
    """One file's row with its alert's `camera_id` (empty where the alert is gone), or None."""
    row = connection.execute(sa.select(evidence).where(evidence.c.evidence_id == evidence_id)).first()
    if row is None:
        return None
    of_it = sa.or_(alerts.c.alert_id == row.alert_id, alerts.c.event_key == row.alert_id)
    camera = connection.scalar(sa.select(alerts.c.camera_id).where(of_it).limit(1))
    return dict(row._mapping) | {"camera_id": camera or ""}


def counts(connection: sa.Connection) -> dict[str, int]:
    """Plain totals for status and tests."""
    by_state = connection.execute(
        sa.select(alerts.c.state, sa.func.count()).where(alerts.c.trial.is_(False)).group_by(alerts.c.state)
    ).all()
    return {
        **{f"alerts_{state}": count for state, count in by_state},
        "alerts": int(connection.scalar(sa.select(sa.func.count()).select_from(alerts)) or 0),
        "messages": int(connection.scalar(sa.select(sa.func.count()).select_from(messages)) or 0),
        "dead_letters": int(connection.scalar(sa.select(sa.func.count()).select_from(dead_letters)) or 0),
        "feed_seq": last_seq(connection),
    }


def _conditions(wanted: AlertFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for column, values in (
        (alerts.c.camera_id, wanted.cameras), (alerts.c.zone_id, wanted.zones), (alerts.c.kind, wanted.kinds),
        (alerts.c.rule_id, wanted.rules), (alerts.c.severity, wanted.severities), (alerts.c.state, wanted.states),
    ):  # fmt: skip
        if values:
            found.append(column.in_(values))
    if wanted.only is not None:
        found.append(alerts.c.camera_id.in_(wanted.only))
    if wanted.incident_id is not None:
        found.append(alerts.c.incident_id == wanted.incident_id)
    if wanted.since_utc is not None:
        found.append(alerts.c.utc >= wanted.since_utc)
    if wanted.until_utc is not None:
        found.append(alerts.c.utc < wanted.until_utc)
    if wanted.trial != "include":
        found.append(alerts.c.trial.is_(wanted.trial == "only"))
    found.extend(_mentions(word) for word in wanted.text.lower().split())
    return found


def _mentions(word: str) -> sa.ColumnElement[bool]:
    places = (alerts.c.camera_id, alerts.c.zone_id, alerts.c.rule_id, alerts.c.kind, alerts.c.sentence, alerts.c.note)
    return sa.or_(*(sa.func.lower(place).contains(word, autoescape=True) for place in places))


def _write(utc: float, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([utc, name]).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[float, str]:
    try:
        utc, name = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return float(utc), str(name)
    except (ValueError, TypeError, binascii.Error):
        raise BadCursor(f"cursor {cursor[:40]!r} was not given out by this API") from None

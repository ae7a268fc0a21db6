"""What of the store is due to go, and in which order: the questions and deletions that retention and erasure need.

Files belong to the alert's event: a later part of it (an escalation after a resolution) shares them and holds them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipeline.store.incidents import refresh
from pipeline.store.schema import alerts, dead_letters, evidence, feed, incidents, messages, metadata

LEAST_WORTH = ("nuisance", "no_person", "test", "authorised", "could_not_verify")
"""The order in which a quota takes evidence. `real` and what nobody has resolved are not in it: they stay."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """One evidence file, when it is due, and how little it is worth (0 first to go; None: held)."""

    evidence_id: str
    path: str
    due_utc: float
    worth: int | None
    utc: float


@dataclass(frozen=True, slots=True)
class Wiped:
    """What an erasure took from the store, and what it left because it is held."""

    alerts: list[str]
    held: list[str]
    paths: list[str]
    feed_rows: int
    dead_letters: int


def kept_files(connection: sa.Connection, *, evidence_s: float, held_s: float) -> list[Kept]:
    """Every evidence row with the time at which it is due: the latest of all alerts that it belongs to."""
    first, part = alerts.alias(), alerts.alias()
    due = sa.case(
        (sa.and_(part.c.state == "resolved", part.c.disposition != "real"), part.c.resolved_utc + evidence_s),
        (part.c.state == "resolved", part.c.resolved_utc + held_s),
        else_=sa.func.max(part.c.utc, part.c.stored_utc) + held_s,
    )
    worth = sa.case(
        (part.c.state != "resolved", 99),
        *((part.c.disposition == name, number) for number, name in enumerate(LEAST_WORTH)),
        else_=99,
    )
    query = (
        sa.select(evidence.c.evidence_id, evidence.c.path, evidence.c.stored_utc, sa.func.max(due), sa.func.max(worth))
        .join_from(evidence, first, first.c.alert_id == evidence.c.alert_id, isouter=True)
        .join(part, part.c.event_key == first.c.event_key, isouter=True)
        .group_by(evidence.c.evidence_id)
    )
    return [
        Kept(
            name, path, stored_utc + evidence_s if due_utc is None else due_utc, None if rank in (None, 99) else rank,
            stored_utc,
        )
        for name, path, stored_utc, due_utc, rank in connection.execute(query)
    ]  # fmt: skip


def forget_files(connection: sa.Connection, evidence_ids: Sequence[str]) -> None:
    for batch in _batches(evidence_ids):
        connection.execute(sa.delete(evidence).where(evidence.c.evidence_id.in_(batch)))


def known_paths(connection: sa.Connection) -> set[str]:
    """Paths of all evidence files that belong to an alert."""
    return set(connection.scalars(sa.select(evidence.c.path)))


def prune_history(
    connection: sa.Connection, *, feed_utc: float, stuck_utc: float, alerts_utc: float, utc: float
) -> dict[str, int]:
    """Forget feed rows, message ids and dead letters from before `feed_utc` and alerts resolved before `alerts_utc`
    whose files are gone. Feed rows that a sink has not come to yet wait for it until `stuck_utc`."""
    settled = sa.or_(feed.c.feed_seq <= _settled(connection), feed.c.utc < stuck_utc)
    done = {
        "feed": _deleted(connection, sa.delete(feed).where(feed.c.utc < feed_utc, settled)),
        "messages": _deleted(connection, sa.delete(messages).where(messages.c.stored_utc < feed_utc)),
        "dead_letters": _deleted(connection, sa.delete(dead_letters).where(dead_letters.c.utc < feed_utc)),
    }
    old = sa.select(alerts.c.alert_id).where(
        alerts.c.state == "resolved", alerts.c.resolved_utc < alerts_utc,
        alerts.c.alert_id.not_in(sa.select(evidence.c.alert_id)),
    )  # fmt: skip
    ids = list(connection.scalars(old))
    done["alerts"] = _drop_alerts(connection, ids, utc=utc)
    return {name: count for name, count in done.items() if count}


def open_since(connection: sa.Connection, code: str) -> float | None:
    """Since when a system alert of this kind is open, or None: an episode goes on over a restart of the service."""
    query = sa.select(alerts.c.since_utc).where(
        alerts.c.system.is_(True), alerts.c.kind == code, alerts.c.ended_utc.is_(None)
    )
    return connection.scalar(query.order_by(alerts.c.since_utc.desc()).limit(1))


def open_alerts(connection: sa.Connection, code: str) -> list[tuple[str, float, dict[str, Any]]]:
    """System alerts of this kind that are not over: camera, since when, and why as it was last told."""
    query = sa.select(alerts.c.camera_id, alerts.c.since_utc, alerts.c.why).where(
        alerts.c.system.is_(True), alerts.c.kind == code, alerts.c.ended_utc.is_(None)
    )
    return [(camera_id, since_utc, json.loads(why)) for camera_id, since_utc, why in connection.execute(query)]


def wipe(
    connection: sa.Connection, *, cameras: Sequence[str], since_utc: float, until_utc: float, held_too: bool, utc: float
) -> Wiped:
    """Remove the alerts of these cameras that touch the time, with all that the store holds of them.

    What is unresolved or `real` is left unless `held_too`. Deleted rows are overwritten with zeros (`secure_delete`).
    Message ids stay: they name nobody and keep a late repeat from coming back.
    """
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    last = sa.func.max(alerts.c.utc, sa.func.coalesce(alerts.c.ended_utc, alerts.c.utc))
    touched = connection.execute(
        sa.select(alerts.c.alert_id, alerts.c.event_key, alerts.c.state, alerts.c.disposition).where(
            alerts.c.camera_id.in_(cameras), alerts.c.since_utc < until_utc, last >= since_utc,
            alerts.c.system.is_(False),
        )
    ).all()  # fmt: skip
    held_keys = {row.event_key for row in touched if row.state != "resolved" or row.disposition == "real"}
    held = [] if held_too else [row.alert_id for row in touched if row.event_key in held_keys]
    gone = [row.alert_id for row in touched if held_too or row.event_key not in held_keys]
    owners = sorted({*gone, *(row.event_key for row in touched if row.alert_id in set(gone))})
    paths: list[str] = []
    rows = 0
    for batch in _batches(owners):
        paths += connection.scalars(sa.select(evidence.c.path).where(evidence.c.alert_id.in_(batch)))
        connection.execute(sa.delete(evidence).where(evidence.c.alert_id.in_(batch)))
        rows += _deleted(connection, sa.delete(feed).where(feed.c.alert_id.in_(batch)))
    _drop_alerts(connection, gone, utc=utc)
    within = (dead_letters.c.utc >= since_utc, dead_letters.c.utc < until_utc + 86_400.0)
    letters = sum(
        _deleted(connection, sa.delete(dead_letters).where(*within, dead_letters.c.text.contains(f'"{camera}"')))
        for camera in cameras
    )
    return Wiped(gone, held, sorted(set(paths)), rows, letters)


def _drop_alerts(connection: sa.Connection, alert_ids: Sequence[str], *, utc: float) -> int:
    """Alerts, what other tables say of them, and incidents that are left without any."""
    sent = metadata.tables.get("deliveries")
    joined: set[str] = set()
    for batch in _batches(alert_ids):
        joined.update(connection.scalars(sa.select(alerts.c.incident_id).where(alerts.c.alert_id.in_(batch))))
        if sent is not None:
            connection.execute(sa.delete(sent).where(sent.c.alert_id.in_(batch)))
        connection.execute(sa.delete(alerts).where(alerts.c.alert_id.in_(batch)))
    for incident_id in sorted(joined):
        if connection.scalar(sa.select(sa.func.count()).where(alerts.c.incident_id == incident_id)):
            refresh(connection, incident_id, utc=utc)
        else:
            connection.execute(sa.delete(incidents).where(incidents.c.incident_id == incident_id))
    return len(alert_ids)


def _settled(connection: sa.Connection) -> Any:
    """The feed number that every sink has passed; without sinks, any."""
    sinks = metadata.tables.get("sinks")
    lowest = None if sinks is None else connection.scalar(sa.select(sa.func.min(sinks.c.cursor)))
    return 2**62 if lowest is None else int(lowest)


def _deleted(connection: sa.Connection, statement: sa.Delete) -> int:
    return max(0, connection.execute(statement).rowcount)


def _batches(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[at : at + _BATCH] for at in range(0, len(items), _BATCH)]

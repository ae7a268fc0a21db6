"""Messages on their way to the store: what an erasure takes out of a camera's outbox."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from pipeline.alerts import sqlite
from pipeline.alerts.message import AlertBody, BadMessage, EvidenceBody, Message, parse_message
from pipeline.retention.request import Erasure
from pipeline.store.schema import messages
from pipeline.store.store import Store


@dataclass(frozen=True, slots=True)
class Taken:
    """How many messages went, and the evidence files that they spoke of."""

    count: int
    paths: list[str]


def take_back(path: Path, wanted: Erasure, store: Store) -> Taken:
    """Remove the messages of a time from an outbox whose process does not run. Their ids are marked as taken, so that
    a copy on a broker is not shown later.

    Raises:
        StoreError, sqlite3.Error: another process has it, or the disk refuses.
    """
    if not path.is_file():
        return Taken(0, [])
    owner = sqlite.OwnerLock(path)
    try:
        with contextlib.closing(sqlite.connect(path)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            found = [m for m in map(_parsed, connection.execute("SELECT text FROM messages").fetchall()) if m]
            mine = [m for m in found if _within(m, wanted)]
            ids = {m.body.alert_id for m in mine if isinstance(m.body, AlertBody)}
            mine += [m for m in found if isinstance(m.body, EvidenceBody) and m.body.alert_id in ids]
            connection.executemany("DELETE FROM messages WHERE message_id=?", [(m.message_id,) for m in mine])
    finally:
        owner.release()
    with store.changing() as changing:
        for message in mine:
            _mark(changing, message, utc=store.clock.utc())
    return Taken(len(mine), _paths(mine))


def _parsed(row: tuple[str]) -> Message | None:
    try:
        return parse_message(row[0])
    except BadMessage:
        return None


def _within(message: Message, wanted: Erasure) -> bool:
    body = message.body
    return isinstance(body, AlertBody) and body.since_utc < wanted.until_utc and body.utc >= wanted.since_utc


def _paths(sent: Sequence[Message]) -> list[str]:
    bodies = [message.body for message in sent]
    inside = [item.path for body in bodies if isinstance(body, AlertBody) for item in body.evidence]
    return inside + [body.item.path for body in bodies if isinstance(body, EvidenceBody)]


def _mark(connection: sa.Connection, message: Message, *, utc: float) -> None:
    row = insert(messages).values(
        message_id=message.message_id, camera_id=message.camera_id, epoch=message.epoch, seq=message.seq,
        kind="erased", raised_utc=message.raised_utc, stored_utc=utc,
    )  # fmt: skip
    connection.execute(row.on_conflict_do_nothing())

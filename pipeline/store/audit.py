"""Who did what, in rows whose hashes form a chain: a row changed later no longer fits the one after it.

The chain shows a row that was altered, removed, added or moved. It cannot show by itself that its end was cut off, nor
that somebody who may write the file computed it anew from some row on: for that its head is written down elsewhere
(`pipeline/store/heads.py`), and `faults` compares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipeline.store.schema import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows; None means any. `target` and `actor` are whole names."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since_utc: float | None = None
    until_utc: float | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the log went at a moment: its newest row."""

    id: int
    hash: str
    utc: float | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that was touched, and how it shows."""

    row: int
    what: str


def record(
    connection: sa.Connection, *, utc: float, actor: str, action: str, target: str, detail: dict[str, Any]
) -> None:
    """Add a row in the caller's transaction: what was done and its trace come together or not at all."""
    before = connection.scalar(sa.select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)) or ""
    text = json.dumps(detail, sort_keys=True, separators=(",", ":"))
    connection.execute(
        sa.insert(audit).values(
            utc=utc, actor=actor, action=action, target=target, detail=text,
            hash=_hash(before, utc, actor, action, target, text),
        )
    )  # fmt: skip


def read(connection: sa.Connection, wanted: Wanted, *, limit: int) -> list[dict[str, Any]]:
    """Rows, newest first; `detail` as an object."""
    query = sa.select(audit)
    for column, value in (
        (audit.c.actor, wanted.actor),
        (audit.c.action, wanted.action),
        (audit.c.target, wanted.target),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since_utc is not None:
        query = query.where(audit.c.utc >= wanted.since_utc)
    if wanted.until_utc is not None:
        query = query.where(audit.c.utc < wanted.until_utc)
    if wanted.before is not None:
        query = query.where(audit.c.id < wanted.before)
    rows = connection.execute(query.order_by(audit.c.id.desc()).limit(limit))
    return [dict(row._mapping) | {"detail": json.loads(row.detail)} for row in rows]


def head(connection: sa.Connection) -> Head:
    """The newest row; number 0 before the first."""
    row = connection.execute(sa.select(audit).order_by(audit.c.id.desc()).limit(1)).first()
    return Head(id=0, hash="", utc=None) if row is None else Head(id=row.id, hash=row.hash, utc=row.utc)


def faults(connection: sa.Connection, heads: Sequence[Head] = (), *, most: int = 20) -> list[Fault]:
    """Every row that was touched, oldest first, by the chain and by heads noted earlier; empty where all is well."""
    found: list[Fault] = []
    noted = {known.id: known.hash for known in heads if known.id > 0}
    before, last = "", 0
    for row in connection.execute(sa.select(audit).order_by(audit.c.id)):
        if row.id != last + 1:
            found.append(Fault(last + 1, f"missing: row {row.id} follows row {last}"))
        right = _hash(before, row.utc, row.actor, row.action, row.target, row.detail)
        if right != row.hash:
            fits = "its own words do not fit its hash" if row.id == last + 1 else "what stood before it is gone"
            found.append(Fault(row.id, f"altered: {fits}, or row {last} was"))
        elif noted.get(row.id, row.hash) != row.hash:
            found.append(Fault(row.id, "written anew: a head noted earlier has another hash"))
        before, last = row.hash, row.id
        if len(found) >= most:
            return found
    cut = sorted(number for number in noted if number > last)
    if cut:
        found.append(Fault(last + 1, f"cut off: a head noted earlier names row {cut[-1]}"))
    return found


def broken_row(connection: sa.Connection) -> int | None:
    """The id of the first row that does not fit the chain, or None where all do."""
    return next((fault.row for fault in faults(connection, most=1)), None)


def _hash(before: str, utc: float, actor: str, action: str, target: str, detail: str) -> str:
    chained = "\x1f".join((before, f"{utc:.6f}", actor, action, target, detail))
    return hashlib.sha256(chained.encode()).hexdigest()

"""Who did what, in rows whose hashes form a chain: a row changed later no longer fits the one after it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from pipeline.store.schema import audit


def record(
    connection: sa.Connection, *, utc: float, actor: str, action: str, target: str, detail: dict[str, Any]
) -> None:
    """Add a row in the caller's transaction: what was done and its trace come together or not at all."""
    before = connection.scalar(sa.select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)) or ""
    text = json.dumps(detail, sort_keys=True, separators=(",", ":"))
    chained = "\x1f".join((before, f"{utc:.6f}", actor, action, target, text))
    connection.execute(
        sa.insert(audit).values(
            utc=utc,
            actor=actor,
            action=action,
            target=target,
            detail=text,
            hash=hashlib.sha256(chained.encode()).hexdigest(),
        )
    )


def broken_row(connection: sa.Connection) -> int | None:
    """The id of the first row that does not fit the chain, or None where all do."""
    before = ""
    for row in connection.execute(sa.select(audit).order_by(audit.c.id)):
        chained = "\x1f".join((before, f"{row.utc:.6f}", row.actor, row.action, row.target, row.detail))
        if hashlib.sha256(chained.encode()).hexdigest() != row.hash:
            return int(row.id)
        before = row.hash
    return None

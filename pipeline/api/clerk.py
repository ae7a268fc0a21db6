"""Takes to the audit log what happened beside the store, and says daily how far the log goes."""

from __future__ import annotations

import json
import logging

from pipeline.access.access import Access
from pipeline.store import audit, heads
from pipeline.store.store import Store

log = logging.getLogger(__name__)

PAGE = 200


def take_over(access: Access, store: Store) -> int:
    """Move rows that wait in the file of accounts (sign-ins, changes by commands) to the chain; how many.

    A row is in the chain before it goes here. Killed between the two it is written twice; `row` in its detail tells.
    """
    rows = access.book.rows("SELECT * FROM to_audit ORDER BY id LIMIT ?", PAGE)
    if not rows:
        return 0
    with store.changing() as connection:
        for row in rows:
            detail = json.loads(row["detail"]) | {"row": row["id"]}
            audit.record(
                connection, utc=row["utc"], actor=row["actor"], action=row["action"], target=row["target"],
                detail=detail,
            )  # fmt: skip
    with access.book.change() as connection_of_accounts:
        connection_of_accounts.execute("DELETE FROM to_audit WHERE id <= ?", (rows[-1]["id"],))
    return len(rows)


def note_head(access: Access, store: Store) -> bool:
    """Write down how far the audit log goes; once a day the log says it too, so that it also stands elsewhere. Whether
    there was anything to write down."""
    with store.changing() as connection:
        end = audit.head(connection)
    if end.id == 0:
        return False
    folder = access.book.path.parent / "audit"
    if heads.note(folder, end, utc=store.clock.utc(), sign=access.vault.sign):
        log.warning("audit log: row %d, hash %s", end.id, end.hash)
    return True

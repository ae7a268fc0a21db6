"""Sessions of browsers: a random token in a cookie, its hash here. Ending one takes effect at the next request.

Every session ends after a shift of twelve hours. Who may change the configuration or accounts is also signed out after
half an hour in which no person did anything: pages that refresh themselves do not count (`alive` is told by keys and
pointer). Wall displays and operators are not, so that a quiet night does not blind them (ASVS 5.0, V7.3).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass

from pipeline.access.book import Book
from pipeline.access.faults import NoSuchAccount
from pipeline.access.roles import ROLES, Principal, Role

LONGEST_S = 12 * 3600.0
IDLE_S = 30 * 60.0
IDLE_ROLES: frozenset[Role] = frozenset({"installer", "admin"})
ACTIVE_EVERY_S = 30.0
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in browser, as its owner may see it."""

    session_id: str
    account: str
    created_utc: float
    active_utc: float
    expires_utc: float
    address: str
    agent: str


def begin(book: Book, account: str, *, address: str, agent: str, second_factor: bool) -> tuple[str, str]:
    """A new session: its token, which is nowhere stored, and its id."""
    token, session_id = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_hex(8)
    now = book.clock.utc()
    with book.change() as connection:
        connection.execute("DELETE FROM sessions WHERE expires_utc <= ?", (now,))
        connection.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (hashed(token), session_id, account, now, now, now + LONGEST_S, address[:60], agent[:200], second_factor),
        )
        connection.execute("UPDATE accounts SET signed_in_utc = ? WHERE name = ?", (now, account))
        connection.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (account, address[:60], now))
        book.audit(
            connection, account, "signed in", f"session/{session_id}", address=address[:60],
            second_factor=second_factor,
        )  # fmt: skip
    return token, session_id


def principal(book: Book, token: str) -> Principal | None:
    """Who holds this token, or None where it is unknown, over, idle too long, or its account is off."""
    row = book.row(
        "SELECT s.*, a.role, a.cameras FROM sessions s JOIN accounts a ON a.name = s.account"
        " WHERE s.token_hash = ? AND NOT a.disabled",
        hashed(token),
    )
    now = book.clock.utc()
    if row is None or now >= row["expires_utc"] or now < row["created_utc"] - LONGEST_S:
        return None
    if row["role"] in IDLE_ROLES and now - row["active_utc"] > IDLE_S:
        return None
    return Principal(
        name=row["account"], kind="session", role=row["role"], permissions=ROLES[row["role"]],
        cameras=cameras_of(row["cameras"]), session=row["session_id"], expires_utc=row["expires_utc"],
        second_factor=bool(row["second_factor"]),
    )  # fmt: skip


def alive(book: Book, session_id: str) -> None:
    """A person did something; written down at most twice a minute."""
    now = book.clock.utc()
    row = book.row("SELECT active_utc FROM sessions WHERE session_id = ?", session_id)
    if row is not None and now - row["active_utc"] > ACTIVE_EVERY_S:
        with book.change() as connection:
            connection.execute("UPDATE sessions SET active_utc = ? WHERE session_id = ?", (now, session_id))


def listed(book: Book, account: str | None = None) -> list[Session]:
    """Sessions that have not run out, newest first; of one account, or of all."""
    rows = book.rows(
        "SELECT * FROM sessions WHERE (? IS NULL OR account = ?) AND expires_utc > ? ORDER BY created_utc DESC",
        account, account, book.clock.utc(),
    )  # fmt: skip
    return [_session(row) for row in rows]


def end(book: Book, session_id: str, *, actor: str) -> None:
    """End one session.

    Raises:
        NoSuchAccount: there is none of that id.
    """
    with book.change() as connection:
        if connection.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,)).rowcount == 0:
            raise NoSuchAccount(f"session {session_id[:40]!r}: there is none")
        book.audit(connection, actor, "signed out", f"session/{session_id}")


def end_all(book: Book, account: str, *, actor: str, but: str = "") -> int:
    """End every session of an account, except `but`; how many."""
    with book.change() as connection:
        ended = connection.execute(
            "DELETE FROM sessions WHERE account = ? AND session_id <> ?", (account, but)
        ).rowcount
        book.audit(connection, actor, "signed out everywhere", f"account/{account}", sessions=ended)
    return int(ended)


def used_before(book: Book, account: str, address: str) -> bool:
    """Whether this account has signed in from this address."""
    return book.row("SELECT 1 FROM places WHERE account = ? AND address = ?", account, address[:60]) is not None


def cameras_of(text: str | None) -> frozenset[str] | None:
    """The stored limit: None is all cameras."""
    return None if text is None else frozenset(json.loads(text))


def hashed(token: str) -> str:
    """What is stored of a random token of 256 bits: its SHA-256. A slow hash would guard nothing more."""
    return hashlib.sha256(token.encode()).hexdigest()


def _session(row: sqlite3.Row) -> Session:
    return Session(**{name: row[name] for name in Session.__dataclass_fields__})

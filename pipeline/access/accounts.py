"""Accounts: made, listed, changed, switched off. Every change is audited, and ends what it takes away at once."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from types import EllipsisType
from typing import get_args

from pipeline.access.book import Book
from pipeline.access.faults import AccountTaken, BadAccount, NoSuchAccount, Stale
from pipeline.access.roles import Role

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
MOST_CAMERAS = 2_000
RESERVED = frozenset({"system", "console", "worker", "nobody", "anonymous"})
"""Names that the audit log gives to what is no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as it may be shown. `cameras` None means all; `version` rises with each change."""

    name: str
    role: Role
    cameras: tuple[str, ...] | None
    disabled: bool
    has_password: bool
    second_factor: bool
    created_utc: float
    changed_utc: float
    signed_in_utc: float | None
    version: int


def listed(book: Book) -> list[Account]:
    """All accounts by name."""
    return [_account(row) for row in book.rows("SELECT * FROM accounts ORDER BY name")]


def find(book: Book, name: str) -> Account:
    """Raises NoSuchAccount."""
    row = book.row("SELECT * FROM accounts WHERE name = ?", name.lower())
    if row is None:
        raise NoSuchAccount(f"account {name[:60]!r}: there is none of that name")
    return _account(row)


def add(
    book: Book, *, name: str, role: Role, cameras: Collection[str] | None, password_hash: str | None, actor: str
) -> Account:
    """Make an account. Without a password it can be entered only through a link (`links.make`).

    Raises:
        AccountTaken: the name is in use.
        BadAccount: the name, the role or the cameras will not do.
    """
    chosen = checked_name(name)
    limits = _limits(role, cameras)
    now = book.clock.utc()
    with book.change() as connection:
        if connection.execute("SELECT 1 FROM accounts WHERE name = ?", (chosen,)).fetchone():
            raise AccountTaken(f"account {chosen!r} exists already")
        connection.execute(
            "INSERT INTO accounts (name, role, cameras, password, created_utc, changed_utc) VALUES (?, ?, ?, ?, ?, ?)",
            (chosen, role, limits, password_hash, now, now),
        )
        book.audit(connection, actor, "account added", f"account/{chosen}", role=role, cameras=_shown(limits))
    return find(book, chosen)


def check_first(book: Book, role: Role) -> None:
    """The first account ends the time in which everybody at this machine may do everything: it must be one that can
    make others.

    Raises:
        BadAccount: it would be no administrator's.
    """
    if role != "admin" and not listed(book):
        raise BadAccount(f"role {role}: the first account must be an administrator's (admin), who makes the others")


def change(
    book: Book,
    name: str,
    *,
    actor: str,
    role: Role | None = None,
    cameras: Collection[str] | EllipsisType | None = ...,
    disabled: bool | None = None,
    version: int | None = None,
) -> Account:
    """Change what is given (`cameras=None`: all cameras); its sessions end, so that nothing old goes on.

    Raises:
        NoSuchAccount, Stale: `version` is not the account's. AccountTaken: nobody would be left who may make accounts.
    """
    before = find(book, name)
    wanted_role = role or before.role
    wanted_cameras = before.cameras if isinstance(cameras, EllipsisType) else cameras
    off = before.disabled if disabled is None else disabled
    limits = _limits(wanted_role, wanted_cameras)
    with book.change() as connection:
        if version is not None and version != _version(connection, before.name):
            raise Stale(f"account {before.name!r} was changed meanwhile; look at it again")
        connection.execute(
            "UPDATE accounts SET role = ?, cameras = ?, disabled = ?, changed_utc = ?, version = version + 1"
            " WHERE name = ?",
            (wanted_role, limits, off, book.clock.utc(), before.name),
        )
        _keep_an_administrator(connection)
        connection.execute("DELETE FROM sessions WHERE account = ?", (before.name,))
        book.audit(
            connection, actor, "account changed", f"account/{before.name}", role=wanted_role, disabled=off,
            cameras=_shown(limits),
        )  # fmt: skip
    return find(book, before.name)


def remove(book: Book, name: str, *, actor: str) -> None:
    """Take an account away with its sessions and keys. What it did stays in the audit log.

    Raises:
        NoSuchAccount; AccountTaken: it is the last that may make accounts.
    """
    account = find(book, name)
    with book.change() as connection:
        connection.execute("DELETE FROM accounts WHERE name = ?", (account.name,))
        _keep_an_administrator(connection)
        book.audit(connection, actor, "account removed", f"account/{account.name}")


def set_password(book: Book, name: str, password_hash: str, *, actor: str, how: str, keep: str = "") -> None:
    """Set the password; every session but `keep` (a session id) ends.

    Raises:
        NoSuchAccount.
    """
    account = find(book, name)
    with book.change() as connection:
        connection.execute(
            "UPDATE accounts SET password = ?, changed_utc = ?, version = version + 1 WHERE name = ?",
            (password_hash, book.clock.utc(), account.name),
        )
        connection.execute("DELETE FROM sessions WHERE account = ? AND session_id <> ?", (account.name, keep))
        book.audit(connection, actor, "password set", f"account/{account.name}", how=how)


def reset(book: Book, name: str, *, actor: str) -> Account:
    """Forget password, second factor and recovery codes, and end every session: the account waits for a link.

    Raises:
        NoSuchAccount.
    """
    account = find(book, name)
    with book.change() as connection:
        connection.execute(
            "UPDATE accounts SET password = NULL, second_factor = NULL, second_factor_new = NULL, changed_utc = ?,"
            " version = version + 1 WHERE name = ?",
            (book.clock.utc(), account.name),
        )
        connection.execute("DELETE FROM sessions WHERE account = ?", (account.name,))
        connection.execute("DELETE FROM recovery_codes WHERE account = ?", (account.name,))
        book.audit(connection, actor, "account reset", f"account/{account.name}")
    return find(book, account.name)


def checked_name(name: str) -> str:
    """The name in small letters.

    Raises:
        BadAccount: says what is allowed.
    """
    chosen = name.strip().lower()
    if chosen in RESERVED:
        raise BadAccount(f"name {chosen!r}: the audit log uses it for what is no person; take another")
    if not NAME.fullmatch(chosen):
        raise BadAccount(f"name {name[:60]!r}: a letter or digit, then up to 39 of a-z, 0-9, dot, dash and underscore")
    return chosen


def _limits(role: Role, cameras: Collection[str] | None) -> str | None:
    if role not in get_args(Role):
        raise BadAccount(f"role {role!r}: one of {', '.join(get_args(Role))} is allowed")
    if cameras is None:
        return None
    if role == "admin":
        raise BadAccount("cameras: an administrator makes accounts for all cameras and cannot be limited to some")
    if not cameras or len(cameras) > MOST_CAMERAS or not all(0 < len(c) <= 200 for c in cameras):
        raise BadAccount(f"cameras: one to {MOST_CAMERAS} camera names are allowed; leave it out for all cameras")
    return json.dumps(sorted(set(cameras)))


def _shown(limits: str | None) -> list[str] | None:
    return None if limits is None else list(json.loads(limits))


def _version(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT version FROM accounts WHERE name = ?", (name,)).fetchone()
    return int(row["version"]) if row else 0


def _keep_an_administrator(connection: sqlite3.Connection) -> None:
    left = connection.execute("SELECT count(*) AS n FROM accounts WHERE role = 'admin' AND NOT disabled").fetchone()
    if left["n"] == 0:
        raise AccountTaken("nobody would be left who may make accounts; make another administrator first")


def _account(row: sqlite3.Row) -> Account:
    return Account(
        name=row["name"],
        role=row["role"],
        cameras=None if row["cameras"] is None else tuple(json.loads(row["cameras"])),
        disabled=bool(row["disabled"]),
        has_password=row["password"] is not None,
        second_factor=row["second_factor"] is not None,
        created_utc=row["created_utc"],
        changed_utc=row["changed_utc"],
        signed_in_utc=row["signed_in_utc"],
        version=row["version"],
    )

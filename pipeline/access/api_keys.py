"""Keys for programs: `nj_ID_SECRET` in an Authorization header. Hashed, limited to permissions, always with an end.

A key never may more than its account may now: taking a right from the account takes it from its keys.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.access import accounts
from pipeline.access.book import Book
from pipeline.access.faults import BadAccount, NoSuchAccount
from pipeline.access.roles import PERMISSIONS, ROLES, Permission, Principal
from pipeline.access.sessions import cameras_of, hashed

DAY_S = 86_400.0
LONGEST_DAYS = 366
USED_EVERY_S = 60.0
FORM = re.compile(r"nj_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it may be shown: never its secret."""

    key_id: str
    account: str
    label: str
    permissions: tuple[Permission, ...]
    cameras: tuple[str, ...] | None
    created_utc: float
    expires_utc: float
    used_utc: float | None


def make(
    book: Book,
    *,
    account: str,
    label: str,
    permissions: Collection[Permission],
    days: float,
    actor: str,
    cameras: Collection[str] | None = None,
) -> tuple[str, ApiKey]:
    """A new key: its text, shown this once, and what is kept of it.

    Raises:
        NoSuchAccount; BadAccount: the account has not all these permissions or cameras, or the days will not do.
    """
    owner = accounts.find(book, account)
    given = _checked(owner, permissions, cameras)
    if not 0 < days <= LONGEST_DAYS:
        raise BadAccount(f"days {days:g}: more than 0 and at most {LONGEST_DAYS} are allowed; a key always ends")
    if not 0 < len(label.strip()) <= 80:
        raise BadAccount("label: 1 to 80 characters that say what uses the key")
    key_id, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), book.clock.utc()
    limits = None if cameras is None else json.dumps(sorted(set(cameras)))
    with book.change() as connection:
        connection.execute(
            "INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (key_id, owner.name, label.strip(), hashed(secret), json.dumps(given), limits, now, now + days * DAY_S),
        )
        book.audit(
            connection, actor, "key made", f"key/{key_id}", account=owner.name, label=label.strip(),
            permissions=given, days=days,
        )  # fmt: skip
    return f"nj_{key_id}_{secret}", find(book, key_id)


def find(book: Book, key_id: str) -> ApiKey:
    """Raises NoSuchAccount."""
    row = book.row("SELECT * FROM api_keys WHERE key_id = ?", key_id)
    if row is None:
        raise NoSuchAccount(f"key {key_id[:40]!r}: there is none")
    return _key(row)


def listed(book: Book, account: str | None = None) -> list[ApiKey]:
    """Keys of one account, or of all; those that have run out too."""
    query = "SELECT * FROM api_keys WHERE ? IS NULL OR account = ? ORDER BY account, created_utc"
    return [_key(row) for row in book.rows(query, account, account)]


def revoke(book: Book, key_id: str, *, actor: str) -> None:
    """Take a key back for good.

    Raises:
        NoSuchAccount.
    """
    with book.change() as connection:
        if connection.execute("DELETE FROM api_keys WHERE key_id = ?", (key_id,)).rowcount == 0:
            raise NoSuchAccount(f"key {key_id[:40]!r}: there is none")
        book.audit(connection, actor, "key revoked", f"key/{key_id}")


def principal(book: Book, text: str) -> Principal | None:
    """Who holds this key, or None where it is unknown, has run out, or its account is off."""
    form = FORM.fullmatch(text)
    if form is None:
        return None
    row = book.row(
        "SELECT k.*, a.role, a.cameras AS account_cameras FROM api_keys k JOIN accounts a ON a.name = k.account"
        " WHERE k.key_id = ? AND NOT a.disabled",
        form[1],
    )
    now = book.clock.utc()
    if row is None or not hmac.compare_digest(row["secret_hash"], hashed(form[2])) or now >= row["expires_utc"]:
        return None
    if row["used_utc"] is None or now - row["used_utc"] > USED_EVERY_S:
        with book.change() as connection:
            connection.execute("UPDATE api_keys SET used_utc = ? WHERE key_id = ?", (now, row["key_id"]))
    return Principal(
        name=f"{row['account']}/{row['label']}", kind="key", role=row["role"],
        permissions=ROLES[row["role"]] & frozenset(json.loads(row["permissions"])),
        cameras=_narrower(cameras_of(row["account_cameras"]), cameras_of(row["cameras"])),
        session=f"key-{row['key_id']}", expires_utc=row["expires_utc"],
    )  # fmt: skip


def _narrower(account: frozenset[str] | None, key: frozenset[str] | None) -> frozenset[str] | None:
    if account is None or key is None:
        return key if account is None else account
    return account & key


def _checked(
    owner: accounts.Account, permissions: Collection[Permission], cameras: Collection[str] | None
) -> list[Permission]:
    wrong = [name for name in permissions if name not in PERMISSIONS]
    if wrong or not permissions:
        raise BadAccount(f"permissions {', '.join(wrong) or '(none)'}: of {', '.join(PERMISSIONS)}, at least one")
    beyond = [name for name in permissions if name not in ROLES[owner.role]]
    if beyond:
        raise BadAccount(f"permissions {', '.join(beyond)}: {owner.name} ({owner.role}) may not do that, nor its keys")
    foreign = sorted(set(cameras or ()) - set(owner.cameras)) if owner.cameras is not None else []
    if foreign or (cameras is not None and not cameras):
        raise BadAccount(f"cameras {', '.join(foreign) or '(none)'}: cameras of {owner.name} are allowed, at least one")
    return sorted(set(permissions))


def _key(row: sqlite3.Row) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"], account=row["account"], label=row["label"],
        permissions=tuple(json.loads(row["permissions"])),
        cameras=None if row["cameras"] is None else tuple(json.loads(row["cameras"])),
        created_utc=row["created_utc"], expires_utc=row["expires_utc"], used_utc=row["used_utc"],
    )  # fmt: skip

"""Recovery codes of a second factor: for the day the phone is lost. Each lets in once; only their hashes are kept.

A code has 80 random bits, so its SHA-256 is as good as a slow hash (NIST SP 800-63B, 5.1.2: look-up secrets of 64 bits
and more need no key stretching). They are shown once, when they are made.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3

from pipeline.access.book import Book
from pipeline.access.sessions import hashed

CODES = 10
BYTES = 10


def make(book: Book, name: str, *, actor: str) -> list[str]:
    """Fresh codes, as `abcd-efgh-ijkl-mnop`; older ones of the account stop working."""
    codes = [_shown(base64.b32encode(secrets.token_bytes(BYTES)).decode().lower()) for _ in range(CODES)]
    with book.change() as connection:
        clear(connection, name)
        connection.executemany(
            "INSERT INTO recovery_codes VALUES (?, ?)", [(name, hashed(plain(code))) for code in codes]
        )
        book.audit(connection, actor, "recovery codes made", f"account/{name}", codes=CODES)
    return codes


def spend(book: Book, name: str, code: str) -> bool:
    """Whether this is a code of the account that was not used yet; it is used now."""
    given = plain(code)
    if len(given) != BYTES * 8 // 5:
        return False
    with book.change() as connection:
        found = connection.execute(
            "DELETE FROM recovery_codes WHERE account = ? AND code_hash = ?", (name, hashed(given))
        )
        if found.rowcount == 0:
            return False
        count = connection.execute("SELECT count(*) FROM recovery_codes WHERE account = ?", (name,)).fetchone()[0]
        book.audit(connection, name, "recovery code used", f"account/{name}", left=count)
    return True


def left(book: Book, name: str) -> int:
    """How many codes of an account were not used yet."""
    row = book.row("SELECT count(*) AS n FROM recovery_codes WHERE account = ?", name)
    return 0 if row is None else int(row["n"])


def clear(connection: sqlite3.Connection, name: str) -> None:
    """Codes without a second factor are good for nothing."""
    connection.execute("DELETE FROM recovery_codes WHERE account = ?", (name,))


def plain(code: str) -> str:
    """As it is hashed: small letters and digits alone, however it was typed."""
    return "".join(code.lower().replace("-", " ").split())


def _shown(code: str) -> str:
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))

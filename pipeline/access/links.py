"""Links that work once: the first administrator at the first start, and a new password for a reset account.

There is no default password to forget. The token stands behind the `#` of the address, so that it is sent to no server
and written in no log but the console it was printed on.
"""

from __future__ import annotations

import secrets

from pipeline.access.book import Book
from pipeline.access.faults import AccessRefused
from pipeline.access.sessions import hashed

SETUP_S = 15 * 60.0
"""Reliability goals, section 3: a first link is good for fifteen minutes; `nightjar account setup` prints another."""
RESET_S = 24 * 3600.0


def make(book: Book, *, account: str | None, actor: str) -> str:
    """A token for the first administrator (`account` None) or for an account's password. Older ones of the same kind
    stop working."""
    token, now = secrets.token_urlsafe(32), book.clock.utc()
    with book.change() as connection:
        connection.execute("DELETE FROM links WHERE account IS ? OR expires_utc <= ?", (account, now))
        lasts_s = SETUP_S if account is None else RESET_S
        connection.execute("INSERT INTO links VALUES (?, ?, ?, ?)", (hashed(token), account, now, now + lasts_s))
        book.audit(connection, actor, "link made", f"account/{account}" if account else "setup")
    return token


def account_of(book: Book, token: str) -> str | None:
    """The account a link is for; None for the first administrator's.

    Raises:
        AccessRefused: unknown, used or run out.
    """
    row = book.row("SELECT * FROM links WHERE token_hash = ?", hashed(token))
    if row is None or book.clock.utc() >= row["expires_utc"]:
        raise AccessRefused("this link was used or has run out; ask for a new one")
    return None if row["account"] is None else str(row["account"])


def use(book: Book, token: str) -> None:
    """Spend a link.

    Raises:
        AccessRefused: somebody else was quicker.
    """
    with book.change() as connection:
        if connection.execute("DELETE FROM links WHERE token_hash = ?", (hashed(token),)).rowcount == 0:
            raise AccessRefused("this link was used or has run out; ask for a new one")

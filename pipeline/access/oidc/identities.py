"""Accounts of people whom a provider vouches for: made at their first sign-in, kept to what the provider says since.

An account belongs to the provider's `iss` and `sub`, never to a name: a name that somebody has here already is not
taken over, and one that changes at the provider changes nothing here.
"""

from __future__ import annotations

from pipeline.access import accounts, sessions
from pipeline.access.book import Book
from pipeline.access.faults import AccessRefused, BadAccount
from pipeline.access.oidc.flow import Identity


def account_for(book: Book, identity: Identity) -> str:
    """The name of the account to sign in with.

    Raises:
        AccessRefused: the provider grants no role (any more), the account is off, or its name is somebody else's.
    """
    row = book.row("SELECT account FROM identities WHERE issuer = ? AND subject = ?", identity.issuer, identity.subject)
    known = None if row is None else str(row["account"])
    if identity.grant is None:
        if known is not None:
            sessions.end_all(book, known, actor="system")
        raise AccessRefused("the provider gives you no role here")
    return _first(book, identity) if known is None else _again(book, known, identity)


def _first(book: Book, identity: Identity) -> str:
    assert identity.grant is not None
    name = identity.name.partition("@")[0]
    try:
        made = accounts.add(
            book, name=name, role=identity.grant.role, cameras=identity.grant.cameras, password_hash=None,
            actor="provider",
        )  # fmt: skip
    except BadAccount as error:
        raise AccessRefused(f"no account can be made for you: {error}") from None
    with book.change() as connection:
        connection.execute("INSERT INTO identities VALUES (?, ?, ?)", (identity.issuer, identity.subject, made.name))
        book.audit(connection, "provider", "identity linked", f"account/{made.name}", issuer=identity.issuer)
    return made.name


def _again(book: Book, name: str, identity: Identity) -> str:
    assert identity.grant is not None
    account = accounts.find(book, name)
    if account.disabled:
        raise AccessRefused("this account is switched off here")
    if account.role == "admin":  # an administrator here made it one: the provider does not take that away or give it
        return name
    cameras = identity.grant.cameras
    wanted = None if cameras is None else tuple(sorted(set(cameras)))
    if account.role != identity.grant.role or account.cameras != wanted:
        accounts.change(book, name, actor="provider", role=identity.grant.role, cameras=wanted)
    return name

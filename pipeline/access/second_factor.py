"""The second factor of an account: begun, confirmed by a first code, taken away, and checked at sign-in, where a
recovery code does in its place."""

from __future__ import annotations

from pipeline.access import accounts, recovery, totp
from pipeline.access.book import Book
from pipeline.access.faults import AccessRefused, CodeNeeded
from pipeline.access.vault import Vault


def begin(book: Book, vault: Vault, name: str) -> str:
    """A new secret in Base32. Nothing is asked for yet: `confirm` switches it on."""
    account, secret = accounts.find(book, name), totp.new_secret()
    with book.change() as connection:
        sealed = vault.seal(secret, about=_about(account.name))
        connection.execute("UPDATE accounts SET second_factor_new = ? WHERE name = ?", (sealed, account.name))
    return secret


def confirm(book: Book, vault: Vault, name: str, code: str) -> list[str]:
    """Switch it on, with a code that proves that the phone has the secret; fresh recovery codes, to be shown once.

    Raises:
        AccessRefused: nothing was begun, or the code is wrong.
    """
    row = book.row("SELECT second_factor_new FROM accounts WHERE name = ?", name)
    sealed = row["second_factor_new"] if row is not None else None
    secret = vault.open(sealed, about=_about(name)) if sealed else None
    step = totp.accepted_step(secret, code, utc=book.clock.utc(), after=0) if secret else None
    if step is None:
        raise AccessRefused("the code does not fit; check the phone's clock and begin again if need be")
    with book.change() as connection:
        connection.execute(
            "UPDATE accounts SET second_factor = second_factor_new, second_factor_new = NULL, last_step = ?,"
            " changed_utc = ?, version = version + 1 WHERE name = ?",
            (step, book.clock.utc(), name),
        )
        book.audit(connection, name, "second factor on", f"account/{name}")
    return recovery.make(book, name, actor=name)


def drop(book: Book, name: str, *, actor: str) -> None:
    """Ask for no code any more."""
    with book.change() as connection:
        connection.execute(
            "UPDATE accounts SET second_factor = NULL, second_factor_new = NULL, version = version + 1 WHERE name = ?",
            (name,),
        )
        recovery.clear(connection, name)
        book.audit(connection, actor, "second factor off", f"account/{name}")


def check(book: Book, vault: Vault, name: str, code: str) -> bool:
    """Whether the account has a second factor, which `code`, of the phone or for recovery, satisfied. A code is
    taken once.

    Raises:
        CodeNeeded: it has one, and no code was given. AccessRefused: the code is wrong or was used.
    """
    row = book.row("SELECT second_factor, last_step FROM accounts WHERE name = ?", name)
    if row is None or row["second_factor"] is None:
        return False
    if not code.strip():
        raise CodeNeeded(
            "this account has a second factor: give the six digits that the phone shows now, or a recovery code"
        )
    if recovery.spend(book, name, code):
        return True
    secret = vault.open(row["second_factor"], about=_about(name))
    step = totp.accepted_step(secret, code, utc=book.clock.utc(), after=row["last_step"])
    if step is None:
        raise AccessRefused("name, password or code is wrong")
    with book.change() as connection:
        spent = connection.execute(
            "UPDATE accounts SET last_step = ? WHERE name = ? AND last_step < ?", (step, name, step)
        )
        if spent.rowcount == 0:
            raise AccessRefused("name, password or code is wrong")
    return True


def _about(name: str) -> str:
    return f"second factor of {name}"

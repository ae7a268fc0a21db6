"""The one thing the API and the commands hold: who is there, who is let in, and until when.

While no account exists and only this machine can reach the API, whoever sits here may do everything (`open`): they
could read the data folder all the same. From the first account on, signing in is demanded everywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.access import accounts, api_keys, links, second_factor, sessions
from pipeline.access.book import Book
from pipeline.access.faults import AccessRefused, AccountTaken, CodeNeeded
from pipeline.access.oidc.flow import Identity
from pipeline.access.oidc.identities import account_for
from pipeline.access.passwords import Hasher, check_new
from pipeline.access.roles import LOCAL, NOBODY, Principal
from pipeline.access.throttle import Throttle
from pipeline.access.vault import Vault
from pipeline.clock import Clock

REMEMBERED_S = 1.0
"""How long an answer about a token is kept: so soon does a change made by a command in another process count."""
MOST_REMEMBERED = 2_000
WRONG = "name, password or code is wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session's token, for a cookie and nothing else, and who it is."""

    token: str
    principal: Principal


class Access:
    """`loopback`: only this machine can reach the API and no proxy stands before it.

    Raises, when made:
        StoreError: the file of accounts cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        loopback: bool = True,
        hasher: Hasher | None = None,
        keys: Path | None = None,
    ) -> None:
        self.book = Book(folder / "access.sqlite", clock=clock)
        self.vault = Vault((keys or folder / "keys") / "master.key")
        self.hasher = hasher or Hasher()
        self.clock = clock
        self._loopback = loopback
        self._throttle = Throttle(clock)
        self._lock = threading.Lock()
        self._remembered: dict[str, tuple[float, Principal | None]] = {}
        self._empty: tuple[float, bool] = (-REMEMBERED_S, False)

    def close(self) -> None:
        self.book.close()

    # -- who is asking --------------------------------------------------------------------------------------------

    def no_account(self) -> bool:
        """Whether no account exists at all."""
        return self.book.row("SELECT 1 FROM accounts LIMIT 1") is None

    def open(self) -> bool:
        """Whether this machine's user is let in without signing in; known for a second at a time."""
        if not self._loopback:
            return False
        now = self.clock.monotonic()
        with self._lock:
            asked, answer = self._empty
        if now - asked >= REMEMBERED_S:
            answer = self.no_account()
            with self._lock:
                self._empty = (now, answer)
        return answer

    def who(self, *, token: str = "", key: str = "") -> Principal:
        """Who holds this cookie or this key; `NOBODY` where neither is any good.

        A key that is shown counts alone: a wrong one is not made good by a cookie.
        """
        if self.open():
            return LOCAL
        if key:
            return self._recall(f"key {sessions.hashed(key)}", lambda: api_keys.principal(self.book, key)) or NOBODY
        if token:
            name = f"session {sessions.hashed(token)}"
            return self._recall(name, lambda: sessions.principal(self.book, token)) or NOBODY
        return NOBODY

    def forget(self) -> None:
        """Something changed: ask the file again from now on."""
        with self._lock:
            self._remembered.clear()
            self._empty = (-REMEMBERED_S, False)

    # -- letting in -----------------------------------------------------------------------------------------------

    def sign_in(self, *, name: str, password: str, code: str = "", address: str, agent: str = "") -> SignedIn:
        """Begin a session.

        Raises:
            AccessRefused, CodeNeeded: not let in; it takes as long for a name that does not exist.
            TooManyTries: by account, by address, or by how many sign in at once.
        """
        account = name.strip().lower()
        known = sessions.used_before(self.book, account, address)
        self._throttle.check(account=account, address=address, known=known)
        try:
            self._check_password(account, password)
            strong = second_factor.check(self.book, self.vault, account, code)
        except CodeNeeded:
            raise
        except AccessRefused:
            self._throttle.failed(account=account, address=address, known=known)
            self.note(account[:60] or "-", "sign-in failed", f"account/{account[:60]}", address=address)
            raise
        self._throttle.passed(account=account, address=address, known=known)
        token, _ = sessions.begin(self.book, account, address=address, agent=agent, second_factor=strong)
        self.forget()
        return SignedIn(token=token, principal=self.who(token=token))

    def enter_by_link(self, *, token: str, name: str, password: str, address: str, agent: str = "") -> SignedIn:
        """Make the first administrator, or set the password of the account that the link is for, and sign in.

        Raises:
            AccessRefused: the link is no good any more. WeakPassword, BadInput: name or password will not do.
        """
        owner = self.look_at_link(token=token, address=address)
        account = accounts.checked_name(name) if owner is None else owner
        hashed = self.hasher.hash(check_new(password, name=account))
        if owner is None and not self.no_account():
            raise AccountTaken("there is an account already; sign in with it")
        links.use(self.book, token)
        if owner is None:
            accounts.add(self.book, name=account, role="admin", cameras=None, password_hash=hashed, actor="setup link")
        else:
            accounts.set_password(self.book, account, hashed, actor=account, how="link")
        begun, _ = sessions.begin(self.book, account, address=address, agent=agent, second_factor=False)
        self.forget()
        return SignedIn(token=begun, principal=self.who(token=begun))

    def enter_as(self, identity: Identity, *, address: str, agent: str = "") -> SignedIn:
        """Begin a session for somebody whom the provider vouches for.

        Raises:
            AccessRefused: no role, no account that may be had, or no administrator has been made yet. TooManyTries.
        """
        self._throttle.check(account=f"provider {address}", address=address, known=False)
        if self.no_account():
            raise AccessRefused("the first account is an administrator's, made with the link of the first start")
        try:
            account = account_for(self.book, identity)
            token, _ = sessions.begin(
                self.book, account, address=address, agent=agent, second_factor=identity.second_factor
            )
        finally:
            self.forget()  # whom the provider grants nothing any more has lost what was begun before, at once
        return SignedIn(token=token, principal=self.who(token=token))

    def refused_elsewhere(self, *, address: str, why: str) -> None:
        """Write down that somebody came back from the provider without being let in."""
        self._throttle.failed(account=f"provider {address}", address=address, known=False)
        self.note("-", "sign-in failed", "provider", address=address, why=why[:200])

    def look_at_link(self, *, token: str, address: str) -> str | None:
        """The account that a link is for; None for the first administrator's.

        Raises:
            AccessRefused, TooManyTries: it is no good, or too many were tried.
        """
        self._throttle.check(account="link", address=address, known=False)
        try:
            return links.account_of(self.book, token)
        except AccessRefused:
            self._throttle.failed(account="link", address=address, known=False)
            raise

    def change_password(self, principal: Principal, *, old: str, new: str, address: str) -> None:
        """The account's own change; every other session of it ends.

        Raises:
            AccessRefused: the old one is wrong. WeakPassword: the new one will not do.
        """
        self.confirm(principal, old, address)
        hashed = self.hasher.hash(check_new(new, name=principal.name))
        accounts.set_password(
            self.book, principal.name, hashed, actor=principal.name, how="own", keep=principal.session
        )
        self.forget()

    def drop_second_factor(self, principal: Principal, *, password: str, address: str) -> None:
        """Raises AccessRefused: the password is wrong."""
        self.confirm(principal, password, address)
        second_factor.drop(self.book, principal.name, actor=principal.name)

    def note(self, actor: str, action: str, target: str, **detail: object) -> None:
        """A row for the audit log that comes with no other change."""
        with self.book.change() as connection:
            self.book.audit(connection, actor, action, target, **detail)

    def confirm(self, principal: Principal, password: str, address: str) -> None:
        """Raises AccessRefused, TooManyTries: it is not this account's password."""
        self._throttle.check(account=principal.name, address=address, known=True)
        try:
            self._check_password(principal.name, password)
        except AccessRefused:
            self._throttle.failed(account=principal.name, address=address, known=True)
            raise

    def _check_password(self, account: str, password: str) -> None:
        row = self.book.row("SELECT password, disabled FROM accounts WHERE name = ?", account)
        hashed = None if row is None else row["password"]
        right = self.hasher.matches(password, hashed)
        if not right or hashed is None or row is None or row["disabled"]:
            raise AccessRefused(WRONG)
        if self.hasher.outdated(hashed):
            with self.book.change() as connection:
                new = self.hasher.hash(password)
                connection.execute("UPDATE accounts SET password = ? WHERE name = ?", (new, account))

    def _recall(self, name: str, look: Callable[[], Principal | None]) -> Principal | None:
        now = self.clock.monotonic()
        with self._lock:
            asked, found = self._remembered.get(name, (-REMEMBERED_S, None))
        if now - asked < REMEMBERED_S:
            return found
        found = look()
        with self._lock:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[name] = (now, found)
        return found

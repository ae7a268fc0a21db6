"""Why somebody is not let in, or an account is not changed.

NightjarError
  AccessRefused       name, password, code or key is wrong: never says which
    CodeNeeded        the password is right and the second factor is missing
  TooManyTries        come back in `retry_after_s`
  BadInput
    BadAccount        a name, role, limit or label that will not do
      WeakPassword    says what a password needs
      NoSuchAccount   names the account, session or key
      AccountTaken    the name is in use, or the change would leave nobody who may make accounts
      Stale           somebody changed the account meanwhile
"""

from __future__ import annotations

from pipeline.errors import BadInput, NightjarError


class AccessRefused(NightjarError):  # noqa: N818
    """Not let in. The message is the same for an unknown name and a wrong password."""


class CodeNeeded(AccessRefused):
    """This account has a second factor."""


class TooManyTries(NightjarError):  # noqa: N818
    """Too many failures from here or for this account, or too many people signing in at once."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too many tries; try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class BadAccount(BadInput):
    """What was given for an account or a key will not do; says what is allowed."""


class WeakPassword(BadAccount):
    """The password would be guessed."""


class NoSuchAccount(BadAccount):
    """No account, key or session of that name."""


class AccountTaken(BadAccount):
    """The name is in use, or the last administrator would be lost."""


class Stale(BadAccount):
    """Somebody changed the account meanwhile."""

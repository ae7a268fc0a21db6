"""Passwords as Argon2id hashes, and what a new one needs.

Cost: 46 MiB, two passes, one lane: above the OWASP Password Storage Cheat Sheet's minimum (19 MiB, t=2, p=1), so that a
small edge box can bear two at a time. Length is what counts (NIST SP 800-63B, 5.1.1.2): no classes of characters are
demanded, but what everybody tries first is refused.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from pipeline.access.faults import TooManyTries, WeakPassword

SHORTEST = 12
LONGEST = 256
AT_ONCE = 2
"""Hashes computed at the same time: a flood of sign-ins must not take the machine from the cameras."""
WAITING = 6
"""Who may wait for that; the next is told to come back, so that waiting never uses up the API's threads."""
FEW = 5
"""A password with fewer different characters is a pattern."""
TRIED_FIRST = (
    "password", "passw0rd", "p@ssword", "qwerty", "azerty", "letmein", "welcome", "welkom", "iloveyou", "admin",
    "administrator", "changeme", "secret", "security", "camera", "nightjar", "123456", "abcdef", "111111", "000000",
)  # fmt: skip
"""Beginnings of what attackers try first. A word of these makes a password weak when little else is in it."""
PLAIN_LEFT = 8
"""So many characters must remain once those words and the account's name are taken out."""


class Hasher:
    """Makes and checks hashes, two at a time. Raises `TooManyTries` where too many wait already."""

    def __init__(self, *, memory_kib: int = 47_104, passes: int = 2) -> None:
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._queue = threading.BoundedSemaphore(AT_ONCE + WAITING)
        self._dummy = self._argon2.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        with self._turn():
            return self._argon2.hash(_normal(password))

    def matches(self, password: str, hashed: str | None) -> bool:
        """Whether it is that password. For an unknown account (`None`) the same work is done and the answer is no."""
        with self._turn():
            try:
                return self._argon2.verify(hashed or self._dummy, _normal(password)) and hashed is not None
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, hashed: str) -> bool:
        """Whether it was made at another cost and should be made anew at the next sign-in."""
        return self._argon2.check_needs_rehash(hashed)

    def _turn(self) -> _Turn:
        return _Turn(self._queue, self._slots)


class _Turn:
    """One place in the queue, then one of the slots."""

    def __init__(self, queue: threading.BoundedSemaphore, slots: threading.BoundedSemaphore) -> None:
        self._queue = queue
        self._slots = slots

    def __enter__(self) -> None:
        if not self._queue.acquire(blocking=False):
            raise TooManyTries(2.0)
        self._slots.acquire()

    def __exit__(self, *_: object) -> None:
        self._slots.release()
        self._queue.release()


def check_new(password: str, *, name: str) -> str:
    """The password, if it will do for the account `name`.

    Raises:
        WeakPassword: says why not, never the password.
    """
    text = _normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise WeakPassword(f"password: {SHORTEST} to {LONGEST} characters are needed; a few unrelated words do well")
    if len(set(text.lower())) < FEW:
        raise WeakPassword(f"password: it has fewer than {FEW} different characters")
    left = text.lower()
    for word in (name.lower(), *TRIED_FIRST):
        left = left.replace(word, "") if word else left
    if len(left) < PLAIN_LEFT:
        raise WeakPassword("password: beside the account's name and words that everybody tries, too little is left")
    return text


def _normal(password: str) -> str:
    """The same password however a keyboard composed its letters (NFKC, as NIST SP 800-63B advises)."""
    return unicodedata.normalize("NFKC", password)

"""How often somebody may fail to sign in: by account and by address, with a wait that grows and always ends.

Five failures of an account and twenty from an address within a minute are free; after that each failure costs a wait
that doubles from a minute to a quarter of an hour. Who signed in from this address before is counted apart from the
rest of the world, so that an attacker elsewhere cannot lock an operator out at their own desk.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from pipeline.access.faults import TooManyTries
from pipeline.clock import Clock

PER_ACCOUNT = 5
PER_ADDRESS = 20
WINDOW_S = 60.0
LONGEST_S = 900.0
MOST = 10_000
"""Names remembered; beyond that the oldest go, so that made-up names cannot fill the memory."""


@dataclass(slots=True)
class _Record:
    failures: int
    window_began: float
    until: float
    waits: int


class Throttle:
    """Ask `check` before a password is looked at, and tell `failed` or `passed` afterwards."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}

    def check(self, *, account: str, address: str, known: bool) -> None:
        """Raises TooManyTries: with the longest wait that still runs."""
        now = self._clock.monotonic()
        with self._lock:
            waits = [
                self._records[key].until - now for key, _ in _keys(account, address, known) if key in self._records
            ]
        longest = max(waits, default=0.0)
        if longest > 0:
            raise TooManyTries(max(1.0, longest))

    def failed(self, *, account: str, address: str, known: bool) -> None:
        now = self._clock.monotonic()
        with self._lock:
            for key, free in _keys(account, address, known):
                self._count(key, free, now)
            while len(self._records) > MOST:
                del self._records[next(iter(self._records))]

    def passed(self, *, account: str, address: str, known: bool) -> None:
        """The account's failures are forgiven, the address's are not: one right password hides no guessing."""
        with self._lock:
            self._records.pop(_keys(account, address, known)[0][0], None)

    def _count(self, key: str, free: int, now: float) -> None:
        record = self._records.pop(key, None) or _Record(0, now, 0.0, 0)
        old = now - record.window_began > WINDOW_S if record.waits == 0 else now - record.until > LONGEST_S
        if old:
            record = _Record(0, now, 0.0, 0)
        record.failures += 1
        if record.failures >= free:
            record.until = now + min(LONGEST_S, WINDOW_S * 2**record.waits)
            record.waits += 1
        self._records[key] = record


def _keys(account: str, address: str, known: bool) -> tuple[tuple[str, int], tuple[str, int]]:
    """What is counted: the account (apart for an address it was used from before), and the address."""
    place = address if known else "*"
    return (f"account {account.lower()[:200]} {place}", PER_ACCOUNT), (f"address {address}", PER_ADDRESS)

"""The only place that asks what time it is. Everything else is handed a `Clock` or an instant."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for schedules and records, monotonic time for watchdogs and back-off."""

    def utc(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never step back; the origin means nothing."""

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def utc(self) -> float:
        return time.time()  # noqa: TID251

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class FakeClock:
    """A clock that moves only when told to, or by sleeping: for tests and simulations."""

    def __init__(self, utc: float = 1_780_000_000.0) -> None:
        self._utc = utc
        self._monotonic = 0.0

    def utc(self) -> float:
        return self._utc

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        self._utc += seconds
        self._monotonic += seconds

    def step_wall(self, seconds: float) -> None:
        """A wall-clock step, as NTP or a person makes it; monotonic time does not notice."""
        self._utc += seconds

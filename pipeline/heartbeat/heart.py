"""Signs of life for those who watch from outside: a dead man's push to an address, and a retained word at a broker.

A monitor that polls (`/healthz`) sees a box that does not answer; one that is pushed sees, also through a firewall that
lets nobody in, that the push did not come. So a push is made only after the health check came back: a process whose
store hangs falls silent, as one that is dead.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.clock import Clock
from pipeline.health import Health
from pipeline.sinks.base import Away
from pipeline.sinks.https import Answer

log = logging.getLogger(__name__)

FIRST_RETRY_S = 5.0


class Post(Protocol):
    """One POST to one address. Raises Away."""

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer: ...


class Beat(Protocol):
    """One sign of life."""

    @property
    def every_s(self) -> float: ...

    def beat(self, health: Health) -> None:
        """Raises Away where it was not heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Posts the health as JSON to `well`, or to `ill`, where there is one, while something is wrong."""

    well: Post
    ill: Post | None
    every_s: float
    site: str

    def beat(self, health: Health) -> None:
        to = self.well if health.ok or self.ill is None else self.ill
        body = json.dumps({"site": self.site, **health.view()}).encode()
        answer = to.post(body, {"Content-Type": "application/json", "User-Agent": "nightjar"})
        if not 200 <= answer.status < 300:
            raise Away(f"the monitor answers {answer.status}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Says the health at `TOPIC/heartbeat` of a broker."""

    say: Callable[[str, Mapping[str, Any]], None]
    every_s: float
    site: str

    def beat(self, health: Health) -> None:
        self.say("heartbeat", {"site": self.site, "every_s": self.every_s, **health.view()})


class Heart:
    """One thread for each kind of beat, so that a monitor that does not answer delays no other."""

    def __init__(self, beats: Mapping[str, Beat], health: Callable[[], Health], clock: Clock) -> None:
        self._beats, self._health, self._clock = beats, health, clock
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for name, beat in self._beats.items():
            thread = threading.Thread(target=self._run, args=(name, beat), name=f"heart-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=2.0)

    def _run(self, name: str, beat: Beat) -> None:
        failing = False
        while not self._stop.is_set():
            began = self._clock.monotonic()
            reason = self._once(beat)
            if (reason is not None) is not failing:
                log.warning("heartbeat %s: %s", name, reason or "heard again")
            failing = reason is not None
            every_s = min(beat.every_s, FIRST_RETRY_S) if failing else beat.every_s
            self._stop.wait(max(0.0, every_s - (self._clock.monotonic() - began)))

    def _once(self, beat: Beat) -> str | None:
        """Why it was not heard, or None."""
        try:
            beat.beat(self._health())
        except Away as error:
            return str(error)
        except Exception as error:  # a thread's edge: the next beat may succeed
            log.exception("heartbeat")
            return type(error).__name__
        return None

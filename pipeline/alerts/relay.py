"""Moves messages from the outbox over the link, and forgets them only when the store has them. A visible loop."""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import dataclass

from pipeline.alerts.link import Link
from pipeline.alerts.message import Envelope, Message
from pipeline.alerts.outbox import Outbox
from pipeline.clock import Clock
from pipeline.errors import DeliveryError
from pipeline.failpoint import failpoint

log = logging.getLogger(__name__)

BATCH = 100
IDLE_S = 1.0
PARTIAL_S = 0.02
BACKOFF_S = (0.05, 2.0)
"""First and longest wait after a refusal: the store is back for at most 2 s before the next try."""
REPORT_AFTER_S = 10.0
"""A link that refuses this long is itself an alert, which waits with the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayStatus:
    """How delivery is doing. `lag_s` is the age of the oldest waiting message; `stale` counts messages refused
    because a newer worker of this camera has started: this one is a leftover and should end."""

    depth: int
    lag_s: float
    delivered: int
    stale: int
    failing_s: float
    error: str | None


class Relay:
    """One thread between one outbox and one link. `start` and `stop`, or `run_once` by hand."""

    def __init__(self, outbox: Outbox, link: Link, clock: Clock, *, batch: int = BATCH) -> None:
        self._batch = batch
        self._outbox = outbox
        self._link = link
        self._clock = clock
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: Message | None = None
        self._delivered = 0
        self._stale = 0
        self._failures = 0
        self._failing: tuple[float, float] | None = None
        self._reported = False
        self._error: str | None = None
        outbox.on_put(self._wake.set)

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="relay", daemon=True)
        self._thread.start()

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """Deliver what waits, for at most `timeout_s`, then end. What is left stays in the outbox."""
        deadline = self._clock.monotonic() + timeout_s
        while self._thread is not None and self._outbox.depth() and self._clock.monotonic() < deadline:
            self._wake.set()
            self._clock.sleep(0.02)
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=max(0.1, deadline - self._clock.monotonic()) + 1.0)
        self._link.close()

    def tell(self, status: Message) -> None:
        """Send a status along with the next batch. Only the latest counts; it is not kept, and not tried twice."""
        self._told = status
        self._wake.set()

    def status(self) -> RelayStatus:
        oldest = self._outbox.oldest_utc()
        now = self._clock.monotonic()
        return RelayStatus(
            depth=self._outbox.depth(),
            lag_s=0.0 if oldest is None else max(0.0, self._clock.utc() - oldest),
            delivered=self._delivered,
            stale=self._stale,
            failing_s=0.0 if self._failing is None else now - self._failing[0],
            error=self._error,
        )

    def run(self) -> None:
        """Until stopped: deliver, wait for the next put, back off where the link refuses."""
        while not self._stop.is_set():
            try:
                wait_s = self.run_once()
            except Exception:
                log.exception("relay")
                wait_s = BACKOFF_S[1]
            if wait_s > 0 and self._failing is None:
                self._wake.wait(wait_s)
            elif wait_s > 0:
                self._stop.wait(wait_s)

    def run_once(self) -> float:
        """Deliver one batch; the seconds to wait before the next, 0 where more may be waiting."""
        self._wake.clear()
        batch = self._outbox.pending(self._batch)
        told, self._told = self._told, None
        sent = batch if told is None else [*batch, Envelope(told.message_id, told.text())]
        if not sent:
            return IDLE_S
        try:
            failpoint("relay.before_deliver")
            receipt = self._link.deliver(sent)
        except DeliveryError as error:
            return self._refused(error)
        failpoint("relay.before_confirm")
        taken = [e.message_id for e in batch if e.message_id in receipt.committed]
        if taken:
            self._outbox.confirm(taken)
        failpoint("relay.after_confirm")
        self._delivered += len(taken)
        self._stale += len(receipt.stale)
        self._recovered()
        return 0.0 if taken else PARTIAL_S if batch else IDLE_S

    def _refused(self, error: DeliveryError) -> float:
        now = self._clock.monotonic()
        if self._failing is None:
            self._failing = (now, self._clock.utc())
        self._failures += 1
        self._error = str(error)
        if self._failures == 1:
            log.warning("link %s: %s; messages wait in the outbox", self._link.name, error)
        since, since_utc = self._failing
        if now - since >= REPORT_AFTER_S and not self._reported:
            self._reported = True
            self._outbox.report(
                code="delivery", change="start", since_utc=since_utc, link=self._link.name, error=self._error
            )
        first, longest = BACKOFF_S
        return random.uniform(0.5, 1.0) * min(longest, first * 2.0 ** min(self._failures - 1, 10))  # noqa: S311

    def _recovered(self) -> None:
        if self._failing is None:
            return
        since, since_utc = self._failing
        lasted_s = round(self._clock.monotonic() - since, 1)
        log.warning("link %s takes messages again after %.1f s", self._link.name, lasted_s)
        self._failing, self._failures, self._error = None, 0, None
        if self._reported:
            self._reported = False
            self._outbox.report(
                code="delivery", change="end", since_utc=since_utc, link=self._link.name, lasted_s=lasted_s
            )

"""One sink's loop: from its own cursor in the feed to the other end, in each camera's order, however often that fails.

Where the other end is away, everything waits, in the feed and not in memory. Where it refuses one notice, that camera's
notices wait behind it while the others go on; after some tries it is a dead letter, and operators are told.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Literal

from pipeline.clock import Clock
from pipeline.errors import StoreError
from pipeline.failpoint import failpoint
from pipeline.secrets import redact
from pipeline.sinks.base import Away, Refused, Sink
from pipeline.sinks.notice import Notice, notice_of
from pipeline.sinks.pace import Pace
from pipeline.sinks.routing import Route
from pipeline.store.deliveries import KEEP_S, Delivery, DeliveryBook, Outcome, Standing
from pipeline.store.feed import Change

log = logging.getLogger(__name__)

PAGE = 200
PENDING = 500
"""Notices held in memory; the rest waits in the feed."""
ROUND_S = 0.5
SETTLE_S = 1.0
"""Outcomes are written about this often: a crash repeats no more than what was sent in it, and a commit for each would
hold up the taking of alerts (with three sinks and 20 alerts a second on a busy disk, 105 ms in place of 30)."""
IDLE_S = 5.0
BACKOFF_S = (0.5, 60.0)
HELD_S = 600.0
"""A notice is given up for its age only after it was tried for so long: a step of the wall clock ages nothing."""
REPORT_AFTER_S = 60.0
DEAD_EVERY_S = 3600.0
PRUNE_S = 3600.0

FeedAfter = Callable[..., list[Change]]
Tell = Callable[[str, Literal["start", "end"], float, Mapping[str, Any]], None]
"""(code, change, since_utc, why): raises a system alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One sink as the site file has it. `target` is where it goes, for people; `hidden` must never be shown."""

    name: str
    kind: str
    sink: Sink
    route: Route
    target: str
    attempts: int = 8
    keep_s: float = 86_400.0
    pace: Pace = field(default_factory=Pace)
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStatus:
    """How a sink is doing. `waiting` notices are known to be its own, `behind` changes of the feed are not looked at;
    `lag_s` is the age of the oldest that waits."""

    name: str
    kind: str
    target: str
    state: Literal["working", "failing"]
    waiting: int
    behind: int
    lag_s: float
    sent: int
    last_sent_utc: float | None
    last_error: str | None
    last_error_utc: float | None
    failing_utc: float | None


@dataclass(slots=True)
class _Item:
    notice: Notice
    first_utc: float
    read_at: float
    attempts: int = 0
    not_before: float = 0.0
    requeued: bool = False
    alone: bool = False


class SinkRunner:
    """One thread. `start` and `stop`, or `run_once` by hand."""

    def __init__(
        self, outlet: Outlet, book: DeliveryBook, *, site: str, feed_after: FeedAfter, last_seq: Callable[[], int],
        clock: Clock, tell: Tell,
    ) -> None:  # fmt: skip
        self.outlet = outlet
        self._book, self._site, self._clock, self._tell = book, site, clock, tell
        self._feed_after, self._last_seq = feed_after, last_seq
        standing = book.open(outlet.name)
        self._read = self._written = standing.cursor
        self._ceiling = book.ceiling(outlet.name)
        self._failing_utc = standing.failing_utc
        self._told = self._told_written = standing.failing_utc is not None
        self._waiting: list[_Item] = []
        self._done: list[Delivery] = []
        self._failures = 0
        self._retry_at = 0.0
        self._sent = 0
        self._last: tuple[float | None, str | None, float | None] = (None, None, None)
        self._dead_told = -DEAD_EVERY_S
        self._settled_at = -SETTLE_S
        self._pruned_at = clock.monotonic()
        self._look_back = True
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    # -- the thread -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name=f"sink-{self.outlet.name}", daemon=True)
        self._thread.start()

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """End after the notice in hand. What is not settled stays in the feed."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=timeout_s)

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    def look_back(self) -> None:
        """Dead letters wait again."""
        self._look_back = True
        self._retry_at = 0.0
        self._wake.set()

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                wait_s = self.run_once()
            except StoreError as error:
                log.error("sink %s: store: %s", self.outlet.name, error)
                wait_s = BACKOFF_S[0]
            except Exception:
                log.exception("sink %s", self.outlet.name)
                wait_s = BACKOFF_S[1]
            if wait_s > 0:
                self._wake.wait(min(wait_s, IDLE_S))
        try:
            self._settle()
        except StoreError as error:
            log.error("sink %s: store: %s", self.outlet.name, error)
        self.outlet.sink.close()

    def status(self) -> SinkStatus:
        waiting, now = list(self._waiting), self._clock.utc()
        oldest = min((item.first_utc for item in waiting), default=now)
        return SinkStatus(
            name=self.outlet.name, kind=self.outlet.kind, target=self.outlet.target,
            state="working" if self._failing_utc is None else "failing", waiting=len(waiting),
            behind=max(0, self._last_seq() - self._read), lag_s=round(max(0.0, now - oldest), 3), sent=self._sent,
            last_sent_utc=self._last[0], last_error=self._last[1], last_error_utc=self._last[2],
            failing_utc=self._failing_utc,
        )  # fmt: skip

    def outcomes(self) -> list[Delivery]:
        """What has become of notices and is not written so far."""
        return list(self._done)

    def expects(self, change: Change) -> Notice | None:
        """The notice that this change is going to be, where it is this sink's and not looked at or settled so far."""
        notice = notice_of(change, site=self._site)
        return notice if notice is not None and change.feed_seq > self._written and self._wants(notice) else None

    # -- one round ------------------------------------------------------------------------------------------------

    def run_once(self) -> float:
        """Read on, send what is due for up to half a second, write down what became of it; seconds to wait."""
        self._wake.clear()
        self._fill()
        self._give_up_old()
        began = self._clock.monotonic()
        wait_s = self._tend()
        while wait_s == 0.0 and not self._stop.is_set():
            batch, wait_s = self._due()
            if batch:
                wait_s = self._try(batch)
            if self._clock.monotonic() - began >= ROUND_S:
                break
        self._report()
        self._settle()
        self._chores()
        if self._done:
            wait_s = min(wait_s, SETTLE_S)
        more = self._read < self._last_seq() and len(self._waiting) < PENDING
        return 0.0 if more and self._clock.monotonic() >= self._retry_at else wait_s

    def _fill(self) -> None:
        if self._look_back:
            self._look_back = False
            known = {item.notice.feed_seq for item in self._waiting}
            found = self._book.requeued(self.outlet.name, to=self._written, limit=PENDING)
            again = [self._item(change, row) for change, row in found if change.feed_seq not in known]
            self._waiting = sorted((i for i in (*self._waiting, *again) if i is not None), key=_seq)
        while len(self._waiting) < PENDING:
            changes = self._feed_after(self._read, limit=PAGE)
            if not changes:
                return
            self._take(changes)

    def _take(self, changes: Sequence[Change]) -> None:
        wanted = [n for n in (notice_of(change, site=self._site) for change in changes) if n and self._wants(n)]
        known: dict[int, Delivery] = {}
        if wanted and wanted[0].feed_seq <= self._ceiling:
            known = self._book.known(self.outlet.name, after=self._read, to=changes[-1].feed_seq)
        for notice in wanted:
            row = known.get(notice.feed_seq)
            if row is None or row.state == "waiting":
                attempts = 0 if row is None else row.attempts
                self._waiting.append(_Item(notice, notice.utc, self._clock.monotonic(), attempts))
        self._read = changes[-1].feed_seq

    def _item(self, change: Change, row: Delivery) -> _Item | None:
        notice = notice_of(change, site=self._site)
        return (
            None
            if notice is None
            else _Item(notice, row.first_utc, self._clock.monotonic(), row.attempts, requeued=True)
        )

    def _wants(self, notice: Notice) -> bool:
        return self.outlet.route.wants(notice)

    def _due(self) -> tuple[list[_Item], float]:
        """What to send now, in order, and else the seconds until something may be sent."""
        now = self._clock.monotonic()
        if now < self._retry_at:
            return [], self._retry_at - now
        heads: dict[str, float] = {}
        ready: list[_Item] = []
        for item in self._waiting:
            camera = item.notice.camera_id
            heads.setdefault(camera, item.not_before)
            if heads[camera] <= now:
                ready.append(item)
        if not ready:
            return [], min((at - now for at in heads.values()), default=IDLE_S)
        pause_s = self.outlet.pace.wait_s(now)
        if pause_s > 0:
            return [], pause_s
        most = self.outlet.sink.most if self.outlet.pace.flooded(now) and not ready[0].alone else 1
        return list(takewhile(lambda item: item is ready[0] or not item.alone, ready[:most])), 0.0

    def _try(self, batch: list[_Item]) -> float:
        try:
            failpoint("sink.before_send")
            remark = self.outlet.sink.send([item.notice for item in batch])
            failpoint("sink.after_send")
        except Away as error:
            return self._away(error)
        except Refused as error:
            self._refused(batch, str(error))
            return 0.0
        now = self._clock.utc()
        self.outlet.pace.took(self._clock.monotonic())
        self._finish(batch, "delivered", self._clean(remark or ""))
        self._sent += len(batch)
        self._last = (now, self._last[1], self._last[2])
        self._works()
        return 0.0

    def _tend(self) -> float:
        now = self._clock.monotonic()
        if now < self._retry_at:
            return self._retry_at - now
        try:
            if self.outlet.sink.tend() and not self._waiting:
                self._works()
        except Away as error:
            return self._away(error)
        return 0.0

    def _away(self, error: Away) -> float:
        self._failed(str(error))
        first, longest = BACKOFF_S
        wait_s = random.uniform(0.5, 1.0) * min(longest, first * 2.0 ** min(self._failures - 1, 10))  # noqa: S311
        wait_s = max(wait_s, error.after_s or 0.0)
        self._retry_at = self._clock.monotonic() + wait_s
        return wait_s

    def _refused(self, batch: list[_Item], reason: str) -> None:
        """A digest that is refused is tried again in parts, so that one notice cannot take others with it."""
        self._failed(reason)
        self.outlet.pace.took(self._clock.monotonic())
        first, longest = BACKOFF_S
        for item in batch:
            item.attempts += 1
            item.alone = True
            item.not_before = self._clock.monotonic() + min(longest, first * 2.0 ** (item.attempts - 1))
        dead = [item for item in batch if item.attempts >= self.outlet.attempts]
        self._done += [self._row(item, "waiting", reason) for item in batch if item not in dead]
        self._bury(dead, self._clean(reason))

    def _give_up_old(self) -> None:
        too_old = self._clock.utc() - self.outlet.keep_s
        held = self._clock.monotonic() - HELD_S
        old = [item for item in self._waiting if item.first_utc < too_old and item.read_at <= held]
        self._bury(old, f"older than {self.outlet.keep_s / 3600:g} h; {self._last[1] or 'never sent'}")

    def _bury(self, items: list[_Item], reason: str) -> None:
        if not items:
            return
        self._finish(items, "dead", reason)
        now = self._clock.monotonic()
        if now - self._dead_told < DEAD_EVERY_S:
            return
        self._dead_told = now
        text = f"Sink {self.outlet.name} did not take {len(items)} messages: {reason}"
        self._say("sink_dead_letter", "start", self._clock.utc(), text)

    def _finish(self, items: list[_Item], state: Outcome, remark: str) -> None:
        self._done += [self._row(item, state, remark) for item in items]
        gone = {item.notice.feed_seq for item in items}
        self._waiting = [item for item in self._waiting if item.notice.feed_seq not in gone]

    def _row(self, item: _Item, state: Outcome, remark: str) -> Delivery:
        notice = item.notice
        return Delivery(
            sink=self.outlet.name, feed_seq=notice.feed_seq, notice_id=notice.notice_id, alert_id=notice.alert_id,
            told=notice.told, state=state, attempts=item.attempts, first_utc=item.first_utc, utc=self._clock.utc(),
            remark=self._clean(remark),
        )  # fmt: skip

    # -- what is written and said ---------------------------------------------------------------------------------

    def _settle(self) -> None:
        """The cursor stays below the first change that is neither settled nor somebody else's."""
        open_ones = [item.notice.feed_seq for item in self._waiting if not item.requeued]
        cursor = max(self._written, min(open_ones, default=self._read + 1) - 1)
        soon = self._clock.monotonic() - self._settled_at < SETTLE_S and len(self._done) < PAGE
        if soon and not self._stop.is_set():
            return
        idle = not self._done and cursor - self._written < PAGE and self._told is self._told_written
        if idle and not (self._stop.is_set() and cursor > self._written):
            return
        failpoint("sink.before_settle")
        self._book.settle(self.outlet.name, self._done, Standing(cursor, self._failing_utc if self._told else None))
        failpoint("sink.after_settle")
        self._settled_at = self._clock.monotonic()
        self._done, self._written, self._told_written = [], cursor, self._told

    def _failed(self, reason: str) -> None:
        now = self._clock.utc()
        reason = self._clean(reason)
        if self._failing_utc is None:
            log.warning("sink %s: %s", self.outlet.name, reason)
            self._failing_utc = now
        self._failures += 1
        self._last = (self._last[0], reason, now)

    def _report(self) -> None:
        """Tell operators where it lasts."""
        since = self._failing_utc
        if since is not None and not self._told and self._clock.utc() - since >= REPORT_AFTER_S:
            self._told = True
            self._say("sink_failing", "start", since, f"Sink {self.outlet.name} does not work: {self._last[1]}")

    def _works(self) -> None:
        if self._failing_utc is None:
            return
        since, self._failing_utc, self._failures, self._retry_at = self._failing_utc, None, 0, 0.0
        log.warning("sink %s works again", self.outlet.name)
        if self._told:
            self._told = False
            self._say("sink_failing", "end", since, f"Sink {self.outlet.name} works again")

    def _say(self, code: str, change: Literal["start", "end"], since_utc: float, text: str) -> None:
        self._tell(code, change, since_utc, {"sentence": self._clean(text), "sink": self.outlet.name})

    def _clean(self, text: str) -> str:
        return redact(text, list(self.outlet.hidden))[:300]

    def _chores(self) -> None:
        now = self._clock.monotonic()
        if now - self._pruned_at >= PRUNE_S:
            self._pruned_at = now
            self._book.prune(before_utc=self._clock.utc() - KEEP_S)


def _seq(item: _Item | None) -> int:
    return 0 if item is None else item.notice.feed_seq

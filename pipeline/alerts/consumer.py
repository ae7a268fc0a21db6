"""The receiving end of the Redis link, in the API's process: stream -> store -> receipts.

An entry is acknowledged to Redis only after the store's commit, and then a receipt goes back to the worker. Only what
every group has had, acknowledged and stored is ever trimmed. A Redis that is full, read-only, away or emptied is a
system alert, and nothing is lost: the outboxes still hold it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from redis.exceptions import OutOfMemoryError, RedisError, ResponseError

from pipeline.alerts.message import Change, Envelope, Receipt
from pipeline.alerts.redis import Keys, connect, entry_envelope
from pipeline.clock import Clock
from pipeline.errors import StoreError
from pipeline.failpoint import failpoint

log = logging.getLogger(__name__)

GROUP = "store"
CONSUMER = "store"
"""One name: one process owns the store, and after a restart it finds what it had not finished under it."""
BATCH = 200
BLOCK_MS = 1000
"""Well below the client's socket timeout: a longer block is taken for a dead connection."""
CHORES_S = 5.0
CLAIM_IDLE_MS = 30_000
SUSPECT_DELIVERIES = 5
"""An entry that was handed out more often is taken alone, so that it cannot hold up others."""
HOPELESS_DELIVERIES = 20
REPORT_AFTER_S = 5.0
RECEIPTS_KEPT = 10_000
RECEIPTS_KEPT_S = 86_400


class Intake(Protocol):
    """What the consumer needs of the store."""

    def ingest(self, batch: Sequence[Envelope]) -> Receipt: ...

    def dead_letter(self, envelope: Envelope, *, reason: str) -> None: ...

    def raise_system(self, *, code: str, since_utc: float, change: Change, **why: Any) -> None: ...


@dataclass(slots=True)
class _Entry:
    entry: str
    envelope: Envelope
    sender: str


@dataclass(slots=True)
class _Trouble:
    """Since when Redis refuses, and whether operators were told."""

    since: float
    since_utc: float
    reason: str
    told: bool = field(default=False)


class Consumer:
    """One thread. `start` and `stop`, or `run_once` by hand."""

    def __init__(self, url: str, intake: Intake, clock: Clock, *, keys: Keys | None = None) -> None:
        self._client = connect(url)
        self._intake = intake
        self._clock = clock
        self._keys = keys or Keys()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._grouped = False
        self._own = True
        self._chores_at = 0.0
        self._trouble: _Trouble | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="redis-consumer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10.0)
        self._client.close()

    def trouble(self) -> str | None:
        """What Redis refuses and operators were told of, or None."""
        trouble = self._trouble
        return trouble.reason if trouble is not None and trouble.told else None

    def run(self) -> None:
        """Until stopped: take, acknowledge, keep house; wait where Redis or the store refuses."""
        while not self._stop.is_set():
            try:
                self.run_once()
            except (RedisError, OSError) as error:
                self._failed(f"Redis: {type(error).__name__}")
            except StoreError as error:
                self._own = True
                log.error("store: %s; the stream keeps what is not taken", error)
                self._stop.wait(0.5)
            except Exception:
                self._own = True
                log.exception("consumer")
                self._stop.wait(1.0)

    def run_once(self, *, block_ms: int = BLOCK_MS) -> int:
        """Take one batch, waiting at most `block_ms` for it; how many entries it had."""
        self._ensure_group()
        if self._clock.monotonic() >= self._chores_at:
            self._chores()
        entries = self._read(block_ms)
        if entries:
            self._take(entries)
        return len(entries)

    def _ensure_group(self) -> None:
        if self._grouped:
            return
        try:
            self._client.xgroup_create(self._keys.stream, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._grouped = True

    def _read(self, block_ms: int) -> list[_Entry]:
        """First what this name was given before and had not acknowledged, then what is new."""
        since = "0" if self._own else ">"
        try:
            answer = self._client.xreadgroup(
                GROUP, CONSUMER, {self._keys.stream: since}, count=BATCH, block=max(1, min(block_ms, BLOCK_MS))
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            log.warning("Redis was emptied: the group is made anew, the outboxes send again what is missing")
            self._grouped = False
            self._own = True
            return []
        raws = [raw for _, raws in cast("list[Any]", answer or []) for raw in raws]
        gone = [name for name, fields in raws if not fields]
        if gone:
            log.error(
                "%d entries were removed from the stream before they were taken; their senders hold them", len(gone)
            )
            self._client.xack(self._keys.stream, GROUP, *gone)
        if self._own and not raws:
            self._own = False
            return self._read(block_ms)
        return [_entry(raw) for raw in raws if raw[1]]

    def _take(self, entries: list[_Entry]) -> None:
        if self._own:
            entries = self._suspects_apart(entries)
        if not entries:
            return
        receipt = self._intake.ingest([e.envelope for e in entries])
        failpoint("consumer.before_ack")
        self._acknowledge(entries, receipt)
        failpoint("consumer.after_ack")

    def _acknowledge(self, entries: list[_Entry], receipt: Receipt) -> None:
        """First the acknowledgement, which Redis takes also when it is full; then room is made for the receipts."""
        pipe = self._client.pipeline(transaction=True)
        pipe.xack(self._keys.stream, GROUP, *(e.entry for e in entries))
        refused = [e for e in entries if e.envelope.message_id not in receipt.committed]
        if refused:
            pipe.xdel(self._keys.stream, *(e.entry for e in refused))
        pipe.execute()
        try:
            self._send_receipts(entries, receipt)
        except OutOfMemoryError:
            self._trim()
            self._send_receipts(entries, receipt)

    def _send_receipts(self, entries: list[_Entry], receipt: Receipt) -> None:
        pipe = self._client.pipeline(transaction=False)
        for sender in dict.fromkeys(e.sender for e in entries if e.sender):
            fields = _receipt_fields([e for e in entries if e.sender == sender], receipt)
            key = self._keys.receipts(sender)
            pipe.xadd(key, cast("Any", fields), maxlen=RECEIPTS_KEPT, approximate=True)
            pipe.expire(key, RECEIPTS_KEPT_S)
        pipe.execute()

    def _suspects_apart(self, entries: list[_Entry]) -> list[_Entry]:
        """Take entries that were handed out too often one by one; bury what cannot be taken even so."""
        counts = self._deliveries(entries)
        for entry in entries:
            count = counts.get(entry.entry, 0)
            if count > SUSPECT_DELIVERIES:
                self._alone(entry, count)
        return [e for e in entries if counts.get(e.entry, 0) <= SUSPECT_DELIVERIES]

    def _alone(self, entry: _Entry, count: int) -> None:
        try:
            if count > HOPELESS_DELIVERIES:
                raise ValueError(f"handed out {count} times and never finished")
            receipt = self._intake.ingest([entry.envelope])
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, this one message causes it
            self._intake.dead_letter(entry.envelope, reason=f"{type(error).__name__}: {error}")
            receipt = Receipt(frozenset({entry.envelope.message_id}))
        self._acknowledge([entry], receipt)

    def _deliveries(self, entries: list[_Entry]) -> dict[str, int]:
        rows = self._client.xpending_range(
            self._keys.stream, GROUP, min=entries[0].entry, max=entries[-1].entry, count=len(entries) * 2,
            consumername=CONSUMER,
        )  # fmt: skip
        return {row["message_id"].decode(): int(row["times_delivered"]) for row in cast("list[dict[str, Any]]", rows)}

    # -- keeping house --------------------------------------------------------------------------------------------

    def _chores(self) -> None:
        """Claim what a dead consumer left, trim what is done, and see that Redis still takes writes."""
        self._chores_at = self._clock.monotonic() + CHORES_S
        try:
            self._client.set(self._keys.canary, "1", ex=60)
        except ResponseError as error:
            self._noted(f"Redis takes no writes: {type(error).__name__}")
        else:
            self._recovered()
        claimed = self._client.xautoclaim(self._keys.stream, GROUP, CONSUMER, CLAIM_IDLE_MS, "0-0", count=BATCH)
        if claimed[1]:
            self._own = True
        self._trim()

    def _trim(self) -> None:
        """Remove entries below the lowest that some group has not had, or had and not acknowledged."""
        lowest: list[tuple[int, int]] = []
        for group in cast("list[Any]", self._client.xinfo_groups(self._keys.stream)):
            pending = self._client.xpending(self._keys.stream, group["name"])
            if pending["pending"]:
                lowest.append(_id(pending["min"]))
            else:
                time, number = _id(group["last-delivered-id"])
                lowest.append((time, number + 1))
        if lowest:
            time, number = min(lowest)
            self._client.xtrim(self._keys.stream, minid=f"{time}-{number}", approximate=False)

    def _failed(self, reason: str) -> None:
        self._chores_at = self._clock.monotonic()
        self._grouped = False
        self._own = True
        self._noted(reason)
        self._client.connection_pool.disconnect()
        self._stop.wait(0.2)

    def _noted(self, reason: str) -> None:
        """Remember since when Redis refuses, and tell operators where it lasts."""
        now = self._clock.monotonic()
        if self._trouble is None:
            self._trouble = _Trouble(now, self._clock.utc(), reason)
            log.warning("%s; the outboxes keep what is not taken", reason)
        if now - self._trouble.since >= REPORT_AFTER_S and not self._trouble.told:
            self._trouble.told = self._report("start", self._trouble)

    def _recovered(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is not None and trouble.told:
            self._report("end", trouble)

    def _report(self, change: Change, trouble: _Trouble) -> bool:
        try:
            self._intake.raise_system(code="queue", change=change, since_utc=trouble.since_utc, reason=trouble.reason)
        except StoreError:
            return False
        return True


def _entry(raw: Any) -> _Entry:
    name, fields = raw
    entry = name.decode()
    envelope, sender = entry_envelope(entry, fields)
    return _Entry(entry, envelope, sender)


def _receipt_fields(entries: list[_Entry], receipt: Receipt) -> dict[str, str]:
    safe = [e.envelope.message_id for e in entries if e.envelope.message_id in receipt.committed]
    fields = {"safe": " ".join(safe), "stale": " ".join(i for i in safe if i in receipt.stale)}
    if len(safe) < len(entries):
        fields["missing"] = "1"
    return fields


def _id(value: Any) -> tuple[int, int]:
    time, _, number = (value.decode() if isinstance(value, bytes) else str(value)).partition("-")
    return int(time), int(number or 0)

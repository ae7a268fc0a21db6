"""The link over Redis Streams (5.0 or newer), for sites whose workers run on other machines than the API.

A message counts as delivered when the operators' store has committed it, not when Redis has it: Redis may lose the
end of its log when the power fails. So `deliver` puts messages in the stream and reads, from a stream of receipts
that the consumer writes after its commit, what is safe. What stays without a receipt is put in again; the script does
that only where the stream does not hold it any more, and the store takes each id once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from pipeline.alerts.message import Envelope, Receipt, digest
from pipeline.clock import Clock
from pipeline.errors import BadInput, DeliveryError
from pipeline.failpoint import failpoint

AGAIN_S = 10.0
"""A message without a receipt for this long is put in again where the stream has lost it."""
RECEIPT_MS = 40
"""How long one `deliver` waits for receipts: a message that is put meanwhile is published at most this much later."""
REMEMBER_S = 7 * 86_400
TIMEOUT_S = 5.0

ENSURE = """
local known = redis.call('GET', KEYS[1])
if known and #redis.call('XRANGE', KEYS[2], known, known) > 0 then return known end
local entry = redis.call('XADD', KEYS[2], '*', 'id', ARGV[1], 'text', ARGV[2], 'after', ARGV[3], 'sender', ARGV[4])
redis.call('SET', KEYS[1], entry, 'EX', ARGV[5])
return entry
"""
"""Has the stream hold this message once: atomic, so a reply that was lost leaves no second entry."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The names used in Redis. The braces keep them on one node of a cluster."""

    prefix: str = "nightjar"

    @property
    def stream(self) -> str:
        return f"{{{self.prefix}}}:alerts"

    @property
    def canary(self) -> str:
        return f"{{{self.prefix}}}:canary"

    def known(self, envelope: Envelope) -> str:
        """Of one message as one worker sends it: a leftover copy's entry must not stand for its successor's."""
        return f"{{{self.prefix}}}:known:{digest(envelope.message_id, envelope.text)}"

    def receipts(self, sender: str) -> str:
        return f"{{{self.prefix}}}:receipts:{sender}"


def connect(url: str) -> redis.Redis:
    """A client that fails at once: redis-py sends a command up to ten times by default, and so an alert with it.

    Raises:
        BadInput: no Redis address; it is not repeated, since it may hold a password.
    """
    try:
        return redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, protocol=2
        )
    except ValueError:
        raise BadInput("alerts.link: redis://HOST:PORT/DB, rediss://... or unix://PATH are allowed") from None


class RedisLink:
    """One camera's way into the stream. Not safe for several threads; the relay is its only caller."""

    name = "redis"

    def __init__(self, url: str, *, camera_id: str, epoch: int, clock: Clock, keys: Keys | None = None) -> None:
        self._client = connect(url)
        self._sender = f"{camera_id}:{epoch}"
        self._clock = clock
        self._keys = keys or Keys()
        self._script = self._client.register_script(ENSURE)
        self._sent: dict[str, float] = {}
        self._safe: set[str] = set()
        self._stale: set[str] = set()
        self._read_to = "0"

    def deliver(self, batch: Sequence[Envelope]) -> Receipt:
        """See `Link`. Returns within about 40 ms, with the receipts that have come."""
        try:
            self._publish(batch)
            self._collect()
        except (RedisError, OSError) as error:
            self._sent.clear()
            self._client.connection_pool.disconnect()
            raise DeliveryError(f"Redis: {_reason(error)}") from None
        safe = frozenset(e.message_id for e in batch if e.message_id in self._safe)
        self._safe -= safe
        stale = safe & self._stale
        self._stale -= stale
        return Receipt(safe, stale)

    def close(self) -> None:
        self._client.close()

    def _publish(self, batch: Sequence[Envelope]) -> None:
        now = self._clock.monotonic()
        ids = {e.message_id for e in batch}
        self._sent = {name: at for name, at in self._sent.items() if name in ids}
        if any(now - at >= AGAIN_S for at in self._sent.values()):
            self._sent.clear()
            self._read_to = "0"
        new = [e for e in batch if e.message_id not in self._sent and e.message_id not in self._safe]
        if not new:
            return
        failpoint("redis.before_publish")
        try:
            self._ensure(new)
        except NoScriptError:
            self._script.sha = str(self._client.script_load(ENSURE))
            self._ensure(new)
        failpoint("redis.after_publish")
        self._sent.update(dict.fromkeys((e.message_id for e in new), now))

    def _ensure(self, new: Sequence[Envelope]) -> None:
        pipe = self._client.pipeline(transaction=False)
        for e in new:
            keys = [self._keys.known(e), self._keys.stream]
            pipe.evalsha(self._script.sha, 2, *keys, e.message_id, e.text, e.after, self._sender, REMEMBER_S)
        pipe.execute()

    def _collect(self) -> None:
        """Read receipts. A refusal says that the stream lost what came before: all of it is put in again."""
        answer = self._client.xread({self._keys.receipts(self._sender): self._read_to}, count=500, block=RECEIPT_MS)
        for _, entries in cast("list[tuple[bytes, list[tuple[bytes, Mapping[bytes, bytes]]]]]", answer or []):
            for entry, fields in entries:
                self._read_to = entry.decode()
                self._safe.update(fields.get(b"safe", b"").decode().split())
                self._stale.update(fields.get(b"stale", b"").decode().split())
                if b"missing" in fields:
                    self._sent.clear()


def _reason(error: Exception) -> str:
    """What went wrong, without the address: it may hold a password."""
    words = {
        "OutOfMemoryError": "it is full (maxmemory)",
        "ReadOnlyError": "it is a read-only replica",
        "BusyLoadingError": "it is loading its data",
        "AuthenticationError": "it refuses the password",
        "TimeoutError": "it does not answer",
        "ConnectionError": "it cannot be reached",
    }
    return words.get(type(error).__name__, type(error).__name__)


def entry_envelope(entry: str, fields: Mapping[bytes, bytes]) -> tuple[Envelope, str]:
    """An entry of the stream as envelope and sender. What is no message of ours gets the entry's own name as its id
    and goes on to the dead letters."""
    values: dict[str, Any] = {k.decode("utf-8", "replace"): v.decode("utf-8", "replace") for k, v in fields.items()}
    message_id = values.get("id") or f"redis-entry-{entry}"
    text = values.get("text")
    return Envelope(
        message_id[:200], repr(values)[:10_000] if text is None else text, values.get("after", "")
    ), values.get("sender", "")

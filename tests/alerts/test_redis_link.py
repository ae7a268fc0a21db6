"""What Redis alone can do to alerts: lose its tail, be emptied, full, read-only, restarted; replies lost; poison."""

from __future__ import annotations

import time

import pytest
import redis

from pipeline.alerts.consumer import GROUP, Consumer
from pipeline.alerts.link import Envelope, Receipt
from pipeline.alerts.message import digest
from pipeline.alerts.redis import Keys, RedisLink, connect
from pipeline.clock import FakeClock, SystemClock
from pipeline.errors import BadInput, DeliveryError

pytestmark = pytest.mark.redis
STREAM = Keys().stream


class FakeStore:
    """Takes everything, once, and remembers the order. `fails` makes it refuse one id as a fault would."""

    def __init__(self):
        self.taken, self.reports, self.buried, self.fails = [], [], [], set()

    def ingest(self, batch):
        for envelope in batch:
            if envelope.message_id in self.fails:
                raise RuntimeError("a fault that one message causes")
        committed = set()
        for envelope in batch:
            if envelope.after and envelope.after not in self.taken:
                continue
            committed.add(envelope.message_id)
            if envelope.message_id not in self.taken:
                self.taken.append(envelope.message_id)
        return Receipt(frozenset(committed))

    def dead_letter(self, envelope, *, reason):
        self.buried.append((envelope.message_id, reason))

    def raise_system(self, *, code, since_utc, change, **why):
        self.reports.append((code, change))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def consumer(redis_server, store, clock):
    made = Consumer(redis_server.url, store, clock)
    yield made
    made.stop()


@pytest.fixture
def link(redis_server, clock):
    made = RedisLink(redis_server.url, camera_id="dock", epoch=1, clock=clock)
    yield made
    made.close()


def chain(*names):
    return [Envelope(n, f"text of {n}", before) for n, before in zip(names, ("", *names), strict=False)]


def deliver_all(link, consumer, batch, *, rounds=20):
    """What a relay does, by hand; the ids with receipts."""
    safe = set()
    for _ in range(rounds):
        waiting = [e for e in batch if e.message_id not in safe]
        if not waiting:
            break
        waiting[0] = Envelope(waiting[0].message_id, waiting[0].text, "")
        safe |= link.deliver(waiting).committed
        while consumer.run_once(block_ms=1):
            pass
    return safe


def test_receipts_come_after_the_commit(link, consumer, store):
    batch = chain("a", "b")
    assert link.deliver(batch).committed == frozenset()
    consumer.run_once(block_ms=1)
    consumer.run_once(block_ms=1)
    assert store.taken == ["a", "b"]
    assert link.deliver(batch).committed == {"a", "b"}


def test_a_reply_that_was_lost_leaves_one_entry(redis_server, consumer, store, clock):
    """Ten times sent, as a link does that never hears an answer."""
    for _ in range(10):
        link = RedisLink(redis_server.url, camera_id="dock", epoch=1, clock=clock)
        link.deliver(chain("a"))
        link.close()
    assert redis_server.client.xlen(STREAM) == 1
    while consumer.run_once(block_ms=1):
        pass
    assert store.taken == ["a"]


def test_client_never_sends_a_command_twice_by_itself(redis_server):
    client = connect(redis_server.url)
    redis_server.kill()
    began = time.monotonic()
    with pytest.raises(redis.ConnectionError):
        client.xadd("x", {"a": "b"})
    assert time.monotonic() - began < 1.0
    client.close()


def test_tail_of_the_log_lost_while_nobody_read(redis_server, link, consumer, store, clock):
    names = [f"k{n:03d}" for n in range(60)]
    batch = chain(*names)
    link.deliver(batch)
    redis_server.kill()
    redis_server.cut_tail(8000)
    redis_server.start()
    left = redis_server.client.xlen(STREAM)
    assert 0 < left < 60, "the cut took some, not all"
    safe = set()
    for _ in range(40):
        try:
            safe |= deliver_all(link, consumer, batch, rounds=2)
        except (DeliveryError, redis.RedisError):
            link.deliver(batch)
        clock.advance(1.0)
        if len(safe) == 60:
            break
    assert store.taken == names, "none lost, none overtaken"


@pytest.mark.parametrize("word", ["flushed", "started empty"])
def test_emptied(redis_server, link, consumer, store, clock, word):
    link.deliver(chain("a", "b"))
    consumer.run_once(block_ms=1)
    if word == "flushed":
        redis_server.client.flushall()
    else:
        redis_server.kill()
        redis_server.start(empty=True)
    batch = chain("a", "b", "c", "d")
    for _ in range(40):
        try:
            if deliver_all(link, consumer, batch, rounds=2) == {"a", "b", "c", "d"}:
                break
        except (DeliveryError, redis.RedisError):
            consumer._client.connection_pool.disconnect()
            consumer._grouped = False
        clock.advance(1.0)
    assert store.taken == ["a", "b", "c", "d"]


def test_lost_ones_are_not_overtaken(redis_server, link, consumer, store):
    """The stream lost its first entries; the later ones are sent back and come again in order."""
    batch = chain("a", "b", "c", "d")
    link.deliver(batch[:2])
    for entry, _ in redis_server.client.xrange(STREAM):
        redis_server.client.xdel(STREAM, entry)
    link.deliver(batch)
    while consumer.run_once(block_ms=1):
        pass
    assert store.taken == []
    assert deliver_all(link, consumer, batch) == {"a", "b", "c", "d"}
    assert store.taken == ["a", "b", "c", "d"]


def test_full_keeps_everything_and_says_so(redis_server, link, store):
    client = redis_server.client
    consumer = Consumer(redis_server.url, store, SystemClock())
    used = client.info("memory")["used_memory"]
    client.config_set("maxmemory", used + 50_000)
    names = [f"k{n:03d}" for n in range(200)]
    batch = [Envelope(e.message_id, "x" * 2000, e.after) for e in chain(*names)]
    with pytest.raises(DeliveryError, match="full"):
        link.deliver(batch)
    consumer._chores_at = 0.0
    consumer.start()
    until = time.monotonic() + 20
    while ("queue", "start") not in store.reports and time.monotonic() < until:
        time.sleep(0.05)
    assert ("queue", "start") in store.reports
    client.config_set("maxmemory", 0)
    until = time.monotonic() + 20
    safe = set()
    while len(safe) < 200 and time.monotonic() < until:
        waiting = [e for e in batch if e.message_id not in safe]
        safe |= link.deliver([Envelope(waiting[0].message_id, waiting[0].text, ""), *waiting[1:]]).committed
    assert store.taken == names
    until = time.monotonic() + 20
    while ("queue", "end") not in store.reports and time.monotonic() < until:
        time.sleep(0.05)
    assert store.reports == [("queue", "start"), ("queue", "end")]
    consumer.stop()


def test_a_queue_larger_than_its_memory_passes_through(redis_server, link, consumer, store, clock):
    client = redis_server.client
    consumer.run_once(block_ms=1)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 3_000_000)
    names = [f"k{n:03d}" for n in range(200)]
    batch = [Envelope(e.message_id, e.message_id * 7500, e.after) for e in chain(*names)]
    safe, refused = set(), 0
    for _ in range(400):
        waiting = [e for e in batch if e.message_id not in safe][:30]
        if not waiting:
            break
        try:
            safe |= link.deliver([Envelope(waiting[0].message_id, waiting[0].text, ""), *waiting[1:]]).committed
        except DeliveryError:
            refused += 1
        try:
            consumer.run_once(block_ms=1)
        except redis.OutOfMemoryError:
            refused += 1
            consumer._own = True
        clock.advance(1.0)
    assert store.taken == names
    assert len(safe) == 200
    assert refused > 0, "it was full in between"


def test_read_only_replica(redis_server, link):
    redis_server.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(DeliveryError, match="read-only"):
        link.deliver(chain("a"))
    redis_server.client.execute_command("REPLICAOF", "NO", "ONE")
    link.deliver(chain("a"))
    assert redis_server.client.xlen(STREAM) == 1


def test_unread_entries_are_never_trimmed(redis_server, link, consumer, store, clock):
    names = [f"k{n:03d}" for n in range(300)]
    for at in range(0, 300, 100):
        link.deliver(chain(*names)[at : at + 100])
    consumer._ensure_group()
    consumer._trim()
    assert redis_server.client.xlen(STREAM) == 300
    while consumer.run_once(block_ms=1):
        pass
    assert store.taken == names
    redis_server.client.xgroup_create(STREAM, "another", id="0")
    consumer._trim()
    assert redis_server.client.xlen(STREAM) == 300, "another group has not had them"
    redis_server.client.xgroup_destroy(STREAM, "another")
    consumer._trim()
    assert redis_server.client.xlen(STREAM) == 0


def test_entries_of_a_consumer_that_died_are_taken_over(redis_server, link, store, clock):
    link.deliver(chain("a"))
    redis_server.client.xgroup_create(STREAM, GROUP, id="0")
    redis_server.client.xreadgroup(GROUP, "dead", {STREAM: ">"})
    entry = redis_server.client.xrange(STREAM)[0][0]
    redis_server.client.xclaim(STREAM, GROUP, "dead", 0, [entry], idle=60_000)
    consumer = Consumer(redis_server.url, store, clock)
    for _ in range(3):
        consumer.run_once(block_ms=1)
        clock.advance(10.0)
    consumer.stop()
    assert store.taken == ["a"]


def test_killed_between_commit_and_acknowledgement(redis_server, link, store, clock):
    link.deliver(chain("a"))
    first = Consumer(redis_server.url, store, clock)
    first._ensure_group()
    first._own = False
    entries = first._read(1)
    store.ingest([e.envelope for e in entries])
    first.stop()
    second = Consumer(redis_server.url, store, clock)
    second.run_once(block_ms=1)
    second.stop()
    assert store.taken == ["a"]
    assert link.deliver(chain("a")).committed == {"a"}


def test_one_message_that_always_fails_is_buried_and_the_rest_goes_on(redis_server, link, store, clock):
    store.fails = {"bad"}
    link.deliver([Envelope(n, n) for n in ("a", "bad", "b")])
    for _ in range(12):
        consumer = Consumer(redis_server.url, store, clock)
        try:
            consumer.run_once(block_ms=1)
            consumer.run_once(block_ms=1)
        except RuntimeError:
            pass
        finally:
            consumer.stop()
    assert store.taken == ["a", "b"]
    assert [name for name, _ in store.buried] == ["bad"]


def test_an_entry_that_is_none_of_ours_is_passed_on_as_poison(redis_server, consumer, store):
    redis_server.client.xadd(STREAM, {"what": "ever"})
    consumer.run_once(block_ms=1)
    consumer.run_once(block_ms=1)
    assert len(store.taken) == 1
    assert store.taken[0].startswith("redis-entry-")


def test_leftover_copy_does_not_stand_for_its_successor(redis_server, clock, consumer):
    """Both know the same fact; under another epoch it is another entry, and its receipt goes to its sender."""
    old = RedisLink(redis_server.url, camera_id="dock", epoch=1, clock=clock)
    new = RedisLink(redis_server.url, camera_id="dock", epoch=2, clock=clock)
    old.deliver([Envelope("a", "under epoch 1")])
    new.deliver([Envelope("a", "under epoch 2")])
    assert redis_server.client.xlen(STREAM) == 2
    assert digest("a", "under epoch 1") != digest("a", "under epoch 2")
    old.close()
    new.close()


@pytest.mark.parametrize("url", ["http://:secret@x", "secret", "redis//:secret@x"])
def test_bad_addresses_are_refused_without_repeating_them(url, clock):
    with pytest.raises(BadInput) as caught:
        RedisLink(url, camera_id="dock", epoch=1, clock=clock)
    assert "secret" not in str(caught.value)


def test_password_is_not_in_errors(clock):
    link = RedisLink("redis://user:S3cret@127.0.0.1:1/0", camera_id="dock", epoch=1, clock=clock)
    with pytest.raises(DeliveryError) as caught:
        link.deliver(chain("a"))
    assert "S3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    link.close()

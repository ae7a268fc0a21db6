"""One suite over both links: nothing lost, nothing twice, each camera in order, whatever stops in between."""

from __future__ import annotations

import sqlite3

import pytest

from pipeline.alerts.message import Envelope, evidence_message
from pipeline.alerts.relay import Relay
from pipeline.clock import FakeClock
from pipeline.errors import DeliveryError, StoreError
from pipeline.types import Evidence


def named(count, first=0):
    return [f"k{n:04d}" for n in range(first, first + count)]


def test_delivered_once_and_in_order(desk, make_worker):
    worker = make_worker()
    worker.hurry()
    worker.put(*named(250))
    worker.deliver()
    assert desk.keys() == named(250)
    assert worker.outbox.depth() == 0


def test_a_running_relay_wakes_by_itself(desk, make_worker, wait):
    worker = make_worker()
    worker.relay.start()
    for key in named(5):
        worker.put(key)
        wait(lambda key=key: desk.store.alert(key) is not None)
    wait(lambda: worker.outbox.depth() == 0)


def test_delivered_twice_is_stored_once(desk, make_worker):
    worker = make_worker()
    worker.put(*named(3))
    batch = worker.outbox.pending()
    worker.deliver()
    link = desk.link()
    receipt = link.deliver(batch)
    for _ in range(100):
        if receipt.committed:
            break
        receipt = link.deliver(batch)
    link.close()
    assert receipt.committed == {e.message_id for e in batch}, "the sender may forget it"
    assert desk.keys() == named(3)


def test_operators_end_away_and_back(desk, make_worker):
    worker = make_worker()
    worker.put(*named(10))
    worker.deliver()
    desk.stop()
    worker.hurry()
    worker.put(*named(30, 10))
    for _ in range(3):
        worker.relay.run_once()
    assert worker.outbox.depth() == 30
    desk.start()
    worker.deliver()
    assert desk.keys() == named(40)


def test_next_life_of_a_worker_delivers_what_the_last_left(desk, make_worker):
    first = make_worker(epoch=desk.store.new_epoch("dock"))
    first.put(*named(5))
    first.close()
    second = make_worker(epoch=desk.store.new_epoch("dock"))
    second.put(*named(5, 3))
    second.deliver()
    assert desk.keys() == named(8)


def test_leftover_copy_of_a_worker_adds_nothing_and_its_successor_everything(desk, make_worker, wait):
    """A machine that was frozen thaws: its copy still runs beside the one that replaced it, and sees the same."""
    old = make_worker(epoch=desk.store.new_epoch("dock"), name="old")
    old.put("before")
    old.deliver()
    new = make_worker(epoch=desk.store.new_epoch("dock"), name="new")
    old.put("both saw it", "only a ghost")
    old.deliver()
    assert desk.keys() == ["before"]
    assert old.relay.status().stale == 2, "it learns that it should end"
    new.put("both saw it", "after")
    new.deliver()
    assert desk.keys() == ["before", "both saw it", "after"]
    assert new.relay.status().stale == 0
    assert desk.store.counts()["dead_letters"] == 2, "kept whole, and counted"


def test_other_cameras_are_not_fenced(desk, make_worker):
    desk.store.new_epoch("gate")
    desk.store.new_epoch("gate")
    worker = make_worker(epoch=desk.store.new_epoch("dock"))
    worker.put("a")
    worker.deliver()
    assert desk.keys() == ["a"]


@pytest.mark.parametrize("text", ["{", "", '{"version": 99}', "\x00\ud7ff"])
def test_poison_is_buried_with_an_alarm_and_the_rest_goes_on(desk, make_worker, message, text):
    worker = make_worker()
    worker.put("a")
    with worker.outbox._transaction():
        worker.outbox._connection.execute("INSERT INTO messages VALUES (2, 'poison', ?)", (text,))
    worker.outbox._next = 3
    worker.put("b")
    worker.deliver()
    assert desk.keys() == ["a", "b"]
    assert desk.store.counts()["dead_letters"] == 1
    assert desk.system() == ["dead_letter"]


def test_store_that_cannot_commit_loses_nothing(desk, make_worker, monkeypatch):
    worker = make_worker()
    worker.put(*named(3))
    real, refusals = desk.store.ingest, []

    def full(batch):
        if len(refusals) < 2:
            refusals.append(1)
            raise StoreError("database or disk is full")
        return real(batch)

    monkeypatch.setattr(desk.store, "ingest", full)
    worker.deliver()
    assert len(refusals) == 2
    assert desk.keys() == named(3)


def test_full_disk_under_the_store(desk, make_worker):
    worker = make_worker()
    worker.hurry()
    worker.put("a")
    worker.deliver()
    connection = desk.store._connection.connection.dbapi_connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    worker.put(*named(200))
    for _ in range(5):
        worker.relay.run_once()
    assert worker.outbox.depth() > 0
    connection.execute("PRAGMA max_page_count=1000000")
    worker.deliver()
    assert desk.keys() == ["a", *named(200)]
    check = sqlite3.connect(f"file:{desk.folder / 'store.sqlite'}?mode=ro", uri=True)
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()


def test_changes_and_evidence_follow_their_alert(desk, make_worker, message):
    worker = make_worker()
    worker.put("a")
    item = Evidence(kind="clip", path="dock/a.mp4", sha256="0" * 64, media_type="video/mp4")
    worker.outbox.put(evidence_message(alert_id="a", camera_id="dock", evidence=item, raised_utc=1.0))
    worker.outbox.put(message("a", state="update", utc=1100.0, severity="high"))
    worker.outbox.put(message("a", state="end", utc=1200.0, severity="high"))
    worker.deliver()
    assert [c.change for c in desk.store.feed_after(0)] == ["new", "evidence", "update", "end"]
    alert = desk.store.alert("a")
    assert (alert["severity"], alert["ended_utc"], [e["kind"] for e in alert["evidence"]]) == ("high", 1200.0, ["clip"])


class Broken:
    """A link that refuses until told otherwise."""

    name = "broken"

    def __init__(self, link):
        self.link, self.refuses = link, True

    def deliver(self, batch):
        if self.refuses:
            raise DeliveryError("away")
        return self.link.deliver(batch)

    def close(self):
        self.link.close()


def test_a_link_that_is_away_long_is_an_alert_which_arrives_with_the_rest(desk, make_worker):
    clock = FakeClock()
    worker = make_worker(clock=clock)
    link = Broken(desk.link())
    relay = Relay(worker.outbox, link, clock)
    worker.put(*named(3))
    waits = []
    for _ in range(30):
        waits.append(relay.run_once())
        clock.advance(1.0)
    assert max(waits) <= 2.0, "tried at least every two seconds"
    assert relay.status().failing_s >= 29.0
    link.refuses = False
    worker.relay = relay
    worker.deliver()
    assert desk.keys() == named(3)
    assert desk.system() == ["delivery", "delivery"], "it began, and it ended"
    assert relay.status().error is None


def test_wall_clock_steps_change_nothing(desk, make_worker):
    clock = FakeClock()
    worker = make_worker(clock=clock)
    for n, step_s in enumerate([0, 3600, -86_400, -1, -1, -1, 86_400, -3600]):
        clock.step_wall(step_s)
        worker.put(f"k{n}")
        worker.deliver()
    assert desk.keys() == [f"k{n}" for n in range(8)]


def test_a_long_queue_waits_on_disk_and_memory_holds_a_batch(desk, make_worker):
    """Ten minutes away at two alerts a second."""
    worker = make_worker()
    desk.stop()
    worker.hurry()
    worker.put(*named(1200))
    assert sum(len(e.text) for e in worker.outbox.pending(100)) < 1 << 20
    desk.start()
    worker.deliver()
    assert desk.keys() == named(1200)


def test_a_message_whose_predecessor_never_came_is_left_with_its_sender(desk, message):
    """Behind a stream that lost something, later messages must not overtake the lost ones."""
    one, two = message("one"), message("two")
    receipt = desk.store.ingest([Envelope(two.message_id, two.text(), one.message_id)])
    assert receipt.committed == frozenset()
    receipt = desk.store.ingest(
        [Envelope(one.message_id, one.text()), Envelope(two.message_id, two.text(), one.message_id)]
    )
    assert receipt.committed == {one.message_id, two.message_id}
    assert desk.keys() == ["one", "two"]

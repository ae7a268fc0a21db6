"""From the feed to a sink: nothing lost, each camera in order, nobody held up, whatever the other end does."""

from __future__ import annotations

import json
import threading

import pytest

from pipeline.clock import FakeClock
from pipeline.sinks.base import Away, Refused
from pipeline.sinks.desk import Sinks
from pipeline.sinks.notice import TOLD
from pipeline.sinks.pace import Pace
from pipeline.sinks.routing import Only, Route
from pipeline.sinks.runner import PENDING, Outlet, SinkRunner
from pipeline.store.deliveries import DeliveryBook
from pipeline.store.store import Store
from rules.base import Active


class FakeSink:
    """Takes all, or is away, or refuses the alerts in `bad`."""

    most = 100

    def __init__(self):
        self.sent, self.tries, self.away, self.bad, self.closed, self.batches = [], [], None, set(), 0, []

    def send(self, notices):
        self.tries += [n.alert_id for n in notices]
        if self.away is not None:
            raise Away(self.away)
        if self.bad & {n.alert_id for n in notices}:
            raise Refused("not this one")
        self.batches.append(len(notices))
        self.sent += notices

    def tend(self):
        return False

    def close(self):
        self.closed += 1

    @property
    def ids(self):
        return [n.alert_id for n in self.sent]


class Site:
    """A store, and runners that are turned by hand."""

    def __init__(self, folder, clock):
        self.clock = clock
        self.store = Store(folder / "store.sqlite", clock=clock)
        self.book = DeliveryBook(self.store)
        self.system = []

    def runner(self, sink, *, name="hook", route=None, **options):
        outlet = Outlet(
            name=name, kind="webhook", sink=sink, route=route or Route(TOLD), target="there", hidden=("S3cret",),
            **options,
        )  # fmt: skip
        return SinkRunner(
            outlet, self.book, site="Depot", feed_after=self.store.feed_after, last_seq=self.store.feed_seq,
            clock=self.clock, tell=lambda code, change, since, why: self.system.append((code, change, why["sentence"])),
        )  # fmt: skip

    def turn(self, runner, *, seconds=0.0, step=0.5):
        """Let it run for so long, on the fake clock."""
        for _ in range(max(1, round(seconds / step))):
            while runner.run_once() == 0.0:
                pass
            self.clock.advance(step)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def site(tmp_path, clock):
    made = Site(tmp_path, clock)
    yield made
    made.store.close()


@pytest.fixture
def sink():
    return FakeSink()


def names(count, first=0):
    return [f"k{n:04d}" for n in range(first, first + count)]


def test_all_go_once_and_in_order(site, sink, message):
    runner = site.runner(sink)
    site.store.ingest([message(key) for key in names(250)])
    site.turn(runner)
    assert sink.ids == names(250)
    assert site.book.open("hook").cursor == site.store.feed_seq()
    assert {row.state for row in site.book.of_alert("k0007")} == {"delivered"}


def test_a_new_sink_begins_with_what_comes_from_now_on(site, sink, message):
    site.store.ingest([message("before")])
    runner = site.runner(sink)
    site.store.ingest([message("after")])
    site.turn(runner)
    assert sink.ids == ["after"]


def test_a_restart_goes_on_where_it_was(site, sink, message):
    runner = site.runner(sink)
    site.store.ingest([message("a")])
    site.turn(runner)
    site.store.ingest([message("b")])
    site.turn(site.runner(sink))
    assert sink.ids == ["a", "b"]


def test_killed_between_sending_and_writing_sends_again_under_the_same_id(site, sink, message, monkeypatch):
    runner = site.runner(sink)
    site.store.ingest([message("a"), message("b")])
    monkeypatch.setattr(runner, "_settle", lambda: None)
    site.turn(runner)
    site.turn(site.runner(sink))
    assert sink.ids == ["a", "b", "a", "b"]
    assert sink.sent[0].notice_id == sink.sent[2].notice_id
    assert sink.sent[0].body() == sink.sent[2].body(), "the same bytes"


def test_away_for_ten_minutes_at_twenty_a_second(site, sink, message):
    """Nothing is lost or given up, memory holds a bounded part, and all comes in order once it is back."""
    runner = site.runner(sink)
    sink.away = "nobody there"
    total = 0
    for _ in range(60):
        site.store.ingest([message(key) for key in names(200, total)])
        total += 200
        site.turn(runner, seconds=10, step=5)
        assert runner.status().waiting < PENDING + 200
    assert runner.status().behind > 10_000
    assert sink.sent == []
    assert site.system == [("sink_failing", "start", "Sink hook does not work: nobody there")], "said once"
    sink.away = None
    site.turn(runner, seconds=130, step=1)
    assert sink.ids == names(12_000)
    assert site.system[-1][:2] == ("sink_failing", "end")
    assert runner.status().state == "working"


def test_a_short_outage_is_no_alarm(site, sink, message):
    runner = site.runner(sink)
    sink.away = "nobody there"
    site.store.ingest([message("a")])
    site.turn(runner, seconds=30)
    sink.away = None
    site.turn(runner, seconds=60)
    assert sink.ids == ["a"]
    assert site.system == []


def test_tries_get_rarer(site, sink, message):
    runner = site.runner(sink)
    sink.away = "nobody there"
    site.store.ingest([message("a")])
    site.turn(runner, seconds=3600)
    assert 60 < len(sink.tries) < 140, "one a minute in the end"


def test_an_outage_that_began_before_a_restart_is_ended_after_it(site, sink, message):
    sink.away = "nobody there"
    runner = site.runner(sink)
    site.store.ingest([message("a")])
    site.turn(runner, seconds=90)
    sink.away = None
    site.turn(site.runner(sink), seconds=5)
    assert [one[:2] for one in site.system] == [("sink_failing", "start"), ("sink_failing", "end")]


def test_one_that_is_refused_holds_up_its_own_camera_only_and_dies_in_the_end(site, sink, message):
    runner = site.runner(sink, attempts=4)
    sink.bad = {"bad"}
    site.store.ingest([message("bad"), message("later"), message("other", camera="gate")])
    site.turn(runner, seconds=1)
    assert sink.ids == ["other"], "order per camera: what comes after it waits"
    site.turn(runner, seconds=60)
    assert sink.ids == ["other", "later"]
    assert sink.tries.count("bad") == 4
    (row,) = site.book.of_alert("bad")
    assert (row.state, row.attempts, row.remark) == ("dead", 4, "not this one")
    assert site.system == [("sink_dead_letter", "start", "Sink hook did not take 1 messages: not this one")]


def test_refusals_are_counted_over_a_restart(site, sink, message):
    sink.bad = {"bad"}
    site.store.ingest([message("before")])
    first = site.runner(sink, attempts=3)
    site.store.ingest([message("bad")])
    site.turn(first)
    site.turn(site.runner(sink, attempts=3), seconds=60)
    assert sink.tries.count("bad") == 3


def test_dead_letters_are_sent_again_on_demand(site, sink, message):
    runner = site.runner(sink, attempts=2)
    sink.bad = {"bad"}
    site.store.ingest([message("bad"), message("good")])
    site.turn(runner, seconds=30)
    assert sink.ids == ["good"]
    sink.bad = set()
    assert site.book.retry("hook", actor="jane", utc=site.clock.utc()) == 1
    runner.look_back()
    site.turn(runner, seconds=5)
    assert sink.ids == ["good", "bad"]
    assert site.book.retry("hook", actor="jane", utc=site.clock.utc()) == 0


def test_a_retry_survives_a_restart(site, sink, message):
    runner = site.runner(sink, attempts=1)
    sink.bad = {"bad"}
    site.store.ingest([message("bad")])
    site.turn(runner, seconds=5)
    site.book.retry("hook", actor="jane", utc=site.clock.utc())
    sink.bad = set()
    site.turn(site.runner(sink), seconds=5)
    assert sink.ids == ["bad"]


def test_what_is_too_old_is_given_up_and_told(site, sink, message):
    runner = site.runner(sink, keep_s=3600.0)
    sink.away = "nobody there"
    site.store.ingest([message("a")])
    site.turn(runner, seconds=4000, step=10)
    (row,) = site.book.of_alert("a")
    assert row.state == "dead"
    assert "nobody there" in row.remark


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 86_400.0 * 3, -86_400.0])
def test_a_step_of_the_wall_clock_gives_nothing_up(site, sink, message, step_s):
    runner = site.runner(sink)
    sink.away = "nobody there"
    site.store.ingest([message("a")])
    site.turn(runner, seconds=20)
    site.clock.step_wall(step_s)
    sink.away = None
    site.turn(runner, seconds=60)
    assert sink.ids == ["a"]


def test_nothing_secret_is_kept_or_said(site, sink, message):
    runner = site.runner(sink)
    sink.away = "https://u:S3cret@host/ said S3cret"
    site.store.ingest([message("a")])
    site.turn(runner, seconds=90)
    assert site.system
    assert "S3cret" not in json.dumps([str(runner.status()), site.system])


def test_trials_updates_and_evidence_are_told_to_nobody(site, sink, message):
    runner = site.runner(sink)
    site.store.ingest([message("trial", trial=True), message("a"), message("a", state="update", utc=1001.0)])
    site.turn(runner)
    assert sink.ids == ["a"]


def test_an_escalation_an_end_and_what_operators_did_are_told(site, sink, message):
    runner = site.runner(sink)
    site.store.ingest([message("a")])
    site.store.ingest([message("a", state="update", utc=1100.0, severity="high")])
    site.store.acknowledge("a", actor="jane")
    site.store.ingest([message("a", state="end", utc=1200.0)])
    site.store.resolve("a", actor="jane", disposition="real", note="a private remark")
    site.turn(runner)
    assert [n.told for n in sink.sent] == ["new", "escalated", "acknowledged", "ended", "resolved"]
    text = b"".join(n.body() for n in sink.sent)
    assert b"jane" not in text
    assert b"private" not in text


OPEN = type("Open", (), {"is_open": lambda self, utc: utc < 1500.0, "reason": lambda self, utc: ""})()
ROUTES = [
    ("all", [], ["a", "b", "c", "s"]),
    ("medium and up", [Only(min_severity="medium")], ["a", "b", "s"]),
    ("high", [Only(min_severity="high")], ["b", "s"]),
    ("a camera", [Only(cameras={"gate"})], ["b"]),
    ("a zone", [Only(zones={"yard"})], []),
    ("a rule", [Only(rules={"bay-loiter"})], ["a", "b", "c"]),
    ("a kind", [Only(kinds={"loitering"})], ["a", "b", "c"]),
    ("the system", [Only(system=True)], ["s"]),
    ("not the system", [Only(system=False)], ["a", "b", "c"]),
    ("while open", [Only(active=Active(OPEN, "open"), system=False)], ["a", "b"]),
    ("while closed", [Only(active=Active(OPEN, "closed"), system=False)], ["c"]),
    ("either of two", [Only(cameras={"gate"}), Only(system=True)], ["b", "s"]),
    ("both of two in one", [Only(cameras={"gate"}, min_severity="high", kinds={"after_hours"})], []),
]


@pytest.mark.parametrize(("word", "only", "wanted"), ROUTES, ids=[row[0] for row in ROUTES])
def test_routing(site, sink, message, word, only, wanted):
    runner = site.runner(sink, route=Route(TOLD, only))
    site.store.ingest(
        [message("a"), message("b", camera="gate", severity="high"), message("c", severity="low", utc=2000.0)]
    )
    site.store.raise_system(code="disk", since_utc=1.0)
    site.turn(runner)
    assert ["s" if n.alert["system"] else n.alert_id for n in sink.sent] == wanted


def test_what_is_nobodys_business_moves_the_cursor_all_the_same(site, sink, message):
    runner = site.runner(sink, route=Route(TOLD, [Only(cameras={"gate"})]))
    site.store.ingest([message(key) for key in names(450)])
    site.turn(runner)
    assert site.book.open("hook").cursor >= 400
    assert site.book.totals() == {}


def test_a_flood_becomes_digests_and_loses_nothing(site, sink, message):
    runner = site.runner(sink, pace=Pace(burst=3, every_s=60.0))
    for number in range(120):
        site.store.ingest([message(f"k{number:04d}")])
        site.turn(runner, seconds=1)
    site.turn(runner, seconds=120)
    assert sink.ids == names(120)
    assert sink.batches[:2] == [1, 1], "calm: one by one"
    assert len(sink.batches) <= 6, sink.batches
    assert all(row.state == "delivered" for key in names(120) for row in site.book.of_alert(key))


def test_a_digest_that_is_refused_is_taken_apart(site, sink, message):
    runner = site.runner(sink, pace=Pace(burst=1, every_s=5.0), attempts=3)
    sink.bad = {"k0002"}
    site.store.ingest([message(key) for key in names(5)])
    site.turn(runner, seconds=240)
    assert sorted(sink.ids) == ["k0000", "k0001", "k0003", "k0004"]
    (row,) = site.book.of_alert("k0002")
    assert row.state == "dead"


def test_one_sink_that_hangs_holds_up_neither_the_others_nor_the_taking_of_alerts(tmp_path, message, wait):
    class Hanging(FakeSink):
        def __init__(self):
            super().__init__()
            self.entered, self.release = threading.Event(), threading.Event()

        def send(self, notices):
            self.entered.set()
            assert self.release.wait(20)

    store = Store(tmp_path / "store.sqlite")
    hanging, other = Hanging(), FakeSink()
    outlets = [
        Outlet(name=name, kind="webhook", sink=one, route=Route(TOLD), target="there")
        for name, one in (("hanging", hanging), ("other", other))
    ]
    sinks = Sinks(outlets, store, site="Depot", clock=store.clock)
    sinks.start()
    store.ingest([message("a")])
    assert hanging.entered.wait(5)
    store.ingest([message("b")])
    wait(lambda: other.ids == ["a", "b"])
    rows = sinks.deliveries("b")
    assert [(row["sink"], row["state"]) for row in rows] == [("hanging", "waiting"), ("other", "delivered")]
    hanging.release.set()
    sinks.stop()
    assert (hanging.closed, other.closed) == (1, 1)
    store.close()


def test_a_sink_that_is_taken_out_of_the_site_file_leaves_nothing_waiting(site, sink, message):
    sink.bad = {"a"}
    runner = site.runner(sink, name="old")
    site.store.ingest([message("a")])
    site.turn(runner)
    Sinks([], site.store, site="Depot", clock=site.clock)
    (row,) = site.book.of_alert("a")
    assert (row.state, row.remark) == ("dead", "the site file has this sink no longer")


def test_old_deliveries_are_forgotten(site, sink, message):
    runner = site.runner(sink)
    site.store.ingest([message("a")])
    site.turn(runner)
    site.clock.advance(100 * 86_400.0)
    site.turn(runner)
    assert site.book.of_alert("a") == []


def test_full_disk_under_the_store_repeats_and_loses_nothing(site, sink, message, monkeypatch):
    from pipeline.errors import StoreError

    runner = site.runner(sink)
    site.store.ingest([message("a")])
    real, refusals = site.book.settle, []

    def full(*args):
        if len(refusals) < 2:
            refusals.append(1)
            raise StoreError("database or disk is full")
        real(*args)

    monkeypatch.setattr(site.book, "settle", full)
    for _ in range(4):
        try:
            runner.run_once()
        except StoreError:
            site.clock.advance(1.0)
    assert sink.ids == ["a"], "what was sent is known in memory"
    assert [row.state for row in site.book.of_alert("a")] == ["delivered"]


def test_other_sinks_while_it_runs(tmp_path, message, wait):
    """A changed site file: what is not settled goes on under the same name, and nothing goes twice."""
    store = Store(tmp_path / "store.sqlite")
    old, new, more = FakeSink(), FakeSink(), FakeSink()
    old.away = "nobody there"

    def outlet(name, sink):
        return Outlet(name=name, kind="webhook", sink=sink, route=Route(TOLD), target="there")

    sinks = Sinks([outlet("room", old), outlet("gone", FakeSink())], store, site="Depot", clock=store.clock)
    sinks.start()
    store.ingest([message("a")])
    wait(lambda: old.tries != [])
    sinks.change([outlet("room", new), outlet("more", more)], site="Depot")
    wait(lambda: new.ids == ["a"])
    store.ingest([message("b")])
    wait(lambda: more.ids == ["b"] and new.ids == ["a", "b"])
    sinks.stop()
    assert (old.closed, new.closed, more.closed) == (1, 1, 1)
    assert [status.name for status in sinks.status()] == ["room", "more"]
    store.close()

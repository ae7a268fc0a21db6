"""The life of an alert at the desk: calls, claims, shelves, floods, protocols, and the figures of a shift."""

from __future__ import annotations

import json
import threading

import pytest

from pipeline.alerts.message import alert_message, system_message
from pipeline.clock import FakeClock
from pipeline.store.desk_rules import Demands, DeskRules
from pipeline.store.faults import Conflict, Forbidden, Unknown
from pipeline.store.store import Store
from pipeline.types import Alert, Event

STEPS = ("call the guard", "cordon off the bay")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(tmp_path, clock):
    store = Store(tmp_path / "store.sqlite", clock=clock)
    yield store
    store.close()


def raised(clock, key, *, state="start", camera="dock", rule="bay-loiter", zone="bay", incident=None, why=None, **more):
    utc = clock.utc()
    event = Event(
        kind="loitering", state=state, rule_id=rule, rule_version="1", camera_id=camera, run_id=1, track_ids=(1,),
        zone_id=zone, since_utc=utc - 100, utc=utc, pts=1.0, score=0.5, why=why or {"dwell_s": 100.0}, key=key,
    )  # fmt: skip
    fields = {
        "alert_id": key, "incident_id": incident or f"i-{key}", "severity": "medium", "state": "new", "trial": False,
        "detector": "m",
    }  # fmt: skip
    return alert_message(Alert(**(fields | more), event=event), raised_utc=utc)


def told(store):
    return [(change.change, json.loads(change.data)["announce"]) for change in store.feed_after(0)]


def later(store, clock, seconds):
    """Time passes and the store is tended every ten seconds, as the hub does."""
    for _ in range(round(seconds / 10)):
        clock.advance(10)
        store.tend()


# -- calls ------------------------------------------------------------------------------------------------------------


def test_unacknowledged_calls_again_and_then_escalates(store, clock):
    store.ingest([raised(clock, "a")])
    later(store, clock, 50)
    assert told(store) == [("new", "new")]
    later(store, clock, 10)
    assert told(store)[-1] == ("again", "again")
    later(store, clock, 120)
    assert told(store)[-1] == ("escalated", "escalate")
    assert store.alert("a")["escalated_utc"] is not None
    later(store, clock, 600)
    assert [change for change, _ in told(store)] == ["new", "again", "escalated", "again"]


def test_acknowledged_is_silent(store, clock):
    store.ingest([raised(clock, "a")])
    store.acknowledge("a", actor="anna")
    later(store, clock, 1200)
    assert [change for change, _ in told(store)] == ["new", "acknowledged"]


def test_cleared_but_unacknowledged_still_calls(store, clock):
    store.ingest([raised(clock, "a"), raised(clock, "a", state="end")])
    later(store, clock, 60)
    assert told(store)[-1] == ("again", "again")
    assert store.alert("a")["state"] == "new"


@pytest.mark.parametrize(
    ("word", "more", "announced"),
    [
        ("higher severity", {"severity": "high"}, "raised"),
        ("one more person", {"why": {"dwell_s": 100.0, "people": 2}}, "raised"),
        ("nothing worse", {"why": {"dwell_s": 150.0, "people": 1}}, None),
    ],
)
def test_what_becomes_worse_calls_again(store, clock, word, more, announced):
    store.ingest([raised(clock, "a", why={"dwell_s": 100.0, "people": 1})])
    store.acknowledge("a", actor="anna")
    clock.advance(5)
    store.ingest([raised(clock, "a", state="update", **more)])
    assert told(store)[-1] == ("update", announced)
    assert store.alert("a")["state"] == ("new" if announced else "acknowledged")


def test_a_new_person_in_an_acknowledged_incident_calls(store, clock):
    store.ingest([raised(clock, "a", incident="stay")])
    store.acknowledge_incident("stay", actor="anna")
    store.ingest([raised(clock, "b", incident="stay")])
    assert told(store)[-1] == ("new", "new")
    assert store.incident("stay")["state"] == "new"


def test_trial_never_calls(store, clock):
    store.ingest([raised(clock, "t", trial=True)])
    later(store, clock, 600)
    assert told(store) == [("new", None)]


# -- claims -----------------------------------------------------------------------------------------------------------


def test_of_many_who_claim_at_once_exactly_one_holds_it(store, clock):
    store.ingest([raised(clock, "a")])
    barrier, outcomes = threading.Barrier(6), []

    def claim(actor):
        barrier.wait()
        try:
            outcomes.append(store.claim_incident("i-a", actor=actor)["alerts"][0]["claimed_by"])
        except Conflict:
            outcomes.append(None)

    threads = [threading.Thread(target=claim, args=(f"operator {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcome is not None for outcome in outcomes) == 1
    view = store.alert("a")
    assert view["claimed_by"] in outcomes
    assert view["state"] == "acknowledged"


def test_a_claim_lapses_calls_again_and_escalates(store, clock):
    store.ingest([raised(clock, "a")])
    store.claim("a", actor="anna")
    later(store, clock, 590)
    assert store.alert("a")["claimed_by"] == "anna"
    later(store, clock, 10)
    view = store.alert("a")
    assert (view["state"], view["claimed_by"]) == ("new", None)
    assert told(store)[-1] == ("lapsed", "again")
    later(store, clock, 120)
    assert told(store)[-1] == ("escalated", "escalate")


def test_what_somebody_does_keeps_the_claim(store, clock):
    store.desk_rules = DeskRules(procedures={("dock", "bay-loiter"): Demands(steps=STEPS)})
    store.ingest([raised(clock, "a")])
    store.claim("a", actor="anna")
    for step in STEPS:
        later(store, clock, 590)
        store.tick("i-a", step, done=True, actor="anna")
    later(store, clock, 590)
    assert store.alert("a")["claimed_by"] == "anna"


def test_while_one_holds_it_no_other_decides(store, clock):
    store.ingest([raised(clock, "a")])
    store.claim("a", actor="anna")
    with pytest.raises(Conflict, match="anna works on it"):
        store.resolve_incident("i-a", actor="ben", disposition="real")
    with pytest.raises(Conflict):
        store.release_incident("i-a", actor="ben")
    store.release_incident("i-a", actor="anna")
    assert store.resolve_incident("i-a", actor="ben", disposition="real")["state"] == "resolved"


def test_handed_over_belongs_to_the_other_and_calls(store, clock):
    store.ingest([raised(clock, "a")])
    store.claim("a", actor="anna")
    store.hand_over_incident("i-a", actor="anna", to="ben", note="he knows the driver")
    assert told(store)[-1] == ("handed_over", "again")
    with pytest.raises(Conflict, match="ben works on it"):
        store.resolve("a", actor="anna", disposition="real")
    assert store.resolve("a", actor="ben", disposition="authorised")["state"] == "resolved"


def test_nothing_open_cannot_be_claimed(store, clock):
    store.ingest([raised(clock, "a")])
    store.resolve("a", actor="anna", disposition="real")
    with pytest.raises(Conflict):
        store.claim_incident("i-a", actor="anna")
    with pytest.raises(Unknown):
        store.claim_incident("nowhere", actor="anna")


# -- several at once --------------------------------------------------------------------------------------------------


def test_several_at_once_only_within_one_rule_and_zone(store, clock):
    store.ingest([raised(clock, "a"), raised(clock, "b"), raised(clock, "c", zone="gate")])
    with pytest.raises(Forbidden, match="one rule and one zone"):
        store.resolve_all(["a", "c"], actor="anna", disposition="nuisance", note="")
    assert store.alert("a")["state"] == "new"
    done = store.resolve_all(["a", "b"], actor="anna", disposition="nuisance", note="foxes")
    assert [view["state"] for view in done] == ["resolved", "resolved"]
    with pytest.raises(Unknown):
        store.acknowledge_all(["c", "nobody"], actor="anna")


# -- shelves ----------------------------------------------------------------------------------------------------------


def shelve(store, alert_id="a", for_s=600.0):
    return store.shelve(alert_id, actor="anna", reason="roadworks", for_s=for_s)


def test_shelved_is_recorded_and_silent_and_returns_if_still_active(store, clock):
    store.ingest([raised(clock, "a")])
    made = shelve(store)
    clock.advance(10)
    store.ingest([raised(clock, "b"), raised(clock, "c"), raised(clock, "c", state="end")])
    assert [store.alert(key)["state"] for key in "abc"] == ["shelved"] * 3
    assert told(store)[2:] == [("new", None), ("new", None), ("end", None)]
    later(store, clock, 590)
    assert [store.alert(key)["state"] for key in "abc"] == ["new", "new", "shelved"]
    assert [t for t in told(store) if t[0] == "unshelved"] == [("unshelved", "again")] * 2
    assert store.desk_state()["shelves"] == []
    assert store.unshelve(made["shelf_id"], actor="anna")["ended_by"] == "system"


@pytest.mark.parametrize(
    ("word", "more"),
    [
        ("another zone", {"zone": "gate"}),
        ("another rule", {"rule": "bay-night"}),
        ("another camera", {"camera": "yard"}),
        ("higher severity", {"severity": "high"}),
    ],
)
def test_a_shelf_holds_no_more_than_it_was_made_for(store, clock, word, more):
    store.ingest([raised(clock, "a")])
    shelve(store)
    store.ingest([raised(clock, "b", **more)])
    assert store.alert("b")["state"] == "new"
    assert told(store)[-1] == ("new", "new")


def test_what_becomes_worse_on_a_shelf_comes_through(store, clock):
    store.ingest([raised(clock, "a")])
    shelve(store)
    clock.advance(1)
    store.ingest([raised(clock, "a", state="update", severity="high")])
    assert store.alert("a")["state"] == "new"
    assert told(store)[-1] == ("update", "raised")


@pytest.mark.parametrize(
    ("severity", "for_s", "allowed"),
    [("high", 1800, True), ("high", 1801, False), ("medium", 14400, True), ("medium", 14401, False),
     ("low", 28800, True), ("low", 28801, False), ("low", 0, False)],
)  # fmt: skip
def test_longest_time_by_severity(store, clock, severity, for_s, allowed):
    store.ingest([raised(clock, "a", severity=severity)])
    if allowed:
        assert shelve(store, for_s=for_s)["until_utc"] == clock.utc() + for_s
    else:
        with pytest.raises(Forbidden, match="at most"):
            shelve(store, for_s=for_s)


def test_tamper_cannot_be_shelved(store, clock):
    utc = clock.utc()
    store.ingest([
        system_message(camera_id="dock", code="covered", change="start", since_utc=utc, utc=utc, raised_utc=utc)
    ])  # fmt: skip
    (alert,) = store.alerts().items
    with pytest.raises(Forbidden, match="system itself"):
        shelve(store, alert["alert_id"])


def test_after_a_restart_nothing_unknown_is_shelved(tmp_path, clock):
    store = Store(tmp_path / "store.sqlite", clock=clock)
    store.ingest([raised(clock, "a"), raised(clock, "g", rule="gone"), raised(clock, "z", zone="gate")])
    for key in "agz":
        shelve(store, key)
    store.close()
    clock.advance(60)
    store = Store(tmp_path / "store.sqlite", clock=clock)
    store.desk_rules = DeskRules(known_rules=frozenset({("dock", "bay-loiter")}))
    store.tend()
    assert [store.alert(key)["state"] for key in "agz"] == ["shelved", "new", "shelved"]
    clock.step_wall(-3600)
    store.tend()
    assert [store.alert(key)["state"] for key in "agz"] == ["new", "new", "new"]
    store.close()


def test_shelved_twice_is_a_conflict(store, clock):
    store.ingest([raised(clock, "a")])
    shelve(store)
    with pytest.raises(Conflict, match="shelved already"):
        shelve(store)
    with pytest.raises(Conflict, match="it is shelved"):
        store.claim("a", actor="anna")


# -- flood ------------------------------------------------------------------------------------------------------------


def flood(store, clock, count, **more):
    for number in range(count):
        clock.advance(1)
        store.ingest([raised(clock, f"f{number}-{more.get('zone', 'bay')}-{more.get('severity', 'medium')}", **more)])


def grouped(store):
    items = store.alerts(limit=500).items
    return {view["alert_id"]: view["grouped"] for view in items}


def test_nine_in_ten_minutes_are_no_flood(store, clock):
    flood(store, clock, 9)
    assert store.desk_state()["flood_since_utc"] is None
    assert not any(grouped(store).values())


def test_in_a_flood_the_same_cause_and_zone_is_counted_and_nothing_dropped(store, clock):
    flood(store, clock, 30)
    seen = grouped(store)
    assert len(seen) == 30
    assert sum(seen.values()) == 21, "the tenth begins the flood; from it on, alike ones are folded"
    calls = [announce for change, announce in told(store) if change == "new"]
    assert calls.count("new") == 9


def test_a_diversion_hides_nobody(store, clock):
    flood(store, clock, 30)
    others = {
        "first of its zone": raised(clock, "zone", zone="gate"),
        "another cause": raised(clock, "cause", rule="bay-night"),
        "another camera": raised(clock, "camera", camera="yard"),
        "higher severity": raised(clock, "high", severity="high"),
        "again high": raised(clock, "high2", severity="high"),
    }
    store.ingest(list(others.values()))
    seen = grouped(store)
    assert [seen[key] for key in ("zone", "cause", "camera", "high", "high2")] == [False] * 5
    utc = clock.utc()
    store.ingest([
        system_message(camera_id="dock", code="covered", change="start", since_utc=utc, utc=utc, raised_utc=utc)
    ])  # fmt: skip
    assert told(store)[-1] == ("new", "new")


def test_a_flood_ends_under_five_in_ten_minutes(store, clock):
    flood(store, clock, 12)
    later(store, clock, 590)
    assert store.desk_state()["flood_since_utc"] is not None
    later(store, clock, 20)
    assert store.desk_state() == {"flood_since_utc": None, "recent": 0, "shelves": []}
    store.ingest([raised(clock, "after")])
    assert not grouped(store)["after"]


def test_once_its_head_is_resolved_a_group_calls_for_itself(store, clock):
    flood(store, clock, 12)
    heads = [key for key, folded in grouped(store).items() if not folded]
    store.resolve_all(heads, actor="anna", disposition="nuisance", note="")
    before = len(told(store))
    later(store, clock, 70)
    assert ("again", "again") in told(store)[before:]


# -- protocol ---------------------------------------------------------------------------------------------------------


def test_demanded_steps_come_before_resolving(store, clock):
    store.desk_rules = DeskRules(procedures={("dock", "bay-loiter"): Demands(steps=STEPS, all_steps=True)})
    store.ingest([raised(clock, "a")])
    store.tick("i-a", STEPS[0], done=True, actor="anna")
    with pytest.raises(Forbidden, match="1 of 2 steps are open, the first: cordon off the bay"):
        store.resolve("a", actor="anna", disposition="real")
    protocol = store.tick("i-a", STEPS[1], done=True, actor="anna")
    assert [(step["step"], step["done_by"]) for step in protocol["steps"]] == [(step, "anna") for step in STEPS]
    store.tick("i-a", STEPS[1], done=False, actor="anna")
    with pytest.raises(Forbidden):
        store.resolve_incident("i-a", actor="anna", disposition="real")
    store.tick("i-a", STEPS[1], done=True, actor="anna")
    assert store.resolve_incident("i-a", actor="anna", disposition="real")["state"] == "resolved"
    with pytest.raises(Forbidden, match="no such step"):
        store.tick("i-a", "dance", done=True, actor="anna")


def test_a_second_person_is_another_person(store, clock):
    store.desk_rules = DeskRules(procedures={("dock", "bay-loiter"): Demands(second_person=True)})
    store.ingest([raised(clock, "a")])
    store.confirm("i-a", actor="anna")
    with pytest.raises(Forbidden, match="second person"):
        store.resolve("a", actor="anna", disposition="real")
    store.confirm("i-a", actor="ben")
    assert store.resolve("a", actor="anna", disposition="real")["resolved_by"] == "anna"


# -- the shift --------------------------------------------------------------------------------------------------------


def test_every_change_is_audited(store, clock):
    store.desk_rules = DeskRules(procedures={("dock", "bay-loiter"): Demands(steps=STEPS)})
    store.ingest([raised(clock, "a"), raised(clock, "b", rule="other")])
    store.claim("a", actor="anna")
    store.hand_over_incident("i-a", actor="anna", to="ben", note="")
    store.tick("i-a", STEPS[0], done=True, actor="ben")
    store.confirm("i-a", actor="cem")
    store.release_incident("i-a", actor="ben")
    store.resolve("a", actor="ben", disposition="real")
    store.unshelve(shelve(store, "b")["shelf_id"], actor="anna")
    store.hand_over_shift(actor="anna", note="quiet")
    with store.changing() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action FROM audit ORDER BY id").all()
    assert [tuple(row) for row in rows] == [
        ("anna", "claimed"), ("anna", "handed_over"), ("ben", "tick"), ("cem", "confirm"), ("ben", "released"),
        ("ben", "resolved"), ("anna", "shelve"), ("anna", "unshelve"), ("anna", "hand_over"),
    ]  # fmt: skip


def test_hand_over_keeps_what_is_open(store, clock):
    store.ingest([raised(clock, "a"), raised(clock, "b")])
    store.resolve("b", actor="anna", disposition="real")
    store.hand_over_shift(actor="anna", note="the gate sticks")
    (kept,) = store.handovers()
    assert (kept["note"], [view["alert_id"] for view in kept["open"]]) == ("the gate sticks", ["a"])


def test_figures_of_a_shift(store, clock):
    since = clock.utc()
    for number in range(12):
        clock.advance(100)
        store.ingest([raised(clock, f"k{number}", severity="high" if number < 2 else "low")])
    clock.advance(30)
    store.resolve("k11", actor="anna", disposition="real")
    utc = clock.utc()
    down = {"camera_id": "dock", "code": "camera_down", "since_utc": utc, "raised_utc": utc}
    store.ingest([system_message(change="start", utc=utc, **down)])
    clock.advance(570)
    store.ingest([system_message(change="end", utc=clock.utc(), **down)])
    figures = store.shift(since_utc=since, until_utc=since + 8 * 3600)
    assert (figures["alerts"], figures["by_severity"]) == (13, {"high": 3, "medium": 0, "low": 10})
    assert figures["load"]["bins"] == [5, 6, 2]
    assert figures["load"]["per_10_min"] == pytest.approx(13 / 3, abs=0.01)
    assert figures["response"] == {
        "acknowledged": 1, "acknowledge_median_s": 30.0, "acknowledge_p95_s": 30.0, "resolved": 1,
        "resolve_median_s": 30.0, "resolve_p95_s": 30.0, "escalated": 0, "shelved": 0,
    }  # fmt: skip
    assert figures["worst_rules"][0] == {
        "camera_id": "dock", "rule_id": "bay-loiter", "zone_id": "bay", "alerts": 12, "real": 1, "nuisance": 0,
    }  # fmt: skip
    assert figures["guarded"] == [{"camera_id": "dock", "blind_s": 570.0, "share": 0.6833}]


def test_a_shift_in_which_nothing_happened(store, clock):
    figures = store.shift(since_utc=clock.utc(), until_utc=clock.utc())
    assert (figures["alerts"], figures["guarded"], figures["load"]["bins"]) == (0, [], [0])

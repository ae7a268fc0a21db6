"""The store: ids taken once, incidents that are never opened again, a file that is never silently replaced."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pipeline.alerts.message import alert_message, evidence_message, system_message
from pipeline.clock import FakeClock
from pipeline.errors import StoreError
from pipeline.store import audit
from pipeline.store.life import Conflict
from pipeline.store.schema import metadata
from pipeline.store.store import Store
from pipeline.types import Alert, Event, Evidence


def make_message(key, state="start", utc=1000.0, *, incident="stay", epoch=0, **changes):
    event = Event(
        kind="loitering", state=state, rule_id="bay-loiter", rule_version="v1", camera_id="dock", run_id=1,
        track_ids=(1,), zone_id="bay", since_utc=utc - 100, utc=utc, pts=1.0, score=0.5, why={"dwell_s": 100.0}, key=key,
    )  # fmt: skip
    fields = {
        "alert_id": key, "incident_id": incident, "severity": "low", "state": "new", "trial": False,
        "detector": "yolox", "event": event,
    }  # fmt: skip
    return alert_message(Alert(**(fields | changes)), raised_utc=utc).model_copy(update={"epoch": epoch})


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def open_store(tmp_path, clock):
    made = []

    def make():
        made.append(Store(tmp_path / "store.sqlite", clock=clock))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


def changes(store):
    return [change.change for change in store.feed_after(0)]


def resolve(store, alert_id):
    return store.resolve(alert_id, actor="anna", disposition="authorised")


# -- taking -----------------------------------------------------------------------------------------------------------


def test_empty(store):
    assert store.alerts().items == []
    assert store.feed_seq() == 0
    assert store.ingest([]).committed == frozenset()


def test_a_message_is_taken_once_however_often_it_comes(store):
    one = make_message("a")
    for _ in range(3):
        assert store.ingest([one, one]).committed == {one.message_id}
    assert changes(store) == ["new"]


def test_taken_is_on_disk(open_store):
    store = open_store()
    store.ingest([make_message("a")])
    store.close()
    assert [alert["alert_id"] for alert in open_store().alerts().items] == ["a"]


@pytest.mark.parametrize(
    ("word", "first", "alert"),
    [
        ("an update whose start never came", "update", ("new", None)),
        ("an end whose start never came", "end", ("new", 1000.0)),
    ],
)
def test_no_change_is_dropped_for_want_of_a_start(store, word, first, alert):
    store.ingest([make_message("a", first)])
    found = store.alert("a")
    assert (found["state"], found["ended_utc"]) == alert
    assert changes(store) == ["new"]


def test_cleared_but_unacknowledged_stays_open(store):
    store.ingest([make_message("a"), make_message("a", "end", 1100.0)])
    found = store.alert("a")
    assert (found["state"], found["ended_utc"]) == ("new", 1100.0)


def test_evidence_before_its_alert_waits_for_it(store):
    item = Evidence(kind="clip", path="dock/a.mp4", sha256="0" * 64, media_type="video/mp4")
    store.ingest([evidence_message(alert_id="a", camera_id="dock", evidence=item, raised_utc=1.0)])
    store.ingest([make_message("a")])
    assert [e["kind"] for e in store.alert("a")["evidence"]] == ["clip"]


def test_evidence_written_anew_keeps_its_id(store):
    def told(sha):
        item = Evidence(kind="snapshot", path="dock/a.jpg", sha256=sha * 64, media_type="image/jpeg")
        return evidence_message(alert_id="a", camera_id="dock", evidence=item, raised_utc=1.0)

    store.ingest([make_message("a"), told("0")])
    before = store.alert("a")["evidence"]
    store.ingest([told("1")])
    after = store.alert("a")["evidence"]
    assert [e["evidence_id"] for e in after] == [e["evidence_id"] for e in before]
    assert after[0]["sha256"] == "1" * 64


def test_epochs_only_rise(open_store):
    store = open_store()
    assert [store.new_epoch("dock"), store.new_epoch("dock"), store.new_epoch("gate")] == [1, 2, 1]
    store.close()
    store = open_store()
    assert store.new_epoch("dock") == 3
    assert store.ingest([make_message("a", epoch=2)]).stale
    assert store.alerts().items == []
    store.ingest([make_message("b", epoch=9)])
    assert store.new_epoch("dock") == 10, "a store restored from an older copy catches up"


def test_system_alert_is_shown_and_handled_like_any(store, clock):
    def told(change, utc):
        return system_message(
            camera_id="dock", code="camera_down", change=change, since_utc=900.0, utc=utc, raised_utc=utc
        )

    store.ingest([told("start", 910.0), told("start", 911.0), told("end", 950.0)])
    (alert,) = store.alerts().items
    assert (alert["kind"], alert["system"], alert["severity"], alert["ended_utc"]) == (
        "camera_down",
        True,
        "high",
        950.0,
    )
    resolve(store, alert["alert_id"])
    assert changes(store) == ["new", "end", "resolved"]


# -- incidents --------------------------------------------------------------------------------------------------------


def test_incident_gathers_its_alerts(store):
    store.ingest(
        [make_message("a"), make_message("b", utc=1500.0, severity="high"), make_message("c", incident="other")]
    )
    incident = store.incident("stay")
    assert [alert["alert_id"] for alert in incident["alerts"]] == ["a", "b"]
    assert (incident["severity"], incident["alert_count"], incident["state"]) == ("high", 2, "new")
    assert (incident["since_utc"], incident["utc"]) == (900.0, 1500.0)


def test_resolved_incident_is_never_opened_again(store):
    store.ingest([make_message("a")])
    resolve(store, "a")
    store.ingest([make_message("b", utc=1200.0)])
    store.ingest([make_message("c", utc=1300.0)])
    assert store.incident("stay")["state"] == "resolved"
    later = store.alert("b")["incident_id"]
    assert later != "stay"
    assert store.alert("c")["incident_id"] == later
    assert store.incident(later)["continues"] == "stay"
    resolve(store, "b")
    resolve(store, "c")
    store.ingest([make_message("d", utc=1400.0)])
    assert store.alert("d")["incident_id"] not in ("stay", later)


def test_half_resolved_incident_is_still_joined(store):
    store.ingest([make_message("a"), make_message("b")])
    resolve(store, "a")
    store.ingest([make_message("c")])
    assert store.alert("c")["incident_id"] == "stay"


def test_escalation_after_a_resolution_calls_again(store):
    """The operator was done at two minutes; at ten the rule says it is worse. That must not stay folded away."""
    store.ingest([make_message("a")])
    resolve(store, "a")
    store.ingest([make_message("a", "update", 1600.0, severity="high")])
    assert store.alert("a")["state"] == "resolved"
    (again,) = store.alerts().items[:1]
    assert (again["state"], again["severity"], again["continues"]) == ("new", "high", "a")
    assert again["incident_id"] != "stay"
    store.ingest([make_message("a", "end", 1700.0, severity="high")])
    assert store.alert(again["alert_id"])["ended_utc"] == 1700.0


def test_end_after_a_resolution_changes_no_state(store):
    store.ingest([make_message("a")])
    resolve(store, "a")
    store.ingest([make_message("a", "end", 1700.0)])
    assert (store.alert("a")["state"], store.alert("a")["ended_utc"]) == ("resolved", 1700.0)
    assert len(store.alerts().items) == 1


# -- operators --------------------------------------------------------------------------------------------------------


def test_of_two_who_acknowledge_at_once_exactly_one_wins(store):
    store.ingest([make_message("a")])
    barrier, outcomes = threading.Barrier(8), []

    def acknowledge(actor):
        barrier.wait()
        try:
            outcomes.append(store.acknowledge("a", actor=actor)["acknowledged_by"])
        except Conflict as conflict:
            outcomes.append(str(conflict))

    threads = [threading.Thread(target=acknowledge, args=(f"operator {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = store.alert("a")["acknowledged_by"]
    assert outcomes.count(winner) == 1
    assert outcomes.count(f"already acknowledged by {winner}") == 7
    assert changes(store) == ["new", "acknowledged"]


def test_what_operators_do_is_audited_in_a_chain(store):
    store.ingest([make_message("a"), make_message("b")])
    store.acknowledge("a", actor="anna")
    store.resolve_incident("stay", actor="ben", disposition="real", note="police")
    with store._transaction() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, target FROM audit ORDER BY id").all()
        assert audit.broken_row(connection) is None
    assert [tuple(row) for row in rows] == [
        ("anna", "acknowledged", "alert/a"), ("ben", "resolved", "alert/a"), ("ben", "resolved", "alert/b"),
    ]  # fmt: skip
    with store._transaction() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor='anna' WHERE id=2")
        assert audit.broken_row(connection) == 2


# -- the file ---------------------------------------------------------------------------------------------------------


def test_schema_and_migrations_agree(store):
    with store._transaction() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert found == []


def test_newer_file_is_refused(open_store, tmp_path):
    open_store().close()
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    connection.execute("UPDATE alembic_version SET version_num='9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="9999"):
        open_store()


@pytest.mark.parametrize("word", ["noise", "empty"])
def test_damaged_file_is_put_aside_and_said(open_store, tmp_path, word):
    store = open_store()
    store.ingest([make_message("a")])
    store.close()
    data = os.urandom(20_000) if word == "noise" else b""
    (tmp_path / "store.sqlite").write_bytes(data)
    store = open_store()
    assert store.put_aside is not None
    assert store.put_aside.read_bytes() == data
    assert [alert["kind"] for alert in store.alerts().items] == ["store_damaged"]


def test_two_processes_are_refused(store, tmp_path):
    script = "import sys; from pathlib import Path; from pipeline.store.store import Store; Store(Path(sys.argv[1]))"
    command = [sys.executable, "-c", script, str(tmp_path / "store.sqlite")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "in use by another process" in ended.stderr


def test_safe_settings_hold(store):
    with store._transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3


def test_others_may_read_beside_the_owner(store, tmp_path):
    store.ingest([make_message("a")])
    reader = sqlite3.connect(f"file:{tmp_path / 'store.sqlite'}?mode=ro", uri=True)
    assert reader.execute("SELECT count(*) FROM alerts").fetchone() == (1,)
    store.ingest([make_message("b")])
    assert reader.execute("SELECT count(*) FROM alerts").fetchone() == (2,)
    reader.close()


def test_migrations_are_beside_the_code():
    """They travel in the wheel as package data."""
    folder = Path(sys.modules["pipeline.store.migrate"].__file__).parent / "migrations"
    assert (folder / "env.py").is_file()
    assert list((folder / "versions").glob("v*.py"))


def test_refused_commit_takes_nothing(store):
    store.ingest([make_message("a")])
    with store._transaction() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(StoreError):
        store.ingest([make_message("b")])
    with store._transaction() as connection:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        assert connection.execute(sa.text("SELECT count(*) FROM messages")).scalar() == 1
    store.ingest([make_message("b")])
    assert changes(store) == ["new", "new"]

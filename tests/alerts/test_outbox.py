"""The outbox: nothing is forgotten before it is confirmed, whatever the disk does."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest

from pipeline.alerts.message import parse_message, system_message
from pipeline.alerts.outbox import Outbox
from pipeline.alerts.sqlite import refuse_unsafe
from pipeline.clock import FakeClock
from pipeline.errors import StoreError


def make_message(n, code="test"):
    return system_message(camera_id="dock", code=code, change="start", since_utc=float(n), utc=1.0, raised_utc=float(n))


@pytest.fixture
def clock():
    return FakeClock(utc=50_000.0)


@pytest.fixture
def open_outbox(tmp_path, clock):
    made = []

    def make(epoch=1, **options):
        made.append(Outbox(tmp_path / "dock.sqlite", camera_id="dock", epoch=epoch, clock=clock, **options))
        return made[-1]

    yield make
    for outbox in made:
        outbox.close()


def parsed(outbox, limit=10_000):
    return [parse_message(envelope.text) for envelope in outbox.pending(limit)]


def fill_disk(outbox, pages=0):
    """As a full disk does: no page more than the file has now, plus `pages`."""
    connection = outbox._connection
    size = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={size + pages}")


def hurry(outbox):
    """Many puts in little time, where the test is not about the disk's own promises."""
    outbox._connection.execute("PRAGMA synchronous=OFF")


def free_disk(outbox):
    outbox._connection.execute("PRAGMA max_page_count=1000000")


def fill_until_refused(outbox, first):
    fill_disk(outbox)
    n = first
    while outbox.trouble is None:
        outbox.put(make_message(n))
        n += 1
    return n


def test_messages_wait_in_order_until_confirmed(open_outbox):
    outbox = open_outbox()
    assert [outbox.put(make_message(n)) for n in range(5)] == [1, 2, 3, 4, 5]
    batch = outbox.pending(3)
    assert [parse_message(e.text).seq for e in batch] == [1, 2, 3]
    assert [e.after for e in batch] == ["", batch[0].message_id, batch[1].message_id]
    outbox.confirm([batch[0].message_id, batch[2].message_id])
    assert [m.seq for m in parsed(outbox)] == [2, 4, 5]
    assert outbox.depth() == 3


def test_empty(open_outbox):
    outbox = open_outbox()
    assert (outbox.pending(), outbox.depth(), outbox.oldest_utc()) == ([], 0, None)
    outbox.confirm(["never heard of"])


def test_a_waiting_message_is_kept_once(open_outbox):
    outbox = open_outbox()
    assert outbox.put(make_message(1)) == outbox.put(make_message(1)) == 1
    assert outbox.depth() == 1


def test_next_life_delivers_what_the_last_left_under_its_epoch(open_outbox):
    outbox = open_outbox(epoch=4)
    for n in range(3):
        outbox.put(make_message(n))
    outbox.confirm([outbox.pending(3)[2].message_id])
    outbox.close()
    outbox = open_outbox(epoch=5)
    assert outbox.put(make_message(9)) == 4, "a number is never given twice"
    assert [(m.epoch, m.seq) for m in parsed(outbox)] == [(5, 1), (5, 2), (5, 4)]


def test_kill_after_put_loses_nothing(tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from pipeline.alerts.outbox import Outbox\n"
        "from pipeline.alerts.message import system_message; from pipeline.clock import SystemClock\n"
        "o = Outbox(Path(sys.argv[1]), camera_id='dock', epoch=1, clock=SystemClock())\n"
        "o.put(system_message(camera_id='dock', code='x', change='start', since_utc=1, utc=1, raised_utc=1))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "dock.sqlite"
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert ended.returncode == -9
    outbox = Outbox(path, camera_id="dock", epoch=2, clock=FakeClock())
    assert [m.body.code for m in parsed(outbox)] == ["x"]
    outbox.close()


def test_second_process_is_refused(open_outbox, tmp_path):
    open_outbox()
    script = (
        "import sys; from pathlib import Path; from pipeline.alerts.outbox import Outbox\n"
        "from pipeline.clock import SystemClock\n"
        "Outbox(Path(sys.argv[1]), camera_id='dock', epoch=1, clock=SystemClock())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "dock.sqlite")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "in use by another process" in ended.stderr


def test_full_disk_keeps_alerts_in_memory_and_resumes_by_itself(open_outbox):
    outbox = open_outbox()
    hurry(outbox)
    first = fill_until_refused(outbox, 0)
    for n in range(first, first + 1000):
        outbox.put(make_message(n))
    messages = parsed(outbox)
    told = [m.body.since_utc for m in messages if m.body.code == "test"]
    assert told == [float(n) for n in range(first + 1000)], "nothing lost, in order"
    assert [m.body.code for m in messages].count("outbox_disk") == 1
    assert [m.seq for m in messages] == sorted(m.seq for m in messages)

    free_disk(outbox)
    outbox.put(make_message(9999))
    assert outbox.trouble is None
    assert outbox.lost == 0
    outbox.close()
    again = open_outbox(epoch=2)
    codes = [(m.body.code, m.body.change) for m in parsed(again)]
    assert codes.count(("test", "start")) == first + 1001
    assert codes.count(("outbox_disk", "start")) == codes.count(("outbox_disk", "end")) == 1
    assert [m.seq for m in parsed(again)] == sorted(m.seq for m in parsed(again))


def test_confirmed_stays_confirmed_while_the_disk_refuses_to_forget(open_outbox, monkeypatch):
    outbox = open_outbox()
    for n in range(3):
        outbox.put(make_message(n))
    ids = [e.message_id for e in outbox.pending()]
    outbox._connection.execute("PRAGMA query_only=ON")
    outbox.confirm(ids[:2])
    assert ids[2] in [e.message_id for e in outbox.pending()]
    assert not set(ids[:2]) & {e.message_id for e in outbox.pending()}
    outbox._connection.execute("PRAGMA query_only=OFF")
    outbox.put(make_message(7))
    outbox.close()
    assert not set(ids[:2]) & {e.message_id for e in open_outbox(epoch=2).pending()}


def test_ring_is_bounded_and_counts_what_it_lost(open_outbox):
    outbox = open_outbox(ring=1000)
    hurry(outbox)
    outbox._connection.execute("PRAGMA query_only=ON")
    for n in range(1200):
        outbox.put(make_message(n))
    assert outbox.depth() == 1000
    assert outbox.lost == 201
    outbox._connection.execute("PRAGMA query_only=OFF")
    outbox.put(make_message(5000))
    ends = [m for m in parsed(outbox) if m.body.code == "outbox_disk" and m.body.change == "end"]
    assert ends[0].body.why["lost"] == 201


@pytest.mark.parametrize("word", ["noise", "empty", "header", "middle"])
def test_damaged_file_is_put_aside_and_reported(open_outbox, tmp_path, word):
    outbox = open_outbox()
    hurry(outbox)
    for n in range(400):
        outbox.put(make_message(n))
    outbox.close()
    path = tmp_path / "dock.sqlite"
    data = bytearray(path.read_bytes())
    if word == "noise":
        data = bytearray(os.urandom(5000))
    elif word == "empty":
        data = bytearray()
    elif word == "header":
        data[:100] = bytes(100)
    else:
        data[8192:12288] = os.urandom(4096)
    path.write_bytes(data)

    outbox = open_outbox(epoch=2)
    reports = [m for m in parsed(outbox) if m.body.code == "outbox_damaged"]
    assert len(reports) == 1
    aside = tmp_path / reports[0].body.why["file"]
    assert aside.read_bytes() == bytes(data), "kept as it was"
    kept = [m for m in parsed(outbox) if m.body.code == "test"]
    assert len(kept) == reports[0].body.why["saved"]
    assert (len(kept) > 0) == (word == "middle")
    outbox.put(make_message(1000))
    assert parsed(outbox)[-1].body.since_utc == 1000.0


def test_damage_while_running_loses_no_later_message(open_outbox, tmp_path):
    outbox = open_outbox()
    hurry(outbox)
    for n in range(400):
        outbox.put(make_message(n))
    path = tmp_path / "dock.sqlite"
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
    for n in range(1000, 1010):
        outbox.put(make_message(n))
    told = {m.body.since_utc for m in parsed(outbox)}
    assert {float(n) for n in range(1000, 1010)} <= told
    assert [p.name for p in tmp_path.glob("*.damaged-*")]


def test_newer_file_is_refused(open_outbox, tmp_path):
    open_outbox().close()
    connection = sqlite3.connect(tmp_path / "dock.sqlite")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StoreError, match="version 99"):
        open_outbox()


def test_file_left_in_wal_mode_is_made_safe(open_outbox, tmp_path):
    open_outbox().close()
    connection = sqlite3.connect(tmp_path / "dock.sqlite")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    outbox = open_outbox()
    assert outbox._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert outbox._connection.execute("PRAGMA synchronous").fetchone() == (3,)


@pytest.mark.parametrize(
    ("word", "journal", "synchronous", "version", "safe"),
    [
        ("ours", "delete", 3, (3, 40, 1), True),
        ("WAL before the fix", "wal", 2, (3, 51, 2), False),
        ("WAL after it", "wal", 2, (3, 51, 3), True),
        ("WAL that may roll back", "wal", 1, (3, 54, 1), False),
        ("delete without the folder's sync", "delete", 2, (3, 54, 1), False),
        ("no journal", "off", 3, (3, 54, 1), False),
        ("a journal in memory", "memory", 3, (3, 54, 1), False),
    ],
)
def test_bad_pairs_are_refused(tmp_path, word, journal, synchronous, version, safe):
    if safe:
        refuse_unsafe(tmp_path, journal=journal, synchronous=synchronous, version=version)
    else:
        with pytest.raises(StoreError):
            refuse_unsafe(tmp_path, journal=journal, synchronous=synchronous, version=version)

"""The live feed: every change once and in order, also after cuts at any point, for slow readers, and at shutdown."""

from __future__ import annotations

import json
import random
import socket
import threading
import time

import httpx
import pytest


class Reader:
    """A client as a browser's EventSource is: keeps the last id and the events in order."""

    def __init__(self, api, *, after=None, trial=False):
        self.api, self.after, self.trial = api, after, trial
        self.events, self.names = [], []

    def read(self, *, until=None, events=None, cut_at_byte=None, header=False):
        """Read one connection until `events` numbered ones came, the server ends it, or the line is cut."""
        query = {"trial": "true"} if self.trial else {}
        headers = {}
        if self.after is not None and header:
            headers["Last-Event-ID"] = str(self.after)
        elif self.after is not None:
            query["after"] = str(self.after)
        got, seen, buffer = 0, 0, b""
        with self.api.client.stream("GET", "/api/v1/feed", params=query, headers=headers, timeout=10) as answer:
            assert answer.status_code == 200
            for chunk in answer.iter_raw():
                chunk = chunk if cut_at_byte is None else chunk[: max(0, cut_at_byte - seen)]
                seen += len(chunk)
                buffer += chunk
                *blocks, buffer = buffer.split(b"\n\n")
                for block in blocks:
                    got += self.take(block.decode())
                if (cut_at_byte is not None and seen >= cut_at_byte) or (events is not None and got >= events):
                    return
                if until is not None and until():
                    return

    def take(self, block):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        self.names.append(fields.get("event"))
        if "id" not in fields:
            if fields.get("event") == "resume":
                self.after = json.loads(fields["data"])["after"]
            return 0
        self.after = int(fields["id"])
        self.events.append((self.after, json.loads(fields["data"])))
        return 1


def ids(reader):
    return [data["alert_id"] for _, data in reader.events]


def test_history_then_live(api, message, wait):
    api.store.ingest([message("a"), message("b")])
    reader = Reader(api, after=0)
    thread = threading.Thread(target=reader.read, kwargs={"events": 4})
    thread.start()
    wait(lambda: api.clients == 1)
    api.store.ingest([message("c")])
    api.client.post("/api/v1/alerts/c/acknowledge", json={})
    thread.join(10)
    assert ids(reader) == ["a", "b", "c", "c"]
    assert [data["change"] for _, data in reader.events] == ["new", "new", "new", "acknowledged"]
    assert [data["announce"] for _, data in reader.events] == ["new", "new", "new", None]
    wait(lambda: api.clients == 0)


def test_without_a_number_from_now_on(api, message, wait):
    api.store.ingest([message("old")])
    reader = Reader(api)
    thread = threading.Thread(target=reader.read, kwargs={"events": 1})
    thread.start()
    wait(lambda: api.clients == 1)
    wait(lambda: "beat" in reader.names)
    api.store.ingest([message("new")])
    thread.join(10)
    assert ids(reader) == ["new"]


def test_page_and_feed_meet_without_gap_or_repeat(api, message):
    api.store.ingest([message("a")])
    seq = api.client.get("/api/v1/alerts").json()["feed_seq"]
    api.store.ingest([message("b")])
    reader = Reader(api, after=seq)
    reader.read(events=1)
    assert ids(reader) == ["b"]


def test_trial_alerts_are_not_announced(api, message):
    api.store.ingest([message("t", trial=True), message("a")])
    reader, all_of_it = Reader(api, after=0), Reader(api, after=0, trial=True)
    reader.read(events=1)
    all_of_it.read(events=2)
    assert ids(reader) == ["a"]
    assert ids(all_of_it) == ["t", "a"]
    assert all_of_it.events[0][1]["announce"] is None


def test_resumed_after_cuts_at_random_bytes(api, message):
    """Cut 40 times anywhere, also within an event: together the parts are the feed, each event once."""
    count = 300
    for start in range(0, count, 50):
        api.store.ingest([message(f"a{n:03d}", utc=float(n)) for n in range(start, start + 50)])
    seed = 20261122
    chance = random.Random(seed)
    reader = Reader(api, after=0)
    for _ in range(40):
        reader.read(
            cut_at_byte=chance.randint(1, 12_000), header=chance.random() < 0.5, until=lambda: reader.after == count
        )
        if reader.after == count:
            break
    while reader.after < count:
        reader.read(events=count - reader.after)
    assert ids(reader) == [f"a{n:03d}" for n in range(count)], f"seed {seed}"


def test_beats_tell_quiet_from_lost(api):
    reader = Reader(api)
    reader.read(until=lambda: reader.names.count("beat") >= 3)


def test_a_camera_that_goes_down_is_said(api, wait):
    reader = Reader(api)
    thread = threading.Thread(target=reader.read, kwargs={"until": lambda: "camera" in reader.names})
    wait(lambda: api.app.state.parts.hub._states.get("dock") == "running")
    thread.start()
    wait(lambda: api.clients == 1)
    api.control.states["dock"] = "timed_out"
    thread.join(10)
    assert "camera" in reader.names


def test_slow_reader_is_told_where_to_resume_and_others_do_not_notice(make_api, message, wait):
    api = make_api(queue_size=50)
    slow = socket.create_connection(("127.0.0.1", api.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    slow.sendall(f"GET /api/v1/feed?after=0 HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n\r\n".encode())
    wait(lambda: api.clients == 1)
    quick = Reader(api, after=0)
    count = 6000
    thread = threading.Thread(target=quick.read, kwargs={"events": count})
    thread.start()
    wait(lambda: api.clients == 2)
    sent = 0
    while sent < count:
        rows = [{"n": n} for n in range(sent, sent + 500)]
        with api.store._transaction() as connection:
            connection.exec_driver_sql(
                "INSERT INTO feed (utc, change, alert_id, camera_id, trial, announce, data) VALUES (0, 'new', 'x',"
                " 'dock', 0, 1, ?)",
                [(json.dumps({"alert_id": f"a{row['n']}", "pad": "x" * 1500}),) for row in rows],
            )
        sent += 500
        api.store._tell()
        wait(lambda upto=sent: quick.after == upto, 30)
    thread.join(20)
    assert [seq for seq, _ in quick.events] == list(range(1, count + 1))

    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    slow.settimeout(10)
    received = b""
    while b"event: resume" not in received[-400:]:
        part = slow.recv(1 << 16)
        assert part, "closed without saying where to resume"
        received += part
    slow.close()
    last = int(received.rsplit(b"id: ", 1)[1].split(b"\n", 1)[0])
    resume = json.loads(received.rsplit(b"event: resume\ndata: ", 1)[1].split(b"\n", 1)[0])
    assert resume == {"after": last}
    assert last < count
    wait(lambda: api.clients == 0)


def test_server_ends_within_seconds_although_feeds_are_open(api, wait):
    readers = [Reader(api) for _ in range(5)]
    threads = [threading.Thread(target=reader.read) for reader in readers]
    for thread in threads:
        thread.start()
    wait(lambda: api.clients == 5)
    began = time.monotonic()
    api.server.should_exit = True
    api.thread.join(timeout=5.0)
    assert not api.thread.is_alive(), "the server did not end"
    assert time.monotonic() - began < 5.0
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize(
    ("word", "query", "status"), [("negative", {"after": -1}, 422), ("no number", {"after": "x"}, 422)]
)
def test_bad_numbers(api, word, query, status):
    assert api.client.get("/api/v1/feed", params=query).status_code == status


def _read_briefly(reader):
    url = f"{reader.api.url}/api/v1/feed?after=50"
    with httpx.stream("GET", url, timeout=0.1) as answer:
        for chunk in answer.iter_raw():
            reader.take(chunk.decode().split("\n\n")[0])


def test_a_client_of_another_store_is_told_to_begin_anew(api):
    reader = Reader(api, after=99_999)
    reader.read()
    assert reader.names == ["anew"]

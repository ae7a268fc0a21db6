"""How fast alerts travel: outbox, raised to stored over the embedded link, ingest, and the feed to many pages.

`python -m benchmarks.alerts [--alerts 200] [--clients 200] [--json]`. All in one process on loopback, so the figures
hold the client's work too. Nothing else should run beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

from pipeline.alerts.embedded import EmbeddedLink
from pipeline.alerts.message import Message, alert_message
from pipeline.alerts.outbox import Outbox
from pipeline.alerts.relay import Relay
from pipeline.api.app import build_app
from pipeline.api.server import Server, make_server
from pipeline.api.settings import ApiSettings
from pipeline.clock import SystemClock
from pipeline.store.store import Store
from pipeline.types import Alert, Event

CLOCK = SystemClock()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rate-hz", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args)
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value:10.2f}")
    return 0


def measure(folder: Path, args: argparse.Namespace) -> dict[str, float]:
    store = Store(folder / "store.sqlite")
    settings = ApiSettings(site_name="bench", timezone="UTC", token="t", evidence=folder)
    server = make_server(build_app(store, settings=settings), port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    figures = travel(folder, store, port_of(server), args.alerts)
    figures |= ingest(store)
    figures |= asyncio.run(fan_out(store, port_of(server), args.clients, args.rate_hz))
    server.should_exit = True
    thread.join()
    store.close()
    return figures


def travel(folder: Path, store: Store, port: int, count: int) -> dict[str, float]:
    """One alert at a time: how long `put` keeps the camera's loop, and when the store has it."""
    outbox = Outbox(folder / "dock.sqlite", camera_id="dock", epoch=1, clock=CLOCK)
    relay = Relay(outbox, EmbeddedLink(f"http://127.0.0.1:{port}", "t"), CLOCK)
    relay.start()
    stored = threading.Event()
    store.on_change(stored.set)
    puts, travels = [], []
    for n in range(count):
        stored.clear()
        began = time.perf_counter()
        outbox.put(make_message(f"one-{n}"))
        puts.append(time.perf_counter() - began)
        stored.wait()
        travels.append(time.perf_counter() - began)
        time.sleep(0.01)
    store.off_change(stored.set)
    began = time.perf_counter()
    for n in range(count):
        outbox.put(make_message(f"burst-{n}"))
    while outbox.depth():
        time.sleep(0.002)
    burst_s = time.perf_counter() - began
    relay.stop()
    outbox.close()
    return {
        "put_ms_p50": 1e3 * statistics.median(puts),
        "put_ms_p95": 1e3 * quantile(puts, 0.95),
        "raised_to_stored_ms_p50": 1e3 * statistics.median(travels),
        "raised_to_stored_ms_p95": 1e3 * quantile(travels, 0.95),
        "raised_to_stored_ms_max": 1e3 * max(travels),
        "burst_alerts_per_s": count / burst_s,
    }


def ingest(store: Store) -> dict[str, float]:
    """What the store does a second, in batches of 100 as after ten minutes away."""
    batch = [make_message(f"ingest-{n}") for n in range(1000)]
    began = time.perf_counter()
    for at in range(0, 1000, 100):
        store.ingest(batch[at : at + 100])
    return {"ingest_per_s": 1000 / (time.perf_counter() - began)}


async def fan_out(store: Store, port: int, clients: int, rate_hz: float) -> dict[str, float]:
    """Open feeds, then alerts at a steady rate: from just before the store's commit until each page has the event."""
    sent: dict[str, float] = {}
    delays: list[float] = []
    after = store.feed_seq()
    ready = asyncio.Semaphore(0)
    readers = [asyncio.create_task(read(port, after, sent, delays, ready)) for _ in range(clients)]
    for _ in range(clients):
        await ready.acquire()
    for n in range(int(5 * rate_hz)):
        message = make_message(f"fan-{n}")
        sent[f"fan-{n}"] = time.perf_counter()
        await asyncio.to_thread(store.ingest, [message])
        await asyncio.sleep(1.0 / rate_hz)
    until = time.perf_counter() + 20
    while len(delays) < clients * len(sent) and time.perf_counter() < until:
        await asyncio.sleep(0.05)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    return {
        "feed_clients": float(clients),
        "feed_events_missing": float(clients * len(sent) - len(delays)),
        "commit_to_page_ms_p50": 1e3 * statistics.median(delays),
        "commit_to_page_ms_p99": 1e3 * quantile(delays, 0.99),
    }


async def read(port: int, after: int, sent: dict[str, float], delays: list[float], ready: asyncio.Semaphore) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(f"GET /api/v1/feed?after={after} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    try:
        await reader.readuntil(b"\r\n\r\n")
        ready.release()
        async for line in reader:
            at = line.find(b'"alert_id":"fan-')
            if at >= 0:
                key = line[at + 12 : line.index(b'"', at + 12)].decode()
                delays.append(time.perf_counter() - sent[key])
    finally:
        writer.close()


def make_message(key: str) -> Message:
    event = Event(
        kind="loitering", state="start", rule_id="bay-loiter", rule_version="v1", camera_id="dock", run_id=1,
        track_ids=(7,), zone_id="bay", since_utc=1.0, utc=121.0, pts=120.0, score=0.9,
        why={"dwell_s": 121.0, "threshold_s": 120.0, "frames": 600, "calendar": "closed since 22:00"}, key=key,
    )  # fmt: skip
    alert = Alert(
        alert_id=key,
        incident_id=f"i-{key}",
        severity="medium",
        state="new",
        trial=False,
        detector="motion",
        event=event,
    )
    return alert_message(alert, raised_utc=CLOCK.utc()).model_copy(update={"epoch": 1})


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def port_of(server: Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())

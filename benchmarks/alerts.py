"""How fast alerts travel: outbox, raised to stored over either link, and what the store takes in.

`python -m benchmarks.alerts [--alerts 200] [--json]`. All but the broker in one process on loopback; nothing else
should run beside it. `benchmarks.fan_out` is the feed to many pages.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from pipeline.alerts.consumer import Consumer
from pipeline.alerts.embedded import EmbeddedLink
from pipeline.alerts.link import Link
from pipeline.alerts.message import Message, alert_message
from pipeline.alerts.outbox import Outbox
from pipeline.alerts.redis import RedisLink
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
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args)
    if args.json:
        print(json.dumps(figures))
        return 0
    for name, found in figures.items():
        said = "".join(f"{key} {value:.2f}  " for key, value in found.items()) if isinstance(found, dict) else found
        print(f"{name:10} {said}")
    return 0


def measure(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Each link's figures, or why there are none, and the store's."""
    store = Store(folder / "store.sqlite")
    settings = ApiSettings(site_name="bench", timezone="UTC", token="t", evidence=folder)
    server = make_server(build_app(store, settings=settings), port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    figures: dict[str, Any] = {}
    link = EmbeddedLink(f"http://127.0.0.1:{port_of(server)}", "t")
    figures["embedded"] = travel(folder, store, link, name="embedded", count=args.alerts)
    figures["redis"] = over_redis(folder, store, args.alerts)
    figures["store"] = ingest(store)
    server.should_exit = True
    thread.join()
    store.close()
    return figures


def over_redis(folder: Path, store: Store, count: int) -> dict[str, float] | str:
    """The same through a broker of its own with a log that is synced every second, as Redis does by default."""
    program = shutil.which("redis-server")
    if program is None:
        return "redis-server is not installed"
    path = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(path), "--dir", str(folder), "--appendonly", "yes", "--save", ""]
    broker = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.02)
        url = f"unix://{path}"
        consumer = Consumer(url, store, CLOCK)
        consumer.start()
        link = RedisLink(url, camera_id="dock", epoch=1, clock=CLOCK)
        found = travel(folder, store, link, name="redis", count=count)
        consumer.stop()
    finally:
        broker.terminate()
        broker.wait()
    return found


def travel(folder: Path, store: Store, link: Link, *, name: str, count: int) -> dict[str, float]:
    """One alert at a time: how long `put` keeps the camera's loop, and when the store has it; then many at once."""
    outbox = Outbox(folder / f"{name}.sqlite", camera_id="dock", epoch=1, clock=CLOCK)
    relay = Relay(outbox, link, CLOCK)
    relay.start()
    stored = threading.Event()
    store.on_change(stored.set)
    puts, travels = [], []
    for n in range(count):
        stored.clear()
        began = time.perf_counter()
        outbox.put(make_message(f"{name}-one-{n}"))
        puts.append(time.perf_counter() - began)
        stored.wait()
        travels.append(time.perf_counter() - began)
        time.sleep(0.01)
    store.off_change(stored.set)
    began = time.perf_counter()
    for n in range(count):
        outbox.put(make_message(f"{name}-burst-{n}"))
    while outbox.depth():
        time.sleep(0.002)
    burst_s = time.perf_counter() - began
    relay.stop()
    outbox.close()
    return {
        "put_ms_p50": 1e3 * statistics.median(puts), "put_ms_p95": 1e3 * quantile(puts, 0.95),
        "stored_ms_p50": 1e3 * statistics.median(travels), "stored_ms_p95": 1e3 * quantile(travels, 0.95),
        "alerts_per_s": count / burst_s,
    }  # fmt: skip


def ingest(store: Store) -> dict[str, float]:
    """What the store does a second, in batches of 100 as after ten minutes away."""
    batch = [make_message(f"ingest-{n}") for n in range(1000)]
    began = time.perf_counter()
    for at in range(0, 1000, 100):
        store.ingest(batch[at : at + 100])
    return {"ingest_per_s": 1000 / (time.perf_counter() - began)}


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

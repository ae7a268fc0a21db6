"""Frame to operator: from the moment a frame is due to the alert on the page's feed, over the embedded link.

    python -m benchmarks.latency [--seconds 40] [--alerts 300] [--json]

`whole` runs `nightjar run`'s service with a sample clip played as a live camera, in a process of its own, across lines
that people keep crossing: it counts from the due time of the deciding frame (its `utc`, anchored when the file is
opened) until an SSE client in this process has read the alert, so decoding, detection, tracking, rules, the snapshot,
the outbox, the link and the store's commit are in it. `raised` is the delivery path alone: outbox put to SSE, with the
API in another process. The clock is the machine's own, so that both ends agree.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.machine import SAMPLES, quantile
from pipeline.alerts.embedded import EmbeddedLink
from pipeline.alerts.message import Message, alert_message
from pipeline.alerts.outbox import Outbox
from pipeline.alerts.relay import Relay
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings
from pipeline.clock import SystemClock
from pipeline.folders import DataFolder
from pipeline.service import Service
from pipeline.store.store import Store
from pipeline.types import Alert, Event

CLOCK = SystemClock()
TOKEN = "bench"
GAP_S = 0.02
LINES = 24
VIDEO = SAMPLES / "yard_walkway.mp4"


class Reader:
    """A page's feed: of every new alert, when it was read and what it says."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopping = threading.Event()
        self._open = threading.Event()
        self.seen: list[tuple[float, dict[str, Any]]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        assert self._open.wait(30.0), "the feed did not open"
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(timeout=15.0)

    def _read(self) -> None:
        with httpx.stream("GET", f"{self._url}/api/v1/feed", params={"after": 0}, timeout=15.0) as answer:
            self._open.set()
            for line in answer.iter_lines():
                if self._stopping.is_set():
                    return
                if line.startswith("data:") and '"alert_id"' in line:
                    self.seen.append((CLOCK.utc(), json.loads(line[5:])))


def raised(count: int) -> dict[str, Any]:
    """Outbox put to page, one alert every 20 ms."""
    with tempfile.TemporaryDirectory() as name, api(Path(name)) as url, Reader(url) as reader:
        outbox = Outbox(Path(name) / "c.sqlite", camera_id="c", epoch=1, clock=CLOCK)
        relay = Relay(outbox, EmbeddedLink(url, TOKEN), CLOCK)
        relay.start()
        began: dict[str, float] = {}
        for n in range(count):
            began[f"a{n}"] = CLOCK.utc()
            outbox.put(message(f"a{n}"))
            CLOCK.sleep(GAP_S)
        wait_for(lambda: len(reader.seen) >= count, within_s=20.0)
        relay.stop()
        outbox.close()
        first = {alert["alert_id"]: at for at, alert in reversed(reader.seen)}
    return summed([first[key] - at for key, at in began.items() if key in first], expected=count)


def whole(seconds: float) -> dict[str, Any]:
    """Due time of the deciding frame to page, with a live service."""
    with tempfile.TemporaryDirectory() as name:
        data = DataFolder(Path(name)).create()
        service = Service(
            site_text=site_text(), site_path=str(Path(name) / "site.yaml"), data=data, clock=CLOCK, port=8800,
            any_port=True, pace=True,
        )  # fmt: skip
        with service, Reader(service.url) as reader:
            until = time.monotonic() + seconds
            while time.monotonic() < until and not service.workers.finished():
                time.sleep(0.2)
            stored = sum(service.store.counts().values())
            wait_for(lambda: len({a["alert_id"] for _, a in reader.seen}) >= stored, within_s=10.0)
    seen = {alert["alert_id"]: (at, alert) for at, alert in reversed(reader.seen) if alert["rule_id"] != "system"}
    return summed([at - alert["utc"] for at, alert in seen.values()], expected=len(seen))


def site_text() -> str:
    """A camera without `start`, so that wall time is real, with lines across everybody's way."""
    names = [f"l{n}" for n in range(LINES)]
    lines = ", ".join(
        f"{name}: {{points: [[{x:.3f}, 0.3], [{x:.3f}, 1.0]]}}"
        for name, x in zip(names, ((n + 1) / (LINES + 1) for n in range(LINES)), strict=True)
    )
    rules = "".join(
        f"\n      - {{id: r-{name}, kind: line_crossing, line: {name}, direction: both, cooldown_s: 0}}"
        for name in names
    )
    return (
        "site: {name: Latency, timezone: UTC}\ndetector: {model: motion}\ncameras:\n  yard:\n"
        f"    source: {json.dumps(str(VIDEO))}\n    analyze_fps: 5\n    lines: {{{lines}}}\n    rules:{rules}\n"
    )


@contextmanager
def api(folder: Path) -> Iterator[str]:
    """The operators' store and API in a process of their own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(str(folder), port), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(url), within_s=60.0)
        yield url
    finally:
        process.terminate()
        process.join(timeout=10.0)


def serve(folder: str, port: int) -> None:
    store = Store(Path(folder) / "store.sqlite")
    settings = ApiSettings(site_name="latency", timezone="UTC", token=TOKEN, evidence=Path(folder))
    make_server(build_app(store, settings=settings), port=port).run()
    store.close()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/alerts", timeout=2.0).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(done: Callable[[], bool], *, within_s: float) -> None:
    until = time.monotonic() + within_s
    while not done() and time.monotonic() < until:
        time.sleep(0.02)


def message(key: str) -> Message:
    event = Event(
        kind="loitering", state="start", rule_id="stay", rule_version="v1", camera_id="c", run_id=1, track_ids=(7,),
        zone_id="bay", since_utc=1.0, utc=121.0, pts=120.0, score=0.9,
        why={"dwell_s": 121.0, "threshold_s": 120.0, "frames": 600, "calendar": "closed since 22:00"}, key=key,
    )  # fmt: skip
    alert = Alert(
        alert_id=key, incident_id=f"i-{key}", severity="medium", state="new", trial=False, detector="motion",
        event=event,
    )  # fmt: skip
    return alert_message(alert, raised_utc=CLOCK.utc()).model_copy(update={"epoch": 1})


def summed(delays_s: list[float], *, expected: int) -> dict[str, Any]:
    """Milliseconds; `missing` is what was raised and never read."""
    if not delays_s:
        return {"alerts": 0, "missing": expected}
    return {
        "alerts": len(delays_s), "missing": expected - len(delays_s),
        "p50_ms": round(1e3 * statistics.median(delays_s), 1), "p95_ms": round(1e3 * quantile(delays_s, 0.95), 1),
        "p99_ms": round(1e3 * quantile(delays_s, 0.99), 1), "max_ms": round(1e3 * max(delays_s), 1),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0, help="of the clip in the whole run")
    parser.add_argument("--alerts", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = {"raised": raised(args.alerts), "whole": whole(args.seconds)}
    for name, row in result.items():
        print(f"{name:8}", "  ".join(f"{key} {value}" for key, value in row.items()))
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The live feed to many pages at once, beside a bare uvicorn that does nothing else, in the same run and in turns.

    python -m benchmarks.fan_out [--clients 200] [--rate-hz 20] [--turns 5] [--json]

Two servers, each a process of its own with as many clients: ours, with its store, and `bare`, an ASGI app of a queue a
client that sends the same bytes. They take turns of a second; a figure is the time from the store's commit (bare: from
handing the event to the loop) until a client has read it. `with_commit` counts from before the commit. The clients of
both are in this process. The clock is the machine's own, so that both ends agree.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from benchmarks.alerts import make_message, quantile
from benchmarks.machine import ROOT, spread
from pipeline.api.app import build_app
from pipeline.api.hub import event
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings
from pipeline.store.store import Store

Times = dict[str, tuple[float, float]]
"""By event: when it was begun, and when it was there to be sent."""
MARK = b'"alert_id":"fan-'
TURN_S = 1.0


class Ours:
    """The API with its store."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder / "store.sqlite")
        settings = ApiSettings(site_name="bench", timezone="UTC", token="t", evidence=folder)
        self.server: uvicorn.Server = make_server(build_app(self._store, settings=settings), port=0)
        self._committed = 0.0
        self._store.on_change(self._note)

    def _note(self) -> None:
        self._committed = time.perf_counter()

    def publish(self, key: str) -> tuple[float, float]:
        message = make_message(key)
        began = time.perf_counter()
        self._store.ingest([message])
        return began, self._committed

    def close(self) -> None:
        self._store.close()


class Bare:
    """Nothing but uvicorn and a queue a client."""

    def __init__(self, folder: Path) -> None:
        self._queues: set[asyncio.Queue[bytes]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._like = example(folder)
        self.server = uvicorn.Server(
            uvicorn.Config(self._app, host="127.0.0.1", port=0, log_level="warning", access_log=False, ws="none",
                           lifespan="off", interface="asgi3", timeout_graceful_shutdown=1)
        )  # fmt: skip

    async def _app(
        self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queues.add(queue)
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"event: beat\ndata: {}\n\n", "more_body": True})
        while True:
            await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})

    def _all(self, data: bytes) -> None:
        for queue in self._queues:
            queue.put_nowait(data)

    def publish(self, key: str) -> tuple[float, float]:
        assert self._loop is not None
        data = self._like.replace(b"fan-example", key.encode())
        began = time.perf_counter()
        self._loop.call_soon_threadsafe(self._all, data)
        return began, began

    def close(self) -> None:
        pass


SERVERS: dict[str, Callable[[Path], Ours | Bare]] = {"ours": Ours, "bare": Bare}


def example(folder: Path) -> bytes:
    """One event as our feed sends it."""
    store = Store(folder / "example.sqlite")
    store.ingest([make_message("fan-example")])
    data = event(store.feed_after(0, limit=1)[0])
    store.close()
    return data


def serve(name: str) -> None:
    """A server's process: prints its port, publishes a turn for each number of events it is told, then the times."""
    with tempfile.TemporaryDirectory() as folder:
        made = SERVERS[name](Path(folder))
        thread = threading.Thread(target=made.server.run, daemon=True)
        thread.start()
        while not made.server.started:
            time.sleep(0.01)
        print(int(made.server.servers[0].sockets[0].getsockname()[1]), flush=True)
        times: Times = {}
        since = None
        for line in sys.stdin:
            since = time.process_time() if since is None and times else since  # not the turn that warms up
            count, until = int(line), time.perf_counter()
            for _ in range(count):
                key = f"fan-{len(times)}"
                times[key] = made.publish(key)
                until += TURN_S / count
                time.sleep(max(0.0, until - time.perf_counter()))
            print("done", flush=True)
        print(json.dumps({"times": times, "cpu_s": time.process_time() - (since or 0.0)}), flush=True)
        made.server.should_exit = made.server.force_exit = True
        thread.join(5.0)
        made.close()


class Page(asyncio.Protocol):
    """A client that only notes when bytes came; they are read afterwards, so that it costs little."""

    def __init__(self, port: int) -> None:
        self._request = f"GET /api/v1/feed HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.got: list[tuple[float, bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.open.done():
            self.got.append((time.perf_counter(), data))
        elif b"beat" in data:
            self.open.set_result(None)

    def seen(self) -> Iterator[tuple[str, float]]:
        """Each event's key, and when the last of its bytes that hold the key had come."""
        rest = b""
        for at, data in self.got:
            rest += data
            while (start := rest.find(MARK)) >= 0 and (end := rest.find(b'"', start + len(MARK))) >= 0:
                yield rest[start + len(MARK) - 4 : end].decode(), at
                rest = rest[end:]


async def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Open every page, then turns; delays in ms of each server, and what p99 is to the bare one's in each turn."""
    programs = {name: await _start(name) for name in SERVERS}
    loop, count = asyncio.get_running_loop(), round(args.rate_hz * TURN_S)
    pages: dict[str, list[Page]] = {}
    for name, program in programs.items():
        port = int(await _line(program))
        pages[name] = [
            (await loop.create_connection(lambda port=port: Page(port), "127.0.0.1", port))[1]  # type: ignore[misc]
            for _ in range(args.clients)
        ]
        await asyncio.wait_for(asyncio.gather(*(page.open for page in pages[name])), 60.0)
    for turn in range(args.turns + 1):
        for program in programs.values():
            assert program.stdin is not None
            program.stdin.write(f"{count}\n".encode())
            await _line(program)
            await asyncio.sleep(0.3 if turn < args.turns else 2.0)
    told: dict[str, Any] = {"clients": args.clients, "rate_hz": args.rate_hz}
    by_turn: dict[str, list[float]] = {}
    for name, program in programs.items():
        assert program.stdin is not None
        program.stdin.close()
        said = json.loads(await _line(program))
        told[name], by_turn[name] = _figures(said["times"], pages[name], skip=count, turn=count)
        told[name]["cpu_us_per_message"] = 1e6 * said["cpu_s"] / (args.turns * count * args.clients)
        await program.wait()
    return told | {"p99_over_bare": spread([a / b for a, b in zip(by_turn["ours"], by_turn["bare"], strict=True)])}


def _figures(times: Times, pages: list[Page], *, skip: int, turn: int) -> tuple[dict[str, float], list[float]]:
    """Over all turns but the first, which warms up; and p99 of each turn."""
    ready: dict[str, list[float]] = {key: [] for key in list(times)[skip:]}
    whole = []
    for page in pages:
        for key, at in page.seen():
            if key in ready:
                ready[key].append(1e3 * (at - times[key][1]))
                whole.append(1e3 * (at - times[key][0]))
    every = [delay for delays in ready.values() for delay in delays]
    keys = list(ready)
    turns = [
        quantile([delay for key in keys[at : at + turn] for delay in ready[key]], 0.99)
        for at in range(0, len(keys), turn)
    ]
    return {
        "missing": float(len(ready) * len(pages) - len(every)), "p50_ms": quantile(every, 0.5),
        "p99_ms": quantile(every, 0.99), "with_commit_p50_ms": quantile(whole, 0.5),
        "with_commit_p99_ms": quantile(whole, 0.99),
    }, turns  # fmt: skip


async def _start(name: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.fan_out", "--serve", name, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, limit=1 << 20,
    )  # fmt: skip


async def _line(program: asyncio.subprocess.Process) -> str:
    assert program.stdout is not None
    return (await asyncio.wait_for(program.stdout.readline(), 60.0)).decode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rate-hz", type=float, default=20.0)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", choices=list(SERVERS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve)
        return 0
    found = asyncio.run(measure(args))
    for name in SERVERS:
        print(f"{name:6}" + "".join(f"{key} {value:.1f}  " for key, value in found[name].items()))
    print(f"p99 over bare: {found['p99_over_bare']}")
    if args.json:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

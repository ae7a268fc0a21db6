"""The way from worker to store, broken for a while in every way: nothing lost, nothing twice, in order, and said.

`NIGHTJAR_OUTAGE_S` sets how long the long outage lasts: 20 s here, ten minutes in `make nightly` (goal D5). All must be
there 60 s after the return; `NIGHTJAR_RETURN_S` allows more on a machine that does other things.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.alerts import consumer as consumer_module
from pipeline.alerts.link import Link
from pipeline.alerts.redis import Keys
from tests.alerts.conftest import Desk, Worker, desk, make_worker, redis_server, wait

__all__ = ["desk", "make_worker", "redis_server", "wait"]
OUTAGE_S = float(os.environ.get("NIGHTJAR_OUTAGE_S", "20"))
RETURN_S = float(os.environ.get("NIGHTJAR_RETURN_S", "60"))
BEFORE_S = min(8.0, OUTAGE_S)
FRAMES_HZ = 25.0
ALERTS_HZ = 20.0
MEMORY_MIB = 20.0


class Loop:
    """A worker's loop: so many frames a second, so many alerts, each in the outbox before the next frame."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.frames, self.keys = 0, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self.worker.relay.start()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def rate(self, seconds: float) -> float:
        """Frames a second over so long."""
        began, frames = time.monotonic(), self.frames
        time.sleep(seconds)
        return (self.frames - frames) / (time.monotonic() - began)

    def _run(self) -> None:
        began = time.monotonic()
        owed = 0.0
        while not self._stop.is_set():
            self.frames += 1
            owed += ALERTS_HZ / FRAMES_HZ
            if owed >= 1.0:
                owed -= 1.0
                key = f"k{len(self.keys):06d}"
                self.worker.put(key)
                self.keys.append(key)
            self._stop.wait(max(0.0, began + self.frames / FRAMES_HZ - time.monotonic()))


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def delivered(desk: Desk, loop: Loop, within_s: float) -> float:
    """Seconds until all that was raised is in the store; in order, each once."""
    began = time.monotonic()
    while loop.worker.outbox.depth():
        assert time.monotonic() - began < within_s, f"still waiting: {loop.worker.relay.status()}"
        time.sleep(0.05)
    took = time.monotonic() - began
    assert desk.keys() == loop.keys, "none lost, none twice, none overtaken"
    return took


@pytest.mark.slow
def test_away_for_long_costs_no_frame_and_no_memory(desk, make_worker, wait):
    """Goal D5. The frame rate is compared with that of the seconds before, on the same machine under the same load."""
    worker = make_worker()
    worker.hurry()
    loop = Loop(worker)
    loop.start()
    before = loop.rate(BEFORE_S)
    redis = desk.redis
    if redis is not None:
        redis.kill()
    else:
        desk.stop()
    memory = resident_mib()
    during = loop.rate(OUTAGE_S if redis is not None else min(OUTAGE_S, 12.0))
    grown = resident_mib() - memory
    if redis is not None:
        wait(lambda: "queue" in desk.system(), 10.0)
        redis.start()
    else:
        desk.start()
    loop.stop()
    took = delivered(desk, loop, RETURN_S)
    print(
        f"link {'redis' if redis else 'embedded'}: {len(loop.keys)} alerts, {before:.2f} frames/s before, "
        f"{during:.2f} during, {grown:+.1f} MiB, all there {took:.1f} s after the return"
    )
    assert during >= 0.98 * before, f"{during:.2f} frames a second, {before:.2f} before"
    assert grown <= MEMORY_MIB
    assert "delivery" in desk.system(), "said by the worker, when it could"


def kill(redis):
    redis.kill()


def restart(redis):
    redis.kill()
    time.sleep(0.2)
    redis.start()


def flush(redis):
    redis.client.flushall()


def fill(redis):
    """A limit below what an empty server uses: what clients and trimmed entries free makes no room again."""
    redis.client.config_set("maxmemory", 1)


def read_only(redis):
    redis.client.execute_command("REPLICAOF", "127.0.0.1", "1")


def start_empty(redis):
    redis.start(empty=True)


def start(redis):
    redis.start()


def empty_out(redis):
    redis.client.config_set("maxmemory", 0)


def writable(redis):
    redis.client.execute_command("REPLICAOF", "NO", "ONE")


def nothing(redis): ...


FAULTS: list[tuple[str, Callable[..., None], Callable[..., None], bool]] = [
    ("away", kill, start, True),
    ("away and back empty", kill, start_empty, True),
    ("restarted", restart, nothing, False),
    ("emptied", flush, nothing, False),
    ("full", fill, empty_out, True),
    ("read-only", read_only, writable, True),
]


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.parametrize(("word", "breaks", "mends", "told"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_redis_may_do(redis_server, tmp_path, monkeypatch, word, breaks, mends, told):
    """With the worker's loop, relay and consumer all running. The alarm comes over the direct path, while it lasts."""
    monkeypatch.setattr(consumer_module, "REPORT_AFTER_S", 1.0)
    monkeypatch.setattr(consumer_module, "CHORES_S", 0.5)
    monkeypatch.setattr("pipeline.alerts.redis.AGAIN_S", 2.0)
    desk = Desk(tmp_path, redis_server)
    worker = Worker(desk, epoch=1)
    worker.hurry()
    loop = Loop(worker)
    loop.start()
    try:
        time.sleep(1.0)
        breaks(redis_server)
        time.sleep(3.0)
        if told:
            until = time.monotonic() + 10.0
            while "queue" not in desk.system():
                assert time.monotonic() < until, "operators were not told while it lasted"
                time.sleep(0.05)
        mends(redis_server)
        time.sleep(1.0)
        loop.stop()
        delivered(desk, loop, 60.0)
        if told:
            until = time.monotonic() + 10.0
            while desk.system().count("queue") < 2:
                assert time.monotonic() < until, "operators were not told of its end"
                time.sleep(0.05)
    finally:
        loop.stop()
        worker.close()
        desk.stop()


class CuttingProxy:
    """Passes requests on and cuts the connection instead of passing an answer back, the first `cuts` times."""

    def __init__(self, port: int, *, cuts: int, after: int = 0) -> None:
        self._to, self.cuts, self._pass = port, cuts, after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(65536):
                if answers and self._cut():
                    break
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _cut(self) -> bool:
        with self._lock:
            if self._pass > 0:
                self._pass -= 1
                return False
            self.cuts -= 1
            return self.cuts >= 0


@pytest.mark.parametrize("cuts", [1, 2, 3, 10])
def test_answers_that_are_cut_leave_one_alert(desk, make_worker, monkeypatch, cuts):
    """Goal D4: the request arrived, its answer did not, so many times in a row."""
    target = desk.redis.port if desk.redis is not None else desk.port
    proxy = CuttingProxy(target, cuts=cuts)
    link = through(desk, proxy.port)
    monkeypatch.setattr(Desk, "link", lambda self, **_: link)
    worker = make_worker()
    worker.put("a", "b")
    worker.deliver()
    proxy.close()
    assert proxy.cuts < 0, "all of them were cut"
    assert desk.keys() == ["a", "b"]
    if desk.redis is not None:
        assert desk.redis.client.xlen(Keys().stream) == 2


def through(desk: Desk, port: int) -> Link:
    from pipeline.alerts.embedded import EmbeddedLink
    from pipeline.alerts.redis import RedisLink
    from pipeline.clock import SystemClock
    from tests.alerts.conftest import TOKEN

    if desk.redis is not None:
        return RedisLink(f"redis://127.0.0.1:{port}/0", camera_id="dock", epoch=1, clock=SystemClock())
    return EmbeddedLink(f"http://127.0.0.1:{port}", TOKEN, timeout_s=5.0)


@pytest.mark.parametrize("count", [5])
def test_poison_again_and_again(desk, make_worker, message, count):
    """Goal D13: five of them among good ones; each is buried, each good one arrives, and the feed goes on."""
    from pipeline.alerts.link import Envelope

    worker = make_worker()
    batch = []
    for n in range(count):
        worker.put(f"good-{n}")
        batch.append(Envelope(f"poison-{n}", '{"version": 99}' if n % 2 else "{"))
    link = desk.link(camera="elsewhere", epoch=1)
    left = list(batch)
    until = time.monotonic() + 20.0
    while left and time.monotonic() < until:
        done = link.deliver(left).committed
        left = [one for one in left if one.message_id not in done]
    link.close()
    worker.deliver()
    assert left == []
    assert desk.keys() == [f"good-{n}" for n in range(count)]
    assert desk.store.counts()["dead_letters"] == count
    assert "dead_letter" in desk.system()


@pytest.fixture
def message():
    from tests.alerts.conftest import make_message

    return make_message

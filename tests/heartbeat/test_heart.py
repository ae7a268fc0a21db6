"""Signs of life, as an outside monitor hears them: pushes that come, pushes that stop when we die or hang."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from pipeline.clock import FakeClock, SystemClock
from pipeline.health import HealthCheck
from pipeline.heartbeat.build import build_heart
from pipeline.heartbeat.heart import Heart, Push, Word
from pipeline.secrets import Secrets
from pipeline.sinks.build import build_outlets
from pipeline.sinks.desk import Sinks
from pipeline.site import parse_site
from pipeline.store.store import Store
from pipeline.types import CameraStatus


class FakeWorkers:
    def __init__(self, *statuses, lag_s=0.0):
        self.statuses, self.lag_s = list(statuses), lag_s

    def status(self):
        return self.statuses

    def numbers(self, camera_id):
        return {"outbox_lag_s": self.lag_s}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(tmp_path, clock):
    made = Store(tmp_path / "store.sqlite", clock=clock)
    yield made
    made.close()


def camera(state="running", *, error=None, utc=0.0):
    return CameraStatus(camera_id="dock", state=state, error=error, utc=utc)


def test_all_well(store, clock, tmp_path):
    health = HealthCheck(store, FakeWorkers(camera()), clock=clock, folder=tmp_path)()
    assert health.ok
    assert (health.store, health.queue, health.disk, health.blind) == ("ok", "ok", "ok", [])


ILLS = [
    ("a camera that is away", {"workers": FakeWorkers(camera("timed_out"))}, "camera dock is blind"),
    ("a camera whose process is silent", {"workers": FakeWorkers(camera(utc=1.0))}, "camera dock is blind"),
    ("alerts that wait", {"workers": FakeWorkers(camera(), lag_s=90.0)}, "queue: alerts of dock wait"),
    ("a broker in trouble", {"queue": lambda: "Redis takes no writes"}, "queue: Redis takes no writes"),
]


@pytest.mark.parametrize(("word", "options", "cause"), ILLS, ids=[row[0] for row in ILLS])
def test_what_is_dead_is_named(store, clock, word, options, cause):
    workers = options.pop("workers", FakeWorkers(camera()))
    health = HealthCheck(store, workers, clock=clock, **options)()
    assert not health.ok
    assert any(said.startswith(cause) for said in health.causes), health.causes


def test_what_works_with_less_is_told_and_is_no_alarm(store, clock):
    workers = FakeWorkers(camera(error="the camera is covered; unguarded: bay"))
    health = HealthCheck(store, workers, clock=clock, failing_sinks=lambda: ["desk"])()
    assert health.ok
    assert health.degraded == ["camera dock is unguarded", "sink desk does not work"]


def test_a_full_disk_and_a_folder_that_is_gone(store, clock, tmp_path, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    check = HealthCheck(store, FakeWorkers(), clock=clock, folder=tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 1 << 40, 20 << 20))
    assert check().causes == ["disk: 20 MiB free of 1048576"]
    monkeypatch.undo()
    assert (
        HealthCheck(store, FakeWorkers(), clock=clock, folder=tmp_path / "gone")().causes[0].startswith("disk: No such")
    )


def test_a_store_that_does_not_answer(store, clock, monkeypatch):
    monkeypatch.setattr(store, "feed_seq", lambda: 1 / 0)
    assert HealthCheck(store, FakeWorkers(), clock=clock)().causes == ["store: ZeroDivisionError"]


def health_of(*causes):
    from pipeline.health import Health

    return Health(
        store="ok", queue="ok", disk="ok", cameras={}, blind=[], unguarded=[], sinks=[], causes=list(causes), degraded=[],
        utc=0.0,
    )  # fmt: skip


def test_pushes_come_with_the_health_and_go_elsewhere_while_ill(hooks, wait):
    ill = type(hooks)(hooks.certificates)
    state = [health_of()]
    push = Push(well=hooks.endpoint(), ill=ill.endpoint(), every_s=0.05, site="Depot")
    heart = Heart({"push": push}, lambda: state[0], SystemClock())
    heart.start()
    wait(lambda: len(hooks.requests) >= 2)
    assert ill.requests == []
    state[0] = health_of("camera dock is blind")
    wait(lambda: len(ill.requests) >= 1)
    heart.stop()
    ill.stop()
    value = json.loads(ill.requests[0][1])
    assert (value["site"], value["ok"], value["causes"]) == ("Depot", False, ["camera dock is blind"])


def test_a_monitor_that_is_away_is_tried_again(hooks, wait):
    hooks.answers = [503, 503]
    push = Push(well=hooks.endpoint(), ill=None, every_s=0.05, site="Depot")
    heart = Heart({"push": push}, health_of, SystemClock())
    heart.start()
    wait(lambda: len(hooks.taken) >= 1)
    heart.stop()


def test_a_health_check_that_hangs_makes_us_silent(hooks):
    """As a dead process: the monitor raises its alarm."""
    release = threading.Event()

    def hang():
        release.wait(20)
        return health_of()

    push = Push(well=hooks.endpoint(), ill=None, every_s=0.05, site="Depot")
    heart = Heart({"push": push}, hang, SystemClock())
    heart.start()
    time.sleep(0.5)
    assert hooks.requests == []
    release.set()
    heart.stop()


def test_one_that_does_not_answer_delays_no_other(wait):
    said, release = [], threading.Event()

    class Stuck:
        every_s = 0.05

        def beat(self, health):
            release.wait(20)

    word = Word(say=lambda topic, value: said.append((topic, value["ok"])), every_s=0.05, site="Depot")
    heart = Heart({"stuck": Stuck(), "word": word}, health_of, SystemClock())
    heart.start()
    wait(lambda: len(said) >= 3)
    assert said[0] == ("heartbeat", True)
    release.set()
    heart.stop()


LIVING = """
import sys, time
from pathlib import Path
from pipeline.clock import SystemClock
from pipeline.health import HealthCheck
from pipeline.heartbeat.build import build_heart
from pipeline.secrets import Secrets
from pipeline.sinks.build import build_outlets
from pipeline.sinks.desk import Sinks
from pipeline.site import load_site
from pipeline.store.store import Store

class Workers:
    def status(self): return []
    def numbers(self, camera_id): return {}

folder = Path(sys.argv[1])
site, store, clock = load_site(folder / "site.yaml"), Store(folder / "store.sqlite"), SystemClock()
secrets = Secrets({"PING": "ping-S3cret"})
sinks = Sinks(build_outlets(site, secrets, clock=clock), store, site=site.name, clock=clock)
build_heart(site, secrets, sinks=sinks, health=HealthCheck(store, Workers(), clock=clock), clock=clock).start()
time.sleep(60)
"""


def test_killed_the_pushes_stop(hooks, tmp_path, wait):
    """What an outside monitor sees of `kill -9`: nothing more."""
    ca = hooks.certificates.ca_file
    (tmp_path / "site.yaml").write_text(
        "site: {name: Depot, timezone: UTC}\ncameras: {}\nheartbeat:\n"
        f"  push: {{url: 'https://127.0.0.1:{hooks.port}/${{PING}}', every_s: 1, allow_private: 127.0.0.0/8, ca_file: {ca}}}\n"
    )
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", LIVING, str(tmp_path)])
    wait(lambda: len(hooks.requests) >= 2, 30.0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    count = len(hooks.requests)
    time.sleep(2.5)
    assert len(hooks.requests) == count
    assert hooks.requests[0][0]["path"] == "/ping-S3cret"


def test_the_word_goes_through_the_broker(broker, store, clock, wait):
    site = parse_site(
        "site: {name: Depot, timezone: UTC}\ncameras: {}\n"
        f"sinks: {{bus: {{kind: mqtt, host: 127.0.0.1, port: {broker.port}, tls: false, topic: nj}}}}\n"
        "heartbeat: {mqtt: {sink: bus, every_s: 1}}\n",
        "site.yaml",
    )
    real = SystemClock()
    sinks = Sinks(build_outlets(site, Secrets({}), clock=real), store, site=site.name, clock=real)
    heart = build_heart(site, Secrets({}), sinks=sinks, health=health_of, clock=real)
    with broker.listening("nj/#") as messages:
        sinks.start()
        heart.start()
        wait(lambda: any(topic == "nj/heartbeat" for topic, _, _ in messages), 15.0)
        heart.stop()
        sinks.stop()
        wait(lambda: messages[-1][:2] == ("nj/availability", b"offline"))
    value = json.loads(next(body for topic, body, _ in messages if topic == "nj/heartbeat"))
    assert (value["ok"], value["every_s"]) == (True, 1.0)

"""The main job as a person starts it: the sample site, real processes, the store, the page's API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.commands.demo import all_alerts, expected_events, judge, prepare
from pipeline.folders import DataFolder, shipped
from pipeline.service import Service

NIGHTJAR = str(Path(sys.executable).with_name("nightjar"))


@pytest.fixture
def samples() -> Path:
    return shipped("sample_videos")


@pytest.fixture
def service(tmp_path: Path, samples: Path) -> Iterator[Service]:
    data = DataFolder(tmp_path / "data")
    prepare(samples, data)
    text = (samples / "site.yaml").read_text(encoding="utf-8")
    with Service(
        site_text=text, site_path=str(samples / "site.yaml"), data=data, clock=SystemClock(), port=8300, any_port=True,
        pace=True,
    ) as service:  # fmt: skip
        yield service


def wait_until(what: Any, *, within_s: float, why: str) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)


def get(service: Service, path: str) -> Any:
    with urllib.request.urlopen(service.url + path, timeout=5) as answer:
        return json.loads(answer.read())


@pytest.mark.slow
def test_killed_workers_come_back_and_lose_no_alert(service: Service, samples: Path) -> None:
    cameras = list(service.site.cameras)
    victims = ["yard", "corridor-faults", "fence-gate"]  # the longest clips: on a busy machine others end meanwhile
    running = lambda: all(status.state == "running" for status in service.workers.status())  # noqa: E731
    wait_until(running, within_s=120, why="the workers did not start")
    time.sleep(12)
    for camera_id in victims:
        wait_until(lambda c=camera_id: service.workers.pid(c) is not None, within_s=60, why=f"{camera_id} is not there")
        pid = service.workers.pid(camera_id)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_until(
            lambda old=pid, c=camera_id: service.workers.pid(c) not in (None, old)
            and next(s for s in service.workers.status() if s.camera_id == c).state == "running"
            and next(s for s in service.workers.status() if s.camera_id == c).fps_done > 0,
            within_s=60, why=f"{camera_id} did not come back",
        )  # fmt: skip
        print(f"{camera_id}: back after {time.monotonic() - killed:.1f} s")
        time.sleep(3)
    wait_until(service.workers.finished, within_s=240, why="the clips did not end")
    time.sleep(1)
    outcomes, unexpected = judge(expected_events(samples), all_alerts(service))
    assert [o for o in outcomes if o.times != 1] == []
    assert len(unexpected) <= len(cameras)


@pytest.mark.slow
def test_headless_demo_finds_every_expected_event_and_says_so(samples: Path) -> None:
    done = subprocess.run(
        [NIGHTJAR, "demo", "--headless", "--json", "--port", "8340"], capture_output=True, text=True, timeout=420,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout.strip().splitlines()[-1])
    assert report["ok"] is True
    assert len(report["events"]) == len(expected_events(samples))
    assert report["first_alert_s"] < 60

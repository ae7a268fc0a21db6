"""The running service: cameras of one network that are lost are one alert, and erasing starts a camera anew."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.folders import DataFolder
from pipeline.service import Service

SITE = """
site: {name: Test, timezone: UTC}
detector: {model: motion}
cameras:
  a: {source: "rtsp://127.0.0.1:9/a", zones: {bay: {polygon: [[0, 0], [1, 0], [1, 1]]}}}
  b: {source: "rtsp://127.0.0.1:9/b"}
"""


def until(what: Callable[[], bool], *, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.mark.slow
def test_two_cameras_that_nobody_answers_for_are_one_alert(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    with Service(
        site_text=SITE, site_path=str(tmp_path / "site.yaml"), data=data, clock=SystemClock(), any_port=True
    ) as service:
        until(lambda: bool(service.store.alerts().items))
        until(lambda: len(service.store.alerts().items[0]["why"]["away"]) == 2)
        (alert,) = service.store.alerts().items
        assert alert["kind"] == "camera_down"
        assert alert["severity"] == "high"
        assert alert["why"]["unguarded"] == {"a": ["bay"], "b": ["whole picture"]}
        pid = service.workers.pid("a")
        command = [sys.executable, "-c", "import sys; from pipeline.cli import main; sys.exit(main())"]
        command += ["erase", "--camera", "a", "--since", "2020-01-01T00:00Z", "--until", "2099-01-01T00:00Z"]
        command += ["--reason", "test", "--data", str(data.root), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["cameras"] == ["a"]
        until(lambda: service.workers.pid("a") not in (None, pid))
        assert len(service.store.alerts().items) == 1
    with Service(
        site_text=SITE, site_path=str(tmp_path / "site.yaml"), data=data, clock=SystemClock(), any_port=True
    ) as service:
        time.sleep(12)
        assert len(service.store.alerts().items) == 1

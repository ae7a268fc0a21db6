"""A camera's process can be kept from running while its files are changed, and comes back by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.engine.local import LocalHost
from pipeline.engine.protocol import Job
from pipeline.folders import DataFolder

SITE = "site: {name: Test, timezone: UTC}\ncameras:\n  gone: {source: nothing-here.mp4}\ndetector: {model: motion}\n"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LocalHost]:
    data = DataFolder(tmp_path / "data").create()
    job = Job(
        camera_id="gone", site_text=SITE, site_path=str(tmp_path / "site.yaml"), data=str(data.root),
        ingest_url="http://127.0.0.1:9", token="t", epoch=0,
    )  # fmt: skip
    made = LocalHost([job], clock=SystemClock(), new_epoch=lambda _: 1)
    made.start()
    yield made
    made.stop()


def until(what: Callable[[], bool], *, within_s: float = 40.0) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_held_and_let_go(host: LocalHost) -> None:
    until(lambda: host.status()[0].state == "not_found")
    first = host.pid("gone")
    with host.held("gone"):
        assert host.pid("gone") is None
        time.sleep(0.5)
        assert host.pid("gone") is None
    until(lambda: host.pid("gone") not in (None, first))
    with host.held("nobody"):
        pass

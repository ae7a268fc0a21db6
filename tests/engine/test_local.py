"""The supervisor with real processes: what ends, what is started again, what is left alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.engine.local import LocalHost
from pipeline.engine.protocol import Job
from pipeline.folders import DataFolder

SITE = """
site: {name: Test, timezone: UTC}
cameras:
  gone: {source: nothing-here.mp4}
  odd: {source: nothing-here.mp4, rules: []}
detector: {model: MODEL}
"""


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LocalHost]:
    data = DataFolder(tmp_path / "data").create()
    jobs = [
        Job(
            camera_id=name, site_text=SITE.replace("MODEL", request.param), site_path=str(tmp_path / "site.yaml"),
            data=str(data.root), ingest_url="http://127.0.0.1:9", token="t", epoch=0,
        )
        for name in ("gone", "odd")
    ]  # fmt: skip
    epochs = {"gone": 0, "odd": 0, "new": 0}

    def new_epoch(camera_id: str) -> int:
        epochs[camera_id] += 1
        return epochs[camera_id]

    host = LocalHost(jobs, clock=SystemClock(), new_epoch=new_epoch)
    host.start()
    yield host
    host.stop()


def until(what: Callable[[], bool], *, within_s: float = 40.0) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children() -> set[int]:
    """Camera processes that this one has, zombies left out."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return {pid for pid in found if b"pipeline.engine.process" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def states(host: LocalHost) -> list[str]:
    return [status.state for status in host.status()]


@pytest.mark.parametrize("host", ["motion"], indirect=True)
def test_a_killed_process_is_started_again_and_the_other_is_left_alone(host: LocalHost) -> None:
    until(lambda: states(host) == ["not_found", "not_found"])
    victim, other = host.pid("gone"), host.pid("odd")
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: host.pid("gone") not in (None, victim) and states(host)[0] == "not_found")
    assert host.pid("odd") == other
    assert not host.finished()


@pytest.mark.parametrize("host", ["motion"], indirect=True)
def test_a_crash_is_answered_by_a_process_that_was_ready(host: LocalHost) -> None:
    until(lambda: states(host) == ["not_found", "not_found"])
    until(lambda: len(children()) == 3)
    ready, victim = children(), host.pid("gone")
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    until(lambda: host.pid("gone") not in (None, victim))
    assert host.pid("gone") in ready
    until(lambda: len(children() - ready) == 1)
    host.stop()
    assert children() == set()


@pytest.mark.parametrize("host", ["no-such-model"], indirect=True)
def test_what_cannot_be_run_says_why_and_is_not_tried_again(host: LocalHost) -> None:
    until(lambda: states(host) == ["misconfigured", "misconfigured"])
    assert "no-such-model" in (host.status()[0].error or "")
    until(lambda: host.pid("gone") is None)
    assert host.finished()


@pytest.mark.parametrize("host", ["motion"], indirect=True)
def test_processes_end_with_their_supervisor(host: LocalHost) -> None:
    until(lambda: states(host) == ["not_found", "not_found"])
    pids = [host.pid("gone"), host.pid("odd")]
    host.stop()
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("host", ["motion"], indirect=True)
def test_there_is_no_picture_of_a_camera_that_never_gave_one(host: LocalHost) -> None:
    until(lambda: states(host)[0] == "not_found")
    assert host.picture("gone") is None
    assert host.picture("unknown") is None


@pytest.mark.parametrize("host", ["motion"], indirect=True)
def test_a_change_starts_anew_only_what_it_touches(host: LocalHost, tmp_path: Path) -> None:
    until(lambda: states(host) == ["not_found", "not_found"])
    gone, odd = host.pid("gone"), host.pid("odd")
    assert gone is not None
    old = host.job("odd")
    text = old.site_text.replace("gone:", "new:")
    jobs = [replace(old, camera_id=name, site_text=text) for name in ("odd", "new")]
    host.update(jobs, anew={"new"})
    assert [status.camera_id for status in host.status()] == ["odd", "new"]
    assert host.pid("odd") == odd
    with pytest.raises(ProcessLookupError):
        os.kill(gone, 0)
    until(lambda: states(host) == ["not_found", "not_found"])
    host.update(jobs[:1], anew={"odd"})
    until(lambda: host.pid("odd") not in (None, odd) and states(host) == ["not_found"])
    assert host.job("odd").epoch > old.epoch

"""`kill -9` over a sink: each notice arrives at least once, in order, and a repeat bears the id of the first."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent / "sink_process.py"
COUNT = 60


def start(folder, failpoint=""):
    command = [sys.executable, "-W", "ignore", str(SCRIPT), str(folder), str(COUNT)]
    return subprocess.Popen(command, env={**os.environ, "FAILPOINT": failpoint})


def check(folder, *, repeats):
    rows = [line.split() for line in (folder / "sent").read_text().splitlines()]
    first = list(dict.fromkeys(alert for _, alert in rows))
    assert first == [f"dock-{n:04d}" for n in range(COUNT)], "none lost, none overtaken"
    assert len({(name, alert) for name, alert in rows}) == COUNT, "a repeat has the id of the first"
    assert len(rows) - COUNT <= repeats


@pytest.mark.parametrize("hit", [1, 2])
@pytest.mark.parametrize("step", ["sink.before_send", "sink.after_send", "sink.before_settle", "sink.after_settle"])
def test_killed_at_a_step(tmp_path, step, hit):
    process = start(tmp_path, f"{step}:{hit}")
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert start(tmp_path).wait(timeout=60) == 0
    check(tmp_path, repeats=COUNT)


def test_killed_at_random(tmp_path):
    seed = random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    for _ in range(5):
        process = start(tmp_path)
        time.sleep(chance.uniform(0.8, 2.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start(tmp_path).wait(timeout=60) == 0
    check(tmp_path, repeats=5 * COUNT)

"""Programs that take turns on the processor, so that a busy machine is equally busy for each of them.

All are started and loaded; then only one at a time runs, for a third of a second, until each has done its work. What a
neighbour does to one of them it does to the others too, and ratios of their CPU times hold where times alone do not.

A program prints `READY` once it is loaded, waits for a line on its input, works, and prints one JSON object.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.machine import ROOT

READY = "ready"
TURN_S = 0.3
"""Some twenty frames: long beside the cost of changing over, short beside a neighbour's moods."""


def wait_for_start() -> None:
    """In such a program: say that it is loaded, and wait for the first turn."""
    print(READY, flush=True)
    sys.stdin.readline()


def take_turns(commands: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Each program's result by name; `absent` with the reason for one that could not be loaded or did not finish."""
    running: dict[str, subprocess.Popen[str]] = {}
    results: dict[str, dict[str, Any]] = {}
    try:
        for name, command in commands.items():
            try:
                program = running[name] = _start(command)
            except OSError as error:
                results[name] = {"absent": f"could not be run ({type(error).__name__})"}
                continue
            said = _until_ready(program)
            if said is None:
                program.send_signal(signal.SIGSTOP)
            else:
                program.wait()
                results[name] = _result(said)
                del running[name]
        results |= _in_turns(running)
    finally:
        for program in running.values():
            program.kill()
            program.wait()
    return {name: results[name] for name in commands}


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _until_ready(program: subprocess.Popen[str]) -> str | None:
    """None once it is loaded, whatever it says before; else the last it said before it ended."""
    assert program.stdout is not None
    said = ""
    for line in program.stdout:
        if line.strip() == READY:
            return None
        said = line
    return said


def _in_turns(programs: Mapping[str, subprocess.Popen[str]]) -> dict[str, dict[str, Any]]:
    for program in programs.values():
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    left, results = dict(programs), {}
    while left:
        for name, program in list(left.items()):
            program.send_signal(signal.SIGCONT)
            try:
                program.wait(TURN_S)
            except subprocess.TimeoutExpired:
                program.send_signal(signal.SIGSTOP)
                continue
            assert program.stdout is not None
            results[name] = _result(program.stdout.read())
            del left[name]
    return results


def _result(said: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(said.splitlines()[-1])
    except (IndexError, ValueError):
        return {"absent": "could not be run (it gave no result)"}
    return {"absent": f"not installed here ({value['absent']})"} if "absent" in value else value

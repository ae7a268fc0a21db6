"""How cost grows: with people in sight, zones, rules and cameras; and whether memory does, over an hour of video.

    python -m benchmarks.growth [--plots] [--hour] [--json]

People, zones and rules: CPU of one frame through tracker and rules, synthetic walkers at 5 frames a second, medians in
turns. Cameras: `nightjar run`'s service with 1, 2 and 4 copies of a sample clip as live cameras, movement detector: CPU
and memory of the camera processes from /proc, after their start. `--hour`: an hour of media time through one worker as
fast as it goes (minutes), resident memory every five minutes of media.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.events import Collected, worker_of
from benchmarks.machine import RESULTS, SAMPLES
from benchmarks.rules import frames as walkers
from benchmarks.rules import zones
from benchmarks.svg import write_plot
from pipeline.bootstrap import open_site_detector
from pipeline.clock import FakeClock, SystemClock
from pipeline.folders import DataFolder
from pipeline.service import Service
from pipeline.site import parse_site
from pipeline.track.tracker import Tracker
from pipeline.types import Detections, Frame, Tracks
from pipeline.video.source import open_source
from rules.engine import Engine
from rules.loitering import Loitering

PEOPLE = (5, 10, 25, 50, 100, 200)
COUNTS = (1, 5, 10, 25, 50, 100)
CAMERAS = (1, 2, 4)
VIDEO = SAMPLES / "yard_walkway.mp4"
SIZE = (1920, 1080)
WHO = {"site": "bench", "camera_id": "c"}


def seen(tracks: Tracks) -> Detections:
    """What a perfect detector would say of these people."""
    xyxy = tracks.xyxy * np.array([*SIZE, *SIZE], np.float32)
    return Detections(xyxy, tracks.score, tracks.class_id)


def by_people(count: int) -> dict[str, float]:
    """Median us of CPU a frame: the tracker, and ten loitering rules on ten zones, with so many people."""
    crowd = walkers(count, 120)
    tracker = Tracker()
    watched = [
        tracker.update(seen(one), camera_id="c", run_id=1, pts=one.pts, utc=one.utc, width=SIZE[0], height=SIZE[1])
        for one in crowd
    ]
    fresh, engine = Tracker(), Engine(loiterings(10, 10))
    return {
        "tracker": median_us(
            crowd,
            lambda one: fresh.update(
                seen(one), camera_id="c", run_id=1, pts=one.pts, utc=one.utc, width=SIZE[0], height=SIZE[1]
            ),
        ),
        "rules": median_us(watched, engine.update),
    }


def by_rules(zone_count: int, rule_count: int, *, people: int = 25) -> float:
    """Median us of CPU a frame of so many rules spread over so many zones."""
    return median_us(walkers(people, 120), Engine(loiterings(zone_count, rule_count)).update)


def loiterings(zone_count: int, rule_count: int) -> list[Loitering]:
    areas = zones(zone_count)
    return [
        Loitering(**WHO, rule_id=f"r{n}", zone=areas[n % zone_count], dwell_s=20.0 + n // zone_count)
        for n in range(rule_count)
    ]


def median_us(inputs: Sequence[Tracks], step: Callable[[Tracks], object]) -> float:
    """Median CPU of a call, the first sixth left out."""
    spent = []
    for one in inputs:
        began = time.process_time_ns()
        step(one)
        spent.append((time.process_time_ns() - began) / 1000)
    return statistics.median(spent[len(spent) // 6 :])


def in_turns(points: Sequence[int], measure: Callable[[int], dict[str, float]], *, rounds: int = 3) -> dict[str, Any]:
    """Of each series, [point, median over rounds]; every round goes through all points."""
    found: dict[str, dict[int, list[float]]] = {}
    for _ in range(rounds):
        for point in points:
            for name, value in measure(point).items():
                found.setdefault(name, {}).setdefault(point, []).append(value)
    return {name: [[p, round(statistics.median(v), 1)] for p, v in by.items()] for name, by in found.items()}


def by_cameras(count: int, *, seconds: float = 8.0) -> dict[str, float]:
    """CPU ms per second of video and memory of one camera's process, with so many at once; 5 s for their start."""
    with tempfile.TemporaryDirectory() as name:
        names = [f"c{n}" for n in range(count)]
        service = Service(
            site_text=_site(names), site_path=str(Path(name) / "site.yaml"), data=DataFolder(Path(name)).create(),
            clock=SystemClock(), port=8840, any_port=True, pace=True,
        )  # fmt: skip
        with service:
            time.sleep(5.0)
            processes = [pid for pid in map(service.workers.pid, names) if pid is not None]
            before, began = _cpu_s(processes), time.monotonic()
            time.sleep(seconds)
            spent, passed = _cpu_s(processes) - before, time.monotonic() - began
            memory = [_memory_mib(pid) for pid in processes]
            rates = [status.fps_done for status in service.workers.status()]
    return {
        "cpu_ms_per_camera_s": round(1000 * spent / passed / count, 1),
        "pss_mib_per_camera": round(statistics.mean(memory), 1),
        "analysed_fps": round(statistics.mean(rates), 2),
    }  # fmt: skip


def hour(*, minutes: int = 60) -> list[list[float]]:
    """[minutes of media, resident MiB] of one worker that watches without end."""
    site = parse_site(_site(["c0"]), "growth.yaml")
    with tempfile.TemporaryDirectory() as name:
        data = DataFolder(Path(name)).create()
        collected = Collected()
        worker = worker_of(site, "c0", detector=open_site_detector(site, data), output=collected)
        found: list[list[float]] = []
        for frame in endless(minutes * 60.0):
            worker.follow(frame)
            collected.events.clear()
            if frame.pts >= 300.0 * (len(found) + 1):
                found.append([round(frame.pts / 60), round(_resident_mib(), 1)])
                print(f"{found[-1][0]:3.0f} min of media: {found[-1][1]} MiB", flush=True)
    return found


def endless(until_s: float) -> Iterator[Frame]:
    """The clip over and over, as one run whose time goes on."""
    offset_s = last_s = 0.0
    seq = 0
    while offset_s < until_s:
        with open_source("c0", str(VIDEO), clock=FakeClock(), start_utc=0.0, ring_s=0.0) as source:
            for frame in source.frames():
                last_s, seq = offset_s + frame.pts, seq + 1
                yield replace(frame, pts=last_s, utc=last_s, seq=seq)
        offset_s = last_s + 0.08


def _site(cameras: Sequence[str]) -> str:
    body = (
        f"    source: {json.dumps(str(VIDEO))}\n    analyze_fps: 5\n"
        "    zones: {bay: {polygon: [[0.2, 0.3], [0.8, 0.3], [0.8, 0.95], [0.2, 0.95]]}}\n"
        "    rules: [{id: stay, kind: loitering, zone: bay, dwell_s: 10}]\n"
    )
    head = "site: {name: Growth, timezone: UTC}\ndetector: {model: motion}\ncameras:\n"
    return head + "".join(f"  {camera}:\n{body}" for camera in cameras)


def _cpu_s(pids: Sequence[int]) -> float:
    """User and system time of processes and their threads."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / ticks


def _memory_mib(pid: int) -> float:
    """Proportional set size: pages shared between processes count once in all."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(*, with_hour: bool) -> dict[str, Any]:
    """All curves."""
    result: dict[str, Any] = {
        "people": in_turns(PEOPLE, by_people),
        "zones": in_turns(COUNTS, lambda n: {"a rule on each zone": by_rules(n, n)}),
        "rules": in_turns(COUNTS, lambda n: {"on one zone": by_rules(1, n), "on ten zones": by_rules(min(10, n), n)}),
        "cameras": {str(n): by_cameras(n) for n in CAMERAS},
    }
    if with_hour:
        result["hour_mib"] = hour()
    return result


def plot(result: dict[str, Any]) -> None:
    """Draw the curves."""
    unit = "us of CPU a frame"
    for name, x in (("people", "people in sight"), ("zones", "zones"), ("rules", "rules")):
        title = f"Cost of a frame by {name}"
        write_plot(RESULTS / f"growth_{name}.svg", result[name], title=title, x=x, y=unit)
    cameras = {
        label: [(int(n), row[key]) for n, row in result["cameras"].items()]
        for label, key in (("CPU, ms a second", "cpu_ms_per_camera_s"), ("memory, MiB (PSS)", "pss_mib_per_camera"))
    }
    title = "Cost of one camera among several"
    write_plot(RESULTS / "growth_cameras.svg", cameras, title=title, x="cameras at once", y="per camera")
    if result.get("hour_mib"):
        line = {"one worker": result["hour_mib"]}
        write_plot(RESULTS / "growth_hour.svg", line, title="Memory over an hour", x="minutes of media", y="MiB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plots", action="store_true", help="draw the curves into benchmarks/results")
    parser.add_argument("--hour", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(with_hour=args.hour)
    for name in ("people", "zones", "rules"):
        for series, points in result[name].items():
            print(f"{name:8}{series:22}", "  ".join(f"{int(n)}: {us:.0f} us" for n, us in points))
    for count, row in result["cameras"].items():
        print(f"{count} cameras: ", "  ".join(f"{key} {value}" for key, value in row.items()))
    if args.plots:
        plot(result)
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""`nightjar bench [VIDEO]`: what decoding, detection, tracking and rules cost here, and how many cameras that makes.

As many processes as there are cores do the same at once, because a camera will not have the machine to itself. Frames
with somebody in sight are busy, the others quiet. Times are CPU times, so what else runs hardly counts, but a machine
that is shared by hyperthreads or throttled shows what it gives.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.bootstrap import build_worker, open_site_detector
from pipeline.clock import SystemClock
from pipeline.errors import BadInput, NightjarError, SourceError
from pipeline.folders import DataFolder, default_data, shipped
from pipeline.rulebook import build_engine
from pipeline.site import Site, parse_site
from pipeline.types import Event, Frame, Tracks
from pipeline.video.source import open_source
from pipeline.worker import Worker

STAGES = ("detect", "track", "rules")
HEADROOM = 0.8
"""Share of the cores that cameras may take: the rest is for the API, evidence and moments when all are busy."""
FEWEST = 10
"""Frames of a kind below which nothing is said of it."""
SAMPLE = "corridor_day.mp4"
SITE = """
site: {{name: Bench, timezone: UTC}}
detector: {{model: {model}}}
cameras:
  bench:
    source: {source}
    analyze_fps: {fps}
    zones:
      middle: {{polygon: [[0.2, 0.3], [0.8, 0.3], [0.8, 0.95], [0.2, 0.95]]}}
      left: {{polygon: [[0, 0.3], [0.4, 0.3], [0.4, 1], [0, 1]]}}
    lines: {{across: {{points: [[0.5, 0.2], [0.5, 1]]}}}}
    rules:
      - {{id: stay, kind: loitering, zone: middle, dwell_s: 30}}
      - {{id: night, kind: after_hours, zone: left, always: true}}
      - {{id: crowd, kind: occupancy, zone: middle, over: 3, for_s: 5}}
      - {{id: way, kind: line_crossing, line: across, direction: both}}
"""


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("bench", help="what a camera costs on this machine", description=__doc__)
    parser.add_argument("video", type=Path, nargs="?", metavar="VIDEO", help="your footage (default: a sample clip)")
    parser.add_argument("--model", default="auto", help="as detector.model in a site file (default: %(default)s)")
    parser.add_argument("--fps", type=float, default=5.0, help="analysed frames a second (default: 5)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the footage, at most (default: 60)")
    parser.add_argument("--processes", type=int, help="how many do this at once (default: one for each core)")
    parser.add_argument("--data", type=Path, default=None, help="data folder with pulled models")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, alone or beside others that measure the same, and say how many cameras that makes."""
    site, video = _site(args)
    others = [_other(args, video) for _ in range(_processes(args) - 1)]
    try:
        costs = [measure(site, video, args), *(_said(other) for other in others)]
    finally:
        for other in others:
            other.kill()
            other.wait()
    result = summed(costs, video=video.name, analyze_fps=args.fps)
    print(json.dumps(result) if args.json else as_text(result))
    return 0


@dataclass(slots=True)
class Costs:
    """CPU seconds of one process: of decoding all `frames`, and of each stage on each analysed frame, by its kind."""

    detector: str
    size: tuple[int, int]
    fps: float
    frames: int = 0
    decode_s: float = 0.0
    people: int = 0
    busy: list[tuple[float, ...]] = field(default_factory=list)
    quiet: list[tuple[float, ...]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "detector": self.detector, "size": list(self.size), "fps": round(self.fps, 3), "frames": self.frames,
            "analysed": len(self.busy) + len(self.quiet), "busy_frames": len(self.busy),
            "people_in_busy": round(self.people / max(1, len(self.busy)), 2),
            "decode_ms": 1000 * self.decode_s / max(1, self.frames), "busy_ms": _means(self.busy),
            "quiet_ms": _means(self.quiet), "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }  # fmt: skip


class Nowhere:
    """The `Output` that keeps nothing."""

    def analysed(self, frame: Frame, tracks: Tracks, events: Sequence[Event]) -> None: ...

    def closed(self, events: Sequence[Event]) -> None: ...


def measure(site: Site, video: Path, args: argparse.Namespace) -> dict[str, Any]:
    """One process's costs, in `Costs.as_json`'s form.

    Raises:
        BadInput: the footage or the model cannot be used.
    """
    detector = open_site_detector(site, DataFolder(args.data or default_data()))
    worker = build_worker(
        site, "bench", detector=detector, engine=build_engine(site, "bench", route_model=None), output=Nowhere()
    )
    try:
        with open_source("bench", str(video), clock=SystemClock(), start_utc=0.0, ring_s=0.0) as source:
            info = source.info
            costs = Costs(detector.name, (info.width, info.height), info.fps or 0.0)
            total_s = min(args.seconds, info.duration_s or args.seconds)
            with _progress(total_s) as progress:
                began = time.process_time()
                for frame in takewhile(lambda one: one.pts <= args.seconds, source.frames()):
                    costs.decode_s += time.process_time() - began
                    costs.frames += 1
                    if worker.sampler.take(frame.pts):
                        analyse(worker, frame, costs)
                        progress.update(progress.task_ids[0], completed=frame.pts)
                    began = time.process_time()
    except SourceError as error:
        raise BadInput(f"VIDEO {video}: {error}") from None
    return costs.as_json()


def analyse(worker: Worker, frame: Frame, costs: Costs) -> None:
    """A worker's step, stage by stage under the clock."""
    times = [time.process_time()]
    detections = worker.detector.detect(frame)
    times.append(time.process_time())
    tracks = worker.tracker.update(
        detections, camera_id="bench", run_id=frame.run_id, pts=frame.pts, utc=frame.utc, width=frame.width,
        height=frame.height,
    )  # fmt: skip
    times.append(time.process_time())
    worker.engine.update(tracks)
    times.append(time.process_time())
    spent = tuple(after - before for before, after in pairwise(times))
    (costs.busy if len(tracks) else costs.quiet).append(spent)
    costs.people += len(tracks)


def summed(costs: Sequence[dict[str, Any]], *, video: str, analyze_fps: float) -> dict[str, Any]:
    """Means over the processes, and how many cameras such costs leave room for."""
    first, cores = costs[0], len(os.sched_getaffinity(0))
    decode_ms = statistics.mean(one["decode_ms"] for one in costs)
    memory_mib = statistics.mean(one["memory_mib"] for one in costs)
    by_kind = {kind: _mean_stages([one[f"{kind}_ms"] for one in costs]) for kind in ("busy", "quiet")}
    camera_ms = {
        kind: None if stages is None else decode_ms * first["fps"] + sum(stages.values()) * analyze_fps
        for kind, stages in by_kind.items()
    }
    room = int(HEADROOM * _memory_mib() / memory_mib)
    return {
        "video": video, **{key: first[key] for key in ("detector", "size", "fps", "frames", "analysed", "busy_frames")},
        "people_in_busy": first["people_in_busy"], "analyze_fps": analyze_fps, "processes": len(costs), "cores": cores,
        "decode_ms": round(decode_ms, 3),
        **{f"{kind}_ms": None if s is None else {k: round(v, 3) for k, v in s.items()} for kind, s in by_kind.items()},
        "cpu_ms_per_camera_s": {kind: None if ms is None else round(ms, 1) for kind, ms in camera_ms.items()},
        "memory_mib": round(memory_mib, 1),
        "cameras": {
            kind: None if ms is None else min(room, int(HEADROOM * 1000 * cores / ms)) for kind, ms in camera_ms.items()
        },
    }  # fmt: skip


def as_text(result: dict[str, Any]) -> str:
    """The summary for people."""
    width, height = result["size"]
    told = {kind: result[f"{kind}_ms"] for kind in ("busy", "quiet")}
    lines = [
        f"{result['video']}: {width}x{height}, {result['fps']:g} fps, {result['analysed']} of {result['frames']} "
        f"frames analysed; detector {result['detector']}; {result['processes']} at once on {result['cores']} cores",
        f"  decode  {result['decode_ms']:7.2f} ms of CPU a frame",
    ]
    for stage in STAGES:
        cells = (f"{ms[stage]:7.2f} ms on a {kind} frame" for kind, ms in told.items() if ms is not None)
        lines.append(f"  {stage:7} {'   '.join(cells)}")
    few = [kind for kind, ms in told.items() if ms is None]
    lines += [f"  fewer than {FEWEST} {kind} frames: nothing is said of {kind} cameras" for kind in few]
    return "\n".join([*lines, "", _carries(result)])


def _carries(result: dict[str, Any]) -> str:
    said = " or ".join(f"{result['cameras'][k]} {k}" for k in ("busy", "quiet") if result["cameras"][k] is not None)
    if not said:
        return "Too little footage to say how many cameras this machine carries."
    busy = f" (busy: {result['people_in_busy']:g} people in sight)" if result["cameras"]["busy"] is not None else ""
    return (
        f"This machine carries about {said} cameras like this one at {result['analyze_fps']:g} frames a second{busy}; "
        f"a fifth of it is left free."
    )


def _site(args: argparse.Namespace) -> tuple[Site, Path]:
    if not 0.0 < args.fps <= 120.0:
        raise BadInput(f"--fps {args.fps:g}: allowed: above 0, at most 120")
    if not args.seconds > 0.0:
        raise BadInput(f"--seconds {args.seconds:g}: allowed: above 0")
    video = args.video or shipped("sample_videos") / SAMPLE
    if not video.is_file():
        raise BadInput(f"VIDEO {video}: no such file")
    model = str(Path(args.model).absolute()) if Path(args.model).is_file() else args.model
    text = SITE.format(model=json.dumps(model), source=json.dumps(str(video.absolute())), fps=args.fps)
    return parse_site(text, "bench.yaml"), video


def _processes(args: argparse.Namespace) -> int:
    cores = len(os.sched_getaffinity(0))
    if args.processes is not None and not 1 <= args.processes <= 4 * cores:
        raise BadInput(f"--processes {args.processes}: allowed: 1 to {4 * cores}")
    return int(args.processes or cores)


def _other(args: argparse.Namespace, video: Path) -> subprocess.Popen[str]:
    """The same measurement in another process, at the same time."""
    arguments = ["bench", str(video), "--model", args.model, "--fps", str(args.fps), "--seconds", str(args.seconds)]
    arguments += [] if args.data is None else ["--data", str(args.data)]
    code = f"import sys; from pipeline.commands import bench; sys.exit(bench.alone({arguments!r}))"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603


def alone(arguments: Sequence[str]) -> int:
    """What another process does: measure without company and print the costs."""
    parser = argparse.ArgumentParser()
    add_to(parser.add_subparsers())
    args = parser.parse_args(arguments)
    print(json.dumps(measure(*_site(args), args)))
    return 0


def _said(other: subprocess.Popen[str]) -> dict[str, Any]:
    printed, _ = other.communicate()
    if other.returncode != 0:
        raise NightjarError(f"a process that measured beside this one ended with code {other.returncode}")
    value: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return value


def _means(rows: Sequence[tuple[float, ...]]) -> dict[str, float] | None:
    """Mean ms of each stage; None where there are too few frames."""
    if len(rows) < FEWEST:
        return None
    return {
        stage: 1000 * statistics.mean(column) for stage, column in zip(STAGES, zip(*rows, strict=True), strict=True)
    }


def _mean_stages(found: Sequence[dict[str, float] | None]) -> dict[str, float] | None:
    known = [one for one in found if one is not None]
    return {stage: statistics.mean(one[stage] for one in known) for stage in STAGES} if known else None


def _memory_mib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20


def _progress(total_s: float) -> Progress:
    quiet = not sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f} s"))
    progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True, quiet=quiet), disable=quiet)
    progress.add_task("measuring", total=total_s)
    return progress

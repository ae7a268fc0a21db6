"""Cold start: from starting a process to its first frame's detections, and how much memory it has by then.

    python -m benchmarks.start [--rounds 5] [--json]

Each round is a fresh process that does what a camera's process does: imports, site, detector, source, first frame
through detector, tracker and rules. The files are in the page cache from the second round on, so the range's upper end
may hold one reading from disk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.machine import MODEL, ROOT, SAMPLES, spread

CHILD = """
import json, resource, sys
from benchmarks.idle import SITE
from benchmarks.events import Collected, worker_of
from pipeline.bootstrap import open_site_detector
from pipeline.clock import SystemClock
from pipeline.folders import DataFolder
from pipeline.site import parse_site
from pipeline.video.source import open_source
from pathlib import Path
site = parse_site(SITE.format(model=sys.argv[1]), "start.yaml")
worker = worker_of(site, "c", detector=open_site_detector(site, DataFolder(Path("."))), output=Collected())
with open_source("c", sys.argv[2], clock=SystemClock(), start_utc=0.0) as source:
    worker.step(next(iter(source.frames())))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
"""


def measure(*, rounds: int) -> dict[str, Any]:
    """Wall seconds to the first detections and MiB then, of each detector, in turns."""
    models = {"motion": "motion"} | ({MODEL.stem: json.dumps(str(MODEL))} if MODEL.is_file() else {})
    wall: dict[str, list[float]] = {name: [] for name in models}
    memory: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            began = time.monotonic()
            command = [sys.executable, "-c", CHILD, model, str(SAMPLES / "corridor_day.mp4")]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            memory[name].append(float(process.stdout.readline()))
            wall[name].append(time.monotonic() - began)
            process.communicate()
    return {
        name: {"first_detections_s": spread(wall[name], digits=2), "resident_mib": spread(memory[name], digits=0)}
        for name in models
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(rounds=args.rounds)
    for name, row in result.items():
        start, memory = row["first_detections_s"], row["resident_mib"]
        low, high = start["range"]
        print(f"{name:20} {start['median']:.2f} s ({low} to {high}), {memory['median']:.0f} MiB")
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""How long does a camera-day of recorded tracks take to replay? 50,000 people, five analysed frames a second.

    python -m benchmarks.replay [--people 50000] [--hours 24] [--form log|mot] [--against] [--json]

A synthetic day: people come by the hour as on a busy site, walk over the picture for 20 s on average or stand, and are
lost on one frame in fifty. It is written once, as a worker's track log or as a MOTChallenge file, and `nightjar replay`
runs twice over it in processes of their own: wall and CPU seconds, events, and whether both wrote the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.track.log import TrackLog
from pipeline.track.mot import format_rows
from pipeline.types import Tracks

FPS, SIZE, ASPECT = 5.0, (1920, 1080), 16 / 9
START = "2026-11-20T00:00:00+00:00"
START_UTC = 1_795_132_800.0
BY_HOUR = np.array([1, 1, 1, 1, 2, 4, 8, 9, 6, 5, 5, 7, 8, 6, 5, 5, 7, 9, 6, 4, 3, 2, 1, 1], np.float64)
"""People by hour of the day, in shares."""

SITE = """
site: {name: Replayed, timezone: UTC}
calendars: {working: {open: {mon-sun: ["06:00-22:00"]}}}
cameras:
  yard:
    source: unused.mp4
    analyze_fps: 5
    zones:
      bay: {polygon: [[0.1, 0.5], [0.4, 0.5], [0.4, 0.9], [0.1, 0.9]]}
      dock: {polygon: [[0.5, 0.4], [0.9, 0.4], [0.9, 0.8], [0.5, 0.8]]}
      gate: {polygon: [[0.0, 0.2], [0.3, 0.2], [0.3, 0.5], [0.0, 0.5]]}
      store: {polygon: [[0.6, 0.1], [0.95, 0.1], [0.95, 0.4], [0.6, 0.4]]}
    lines: {fence: {points: [[0.0, 0.6], [1.0, 0.6]]}}
    rules:
      - {id: bay, kind: loitering, zone: bay, dwell_s: DWELL, escalate_s: [120]}
      - {id: dock, kind: loitering, zone: dock, dwell_s: 60, mode: cumulative, window_s: 300}
      - {id: night, kind: after_hours, zone: bay, calendar: working}
      - {id: vault, kind: after_hours, zone: store, always: true, min_presence_s: 5}
      - {id: fence, kind: line_crossing, line: fence}
      - {id: crowd, kind: occupancy, zone: dock, over: 8, for_s: 10}
"""


def day(people: int, hours: float) -> Iterator[Tracks]:
    """Every analysed frame of the day, in order."""
    chance = np.random.default_rng(4)
    frames = round(hours * 3600 * FPS)
    rush = np.repeat(BY_HOUR, 100) / BY_HOUR.sum() / 100
    began = np.sort((chance.choice(len(rush), people, p=rush) + chance.random(people)) / len(rush) * frames).astype(int)
    lasts = np.clip(chance.exponential(20.0 * FPS, people), 5, 600 * FPS).astype(int)
    start, way = chance.uniform(0.05, 0.95, (people, 2)), chance.uniform(-1, 1, (people, 2))
    speed = np.where(chance.random(people) < 0.2, 0.0, chance.uniform(0.01, 0.06, people))
    first, here = 0, np.zeros(0, np.int64)
    for frame in range(frames):
        last = int(np.searchsorted(began, frame, side="right"))
        here = np.concatenate((here[began[here] + lasts[here] > frame], np.arange(first, last)))
        first = last
        seen = here[chance.random(len(here)) > 0.02]
        age_s = ((frame - began[seen]) / FPS)[:, None]
        foot = np.clip(start[seen] + way[seen] * speed[seen, None] * age_s, 0.02, 0.98)
        yield _tracks(frame / FPS, seen + 1, foot)


def _tracks(pts: float, ids: NDArray[np.int64], foot: NDArray[np.float64]) -> Tracks:
    tall = 0.08 + 0.12 * foot[:, 1]
    box = np.column_stack((foot[:, 0] - tall / 8, foot[:, 1] - tall, foot[:, 0] + tall / 8, foot[:, 1])).clip(0, 1)
    n = len(ids)
    return Tracks(
        camera_id="yard", run_id=1, pts=pts, utc=START_UTC + pts, aspect=ASPECT, track_id=ids,
        xyxy=box.astype(np.float32), score=np.full(n, 0.9, np.float32), class_id=np.zeros(n, np.int32),
        observed=np.ones(n, np.bool_),
    )  # fmt: skip


def record(folder: Path, frames: Iterator[Tracks], *, form: str) -> tuple[Path, int]:
    """Write the day in a form that `nightjar replay` reads; where, and how many rows."""
    rows = 0
    if form == "log":
        with TrackLog(folder / "tracks", "yard") as log:
            for tracks in frames:
                log.append(tracks)
                rows += len(tracks)
        return folder / "tracks", rows
    path = folder / "tracks.txt"
    with path.open("w", encoding="utf-8") as out:
        for number, tracks in enumerate(frames, 1):
            out.write(format_rows(tracks, frame=number, width=SIZE[0], height=SIZE[1]))
            rows += len(tracks)
    return path, rows


def replay(folder: Path, tracks: Path, *, against: bool) -> dict[str, Any]:
    """One run of the command: seconds, what it says, and a digest of the events."""
    site, other, out = folder / "site.yaml", folder / "other.yaml", folder / "events.jsonl"
    site.write_text(SITE.replace("DWELL", "30"), encoding="utf-8")
    other.write_text(SITE.replace("DWELL", "45"), encoding="utf-8")
    how = [] if tracks.is_dir() else ["--fps", "5", "--size", "1920x1080", "--start", START]
    command = [
        sys.executable, "-c", "import sys; from pipeline.cli import main; sys.exit(main(sys.argv[1:]))", "replay",
        str(site), "--camera", "yard", "--tracks", str(tracks), "--out", str(out), "--json", *how,
        *(["--against", str(other)] if against else []),
    ]  # fmt: skip
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = json.loads(done.stdout.splitlines()[-1])
    found = {
        "wall_s": round(wall_s, 1), "cpu_s": round(cpu_s, 1), "frames": said["frames_analysed"],
        "alarms": sum(said["events"].values()), "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }  # fmt: skip
    if against:
        found |= {"added": len(said["added"]), "removed": len(said["removed"]), "kept": said["kept"]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--form", choices=("log", "mot"), default="log")
    parser.add_argument("--against", action="store_true", help="compare with a second site in the same run")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracks, rows = record(folder, day(args.people, args.hours), form=args.form)
        runs = [replay(folder, tracks, against=args.against) for _ in range(2)]
    found = {
        "people": args.people, "hours": args.hours, "form": args.form, "rows": rows, "runs": runs,
        "same_bytes": runs[0]["sha256"] == runs[1]["sha256"],
    }  # fmt: skip
    if args.json:
        print(json.dumps(found))
        return
    print(
        f"{args.people} people in {args.hours:g} h, {rows} rows, {args.form}; same bytes twice: {found['same_bytes']}"
    )
    for run in runs:
        print("  " + ", ".join(f"{key} {value}" for key, value in run.items() if key != "sha256"))


if __name__ == "__main__":
    main()

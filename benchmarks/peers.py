"""Our whole pipeline against its limit and beside published ones: same clips, weights and input shape, one thread.

    NIGHTJAR_PEERS=/path/to/python python -m benchmarks.peers [--rounds 3] [--frames 300] [--json]

Every frame is analysed, on the one-by-one clip (nobody or one person) and on `benchmarks.crowd`'s two. The limit is
decoding on one thread plus the model on a fixed input. The peers (ultralytics 8.4 `track()`; supervision 0.26, the last
with ByteTrack, in a time-in-zone script) need an environment with ultralytics, supervision, onnx, onnxruntime and
opencv, which NIGHTJAR_PEERS names; without it this environment is tried. CPU a frame after loading and the first frame,
in turns. Ours and supervision's have a zone with a timer, ultralytics has none.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnxruntime as ort

from benchmarks.crowd import make_clips
from benchmarks.events import ASSET_SITE, Collected, worker_of
from benchmarks.machine import CLIP, MODEL, ROOT, spread
from benchmarks.peer_runs import RUNS
from pipeline.bootstrap import open_site_detector
from pipeline.clock import FakeClock
from pipeline.folders import DataFolder
from pipeline.site import parse_site
from pipeline.types import Frame, Tracks
from pipeline.video.pacing import Sampler
from pipeline.video.source import open_source


class Counted(Collected):
    """Counts the people followed."""

    people = 0

    def analysed(self, frame: Frame, tracks: Tracks, events: Any) -> None:
        self.people += len(tracks)


def limit(video: Path, frames: int) -> dict[str, float]:
    """CPU ms a frame of decoding and `session.run`, nothing else."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
    tensor = session.get_inputs()[0]
    blank = {tensor.name: np.zeros(tensor.shape, np.float32)}
    with av.open(str(video)) as file:
        stream = file.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        footage = islice(file.decode(stream), frames)
        next(footage)
        session.run(None, blank)
        began, count = time.process_time(), 0
        for _ in footage:
            session.run(None, blank)
            count += 1
        return {"ms": 1000 * (time.process_time() - began) / count}


def ours(video: Path, frames: int) -> dict[str, float]:
    """CPU ms a frame of the worker, and how many people it followed on average."""
    site = parse_site(ASSET_SITE.format(model=json.dumps(str(MODEL))), "peers.yaml")
    counted = Counted()
    worker = worker_of(site, "table", detector=open_site_detector(site, DataFolder(ROOT)), output=counted)
    worker.sampler = Sampler(1000.0)
    with open_source("table", str(video), clock=FakeClock(), start_utc=0.0, ring_s=0.0) as source:
        footage = islice(source.frames(), frames)
        worker.follow(next(footage))
        began = time.process_time()
        worker.run(footage)
        spent, count = time.process_time() - began, worker.frames_done - 1
    return {"ms": 1000 * spent / count, "people": counted.people / count}


def peer(name: str, video: Path, frames: int) -> dict[str, Any]:
    """The same of a peer, in a process of its own."""
    python = os.environ.get("NIGHTJAR_PEERS", sys.executable)
    script = Path(__file__).with_name("peer_runs.py")
    command = [python, str(script), name, str(video), str(MODEL), str(frames)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        value: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, IndexError, ValueError) as error:
        return {"absent": f"could not be run ({type(error).__name__})"}
    return {"absent": f"not installed here ({value['absent']})"} if "absent" in value else value


def measure(*, rounds: int, frames: int) -> dict[str, Any]:
    """Every clip: the limit, ours and the peers in turns."""
    with tempfile.TemporaryDirectory() as folder:
        clips = {"one by one, nobody or one": CLIP, **make_clips(Path(folder), frames=frames)}
        return {"model": MODEL.name, "clips": {name: _clip(path, rounds, frames) for name, path in clips.items()}}


def _clip(video: Path, rounds: int, frames: int) -> dict[str, Any]:
    bare: list[float] = []
    own: list[dict[str, float]] = []
    theirs: dict[str, list[dict[str, Any]]] = {name: [] for name in RUNS}
    for _ in range(rounds):
        bare.append(limit(video, frames)["ms"])
        own.append(ours(video, frames))
        for name, runs in theirs.items():
            if not runs or "absent" not in runs[-1]:
                runs.append(peer(name, video, frames))
    mine = [run["ms"] for run in own]
    return {
        "limit_ms": spread(bare, digits=2), "ours_ms": spread(mine, digits=2), "people": round(own[-1]["people"], 1),
        "ours_over_limit": spread([a / b for a, b in zip(mine, bare, strict=True)]),
        "peers": {name: _row(runs, mine) for name, runs in theirs.items()},
    }  # fmt: skip


def _row(runs: list[dict[str, Any]], own: list[float]) -> dict[str, Any]:
    if "absent" in runs[-1]:
        return runs[-1]
    return {
        "ms": spread([run["ms"] for run in runs], digits=2), "people": round(runs[-1]["people"], 1),
        "over_ours": spread([run["ms"] / mine for run, mine in zip(runs, own, strict=True)]),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(rounds=args.rounds, frames=args.frames)
    for name, clip in result["clips"].items():
        print(f"{name}: {clip['people']} people; limit {clip['limit_ms']['median']:.2f} ms a frame")
        over = clip["ours_over_limit"]
        print(f"  {'ours':26} {clip['ours_ms']['median']:7.2f} ms, {over['median']:.2f} x limit {over['range']}")
        for peer_name, row in clip["peers"].items():
            told = row.get("absent")
            if told is None:
                ms, ratio = row["ms"]["median"], row["over_ours"]
                told = f"{ms:7.2f} ms, {ratio['median']:.2f} x ours {ratio['range']}, {row['people']} people"
            print(f"  {peer_name:26} {told}")
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Our whole pipeline against its limit and beside published ones: same clips, weights and input shape, one thread.

    NIGHTJAR_PEERS=/path/to/python python -m benchmarks.peers [--rounds 3] [--frames 300] [--json]

Every frame is analysed, on the one-by-one clip (nobody or one person) and on `benchmarks.crowd`'s two. The limit is
decoding on one thread plus the model on a fixed input. The peers (ultralytics 8.4 `track()`; supervision 0.26, the last
with ByteTrack, in a time-in-zone script) need an environment with ultralytics, supervision, onnx, onnxruntime and
opencv, which NIGHTJAR_PEERS names; without it this environment is tried. CPU a frame after loading and the first frame,
all of them in short turns (`turns.py`). Ours and supervision's have a zone with a timer, ultralytics has none. `ours`
and the limit run the model on the input that its file fixes, as the peers do; `fitted` is ours as cameras have it, on
an input of the picture's proportions.
"""

from __future__ import annotations

import argparse
import json
import os
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
from benchmarks.turns import take_turns, wait_for_start
from pipeline.bootstrap import open_site_detector
from pipeline.clock import FakeClock
from pipeline.detect.model import ModelDetector
from pipeline.detect.session import Session
from pipeline.folders import DataFolder
from pipeline.site import parse_site
from pipeline.types import Frame, Tracks
from pipeline.video.pacing import Sampler
from pipeline.video.source import open_source
from rules.types import PERSON


class Counted(Collected):
    """Counts the people followed."""

    people = 0

    def analysed(self, frame: Frame, tracks: Tracks, events: Any) -> None:
        self.people += len(tracks)


def limit(video: Path, frames: int) -> dict[str, float]:
    """CPU ms a frame of decoding and `session.run`, nothing else, and of each alone."""
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
        wait_for_start()
        began, running, count = time.process_time(), 0.0, 0
        for _ in footage:
            since = time.process_time()
            session.run(None, blank)
            running += time.process_time() - since
            count += 1
        spent = time.process_time() - began
        return {"ms": 1000 * spent / count, "run_ms": 1000 * running / count}


def ours(video: Path, frames: int) -> dict[str, float]:
    """CPU ms a frame of the worker on the file's own input, and how many people it followed on average."""
    return _worker(video, frames, fitted=False)


def fitted(video: Path, frames: int) -> dict[str, float]:
    """The same on an input of the picture's proportions."""
    return _worker(video, frames, fitted=True)


def _worker(video: Path, frames: int, *, fitted: bool) -> dict[str, float]:
    site = parse_site(ASSET_SITE.format(model=json.dumps(str(MODEL))), "peers.yaml")
    counted = Counted()
    detector = open_site_detector(site, DataFolder(ROOT))
    assert isinstance(detector, ModelDetector)
    if not fitted:
        detector = ModelDetector(Session(MODEL), detector.card, score=detector.score, classes=(PERSON,))
    worker = worker_of(site, "table", detector=detector, output=counted)
    worker.sampler = Sampler(1000.0)
    with open_source("table", str(video), clock=FakeClock(), start_utc=0.0, ring_s=0.0) as source:
        footage = islice(source.frames(), frames)
        worker.follow(next(footage))
        wait_for_start()
        began = time.process_time()
        worker.run(footage)
        spent, count = time.process_time() - began, worker.frames_done - 1
    return {"ms": 1000 * spent / count, "people": counted.people / count}


OWN = {"limit": limit, "ours": ours, "fitted": fitted}


def programs(video: Path, frames: int) -> dict[str, list[str]]:
    """What takes turns on one clip: the limit, ours, and the peers in their own environment."""
    script = Path(__file__).with_name("peer_runs.py")
    python = os.environ.get("NIGHTJAR_PEERS", sys.executable)
    own = {name: [sys.executable, "-m", "benchmarks.peers", "--one", name, str(video), str(frames)] for name in OWN}
    return own | {name: [python, str(script), name, str(video), str(MODEL), str(frames)] for name in RUNS}


def measure(*, rounds: int, frames: int) -> dict[str, Any]:
    """Every clip: the limit, ours and the peers in turns."""
    with tempfile.TemporaryDirectory() as folder:
        clips = {"one by one, nobody or one": CLIP, **make_clips(Path(folder), frames=frames)}
        return {"model": MODEL.name, "clips": {name: _clip(path, rounds, frames) for name, path in clips.items()}}


def _clip(video: Path, rounds: int, frames: int) -> dict[str, Any]:
    told = [take_turns(programs(video, frames)) for _ in range(rounds)]
    bare, own, quick = ([each[name] for each in told] for name in OWN)
    return {
        "limit_ms": spread([run["ms"] for run in bare], digits=2),
        "run_ms": spread([run["run_ms"] for run in bare], digits=2),
        "ours_ms": spread([run["ms"] for run in own], digits=2), "people": round(own[-1]["people"], 1),
        "ours_over_limit": spread([a["ms"] / b["ms"] for a, b in zip(own, bare, strict=True)]),
        "fitted_ms": spread([run["ms"] for run in quick], digits=2),
        "fitted_over_limit": spread([a["ms"] / b["ms"] for a, b in zip(quick, bare, strict=True)]),
        "peers": {name: _row([each[name] for each in told], own, quick) for name in RUNS},
    }  # fmt: skip


def _row(runs: list[dict[str, Any]], own: list[dict[str, Any]], quick: list[dict[str, Any]]) -> dict[str, Any]:
    absent = next((run for run in runs if "absent" in run), None)
    if absent is not None:
        return absent
    return {
        "ms": spread([run["ms"] for run in runs], digits=2), "people": round(runs[-1]["people"], 1),
        "over_ours": spread([run["ms"] / mine["ms"] for run, mine in zip(runs, own, strict=True)]),
        "over_fitted": spread([run["ms"] / mine["ms"] for run, mine in zip(runs, quick, strict=True)]),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "VIDEO", "FRAMES"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(OWN[args.one[0]](Path(args.one[1]), int(args.one[2]))))
        return 0
    result = measure(rounds=args.rounds, frames=args.frames)
    for name, clip in result["clips"].items():
        print(f"{name}: {clip['people']} people; limit {clip['limit_ms']['median']:.2f} ms a frame")
        over = clip["ours_over_limit"]
        print(f"  {'ours':26} {clip['ours_ms']['median']:7.2f} ms, {over['median']:.2f} x limit {over['range']}")
        over = clip["fitted_over_limit"]
        print(f"  {'fitted':26} {clip['fitted_ms']['median']:7.2f} ms, {over['median']:.2f} x limit {over['range']}")
        for peer_name, row in clip["peers"].items():
            told = row.get("absent")
            if told is None:
                ms, ratio = row["ms"]["median"], row["over_ours"]
                told = f"{ms:7.2f} ms, {ratio['median']:.2f} x ours {ratio['range']}, {row['people']} people"
                told += f"; {row['over_fitted']['median']:.2f} x fitted"
            print(f"  {peer_name:26} {told}")
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

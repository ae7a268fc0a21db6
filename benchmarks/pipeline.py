"""The whole of `analyze` against its limit: decoding the file plus the same number of raw `session.run` calls.

    python -m benchmarks.pipeline [--rounds N] [--video FILE] [--model FILE] [--json]

CPU seconds (user and system) without the import of modules, all in short turns (`turns.py`), so that the machine's mood
meets each. There are two limits: with the model on the input that its file fixes, and on the one that `analyze` gives
it, of the picture's proportions. The assets' one-by-one clip and YOLOX-nano by default.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import onnxruntime as ort

import pipeline.commands.analyze  # noqa: F401 - so that its import is not counted
from benchmarks.turns import take_turns, wait_for_start
from pipeline.cli import main as nightjar
from pipeline.detect.anysize import any_size
from pipeline.detect.model import matched_size

ASSETS = Path(os.environ.get("NIGHTJAR_ASSETS", Path(__file__).resolve().parents[2] / "shared" / "assets"))
SITE = """
site: {{name: Benchmark, timezone: UTC}}
detector: {{model: {model}, score: 0.3}}
cameras:
  c:
    source: unused.mp4
    analyze_fps: 120
    zones: {{table: {{polygon: [[0.47, 0.72], [0.7, 0.72], [0.7, 1.0], [0.47, 1.0]]}}}}
    rules: [{{id: stay, kind: loitering, zone: table, dwell_s: 8}}]
"""


def limit_cpu_s(video: Path, model: Path) -> tuple[float, int]:
    """Decode every frame on one thread and run the model on the file's input for each; seconds and frames."""
    return _bare_cpu_s(video, model, fitted=False)


def fitted_cpu_s(video: Path, model: Path) -> tuple[float, int]:
    """The same on an input of the picture's proportions."""
    return _bare_cpu_s(video, model, fitted=True)


def _bare_cpu_s(video: Path, model: Path, *, fitted: bool) -> tuple[float, int]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    began = time.process_time()
    content = model.read_bytes()
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name, (_, _, high, wide) = session.get_inputs()[0].name, session.get_inputs()[0].shape
    if fitted:
        session = ort.InferenceSession(any_size(content), options, providers=["CPUExecutionProvider"])
    frames = 0
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        if fitted:
            wide, high = matched_size((stream.width, stream.height), bound=(wide, high), stride=32)
        blank = np.zeros((1, 3, high, wide), np.float32)
        for _ in container.decode(stream):
            session.run(None, {name: blank})
            frames += 1
    return time.process_time() - began, frames


def ours_cpu_s(video: Path, model: Path) -> tuple[float, int]:
    """`nightjar analyze` on every frame, in this process; seconds and frames analysed."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as name:
        site = Path(name) / "site.yaml"
        site.write_text(SITE.format(model=model))
        args = ["analyze", str(video), "--site", str(site), "--camera", "c", "--out", f"{name}/out", "--json"]
        began = time.process_time()
        with contextlib.redirect_stdout(said):
            nightjar(args)
        spent = time.process_time() - began
    return spent, int(json.loads(said.getvalue().splitlines()[-1])["frames_analysed"])


WHOLE = {"limit": limit_cpu_s, "fitted": fitted_cpu_s, "ours": ours_cpu_s}


def one(name: str, video: Path, model: Path) -> None:
    """One of them, when its turn comes."""
    wait_for_start()
    spent, frames = WHOLE[name](video, model)
    print(json.dumps({"ms": spent / frames * 1000, "frames": frames}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--video", type=Path, default=ASSETS / "videos/one-by-one-person-detection.mp4")
    parser.add_argument("--model", type=Path, default=ASSETS / "models/yolox_nano_416.onnx")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", choices=list(WHOLE), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one, args.video, args.model)
        return
    rounds, frames = [], 0
    shared = ["--video", str(args.video), "--model", str(args.model)]
    programs = {name: [sys.executable, "-m", "benchmarks.pipeline", "--one", name, *shared] for name in WHOLE}
    for _ in range(args.rounds):
        found = take_turns(programs)
        frames = found["limit"]["frames"]
        assert {each["frames"] for each in found.values()} == {frames}, "all must do the same work"
        rounds.append((found["limit"]["ms"], found["fitted"]["ms"], found["ours"]["ms"]))
    ratios, fitted = [ours / limit for limit, _, ours in rounds], [ours / bare for _, bare, ours in rounds]
    result = {
        "video": args.video.name, "model": args.model.name, "frames": frames,
        "limit_ms": round(statistics.median(r[0] for r in rounds), 2),
        "fitted_ms": round(statistics.median(r[1] for r in rounds), 2),
        "ours_ms": round(statistics.median(r[2] for r in rounds), 2),
        "ratio": round(statistics.median(ratios), 3), "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "fitted_ratio": round(statistics.median(fitted), 3),
        "fitted_ratio_range": [round(min(fitted), 3), round(max(fitted), 3)],
    }  # fmt: skip
    print(json.dumps(result) if args.json else "\n".join(f"{k:12} {v}" for k, v in result.items()))


if __name__ == "__main__":
    main()

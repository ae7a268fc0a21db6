"""How well detectors that never saw the sample clips find the people in them: `python -m benchmarks.samples`.

Per clip, at the clip's `analyze_fps`: YOLOX-nano of the assets at 416 (score 0.3) on people taller than 60 px with
visibility over 0.6, IoU 0.5; the embedded motion detector on those of them who move (over 0.3 m/s). A box is false when
no person, hidden or not, overlaps it by IoU 0.5 or lies within it by half.
"""

from __future__ import annotations

import argparse
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.clock import SystemClock
from pipeline.detect.base import Detector, DetectorSpec
from pipeline.detect.open import open_detector
from pipeline.types import Frame
from pipeline.video.pacing import Sampler
from pipeline.video.source import open_source
from rules.types import PERSON

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_videos"
ASSETS = Path(os.environ.get("NIGHTJAR_ASSETS", ROOT.parent / "shared" / "assets"))
ANALYZE_FPS = 5.0
MIN_HEIGHT_PX, MIN_VISIBILITY, MIN_IOU, MOVING_MPS = 60.0, 0.6, 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Found:
    """What one detector found on one clip: of `wanted` boxes `hit`, and `false` boxes over `frames` frames."""

    clip: str
    detector: str
    wanted: int
    hit: int
    false: int
    frames: int

    @property
    def recall(self) -> float:
        return self.hit / self.wanted if self.wanted else 1.0

    @property
    def false_per_frame(self) -> float:
        return self.false / self.frames if self.frames else 0.0

    def row(self) -> dict[str, Any]:
        return {
            "clip": self.clip, "detector": self.detector, "wanted": self.wanted, "recall": round(self.recall, 4),
            "false_per_frame": round(self.false_per_frame, 4),
        }  # fmt: skip


def iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """IoU (N, M) of boxes `xyxy`, and the share of each of `b` that lies in each of `a`."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(2)
    area_a, area_b = (np.clip(x[:, 2:] - x[:, :2], 0, None).prod(1) for x in (a, b))
    union = area_a[:, None] + area_b[None] - both
    return both / np.maximum(union, 1e-9), both / np.maximum(area_b[None], 1e-9)


def truth_of(folder: Path, entry: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ground-truth rows (R, 9), and how fast each of them moves, m/s (R,)."""
    rows = np.loadtxt(folder / f"{entry['name']}.gt.txt", delimiter=",", ndmin=2)
    truth = json.loads((folder / f"{entry['name']}.truth.json").read_text())
    speed = np.zeros(len(rows))
    for person in truth["people"]:
        way = np.array(person["foot_m"]).reshape(-1, 2)
        step = np.linalg.norm(np.gradient(way, axis=0), axis=1) * entry["fps"] if len(way) > 1 else np.zeros(len(way))
        mine = rows[:, 1] == person["id"]
        speed[mine] = step[rows[mine, 0].astype(int) - person["first_frame"]]
    return rows, speed


def faults_of(folder: Path, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """What is done to the camera: while it is covered or frozen, its picture shows nobody who is there."""
    return list(json.loads((folder / f"{entry['name']}.truth.json").read_text())["faults"])


def frames_of(folder: Path, entry: dict[str, Any]) -> Iterator[Frame]:
    """The frames that a worker would analyse."""
    sampler = Sampler(ANALYZE_FPS)
    with open_source(entry["name"], str(folder / entry["file"]), clock=SystemClock(), start_utc=0.0) as source:
        yield from (frame for frame in source.frames() if sampler.take(frame.pts))


def measure(detector: Detector, folder: Path, entry: dict[str, Any], *, moving: bool) -> Found:
    """Run a detector over a clip and compare it with the truth."""
    rows, speed = truth_of(folder, entry)
    wanted = hit = false = frames = 0
    blind = [(fault["begin_s"], fault["end_s"]) for fault in faults_of(folder, entry) if fault["kind"] != "moved"]
    for frame in frames_of(folder, entry):
        if any(begin_s <= frame.pts < end_s for begin_s, end_s in blind):
            continue
        now = rows[:, 0] == 1 + round(frame.pts * entry["fps"])
        boxes = clipped(rows[now], frame.width, frame.height)
        detections = detector.detect(frame)
        found = detections.xyxy[detections.class_id == PERSON].astype(np.float64)
        overlap, within = iou(boxes, found)
        ask = (
            (rows[now, 5] > MIN_HEIGHT_PX)
            & (rows[now, 8] > MIN_VISIBILITY)
            & ((speed[now] > MOVING_MPS) | (not moving))
        )
        wanted += int(ask.sum())
        hit += int((overlap.max(1, initial=0.0)[ask] >= MIN_IOU).sum())
        false += int(((overlap.max(0, initial=0.0) < MIN_IOU) & (within.max(0, initial=0.0) < 0.5)).sum())
        frames += 1
    return Found(entry["name"], detector.name, wanted, hit, false, frames)


def clipped(rows: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Ground-truth rows as `xyxy` px, 0-based, cut at the picture's edge as a detector sees them."""
    low = rows[:, 2:4] - 1
    return np.column_stack((np.maximum(low, 0), np.minimum(low + rows[:, 4:6], (width, height))))


AIMED = "yolox_nano_416"
SECOND_OPINIONS = ("nanodet_m_416", "fastestdet_352", "light_person_192")


def detectors(*, second_opinions: bool) -> dict[str, DetectorSpec]:
    """YOLOX-nano where the assets are, and the motion detector; with the other models of the assets if asked for."""
    names = (AIMED, *SECOND_OPINIONS) if second_opinions else (AIMED,)
    weights = {name: ASSETS / "models" / f"{name}.onnx" for name in names}
    specs = {n: DetectorSpec(model=str(p), score=0.3, threads=2) for n, p in weights.items() if p.is_file()}
    return {**specs, "motion": DetectorSpec(model="motion", score=0.3)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", help="all without names")
    parser.add_argument("--folder", type=Path, default=SAMPLES)
    parser.add_argument("--second-opinions", action="store_true", help="the other models of the assets too")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    entries = tomllib.loads((args.folder / "manifest.toml").read_text())["clip"]
    table = []
    print(f"{'clip':<24}{'detector':<18}{'asked':>6}{'found':>8}{'false/frame':>13}")
    for entry in entries:
        if args.clips and entry["name"] not in args.clips:
            continue
        for name, spec in detectors(second_opinions=args.second_opinions).items():
            found = measure(open_detector(spec), args.folder, entry, moving=name == "motion")
            table.append(found)
            print(
                f"{found.clip:<24}{found.detector:<18}{found.wanted:>6}{found.recall:>8.1%}{found.false_per_frame:>13.3f}",
                flush=True,
            )
    if args.json:
        print(json.dumps([found.row() for found in table]))
    return 0 if all(f.recall >= 0.85 and (f.detector == "motion" or f.false_per_frame < 0.1) for f in table) else 1


if __name__ == "__main__":
    raise SystemExit(main())

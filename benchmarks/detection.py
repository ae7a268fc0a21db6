"""Regions against whole pictures: `python -m benchmarks.detection`.

Person AP50 on the assets' MOT17 pictures (10 a second, one after the other) with runs of the model a frame and CPU over
whole pictures; the same once settled, which is when the four to seven pictures have been played to and fro; the share
of CPU on a still 1080p scene with sensor noise at 5 frames a second; and on the one-by-one clip the share of frames
with a person on which regions find whom the whole picture finds (IoU 0.5).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import ASSETS, CLIP, MODEL, describe
from pipeline.clock import SystemClock
from pipeline.detect.boxes import iou
from pipeline.detect.catalog import load_catalog
from pipeline.detect.model import ModelDetector
from pipeline.detect.regions import RegionDetector
from pipeline.detect.session import Session
from pipeline.evaluate.average_precision import Image, figures
from pipeline.evaluate.detections import mot_images
from pipeline.track import mot
from pipeline.types import Detections, Frame
from pipeline.video.pacing import Sampler
from pipeline.video.source import open_source
from rules.types import PERSON

FPS, SCORE, STILL_FRAMES = 5.0, 0.1, 150


@dataclass(frozen=True, slots=True)
class Still:
    """A picture in memory as a decoder would give it."""

    pixels: NDArray[np.uint8]
    grey: NDArray[np.uint8]

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def luma(self) -> NDArray[np.uint8]:
        return self.grey

    def bgr(self) -> NDArray[np.uint8]:
        return self.pixels

    def scaled(self, width: int, height: int) -> NDArray[np.uint8]:
        return np.asarray(cv2.resize(self.pixels, (width, height)), np.uint8)


def model(score: float = SCORE, *, any_size: bool = False) -> ModelDetector:
    """On the size that its file fixes, or on inputs of the picture's proportions, as cameras have it."""
    session = Session(MODEL, any_size=any_size)
    return ModelDetector(session, load_catalog()["yolox_nano_416"].card(), score=score, classes=(PERSON,))


def frame_of(pixels: NDArray[np.uint8], index: int, fps: float) -> Frame:
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    pts = index / fps
    return Frame(camera_id="bench", run_id=1, seq=index, pts=pts, utc=pts, picture=Still(pixels, grey))


def people(found: Detections) -> Detections:
    return found[found.class_id == PERSON]


def precision(*, settled: bool = False) -> Iterator[dict[str, Any]]:
    """AP50 of whole pictures and of regions, per sequence and over all; `settled`: of a third time, to and fro."""
    pooled: dict[str, list[Image]] = {"whole": [], "regions": []}
    spent = {"whole": 0.0, "regions": 0.0}
    runs = frames = 0
    for folder in sorted((ASSETS / "images").iterdir()):
        pictures = [np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(folder.glob("*.jpg"))]
        once = list(range(len(pictures)))
        shown = [*once, *reversed(once), *once] if settled else once
        looking: dict[str, Any] = {"whole": model(), "regions": RegionDetector(model(any_size=True))}
        found: dict[str, list[Detections]] = {"whole": [], "regions": []}
        before = 0
        for turn, index in enumerate(shown):
            counts = turn >= len(shown) - len(once)
            if turn == len(shown) - len(once):
                before = looking["regions"].runs
            frame = frame_of(pictures[index], turn, 10.0)
            for name, detector in looking.items():
                begun = time.process_time()
                boxes = people(detector.detect(frame))
                if counts:
                    spent[name] += time.process_time() - begun
                    found[name].append(boxes)
        rows = mot.read_rows(folder / "gt.txt", keep_ignored=True)
        images = {name: _images(rows, boxes) for name, boxes in found.items()}
        for name in pooled:
            pooled[name] += images[name]
        runs, frames = runs + looking["regions"].runs - before, frames + len(once)
        yield {
            "sequence": folder.name, **{name: _ap50(part) for name, part in images.items()},
            "runs_per_frame": round((looking["regions"].runs - before) / len(once), 2),
        }  # fmt: skip
    yield {
        "sequence": "all", **{name: _ap50(part) for name, part in pooled.items()},
        "runs_per_frame": round(runs / frames, 2), "cpu_ratio": round(spent["regions"] / spent["whole"], 2),
    }  # fmt: skip


def still() -> dict[str, Any]:
    """CPU of regions over CPU of a whole pass on every frame, with nobody in the picture."""
    random = np.random.default_rng(0)
    scene = cv2.GaussianBlur(random.uniform(60, 190, (1080, 1920, 3)).astype(np.float32), (0, 0), 25)
    noise = [random.normal(0, 2, scene.shape).astype(np.float32) for _ in range(4)]
    whole, regions = model(), RegionDetector(model(any_size=True))
    spent = {"whole": 0.0, "regions": 0.0}
    for index in range(STILL_FRAMES):
        shown = frame_of(np.clip(scene + noise[index % 4], 0, 255).astype(np.uint8), index, FPS)
        for name, detector in (("whole", whole), ("regions", regions)):
            begun = time.process_time()
            detector.detect(shown)
            spent[name] += time.process_time() - begun
    return {"runs": regions.runs, "frames": STILL_FRAMES, "cpu_share": round(spent["regions"] / spent["whole"], 3)}


def movers() -> dict[str, Any]:
    """Of the frames on which the whole picture shows somebody, the share on which regions find them too."""
    whole, regions, sampler = model(0.3), RegionDetector(model(0.3)), Sampler(FPS)
    wanted = hit = 0
    with open_source("bench", str(CLIP), clock=SystemClock(), start_utc=0.0) as source:
        for shown in source.frames():
            if sampler.take(shown.pts):
                true, found = people(whole.detect(shown)).xyxy[:1], people(regions.detect(shown)).xyxy
                wanted += len(true)
                hit += int((iou(true, found).max(axis=1, initial=0.0) > 0.5).sum())
    return {"wanted": wanted, "found": hit, "share": round(hit / wanted, 4)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    cv2.setNumThreads(1)
    result = {
        "precision": list(precision()), "settled": list(precision(settled=True)), "still": still(), "movers": movers(),
        "machine": describe(),
    }  # fmt: skip
    print(json.dumps(result))
    return 0


def _images(truth: mot.MotRows, found: list[Detections]) -> list[Image]:
    """Pictures to be scored; found boxes take the place of a file's rows."""
    blank = list(mot_images(truth, truth))
    scored = []
    for image, boxes in zip(blank, found, strict=True):
        tlwh = boxes.xyxy.astype(np.float64)
        tlwh[:, 2:] -= tlwh[:, :2]
        scored.append(
            Image(
                truth=image.truth,
                ignored=image.ignored,
                crowd=image.crowd,
                found=tlwh,
                score=boxes.score.astype(np.float64),
            )
        )
    return scored


def _ap50(images: list[Image]) -> float | None:
    value = figures(images)["AP50"]
    return None if value is None else round(float(value), 3)


if __name__ == "__main__":
    raise SystemExit(main())

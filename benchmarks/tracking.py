"""Tracking: quality on the assets' public detections, cost per frame at 10 to 300 people, and memory over time.

    python -m benchmarks.tracking [--quality] [--robust] [--speed] [--memory UPDATES] [--json]

Without a choice: quality and speed. Peers join where they can be imported (ultralytics' BYTETracker and supervision's
ByteTrack, both with their defaults, on the same boxes in the same process, in turns). `--robust` scores copies of the
sequences as well: backwards in time, at lower rates, with boxes jittered, with detections left out and with scores of
other scales.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from pipeline.evaluate import tracks as scoring
from pipeline.evaluate.tracks import Score
from pipeline.track import mot
from pipeline.track.mot import MotRows
from pipeline.track.tracker import Tracker
from pipeline.types import Detections

ASSETS = Path(os.environ.get("NIGHTJAR_ASSETS", Path(__file__).resolve().parents[2] / "shared" / "assets"))
FIXED = ("MOT17-02", "TUD-Campus")
SIZE = (1920, 1080)
RATE = {"TUD-Campus": 25.0}
"""Frames a second where seqinfo.ini does not tell."""
PEOPLE = (10, 50, 100, 300)
FOLLOWED = tuple[np.ndarray, np.ndarray]
Follow = Callable[[Detections, float], FOLLOWED]
"""One frame's detections and media time to ids (N,) and boxes xyxy (N, 4) px."""


class Boxes:
    """Detections as ultralytics' trackers take them."""

    def __init__(self, detections: Detections) -> None:
        self.xyxy, self.conf, self.cls = detections.xyxy, detections.score, detections.class_id.astype(np.float32)
        self.xywh = np.hstack(((self.xyxy[:, :2] + self.xyxy[:, 2:]) / 2, self.xyxy[:, 2:] - self.xyxy[:, :2]))
        self._of = detections

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, mask: Any) -> Boxes:
        return Boxes(self._of[mask])


def ours(fps: float, size: tuple[int, int]) -> Follow:
    tracker, (width, height) = Tracker(), size

    def follow(seen: Detections, pts: float) -> FOLLOWED:
        tracks = tracker.update(seen, camera_id="b", run_id=1, pts=pts, utc=pts, width=width, height=height)
        return tracks.track_id, tracks.xyxy * np.array([width, height, width, height], np.float64)

    return follow


def ultralytics_bytetrack(fps: float, size: tuple[int, int]) -> Follow:
    settings = SimpleNamespace(
        tracker_type="bytetrack", track_high_thresh=0.25, track_low_thresh=0.1, new_track_thresh=0.25,
        track_buffer=30, match_thresh=0.8, fuse_score=True,
    )  # fmt: skip
    tracker = importlib.import_module("ultralytics.trackers.byte_tracker").BYTETracker(settings)

    def follow(seen: Detections, pts: float) -> FOLLOWED:
        rows = np.asarray(tracker.update(Boxes(seen))).reshape(-1, 8)
        return rows[:, 4].astype(np.int64), rows[:, :4]

    return follow


def supervision_bytetrack(fps: float, size: tuple[int, int]) -> Follow:
    supervision = importlib.import_module("supervision")
    tracker = supervision.ByteTrack(frame_rate=fps)

    def follow(seen: Detections, pts: float) -> FOLLOWED:
        found = supervision.Detections(seen.xyxy, confidence=seen.score, class_id=seen.class_id)
        found = tracker.update_with_detections(found)
        return found.tracker_id.astype(np.int64), found.xyxy

    return follow


def trackers() -> dict[str, Callable[[float, tuple[int, int]], Follow]]:
    """Ours, and the peers that can be imported here."""
    known = {
        "nightjar": ours,
        "ultralytics BYTETracker": ultralytics_bytetrack,
        "supervision ByteTrack": supervision_bytetrack,
    }
    found = {}
    for name, begin in known.items():
        try:
            begin(25.0, SIZE)
        except (ImportError, AttributeError):  # absent, or without this tracker
            continue
        found[name] = begin
    return found


def quality(*, robust: bool) -> dict[str, dict[str, dict[str, float | None]]]:
    """Figures of every tracker: each sequence, the fixed cameras, all; and with `robust` each changed copy of all."""
    sequences = [_read(folder) for folder in sorted((ASSETS / "mot").iterdir())]
    result = {}
    for name, begin in trackers().items():
        scores = {sequence.name: _score(begin, sequence) for sequence in sequences}
        figures = {key: score.figures() for key, score in scores.items()}
        figures["fixed cameras"] = _sum(scores[key] for key in FIXED).figures()
        figures["all"] = _sum(scores.values()).figures()
        for change, make in CHANGES.items() if robust else ():
            figures[change] = _sum(_score(begin, make(sequence)) for sequence in sequences).figures()
        result[name] = figures
    return result


def speed(*, frames: int = 200, rounds: int = 3) -> dict[str, dict[int, float]]:
    """Median CPU us of this thread per frame, for every tracker and number of people; trackers take turns."""
    times: dict[str, dict[int, list[float]]] = {name: {n: [] for n in PEOPLE} for name in trackers()}
    for _ in range(rounds):
        for n in PEOPLE:
            crowd = synthetic(n, frames if n < 300 else frames // 4)
            for name, begin in trackers().items():
                follow = begin(25.0, SIZE)
                for i, seen in enumerate(crowd):
                    began = time.thread_time_ns()
                    follow(seen, i / 25)
                    if i >= 20:
                        times[name][n].append((time.thread_time_ns() - began) / 1000)
    return {name: {n: statistics.median(us) for n, us in of.items()} for name, of in times.items()}


def memory(updates: int) -> dict[str, float]:
    """Peak resident MiB after a tenth of `updates` and after all, with people who come and go throughout."""
    crowd, tracker, before = synthetic(10, 500), Tracker(), 0.0
    for i in range(updates):
        if i == updates // 10:
            before = _peak_mib()
        tracker.update(crowd[i % 500], camera_id="b", run_id=1, pts=i / 10, utc=i / 10, width=SIZE[0], height=SIZE[1])
    return {"updates": updates, "mib_after_a_tenth": before, "mib_at_the_end": _peak_mib()}


def synthetic(people: int, frames: int) -> list[Detections]:
    """People who walk at random and turn at the borders; 5 % of detections missing, boxes noisy. Same every time."""
    rng = np.random.default_rng(people)
    high = rng.uniform(50, 250 if people < 100 else 150, people)
    at, walk = rng.uniform([0, 100], SIZE, (people, 2)), rng.normal(0, 1.5, (people, 2))
    crowd = []
    for _ in range(frames):
        at = at + walk
        walk = np.where((at < 0) | (at > SIZE), -walk, walk)
        tall = high * np.exp(rng.normal(0, 0.02, people))
        half = np.column_stack((tall * 0.2, tall * 0.5))
        centre = at + rng.normal(0, 1, at.shape)
        xyxy = np.hstack((centre - half, centre + half))[rng.random(people) > 0.05].astype(np.float32)
        score = rng.uniform(0.5, 1.0, len(xyxy)).astype(np.float32)
        crowd.append(Detections(xyxy, score, np.zeros(len(xyxy), np.int32)))
    return crowd


class Footage(SimpleNamespace):
    """name, fps, size, truth, detections."""


def _read(folder: Path) -> Footage:
    width, height = (mot.sequence_number(folder / "gt.txt", key) for key in ("imWidth", "imHeight"))
    return Footage(
        name=folder.name, fps=RATE.get(folder.name) or mot.sequence_number(folder / "gt.txt", "frameRate") or 30.0,
        size=(int(width), int(height)) if width and height else (640, 480),
        truth=mot.read_rows(folder / "gt.txt", keep_ignored=True), detections=mot.read_rows(folder / "det.txt"),
    )  # fmt: skip


def _score(begin: Callable[[float, tuple[int, int]], Follow], sequence: Footage) -> Score:
    follow = begin(sequence.fps, sequence.size)
    frame, ids, tlwh = [], [], []
    last = max(sequence.truth.last_frame, sequence.detections.last_frame)
    for number, seen in mot.rows_to_detections(sequence.detections, last_frame=last):
        track_id, xyxy = follow(seen, (number - 1) / sequence.fps)
        frame.append(np.full(len(track_id), number))
        ids.append(track_id)
        tlwh.append(np.hstack((xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2])))
    n = sum(map(len, frame))
    rows = MotRows(
        frame=np.concatenate(frame).astype(np.int64), track_id=np.concatenate(ids),
        tlwh=np.concatenate(tlwh).astype(np.float64), score=np.ones(n),
        class_id=np.zeros(n, np.int64), observed=np.ones(n, np.bool_),
    )  # fmt: skip
    return scoring.score(sequence.truth, rows, fps=sequence.fps, detections=sequence.detections)


def _backwards(sequence: Footage) -> Footage:
    last = max(sequence.truth.last_frame, sequence.detections.last_frame)
    turned = {key: replace(rows, frame=last + 1 - rows.frame) for key, rows in _rows(sequence).items()}
    return Footage(**{**vars(sequence), **turned})


def _every(step: int, sequence: Footage) -> Footage:
    if sequence.fps < 20:
        return sequence
    thin = {key: rows[(rows.frame - 1) % step == 0] for key, rows in _rows(sequence).items()}
    thin = {key: replace(rows, frame=(rows.frame - 1) // step + 1) for key, rows in thin.items()}
    return Footage(**{**vars(sequence), **thin, "fps": sequence.fps / step})


def _missing(sequence: Footage) -> Footage:
    found = sequence.detections
    return Footage(**{**vars(sequence), "detections": found[np.random.default_rng(1).random(len(found)) > 0.2]})


def _jittered(sequence: Footage) -> Footage:
    found = sequence.detections
    noise = np.random.default_rng(3).normal(0, 0.02, found.tlwh.shape) * found.tlwh[:, [2, 3, 2, 3]]
    return Footage(**{**vars(sequence), "detections": replace(found, tlwh=found.tlwh + noise)})


def _like_dpm(sequence: Footage) -> Footage:
    """Scores from -0.5 upwards with the long tail of DPM's, about .7 correlated with the ranks of the real ones."""
    found, rng, rho = sequence.detections, np.random.default_rng(11), 0.7
    real = _rank(found.score + rng.random(len(found)) * 1e-6) - 0.5
    mixed = rho * real * 3.4 + np.sqrt(1 - rho**2) * rng.normal(size=len(found))
    return Footage(**{**vars(sequence), "detections": replace(found, score=-0.5 - np.log(1 - _rank(mixed)) * 0.45)})


def _rank(values: np.ndarray) -> np.ndarray:
    """Where each value stands among all, in (0, 1)."""
    return (np.argsort(np.argsort(values)) + 0.5) / len(values)


def _cautious(sequence: Footage) -> Footage:
    found = sequence.detections
    return Footage(**{**vars(sequence), "detections": replace(found, score=0.4 + 0.25 * found.score)})


CHANGES: dict[str, Callable[[Footage], Footage]] = {
    "backwards": _backwards,
    "every 2nd frame": functools.partial(_every, 2),
    "every 3rd frame": functools.partial(_every, 3),
    "20 % missing": _missing,
    "2 % jitter": _jittered,
    "scores like DPM's": _like_dpm,
    "scores .4 to .65": _cautious,
}


def _rows(sequence: Footage) -> dict[str, MotRows]:
    return {"truth": sequence.truth, "detections": sequence.detections}


def _sum(scores: Iterable[Score]) -> Score:
    return scoring.sum_scores(scores)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _show_speed(figures: dict[str, dict[int, float]]) -> None:
    print("\nCPU us per frame" + "".join(f"{n:>9}" for n in PEOPLE) + "   ratio to nightjar")
    for name, of in figures.items():
        ratio = "  ".join(f"{of[n] / figures['nightjar'][n]:.1f}" for n in PEOPLE)
        print(f"{name:24}" + "".join(f"{of[n]:9.0f}" for n in PEOPLE) + f"   {ratio}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--robust", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--memory", type=int, default=0, metavar="UPDATES")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    everything = not (args.quality or args.robust or args.speed or args.memory)
    result: dict[str, Any] = {}
    if args.quality or args.robust or everything:
        result["quality"] = quality(robust=args.robust)
        for name, figures in result["quality"].items():
            print(f"\n{name}\n{scoring.table(figures)}")
    if args.speed or everything:
        result["speed_us"] = speed()
        _show_speed(result["speed_us"])
    if args.memory:
        result["memory"] = memory(args.memory)
        print(f"\n{result['memory']}")
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()

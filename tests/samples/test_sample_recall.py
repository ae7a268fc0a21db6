"""What `benchmarks.samples` counts: asked is who can be seen, found is who overlaps, false is what is nobody."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.samples import clipped, faults_of, iou, measure, truth_of
from pipeline.types import Detections, Frame

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
CLIPS = {entry["name"]: entry for entry in tomllib.loads((SAMPLES / "manifest.toml").read_text())["clip"]}
ENTRY = CLIPS["corridor_faults"]
ROWS, _ = truth_of(SAMPLES, ENTRY)


class Told:
    """A detector that answers from the truth; remembers when it was asked."""

    name, kind, people, notes = "told", "model", True, ()

    def __init__(self, answer: Callable[[np.ndarray], np.ndarray]) -> None:
        self.answer, self.asked = answer, []

    def detect(self, frame: Frame) -> Detections:
        self.asked.append(frame.pts)
        now = ROWS[ROWS[:, 0] == 1 + round(frame.pts * ENTRY["fps"])]
        boxes = self.answer(clipped(now, frame.width, frame.height)).astype(np.float32).reshape(-1, 4)
        return Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.zeros(len(boxes), np.int32))

    def state(self) -> None:
        return None

    def restore(self, state: bytes) -> None:
        return None


@pytest.mark.parametrize(
    ("word", "answer", "recall", "false"),
    [
        ("perfect", lambda boxes: boxes, 1.0, 0.0),
        ("blind", lambda boxes: boxes[:0], 0.0, 0.0),
        ("a ghost in the corner", lambda boxes: np.array([[0, 0, 20, 40]]), 0.0, 1.0),
        ("only the upper half", lambda boxes: boxes * (1, 1, 1, 0.5) + boxes[:, [1]] * (0, 0, 0, 0.45), 0.0, 0.0),
    ],
)
def test_what_is_found_and_what_is_false(
    word: str, answer: Callable[[np.ndarray], np.ndarray], recall: float, false: float
) -> None:
    detector = Told(answer)
    found = measure(detector, SAMPLES, ENTRY, moving=False)
    assert found.wanted > 50
    assert (found.recall, found.false_per_frame) == pytest.approx((recall, false), abs=0.02), word
    blind = [f for f in faults_of(SAMPLES, ENTRY) if f["kind"] != "moved"]
    assert blind
    assert not any(f["begin_s"] <= t < f["end_s"] for f in blind for t in detector.asked)


def test_overlap_of_boxes() -> None:
    a, b = np.array([[0, 0, 10, 10.0]]), np.array([[5, 0, 15, 10], [2, 2, 4, 4], [20, 20, 30, 30.0]])
    overlap, within = iou(a, b)
    assert overlap[0] == pytest.approx([1 / 3, 0.04, 0])
    assert within[0] == pytest.approx([0.5, 1, 0])

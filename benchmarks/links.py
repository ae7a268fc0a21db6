"""Who is taken to continue whom, on real people: right and wrong joins. `python -m benchmarks.links [--json]`.

Public detections (FRCNN) of MOT17 are given the id of the annotated person they overlap by half, and a new id after
each gap of a second or more: every new id is somebody found again or somebody new. `annotated` counts the joins in the
annotations themselves, where nobody is ever lost. Five frames a second; joins over gaps of 10 s at most.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.scene import Scene
from rules.types import Tracks

ASSETS = Path(os.environ.get("NIGHTJAR_ASSETS", Path(__file__).resolve().parent.parent.parent / "shared" / "assets"))
SIZES = {
    "MOT17-02": (1920, 1080, 30.0), "MOT17-05": (640, 480, 14.0), "MOT17-10": (1920, 1080, 30.0),
    "MOT17-11": (1920, 1080, 30.0), "TUD-Campus": (640, 480, 25.0),
}  # fmt: skip
FPS, BREAK_S, MIN_IOU, MAX_GAP_S = 5.0, 1.0, 0.5, 10.0


def overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of tlwh boxes, (A, B)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(-1)
    result: NDArray[np.float64] = both / (a[:, 2:].prod(-1)[:, None] + b[:, 2:].prod(-1)[None] - both)
    return result


def people(found: NDArray[np.float64], known: NDArray[np.float64]) -> list[tuple[int, NDArray[np.float64]]]:
    """Each detection's person, best overlap first: (person, tlwh) pairs."""
    if not len(found) or not len(known):
        return []
    iou, pairs = overlap(found[:, 2:6], known[:, 2:6]), []
    while iou.max() >= MIN_IOU:
        d, g = np.unravel_index(int(iou.argmax()), iou.shape)
        pairs.append((int(known[g, 1]), found[d, 2:6]))
        iou[d], iou[:, g] = 0.0, 0.0
    return pairs


def joins(name: str, *, detected: bool) -> dict[str, Any]:
    """Right and wrong joins of one sequence, and how many ids there were to join."""
    width, height, rate = SIZES[name]
    known = np.loadtxt(ASSETS / "mot" / name / "gt.txt", delimiter=",")
    if name.startswith("MOT17"):
        known = known[(known[:, 6] == 1) & (known[:, 7] == 1)]
    boxes = np.loadtxt(ASSETS / "mot" / name / "det.txt", delimiter=",") if detected else known
    scene, names, person_of, uid_of, last_seen = Scene(), {}, {}, {}, {}
    counts = {"lost": 0, "right": 0, "wrong": 0}
    taken = -1
    for number in range(1, int(known[:, 0].max()) + 1):
        pts = (number - 1) / rate
        if int(pts * FPS + 1e-6) == taken:
            continue
        taken = int(pts * FPS + 1e-6)
        here = people(boxes[boxes[:, 0] == number], known[known[:, 0] == number]) if detected else [
            (int(row[1]), row[2:6]) for row in known[known[:, 0] == number]
        ]  # fmt: skip
        ids = []
        for person, _ in here:
            gap_s = pts - last_seen.get(person, -1e9)
            if (detected and gap_s >= BREAK_S) or person not in uid_of:
                counts["lost"] += gap_s <= MAX_GAP_S
                uid_of[person] = len(person_of) + 1
                person_of[uid_of[person]] = person
            last_seen[person] = pts
            ids.append(uid_of[person])
        for link, old, new in _links(scene, here, ids, pts, (width, height), names, score=0.9 if detected else 1.0):
            if link.gap_s <= MAX_GAP_S:
                counts["right" if person_of[old] == person_of[new] else "wrong"] += 1
    persons = len(set(person_of.values()))
    return {"sequence": name, "boxes": "detected" if detected else "annotated", "people": persons, **counts}


def _links(
    scene: Scene, here: list[Any], ids: list[int], pts: float, size: tuple[int, int], names: dict[int, int], *,
    score: float,
) -> list[Any]:  # fmt: skip
    width, height = size
    tlwh = np.array([box for _, box in here]).reshape(-1, 4)
    xyxy = np.column_stack((tlwh[:, :2] - 1, tlwh[:, :2] - 1 + tlwh[:, 2:])) / (width, height, width, height)
    n = len(ids)
    view = scene.view(
        Tracks(
            camera_id="c", run_id=1, pts=pts, utc=1.78e9 + pts, aspect=width / height,
            track_id=np.array(ids, np.int64).reshape(n), xyxy=xyxy.clip(0, 1).astype(np.float32),
            score=np.full(n, score, np.float32), class_id=np.zeros(n, np.int32), observed=np.ones(n, np.bool_),
        )
    )  # fmt: skip
    names.update(zip(view.uid.tolist(), view.track_id.tolist(), strict=True))
    return [(link, names[link.old], names[link.new]) for link in view.links]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = [joins(name, detected=detected) for name in SIZES for detected in (True, False)]
    if args.json:
        print(json.dumps(found))
        return
    for row in found:
        print(
            f"{row['sequence']:10}  {row['boxes']:9}  people {row['people']:3}  lost {row['lost']:3}  "
            f"right {row['right']:3}  wrong {row['wrong']:3}"
        )


if __name__ == "__main__":
    main()

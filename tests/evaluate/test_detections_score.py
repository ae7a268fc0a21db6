"""AP, AP50 and AR against figures worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli import main
from pipeline.evaluate.average_precision import Image, figures

Box = tuple[float, float, float, float]
A: Box = (0, 0, 10, 10)
B: Box = (100, 0, 10, 10)
HALF: Box = (0, 0, 10, 6)  # overlaps A by 0.6: right at IoU .50, .55 and .60 only
AWAY: Box = (500, 500, 10, 10)


def image(truth: list[Box], found: list[tuple[Box, float]], *, ignored: int = 0, crowd: int = 0) -> Image:
    """The last `ignored` and, of these, the last `crowd` objects count neither way."""
    at = np.arange(len(truth))
    return Image(
        truth=np.array(truth, np.float64).reshape(-1, 4),
        ignored=at >= len(truth) - ignored,
        crowd=at >= len(truth) - crowd,
        found=np.array([box for box, _ in found], np.float64).reshape(-1, 4),
        score=np.array([score for _, score in found], np.float64),
    )


@pytest.mark.parametrize(
    ("word", "truth", "found", "ap", "ap50", "ar"),
    [
        ("found exactly", [A], [(A, 0.9)], 1.0, 1.0, 1.0),
        ("nothing found", [A], [], 0.0, 0.0, 0.0),
        ("only elsewhere", [A], [(AWAY, 0.9)], 0.0, 0.0, 0.0),
        ("loose box passes three of ten overlaps", [A], [(HALF, 0.9)], 0.3, 1.0, 0.3),
        ("one of two: recalls 0 to .50 are 51 of 101", [A, B], [(A, 0.9)], 51 / 101, 51 / 101, 0.5),
        ("a false box below costs nothing", [A], [(A, 0.9), (AWAY, 0.1)], 1.0, 1.0, 1.0),
        ("a false box above halves precision", [A], [(AWAY, 0.9), (A, 0.1)], 0.5, 0.5, 1.0),
        ("a repeat is false", [A, B], [(A, 0.9), (A, 0.8), (B, 0.7)], (51 + 50 * 2 / 3) / 101, (51 + 50 * 2 / 3) / 101, 1.0),
        ("the hundred best of an image", [A], [(AWAY, 0.9)] * 100 + [(A, 0.1)], 0.0, 0.0, 0.0),
    ],
)  # fmt: skip
def test_worked_by_hand(
    word: str, truth: list[Box], found: list[tuple[Box, float]], ap: float, ap50: float, ar: float
) -> None:
    got = figures([image(truth, found)])
    assert (got["AP"], got["AP50"], got["AR"]) == pytest.approx((ap, ap50, ar)), word


@pytest.mark.parametrize(
    ("word", "ignored", "crowd", "found", "ap50"),
    [
        ("on somebody ignored: neither way", 1, 0, [(B, 0.9), (A, 0.5)], 1.0),
        ("twice on somebody ignored: the second is false", 1, 0, [(B, 0.9), (B, 0.8), (A, 0.5)], 0.5),
        ("twice in a crowd: neither way", 1, 1, [(B, 0.9), (B, 0.8), (A, 0.5)], 1.0),
        ("small in a crowd: measured by the box alone", 1, 1, [((100, 0, 2, 2), 0.9), (A, 0.5)], 1.0),
        ("somebody ignored need not be found", 1, 0, [(A, 0.5)], 1.0),
    ],
)
def test_what_counts_neither_way(
    word: str, ignored: int, crowd: int, found: list[tuple[Box, float]], ap50: float
) -> None:
    assert figures([image([A, B], found, ignored=ignored, crowd=crowd)])["AP50"] == pytest.approx(ap50), word


def test_scores_are_ranked_over_all_images() -> None:
    got = figures([image([A], [(A, 0.5)]), image([], [(AWAY, 0.9)])])
    assert got["AP50"] == pytest.approx(0.5)
    assert (got["images"], got["people"], got["detections"]) == (2, 1, 2)


def test_nobody_to_find_has_no_figure() -> None:
    assert figures([image([], [(A, 0.9)])])["AP"] is None
    assert figures([])["AR"] is None


def write_mot(path: Path, rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")
    return path


def scored(capsys: pytest.CaptureFixture[str], gt: Path, found: Path) -> dict[str, float]:
    assert main(["score", "detections", "--gt", str(gt), "--detections", str(found), "--json"]) == 0
    answer: dict[str, float] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def test_motchallenge_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = [
        "1,1,1,1,10,10,1,1,1", "1,2,101,1,10,10,0,7,1",  # a person, a static person
        "1,3,201,1,10,10,0,1,1", "1,4,301,1,10,10,0,3,1", "2,1,1,1,10,10,1,1,1",  # flagged out, a car, a person
    ]  # fmt: skip
    boxes = [(1, 1, 0.9), (1, 101, 0.8), (1, 201, 0.7), (1, 301, 0.6), (2, 1, 0.5)]
    gt = write_mot(tmp_path / "gt.txt", truth)
    found = write_mot(tmp_path / "det.txt", [f"{f},-1,{x},1,10,10,{s},-1,-1,-1" for f, x, s in boxes])
    got = scored(capsys, gt, found)
    assert got["AP50"] == pytest.approx((51 + 50 * 2 / 3) / 101)  # the box on the car is the only false one
    assert (got["people"], got["images"], got["AR"]) == (2, 2, 1.0)


def test_a_folder_of_sequences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, left in (("a", 1), ("b", 500)):
        write_mot(tmp_path / "gt" / name / "gt.txt", ["1,1,1,1,10,10,1,1,1"])
        write_mot(tmp_path / "det" / f"{name}.txt", [f"1,-1,{left},1,10,10,0.5,-1,-1,-1"])
    got = scored(capsys, tmp_path / "gt", tmp_path / "det")
    assert {name: part["AP50"] for name, part in got["sequences"].items()} == {"a": 1.0, "b": 0.0}  # type: ignore[attr-defined]
    assert main(["score", "detections", "--gt", str(tmp_path / "gt"), "--detections", str(tmp_path / "det")]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["a", "b", "all"]


def coco(folder: Path, **changed: object) -> tuple[Path, Path]:
    truth = {
        "images": [{"id": 1}, {"id": 2}],
        "categories": [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "bbox": list(A), "iscrowd": 0},
            {"image_id": 2, "category_id": 1, "bbox": [0, 0, 200, 200], "iscrowd": 1},
            {"image_id": 2, "category_id": 3, "bbox": list(B)},
        ],
        **changed,
    }
    found = [
        {"image_id": 1, "category_id": 1, "bbox": list(A), "score": 0.5},
        {"image_id": 1, "category_id": 3, "bbox": list(AWAY), "score": 0.9},
        {"image_id": 2, "category_id": 1, "bbox": list(A), "score": 0.9},
        {"image_id": 7, "category_id": 1, "bbox": list(A), "score": 0.9},
    ]
    (folder / "gt.json").write_text(json.dumps(truth))
    (folder / "found.json").write_text(json.dumps(found))
    return folder / "gt.json", folder / "found.json"


def test_coco_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    got = scored(capsys, *coco(tmp_path))
    assert (got["AP"], got["images"], got["people"], got["detections"]) == (1.0, 2, 1, 2)


@pytest.mark.parametrize(
    ("word", "changed", "said"),
    [
        ("no person", {"categories": [{"id": 3, "name": "car"}]}, "no category 'person'"),
        ("no images", {"images": None}, "not COCO's annotations"),
        ("short box", {"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3]}]}, "bbox [x, y, w, h]"),
    ],
)
def test_wrong_coco_files(
    word: str, changed: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt, found = coco(tmp_path, **changed)
    assert main(["score", "detections", "--gt", str(gt), "--detections", str(found)]) == 2, word
    assert said in capsys.readouterr().err


def test_files_that_are_missing_or_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gt, found = coco(tmp_path)
    det = write_mot(tmp_path / "det.txt", ["1,-1,1,1,10,10,0.5"])
    for wrong, said in ((tmp_path / "none.json", "none.json"), (det, "both or neither")):
        assert main(["score", "detections", "--gt", str(gt), "--detections", str(wrong)]) == 2
        assert said in capsys.readouterr().err
    assert main(["score", "detections", "--gt", str(tmp_path), "--detections", str(found)]) == 2

"""Every family on real weights where there are any, on arrays made here otherwise; what does not fit is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.detect.base import DetectorSpec
from pipeline.detect.card import ModelCard, card_from_metadata
from pipeline.detect.catalog import load_catalog
from pipeline.detect.families import FAMILIES, nanodet
from pipeline.detect.model import ModelDetector
from pipeline.detect.open import open_detector
from pipeline.detect.session import Session
from pipeline.errors import ModelError
from pipeline.evaluate.average_precision import figures
from pipeline.evaluate.detections import mot_images
from pipeline.track import mot
from pipeline.track.mot import MotRows
from tests.detect.pictures import frame
from tests.detect.weights import write_weights

SIDE = 64
Arrays = Sequence[NDArray[np.float32]]


def people(model: ModelDetector, folder: Path) -> MotRows:
    """What a model finds on a folder's pictures, as rows of a det.txt."""
    frames, boxes, scores = [], [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
    for path in sorted(folder.glob("*.jpg")):
        picture = cv2.imread(str(path))
        assert picture is not None
        found = model.detect(frame(np.asarray(picture, np.uint8)))
        person = found.class_id == 0
        frames += [int(path.stem)] * int(person.sum())
        boxes.append(found.xyxy[person])
        scores.append(found.score[person])
    xyxy = np.concatenate(boxes).astype(np.float64)
    count = len(frames)
    return MotRows(
        frame=np.array(frames, np.int64), track_id=np.full(count, -1), observed=np.ones(count, np.bool_),
        tlwh=np.concatenate((xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]), axis=1),
        score=np.concatenate(scores).astype(np.float64), class_id=np.zeros(count, np.int64),
    )  # fmt: skip


@pytest.mark.assets
@pytest.mark.parametrize(
    ("name", "measured"),
    [("yolox_nano_416", 0.430), ("nanodet_m_416", 0.392), ("fastestdet_352", 0.245), ("light_person_192", 0.238)],
)
def test_people_are_found_on_real_pictures(name: str, measured: float, assets: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    entry = load_catalog()[name]
    (folder / entry.file).symlink_to((assets / "models" / f"{name}.onnx").resolve())
    opened = open_detector(DetectorSpec(model=name, score=0.01), models_folder=folder)
    assert isinstance(opened, ModelDetector)
    images = [
        image
        for sequence in sorted((assets / "images").iterdir())
        for image in mot_images(mot.read_rows(sequence / "gt.txt", keep_ignored=True), people(opened, sequence))
    ]
    got = figures(images)["AP50"]
    assert got is not None
    assert got > measured - 0.02  # scaling and runtimes differ in the last digit; a wrong recipe costs more than this


def yolox_rows() -> NDArray[np.float32]:
    rows = np.zeros((1, 84, 7), np.float32)  # 8 x 8, 4 x 4 and 2 x 2 cells; two labels
    rows[0, 64 + 4 * 2 + 1] = (0.5, 0.5, np.log(1), np.log(2), 0.8, 0.1, 0.9)  # stride 16, column 1, row 2
    return rows


def yolo_columns() -> NDArray[np.float32]:
    columns = np.zeros((1, 6, 84), np.float32)
    columns[0, :, 5] = (24, 40, 16, 32, 0.1, 0.72)
    return columns


def end_to_end_rows() -> NDArray[np.float32]:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = (16, 24, 32, 56, 0.72, 1)
    return rows


def rtdetr_rows() -> NDArray[np.float32]:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 9] = (24 / SIDE, 40 / SIDE, 16 / SIDE, 32 / SIDE, 0.1, 0.72)
    return rows


def rtdetr_best_rows() -> NDArray[np.float32]:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = (24 / SIDE, 40 / SIDE, 16 / SIDE, 32 / SIDE, 0.72, 1)
    return rows


def fastestdet_planes() -> NDArray[np.float32]:
    planes = np.zeros((1, 7, 4, 4), np.float32)
    logit = lambda share: np.log(share / (1 - share))  # noqa: E731
    # Cell (row 2, column 1): its corner and half a cell is the centre.
    planes[0, :, 2, 1] = (0.72, np.arctanh(0.5), np.arctanh(0.5), logit(16 / SIDE), logit(32 / SIDE), 0.1, 0.72)
    return planes


def nanodet_heads() -> Arrays:
    scores = [np.zeros((1, cells, 2), np.float32) for cells in (64, 16, 4)]
    sides = [np.full((1, cells, 32), -50, np.float32) for cells in (64, 16, 4)]
    scores[1][0, 4 * 2 + 1, 1] = 0.72  # stride 16, centre at (23.5, 39.5)
    for side, bin_at in enumerate((1, 1, 1, 1)):
        sides[1][0, 4 * 2 + 1, side * nanodet.BINS + bin_at] = 50
    return [*scores, *sides]


BOX = (16, 24, 32, 56)
MADE: list[tuple[str, Arrays, tuple[float, ...]]] = [
    ("yolox", [yolox_rows()], BOX),
    ("yolo", [yolo_columns()], BOX),
    ("yolo_end_to_end", [end_to_end_rows()], BOX),
    ("rtdetr", [rtdetr_rows()], BOX),
    ("rtdetr_best", [rtdetr_best_rows()], BOX),
    ("fastestdet", [fastestdet_planes()], BOX),
    ("nanodet", nanodet_heads(), (7.5, 23.5, 39.5, 55.5)),
]


def test_every_family_is_tested() -> None:
    assert {family for family, _, _ in MADE} == set(FAMILIES)


@pytest.mark.parametrize(("family", "outputs", "box"), MADE, ids=[row[0] for row in MADE])
def test_one_object_is_decoded(family: str, outputs: Arrays, box: tuple[float, ...]) -> None:
    chosen = FAMILIES[family]
    chosen.check(outputs, (SIDE, SIDE), 2)
    found = chosen.decode(outputs, (SIDE, SIDE), 2, 0.5)
    assert found.xyxy == pytest.approx(np.array([box]), abs=1e-3)
    assert found.score == pytest.approx([0.72], abs=1e-6)
    assert found.class_id.tolist() == [1]


@pytest.mark.parametrize(("family", "outputs", "box"), MADE, ids=[row[0] for row in MADE])
def test_nothing_above_the_score_is_no_boxes(family: str, outputs: Arrays, box: tuple[float, ...]) -> None:
    found = FAMILIES[family].decode(outputs, (SIDE, SIDE), 2, 0.9)
    assert (found.xyxy.shape, found.score.shape, found.class_id.dtype) == ((0, 4), (0,), np.int32)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize(
    ("word", "shapes"),
    [
        ("no output", []),
        ("flat", [(1, 84)]),
        ("one cell short", [(1, 83, 8)]),
        ("another count of outputs", [(1, 64, 7), (1, 16, 7), (1, 4, 7)]),
        ("two pictures", [(2, 84, 7)]),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(family: str, word: str, shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match=f"{family} layout"):
        FAMILIES[family].check([np.zeros(shape, np.float32) for shape in shapes], (SIDE, SIDE), 2)


@pytest.mark.parametrize(
    ("family", "rows"), [("yolo_end_to_end", end_to_end_rows()), ("rtdetr_best", rtdetr_best_rows())]
)
def test_a_class_beyond_the_labels_is_refused(family: str, rows: NDArray[np.float32]) -> None:
    with pytest.raises(ModelError, match="class 1"):
        FAMILIES[family].decode([rows], (SIDE, SIDE), 1, 0.5)


def test_scores_in_place_of_classes_are_no_rtdetr_best() -> None:
    """With two labels the older layout of RT-DETR has six columns as well."""
    with pytest.raises(ModelError, match="rtdetr_best layout"):
        FAMILIES["rtdetr_best"].check([rtdetr_rows()], (SIDE, SIDE), 2)


SAID = {"task": "detect", "names": "{0: 'dog', 1: 'person'}", "imgsz": "[64, 64]"}


@pytest.mark.parametrize(
    ("family", "output", "more"),
    [
        ("yolo", yolo_columns(), {}),
        ("yolo_end_to_end", end_to_end_rows(), {"end2end": "True"}),
        ("yolo_end_to_end", end_to_end_rows(), {"args": "{'nms': True}"}),
        ("rtdetr", rtdetr_rows(), {"description": "Ultralytics rtdetr-l model trained on own.yaml"}),
        ("rtdetr_best", rtdetr_best_rows(), {"head": "RTDETRDecoder"}),
    ],
)
def test_an_export_says_itself_what_it_is(
    family: str, output: NDArray[np.float32], more: dict[str, str], tmp_path: Path
) -> None:
    path = write_weights(tmp_path / "own.onnx", [output], metadata={**SAID, **more})
    model = open_detector(DetectorSpec(model=str(path), score=0.5))
    assert isinstance(model, ModelDetector)
    assert model.card.family.name == family
    found = model.detect(frame(np.zeros((2 * SIDE, 2 * SIDE, 3), np.uint8)))
    assert found.xyxy == pytest.approx(2.0 * np.array([BOX]))  # in px of the picture
    assert found.class_id.tolist() == [0]  # a person, wherever the model's labels have it


@pytest.mark.parametrize(
    ("word", "more", "shape", "said"),
    [
        ("segmentation", {"task": "segment"}, (1, 6, 84), "'segment'"),
        ("labels do not fit", {"names": "{0: 'person'}"}, (1, 9, 84), "no known layout"),
        ("input size is another", {"imgsz": "[96, 96]"}, (1, 6, 84), "64x64"),
        ("names cannot be read", {"names": "{0: "}, (1, 6, 84), "names"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(
    word: str, more: dict[str, str], shape: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    path = write_weights(tmp_path / "own.onnx", [np.zeros(shape, np.float32)], metadata={**SAID, **more})
    with pytest.raises(ModelError, match=said):
        open_detector(DetectorSpec(model=str(path), score=0.5))


def test_a_file_without_metadata_says_nothing(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "own.onnx", [yolo_columns()])
    assert card_from_metadata("own", Session(path).signature) is None


@pytest.mark.parametrize(
    ("word", "cell"),
    [
        ("not a number", (np.nan, 0.5, 0, 0, 0.9, 0.9, 0.1)),
        ("endless", (0.5, 0.5, 200, 200, 0.9, 0.9, 0.1)),
        ("no width", (0.5, 0.5, -200, 0, 0.9, 0.9, 0.1)),
        ("far outside", (900.0, 0.5, 0, 0, 0.9, 0.9, 0.1)),
        ("a score that is no number", (0.5, 0.5, 0, 0, np.nan, 0.9, 0.1)),
        ("a class score that is no number", (0.5, 0.5, 0, 0, 0.9, np.nan, 0.1)),
    ],
)
def test_what_a_broken_model_says_is_left_out(word: str, cell: tuple[float, ...], tmp_path: Path) -> None:
    rows = yolox_rows()
    rows[0, 3] = cell
    model = broken(tmp_path, rows)
    found = model.detect(frame(np.zeros((2 * SIDE, 2 * SIDE, 3), np.uint8)))
    assert found.xyxy == pytest.approx(2.0 * np.array([BOX])), word


def test_a_score_above_one_is_one(tmp_path: Path) -> None:
    rows = yolox_rows()
    rows[0, 64 + 4 * 2 + 1, 4] = np.inf
    assert broken(tmp_path, rows).detect(frame(np.zeros((SIDE, SIDE, 3), np.uint8))).score.tolist() == []
    rows[0, 64 + 4 * 2 + 1, 4] = 7.0
    assert broken(tmp_path, rows).detect(frame(np.zeros((SIDE, SIDE, 3), np.uint8))).score.tolist() == [1.0]


def broken(place: Path, rows: NDArray[np.float32]) -> ModelDetector:
    session = Session(write_weights(place / "w.onnx", [rows]))
    card = ModelCard(name="w", family=FAMILIES["yolox"], size=(SIDE, SIDE), labels=("dog", "person"))
    return ModelDetector(session, card, score=0.3)


BOTH = [row for row in MADE if row[0] not in ("yolo_end_to_end", "rtdetr_best")]  # those say one class a box


@pytest.mark.parametrize(("family", "outputs", "box"), BOTH, ids=[row[0] for row in BOTH])
def test_of_wanted_classes_alone_a_box_is_the_best(family: str, outputs: Arrays, box: tuple[float, ...]) -> None:
    """What looks like class 1 more than like class 0 is class 0 where nobody asks for 1."""
    only = np.asarray([0])
    low = FAMILIES[family].decode(outputs, (SIDE, SIDE), 2, 0.05, only)
    boxes = low.xyxy[np.abs(low.xyxy - np.array(box)).max(axis=1) < 1e-3]
    if family != "nanodet":  # there the other class is exactly 0
        assert len(boxes) == 1
    assert set(low.class_id.tolist()) <= {0}
    assert len(FAMILIES[family].decode(outputs, (SIDE, SIDE), 2, 0.5, only)) == 0


@pytest.mark.parametrize(("wanted", "count"), [((0,), 0), ((1,), 1), ((0, 1), 1)])
@pytest.mark.parametrize(
    ("family", "rows"), [("yolo_end_to_end", end_to_end_rows()), ("rtdetr_best", rtdetr_best_rows())]
)
def test_listed_boxes_of_other_classes_are_left_out(
    family: str, rows: NDArray[np.float32], wanted: tuple[int, ...], count: int
) -> None:
    assert len(FAMILIES[family].decode([rows], (SIDE, SIDE), 2, 0.5, np.asarray(wanted))) == count


def test_a_model_without_the_wanted_classes_finds_nothing(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "own.onnx", [yolo_columns()], metadata=SAID)
    model = open_detector(DetectorSpec(model=str(path), score=0.5, classes=(7,)))
    assert len(model.detect(frame(np.zeros((SIDE, SIDE, 3), np.uint8)))) == 0

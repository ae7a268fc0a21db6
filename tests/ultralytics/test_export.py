"""The package's predictor and our path find the same: on ONNX that `nightjar models export` made, and on the `.pt`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.cli import main
from pipeline.detect import DetectorSpec, open_detector
from pipeline.detect.boxes import clip, with_area
from pipeline.detect.catalog import load_catalog
from pipeline.detect.model import ModelDetector
from pipeline.errors import ModelError
from pipeline.types import Detections
from tests.detect.pictures import frame
from tests.ultralytics.networks import LABELS, SIDE, write_network

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's and the package's own warnings are not ours to mend

SCORE, AT_MOST = 0.01, 300
APART_PX = 0.5
CLOSE = 1e-3  # a score so close to the lowest may fall on either side of it


@dataclass(frozen=True, slots=True)
class Case:
    """A network, how it is exported, and the layout that must be recognised."""

    name: str
    family: str
    arguments: tuple[str, ...] = ()

    @property
    def predicts(self) -> dict[str, Any]:
        """What the package's predictor must be told to use the same head."""
        return {"nms": False} if "--end-to-end" in self.arguments else {}


CASES = (
    Case("yolov8n", "yolo"),
    Case("yolo11n", "yolo"),
    Case("yolo11n", "yolo", ("--open-size",)),
    Case("yolo26n", "yolo"),
    Case("yolo26n", "yolo_end_to_end", ("--end-to-end",)),
    Case("rtdetr-l", "rtdetr_best"),
)
NAMES = sorted({case.name for case in CASES})
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join((case.name, *case.arguments)))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, picture: NDArray[np.uint8]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("weights")
    return {name: write_network(folder / f"{name}.pt", name, picture) for name in NAMES}


def predicted(path: Path, picture: NDArray[np.uint8], **options: Any) -> Detections:
    """What the package itself finds."""
    from ultralytics import YOLO

    (result,) = YOLO(str(path), task="detect").predict(
        picture, imgsz=SIDE, conf=SCORE, iou=0.7, max_det=AT_MOST, verbose=False, **options
    )
    xyxy = np.asarray(result.boxes.xyxy.numpy(), np.float32).reshape(-1, 4)
    inside = clip(xyxy, width=picture.shape[1], height=picture.shape[0])  # for RT-DETR the package does not
    score, class_id = np.asarray(result.boxes.conf.numpy()), np.asarray(result.boxes.cls.numpy())
    return with_area(Detections(inside, score.astype(np.float32), class_id.astype(np.int32)))


def assert_same(ours: Detections, theirs: Detections) -> None:
    """Everybody has a partner of the same class within half a pixel, on either side."""
    print(len(ours), len(theirs), np.sort(theirs.score)[::-1][[0, len(theirs) // 2]])
    assert len(theirs) >= 20
    lowest = max(SCORE, float(theirs.score.min())) if len(theirs) == AT_MOST else SCORE
    for one, other in ((ours, theirs), (theirs, ours)):
        apart = np.abs(one.xyxy[:, None] - other.xyxy[None]).max(axis=2)
        apart[one.class_id[:, None] != other.class_id[None]] = np.inf
        alone = apart.min(axis=1, initial=np.inf) > APART_PX
        assert not (alone & (one.score > lowest + CLOSE)).any(), (one.xyxy[alone], one.score[alone])


@every_case
def test_our_onnx_path_finds_what_the_package_finds(
    case: Case, weights: dict[str, Path], picture: NDArray[np.uint8], tmp_path: Path
) -> None:
    arguments = ["models", "export", str(weights[case.name]), "--imgsz", str(SIDE), *case.arguments]
    assert main([*arguments, "--name", "own", "--data", str(tmp_path)]) == 0
    entry = load_catalog(tmp_path / "models")["own"]
    assert (entry.family, entry.size, entry.labels) == (case.family, (SIDE, SIDE), LABELS)
    assert "AGPL" in entry.licence
    ours = open_detector(DetectorSpec(model="own", score=SCORE), models_folder=tmp_path / "models")
    assert isinstance(ours, ModelDetector)
    found = ours.detect_pixels(picture)
    assert_same(found, predicted(tmp_path / "models" / entry.file, picture))
    open_size = "--open-size" in case.arguments
    assert_same(found, predicted(weights[case.name], picture, rect=open_size, **case.predicts))


@pytest.mark.parametrize("name", NAMES)
def test_weights_run_directly_find_what_the_package_finds(
    name: str, weights: dict[str, Path], picture: NDArray[np.uint8]
) -> None:
    ours = open_detector(DetectorSpec(model=str(weights[name]), score=SCORE))
    assert isinstance(ours, ModelDetector)
    assert (ours.name, ours.people, ours.size) == (name, True, (SIDE, SIDE))
    assert_same(ours.detect_pixels(picture), predicted(weights[name], picture))


def test_regions_take_weights_run_directly(weights: dict[str, Path], picture: NDArray[np.uint8]) -> None:
    ours = open_detector(DetectorSpec(model=str(weights["yolo11n"]), score=0.3, regions=True))
    assert ours.name == "yolo11n+regions"
    ours.detect(frame(picture))


def test_what_cannot_run_weights_is_announced(weights: dict[str, Path]) -> None:
    ours = open_detector(DetectorSpec(model=str(weights["yolo11n"]), providers=("openvino", "cpu")))
    assert len(ours.notes) == 1
    assert "openvino" in ours.notes[0]


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.pt").write_bytes(b"rubbish")
    with pytest.raises(ModelError, match=r"own\.pt"):
        open_detector(DetectorSpec(model=str(tmp_path / "own.pt")))


def test_another_task_is_refused(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    path = write_network(tmp_path / "seg.pt", "yolo11n-seg", picture)
    with pytest.raises(ModelError, match="segment"):
        open_detector(DetectorSpec(model=str(path)))

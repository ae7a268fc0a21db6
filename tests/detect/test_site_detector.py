"""What a site file says of its detector reaches the detector; what is not installed is said and falls back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.bootstrap import open_site_detector
from pipeline.detect.model import ModelDetector
from pipeline.detect.regions import RegionDetector
from pipeline.detect.session import Session, choose_providers
from pipeline.detect.ultralytics import choose_device
from pipeline.errors import BadInput
from pipeline.folders import DataFolder
from pipeline.site import parse_site
from tests.detect.pictures import frame
from tests.detect.weights import write_weights

SAID = {"task": "detect", "names": "{0: 'dog', 1: 'person'}", "imgsz": "[64, 64]"}
SITE = """site: {{name: s, timezone: UTC}}
detector: {{model: own.onnx, {more}}}
cameras:
  dock:
    source: dock.mp4
    rules: [{{id: r, kind: occupancy, zone: z, over: 1, classes: [{watched}]}}]
    zones: {{z: {{polygon: [[0, 0], [1, 0], [1, 1]]}}}}
"""


def opened(place: Path, more: str, *, watched: str = "person"):
    columns = np.zeros((1, 6, 84), np.float32)
    columns[0, :, 5] = (24, 40, 16, 32, 0.5, 0.4)  # a dog rather than a person
    write_weights(place / "own.onnx", [columns], metadata=SAID)
    site = parse_site(SITE.format(more=more, watched=watched), "site.yaml").placed(place)
    return open_site_detector(site, DataFolder(place / "data"))


def test_regions_are_asked_for(tmp_path: Path) -> None:
    assert isinstance(opened(tmp_path, "regions: true"), RegionDetector)
    assert isinstance(opened(tmp_path, "regions: false"), ModelDetector)


@pytest.mark.parametrize(("watched", "said"), [("person", 0), ("'person', 'dog'", 16)])
def test_of_the_classes_that_rules_name_a_box_is_the_best(watched: str, said: int, tmp_path: Path) -> None:
    found = opened(tmp_path, "score: 0.3", watched=watched).detect(frame(np.zeros((64, 64, 3), np.uint8)))
    assert found.class_id.tolist() == [said]


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_providers_reach_the_session(threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("pipeline.detect.open.Session", lambda path, **given: asked.append(given) or Session(path))
    opened(tmp_path, f"threads: {threads}, providers: [cuda, cpu]")
    assert asked == [{"threads": threads, "providers": ("cuda", "cpu")}]


def test_what_is_not_installed_is_announced(tmp_path: Path) -> None:
    """The notes go to the log and, beside the detector's name, to the camera's status and the page."""
    detector = opened(tmp_path, "providers: [tensorrt, cpu], regions: true")
    assert len(detector.notes) == 1
    assert "tensorrt is not installed" in detector.notes[0]


@pytest.mark.parametrize(
    ("word", "wanted", "installed", "chosen", "notes"),
    [
        ("as is", ["cpu"], ["CPU"], ["CPU"], 0),
        ("first choice", ["cuda", "cpu"], ["CUDA", "CPU"], ["CUDA", "CPU"], 0),
        ("absent", ["tensorrt", "cuda"], ["CUDA", "CPU"], ["CUDA", "CPU"], 1),
        ("nothing of it", ["openvino"], ["CPU"], ["CPU"], 1),
    ],
)
def test_providers_are_tried_in_order(
    word: str, wanted: list[str], installed: list[str], chosen: list[str], notes: int
) -> None:
    names, said = choose_providers(wanted, [f"{name}ExecutionProvider" for name in installed])
    assert [name.removesuffix("ExecutionProvider") for name in names] == chosen, word
    assert len(said) == notes


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(BadInput, match="gpu"):
        choose_providers(["gpu"])


@pytest.mark.parametrize(
    ("wanted", "cuda", "device", "notes"),
    [
        (["cpu"], True, "cpu", 0),
        (["cuda"], True, "cuda", 0),
        (["cuda"], False, "cpu", 1),
        (["openvino"], True, "cpu", 1),
    ],
)
def test_weights_run_directly_have_a_processor_and_cuda(wanted: list[str], cuda: bool, device: str, notes: int) -> None:
    chosen, said = choose_device(wanted, cuda=cuda)
    assert (chosen, len(said)) == (device, notes)

"""Weights of a fixed size opened for any: the same answers on the old size, fitting ones on others, or a refusal."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.detect.anysize import any_size
from pipeline.detect.base import DetectorSpec
from pipeline.detect.boxes import iou
from pipeline.detect.catalog import load_catalog
from pipeline.detect.model import ModelDetector
from pipeline.detect.open import open_detector
from pipeline.detect.session import Session
from pipeline.errors import ModelError

YOLOX, NANODET = "yolox_nano_416", "nanodet_m_416"


@pytest.mark.parametrize(
    ("word", "content"),
    [
        ("nothing of a graph", b"\x3a\x00"),
        ("a graph without inputs", b"\x3a\x04\x12\x02hi"),
        ("text", b"no model at all, but a text of some length"),
        ("cut off", b"\x3a\x7f\x5a"),
    ],
)
def test_what_is_no_model_is_refused(word: str, content: bytes) -> None:
    with pytest.raises(ModelError):
        any_size(content)


@pytest.mark.assets
def test_the_file_without_its_size_answers_as_before_on_that_size(assets: Path) -> None:
    fixed = Session(assets / "models" / f"{YOLOX}.onnx")
    opened = fixed.with_any_size()
    assert fixed.signature.inputs[0].shape == (1, 3, 416, 416)
    assert opened.signature.inputs[0].shape == (1, 3, None, None)
    pixels = np.random.default_rng(1).uniform(0, 255, (1, 3, 416, 416)).astype(np.float32)
    name = fixed.signature.inputs[0].name
    assert np.array_equal(fixed.run({name: pixels})[0], opened.run({name: pixels})[0])
    assert opened.run({name: pixels[:, :, :256]})[0].shape == (1, 52 * 32 + 26 * 16 + 13 * 8, 85)


@pytest.mark.assets
@pytest.mark.parametrize(
    ("sequence", "cells"), [("MOT17-02", 52 * 32 + 26 * 16 + 13 * 8), ("MOT17-05", 52 * 40 + 26 * 20 + 13 * 10)]
)
def test_a_wide_picture_gets_a_wide_input_and_the_same_people(assets: Path, sequence: str, cells: int) -> None:
    path = assets / "models" / f"{YOLOX}.onnx"
    card = load_catalog()[YOLOX].card()
    wide = open_detector(DetectorSpec(model=str(path), score=0.3))
    assert isinstance(wide, ModelDetector)
    square = ModelDetector(Session(path), card, score=0.3)
    picture = np.asarray(cv2.imread(str(assets / "images" / sequence / "000001.jpg")), np.uint8)
    found, expected = wide.detect_pixels(picture), square.detect_pixels(picture)
    sure = expected[expected.score > 0.5]
    assert len(sure) >= 3
    assert (iou(sure.xyxy, found.xyxy).max(axis=1) > 0.8).all()
    letterbox, _ = wide._prepare((picture.shape[1], picture.shape[0]))
    assert wide._run(letterbox)[0].shape[1] == cells


@pytest.mark.assets
def test_a_graph_that_holds_its_size_stays_as_it_is(assets: Path) -> None:
    path = assets / "models" / f"{NANODET}.onnx"
    with pytest.raises(ModelError, match="does not run on an input of"):
        ModelDetector(Session(path, any_size=True), load_catalog()[NANODET].card(), score=0.3)
    opened = open_detector(DetectorSpec(model=str(path), score=0.3))
    assert isinstance(opened, ModelDetector)
    assert opened._session.signature.inputs[0].shape == (1, 3, 416, 416)

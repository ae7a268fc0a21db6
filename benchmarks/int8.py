"""Static int8 of a model beside the original: `python -m benchmarks.int8 --out FILE.onnx`.

Weights per channel, activations by the least and greatest value seen on frames of the sample clips; the head, from
where its branches begin, stays as it is. Says person AP50 on the assets' MOT17 pictures and CPU of a run, in turns.
Needs the package onnx. `nightjar models add FILE.onnx --family yolox` then catalogues the result.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.version_converter import convert_version
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.detection import _ap50, _images, frame_of, people
from benchmarks.machine import ASSETS, MODEL, SAMPLES, describe, spread
from pipeline.clock import SystemClock
from pipeline.detect.catalog import load_catalog
from pipeline.detect.letterbox import Letterbox
from pipeline.detect.model import ModelDetector
from pipeline.detect.session import Session
from pipeline.track import mot
from pipeline.video.source import open_source

OPSET = 13  # the first in which weights may be quantised per channel
EVERY, ROUNDS, SCORE = 80, 30, 0.1
CARD = load_catalog()["yolox_nano_416"].card()


class Frames(CalibrationDataReader):
    """Every so many frames of each sample clip as a model takes them."""

    def __init__(self, name: str) -> None:
        self._given = ({name: tensor} for tensor in _tensors())

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._given, None)


def quantise(source: Path, target: Path, *, kept: int) -> None:
    """Write the int8 form of a model; its last `kept` convolutions stay float."""
    with tempfile.TemporaryDirectory() as place:
        ready = Path(place) / "ready.onnx"
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        graph = convert_version(onnx.load(ready), OPSET)
        onnx.save(graph, ready)
        convolutions = [node.name for node in graph.graph.node if node.op_type == "Conv"]
        quantize_static(
            ready, target, Frames(graph.graph.input[0].name), per_channel=True, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, op_types_to_quantize=["Conv"], nodes_to_exclude=convolutions[-kept:],
        )  # fmt: skip


def measure(paths: dict[str, Path]) -> dict[str, Any]:
    """AP50 and CPU of a run of each, in turns on the same pictures."""
    models = {name: ModelDetector(Session(path), CARD, score=SCORE, classes=(0,)) for name, path in paths.items()}
    images: dict[str, list[Any]] = {name: [] for name in models}
    spent: dict[str, list[float]] = {name: [] for name in models}
    for folder in sorted((ASSETS / "images").iterdir()):
        rows = mot.read_rows(folder / "gt.txt", keep_ignored=True)
        pictures = [np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(folder.glob("*.jpg"))]
        for name, model in models.items():
            found = [people(model.detect(frame_of(picture, 0, 10.0))) for picture in pictures]
            images[name] += _images(rows, found)
    for _ in range(ROUNDS):
        for name, model in models.items():
            begun = time.process_time()
            model.detect_pixels(pictures[0])
            spent[name].append(1e3 * (time.process_time() - begun))
    return {name: {"ap50": _ap50(images[name]), "cpu_ms": spread(spent[name])} for name in models}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where the int8 model goes")
    parser.add_argument("--kept", type=int, default=57, help="last convolutions that stay float (default 57, the head)")
    args = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    quantise(MODEL, args.out, kept=args.kept)
    print(json.dumps({**measure({"float": MODEL, "int8": args.out}), "machine": describe()}))
    return 0


def _tensors() -> Iterator[NDArray[np.float32]]:
    letterbox = Letterbox(CARD.family.recipe, model=CARD.size)
    for clip in sorted(SAMPLES.glob("*.mp4")):
        with open_source("int8", str(clip), clock=SystemClock(), start_utc=0.0) as source:
            for index, frame in enumerate(source.frames()):
                if index % EVERY == 0:
                    placement = letterbox.placement((frame.width, frame.height))
                    letterbox.fill(frame.scaled(placement.width, placement.height), placement)
                    yield letterbox.tensor.copy()


if __name__ == "__main__":
    raise SystemExit(main())

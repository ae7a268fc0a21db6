"""Weights of the Ultralytics package: a `.pt` run as it is, or made into ONNX. Needs `nightjar[ultralytics]`.

The package is AGPL-3.0 and brings torch, so it is imported here only, and only when somebody asks for a `.pt`.
Whatever it is, the network's head is the one that its ONNX export has: decoding and suppression stay ours, which also
spares us torchvision, whose operators are missing wherever its build does not fit torch's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.session import Signature, Tensor
from pipeline.errors import ModelError, ToolMissing

SUFFIX = ".pt"
ENVIRONMENT = {
    "YOLO_AUTOINSTALL": "false",  # it would install what it misses
    "YOLO_OFFLINE": "true",  # and report to its makers
    "ULTRALYTICS_SAFE_LOAD": "true",  # a .pt is a pickle: only known classes are built from it, as far as it can tell
    "YOLO_VERBOSE": "false",
}
SIDE = 640
"""The package's own input side, where the weights do not say."""


class TorchSession:
    """A `.pt` behind the front of `Session`: the same tensor in, the same head out as its ONNX export has.

    The input size is open, so pictures keep their proportions.

    Raises:
        ToolMissing: the package is not installed.
        ModelError: it cannot read these weights, or they do not find boxes.
    """

    def __init__(self, path: Path, *, threads: int = 1, providers: Sequence[str] = ("cpu",)) -> None:
        self.path = path
        loaded = _loaded(path, what="detector.model")
        self._torch = import_module("torch")
        self._torch.set_num_threads(threads)
        self._device, self.notes = choose_device(providers, cuda=bool(self._torch.cuda.is_available()))
        loaded.fuse()
        self._network = loaded.model.float().eval().to(self._device)
        metadata, side = _metadata(loaded), _side(loaded)
        self.signature = Signature((Tensor("images", (1, 3, None, None), "tensor(float)"),), (), metadata)
        head = self.run({"images": np.zeros((1, 3, side, side), np.float32)})[0]
        outputs = (Tensor("output0", head.shape, "tensor(float)"),)
        self.signature = Signature(self.signature.inputs, outputs, {**metadata, "imgsz": str([side, side])})

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        picture = self._torch.from_numpy(inputs["images"]).to(self._device)
        with self._torch.inference_mode():
            found = self._network(picture)
        head = found[0] if isinstance(found, (tuple, list)) else found
        return [np.asarray(head.cpu().numpy(), np.float32)]


def export_onnx(weights: Path, place: Path, *, side: int, open_size: bool = False, end_to_end: bool = False) -> Path:
    """ONNX with the package's own metadata, made in `place`. `end_to_end` asks for the head that needs no suppression.

    Raises:
        ToolMissing: the package is not installed.
        ModelError: it cannot read or export these weights.
    """
    copied = Path(shutil.copy(weights, place))  # the package writes beside the weights
    wish = {"nms": False} if end_to_end else {}
    loaded = _loaded(copied, what="models export", name=weights)
    try:
        return Path(loaded.export(format="onnx", imgsz=side, dynamic=open_size, **wish))
    except Exception as error:
        raise ModelError(f"models export: {weights}: {error}") from error


def choose_device(providers: Sequence[str], *, cuda: bool) -> tuple[str, tuple[str, ...]]:
    """torch's name of the first device that is asked for and here, and a note for each that is not."""
    notes: list[str] = []
    for name in providers:
        if name == "cpu" or (name == "cuda" and cuda):
            return name, tuple(notes)
        notes.append(
            f"execution provider {name} does not run {SUFFIX} weights here; falling back to the next one "
            "(`nightjar models export` makes ONNX of them, for which there are more)"
        )
    return "cpu", tuple(notes)


def _loaded(path: Path, *, what: str, name: Path | None = None) -> Any:
    """The package's own object for a file of weights; for RT-DETR it picks the class itself."""
    for variable, value in ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    try:
        package = import_module("ultralytics")
    except ImportError as error:
        raise ToolMissing(f"{what}: {error}; get it with pip install 'nightjar[ultralytics]'") from None
    try:
        loaded = package.YOLO(str(path))
    except Exception as error:  # the package raises bare exceptions of many kinds
        raise ModelError(f"{what}: {name or path}: the Ultralytics package cannot read it: {error}") from error
    if loaded.task != "detect":
        raise ModelError(f"{what}: {name or path}: its task is {loaded.task!r}; only 'detect' finds boxes")
    return loaded


def _metadata(loaded: Any) -> dict[str, str]:
    """What an export of these weights would say about itself."""
    network = loaded.model
    head = network.model[-1]
    return {
        "task": str(loaded.task),
        "names": str(dict(loaded.names)),
        "end2end": str(bool(getattr(head, "end2end", False))),
        "head": type(head).__name__,
    }


def _side(loaded: Any) -> int:
    said = loaded.overrides.get("imgsz") or SIDE
    return int(max(said) if isinstance(said, (list, tuple)) else said)

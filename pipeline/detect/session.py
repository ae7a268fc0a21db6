"""ONNX Runtime behind a small front: threads that do not fight, providers that fall back loudly, a typed signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from pipeline.detect.anysize import any_size as opened
from pipeline.errors import BadInput, ModelError

PROVIDERS: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named input or output; a dimension that may vary is None."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a file of weights says about itself."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    metadata: Mapping[str, str]


class Runner(Protocol):
    """Loaded weights, whatever runs them. `notes` are sentences worth announcing."""

    notes: tuple[str, ...]
    signature: Signature

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        """Outputs, in the order of the signature, of input arrays by name."""


class Session:
    """One loaded ONNX model. `run` maps input arrays, by name, to the list of outputs.

    With `any_size` a size that the file fixes is left open; see `anysize`.

    Raises:
        ModelError: the file cannot be read as ONNX.
        BadInput: a provider is unknown.
    """

    def __init__(
        self, path: Path, *, threads: int = 1, providers: Sequence[str] = ("cpu",), any_size: bool = False
    ) -> None:
        self.path = path
        self._as_opened = threads, tuple(providers)
        names, self.notes = choose_providers(providers)
        try:
            self._session = ort.InferenceSession(
                opened(path.read_bytes()) if any_size else str(path),
                _options(threads),
                providers=[(name, _own_options(name, threads)) for name in names],
            )
        except Exception as error:  # onnxruntime raises bare exceptions of many kinds
            raise ModelError(f"{path}: not a model that ONNX Runtime can load: {_first_line(error)}") from error
        self.signature = _signature(self._session)
        self.active = tuple(_short(name) for name in self._session.get_providers())
        self.notes += tuple(
            f"execution provider {_short(name)} is installed but does not start here; falling back to the next one"
            for name in names
            if _short(name) not in self.active
        )
        self._outputs = [tensor.name for tensor in self.signature.outputs]

    def with_any_size(self) -> Session:
        """The same weights, loaded again for pictures of any size.

        Raises:
            ModelError: this model does not take one picture.
        """
        threads, providers = self._as_opened
        return Session(self.path, threads=threads, providers=providers, any_size=True)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        outputs: list[NDArray[np.float32]] = self._session.run(self._outputs, dict(inputs))
        return outputs


def choose_providers(
    wanted: Sequence[str], installed: Sequence[str] | None = None
) -> tuple[list[str], tuple[str, ...]]:
    """ONNX Runtime's names of the wanted providers that are installed, CPU last, and a note for each that is not."""
    present = list(ort.get_available_providers()) if installed is None else list(installed)
    chosen: list[str] = []
    notes: list[str] = []
    for name in wanted:
        if name not in PROVIDERS:
            raise BadInput(f"detector.providers: {name!r} is unknown; allowed: {', '.join(PROVIDERS)}")
        if PROVIDERS[name] in present:
            chosen.append(PROVIDERS[name])
        else:
            notes.append(f"execution provider {name} is not installed here; falling back to the next one")
    if PROVIDERS["cpu"] not in chosen:
        chosen.append(PROVIDERS["cpu"])
    return chosen, tuple(notes)


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # ALL against EXTENDED is 16.7 against 24.2 ms (reference/performance.md, section 3).
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Idle threads that spin cost the other cameras 27.7 instead of 16.7 ms of CPU a frame (same place).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _own_options(provider: str, threads: int) -> dict[str, str]:
    """OpenVINO has threads of its own, as many as there are cores unless it is told otherwise."""
    return {"num_of_threads": str(threads)} if provider == PROVIDERS["openvino"] else {}


def _signature(session: ort.InferenceSession) -> Signature:
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    inputs = tuple(_tensor(item) for item in session.get_inputs())
    return Signature(inputs, tuple(_tensor(item) for item in session.get_outputs()), metadata)


def _tensor(item: ort.NodeArg) -> Tensor:
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in item.shape)
    return Tensor(item.name, shape, item.type)


def _short(provider: str) -> str:
    return next((name for name, full in PROVIDERS.items() if full == provider), provider)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

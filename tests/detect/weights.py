"""The smallest ONNX files there are: a picture in, fixed arrays out. Written by hand as protocol buffers.

Field numbers are those of onnx.proto (ONNX 1.x, IR version 8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FLOAT = 1


def number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def blob(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _typed(name: str, shape: Sequence[int | None]) -> bytes:
    dims = b"".join(
        blob(1, blob(2, f"{name}_{at}") if side is None else number(1, side)) for at, side in enumerate(shape)
    )
    return blob(1, name) + blob(2, blob(1, number(1, FLOAT) + blob(2, dims)))


def onnx_bytes(
    outputs: Sequence[NDArray[np.float32]], *, shape: Sequence[int | None], metadata: Mapping[str, str] | None = None
) -> bytes:
    """A model that takes a float picture of a shape and answers with these arrays, whatever it sees."""
    graph = blob(2, "g")
    for at, array in enumerate(outputs):
        tensor = b"".join(number(1, side) for side in array.shape) + number(2, FLOAT) + blob(8, f"c{at}")
        graph += blob(1, blob(1, f"c{at}") + blob(2, f"out{at}") + blob(4, "Identity"))
        graph += blob(5, tensor + blob(9, np.ascontiguousarray(array, np.float32).tobytes()))
        graph += blob(12, _typed(f"out{at}", array.shape))
    graph += blob(11, _typed("images", shape))
    extra = b"".join(blob(14, blob(1, key) + blob(2, value)) for key, value in (metadata or {}).items())
    return number(1, 8) + blob(7, graph) + blob(8, blob(1, "") + number(2, 13)) + extra


def write_weights(
    path: Path,
    outputs: Sequence[NDArray[np.float32]],
    *,
    shape: Sequence[int | None] = (1, 3, 64, 64),
    metadata: Mapping[str, str] | None = None,
) -> Path:
    path.write_bytes(onnx_bytes(outputs, shape=shape, metadata=metadata))
    return path

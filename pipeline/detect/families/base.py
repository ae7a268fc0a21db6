"""What a model family is: how it wants its pixels, what its outputs must look like, and how they become boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.letterbox import Recipe
from pipeline.detect.session import Signature
from pipeline.errors import ModelError
from pipeline.types import Detections

Outputs = Sequence[NDArray[np.float32]]
Size = tuple[int, int]
"""Width and height of a model's input in px."""

Check = Callable[[Outputs, Size, int], None]
"""(outputs of a trial run, input size, number of labels): raises ModelError where the layout is not the family's."""

Decode = Callable[[Outputs, Size, int, float], Detections]
"""(outputs, input size, number of labels, lowest score): boxes in input px, `class_id` in the model's own order."""


def no_more_inputs(signature: Signature, size: Size) -> Mapping[str, NDArray[Any]]:
    """Most families take nothing but the picture."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One output layout. `nms_iou` is the overlap above which duplicates go, None where the model has seen to it.

    `stride` is what input sides must be a multiple of where the file leaves them open.
    """

    name: str
    recipe: Recipe
    stride: int
    nms_iou: float | None
    check: Check
    decode: Decode
    feeds: Callable[[Signature, Size], Mapping[str, NDArray[Any]]] = no_more_inputs


def cells(size: Size, strides: Sequence[int]) -> int:
    """How many places an input has on a pyramid of grids: the second dimension of anchor-free heads."""
    return sum((size[0] // stride) * (size[1] // stride) for stride in strides)


def require(outputs: Outputs, *, family: str, expected: Sequence[tuple[int, ...]]) -> None:
    """Refuse outputs whose shapes are not exactly those expected.

    Raises:
        ModelError: number or shape of the outputs differs.
    """
    found = [tuple(output.shape) for output in outputs]
    if found != list(expected):
        raise ModelError(
            f"these weights do not have the {family} layout: outputs are {found}, expected {list(expected)}"
        )

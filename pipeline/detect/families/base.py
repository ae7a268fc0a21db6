"""What a model family is: how it wants its pixels, what its outputs must look like, and how they become boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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

Wanted = NDArray[np.int64]
"""Classes, in the model's own order, that anybody watches for."""


class Decode(Protocol):
    """From outputs to boxes in input px, with `class_id` in the model's own order.

    With `wanted` a box is the best of those classes: a person stays one also where a dog is thought a bit likelier.
    """

    def __call__(
        self, outputs: Outputs, size: Size, labels: int, score: float, wanted: Wanted | None = None
    ) -> Detections: ...


def no_more_inputs(signature: Signature, size: Size) -> Mapping[str, NDArray[Any]]:
    """Most families take nothing but the picture."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One output layout. `nms_iou` is the overlap above which duplicates go, None where the model has seen to it.

    `stride` is what input sides must be a multiple of where the file leaves them open. `any_size` says that nothing in
    such weights depends on the input's size, also where the file fixes one.
    """

    name: str
    recipe: Recipe
    stride: int
    nms_iou: float | None
    check: Check
    decode: Decode
    feeds: Callable[[Signature, Size], Mapping[str, NDArray[Any]]] = no_more_inputs
    any_size: bool = False


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


def best(by_class: NDArray[np.float32], wanted: Wanted | None) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Score and class of the best of the wanted classes in each row of (N, labels), or of all: (N,) and (N,)."""
    if wanted is not None and len(wanted) == 1:
        return by_class[:, wanted[0]], np.full(len(by_class), wanted[0], np.int32)
    among = by_class if wanted is None else by_class[:, wanted]
    top = among.argmax(axis=1)
    classes = top if wanted is None else wanted[top]
    return among[np.arange(len(among)), top], classes.astype(np.int32)


def listed(rows: NDArray[np.float32], labels: int, score: float, wanted: Wanted | None) -> NDArray[np.float32]:
    """Of rows (N, 6) that end with score and class, those above a score and of a wanted class.

    Raises:
        ModelError: one of them names a class that the labels do not have.
    """
    sure = rows[rows[:, 4] > score]
    strange = ~((sure[:, 5] >= 0) & (sure[:, 5] < labels))
    if strange.any():
        raise ModelError(f"class {sure[strange][0, 5]:g} was found but there are {labels} labels")
    return sure if wanted is None else sure[np.isin(sure[:, 5], wanted)]

"""A detector that runs weights: letterbox, session, decode, suppress, back to the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.base import DetectorKind
from pipeline.detect.boxes import clip, suppress, with_area
from pipeline.detect.card import ModelCard
from pipeline.detect.classes import class_ids
from pipeline.detect.families.base import Size
from pipeline.detect.letterbox import Letterbox, Placement
from pipeline.detect.session import Runner
from pipeline.errors import ModelError
from pipeline.types import Detections, Frame
from rules.types import PERSON


class ModelDetector:
    """People (and whatever else the labels name) found by loaded weights; keeps nothing between frames.

    Weights that leave their input size open get one that matches the picture's proportions: the same resolution for
    less work (16:9 at 416 costs 10.7 instead of 16.7 ms, reference/performance.md section 3).

    With `classes` it is only asked which of those somebody or something is. What a broken model makes of boxes and
    scores that are no numbers, or boxes without an area, is left out.

    Raises:
        ModelError: the file's input or outputs do not fit the card.
    """

    kind: DetectorKind = "model"

    def __init__(self, session: Runner, card: ModelCard, *, score: float, classes: Sequence[int] | None = None) -> None:
        self.name = card.name
        self.card = card
        self.score = score
        self.labels = card.labels
        self.notes = session.notes
        self._session = session
        self._ids = class_ids(card.labels)
        self.people = PERSON in self._ids
        self._wanted = None if classes is None else np.flatnonzero(np.isin(self._ids, classes))
        self._open_size = _check_input(session, card)
        self._boxes: dict[Size, Letterbox] = {}
        self._try_out()

    def detect(self, frame: Frame) -> Detections:
        letterbox, placement = self._prepare((frame.width, frame.height))
        letterbox.fill(frame.scaled(placement.width, placement.height), placement)
        return self._infer(letterbox, placement, width=frame.width, height=frame.height)

    def detect_pixels(self, bgr: NDArray[np.uint8]) -> Detections:
        """Boxes in px of a picture or crop given as BGR uint8 (H, W, 3)."""
        height, width = bgr.shape[:2]
        letterbox, placement = self._prepare((width, height))
        scaled = bgr
        if (width, height) != (placement.width, placement.height):
            scaled = np.asarray(cv2.resize(bgr, (placement.width, placement.height)), np.uint8)
        letterbox.fill(scaled, placement)
        return self._infer(letterbox, placement, width=width, height=height)

    def state(self) -> bytes | None:
        return None

    def restore(self, state: bytes) -> None:
        """Nothing is learned, so nothing is restored."""

    @property
    def size(self) -> Size:
        """Largest input, (width, height) in px."""
        return self.card.size

    def _prepare(self, picture: Size) -> tuple[Letterbox, Placement]:
        size = self.card.size
        if self._open_size and self.card.family.recipe.fit != "stretch":
            size = matched_size(picture, bound=size, stride=self.card.family.stride)
        if size not in self._boxes:
            self._boxes[size] = Letterbox(self.card.family.recipe, model=size)
        letterbox = self._boxes[size]
        return letterbox, letterbox.placement(picture)

    def _infer(self, letterbox: Letterbox, placement: Placement, *, width: int, height: int) -> Detections:
        found = self._decode(self._run(letterbox), (letterbox.width, letterbox.height))
        found = placement.to_picture(found)
        boxes = clip(found.xyxy, width=width, height=height)
        return with_area(Detections(boxes, found.score, self._ids[found.class_id]))

    def _run(self, letterbox: Letterbox) -> list[NDArray[np.float32]]:
        signature = self._session.signature
        feeds = {signature.inputs[0].name: letterbox.tensor}
        extra = self.card.family.feeds(signature, (letterbox.width, letterbox.height))
        return self._session.run({**feeds, **extra})

    def _decode(self, outputs: Sequence[NDArray[np.float32]], size: Size) -> Detections:
        family = self.card.family
        if self._wanted is not None and len(self._wanted) == 0:
            return Detections.empty()
        with np.errstate(over="ignore", invalid="ignore"):  # of a broken model; its boxes go
            found = with_area(family.decode(outputs, size, len(self.labels), self.score, self._wanted))
        return found if family.nms_iou is None else suppress(found, iou_limit=family.nms_iou)

    def _try_out(self) -> None:
        """A run on an empty picture: a layout that does not fit shows now, not as wrong boxes later. Where the size is
        open, another on that of a wide picture."""
        sizes = [self.card.size]
        if self._open_size:
            sizes.append(matched_size((16, 9), bound=self.card.size, stride=self.card.family.stride))
        for size in dict.fromkeys(sizes):
            try:
                outputs = self._run(Letterbox(self.card.family.recipe, model=size))
            except ModelError:
                raise
            except Exception as error:  # onnxruntime raises bare exceptions of many kinds
                raise ModelError(f"{self.name}: the model does not run on an input of {size}: {error}") from error
            try:
                self.card.family.check(outputs, size, len(self.labels))
            except ModelError as error:
                raise ModelError(f"{self.name}: {error}") from error


def matched_size(picture: Size, *, bound: Size, stride: int) -> Size:
    """The smallest input of the picture's proportions at the scale at which the picture just fits into `bound`."""
    gain = min(bound[0] / picture[0], bound[1] / picture[1])
    across, down = (max(1, math.ceil(round(side * gain) / stride)) * stride for side in picture)
    return across, down


def _check_input(session: Runner, card: ModelCard) -> bool:
    """Whether the file leaves its input size open; ModelError where it contradicts the card."""
    tensor = session.signature.inputs[0]
    if tensor.dtype != "tensor(float)" or len(tensor.shape) != 4 or tensor.shape[1] not in (3, None):
        raise ModelError(f"{card.name}: input {tensor.shape} of {tensor.dtype} is not a float picture (1, 3, H, W)")
    high, wide = tensor.shape[2], tensor.shape[3]
    if (high is not None and high != card.size[1]) or (wide is not None and wide != card.size[0]):
        raise ModelError(
            f"{card.name}: the file takes {wide}x{high} px but is described as {card.size[0]}x{card.size[1]}"
        )
    return high is None and wide is None

"""The embedded detector: people found by their movement, without weights, on a few milliseconds of one core.

It sees movement, not people; `people` is False and every alert says so.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.base import DetectorKind
from pipeline.detect.motion.background import Background, Image, Mask
from pipeline.detect.motion.change import Change, compare, contour_contrast
from pipeline.detect.motion.memory import Blob, Memory
from pipeline.detect.motion.shapes import Shape, clean, drop_shadow_rims, find_parts, group
from pipeline.detect.motion.size import PersonSize
from pipeline.types import Detections, Frame
from rules.types import PERSON

WORK_AREA = 110_000  # px of the working picture, about 448 x 252
SMALLEST = 0.055  # of the picture's height: what is shorter is not looked at
TALLEST = 1.02
FLOOD = 0.55  # share of changed pixels beyond which the picture, not something in it, has changed
FLOOD_S = 0.4
GHOST_EVERY_S = 0.2
GHOST = -0.2  # contour contrast below which a shape is taken for a ghost ...
GHOST_VOTES = 3  # ... that many times running


class MotionDetector:
    """One camera's. Frames must come in order of `pts`; a step back in time starts afresh."""

    name = "motion"
    kind: DetectorKind = "motion"
    people = False
    notes: tuple[str, ...] = ()

    def __init__(self, *, score: float = 0.35) -> None:
        self.score = score
        self._background: Background | None = None
        self._memory = Memory()
        self._size: PersonSize | None = None
        self._previous: Image | None = None
        self._pts = 0.0
        self._flood_since: float | None = None
        self._ghost_checked = 0.0
        self._protected: Mask | None = None

    def detect(self, frame: Frame) -> Detections:
        width, height = working_size(frame.width, frame.height)
        image = _prepare(frame.scaled(width, height))
        if self._background is None or self._background.mean.shape != image.shape or frame.pts <= self._pts:
            self._start(image, frame.pts)
            return Detections.empty()
        shapes = self._step(image, frame.pts)
        scale = np.asarray((frame.width / width, frame.height / height) * 2, np.float32)
        return self._report(shapes, scale)

    def state(self) -> bytes | None:
        return None

    def restore(self, state: bytes) -> None:
        return None

    def _start(self, image: Image, pts: float) -> None:
        self._background = Background(image)
        self._memory = Memory()
        if self._size is None:
            self._size = PersonSize(image.shape[0])
        self._previous, self._pts = image, pts
        self._protected = np.zeros(image.shape[:2], np.uint8)

    def _step(self, image: Image, pts: float) -> list[Shape]:
        assert self._background is not None
        assert self._size is not None
        assert self._protected is not None
        background, memory = self._background, self._memory
        dt, self._pts = min(pts - self._pts, 2.0), pts
        light = background.light(image, self._protected)
        empty = background.under(light)
        tolerance = background.tolerance
        change = compare(image, empty, tolerance)
        known = background.known(image, tolerance)
        change = Change(
            cv2.bitwise_and(change.solid, cv2.bitwise_not(known)), cv2.bitwise_and(change.shade, cv2.bitwise_not(known))
        )
        if self._flooded(change, pts):
            background.relearn(image)
            self._previous = image
            return []
        memory.forget(pts)
        found = find_parts(clean(change), min_area=max(8, image.shape[0] * image.shape[1] // 8000))
        drop_shadow_rims(found, change)
        shapes = group(found, memory.blobs, pts=pts, size=self._size)
        shapes = self._without_ghosts(shapes, found.image, image, empty, pts)
        seen = self._remember(shapes, image, pts)
        self._protected = self._protect(image.shape[:2])
        background.learn(image, changed=change.any, protected=self._protected, light=light, dt=dt)
        self._previous = image
        return seen

    def _flooded(self, change: Change, pts: float) -> bool:
        if np.count_nonzero(change.solid) < FLOOD * change.solid.size:
            self._flood_since = None
            return False
        if self._flood_since is None:
            self._flood_since = pts
        return pts - self._flood_since >= FLOOD_S

    def _remember(self, shapes: list[Shape], image: Image, pts: float) -> list[Shape]:
        """Update the blobs that shapes belong to, begin new ones, and return the shapes with their owners."""
        assert self._previous is not None
        assert self._size is not None
        seen = []
        for shape in shapes:
            owner = shape.owner
            if owner is None:
                if shape.box[3] - shape.box[1] < SMALLEST * image.shape[0]:
                    continue
                owner = self._memory.add(shape.box, pts)
            else:
                owner.see(shape.box, pts)
            if owner.walked and self._alive(shape, image):
                owner.life = pts
            self._learn_size(owner, image.shape[:2])
            seen.append(Shape(shape.labels, shape.box, shape.area, owner))
        return seen

    def _alive(self, shape: Shape, image: Image) -> bool:
        assert self._previous is not None
        x1, y1, x2, y2 = (int(value) for value in shape.box)
        moved = cv2.absdiff(image[y1:y2, x1:x2, 0], self._previous[y1:y2, x1:x2, 0]) > 14
        return np.count_nonzero(moved) > max(4, 0.01 * shape.area)

    def _learn_size(self, blob: Blob, picture: tuple[int, int]) -> None:
        assert self._size is not None
        height, width = picture
        x1, y1, x2, y2 = blob.box
        inside = x1 > 2 and y1 > 2 and x2 < width - 2 and y2 < height - 2
        upright = 0.2 < blob.width / max(blob.height, 1.0) < 0.7
        if blob.walked and inside and upright and 0.1 < blob.moving() < 3.0:
            self._size.observe(foot_y=float(y2), height=blob.height)

    def _without_ghosts(
        self, shapes: list[Shape], labels: NDArray[np.int32], image: Image, empty: Image, pts: float
    ) -> list[Shape]:
        assert self._background is not None
        if pts - self._ghost_checked < GHOST_EVERY_S:
            return shapes
        self._ghost_checked = pts
        kept = []
        for shape in shapes:
            if shape.owner is None or shape.owner.moving() > 0.25:
                kept.append(shape)
                continue
            mask = np.isin(labels, shape.labels).astype(np.uint8)
            window = _window(shape, image.shape[:2], margin=5)
            contrast = contour_contrast(image[window], empty[window], mask[window])
            shape.owner.ghost_votes = shape.owner.ghost_votes + 1 if contrast < GHOST else 0
            if shape.owner.ghost_votes < GHOST_VOTES:
                kept.append(shape)
                continue
            self._background.absorb(image, cv2.dilate(mask, np.ones((5, 5), np.uint8)))
            self._memory.drop(shape.owner)
        return kept

    def _protect(self, picture: tuple[int, int]) -> Mask:
        """Where the background must not learn: around everybody who has walked."""
        mask = np.zeros(picture, np.uint8)
        for blob in self._memory.blobs:
            if blob.walked:
                margin = 0.08 * blob.height + 2
                x1, y1, x2, y2 = blob.box
                top_left = (int(x1 - margin), int(y1 - margin))
                cv2.rectangle(mask, top_left, (int(x2 + margin), int(y2 + margin)), 255, -1)
        return mask

    def _report(self, shapes: list[Shape], scale: NDArray[np.float32]) -> Detections:
        boxes, scores = [], []
        for shape in shapes:
            score = self._score(shape)
            if score >= self.score:
                boxes.append(shape.box * scale)
                scores.append(score)
        if not boxes:
            return Detections.empty()
        return Detections(
            np.stack(boxes).astype(np.float32), np.asarray(scores, np.float32), np.full(len(boxes), PERSON, np.int32)
        )

    def _score(self, shape: Shape) -> float:
        """.2 for what has not gone anywhere; else .5 to .9 by how well it has the size and the shape of a person."""
        assert self._size is not None
        assert shape.owner is not None
        if not shape.owner.walked:
            return 0.2
        width, height = float(shape.box[2] - shape.box[0]), float(shape.box[3] - shape.box[1])
        upright = math.exp(-((math.log(max(width, 1) / max(height, 1) / 0.42) / 0.8) ** 2))
        expected = self._size.expected(float(shape.box[3]))
        if expected is None:
            return 0.5 + 0.3 * upright
        ratio = height / expected
        if ratio < 0.4:
            return 0.25
        fit = math.exp(-((math.log(ratio) / 0.5) ** 2))
        return 0.4 + 0.2 * upright + 0.3 * fit


def working_size(width: int, height: int) -> tuple[int, int]:
    """A picture's size scaled to the working area, even numbers, never enlarged."""
    factor = min(1.0, math.sqrt(WORK_AREA / (width * height)))
    return max(16, round(width * factor / 2) * 2), max(16, round(height * factor / 2) * 2)


def _prepare(bgr: NDArray[np.uint8]) -> Image:
    return np.asarray(cv2.cvtColor(cv2.blur(bgr, (3, 3)), cv2.COLOR_BGR2YCrCb), np.uint8)


def _window(shape: Shape, picture: tuple[int, int], *, margin: int) -> tuple[slice, slice]:
    x1, y1, x2, y2 = (int(value) for value in shape.box)
    return slice(max(0, y1 - margin), min(picture[0], y2 + margin)), slice(
        max(0, x1 - margin), min(picture[1], x2 + margin)
    )

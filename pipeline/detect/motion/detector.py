"""The embedded detector: people found by their movement, without weights, on a few milliseconds of one core.

It sees movement, not people; `people` is False and every alert says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.base import DetectorKind
from pipeline.detect.motion.background import Background, Light
from pipeline.detect.motion.change import Change, contour_contrast, judge
from pipeline.detect.motion.checkpoint import pack, unpack
from pipeline.detect.motion.memory import Blob, Memory
from pipeline.detect.motion.pixels import Image, Mask, Window, both, grow, outside, windows
from pipeline.detect.motion.shapes import Shape, clean, dense, drop_rims, find_parts, group, with_silhouettes
from pipeline.detect.motion.size import PersonSize
from pipeline.detect.motion.walking import cut_off
from pipeline.types import Detections, Frame
from rules.types import PERSON

WORK_AREA = 110_000  # px of the working picture, about 448 x 252
SMALLEST = 0.055  # of the picture's height: what is shorter is not looked at
TOO_SHORT = 0.4  # of the expected height: an animal, a bag, a residue
TOO_WIDE = 2.0  # width in heights: no person, while it is unknown how tall they are
PROPORTION = 0.42  # width of a walking person in heights
UNSURE = 0.2  # score of what moves but is not known to be somebody
SIZE_EVERY_S = 0.4
FLOOD = 0.55  # share of changed pixels beyond which the picture, not something in it, has changed ...
HUGE = 0.5  # of the picture: something before the lens, not somebody in the scene
FLOOD_S = 0.4  # ... when it lasts
MARGIN = 14  # px around changed pixels that are looked at with them
LONGEST_STEP_S = 2.0  # a gap in the frames counts as no more than this
GHOST_EVERY_S = 0.2
GHOST = -0.2  # contour contrast below which a shape is taken for a ghost ...
GHOST_VOTES = 3  # ... that many times running
STANDING = 0.25  # heights a second: ghosts do not walk
SETTLE_S = 5.0  # after the first frame
YOUNG = 0.12  # unrest that a scene not seen before is taken to have
LIFE = 14  # levels by which a pixel of somebody alive changes between two frames


class MotionDetector:
    """One camera's. A new connection, whose `pts` start again, goes on with what is known of the scene."""

    name = "motion"
    kind: DetectorKind = "motion"
    people = False
    notes: tuple[str, ...] = ()

    def __init__(self, *, score: float = 0.35) -> None:
        self.score = score
        self._scene: _Scene | None = None
        self._state: bytes | None = None
        self._run = 0

    def detect(self, frame: Frame) -> Detections:
        width, height = working_size(frame.width, frame.height)
        image = _prepare(frame.scaled(width, height))
        if self._scene is None or self._scene.shape != (height, width):
            self._scene = _restored(self._state, image, frame.pts) or _Scene(image, frame.pts)
        elif frame.run_id != self._run or frame.pts <= self._scene.pts:
            self._scene.resume(image, frame.pts)
        else:
            self._scene.step(image, frame.pts)
        self._run = frame.run_id
        return self._report(self._scene.seen, (frame.width / width, frame.height / height))

    def state(self) -> bytes | None:
        return None if self._scene is None else self._scene.pack()

    def restore(self, state: bytes) -> None:
        self._state = state
        self._scene = None

    def _report(self, blobs: Sequence[Blob], scale: tuple[float, float]) -> Detections:
        chosen = [blob for blob in blobs if blob.score >= self.score]
        if not chosen:
            return Detections.empty()
        boxes = np.stack([blob.box for blob in chosen]) * np.asarray(scale * 2, np.float32)
        scores = np.asarray([blob.score for blob in chosen], np.float32)
        return Detections(boxes.astype(np.float32), scores, np.full(len(chosen), PERSON, np.int32))


class _Scene:
    """What is known of one camera's scene at working size; `seen` are the blobs of the latest frame."""

    def __init__(self, image: Image, pts: float) -> None:
        self.shape = (image.shape[0], image.shape[1])
        self.pts = self._since = pts
        self.seen: list[Blob] = []
        self.background = Background(image)
        self.memory = Memory()
        self.size = PersonSize(self.shape[0])
        self._previous = image
        self._protected: Mask = np.zeros(self.shape, np.uint8)
        self._flood_since: float | None = None
        self._ghosts_checked = pts

    def step(self, image: Image, pts: float) -> None:
        """Take the next frame: find what changed, whose it is, and learn the rest."""
        dt, self.pts = min(pts - self.pts, LONGEST_STEP_S), pts
        background = self.background
        light = background.light(image, self._protected)
        empty = background.under(light)
        changed = background.changed(image, empty)
        self.seen = []
        if np.count_nonzero(changed) < FLOOD * changed.size:
            self._flood_since = None
            self._judge(image, empty, changed, light, dt)
        elif self._flood_since is None:
            self._flood_since = pts
        elif pts - self._flood_since >= FLOOD_S:
            background.relearn(image, self._protected)
            self.memory.forget_strangers()
        self._previous = image

    def _judge(self, image: Image, empty: Image, changed: Mask, light: Light, dt: float) -> None:
        """Who the changed pixels are; `empty` is the background under today's light."""
        where = windows(changed, margin=MARGIN)
        self.memory.forget(self.pts)
        if dense(changed).any():  # else there are specks and nothing more
            change = _judged(image, empty, changed, where)
            shapes, labels = self._shapes(change, changed)
            shapes = self._without_ghosts(shapes, labels, image, empty)
            self.seen = self._remember(shapes, image)
        self._protected = self._protect()
        self.background.learn(image, changed=changed, protected=self._protected, light=light, dt=dt, where=where)

    def resume(self, image: Image, pts: float) -> None:
        """Go on at another `pts` after a pause of unknown length."""
        for blob in self.memory.blobs:
            blob.retime(pts)
        self.pts, self._previous, self._flood_since, self._ghosts_checked = pts, image, None, pts
        self.step(image, pts)

    def pack(self) -> bytes:
        return pack(self.background, self.memory.blobs, self.size.samples())

    def expect(self, boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> None:
        """Somebody is known to be there already."""
        for box, score in zip(boxes, scores, strict=True):
            blob = self.memory.add(box, self.pts)
            blob.walked, blob.score = True, float(score)
        self._protected = self._protect()

    def _shapes(self, change: Change, changed: Mask) -> tuple[list[Shape], NDArray[np.int32]]:
        solid = with_silhouettes(change.solid, changed, change.edged, self.size)
        found = find_parts(clean(solid), min_area=max(8, changed.size // 8000))
        drop_rims(found, both(changed, outside(solid)))
        return group(found, self.memory.blobs, pts=self.pts, size=self.size), found.image

    def _remember(self, shapes: Sequence[Shape], image: Image) -> list[Blob]:
        """Update the blobs that shapes belong to and begin new ones: the blobs of this frame."""
        seen = []
        for shape in shapes:
            blob = shape.owner
            if (shape.box[2] - shape.box[0]) * (shape.box[3] - shape.box[1]) > HUGE * self.shape[0] * self.shape[1]:
                continue
            if blob is None:
                if shape.box[3] - shape.box[1] < SMALLEST * self.shape[0]:
                    continue
                blob = self.memory.add(shape.box, self.pts)
            elif shape.shared:
                blob.guess(shape.box, self.pts)
            else:
                blob.see(shape.box, pts=self.pts, picture=self.shape, unrest=self._unrest(shape))
            if blob.walked and self._alive(shape, image):
                blob.life = self.pts
            self._learn_size(blob)
            blob.score = self._score(blob)
            seen.append(blob)
        return seen

    def _unrest(self, shape: Shape) -> float:
        """How much stronger the evidence must be here; at the start everything may still be leaves."""
        young = max(0.0, 1.0 - (self.pts - self._since) / SETTLE_S)
        return self.background.unrest(shape.box) + YOUNG * young

    def _alive(self, shape: Shape, image: Image) -> bool:
        x1, y1, x2, y2 = (int(value) for value in shape.box)
        moved = cv2.absdiff(image[y1:y2, x1:x2, 0], self._previous[y1:y2, x1:x2, 0])
        return bool(np.count_nonzero(np.asarray(moved) > LIFE) > max(4, 0.01 * shape.area))

    def _learn_size(self, blob: Blob) -> None:
        upright = 0.2 < blob.width / max(blob.height, 1.0) < 0.7
        due = blob.seen - blob.measured >= SIZE_EVERY_S
        if blob.walked and upright and due and not cut_off(blob.box, self.shape):
            blob.measured = blob.seen
            self.size.observe(foot_y=float(blob.box[3]), height=blob.height)

    def _score(self, blob: Blob) -> float:
        """UNSURE for what has not gone anywhere; else up to .9 by how well it has the size and shape of a person."""
        if not blob.walked or blob.height < SMALLEST * self.shape[0]:
            return UNSURE
        proportion = blob.width / max(blob.height, 1.0)
        slender = _near(proportion / PROPORTION, 0.8)
        expected = self.size.expected(float(blob.box[3]))
        feet_hidden = blob.box[3] >= self.shape[0] - 2
        if expected is None or feet_hidden:
            return UNSURE if proportion > TOO_WIDE and not feet_hidden else 0.45 + 0.4 * slender
        ratio = blob.height / expected
        return UNSURE if ratio < TOO_SHORT else 0.4 + 0.2 * slender + 0.3 * _near(ratio, 0.5)

    def _without_ghosts(
        self, shapes: list[Shape], labels: NDArray[np.int32], image: Image, empty: Image
    ) -> list[Shape]:
        """Shapes that are there; what only used to be there goes into the background at once."""
        if self.pts - self._ghosts_checked < GHOST_EVERY_S:
            return shapes
        self._ghosts_checked = self.pts
        kept = []
        for shape in shapes:
            blob = shape.owner
            if blob is None or blob.moving() > STANDING:
                kept.append(shape)
                continue
            window = _window(shape, self.shape, margin=5)
            mask = np.isin(labels[window], shape.labels).astype(np.uint8)
            blob.ghost_votes = (
                blob.ghost_votes + 1 if contour_contrast(image[window], empty[window], mask) < GHOST else 0
            )
            if blob.ghost_votes < GHOST_VOTES:
                kept.append(shape)
                continue
            self.background.absorb(image[window], grow(mask, 2), window)
            self.memory.drop(blob)
        return kept

    def _protect(self) -> Mask:
        """Where the background must not learn: around everybody who has walked."""
        mask = np.zeros(self.shape, np.uint8)
        for blob in self.memory.blobs:
            if blob.walked and blob.score > UNSURE:
                margin = 0.08 * blob.height + 2
                x1, y1, x2, y2 = (float(value) for value in blob.box)
                rows = slice(max(0, int(y1 - margin)), int(y2 + margin) + 1)
                mask[rows, max(0, int(x1 - margin)) : int(x2 + margin) + 1] = 255
        return mask


def working_size(width: int, height: int) -> tuple[int, int]:
    """A picture's size scaled to the working area, even numbers, never enlarged."""
    factor = min(1.0, math.sqrt(WORK_AREA / (width * height)))
    return max(16, round(width * factor / 2) * 2), max(16, round(height * factor / 2) * 2)


def _restored(state: bytes | None, image: Image, pts: float) -> _Scene | None:
    """The scene of a checkpoint, and what this first frame shows in it; None where there is no fitting checkpoint."""
    known = None if state is None else unpack(state)
    if known is None or known.scene.shape != image.shape:
        return None
    scene = _Scene(known.scene, pts)
    scene.background.trust(noise=known.noise, support_s=known.support_s)
    scene.size.restore(known.samples)
    scene.expect(known.boxes, known.scores)
    scene.resume(image, pts)
    return scene


def _judged(image: Image, empty: Image, changed: Mask, where: Sequence[Window]) -> Change:
    """Window by window, because most of the picture has not changed."""
    whole = Change(np.zeros(changed.shape, np.uint8), np.zeros(changed.shape, np.uint8))
    for window in where:
        part = judge(image[window], empty[window], changed[window])
        whole.solid[window], whole.edged[window] = part.solid, part.edged
    return whole


def _near(ratio: float, spread: float) -> float:
    """1 where a ratio is 1, falling off with its logarithm."""
    return math.exp(-((math.log(max(ratio, 1e-3)) / spread) ** 2))


def _prepare(bgr: NDArray[np.uint8]) -> Image:
    return np.asarray(cv2.cvtColor(cv2.blur(bgr, (3, 3)), cv2.COLOR_BGR2YCrCb), np.uint8)


def _window(shape: Shape, picture: tuple[int, int], *, margin: int) -> Window:
    x1, y1, x2, y2 = (int(value) for value in shape.box)
    rows = slice(max(0, y1 - margin), min(picture[0], y2 + margin))
    return rows, slice(max(0, x1 - margin), min(picture[1], x2 + margin))

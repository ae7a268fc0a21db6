"""A model that looks where something moves or somebody is, at native resolution, instead of at everything always.

On a fixed camera most of the picture is still, and one pass over a whole 1080p picture shows a model of 416 px people
at a fifth of their size. So each frame gets at most `sheets` runs of the model. They show, packed side by side: what
moves, who is known, and on a slow clock the whole picture and one part of it after the other at full size. Where
nothing has changed nobody has left: who was seen there is repeated, and looked at again every second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.base import DetectorKind
from pipeline.detect.boxes import best_of, covered, iou
from pipeline.detect.cue import MotionCue
from pipeline.detect.packing import Piece, Rect, View, cover, cut, from_piece, pack
from pipeline.types import Detections, Frame
from rules.types import PERSON

SHEETS = 2  # runs of the model on one frame, at most
SWEEP_S = 10.0  # everything is looked at: 2 runs in 50 frames at 5 a second
RECHECK_S = 1.0  # who stands still is looked at again
MUCH = 0.2  # share of the picture that moves, from which everything is looked at on every other frame
TALL = 120.0  # px of the input that somebody is worth: more resolution than that finds nobody else
SHRINK = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.33)  # shares of that which are tried until all views fit
ENOUGH = 0.8  # the share at which fewer runs will do
FULL = 0.7  # scale of the whole picture from which closer looks are hardly closer
STEPS = (1.0, 0.75, 0.5, 0.375, 0.25)  # scales that are rounded to, so that few pages are scaled
AROUND = 0.35  # margin around somebody known, in their heights
OVERLAP_PX = 80.0  # px that neighbouring cuts share: the width of somebody who is small enough to be cut
SAME = 0.55  # overlap above which two boxes are one person
PART = 0.6  # share of a box cut off by an edge that lies in another: it is a part of that person
PART_CLOSER = 0.2  # the same among closer looks, which cut through neighbours all the time
MEMORY = 0.5  # weight of the latest look in the score of somebody who was seen before
AGAIN = 0.5  # overlap from which a box is somebody seen before
COARSE, COARSE_S = 0.8, 0.4  # a look so much coarser than the last does not contradict it, for so long
SHOWN = 0.6  # share of what moves that a view of somebody known shows too: one view is enough
PAD = 114


class Looker(Protocol):
    """What is needed of the model: `ModelDetector` has it."""

    name: str
    people: bool
    notes: tuple[str, ...]
    score: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its input."""

    def detect_pixels(self, bgr: NDArray[np.uint8]) -> Detections: ...


class RegionDetector:
    """Wraps a model for one camera. `runs` counts how often the model ran, for whoever measures cost."""

    kind: DetectorKind = "model"
    _run: int
    _pts: float
    _swept: float
    _cue: MotionCue
    _known: _Known
    _turn: int
    _everything: bool
    _closer: bool
    _covered: tuple[tuple[int, int], list[Piece]] | None

    def __init__(self, inner: Looker, *, sheets: int = SHEETS, sweep_s: float = SWEEP_S) -> None:
        if sheets < 1:
            raise ValueError(f"sheets must be at least 1, not {sheets}")
        self.name = f"{inner.name}+regions"
        self.people = inner.people
        self.notes = inner.notes
        self.runs = 0
        self._inner = inner
        self._sheets = sheets
        self._sweep_s = sweep_s
        self._begin()

    def detect(self, frame: Frame) -> Detections:
        if frame.run_id != self._run or frame.pts <= self._pts:
            self._begin()
        self._run, self._pts = frame.run_id, frame.pts
        moving = self._cue.look(frame.luma(), frame.pts)
        pieces = self._views(frame, moving)
        if not pieces and not moving:
            return self._known.found
        found, scale, cut_off = self._run_sheets(frame, pieces)
        kept = one_each(found, cut_off, closer=self._closer)
        self._remember(steadied(found[kept], self._known.found), scale[kept], pieces, moving)
        return self._known.found

    def state(self) -> bytes | None:
        return None

    def restore(self, state: bytes) -> None:
        """What is known is found again by the first sweep."""

    def _begin(self) -> None:
        self._run = -1
        self._pts = self._swept = float("-inf")
        self._cue = MotionCue()
        self._known = _Known.nobody()
        self._turn = 0
        self._everything = self._closer = False
        self._covered = None

    def _views(self, frame: Frame, moving: Sequence[Rect]) -> list[Piece]:
        """What to look at on this frame."""
        picture = (frame.width, frame.height)
        self._closer = False
        if frame.pts - self._swept >= self._sweep_s:
            self._swept, self._turn = frame.pts, self._turn + 1
            return self._sweep(picture)
        much = _area(moving) > MUCH * picture[0] * picture[1]
        self._everything = much and (not self._everything or self._whole(picture)[0].scale >= FULL)
        if not self._everything:
            views = self._worth_it(picture, moving, frame.pts)
            pieces = self._packed(views)
            if pieces is not None:
                self._closer = True
                return pieces
        return self._whole(picture)

    def _whole(self, picture: tuple[int, int]) -> list[Piece]:
        """The whole picture as large as the runs allow; the same for every picture of a size."""
        if self._covered is None or self._covered[0] != picture:
            pieces = cover(picture, size=self._inner.size, sheets=self._sheets, overlap=OVERLAP_PX)
            self._covered = (picture, pieces)
        return self._covered[1]

    def _sweep(self, picture: tuple[int, int]) -> list[Piece]:
        """Everything; and every other time some parts at full size, in turn."""
        size = self._inner.size
        if self._turn % 2:
            return self._whole(picture)
        parts = cut(View((0.0, 0.0, float(picture[0]), float(picture[1])), 1.0), size=size, overlap=OVERLAP_PX)
        first = self._turn // 2 * self._sheets
        chosen = [parts[(first + index) % len(parts)] for index in range(min(self._sheets, len(parts)))]
        return pack(chosen, size=size, sheets=self._sheets) or []

    def _worth_it(self, picture: tuple[int, int], moving: Sequence[Rect], pts: float) -> list[View]:
        """Around whoever may have moved or has long not been looked at, and what moves, unless that is everything."""
        known = self._known
        if not moving and len(known.found) == 0:
            return []
        near = covered(known.found.xyxy, _boxes(moving)).sum(axis=1) > 0
        tall = known.found.xyxy[:, 3] - known.found.xyxy[:, 1]
        worth = TALL / np.maximum(tall, 1.0)
        due = near | (pts - known.looked_at >= RECHECK_S) | (known.scale < COARSE * np.minimum(1.0, worth))
        due &= known.found.class_id == PERSON
        views = [
            View(_grown(_rect(known.found.xyxy[index]), AROUND * float(tall[index]), picture), float(worth[index]))
            for index in np.flatnonzero(due)
        ]
        if _area(moving) <= MUCH * picture[0] * picture[1]:
            views += self._movement(picture, moving, [view.rect for view in views])
        return views

    def _movement(self, picture: tuple[int, int], moving: Sequence[Rect], seen: Sequence[Rect]) -> list[View]:
        """What moves and is not shown already, as large as it goes without being cut through sideways."""
        shown = covered(_boxes(moving), _boxes(seen)).max(axis=1, initial=0.0)
        views = []
        for rect, share in zip(moving, shown, strict=True):
            if share < SHOWN:
                grown = _grown(rect, 0.15 * (rect[3] - rect[1]), picture)
                views.append(View(grown, min(1.0, 0.9 * self._inner.size[1] / (grown[3] - grown[1]))))
        return views

    def _packed(self, views: Sequence[View]) -> list[Piece] | None:
        """Views on as few sheets as give them nearly all they are worth; None where even the smallest do not fit.

        Those that are worth more than there is to see, people who are small, are shrunk last.
        """
        if not views:
            return []
        for sheets in range(1, self._sheets + 1):
            for share in (share for share in SHRINK if share >= ENOUGH or sheets == self._sheets):
                whole = united([View(view.rect, _step(min(1.0, view.scale * share))) for view in views])
                parts = [part for view in whole for part in cut(view, size=self._inner.size, overlap=OVERLAP_PX)]
                pieces = pack(parts, size=self._inner.size, sheets=sheets)
                if pieces is not None:
                    return pieces
        return None

    def _run_sheets(
        self, frame: Frame, pieces: Sequence[Piece]
    ) -> tuple[Detections, NDArray[np.float64], NDArray[np.bool_]]:
        """Run the model on each sheet: boxes, the scale each was seen at, and whether a cut runs through it."""
        picture = (frame.width, frame.height)
        found, scales, cut_off = [Detections.empty()], [np.zeros(0)], [np.zeros(0, np.bool_)]
        page = self._page(frame, pieces)
        for sheet in sorted({piece.sheet for piece in pieces}):
            on_it = [piece for piece in pieces if piece.sheet == sheet]
            lowest = max(piece.top + piece.height for piece in on_it)  # what is below costs a model of any size nothing
            canvas = np.full((min(lowest, self._inner.size[1]), self._inner.size[0], 3), PAD, np.uint8)
            for piece in on_it:
                _draw(canvas, piece, _from_picture(frame.bgr(), piece) if page is None else _from_page(page, piece))
            self.runs += 1
            seen = self._inner.detect_pixels(canvas)
            for piece in on_it:
                part, part_cut = from_piece(seen, piece, picture=picture)
                found.append(part)
                scales.append(np.full(len(part), piece.scale))
                cut_off.append(part_cut)
        return join(*found), np.concatenate(scales), np.concatenate(cut_off)

    @staticmethod
    def _page(frame: Frame, pieces: Sequence[Piece]) -> NDArray[np.uint8] | None:
        """The whole picture at the one scale that all pieces have, if they do and it is not the picture's own."""
        scales = {piece.scale for piece in pieces}
        if len(scales) != 1 or 1.0 in scales:
            return None
        scale = scales.pop()
        return frame.scaled(max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))

    def _remember(
        self, found: Detections, scale: NDArray[np.float64], pieces: Sequence[Piece], moving: Sequence[Rect]
    ) -> None:
        """What was found, and who was known already and is not contradicted.

        Where nothing has changed nobody has left: a look that finds nobody there costs them half of their score.
        Where something moves, a look that is much coarser than the last one says nothing for a moment.
        """
        old, pts = self._known, self._pts
        shown = covered(old.found.xyxy, _boxes([piece.rect for piece in pieces])) > 0.9
        look = np.where(shown, [piece.scale for piece in pieces], 0.0).max(axis=1, initial=0.0)
        moved = covered(old.found.xyxy, _boxes(moving)).sum(axis=1) > 0.1
        again = covered(old.found.xyxy, found.xyxy).max(axis=1, initial=0.0) > 0.4
        coarse = (look < COARSE * old.scale) & (pts - old.looked_at < COARSE_S)
        doubted = (look > 0) & ~coarse
        score = np.where(doubted, old.found.score * np.float32(1 - MEMORY), old.found.score).astype(np.float32)
        kept = ~again & (coarse | ~moved) & (score > self._inner.score)
        carried = Detections(old.found.xyxy, score, old.found.class_id)[kept]
        looked_at = np.where(doubted, pts, old.looked_at)[kept]
        self._known = _Known(
            join(found, carried),
            np.concatenate((np.full(len(found), pts), looked_at)),
            np.concatenate((scale, old.scale[kept])),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Who is taken to be there: boxes, when each was last looked at (pts) and at what scale, float64 (N,)."""

    found: Detections
    looked_at: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def nobody(cls) -> _Known:
        return cls(Detections.empty(), np.zeros(0), np.zeros(0))


def steadied(found: Detections, before: Detections) -> Detections:
    """The same boxes; who was seen before and scored higher then loses only part of that: a look may be a poor one."""
    if len(found) == 0 or len(before) == 0:
        return found
    share = iou(found.xyxy, before.xyxy) * (found.class_id[:, None] == before.class_id[None, :])
    then = np.where(share.max(axis=1) > AGAIN, before.score[share.argmax(axis=1)], 0.0)
    score = found.score + (1 - MEMORY) * np.maximum(0.0, then - found.score)
    return Detections(found.xyxy, score.astype(np.float32), found.class_id)


def one_each(found: Detections, cut_off: NDArray[np.bool_], *, closer: bool) -> NDArray[np.int64]:
    """Indices of one box a person, of boxes found on overlapping pieces: what a cut has left of somebody goes."""
    if len(found) == 0:
        return np.zeros(0, np.int64)
    kept = best_of(found, iou_limit=SAME)
    boxes, classes = found.xyxy[kept], found.class_id[kept]
    share = covered(boxes, boxes) * (classes[:, None] == classes[None, :])
    np.fill_diagonal(share, 0.0)
    limit = PART_CLOSER if closer else PART
    whole: NDArray[np.int64] = kept[~(cut_off[kept] & (share.max(axis=1) > limit))]
    return whole


def united(views: Sequence[View]) -> list[View]:
    """Views of one scale that overlap become one."""
    found = list(views)
    index = 0
    while index < len(found):
        # Of those before, only one that has just grown can have become a mate: no need to begin anew.
        mate = next((k for k in range(len(found)) if k != index and _same_place(found[index], found[k])), None)
        if mate is None:
            index += 1
            continue
        index, later = min(index, mate), max(index, mate)
        a, b = found[index].rect, found.pop(later).rect
        rect = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
        found[index] = View(rect, found[index].scale)
    return found


def join(*parts: Detections) -> Detections:
    return Detections(
        np.concatenate([part.xyxy for part in parts]),
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.class_id for part in parts]),
    )


def _draw(canvas: NDArray[np.uint8], piece: Piece, part: NDArray[np.uint8]) -> None:
    part = part[: canvas.shape[0] - piece.top, : canvas.shape[1] - piece.left]
    canvas[piece.top : piece.top + part.shape[0], piece.left : piece.left + part.shape[1]] = part


def _from_page(page: NDArray[np.uint8], piece: Piece) -> NDArray[np.uint8]:
    """A piece of a picture that has the piece's scale already."""
    x, y = round(piece.rect[0] * piece.scale), round(piece.rect[1] * piece.scale)
    return page[y : y + piece.height, x : x + piece.width]


def _from_picture(bgr: NDArray[np.uint8], piece: Piece) -> NDArray[np.uint8]:
    """A piece of the full picture, scaled: cheaper than a picture of each scale where pieces have several."""
    x1, y1, x2, y2 = (round(side) for side in piece.rect)
    part = bgr[y1:y2, x1:x2]
    if part.shape[:2] == (piece.height, piece.width):
        return part

    return np.asarray(cv2.resize(part, (piece.width, piece.height)), np.uint8)


def _rect(box: NDArray[np.float32]) -> Rect:
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def _boxes(rects: Sequence[Rect]) -> NDArray[np.float32]:
    return np.asarray(rects, np.float32).reshape(-1, 4)


def _grown(rect: Rect, margin: float, picture: tuple[int, int]) -> Rect:
    """A rectangle with a margin, cut to the picture."""
    x1, y1, x2, y2 = rect
    right, bottom = min(float(picture[0]), x2 + margin), min(float(picture[1]), y2 + margin)
    return max(0.0, x1 - margin), max(0.0, y1 - margin), right, bottom


def _step(scale: float) -> float:
    """The largest step that is not larger, or the scale itself below all of them."""
    return next((step for step in STEPS if step <= scale), scale)


def _same_place(a: View, b: View) -> bool:
    p, q = a.rect, b.rect
    return a.scale == b.scale and p[0] < q[2] and q[0] < p[2] and p[1] < q[3] and q[1] < p[3]


def _area(rects: Sequence[Rect]) -> float:
    return sum((rect[2] - rect[0]) * (rect[3] - rect[1]) for rect in rects)

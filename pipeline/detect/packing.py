"""Several parts of a picture on one model input: cut, placed side by side on shelves, and found again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.boxes import clip
from pipeline.types import Detections

Rect = tuple[float, float, float, float]
"""x1, y1, x2, y2 in px of the picture."""

GAP = 8  # px of padding between pieces, so that no box spans two of them
TOUCH = 4.0  # px of the input: how near to a cut a box's side counts as cut


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the picture and its place on a sheet: `rect` in picture px is shown at `scale` from (left, top) on."""

    rect: Rect
    scale: float
    sheet: int
    left: int
    top: int

    @property
    def width(self) -> int:
        return _side(self.rect[2] - self.rect[0], self.scale)

    @property
    def height(self) -> int:
        return _side(self.rect[3] - self.rect[1], self.scale)


@dataclass(frozen=True, slots=True)
class View:
    """A part of the picture worth looking at, and the largest scale, input px per picture px, that is of use.

    Over 1 it would be of use if the picture had it; nothing is shown larger than it is.
    """

    rect: Rect
    scale: float


def cut(view: View, *, size: tuple[int, int], overlap: float) -> list[View]:
    """A view in parts that fit into an input of (width, height) at its scale; neighbours share `overlap` picture px."""
    x1, y1, x2, y2 = view.rect
    across = _spans(x1, x2, longest=size[0] / view.scale, overlap=overlap)
    down = _spans(y1, y2, longest=size[1] / view.scale, overlap=overlap)
    return [View((left, top, right, bottom), view.scale) for top, bottom in down for left, right in across]


def pack(views: Sequence[View], *, size: tuple[int, int], sheets: int) -> list[Piece] | None:
    """Places for views on at most that many sheets of (width, height), or None where they do not fit.

    Shelves, tallest first: simple, and within a few percent of the best for pieces of like heights.
    """
    shelves: list[_Shelf] = []
    used = [0] * sheets
    placed: list[Piece] = []
    for view in sorted(views, key=lambda each: each.scale * (each.rect[1] - each.rect[3])):
        width, height = _side(view.rect[2] - view.rect[0], view.scale), _side(view.rect[3] - view.rect[1], view.scale)
        shelf = next((each for each in shelves if height <= each.height and each.free_x + width <= size[0]), None)
        if shelf is None:
            sheet = next((each for each in range(sheets) if used[each] + height <= size[1]), None)
            if sheet is None or width > size[0]:
                return None
            shelf = _Shelf(sheet, used[sheet], height)
            used[sheet] += height + GAP
            shelves.append(shelf)
        placed.append(Piece(view.rect, view.scale, shelf.sheet, shelf.free_x, shelf.top))
        shelf.free_x += width + GAP
    return placed


def cover(picture: tuple[int, int], *, size: tuple[int, int], sheets: int, overlap: float) -> list[Piece]:
    """The whole picture on that many sheets, as large as it goes."""
    rect = (0.0, 0.0, float(picture[0]), float(picture[1]))
    least = min(size[0] / picture[0], size[1] / picture[1])
    for step in range(24):
        scale = max(least, min(1.0, least * sheets) * 0.96**step)
        placed = pack(cut(View(rect, scale), size=size, overlap=overlap), size=size, sheets=sheets)
        if placed is not None:
            return placed
    return pack([View(rect, least)], size=size, sheets=1) or []


@dataclass(slots=True)
class _Shelf:
    sheet: int
    top: int
    height: int
    free_x: int = 0


def from_piece(found: Detections, piece: Piece, *, picture: tuple[int, int]) -> tuple[Detections, NDArray[np.bool_]]:
    """Boxes found on a piece's sheet that belong to it, in picture px, and which of them its cuts run through.

    A box belongs to the piece that its centre lies on. Where a side of the piece is the picture's border, nothing is
    cut there.
    """
    left, top = float(piece.left), float(piece.top)
    right, bottom = left + piece.width, top + piece.height
    middle = (found.xyxy[:, :2] + found.xyxy[:, 2:]) / 2
    mine = (middle[:, 0] >= left) & (middle[:, 0] < right) & (middle[:, 1] >= top) & (middle[:, 1] < bottom)
    found = found[mine]
    x1, y1, x2, y2 = piece.rect
    inner = np.asarray((x1 > 0, y1 > 0, x2 < picture[0], y2 < picture[1]))
    sides = np.asarray((left, top, right, bottom), np.float32)
    cut_off = ((np.abs(found.xyxy - sides) < TOUCH) & inner).any(axis=1)
    offset = np.asarray((x1, y1) * 2, np.float32)
    boxes = (found.xyxy - np.asarray((left, top) * 2, np.float32)) / np.float32(piece.scale) + offset
    boxes = np.clip(boxes, np.asarray((x1, y1) * 2, np.float32), np.asarray((x2, y2) * 2, np.float32))
    return Detections(clip(boxes, width=picture[0], height=picture[1]), found.score, found.class_id), cut_off


def _side(length: float, scale: float) -> int:
    return max(1, round(length * scale))


def _spans(start: float, end: float, *, longest: float, overlap: float) -> list[tuple[float, float]]:
    """Even spans of at most `longest` that cover start to end and overlap by at least `overlap`."""
    length = end - start
    if length <= longest:
        return [(start, end)]
    overlap = min(overlap, 0.5 * longest)
    count = math.ceil((length - overlap) / (longest - overlap))
    step = (length - longest) / (count - 1)
    return [(start + index * step, start + index * step + longest) for index in range(count)]

"""From a mask of changed pixels to one box per person: fragments joined, people who touch parted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.motion.memory import Blob
from pipeline.detect.motion.pixels import Mask, above, blur
from pipeline.detect.motion.size import PersonSize
from pipeline.detect.motion.walking import Box, cut_off

WIDTH = 0.42  # width of a walking person in heights: arms and stride included


JOIN_GAP = 0.22  # of the taller piece: pieces of one person stand no further apart above each other
TOO_TALL = 1.35  # times the expected height: no more is joined
NOTCH = 0.07  # of the height: how deep the outline dips between two heads
WHOLE = 0.6  # of the expected height: tall enough to be a person and not a part of one
TOO_WIDE = 1.45  # times the expected width: more than one person
TOGETHER_S = 3.0  # for how long people who touch are taken to go on as they did
SPECK = 0.04  # of the largest piece: what is smaller does not stretch a person's box
RUNNING = 1.2  # heights a second that somebody may go on top of what was expected
LEAST = 0.09  # of the picture's height: a silhouette, while it is unknown how tall people are
HALF = 0.5  # of the expected height: the least of a silhouette
SLIM, STOUT = 0.18, 0.75  # width of a silhouette in heights
FIRM = 0.6  # of its height: with a solid part as tall a silhouette needs no filling in
EDGED = 0.35  # share of its other pixels that are not smooth shade
LOW = 0.3  # of its tallest column: what is lower at the side of a silhouette is not part of it
THIN = 0.1  # of the square on its longer side: a piece with fewer pixels is a line
SHADY = 0.8  # a piece with more shade than this around it is the rim of a shadow


@dataclass(frozen=True, slots=True)
class Shape:
    """Pixels taken for one person or thing: their labels in the label image, box, pixel count, owner if remembered."""

    labels: tuple[int, ...]
    box: Box
    area: int
    owner: Blob | None = None
    shared: bool = False
    """True where the pixels hang together with somebody else's, so that the box is a guess."""


@dataclass(slots=True)
class Parts:
    """Connected pieces of a mask: `image` int32 (H, W) of labels, and per label its box and pixel count."""

    image: NDArray[np.int32]
    box: dict[int, Box]
    area: dict[int, int]


def dense(mask: Mask) -> Mask:
    """Pixels most of whose neighbours are marked: no specks, no thin rims."""
    return above(blur(mask, 3), 130)


def clean(solid: Mask) -> Mask:
    """Solid pixels without specks and thin rims, small holes and vertical gaps closed."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 7))
    return np.asarray(cv2.morphologyEx(dense(solid), cv2.MORPH_CLOSE, kernel), np.uint8)


def with_silhouettes(solid: Mask, changed: Mask, edged: Mask, size: PersonSize) -> Mask:
    """Solid pixels, and whole silhouettes that were taken for shade: somebody in grey on grey ground.

    A shadow lies flat and is smooth inside; a changed piece that stands upright, is about as tall as a person where
    its feet are, and shows edges all over is somebody.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(clean(changed), connectivity=8)
    filled = solid
    for label in range(1, len(stats)):
        x, y, w, h = (int(value) for value in stats[label][:4])
        expected = size.expected(float(y + h))
        low, high = (HALF * expected, TOO_TALL * expected) if expected else (LEAST * solid.shape[0], math.inf)
        entering = x <= 1 or x + w >= solid.shape[1] - 1
        if entering or not (low <= h <= high and SLIM * h <= w <= STOUT * h):
            continue
        window = (slice(y, y + h), slice(x, x + w))
        piece = np.asarray(labels[window]) == label
        rest = piece & (solid[window] == 0)
        smooth = np.count_nonzero(rest & (edged[window] == 0))
        if smooth < (1.0 - EDGED) * np.count_nonzero(rest) and _tallest(solid[window], piece) < FIRM * h:
            if filled is solid:
                filled = solid.copy()
            filled[window][_upright(piece)] = 255
    return filled


def _upright(piece: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A piece without the low columns at its sides: the shadow that lies beside its feet."""
    tall = piece.sum(axis=0)
    columns = np.flatnonzero(tall >= LOW * tall.max())
    kept = np.zeros_like(piece)
    kept[:, columns[0] : columns[-1] + 1] = piece[:, columns[0] : columns[-1] + 1]
    return kept


def _tallest(solid: Mask, piece: NDArray[np.bool_]) -> int:
    """Height of the tallest connected solid part of a piece, px."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.where(piece, solid, np.uint8(0)), connectivity=8)
    return int(stats[1:, cv2.CC_STAT_HEIGHT].max(initial=0))


def find_parts(mask: Mask, *, min_area: int) -> Parts:
    """Pieces of at least that many pixels."""
    _, image, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = Parts(np.asarray(image, np.int32), {}, {})
    for label in np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= min_area) + 1:
        x, y, w, h, area = (int(value) for value in stats[label])
        found.box[int(label)] = np.asarray((x, y, x + w, y + h), np.float32)
        found.area[int(label)] = area
    return found


def drop_rims(found: Parts, shade: Mask) -> None:
    """Forget pieces that are little more than the edge of a shadow, or of something that the camera's shaking moved."""
    for label, box in list(found.box.items()):
        if found.area[label] < THIN * float(max(box[2:] - box[:2])) ** 2:
            del found.box[label], found.area[label]
            continue
        x1, y1, x2, y2 = (int(value) for value in box)
        around = np.count_nonzero(shade[max(0, y1 - 2) : y2 + 2, max(0, x1 - 2) : x2 + 2])
        if around > SHADY * (around + found.area[label]):
            del found.box[label], found.area[label]


def group(found: Parts, blobs: Sequence[Blob], *, pts: float, size: PersonSize) -> list[Shape]:
    """One shape per person: what lies where somebody is expected is theirs, the rest is joined and parted by size."""
    expected = {blob.number: blob.predicted(pts) for blob in blobs}
    owned: dict[int, list[int]] = {blob.number: [] for blob in blobs}
    common: dict[int, Box] = {}
    free: list[int] = []
    for label in list(found.box):
        piece = found.box[label]
        owners = _owners(piece, blobs, expected)
        if len(owners) > 1 and min(_overlap(piece, expected[each]) / _area(expected[each]) for each in owners) > 0.4:
            common.update(dict.fromkeys(owners, piece))
            _part_between(found, label, {number: expected[number] for number in owners}, owned)
        elif owners:
            owned[max(owners, key=lambda each: _overlap(piece, expected[each]))].append(label)
        else:
            free.append(label)
    shapes = []
    for blob in blobs:
        kept, spare = _fitting(found, owned[blob.number], blob, size)
        free += spare
        if kept and blob.number in common and blob.calm() and pts - blob.alone < TOGETHER_S:
            box = _held(expected[blob.number], common[blob.number])
            shapes.append(replace(_shape(found, kept, blob), box=box, shared=True))
        elif kept:
            shapes += _split_owned(found, _shape(found, kept, blob), expected[blob.number], size)
    for labels in _stacks(found, free, size):
        shapes += _split_wide(found, _shape(found, labels, None), size)
    return _reunite(shapes, blobs, pts=pts, picture=(found.image.shape[0], found.image.shape[1]))


def _owners(piece: Box, blobs: Sequence[Blob], expected: dict[int, Box]) -> list[int]:
    """Whose a piece can be; next to somebody, what has not gone anywhere is a part of them."""
    near = [blob for blob in blobs if _belongs(piece, expected[blob.number])]
    return [blob.number for blob in near if blob.walked] or [blob.number for blob in near]


def _held(expected: Box, whole: Box) -> Box:
    """An expected box moved as little as needed to lie within the piece that it shares, and cut to it."""
    step = np.maximum(whole[:2] - expected[:2], 0) + np.minimum(whole[2:] - expected[2:], 0)
    moved = expected + np.concatenate((step, step)).astype(np.float32)
    return np.concatenate((np.maximum(moved[:2], whole[:2]), np.minimum(moved[2:], whole[2:]))).astype(np.float32)


def _belongs(piece: Box, expected: Box) -> bool:
    """Whether a piece lies mostly in an expected box (a little widened), or covers most of it."""
    margin = 0.12 * (expected[3] - expected[1])
    wide = expected + np.asarray((-margin, -margin, margin, margin), np.float32)
    shared = _overlap(piece, wide)
    return bool(shared > 0.5 * _area(piece) or _overlap(piece, expected) > 0.5 * _area(expected))


def _part_between(found: Parts, label: int, expected: dict[int, Box], owned: dict[int, list[int]]) -> None:
    """Give each pixel of a piece to the nearest of several expected boxes, distances in box sizes."""
    x1, y1, x2, y2 = (int(value) for value in found.box[label])
    window = found.image[y1:y2, x1:x2]
    rows, columns = np.nonzero(window == label)
    numbers = list(expected)
    middle = np.asarray([((b[0] + b[2]) / 2 - x1, (b[1] + b[3]) / 2 - y1) for b in expected.values()])
    side = np.asarray([(max(b[2] - b[0], 4.0), max(b[3] - b[1], 4.0)) for b in expected.values()])
    apart = ((columns[:, None] - middle[:, 0]) / side[:, 0]) ** 2 + ((rows[:, None] - middle[:, 1]) / side[:, 1]) ** 2
    nearest = apart.argmin(axis=1)
    for index, number in enumerate(numbers):
        mine = nearest == index
        if np.count_nonzero(mine) >= 8:
            owned[number].append(_new_label(found, label, rows[mine] + y1, columns[mine] + x1))
    del found.box[label], found.area[label]


def _fitting(found: Parts, labels: list[int], blob: Blob, size: PersonSize) -> tuple[list[int], list[int]]:
    """The pieces that make a plausible person together, largest first, and those that do not fit in."""
    kept: list[int] = []
    spare: list[int] = []
    for label in sorted(labels, key=lambda each: -found.area[each]):
        (kept if not kept or _fits(found, kept, label, blob, size) else spare).append(label)
    return kept, spare


def _fits(found: Parts, kept: list[int], label: int, blob: Blob, size: PersonSize) -> bool:
    main, piece = _union([found.box[each] for each in kept]), found.box[label]
    if found.area[label] < SPECK * found.area[kept[0]]:
        return False
    joined = _union([main, piece])
    tall = size.expected(float(joined[3])) or blob.height
    if joined[3] - joined[1] > TOO_TALL * tall or (_whole(main, size) and _whole(piece, size)):
        return False
    above_each_other = min(main[2], piece[2]) - max(main[0], piece[0]) > 0.4 * (piece[2] - piece[0])
    return bool(above_each_other or joined[2] - joined[0] < TOO_WIDE * WIDTH * tall)


def _whole(box: Box, size: PersonSize) -> bool:
    """Whether a box is tall enough, where its feet are, to be somebody by itself."""
    expected = size.expected(float(box[3]))
    return expected is not None and bool(box[3] - box[1] > WHOLE * expected)


def _reunite(shapes: list[Shape], blobs: Sequence[Blob], *, pts: float, picture: tuple[int, int]) -> list[Shape]:
    """Give shapes without owner to blobs that found nothing and could have walked there: at few frames a second a
    person's boxes of two frames need not overlap."""
    taken = {shape.owner.number for shape in shapes if shape.owner is not None}
    pairs = []
    for index, shape in enumerate(shapes):
        if shape.owner is None:
            for blob in blobs:
                apart = _stride(shape.box, blob, pts=pts, picture=picture)
                if blob.number not in taken and apart < 1.0:
                    pairs.append((apart, index, blob))
    for _, index, blob in sorted(pairs, key=lambda pair: pair[:2]):
        if shapes[index].owner is None and blob.number not in taken:
            taken.add(blob.number)
            shapes[index] = replace(shapes[index], owner=blob)
    return shapes


def _stride(box: Box, blob: Blob, *, pts: float, picture: tuple[int, int]) -> float:
    """Distance from where a blob should be, in units of how far it could have gone; over 1 is too far."""
    expected = blob.predicted(pts)
    tall, other = float(box[3] - box[1]), max(blob.height, 1.0)
    growth = 8.0 if cut_off(box, picture) or cut_off(blob.box, picture) else 2.0
    if not 1 / growth < tall / other < growth:
        return math.inf
    reach = max(tall, other) * (0.25 + RUNNING * (pts - blob.seen))
    across = float(box[0] + box[2] - expected[0] - expected[2]) / 2
    down = float(box[1] + box[3] - expected[1] - expected[3]) / 2
    return math.hypot(across, down) / reach


def _stacks(found: Parts, free: list[int], size: PersonSize) -> list[list[int]]:
    """Join free pieces that stand above each other with a small gap, as long as the sum is not taller than a person."""
    stacks = [[label] for label in sorted(free, key=lambda each: -found.area[each])]
    index = 0
    while index < len(stacks):
        box = _union([found.box[label] for label in stacks[index]])
        mate = next(
            (other for other in range(len(stacks)) if other != index and _stackable(found, box, stacks[other], size)),
            None,
        )
        if mate is None:
            index += 1
        else:
            stacks[index] = stacks[index] + stacks[mate]
            del stacks[mate]
            index = 0 if mate < index else index
    return stacks


def _stackable(found: Parts, box: Box, other: list[int], size: PersonSize) -> bool:
    second = _union([found.box[label] for label in other])
    across = min(box[2], second[2]) - max(box[0], second[0])
    if across < 0.5 * min(box[2] - box[0], second[2] - second[0]):
        return False
    gap = max(box[1], second[1]) - min(box[3], second[3])
    tall = max(box[3] - box[1], second[3] - second[1])
    joined = _union([box, second])
    limit = size.expected(float(joined[3]))
    height = joined[3] - joined[1]
    if limit is None:
        return bool(gap < JOIN_GAP * tall and joined[2] - joined[0] < 1.1 * height)
    return bool(gap < JOIN_GAP * limit and height < TOO_TALL * limit)


def _split_owned(found: Parts, shape: Shape, expected: Box, size: PersonSize) -> list[Shape]:
    """Part an owned shape where it holds several people; the nearest piece stays the owner's."""
    pieces = _split_wide(found, shape, size)
    if len(pieces) < 2:
        return [shape]
    mine = max(range(len(pieces)), key=lambda index: _overlap(pieces[index].box, expected))
    pieces[mine] = replace(pieces[mine], owner=shape.owner)
    return pieces


def _split_wide(found: Parts, shape: Shape, size: PersonSize) -> list[Shape]:
    """Part a shape that is wider than a person at its deepest notches, seen from above: people side by side."""
    limit = size.expected(float(shape.box[3]))
    if limit is None or len(shape.labels) != 1:
        return [shape]
    x1, y1, x2, y2 = (int(value) for value in shape.box)
    count = round((x2 - x1) / (WIDTH * limit))
    if (x2 - x1) < TOO_WIDE * WIDTH * limit or count < 2 or count > 6 or (y2 - y1) < 0.5 * limit:
        return [shape]
    label = shape.labels[0]
    window = found.image[y1:y2, x1:x2] == label
    cuts = _notches(window, count)
    if not cuts:
        return [shape]
    pieces = []
    for left, right in zip([0, *cuts], [*cuts, x2 - x1], strict=True):
        rows, columns = np.nonzero(window[:, left:right])
        if len(rows) >= 8:
            pieces.append(_shape(found, [_new_label(found, label, rows + y1, columns + x1 + left)], None))
    return pieces


def _notches(window: NDArray[np.bool_], count: int) -> list[int]:
    """Columns between heads: the lowest tops of the outline near each even division, if they are notches at all."""
    height, width = window.shape
    top = np.where(window.any(axis=0), window.argmax(axis=0), height).astype(np.float32)
    top = cv2.blur(top.reshape(1, -1), (5, 1)).ravel()
    cuts = []
    for index in range(1, count):
        centre, reach = index * width / count, width / count * 0.35
        left, right = int(centre - reach), int(centre + reach) + 1
        cut = left + int(top[left:right].argmax())
        heads = top[max(0, cut - int(2 * reach)) : cut + 1].min(), top[cut : cut + int(2 * reach) + 1].min()
        if top[cut] - max(heads) > NOTCH * height:
            cuts.append(cut)
    return cuts


def _shape(found: Parts, labels: list[int], owner: Blob | None) -> Shape:
    box = _union([found.box[label] for label in labels])
    return Shape(tuple(labels), box, sum(found.area[label] for label in labels), owner)


def _new_label(found: Parts, parent: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> int:
    label = int(max(found.image.max(), max(found.box, default=0))) + 1
    found.image[rows, columns] = label
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    found.box[label] = np.asarray(box, np.float32)
    found.area[label] = len(rows)
    return label


def _union(boxes: list[Box]) -> Box:
    stacked = np.stack(boxes)
    return np.concatenate((stacked[:, :2].min(axis=0), stacked[:, 2:].max(axis=0)))


def _overlap(a: Box, b: Box) -> float:
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return float(across * down) if across > 0 and down > 0 else 0.0


def _area(box: Box) -> float:
    return float(max(box[2] - box[0], 1.0) * max(box[3] - box[1], 1.0))

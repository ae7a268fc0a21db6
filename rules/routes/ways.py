"""Who walked here: for every place and heading, the set of learned tracks that came by, at four reaches.

A set is one Python integer with a bit per track, so that "which tracks also came by all these places" is a few
`&` of machine words, whatever the length of the history. Leaving a track out of its own judgement is `& ~bit`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

HEADINGS = 8
REACHES = (0.012, 0.02, 0.035, 0.06)
"""How near a track must come to count as having been here, in scene extents (measured: rules/routes/README.md)."""
CELLS = (0.01, 0.01, 0.02, 0.02)
"""Side of the look-up cells of each reach."""
SAME_WAY = math.radians(50.0)
"""A track counts for every heading within this of its own; with eight headings, never for one over 73 degrees off."""
STRIDE = 1 << 12
"""Cells per row of the key; places beyond +-20 extents of the scene share none with those inside."""

Masks = dict[int, int]


def cell_key(x: float, y: float, cell: float) -> int:
    """The key of the look-up cell of a place; times eight plus the heading, the key of a directed one."""
    return math.floor(x / cell) * STRIDE + math.floor(y / cell)


def heading_bin(angle: float) -> int:
    """The nearest of the eight headings, 0 along x, counted towards y."""
    return round(angle * (HEADINGS / math.tau)) % HEADINGS


class Ways:
    """`came[r][key]`: tracks near a place; `went[r][key * 8 + heading]`: those that also headed that way."""

    __slots__ = ("came", "went")

    def __init__(self) -> None:
        self.came: tuple[Masks, ...] = tuple({} for _ in REACHES)
        self.went: tuple[Masks, ...] = tuple({} for _ in REACHES)

    @classmethod
    def built(cls, walks: Sequence[NDArray[np.float64]]) -> Ways:
        """All tracks at once; slot i is `walks[i]`, nodes float64 (M, 5)."""
        ways = cls()
        if not any(len(walk) for walk in walks):
            return ways
        slot = np.concatenate([np.full(len(walk), i) for i, walk in enumerate(walks)])
        nodes = np.concatenate(list(walks))
        for reach, (came, went) in enumerate(zip(ways.came, ways.went, strict=True)):
            parts = [(key, slot[who]) for key, who in _marks(nodes, reach)]
            keys, slots = (np.concatenate(column) for column in zip(*parts, strict=True))
            went.update(_packed(keys, slots, len(walks)))
            came.update(_packed(keys // HEADINGS, slots, len(walks)))
        return ways

    def add(self, slot: int, walk: NDArray[np.float64]) -> None:
        """Learn one track under a free slot."""
        bit = 1 << slot
        for masks, keys in self._touched(walk):
            for key in keys:
                masks[key] = masks.get(key, 0) | bit

    def remove(self, slot: int, walk: NDArray[np.float64]) -> None:
        """Forget the track of a slot; `walk` must be what was added."""
        bit = 1 << slot
        for masks, keys in self._touched(walk):
            for key in keys:
                left = masks.get(key, 0) & ~bit
                if left:
                    masks[key] = left
                else:
                    masks.pop(key, None)

    def _touched(self, walk: NDArray[np.float64]) -> Iterator[tuple[Masks, list[int]]]:
        for reach, (came, went) in enumerate(zip(self.came, self.went, strict=True)):
            if len(walk):
                keys = np.unique(np.concatenate([key for key, _ in _marks(walk, reach)]))
                yield went, keys.tolist()
                yield came, np.unique(keys // HEADINGS).tolist()


def _marks(nodes: NDArray[np.float64], reach: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Directed keys within reach of the nodes, with the index of the node that marks each, block by block."""
    cell = CELLS[reach]
    place = nodes[:, :2] / cell
    corner = np.floor(place).astype(np.int64)
    radius = REACHES[reach] / cell
    span = math.ceil(radius)
    centres = np.arange(HEADINGS) * (math.tau / HEADINGS)
    off = np.abs((nodes[:, 2, None] - centres + math.pi) % math.tau - math.pi)  # (M, 8)
    who, heading = np.nonzero(off <= SAME_WAY)
    for dx in range(-span, span + 1):
        for dy in range(-span, span + 1):
            near = ((corner + (dx + 0.5, dy + 0.5) - place) ** 2).sum(axis=1) <= radius * radius
            chosen = near[who]
            at = corner[who[chosen]] + (dx, dy)
            yield (at[:, 0] * STRIDE + at[:, 1]) * HEADINGS + heading[chosen], who[chosen]


def _packed(keys: NDArray[np.int64], slots: NDArray[np.int64], count: int) -> Masks:
    """One integer per distinct key, with the bits of its slots set."""
    places, row = np.unique(keys, return_inverse=True)
    width = (count + 7) // 8
    bits = np.zeros(len(places) * width, np.uint8)
    np.bitwise_or.at(bits, row * width + (slots >> 3), np.left_shift(1, slots & 7).astype(np.uint8))
    raw = bits.tobytes()
    masks = (int.from_bytes(raw[i * width : (i + 1) * width], "little") for i in range(len(places)))
    return dict(zip(places.tolist(), masks, strict=True))

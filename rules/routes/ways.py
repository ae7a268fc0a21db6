"""Who walked here: for every place and heading, the set of learned tracks that came by or began, at some reaches.

A set is one Python integer with a bit per track, so that "which tracks also came by all these places" is a few
`&` of machine words, whatever the length of the history. Leaving a track out of its own judgement is `& ~bit`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADINGS = 8
REACHES = (0.012, 0.02, 0.035, 0.06, 0.1, 0.17)
"""How near a track must come to count as having been here, in scene extents (measured: rules/routes/README.md)."""
CELL = 0.01
COARSER = (0, 0, 1, 1, 2, 2)
"""Look-up cells of each reach are `CELL` shifted left by this many bits: a coarse cell holds whole fine ones."""
PLACES = 4
"""How many of the reaches ask who came at all, whatever the heading."""
BEGINNINGS = (2, 3, 4)
"""The reaches at which is asked who began here."""
SAME_WAY = math.radians(50.0)
"""A track counts for every heading within this of its own; with eight headings, never for one over 73 degrees off."""
STRIDE = 1 << 12
"""Cells per row of a key; places beyond +-20 extents of the scene share none with those inside."""

BLOCK = 256
"""Tracks marked at once: bounds the memory that building takes."""
SEEN = 1 << 16
"""Places remembered by `Ways.at` before it starts over."""

Masks = dict[int, tuple[int, int]]
"""A set of tracks by key, and how many they are: counting the bits of thousands takes longer than all else."""

_NOBODY = (0, 0)


class Local(NamedTuple):
    """Everything known about one place and heading: counts for the nearer reaches, the sets themselves for all."""

    came: tuple[int, int, int, int]
    back: tuple[int, int, int]
    ahead: tuple[int, int, int, int, int]
    went: tuple[int, int, int, int, int, int]
    astern: int
    """Those that went the other way within the second reach."""


def cell_of(x: float, y: float, angle: float) -> tuple[int, int, int]:
    """The fine look-up cell of a place, and the nearest of the eight headings (0 along x, counted towards y)."""
    return math.floor(x / CELL), math.floor(y / CELL), round(angle * (HEADINGS / math.tau)) % HEADINGS


class Ways:
    """`came[r][cell]`: tracks near a place; `went[r][cell * 8 + heading]`: those that also headed that way; `began`:
    those that did so with their first node."""

    __slots__ = ("_began", "_came", "_seen", "_shown", "_went")

    def __init__(self) -> None:
        self._came: tuple[Masks, ...] = tuple({} for _ in range(PLACES))
        self._went: tuple[Masks, ...] = tuple({} for _ in REACHES)
        self._began: tuple[Masks, ...] = tuple({} for _ in BEGINNINGS)
        self._seen: dict[tuple[int, int, int], Local] = {}
        self._shown = -1

    @classmethod
    def built(cls, walks: Sequence[NDArray[np.float64]]) -> Ways:
        """All tracks at once; slot i is `walks[i]`, nodes float64 (M, 5)."""
        ways = cls()
        for start in range(0, len(walks), BLOCK):
            ways._add_block(start, walks[start : start + BLOCK])
        return ways

    @classmethod
    def loaded(cls, arrays: Mapping[str, NDArray[Any]]) -> Ways | None:
        """What `dump` gave; None where these arrays lack it, as those of older files do."""
        ways = cls()
        if not {f"began_masks_{len(BEGINNINGS) - 1}", f"went_masks_{len(REACHES) - 1}"} <= arrays.keys():
            return None
        for reach, went in enumerate(ways._went):
            keys, masks = arrays[f"went_keys_{reach}"], arrays[f"went_masks_{reach}"]
            went.update(_integers(keys, masks))
            if reach < PLACES and len(keys):
                # Whoever marks a place marks a heading there, so the headings together are all who came.
                places, first = np.unique(keys // HEADINGS, return_index=True)
                ways._came[reach].update(_integers(places, np.bitwise_or.reduceat(masks, first, axis=0)))
        for index, began in enumerate(ways._began):
            began.update(_integers(arrays[f"began_keys_{index}"], arrays[f"began_masks_{index}"]))
        return ways

    def dump(self, count: int) -> dict[str, NDArray[Any]]:
        """The sets of `count` tracks as arrays: per reach the keys int64 (K,), rising, and a row of bits for each."""
        width = (count + 63) // 64 * 8
        arrays: dict[str, NDArray[Any]] = {}
        for kind, tables in (("went", self._went), ("began", self._began)):
            for index, masks in enumerate(tables):
                keys = sorted(masks)
                raw = b"".join([masks[key][0].to_bytes(width, "little") for key in keys])
                arrays[f"{kind}_keys_{index}"] = np.array(keys, np.int64)
                arrays[f"{kind}_masks_{index}"] = np.frombuffer(raw, "<u8").reshape(len(keys), width // 8)
        return arrays

    def _add_block(self, start: int, walks: Sequence[NDArray[np.float64]]) -> None:
        """Learn some tracks at once under slots from `start` on."""
        slot = np.concatenate([np.full(len(walk), i) for i, walk in enumerate(walks)])
        nodes = np.concatenate(list(walks))
        if not len(nodes):
            return
        for reach, went in enumerate(self._went):
            keys, slots = _marked(nodes, slot, reach)
            _merge(went, _packed(keys, slots, len(walks)), start)
            if reach < PLACES:
                _merge(self._came[reach], _packed(keys // HEADINGS, slots, len(walks)), start)
        first = np.flatnonzero(np.diff(slot, prepend=-1))
        for reach, began in zip(BEGINNINGS, self._began, strict=True):
            _merge(began, _packed(*_marked(nodes[first], slot[first], reach), len(walks)), start)

    def at(self, place: tuple[int, int, int]) -> Local:
        """What all tracks shown say about a place and heading, remembered until a track is added or removed."""
        local = self._seen.get(place)
        if local is None:
            if len(self._seen) >= SEEN:
                self._seen.clear()
            local = self._seen[place] = self.among(place, self._shown)
        return local

    def show(self, chosen: int) -> None:
        """Let `at` tell only of these tracks (-1: all, later ones too)."""
        self._shown = chosen
        self._seen.clear()

    def among(self, place: tuple[int, int, int], chosen: int) -> Local:
        """The same for a chosen set of tracks only (-1: all)."""
        column, row, heading = place
        turn = (heading + HEADINGS // 2) % HEADINGS - heading
        keys = [(column >> shift) * STRIDE + (row >> shift) for shift in COARSER]
        came = [masks.get(key, _NOBODY) for masks, key in zip(self._came, keys, strict=False)]
        keys = [key * HEADINGS + heading for key in keys]
        went = [masks.get(key, _NOBODY) for masks, key in zip(self._went, keys, strict=True)]
        astern = [masks.get(key + turn, _NOBODY) for masks, key in zip(self._went[:3], keys, strict=False)]
        if chosen != -1:
            came, went, astern = (_chosen(sets, chosen) for sets in (came, went, astern))
        return Local(
            came=(came[0][1], came[1][1], came[2][1], came[3][1]),
            back=(astern[0][1], astern[1][1], astern[2][1]),
            ahead=(went[0][1], went[1][1], went[2][1], went[3][1], went[4][1]),
            went=(went[0][0], went[1][0], went[2][0], went[3][0], went[4][0], went[5][0]),
            astern=astern[1][0],
        )

    def began(self, place: tuple[int, int, int], chosen: int) -> tuple[int, int, int]:
        """How many of a chosen set of tracks began here and that way, within each of `BEGINNINGS`."""
        column, row, heading = place
        found = []
        for reach, masks in zip(BEGINNINGS, self._began, strict=True):
            key = (column >> COARSER[reach]) * STRIDE + (row >> COARSER[reach])
            found.append((masks.get(key * HEADINGS + heading, _NOBODY)[0] & chosen).bit_count())
        return found[0], found[1], found[2]

    def add(self, slot: int, walk: NDArray[np.float64]) -> None:
        """Learn one track under a free slot."""
        bit = 1 << slot
        for masks, keys in self._touched(walk):
            for key in keys:
                mask, count = masks.get(key, _NOBODY)
                masks[key] = mask | bit, count + 1
        self._forget_seen(walk)

    def remove(self, slot: int, walk: NDArray[np.float64]) -> None:
        """Forget the track of a slot; `walk` must be what was added."""
        bit = 1 << slot
        for masks, keys in self._touched(walk):
            for key in keys:
                mask, count = masks[key]
                if count > 1:
                    masks[key] = mask ^ bit, count - 1
                else:
                    del masks[key]
        self._forget_seen(walk)

    def _forget_seen(self, walk: NDArray[np.float64]) -> None:
        """What is remembered of any place within the widest reach of a walk is no longer true."""
        shift, widest = COARSER[-1], len(REACHES) - 1
        if not len(walk):
            return
        cells = np.unique(np.concatenate([key for key, _ in _marks(walk, widest)]) // HEADINGS)
        inside = [(a, b, h) for a in range(1 << shift) for b in range(1 << shift) for h in range(HEADINGS)]
        for cell in cells.tolist():
            column, row = _unkey(cell)
            for a, b, heading in inside:
                self._seen.pop(((column << shift) + a, (row << shift) + b, heading), None)

    def _touched(self, walk: NDArray[np.float64]) -> Iterator[tuple[Masks, list[int]]]:
        for reach, went in enumerate(self._went if len(walk) else ()):
            keys = np.unique(np.concatenate([key for key, _ in _marks(walk, reach)]))
            yield went, keys.tolist()
            if reach < PLACES:
                yield self._came[reach], np.unique(keys // HEADINGS).tolist()
        for reach, began in zip(BEGINNINGS, self._began if len(walk) else (), strict=False):
            yield began, np.concatenate([key for key, _ in _marks(walk[:1], reach)]).tolist()


def _marked(
    nodes: NDArray[np.float64], slot: NDArray[np.int64], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All directed keys within reach of the nodes, and the slot of the track that marks each."""
    parts = [(key, slot[who]) for key, who in _marks(nodes, reach)]
    return np.concatenate([key for key, _ in parts]), np.concatenate([who for _, who in parts])


def _marks(nodes: NDArray[np.float64], reach: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Directed keys within reach of the nodes, with the index of the node that marks each, block by block."""
    cell = CELL * (1 << COARSER[reach])
    place = nodes[:, :2] / cell
    corner = np.floor(place).astype(np.int64)
    radius = REACHES[reach] / cell
    span = math.ceil(radius)
    centres = np.arange(HEADINGS) * (math.tau / HEADINGS)
    off = np.abs((nodes[:, 2, None] - centres + math.pi) % math.tau - math.pi)  # (M, 8)
    who, heading = np.nonzero(off <= SAME_WAY)
    for dx in range(-span, span + 1):
        for dy in range(-span, span + 1):
            offset = np.array((dx, dy))
            near = ((corner + offset + 0.5 - place) ** 2).sum(axis=1) <= radius * radius
            chosen = near[who]
            at = corner[who[chosen]] + offset
            yield (at[:, 0] * STRIDE + at[:, 1]) * HEADINGS + heading[chosen], who[chosen]


def _unkey(key: int) -> tuple[int, int]:
    """Column and row of a cell's key; both may be negative."""
    row = (key + STRIDE // 2) % STRIDE - STRIDE // 2
    return (key - row) // STRIDE, row


def _merge(masks: Masks, more: Masks, start: int) -> None:
    """Add sets whose first bit is slot `start`."""
    for key, (mask, count) in more.items():
        before, had = masks.get(key, _NOBODY)
        masks[key] = before | mask << start, had + count


def _packed(keys: NDArray[np.int64], slots: NDArray[np.int64], count: int) -> Masks:
    """One integer per distinct key, with the bits of its slots set."""
    places, row = np.unique(keys, return_inverse=True)
    width = (count + 7) // 8
    bits = np.zeros(len(places) * width, np.uint8)
    np.bitwise_or.at(bits, row * width + (slots >> 3), np.left_shift(1, slots & 7).astype(np.uint8))
    return _integers(places, bits.reshape(len(places), width))


def _integers(keys: NDArray[np.int64], rows: NDArray[Any]) -> Masks:
    """Keys (K,) and a row of little-endian bits for each, as one integer per key and how many bits are set."""
    raw, width = rows.tobytes(), rows.shape[1] * rows.itemsize
    counts = np.bitwise_count(rows).sum(axis=1, dtype=np.int64).tolist()
    masks = [int.from_bytes(raw[at : at + width], "little") for at in range(0, len(raw), width)] if width else []
    return dict(zip(keys.tolist(), zip(masks, counts, strict=True), strict=True))


def _chosen(sets: list[tuple[int, int]], chosen: int) -> list[tuple[int, int]]:
    both = [mask & chosen for mask, _ in sets]
    return [(mask, mask.bit_count()) for mask in both]

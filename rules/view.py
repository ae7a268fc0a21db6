"""One analysed frame as the rules see it: who is there, in which zones, and what is different from the frame before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.geometry import Bools, Floats


class Moment(NamedTuple):
    """One analysed frame: `t` on the scene's own axis (s, never steps back, runs on over reconnects), `pts`, `utc`."""

    t: float
    pts: float
    utc: float
    run_id: int


class Link(NamedTuple):
    """`new` continues `old`, who was lost for `gap_s` and is found `distance_bh` body heights from the place."""

    old: int
    new: int
    gap_s: float
    distance_bh: float


class Split(NamedTuple):
    """`old` is back while `new`, who was taken to continue them, is seen too: two people after all."""

    old: int
    new: int


class Move(NamedTuple):
    """Somebody who is in other registered rows than before; a bit for each row. `row` is of the view, -1: gone."""

    uid: int
    row: int
    was: int
    now: int


@dataclass(slots=True, eq=False)
class Moves:
    """What is different from the frame before. `fresh` are uids that were not on it, `gone` those that only were.

    `rows` has a bit for each registered row in which there is a difference. `last_uid` (L,) are the people before.
    """

    last_uid: NDArray[np.int64]
    fresh: frozenset[int]
    gone: frozenset[int]
    moves: list[Move]
    rows: int
    _lists: dict[int, tuple[list[tuple[int, int]], list[int]]] | None = None

    def of(self, row: int) -> tuple[Sequence[tuple[int, int]], Sequence[int]]:
        """Who came into a registered row, (uid, row of the view) each, and the uids that went out of it."""
        if self._lists is None:
            self._lists = {}
            for uid, at, was, now in self.moves:
                for r in _bits(now & ~was):
                    self._lists.setdefault(r, ([], []))[0].append((uid, at))
                for r in _bits(was & ~now):
                    self._lists.setdefault(r, ([], []))[1].append(uid)
        return self._lists.get(row, ((), ()))


@dataclass(slots=True, eq=False)
class View:
    """One analysed frame as the rules see it. Rows are the M observed tracks; predicted ones are nobody's presence.

    `uid` int64 (M,) names one track over all runs; `foot` float64 (M, 2); `inside` bool (R, M) one row for each
    registered zone and class filter, `masks` the same with a bit for each row; `moves` says who came and went since
    the frame before. `gap` is True where too much time passed since that frame for anybody to have been watched,
    `came` where the tracks are not those of that frame. `seq` counts frames, for `why` only.
    """

    seq: int
    now: Moment
    before: Moment | None
    aspect: float
    uid: NDArray[np.int64]
    track_id: NDArray[np.int64]
    class_id: NDArray[np.int32]
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    foot: Floats
    inside: Bools
    masks: list[int]
    moves: Moves
    gap: bool
    came: bool
    links: Sequence[Link] = ()
    splits: Sequence[Split] = ()
    earlier: View | None = None
    _index: dict[int, int] | None = None

    @property
    def index(self) -> dict[int, int]:
        """Row of each uid."""
        if self._index is None:
            self._index = {uid: i for i, uid in enumerate(self.uid.tolist())}
        return self._index


def moves_since(last: View | None, uid: NDArray[np.int64], masks: list[int], rows: int) -> Moves:
    """Who came into and went out of which row since the last frame."""
    if last is None or len(last.inside) != rows:
        moves = [Move(one, row, 0, now) for row, (one, now) in enumerate(zip(uid.tolist(), masks, strict=True))]
        return Moves(_NOBODY, frozenset(uid.tolist()), _NO_UIDS, moves, (1 << rows) - 1)
    if uid is last.uid:
        if masks == last.masks:
            return Moves(uid, _NO_UIDS, _NO_UIDS, [], 0)
        both = zip(uid.tolist(), last.masks, masks, strict=True)
        moves = [Move(one, row, was, now) for row, (one, was, now) in enumerate(both) if was != now]
        return Moves(uid, _NO_UIDS, _NO_UIDS, moves, _different(moves))
    before = dict(zip(last.uid.tolist(), last.masks, strict=True))
    fresh: list[int] = []
    moves = []
    for row, (one, now) in enumerate(zip(uid.tolist(), masks, strict=True)):
        was = before.pop(one, None)
        if was is None:
            fresh.append(one)
        if was != now:
            moves.append(Move(one, row, was or 0, now))
    moves += [Move(one, -1, was, 0) for one, was in before.items()]
    return Moves(last.uid, frozenset(fresh), frozenset(before), moves, _different(moves))


def _different(moves: list[Move]) -> int:
    """The rows in which anybody came or went, as bits."""
    rows = 0
    for _, _, was, now in moves:
        rows |= was ^ now
    return rows


_WORD = 62
"""Rows that fit into one int64."""


def bits_of(inside: Bools) -> list[int]:
    """For each person the rows they are in, as the bits of a number: bool (R, M) -> M of them."""
    words = [inside[at : at + _WORD] for at in range(0, len(inside), _WORD)] or [inside]
    masks: list[int] = ((1 << np.arange(len(words[0]), dtype=np.int64)) @ words[0]).tolist()
    for number, word in enumerate(words[1:], 1):
        high = ((1 << np.arange(len(word), dtype=np.int64)) @ word).tolist()
        masks = [low | bits << (_WORD * number) for low, bits in zip(masks, high, strict=True)]
    return masks


def _bits(mask: int) -> Iterator[int]:
    """Which bits are set, from the lowest."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


_NOBODY = np.zeros(0, np.int64)
_NO_UIDS: frozenset[int] = frozenset()

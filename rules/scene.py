"""What all rules of one camera share: event time, who is new, back, or continues whom, who stands in which zone.

Worked out once for each analysed frame, in arrays, so that a rule only looks at what changed in its own zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.geometry import Bools, Floats, Polygon, ZoneIndex
from rules.link import HORIZON_S, Lost, continuations
from rules.types import Tracks, foot_of

STEP_S = 2.0
"""Two analysed frames further apart than this are a gap, to be bridged, not presence (a slow 2 Hz camera that drops
half of its frames stays below)."""

GLANCE_S = 0.25
"""Spacing of the boxes kept to tell how fast somebody was walking when they were lost."""

GLANCES = 5


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


@dataclass(slots=True)
class Absent:
    """A track that is not seen now; `successor` is who was taken to continue it."""

    track_id: int
    run_id: int
    last: Moment
    xyxy: tuple[float, ...]
    velocity: tuple[float, ...]
    successor: int | None = None


@dataclass(slots=True, eq=False)
class Glance:
    """Boxes of a frame not long ago."""

    t: float
    uid: NDArray[np.int64]
    xyxy: NDArray[np.float32]


@dataclass(slots=True)
class Scene:
    """One camera's people over time. `view` is called once for every analysed frame, in order."""

    memory_s: float = HORIZON_S
    _rows: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    _polygons: list[Polygon] = field(default_factory=list)
    _zones: ZoneIndex | None = None
    _last: View | None = None
    _offset: float = 0.0
    _next_uid: int = 1
    _absent: dict[int, Absent] = field(default_factory=dict)
    _lost_ids: dict[int, int] = field(default_factory=dict)
    _glances: list[Glance] = field(default_factory=list)
    _ahead: dict[int, tuple[Tracks, Floats, Bools, list[int]]] = field(default_factory=dict)

    @property
    def last(self) -> View | None:
        """The latest frame taken in."""
        return self._last

    def register(self, polygon: Polygon | None, classes: tuple[int, ...]) -> int:
        """Ask for a row of `View.inside`: who of these classes stands in the polygon (None: the whole picture)."""
        which = -1
        if polygon is not None:
            if polygon not in self._polygons:
                self._polygons.append(polygon)
            which = self._polygons.index(polygon)
        row = (which, tuple(classes))
        if row not in self._rows:
            self._rows.append(row)
        self._zones = None
        return self._rows.index(row)

    def remember(self, seconds: float) -> None:
        """Some rule needs to recognise a track that comes back after so long."""
        self.memory_s = max(self.memory_s, seconds)

    def foresee(self, batch: Sequence[Tracks]) -> None:
        """Test the feet of the next frames against the zones at once. Without it `view` gives the same, only slower."""
        edges = np.cumsum([0, *map(len, batch)])
        xyxy = np.concatenate([tracks.xyxy for tracks in batch])
        foot = foot_of(xyxy)
        inside = self._inside(foot, np.concatenate([tracks.class_id for tracks in batch]))
        masks = _masks(inside)
        spans = zip(batch, edges.tolist(), edges[1:].tolist(), strict=False)
        self._ahead = {id(tracks): (tracks, foot[a:b], inside[:, a:b], masks[a:b]) for tracks, a, b in spans}

    def view(self, tracks: Tracks) -> View:
        """Take in one analysed frame."""
        now = self._moment(tracks)
        last = self._last
        seen = slice(None) if tracks.observed.all() else np.flatnonzero(tracks.observed)
        ids = tracks.track_id[seen]
        foot, inside, masks = self._placed(tracks, seen)
        uid, links, splits = self._recognise(ids, tracks.xyxy[seen], now, aspect=tracks.aspect)
        view = View(
            seq=last.seq + 1 if last else 0, now=now, before=last.now if last else None, aspect=tracks.aspect,
            uid=uid, track_id=ids,
            class_id=tracks.class_id[seen], xyxy=tracks.xyxy[seen], score=tracks.score[seen], foot=foot, inside=inside,
            masks=masks,
            moves=_moves(last, uid, masks, len(inside)), gap=last is None or now.t - last.now.t > STEP_S,
            came=last is None or uid is not last.uid, links=links, splits=splits, earlier=last,
        )  # fmt: skip
        if last is not None:
            last.earlier = None
        self._last = view
        self._glance(view)
        return view

    def _placed(self, tracks: Tracks, seen: Any) -> tuple[Floats, Bools, list[int]]:
        """Feet of the observed tracks, and which registered rows they stand in, also as bits."""
        known = self._ahead.pop(id(tracks), None)
        if known is not None:
            _, foot, inside, masks = known
            every = isinstance(seen, slice)
            return foot[seen], inside[:, seen], masks if every else [masks[i] for i in seen.tolist()]
        foot = tracks.foot[seen]
        inside = self._inside(foot, tracks.class_id[seen])
        return foot, inside, _masks(inside)

    def _moment(self, tracks: Tracks) -> Moment:
        """Event time: media time within a run, wall time over a new run or a step back, and never backwards."""
        last = self._last.now if self._last else None
        if last is None:
            self._offset = -tracks.pts
        elif tracks.run_id != last.run_id or tracks.pts <= last.pts:
            self._offset = last.t + max(0.0, tracks.utc - last.utc) - tracks.pts
        return Moment(tracks.pts + self._offset, tracks.pts, tracks.utc, tracks.run_id)

    def _inside(self, foot: Floats, class_id: NDArray[np.int32]) -> Bools:
        if self._zones is None:
            self._zones = ZoneIndex(self._polygons)
        in_zone = self._zones.inside(foot)
        of_class = {classes: _of_class(class_id, classes) for _, classes in self._rows}
        result = np.empty((len(self._rows), len(foot)), np.bool_)
        for row, (which, classes) in enumerate(self._rows):
            result[row] = of_class[classes] if which < 0 else in_zone[which] & of_class[classes]
        return result

    def _recognise(
        self, ids: NDArray[np.int64], xyxy: NDArray[np.float32], now: Moment, *, aspect: float
    ) -> tuple[NDArray[np.int64], list[Link], list[Split]]:
        """Name everybody seen; note who is gone, back, new, and whom the new may continue."""
        last = self._last
        same_run = last is not None and last.now.run_id == now.run_id
        if last is not None and same_run and np.array_equal(ids, last.track_id):
            return last.uid, [], []
        known = dict(zip(last.track_id.tolist(), last.uid.tolist(), strict=True)) if last and same_run else {}
        self._lose(last, keep=set(ids.tolist()) if same_run else set(), new_run=not same_run)
        self._forget(now.t)
        present = {known.get(i, self._lost_ids.get(i, 0)) for i in ids.tolist()}
        uid, fresh, splits = self._name(ids.tolist(), known, present)
        links = self._link(uid, fresh, xyxy, now, aspect=aspect)
        return np.array(uid, np.int64), links, splits

    def _lose(self, last: View | None, *, keep: set[int], new_run: bool) -> None:
        if new_run:
            self._lost_ids.clear()
        if last is None:
            return
        for row, track_id in enumerate(last.track_id.tolist()):
            if track_id not in keep:
                uid = int(last.uid[row])
                box = last.xyxy[row].astype(np.float64)
                self._absent[uid] = Absent(
                    track_id, last.now.run_id, last.now, tuple(box.tolist()), self._velocity(uid, box, last.now.t)
                )
                if not new_run:
                    self._lost_ids[track_id] = uid

    def _velocity(self, uid: int, box: Floats, t: float) -> tuple[float, ...]:
        """Speed of the box's sides over about the last second, per second; zeros where it was not seen for so long."""
        for glance in self._glances:
            where = np.flatnonzero(glance.uid == uid)
            if len(where) and t - glance.t >= GLANCE_S:
                return tuple(((box - glance.xyxy[where[0]]) / (t - glance.t)).tolist())
        return (0.0, 0.0, 0.0, 0.0)

    def _forget(self, t: float) -> None:
        while self._absent:
            uid, absent = next(iter(self._absent.items()))
            if t - absent.last.t <= self.memory_s:
                return
            del self._absent[uid]
            if self._lost_ids.get(absent.track_id) == uid:
                del self._lost_ids[absent.track_id]

    def _name(
        self, ids: list[int], known: dict[int, int], present: set[int]
    ) -> tuple[list[int], list[int], list[Split]]:
        """uid of each track, the rows that are new, and the links that somebody's return has broken."""
        uid, fresh, splits = [], [], []
        for row, track_id in enumerate(ids):
            name = known.get(track_id)
            if name is None and track_id in self._lost_ids:
                name, split = self._welcome(track_id, present)
                splits += split
            if name is None:
                name = self._next_uid
                self._next_uid += 1
                fresh.append(row)
            uid.append(name)
        return uid, fresh, splits

    def _welcome(self, track_id: int, present: set[int]) -> tuple[int | None, list[Split]]:
        """A track is back under its own id: the same person, unless another id has carried them on meanwhile."""
        uid = self._lost_ids.pop(track_id)
        successor = self._absent[uid].successor
        if successor is None:
            del self._absent[uid]
            return uid, []
        if self._carried(successor) in present:
            del self._absent[uid]
            return uid, [Split(uid, successor)]
        return None, []  # the ids take turns for one person: continues the other like any new track

    def _carried(self, uid: int) -> int:
        """The last of those who were taken to continue somebody."""
        while uid in self._absent and self._absent[uid].successor is not None:
            uid = self._absent[uid].successor or uid
        return uid

    def _link(
        self, uid: list[int], fresh: list[int], xyxy: NDArray[np.float32], now: Moment, *, aspect: float
    ) -> list[Link]:
        open_ = self._open(now.t) if fresh else []
        if not open_:
            return []
        lost = Lost(
            np.array([a.xyxy for _, a in open_]), np.array([a.velocity for _, a in open_]),
            np.array([now.t - a.last.t for _, a in open_]),
        )  # fmt: skip
        links = []
        boxes = xyxy.astype(np.float64)
        for c, b, distance in continuations(lost, boxes[fresh], seen=boxes, aspect=aspect):
            old, absent = open_[c]
            absent.successor = uid[fresh[b]]
            links.append(Link(old, uid[fresh[b]], now.t - absent.last.t, distance))
        return links

    def _open(self, t: float) -> list[tuple[int, Absent]]:
        """Who was lost lately and is continued by nobody yet, longest ago first: `_absent` is in that order."""
        found = []
        for uid in reversed(self._absent):
            absent = self._absent[uid]
            if t - absent.last.t > HORIZON_S:
                break
            if absent.successor is None:
                found.append((uid, absent))
        return found[::-1]

    def _glance(self, view: View) -> None:
        if not self._glances or view.now.t - self._glances[-1].t >= GLANCE_S:
            self._glances = [*self._glances[-GLANCES + 1 :], Glance(view.now.t, view.uid, view.xyxy)]

    def state(self) -> dict[str, Any]:
        """A JSON value from which `restore` continues exactly."""
        last = self._last
        return {
            "offset": self._offset,
            "next_uid": self._next_uid,
            "last": None if last is None else {
                "seq": last.seq, "now": list(last.now), "aspect": last.aspect, "uid": last.uid.tolist(),
                "track_id": last.track_id.tolist(), "class_id": last.class_id.tolist(), "xyxy": last.xyxy.tolist(),
                "score": last.score.tolist(), "foot": last.foot.tolist(),
            },
            "absent": [
                [uid, a.track_id, a.run_id, list(a.last), list(a.xyxy), list(a.velocity), a.successor]
                for uid, a in self._absent.items()
            ],
            "lost_ids": list(self._lost_ids.items()),
            "glances": [[g.t, g.uid.tolist(), g.xyxy.tolist()] for g in self._glances],
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`; zones are tested anew, so that a redrawn one starts from who stands in it."""
        self._offset, self._next_uid = state["offset"], state["next_uid"]
        self._absent = {
            uid: Absent(track_id, run_id, Moment(*last), tuple(xyxy), tuple(velocity), successor)
            for uid, track_id, run_id, last, xyxy, velocity, successor in state["absent"]
        }
        self._lost_ids = dict(state["lost_ids"])
        self._glances = [Glance(t, _ids(uid), _boxes(xyxy)) for t, uid, xyxy in state["glances"]]
        last = state["last"]
        self._last = None if last is None else self._remembered(last)

    def _remembered(self, last: dict[str, Any]) -> View:
        foot = np.array(last["foot"], np.float64).reshape(-1, 2)
        class_id = np.array(last["class_id"], np.int32)
        inside = self._inside(foot, class_id)
        masks = _masks(inside)
        return View(
            seq=last["seq"], now=Moment(*last["now"]), before=None, aspect=last["aspect"], uid=_ids(last["uid"]),
            track_id=_ids(last["track_id"]), class_id=class_id, xyxy=_boxes(last["xyxy"]),
            score=np.array(last["score"], np.float32), foot=foot, inside=inside,
            masks=masks, moves=_moves(None, _ids(last["uid"]), masks, len(inside)), gap=True, came=True,
        )  # fmt: skip


def _moves(last: View | None, uid: NDArray[np.int64], masks: list[int], rows: int) -> Moves:
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


def _masks(inside: Bools) -> list[int]:
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


def _of_class(class_id: NDArray[np.int32], classes: tuple[int, ...]) -> Bools:
    """Which are of these classes; a comparison each is an order faster than numpy.isin on a frame's few tracks."""
    mask: Bools = np.zeros(len(class_id), np.bool_)
    for one in classes:
        mask |= class_id == one
    return mask


def _ids(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _boxes(values: list[list[float]]) -> NDArray[np.float32]:
    return np.array(values, np.float32).reshape(-1, 4)

"""Who is who: a name for every track that lasts over runs, who is gone, who is back, who continues whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.geometry import Floats
from rules.link import HORIZON_S, Born, Lost, continuations
from rules.types import Tracks
from rules.view import Link, Moment, Split, View

GLANCE_S = 0.25
"""Spacing of the boxes kept to tell how fast somebody was walking when they were lost."""

GLANCES = 5


@dataclass(slots=True)
class Absent:
    """A track that is not seen now; `successor` is who was taken to continue it."""

    track_id: int
    run_id: int
    last: Moment
    xyxy: tuple[float, ...]
    velocity: tuple[float, ...]
    score: float
    successor: int | None = None


@dataclass(slots=True, eq=False)
class Glance:
    """Boxes of a frame not long ago."""

    t: float
    uid: NDArray[np.int64]
    xyxy: NDArray[np.float32]


@dataclass(slots=True)
class Names:
    """Gives each track its uid; `recognise` is called once for every analysed frame, in order.

    `exact`: ids are what they say (people annotated them), so that none continues another within a run.
    """

    exact: bool = False
    memory_s: float = HORIZON_S
    _next_uid: int = 1
    _absent: dict[int, Absent] = field(default_factory=dict)
    _lost_ids: dict[int, int] = field(default_factory=dict)
    _glances: list[Glance] = field(default_factory=list)

    def recognise(
        self, tracks: Tracks, seen: Any, now: Moment, last: View | None
    ) -> tuple[NDArray[np.int64], list[Link], list[Split]]:
        """Name the observed tracks (`seen` picks them); note who is gone, back, new, and whom the new continue."""
        ids = tracks.track_id[seen]
        same_run = last is not None and last.now.run_id == now.run_id
        if last is not None and same_run and ids.tobytes() == last.track_id.tobytes():
            return last.uid, [], []
        known = dict(zip(last.track_id.tolist(), last.uid.tolist(), strict=True)) if last and same_run else {}
        self._lose(last, keep=set(ids.tolist()) if same_run else set(), new_run=not same_run)
        self._forget(now.t)
        present = {known.get(i, self._lost_ids.get(i, 0)) for i in ids.tolist()}
        uid, fresh, splits = self._name(ids.tolist(), known, present)
        links = self._link(uid, fresh, tracks, seen, now) if fresh else []
        return np.array(uid, np.int64), links, splits

    def glance(self, view: View) -> None:
        """Keep this frame's boxes, if the last ones kept are of a while ago."""
        if not self._glances or view.now.t - self._glances[-1].t >= GLANCE_S:
            self._glances = [*self._glances[-GLANCES + 1 :], Glance(view.now.t, view.uid, view.xyxy)]

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
                    track_id,
                    last.now.run_id,
                    last.now,
                    tuple(box.tolist()),
                    self._velocity(uid, box, last.now.t),
                    float(last.score[row]),
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

    def _link(self, uid: list[int], fresh: list[int], tracks: Tracks, seen: Any, now: Moment) -> list[Link]:
        open_ = self._open(now)
        if not open_:
            return []
        lost = Lost(
            np.array([a.xyxy for _, a in open_]), np.array([a.velocity for _, a in open_]),
            np.array([now.t - a.last.t for _, a in open_]), np.array([a.score for _, a in open_]),
        )  # fmt: skip
        links = []
        boxes = tracks.xyxy[seen].astype(np.float64)
        born = Born(boxes[fresh], tracks.score[seen][fresh].astype(np.float64))
        for c, b, distance in continuations(lost, born, seen=boxes, aspect=tracks.aspect):
            old, absent = open_[c]
            absent.successor = uid[fresh[b]]
            links.append(Link(old, uid[fresh[b]], now.t - absent.last.t, distance))
        return links

    def _open(self, now: Moment) -> list[tuple[int, Absent]]:
        """Who was lost lately and is continued by nobody yet, longest ago first: `_absent` is in that order."""
        found = []
        for uid in reversed(self._absent):
            absent = self._absent[uid]
            if now.t - absent.last.t > HORIZON_S:
                break
            if absent.successor is None and not (self.exact and absent.run_id == now.run_id):
                found.append((uid, absent))
        return found[::-1]

    def state(self) -> dict[str, Any]:
        """A JSON value from which `restore` continues exactly."""
        return {
            "next_uid": self._next_uid,
            "absent": [
                [uid, a.track_id, a.run_id, list(a.last), list(a.xyxy), list(a.velocity), a.score, a.successor]
                for uid, a in self._absent.items()
            ],
            "lost_ids": list(self._lost_ids.items()),
            "glances": [[g.t, g.uid.tolist(), g.xyxy.tolist()] for g in self._glances],
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self._next_uid = state["next_uid"]
        self._absent = {
            uid: Absent(track_id, run_id, Moment(*last), tuple(xyxy), tuple(velocity), score, successor)
            for uid, track_id, run_id, last, xyxy, velocity, score, successor in state["absent"]
        }
        self._lost_ids = dict(state["lost_ids"])
        self._glances = [
            Glance(t, np.array(uid, np.int64), np.array(xyxy, np.float32).reshape(-1, 4))
            for t, uid, xyxy in state["glances"]
        ]

"""What all rules of one camera share: event time, who is new, back, or continues whom, who stands in which zone.

Worked out once for each analysed frame, in arrays, so that a rule only looks at what changed in its own zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.geometry import Bools, Floats, Polygon, ZoneIndex
from rules.names import Names
from rules.types import Tracks, foot_of
from rules.view import Moment, View, bits_of, moves_since

STEP_S = 2.0
"""Two analysed frames further apart than this are a gap, to be bridged, not presence (a slow 2 Hz camera that drops
half of its frames stays below)."""


@dataclass(slots=True)
class Scene:
    """One camera's people over time. `view` is called once for every analysed frame, in order."""

    names: Names = field(default_factory=Names)
    _rows: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    _polygons: list[Polygon] = field(default_factory=list)
    _zones: ZoneIndex | None = None
    _last: View | None = None
    _offset: float = 0.0
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
        self.names.memory_s = max(self.names.memory_s, seconds)

    def foresee(self, batch: Sequence[Tracks]) -> None:
        """Test the feet of the next frames against the zones at once. Without it `view` gives the same, only slower."""
        edges = np.cumsum([0, *map(len, batch)])
        xyxy = np.concatenate([tracks.xyxy for tracks in batch])
        foot = foot_of(xyxy)
        inside = self._inside(foot, np.concatenate([tracks.class_id for tracks in batch]))
        masks = bits_of(inside)
        spans = zip(batch, edges.tolist(), edges[1:].tolist(), strict=False)
        self._ahead = {id(tracks): (tracks, foot[a:b], inside[:, a:b], masks[a:b]) for tracks, a, b in spans}

    def view(self, tracks: Tracks) -> View:
        """Take in one analysed frame."""
        now = self._moment(tracks)
        last = self._last
        seen = slice(None) if np.count_nonzero(tracks.observed) == len(tracks) else np.flatnonzero(tracks.observed)
        foot, inside, masks = self._placed(tracks, seen)
        uid, links, splits = self.names.recognise(tracks, seen, now, last)
        view = View(
            seq=last.seq + 1 if last else 0, now=now, before=last.now if last else None, aspect=tracks.aspect,
            uid=uid, track_id=tracks.track_id[seen],
            class_id=tracks.class_id[seen], xyxy=tracks.xyxy[seen], score=tracks.score[seen], foot=foot, inside=inside,
            masks=masks,
            moves=moves_since(last, uid, masks, len(inside)), gap=last is None or now.t - last.now.t > STEP_S,
            came=last is None or uid is not last.uid, links=links, splits=splits, earlier=last,
        )  # fmt: skip
        if last is not None:
            last.earlier = None
        self._last = view
        self.names.glance(view)
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
        return foot, inside, bits_of(inside)

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

    def state(self) -> dict[str, Any]:
        """A JSON value from which `restore` continues exactly."""
        last = self._last
        return {
            "offset": self._offset,
            "names": self.names.state(),
            "last": None if last is None else {
                "seq": last.seq, "now": list(last.now), "aspect": last.aspect, "uid": last.uid.tolist(),
                "track_id": last.track_id.tolist(), "class_id": last.class_id.tolist(), "xyxy": last.xyxy.tolist(),
                "score": last.score.tolist(), "foot": last.foot.tolist(),
            },
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`; zones are tested anew, so that a redrawn one starts from who stands in it."""
        self._offset = state["offset"]
        self.names.restore(state["names"])
        last = state["last"]
        self._last = None if last is None else self._remembered(last)

    def _remembered(self, last: dict[str, Any]) -> View:
        foot = np.array(last["foot"], np.float64).reshape(-1, 2)
        class_id = np.array(last["class_id"], np.int32)
        inside = self._inside(foot, class_id)
        masks = bits_of(inside)
        return View(
            seq=last["seq"], now=Moment(*last["now"]), before=None, aspect=last["aspect"], uid=_ids(last["uid"]),
            track_id=_ids(last["track_id"]), class_id=class_id, xyxy=_boxes(last["xyxy"]),
            score=np.array(last["score"], np.float32), foot=foot, inside=inside,
            masks=masks, moves=moves_since(None, _ids(last["uid"]), masks, len(inside)), gap=True, came=True,
        )  # fmt: skip


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

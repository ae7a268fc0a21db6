"""Line crossing: a foot steps over a drawn line. ONVIF calls it LineDetector/Crossed.

The moment is the analysed frame on which the foot is first on the other side. A foot on the line is not across yet.
After a crossing a person counts again only once their foot has left the line, so that whoever stands on it is told of
once at most. Somebody not seen for up to `bridge_s` has crossed if the way between did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.base import EPSILON_S, NEVER_T, Active, Dated, Needs, SceneRule
from rules.geometry import EDGE, Bools, Floats, Polyline
from rules.link import HORIZON_S
from rules.scene import Scene
from rules.types import PERSON, Line
from rules.view import View

REARM_BH = 0.25
"""A foot this far from the line has left it: less than a step, which is about .41 of the height (Murray, Drought and
Kory, J. Bone Joint Surg. 46-A:335, 1964), and five deviations of the shakiest tenth of boxes (see `CLEAR_BH`)."""

CLEAR_BH = 0.1
"""So has a foot that stays this far away, on one side, for `CLEAR_S`. FRCNN boxes of MOT17-02 jitter by .026 of a
height about the annotated foot (median; .043 at the 90th percentile)."""

CLEAR_S = 1.0

JOIN_S = 1.0
"""A new track is taken to come from where another was lost within this: who crossed unseen, and under another id, is
less sure than who stayed. On the annotated people of MOT17 and TUD, where no id is lost, 10 s told of crossings that
nobody made 31 times in 1,040."""

SWEEP = 64
"""Frames between two looks for people to forget."""


class Side(NamedTuple):
    """Where somebody who is not seen now was last off the line; `armed` once they may cross (again), `clear_t` since
    when they have been clear of it (`NEVER_T`: they are not)."""

    t: float
    x: float
    y: float
    armed: bool
    clear_t: float


class LineCrossing(SceneRule):
    """A crossing of `line` to the `direction`: left or right is where the foot ends, looking from the line's first
    point to its last (`rules.geometry` has the figure), or both.

    Raises:
        ValueError: a line or a setting that cannot be meant.
    """

    kind: ClassVar[str] = "line_crossing"

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, line: Line,
        direction: Literal["left", "right", "both"] = "both", bridge_s: float = 10.0, active: Active | None = None,
        classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        if direction not in ("left", "right", "both"):
            raise ValueError(f"direction must be left, right or both, not {direction!r}")
        if not 0 <= bridge_s <= HORIZON_S:
            raise ValueError(f"bridge_s must be between 0 and {HORIZON_S:g}, not {bridge_s}")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zone_id=line.line_id, classes=classes, active=active,
            needs=Needs(min_fps=2.0),
            parameters={"points": line.points, "direction": direction, "bridge_s": bridge_s},
        )  # fmt: skip
        self.direction, self.bridge_s = direction, float(bridge_s)
        self._line = Polyline(line.points)
        corners = np.array(line.points, np.float64)
        self._low, self._high = corners.min(axis=0) - EDGE, corners.max(axis=0) + EDGE
        self._row = 0
        self._away: dict[int, Side] = {}
        self._t = 0.0
        self._uid = np.zeros(0, np.int64)
        self._from: Floats = np.zeros((0, 2))
        self._armed: Bools = np.zeros(0, np.bool_)
        self._clear: Floats = np.zeros(0)
        self._off = False  # somebody seen may not cross again yet

    def bind(self, scene: Scene) -> None:
        super().bind(scene)
        self._row = scene.register(None, self.classes)

    def see(self, view: View) -> list[Dated]:
        wanted = view.inside[self._row]
        every = np.count_nonzero(wanted) == len(wanted)
        uid = view.uid if every else view.uid[wanted]
        foot = view.foot if every else view.foot[wanted]
        if uid is not self._uid or view.gap:
            self._meet(view, uid, foot)
        said = self._cross(view, np.arange(len(uid)) if every else np.flatnonzero(wanted), foot)
        self._t = view.now.t
        return said

    def finish(self, last: View | None) -> list[Dated]:
        self._away.clear()
        self._uid, self._from = np.zeros(0, np.int64), np.zeros((0, 2))
        self._armed, self._clear = np.zeros(0, np.bool_), np.zeros(0)
        return []

    def dump(self) -> dict[str, Any]:
        return {
            "t": self._t, "uid": self._uid.tolist(), "from": self._from.tolist(), "armed": self._armed.tolist(),
            "clear": self._clear.tolist(), "away": [[uid, *side] for uid, side in self._away.items()],
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        self._t = state["t"]
        self._uid = np.array(state["uid"], np.int64)
        self._from = np.array(state["from"], np.float64).reshape(-1, 2)
        self._armed = np.array(state["armed"], np.bool_)
        self._off = not self._armed.all()
        self._clear = np.array(state["clear"], np.float64)
        self._away = {uid: Side(*side) for uid, *side in state["away"]}

    def _meet(self, view: View, uid: NDArray[np.int64], foot: Floats) -> None:
        """Other people than on the frame before: remember who is gone, and where those who are back came from."""
        before = {name: row for row, name in enumerate(self._uid.tolist())}
        rows = [-1 if view.gap else before.pop(name, -1) for name in uid.tolist()]
        for name, row in before.items():
            x, y = self._from[row].tolist()
            self._away[name] = Side(self._t, x, y, bool(self._armed[row]), float(self._clear[row]))
        for link in view.links:
            if link.old in self._away and link.gap_s <= min(JOIN_S, self.bridge_s) + EPSILON_S:
                self._away[link.new] = self._away.pop(link.old)
        for split in view.splits:
            self._away.pop(split.new, None)
        there = np.array(rows, np.intp)
        here = there >= 0
        there = there[here]
        start, armed, clear = foot.copy(), np.ones(len(uid), np.bool_), np.full(len(uid), NEVER_T)
        start[here], armed[here], clear[here] = self._from[there], self._armed[there], self._clear[there]
        for row in [row for row, known in enumerate(rows) if known < 0]:
            side = self._away.pop(int(uid[row]), None)
            if side is not None and view.now.t - side.t <= self.bridge_s + EPSILON_S:
                start[row], armed[row], clear[row] = (side.x, side.y), side.armed, side.clear_t
        if view.seq % SWEEP == 0:
            self._away = {n: s for n, s in self._away.items() if view.now.t - s.t <= self.bridge_s + EPSILON_S}
        self._uid, self._from, self._armed, self._clear = uid, start, armed, clear
        self._off = not armed.all()

    def _cross(self, view: View, rows: NDArray[np.intp], foot: Floats) -> list[Dated]:
        said: list[Dated] = []
        low, high = np.minimum(self._from, foot), np.maximum(self._from, foot)
        about = (low <= self._high) & (high >= self._low)
        look = np.flatnonzero(about[:, 0] & about[:, 1])
        if len(look):
            side = self._line.crossings(self._from[look], foot[look])
            for i in np.flatnonzero(side).tolist():
                at = int(look[i])
                said += self._tell(view, int(rows[at]), at, "right" if side[i] > 0 else "left")
            crossed = look[side != 0]
            self._off |= len(crossed) > 0
            self._armed[crossed], self._clear[crossed] = False, NEVER_T
            on_line = look[self._line.touches(foot[look])]
            kept = self._from[on_line]
            self._from = foot.copy()
            self._from[on_line] = kept
        else:
            self._from = foot
        if self._off:
            self._rearm(view, rows, foot)
        return said

    def _tell(self, view: View, row: int, at: int, direction: str) -> list[Dated]:
        foot = (float(view.foot[row, 0]), float(view.foot[row, 1]))
        ids = (int(view.track_id[row]),)
        why = {
            "direction": direction, "from_x": round(float(self._from[at, 0]), 4),
            "from_y": round(float(self._from[at, 1]), 4), "foot_x": round(foot[0], 4), "foot_y": round(foot[1], 4),
        }  # fmt: skip
        if not self._armed[at]:
            reason = "crossed again without having left the line"
            self._missed.append(self._miss(since=view.now, until=view.now, track_ids=ids, reason=reason, **why))
            return []
        if self.direction not in (direction, "both"):
            reason = f"crossed to the {direction}, the rule asks for {self.direction}"
            self._missed.append(self._miss(since=view.now, until=view.now, track_ids=ids, reason=reason, **why))
            return []
        event = self._event(
            "start", since=view.now, moment=view.now, place=foot, track_ids=ids, score=float(view.score[row]), why=why
        )
        return [Dated(view.now.t, event)]

    def _rearm(self, view: View, rows: NDArray[np.intp], foot: Floats) -> None:
        """Whoever has left the line may cross it again."""
        off = np.flatnonzero(~self._armed)
        box = view.xyxy[rows[off]].astype(np.float64)
        tall = box[:, 3] - box[:, 1]
        away = self._line.distance(foot[off], aspect=view.aspect)
        since_t = np.where(away >= CLEAR_BH * tall, np.minimum(self._clear[off], view.now.t), NEVER_T)
        self._clear[off] = since_t
        self._armed[off] = (away >= REARM_BH * tall) | (view.now.t - since_t >= CLEAR_S - EPSILON_S)
        self._off = not self._armed.all()

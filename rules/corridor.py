"""A drawn corridor: whoever is off it for too long takes an unusual route."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rules.base import EPSILON_S, NEVER_T, Active, Dated, Needs
from rules.geometry import Floats, Polyline
from rules.link import HORIZON_S
from rules.stay import Stay, Stays
from rules.types import PERSON
from rules.view import Moment, View
from rules.walker import WalkerRule, foot_why, heights, point

GRACE_S = 1.0
"""Back on the corridor for less than this is not back: feet flicker over its edge."""


@dataclass(frozen=True, slots=True)
class Corridor:
    """The middle of an allowed way, points of the picture, and its whole width in body heights of who walks there."""

    points: tuple[tuple[float, float], ...]
    width_bh: float


class CorridorRoute(WalkerRule):
    """Off the corridor, by more than half of its width from its middle, for `off_s` seconds.

    Raises:
        ValueError: a corridor or a time that cannot be meant.
    """

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, corridor: Corridor, off_s: float, bridge_s: float = 10.0,
        active: Active | None = None, classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        if not (math.isfinite(corridor.width_bh) and corridor.width_bh > 0):
            raise ValueError(f"width_bh must be above 0, not {corridor.width_bh}")
        if not (math.isfinite(off_s) and off_s >= 0):
            raise ValueError(f"off_s must be 0 or more, not {off_s}")
        if not 0 <= bridge_s <= HORIZON_S:
            raise ValueError(f"bridge_s must be between 0 and {HORIZON_S:g}, not {bridge_s}")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zone_id=None, classes=classes, active=active,
            needs=Needs(min_fps=1.0, people=True),
            parameters={
                "corridor": corridor.points, "width_bh": corridor.width_bh, "off_s": off_s, "bridge_s": bridge_s,
            },
        )  # fmt: skip
        self.width_bh, self.off_s = corridor.width_bh, float(off_s)
        self._line = Polyline(corridor.points)
        self._stays = Stays(GRACE_S, float(bridge_s))

    def see(self, view: View) -> list[Dated]:
        walk, hidden = self.walkers(view)
        beyond_bh = self._beyond_bh(walk)
        said = self._depart(self._stays.advance(walk, (beyond_bh > 0.0) & view.inside[self._everybody]))
        for uid, stay in self._stays.inside.items():
            row = walk.index[uid]
            stay.memo["beyond_bh"] = max(float(beyond_bh[row]), stay.memo.get("beyond_bh", 0.0))
            stay.memo["hidden"] = bool(hidden[row])
            if walk.now.t + EPSILON_S >= stay.due_t:
                said += self._judge(stay, walk, row)
        return said

    def finish(self, last: View | None) -> list[Dated]:
        walk = self._seen[0] if self._seen is not None and last is not None else last
        self._seen = None
        return self._depart(self._stays.finish(walk))

    def dump(self) -> dict[str, Any]:
        return {**super().dump(), "stays": self._stays.state()}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self._stays.restore(state["stays"])

    def _beyond_bh(self, walk: View) -> Floats:
        """How far each foot is beyond the corridor's edge: float64 (M,), negative on it."""
        tall = self._stature.height(walk.foot[:, 1], heights(walk))
        distance = self._line.distance(walk.foot, aspect=walk.aspect)
        return distance / np.maximum(tall, 1e-6) - self.width_bh / 2.0

    def _judge(self, stay: Stay, walk: View, row: int) -> list[Dated]:
        if stay.level:
            stay.due_t = NEVER_T
            return []
        off_s = walk.now.t - stay.first.t
        need_s = max(self.off_s, 2.0 * stay.bridged_s)
        if off_s + EPSILON_S < need_s:
            stay.due_t = stay.first.t + need_s
            return []
        stay.level, stay.due_t = 1, NEVER_T
        event = self._event(
            "start", since=stay.first, moment=walk.now, place=stay.place, track_ids=stay.track_ids,
            score=float(walk.score[row]), why=self._why(stay, off_s, point(walk, row)),
        )  # fmt: skip
        return [Dated(walk.now.t, event)]

    def _depart(self, ended: list[tuple[float, Stay]]) -> list[Dated]:
        said = []
        for due_t, stay in ended:
            off_s = stay.last.t - stay.first.t
            why = self._why(stay, off_s, stay.foot)
            if stay.level:
                event = self._event(
                    "end", since=stay.first, moment=stay.last, place=stay.place, track_ids=stay.track_ids,
                    score=stay.score, why=why,
                )  # fmt: skip
                said.append(Dated(due_t, event))
            else:
                reason = f"off the corridor for {off_s:.1f} s of {self.off_s:g} s"
                self._missed.append(self._near(stay, stay.last, reason, why))
        return said

    def _near(self, stay: Stay, until: Moment, reason: str, why: dict[str, Any]) -> Any:
        return self._miss(since=stay.first, until=until, track_ids=stay.track_ids, reason=reason, **why)

    def _why(self, stay: Stay, off_s: float, foot: tuple[float, float]) -> dict[str, Any]:
        return {
            "way": "corridor", "off_s": round(off_s, 3), "threshold_s": self.off_s, "width_bh": self.width_bh,
            "beyond_bh": round(stay.memo.get("beyond_bh", 0.0), 3), "left_x": round(stay.place[0], 4),
            "left_y": round(stay.place[1], 4), "foot_x": round(foot[0], 4), "foot_y": round(foot[1], 4),
            "foot": foot_why(stay.memo.get("hidden", False)), "bridged_s": round(stay.bridged_s, 3),
            "gaps": stay.gaps,
        }  # fmt: skip

"""Occupancy: over or under so many people in a zone for so long. ONVIF counts objects in the same way.

The condition is of the feet seen inside on each analysed frame. It may be interrupted for up to `grace_s` (a foot on
the edge, a person missed); it fires on the first frame on which it holds and has held for `for_s`, and ends as of the
last frame on which it held. Frames too far apart interrupt it: nobody knows what happened between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from rules.base import EPSILON_S, Active, Dated, NearMiss, Needs, SceneRule
from rules.geometry import Bools
from rules.scene import Scene
from rules.types import PERSON, Event, EventState, Zone
from rules.view import Moment, View


class Occupancy(SceneRule):
    """More than `over`, or fewer than `under`, people in `zone` for at least `for_s` seconds.

    Raises:
        ValueError: not exactly one of over and under, or a negative number.
    """

    kind: ClassVar[str] = "occupancy"

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, zone: Zone, over: int | None = None, under: int | None = None,
        for_s: float = 0.0, grace_s: float = 1.0, active: Active | None = None, classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        if (over is None) == (under is None):
            raise ValueError("occupancy needs one of over and under")
        if (over is not None and over < 0) or (under is not None and under < 1):
            raise ValueError(f"over must be 0 or more, under 1 or more, not {over if under is None else under}")
        if not (math.isfinite(for_s) and for_s >= 0 and math.isfinite(grace_s) and grace_s >= 0):
            raise ValueError(f"for_s and grace_s must be 0 or more, not {for_s} and {grace_s}")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zone_id=zone.zone_id, classes=classes, active=active,
            needs=Needs(min_fps=1.0, people=True),
            parameters={"polygon": zone.polygon, "over": over, "under": under, "for_s": for_s, "grace_s": grace_s},
        )  # fmt: skip
        self.zone, self.over, self.under = zone, over, under
        self.for_s, self.grace_s = float(for_s), float(grace_s)
        self._row = 0
        self._since: Moment | None = None
        self._last: Moment | None = None
        self._held = self._told = False
        self._peak = 0
        self._track_ids: tuple[int, ...] = ()

    def bind(self, scene: Scene) -> None:
        super().bind(scene)
        self._row = scene.register(self.zone.polygon, self.classes)

    def see(self, view: View) -> list[Dated]:
        inside = view.inside[self._row]
        count = int(np.count_nonzero(inside))
        said = self._interrupted(view)
        self._held = self._holds(count)
        if self._held:
            said += self._go_on(view, inside, count)
        return said

    def finish(self, last: View | None) -> list[Dated]:
        self._held = False
        return [] if self._last is None else self._stop(self._last.t + self.grace_s)

    def dump(self) -> dict[str, Any]:
        return {
            "since": None if self._since is None else list(self._since),
            "last": None if self._last is None else list(self._last),
            "held": self._held, "told": self._told, "peak": self._peak, "track_ids": list(self._track_ids),
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        self._since = None if state["since"] is None else Moment(*state["since"])
        self._last = None if state["last"] is None else Moment(*state["last"])
        self._held, self._told, self._peak = state["held"], state["told"], state["peak"]
        self._track_ids = tuple(state["track_ids"])

    def near_misses(self, since_utc: float, until_utc: float) -> list[NearMiss]:
        known = super().near_misses(since_utc, until_utc)
        if self._since is not None and self._last is not None and not self._told:
            now = self._why_not(self._since, self._last)
            known += [now] if now.since_utc <= until_utc and now.until_utc >= since_utc else []
        return known

    def _holds(self, count: int) -> bool:
        return count > self.over if self.over is not None else count < (self.under or 0)

    def _interrupted(self, view: View) -> list[Dated]:
        """The episode has ended if its condition has not held for too long, or nobody watched."""
        if self._last is None or view.before is None:
            return []
        sure_t = self._last.t + self.grace_s
        if view.gap:
            return self._stop(view.now.t)
        if self._held or view.now.t <= sure_t + EPSILON_S:
            return []
        return self._stop(sure_t if sure_t > view.before.t - 2 * EPSILON_S else view.now.t)

    def _go_on(self, view: View, inside: Bools, count: int) -> list[Dated]:
        if self._since is None:
            self._since, self._peak = view.now, count
        self._last = view.now
        self._peak = max(self._peak, count) if self.over is not None else min(self._peak, count)
        if self._told or view.now.t - self._since.t + EPSILON_S < self.for_s:
            return []
        self._told = True
        self._track_ids = tuple(view.track_id[inside].tolist())
        score = float(view.score[inside].min()) if count else 1.0
        return [Dated(view.now.t, self._say("start", self._since, view.now, count, score))]

    def _stop(self, due_t: float) -> list[Dated]:
        since, last, told = self._since, self._last, self._told
        assert since is not None
        assert last is not None
        said = [Dated(due_t, self._say("end", since, last, self._peak, 1.0))] if told else []
        if not told:
            self._missed.append(self._why_not(since, last))
        self._since = self._last = None
        self._told, self._track_ids = False, ()
        return said

    def _say(self, state: EventState, since: Moment, moment: Moment, people: int, score: float) -> Event:
        limit = {"over": self.over} if self.over is not None else {"under": self.under}
        why = {**limit, "people": people, "held_s": round(moment.t - since.t, 3), "for_s": self.for_s}
        return self._event(
            state, since=since, moment=moment, place=None, track_ids=self._track_ids, score=score, why=why
        )

    def _why_not(self, since: Moment, until: Moment) -> NearMiss:
        held_s = until.t - since.t
        limit = f"over {self.over}" if self.over is not None else f"under {self.under}"
        return self._miss(
            since=since, until=until, track_ids=(), reason=f"{limit} people for {held_s:.1f} s of {self.for_s:g} s",
            held_s=round(held_s, 3), for_s=self.for_s, people=self._peak,
        )  # fmt: skip

"""A learned route: the model of usual ways judges everybody while they walk, and says how unusual the way is so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from rules.base import EPSILON_S, Active, Dated, NearMiss, Needs
from rules.link import HORIZON_S
from rules.types import PERSON
from rules.view import View
from rules.walker import WalkerRule, foot_why, point

STILL = 0.002
"""A foot that moves less than this, in pictures, has not moved: what the model is not told of need not be kept."""

KEPT = 1500
"""Positions of one walk that are kept to go on after a restart; of a longer one the model goes on from the latest."""


JUST_BEGUN_S = 2.0
"""Who is first seen so soon after the camera begins to see, or sees again, may have been there before: where they began
says nothing."""


class Scorer(Protocol):
    """Judges one track in progress; `rules.routes.RouteScorer` is one."""

    p_value: float
    score: float

    def update(self, x: float, y: float, t: float) -> float: ...

    def explain(self) -> dict[str, Any]: ...


class Routes(Protocol):
    """What has been learned; `rules.routes.RouteModel` is one."""

    @property
    def ready(self) -> bool: ...

    @property
    def progress(self) -> str: ...

    def begin(self, *, entered: bool = True) -> Scorer: ...

    def tracks_per_week(self) -> float: ...


@dataclass(slots=True)
class Walk:
    """One way so far: what the scorer was told, the latest position that it was not told of, and whether it alarmed.

    `entered` is false for who was there already when the camera began to see.
    """

    scorer: Scorer
    entered: bool = True
    steps: list[tuple[float, float, float]] = field(default_factory=list)
    held: tuple[float, float, float] | None = None
    told: bool = False
    left_t: float | None = None

    def go(self, x: float, y: float, t: float) -> float:
        """Take one position in; the p-value so far."""
        if self.steps and max(abs(x - self.steps[-1][0]), abs(y - self.steps[-1][1])) < STILL:
            self.held = (x, y, t)
            return self.scorer.p_value
        for step in (self.held, (x, y, t)):
            if step is not None:
                self.steps.append(step)
                self.scorer.update(*step)
        self.held = None
        if len(self.steps) > KEPT:
            del self.steps[:-KEPT]
            self.entered = False  # of what is left, after a restart
        return self.scorer.p_value


class LearnedRoute(WalkerRule):
    """A way as unusual as those of which `false_alarms_per_week` are borne: the model's p-value falls to that level.

    The level is `false_alarms_per_week` over the tracks that a week brings, unless `level` gives it. Below the model's
    minimum of tracks and days nothing is said; `near_misses` tells how far it has come.

    Raises:
        ValueError: a rate or level that cannot be meant.
    """

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, model: Routes, false_alarms_per_week: float = 1.0,
        level: float | None = None, bridge_s: float = 10.0, active: Active | None = None,
        classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        if not false_alarms_per_week > 0:
            raise ValueError(f"false_alarms_per_week must be above 0, not {false_alarms_per_week}")
        if level is not None and not 0 < level < 1:
            raise ValueError(f"level must be between 0 and 1, not {level}")
        if not 0 <= bridge_s <= HORIZON_S:
            raise ValueError(f"bridge_s must be between 0 and {HORIZON_S:g}, not {bridge_s}")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zone_id=None, classes=classes, active=active,
            needs=Needs(min_fps=2.0, people=True),
            parameters={
                "way": "learned", "false_alarms_per_week": false_alarms_per_week, "level": level, "bridge_s": bridge_s,
            },
        )  # fmt: skip
        self.model, self.false_alarms_per_week, self._level = model, false_alarms_per_week, level
        self.bridge_s = float(bridge_s)
        self._walks: dict[int, Walk] = {}
        self._began_t: float | None = None

    @property
    def level(self) -> float:
        """The p-value at which a way is reported."""
        if self._level is not None:
            return self._level
        weekly = self.model.tracks_per_week()
        return min(0.5, self.false_alarms_per_week / weekly) if weekly > 0 else 0.01

    def see(self, view: View) -> list[Dated]:
        walk, hidden = self.walkers(view)
        if not self.model.ready:
            return []
        if view.came or view.links or view.splits or self._fresh:
            self._follow_ids(view)
            self._fresh = False
        if self._began_t is None or view.gap or (view.before and view.before.run_id != view.now.run_id):
            self._began_t = view.now.t
        said: list[Dated] = []
        level = self.level
        for row in np.flatnonzero(view.inside[self._everybody]).tolist():
            said += self._step(walk, row, level, bool(hidden[row]))
        return said

    def finish(self, last: View | None) -> list[Dated]:
        self._walks.clear()
        self._seen, self._fresh, self._began_t = None, True, None
        return []

    def near_misses(self, since_utc: float, until_utc: float) -> list[NearMiss]:
        """The most unusual ways that were not reported, or how much is still to be learned."""
        last = self._scene.last if self._scene else None
        if last is not None and not self.model.ready:
            return [self._miss(since=last.now, until=last.now, track_ids=(), reason=self.model.progress)]
        return super().near_misses(since_utc, until_utc)

    def dump(self) -> dict[str, Any]:
        walks = [
            [uid, [list(s) for s in w.steps], None if w.held is None else list(w.held), w.told, w.left_t, w.entered]
            for uid, w in self._walks.items()
        ]
        return {**super().dump(), "walks": walks, "began_t": self._began_t}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self._walks, self._began_t = {}, state.get("began_t")
        for uid, steps, held, told, left_t, *rest in state["walks"] if self.model.ready else ():
            entered = bool(rest[0]) if rest else True  # states of older programs do not tell
            scorer = self.model.begin(entered=entered)
            walk = self._walks[uid] = Walk(scorer, entered=entered, told=told, left_t=left_t)
            for x, y, t in steps:
                walk.steps.append((x, y, t))
                walk.scorer.update(x, y, t)
            walk.held = None if held is None else (held[0], held[1], held[2])

    def _follow_ids(self, view: View) -> None:
        before_t = view.before.t if view.before else view.now.t
        for uid, walk in self._walks.items():
            if walk.left_t is None and uid not in view.index:
                walk.left_t = before_t
        for split in view.splits:
            self._walks.pop(split.new, None)
        for link in view.links:
            if link.old in self._walks and link.gap_s <= self.bridge_s + EPSILON_S:
                self._walks[link.new] = self._walks.pop(link.old)
        self._walks = {
            uid: walk for uid, walk in self._walks.items()
            if walk.left_t is None or view.now.t - walk.left_t <= self.bridge_s + EPSILON_S
        }  # fmt: skip

    def _step(self, view: View, row: int, level: float, hidden: bool) -> list[Dated]:
        uid = int(view.uid[row])
        walk = self._walks.get(uid)
        if walk is None:
            assert self._began_t is not None
            entered = view.now.t - self._began_t > JUST_BEGUN_S
            walk = self._walks[uid] = Walk(self.model.begin(entered=entered), entered=entered)
        walk.left_t = None
        x, y = point(view, row)
        # A model's unit is the picture's height, so that a metre counts the same across as up and down.
        p_value = walk.go(x * view.aspect, y, view.now.t)
        if walk.told or p_value > level:
            return []
        walk.told = True
        why = {
            "way": "learned", "level": round(level, 6), "foot_x": round(x, 4), "foot_y": round(y, 4),
            "foot": foot_why(hidden), **walk.scorer.explain(),
        }  # fmt: skip
        if "at_pts" in why:  # the scorer is told the scene's time, which runs on over reconnects
            why["at_pts"] = round(why["at_pts"] - view.now.t + view.now.pts, 3)
        event = self._event(
            "start", since=view.now, moment=view.now, place=(x, y), track_ids=(int(view.track_id[row]),),
            score=float(view.score[row]), why=why,
        )  # fmt: skip
        return [Dated(view.now.t, event)]

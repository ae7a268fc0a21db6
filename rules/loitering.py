"""Loitering: somebody stays in a zone for too long. ONVIF calls it LoiteringDetector: Field, TimeThreshold, Since.

`continuous`: one visit, over absences of `grace_s` and `bridge_s`. `cumulative`: all visits of one person within
`window_s`. The alarm comes on the first analysed frame whose foot is inside and whose dwell has reached the limit;
steps follow as updates; one end tells the total, as of the last frame inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Literal

from rules.base import EPSILON_S, NEVER_T, Active, Dated, NearMiss, Needs, SceneRule, Schedule
from rules.dwell import Dwell, InCircle, InWindow, Measure, WholeStay
from rules.group import Group
from rules.link import HORIZON_S
from rules.scene import Scene
from rules.stay import Stay, Stays
from rules.types import PERSON, EventState, Zone
from rules.view import Moment, View
from rules.visits import Visits


class Loitering(SceneRule):
    """Dwell in `zone` past `dwell_s` seconds, or past `closed_dwell_s` while `calendar` is closed.

    `escalate_s`: further limits, each told as an update. `radius_bh`: only time spent within a circle of so many body
    heights counts, and the dwell begins when the circle was entered. `min_people`: one alarm when so many are past the
    limit together. Bridged time is at most half of a dwell.

    Raises:
        ValueError: a setting that cannot be meant; the message names it.
    """

    kind: ClassVar[str] = "loitering"

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, zone: Zone, dwell_s: float,
        mode: Literal["continuous", "cumulative"] = "continuous", window_s: float | None = None, grace_s: float = 2.0,
        bridge_s: float = 10.0, radius_bh: float | None = None, min_people: int = 1,
        escalate_s: Sequence[float] = (), closed_dwell_s: float | None = None, calendar: Schedule | None = None,
        active: Active | None = None, classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        parameters: dict[str, Any] = {
            "dwell_s": dwell_s, "mode": mode, "window_s": window_s, "grace_s": grace_s, "bridge_s": bridge_s,
            "radius_bh": radius_bh, "min_people": min_people, "escalate_s": list(escalate_s),
            "closed_dwell_s": closed_dwell_s,
        }  # fmt: skip
        _check(parameters, calendar=calendar)
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zone_id=zone.zone_id, classes=classes, active=active,
            needs=Needs(min_fps=1.0, people=True), parameters={"polygon": zone.polygon, **parameters},
        )  # fmt: skip
        self.zone, self.mode, self.calendar = zone, mode, calendar
        self._open_s, self._closed_s, self._steps_s = float(dwell_s), closed_dwell_s, tuple(escalate_s)
        self._window_s = window_s if mode == "cumulative" else None
        self._dwell: Dwell = WholeStay()
        self._stays = Stays(float(grace_s), float(bridge_s))
        if self._window_s is not None:
            self._dwell = InWindow(self._window_s)
            self._stays = Visits(float(grace_s), float(bridge_s), window_s=self._window_s)
        elif radius_bh is not None:
            self._dwell = InCircle(radius_bh)
        self._group = Group(min_people)
        self._threshold_s = self._open_s
        self._due_t = NEVER_T
        self._row = 0

    def bind(self, scene: Scene) -> None:
        super().bind(scene)
        self._row = scene.register(self.zone.polygon, self.classes)
        if self._window_s is not None:
            scene.remember(self._window_s + HORIZON_S)

    def see(self, view: View) -> list[Dated]:
        threshold_s = self._limit_s(view.now.utc)
        if not self._awake(view, threshold_s):
            return []
        anew = self._fresh or threshold_s != self._threshold_s
        self._threshold_s, self._fresh = threshold_s, False
        ended = self._stays.advance(view, view.inside[self._row], self._row)
        said = self._depart(ended) if ended else []
        entered = self._stays.entered
        if anew or entered is None or self._looks_at_all or view.now.t + EPSILON_S >= self._due_t:
            return said + self._judge_all(view, anew=anew)
        for uid in entered:
            stay = self._stays.inside[uid]
            said += self._judge(uid, stay, view)
            self._due_t = min(self._due_t, stay.due_t)
        return said

    @property
    def _looks_at_all(self) -> bool:
        return self._dwell.needs_every_frame or self._group.size > 1

    def _judge_all(self, view: View, *, anew: bool) -> list[Dated]:
        said: list[Dated] = []
        for uid, stay in self._stays.inside.items():
            if self._dwell.needs_every_frame and self._dwell.follow(stay, view, view.index[uid]):
                said += self._walked_off(stay, view)
                stay.due_t = 0.0
            if anew or view.now.t + EPSILON_S >= stay.due_t:
                said += self._judge(uid, stay, view)
        if self._group.size > 1:
            said += self._gather(view)
        self._due_t = min((stay.due_t for stay in self._stays.inside.values()), default=NEVER_T)
        return said

    def finish(self, last: View | None) -> list[Dated]:
        said = self._depart(self._stays.finish(last))
        self._group = Group(self._group.size)
        self._due_t, self._fresh = NEVER_T, True
        return said

    def dump(self) -> dict[str, Any]:
        return {"stays": self._stays.state(), "group": self._group.state(), "threshold_s": self._threshold_s}

    def load(self, state: dict[str, Any]) -> None:
        self._stays.restore(state["stays"])
        self._group.restore(state["group"])
        self._threshold_s = state["threshold_s"]

    def near_misses(self, since_utc: float, until_utc: float) -> list[NearMiss]:
        """Stays that ended too early in this time, and those that go on and have not reached the limit yet."""
        known = super().near_misses(since_utc, until_utc)
        last = self._scene.last if self._scene else None
        if last is not None:
            still = [(stay, last.now) for stay in self._stays.inside.values()]
            still += [(stay, stay.last) for stay in self._stays.away.values()]
            known += [
                self._why_not(stay, until, self._threshold_s) for stay, until in still if not self._was_told(stay)
            ]
        return [m for m in known if m.since_utc <= until_utc and m.until_utc >= since_utc]

    def _limit_s(self, utc: float) -> float:
        if self._closed_s is None or self.calendar is None or self.calendar.is_open(utc):
            return self._open_s
        return self._closed_s

    def _awake(self, view: View, threshold_s: float) -> bool:
        """Is there anything to do: did somebody come, go, or reach a limit? Else all is as it was."""
        return (
            self._fresh or view.now.t + EPSILON_S >= self._due_t or threshold_s != self._threshold_s
            or not self._stays.idle(view, self._row)
            or (self._dwell.needs_every_frame and bool(self._stays.inside))
        )  # fmt: skip

    def _judge(self, uid: int, stay: Stay, view: View) -> list[Dated]:
        """Tell each limit that the dwell has reached, and work out when the next one may be."""
        said: list[Dated] = []
        if not self._dwell.needs_every_frame:
            self._dwell.follow(stay, view, view.index[uid])
        if not stay.level:
            stay.due_t = self._dwell.due_t(stay, self._threshold_s)
            if stay.due_t > view.now.t + EPSILON_S:
                return said
        steps_s = (self._threshold_s, *self._steps_s) if self._group.size == 1 else (self._threshold_s,)
        while stay.level < len(steps_s):
            measure = self._dwell.measure(stay, view.now.t, limit_s=steps_s[stay.level])
            if measure.due_t > view.now.t + EPSILON_S:
                stay.due_t = measure.due_t
                return said
            if not stay.level:
                stay.memo["told"] = [list(measure.since), list(measure.place), steps_s[0]]
                stay.memo.pop("spent_s", None)
            stay.memo["threshold_s"] = steps_s[stay.level]
            stay.level += 1
            if self._group.size == 1:
                said.append(self._tell(uid, stay, view, measure))
        stay.due_t = NEVER_T
        return said

    def _tell(self, uid: int, stay: Stay, view: View, measure: Measure) -> Dated:
        row = view.index[uid]
        since, place = _told(stay)
        why = self._why(
            stay, dwell_s=measure.dwell_s, bridged_s=measure.bridged_s, frames=stay.frames(view),
            foot=(float(view.foot[row, 0]), float(view.foot[row, 1])),
        )  # fmt: skip
        if self.calendar is not None:
            why["calendar"] = self.calendar.reason(view.now.utc)
        state: EventState = "start" if stay.level == 1 else "update"
        event = self._event(
            state, since=since, moment=view.now, place=place, track_ids=stay.track_ids, score=float(view.score[row]),
            why=why,
        )  # fmt: skip
        return Dated(view.now.t, event)

    def _depart(self, ended: list[tuple[float, Stay]]) -> list[Dated]:
        """Stays that have ended: an end for each that was told of, a near miss for each that was not."""
        said = []
        ended = sorted(ended, key=lambda pair: (pair[0], pair[1].first.t, pair[1].place))
        for n, (due_t, stay) in enumerate(ended):
            if self._group.size > 1:
                said += self._leave_group(due_t, stay, still=[s for _, s in ended[n + 1 :]])
            elif stay.level:
                said.append(Dated(due_t, self._end(stay, stay.last, stay.foot, stay.score)))
            if not self._was_told(stay):
                self._missed.append(partial(self._why_not, stay, stay.last, self._threshold_s))
        return said

    def _end(self, stay: Stay, last: Moment, foot: tuple[float, float], score: float) -> Any:
        since, place = _told(stay)
        why = self._why(
            stay, dwell_s=self._dwell.total_s(stay, since, last.t), bridged_s=stay.bridged_s, frames=stay.frames(),
            foot=foot,
        )  # fmt: skip
        return self._event("end", since=since, moment=last, place=place, track_ids=stay.track_ids, score=score, why=why)

    def _walked_off(self, stay: Stay, view: View) -> list[Dated]:
        """Out of the circle for which they were told: that episode ended on the frame before."""
        if not stay.level or view.earlier is None or self._group.size > 1:
            return []
        limit_s = stay.memo["told"][2]
        if self._dwell.measure(stay, view.now.t, limit_s=limit_s).dwell_s + EPSILON_S >= limit_s:
            return []
        last, foot, score = stay.before(view)
        end = self._end(stay, last, foot, score)
        stay.level = 0
        return [Dated(view.now.t, end)]

    def _gather(self, view: View) -> list[Dated]:
        """Tell of a group that has come about, and of its steps."""
        members = [stay for stay in self._stays.inside.values() if stay.level]
        group = self._group
        said: list[Dated] = []
        if not group.level and len(members) >= group.size:
            group.begin(members)
            said.append(self._tell_group("start", members, view, self._threshold_s))
        if not group.level or group.since is None:
            return said
        for stay in members:
            stay.memo["grouped"] = True
        group.admit(members)
        dwell_s = view.now.t - group.since.t
        while len(members) >= group.size and group.level <= len(self._steps_s):
            step_s = self._steps_s[group.level - 1]
            if dwell_s + EPSILON_S < step_s:
                members[0].due_t = min(members[0].due_t, group.since.t + step_s)
                break
            group.level += 1
            said.append(self._tell_group("update", members, view, step_s))
        return said

    def _tell_group(self, state: EventState, members: Sequence[Stay], view: View, threshold_s: float) -> Dated:
        group = self._group
        assert group.since is not None
        for stay in members:
            stay.memo["grouped"] = True
        rows = [view.index[stay.uids[-1]] for stay in members]
        why = {
            "mode": self.mode, "people": len(members), "min_people": group.size, "threshold_s": round(threshold_s, 3),
            "dwell_s": round(view.now.t - group.since.t, 3),
        }  # fmt: skip
        score = min(float(view.score[row]) for row in rows)
        event = self._event(
            state,
            since=group.since,
            moment=view.now,
            place=group.place,
            track_ids=group.track_ids,
            score=score,
            why=why,
        )
        return Dated(view.now.t, event)

    def _leave_group(self, due_t: float, stay: Stay, *, still: Sequence[Stay]) -> list[Dated]:
        """Somebody past the limit has gone: with too few left, the group has ended."""
        group = self._group
        others = [*still, *self._stays.inside.values(), *self._stays.away.values()]
        left = sum(1 for other in others if other.level)
        if not stay.level or not group.level or group.since is None or left >= group.size:
            return []
        why = {
            "mode": self.mode, "people": left, "min_people": group.size,
            "dwell_s": round(stay.last.t - group.since.t, 3), "threshold_s": round(self._threshold_s, 3),
        }  # fmt: skip
        event = self._event(
            "end", since=group.since, moment=stay.last, place=group.place, track_ids=group.track_ids, score=stay.score,
            why=why,
        )  # fmt: skip
        group.level = 0
        return [Dated(due_t, event)]

    def _was_told(self, stay: Stay) -> bool:
        return bool(stay.memo.get("grouped")) if self._group.size > 1 else stay.level > 0

    def _why(
        self, stay: Stay, *, dwell_s: float, bridged_s: float, frames: int, foot: tuple[float, float]
    ) -> dict[str, Any]:
        why: dict[str, Any] = {
            "mode": self.mode, "dwell_s": round(dwell_s, 3), "threshold_s": round(float(stay.memo["threshold_s"]), 3),
            "bridged_s": round(bridged_s, 3), "outside_s": round(stay.outside_s, 3), "gaps": stay.gaps,
            "frames": frames, "foot_x": round(foot[0], 4), "foot_y": round(foot[1], 4),
        }  # fmt: skip
        if self._window_s is not None:
            why["window_s"] = self._window_s
        if isinstance(self._dwell, InCircle):
            why["radius_bh"] = self._dwell.radius_bh
        return why

    def _why_not(self, stay: Stay, until: Moment, threshold_s: float) -> NearMiss:
        measure = self._dwell.measure(stay, until.t, limit_s=threshold_s)
        if stay.level:
            reason = f"past the limit, but never {self._group.size} people together"
        elif measure.dwell_s + EPSILON_S < threshold_s:
            reason = f"dwelt {measure.dwell_s:.1f} s of {threshold_s:g} s"
        else:
            reason = f"{measure.bridged_s:.1f} s of {measure.dwell_s:.1f} s were not seen: at most half may be"
        return self._miss(
            since=stay.first, until=until, track_ids=stay.track_ids, reason=reason, dwell_s=round(measure.dwell_s, 3),
            threshold_s=round(threshold_s, 3), bridged_s=round(measure.bridged_s, 3), gaps=stay.gaps,
        )  # fmt: skip


def _told(stay: Stay) -> tuple[Moment, tuple[float, float]]:
    """Since when and where the episode is that the rule has told of."""
    since, place, _ = stay.memo["told"]
    return Moment(*since), (place[0], place[1])


def _check(parameters: dict[str, Any], *, calendar: Schedule | None) -> None:
    p = parameters
    positive = {"dwell_s": p["dwell_s"], "closed_dwell_s": p["closed_dwell_s"], "radius_bh": p["radius_bh"]}
    for name, value in positive.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be above 0, not {value}")
    if p["mode"] not in ("continuous", "cumulative"):
        raise ValueError(f"mode must be continuous or cumulative, not {p['mode']!r}")
    if not p["grace_s"] >= 0:
        raise ValueError(f"grace_s must be 0 or more, not {p['grace_s']}")
    if not 0 <= p["bridge_s"] <= HORIZON_S:
        raise ValueError(f"bridge_s must be between 0 and {HORIZON_S:g}, not {p['bridge_s']}")
    if not p["min_people"] >= 1:
        raise ValueError(f"min_people must be 1 or more, not {p['min_people']}")
    if list(p["escalate_s"]) != sorted(set(p["escalate_s"])) or any(s <= p["dwell_s"] for s in p["escalate_s"]):
        raise ValueError(f"escalate_s must rise, each above dwell_s {p['dwell_s']}, not {p['escalate_s']}")
    if p["closed_dwell_s"] is not None and calendar is None:
        raise ValueError("closed_dwell_s needs a calendar")
    if p["mode"] == "continuous" and p["window_s"] is not None:
        raise ValueError("window_s belongs to mode cumulative")
    if p["mode"] == "cumulative":
        if p["window_s"] is None or not p["window_s"] >= p["dwell_s"]:
            raise ValueError(f"mode cumulative needs a window_s of at least dwell_s, not {p['window_s']}")
        if p["radius_bh"] is not None or p["min_people"] > 1:
            raise ValueError("mode cumulative goes with neither radius_bh nor min_people")

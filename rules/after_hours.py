"""After-hours presence: somebody is in a zone while its calendar is closed, or in a zone that is always forbidden.

Presence counts only while closed: who is inside at closing time counts from the first analysed frame after it, and an
opening ends what is open. One alarm a stay, on the first analysed frame whose foot is inside and whose presence has
reached `min_presence_s`; one end, as of the last frame inside while closed. A stay goes on over absences and changed
track ids as `rules.stay` has it, so that one intruder is one alarm.

Two things excuse presence, both counted by head and never by id, because people who leave get new ids. A listed visit
excuses so many people for its time; their presence is kept as near misses with the visit's name. Within
`straggler_grace_s` after closing, as many people as were inside at closing may still be there: nothing is said of them
until the grace is over. Whoever came last is the one too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from rules.base import EPSILON_S, NEVER_T, Active, Dated, NearMiss, Needs, SceneRule, Schedule
from rules.calendar import Visit
from rules.scene import Scene
from rules.stay import Mark, Stay, Stays
from rules.types import PERSON, Zone
from rules.view import Moment, View

GRACE_S = 2.0
"""Somebody seen outside returns to the same stay within this: feet flicker over a zone's edge."""

BRIDGE_S = 2.0
"""Somebody not seen at all, within this. On the annotated people of MOT17 (five sequences, perfect ids, 1,136 alarms in
75 settings) 10 s took 105 people for somebody who had been there before, 2 s took 38."""

BLIND_BRIDGE_S = 10.0
"""Where frames are missing (a camera that reconnects, a worker that restarts) nobody could be seen: as long as
loitering's default."""

SETTLE_S = 3.0
"""So long after missing frames a tracker may need to find everybody again."""


class ExpectedVisits(Protocol):
    """Who may be there while closed. `rules.calendar.Calendar` is one."""

    def visits_at(self, utc: float, zone_id: str | None) -> tuple[Visit, ...]: ...


class AfterHours(SceneRule):
    """Presence of `min_presence_s` seconds in `zone` (None: the whole picture) while `calendar` is closed, or `always`.

    Raises:
        ValueError: not exactly one of calendar and always, or a negative time.
    """

    kind: ClassVar[str] = "after_hours"

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, zone: Zone | None, calendar: Schedule | None = None,
        always: bool = False, min_presence_s: float = 2.0, straggler_grace_s: float = 0.0,
        visits: ExpectedVisits | None = None, active: Active | None = None, classes: Sequence[int] = (PERSON,),
    ) -> None:  # fmt: skip
        if (calendar is None) != always:
            raise ValueError("after_hours needs one of calendar and always")
        if min_presence_s < 0 or straggler_grace_s < 0:
            raise ValueError("min_presence_s and straggler_grace_s must be 0 or more")
        super().__init__(
            site=site, camera_id=camera_id, rule_id=rule_id, zone_id=zone.zone_id if zone else None, classes=classes,
            active=active, needs=Needs(min_fps=1.0, people=False),
            parameters={
                "polygon": zone.polygon if zone else None, "always": always, "min_presence_s": min_presence_s,
                "straggler_grace_s": straggler_grace_s,
            },
        )  # fmt: skip
        self.zone, self.calendar, self.visits = zone, calendar, visits
        self.min_presence_s, self.straggler_grace_s = float(min_presence_s), float(straggler_grace_s)
        self._stays = Stays(GRACE_S, BRIDGE_S)
        self._row = 0
        self._due_t, self._blind_t = NEVER_T, -NEVER_T
        self._open_utc: float | None = None  # the last frame, where the calendar was open on it
        self._stragglers, self._grace_until = 0, -NEVER_T
        self._had_excuses = False

    def bind(self, scene: Scene) -> None:
        super().bind(scene)
        self._row = scene.register(self.zone.polygon if self.zone else None, self.classes)

    def see(self, view: View) -> list[Dated]:
        if self.calendar is not None and self.calendar.is_open(view.now.utc):
            return self._see_open(view)
        if self._open_utc is not None:
            self._close_doors(view)
        excused = self._excused(view.now.utc) if self._occupied(view) else ()
        if not self._awake(view, excused):
            return []
        self._adapt(view)
        said = self._depart(self._stays.advance(view, view.inside[self._row], self._row))
        said += self._judge_all(view, excused)
        self._fresh = False
        return said

    def finish(self, last: View | None) -> list[Dated]:
        said = self._depart(self._stays.finish(last))
        self._due_t, self._fresh = NEVER_T, True
        self._open_utc, self._stragglers, self._grace_until = None, 0, -NEVER_T
        return said

    def dump(self) -> dict[str, Any]:
        return {
            "stays": self._stays.state(), "open_utc": self._open_utc, "stragglers": self._stragglers,
            "grace_until": self._grace_until, "blind_t": self._blind_t,
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        self._stays.restore(state["stays"])
        self._open_utc, self._stragglers = state["open_utc"], state["stragglers"]
        self._grace_until, self._blind_t = state["grace_until"], state["blind_t"]

    def near_misses(self, since_utc: float, until_utc: float) -> list[NearMiss]:
        """Stays without an alarm that ended in this time, and those that go on."""
        known = super().near_misses(since_utc, until_utc)
        last = self._scene.last if self._scene else None
        if last is not None:
            still = [(stay, last.now) for stay in self._stays.inside.values()]
            still += [(stay, stay.last) for stay in self._stays.away.values()]
            known += [self._why_not(stay, until) for stay, until in still if not stay.level]
        return [m for m in known if m.since_utc <= until_utc and m.until_utc >= since_utc]

    # --- open and closed ------------------------------------------------------------------------------------------

    def _see_open(self, view: View) -> list[Dated]:
        """Nobody's presence counts; stays from before the opening end once it is sure that they do not go on."""
        self._open_utc = view.now.utc
        self._due_t, self._stays.in_step = NEVER_T, False
        if not (self._stays.inside or self._stays.away):
            return []
        return self._depart(self._stays.advance(view, np.zeros(len(view.uid), np.bool_)))

    def _adapt(self, view: View) -> None:
        """Bridge more while people are being found again after missing frames."""
        if view.gap and view.before is not None:
            self._blind_t = view.now.t
        settling = view.now.t - self._blind_t <= SETTLE_S
        self._stays.bridge_s = BLIND_BRIDGE_S if settling else BRIDGE_S

    def _close_doors(self, view: View) -> None:
        """The first closed frame: count who was inside, and work out until when they may leave."""
        assert self._open_utc is not None
        if self.straggler_grace_s:
            before = 0 if view.earlier is None else int(view.earlier.inside[self._row].sum())
            self._stragglers = max(before, int(view.inside[self._row].sum()))
            self._grace_until = self._closing(self._open_utc, view.now.utc) + self.straggler_grace_s
        self._open_utc = None
        self._fresh = True

    def _closing(self, low: float, high: float) -> float:
        """The instant between an open and a closed frame at which the calendar closed."""
        assert self.calendar is not None
        while high - low > EPSILON_S:
            middle = (low + high) / 2.0
            if middle in (low, high):
                break
            low, high = (middle, high) if self.calendar.is_open(middle) else (low, middle)
        return high

    # --- who is excused -------------------------------------------------------------------------------------------

    def _occupied(self, view: View) -> bool:
        return bool(self._stays.inside) or bool(view.inside[self._row].any())

    def _excused(self, utc: float) -> tuple[str, ...]:
        """One entry for each head that may be there now, first come first served; a visit's name, or '' to leave."""
        leaving = ("",) * self._stragglers if utc + EPSILON_S < self._grace_until else ()
        visits = () if self.visits is None else self.visits.visits_at(utc, self.zone_id)
        return leaving + tuple(visit.name for visit in visits for _ in range(visit.max_people))

    def _awake(self, view: View, excused: tuple[str, ...]) -> bool:
        return (
            self._fresh
            or bool(excused)
            or view.now.t + EPSILON_S >= self._due_t
            or not self._stays.idle(view, self._row)
        )

    def _judge_all(self, view: View, excused: tuple[str, ...]) -> list[Dated]:
        """Everybody inside, in the order in which they came: the first are excused, the rest judged."""
        entered = self._stays.entered
        quiet = not (excused or self._had_excuses or self._fresh) and view.now.t + EPSILON_S < self._due_t
        if quiet and entered is not None:
            return self._judge_new(view, entered)
        said: list[Dated] = []
        present = sorted(self._stays.inside.items(), key=lambda item: (item[1].first.t, item[0]))
        for number, (uid, stay) in enumerate(present):
            excuse = excused[number] if number < len(excused) else None
            if excuse:
                self._excuse(stay, excuse)
            elif stay.memo.get("since") is None:
                self._begin(uid, stay, view)
            stay.memo["straggler"] = excuse == ""
            if excuse is None and not stay.level:
                said += self._judge(uid, stay, view, len(present))
        self._due_t, self._had_excuses = self._next_due(view, excused), bool(excused)
        return said

    def _judge_new(self, view: View, entered: Sequence[int]) -> list[Dated]:
        """Those who came in on this frame, where nobody is excused and nobody else is due."""
        said: list[Dated] = []
        for uid in entered:
            stay = self._stays.inside[uid]
            if stay.memo.get("since") is None:
                self._begin(uid, stay, view)
            stay.memo["straggler"] = False
            if not stay.level:
                said += self._judge(uid, stay, view, len(self._stays.inside))
            if not stay.level:
                self._due_t = min(self._due_t, stay.due_t)
        return said

    def _excuse(self, stay: Stay, visit: str) -> None:
        """A visit covers them: their presence does not count until it no longer does. What was told stays told."""
        stay.memo["visits"] = sorted({*stay.memo.get("visits", []), visit})
        if not stay.level:
            stay.memo["since"] = None

    def _begin(self, uid: int, stay: Stay, view: View) -> None:
        """Presence counts from the start of the stay, or from now where a visit excused it until now."""
        row = view.index[uid]
        visited = "since" in stay.memo
        since, place = (view.now, view.foot[row].tolist()) if visited else (stay.first, stay.place)
        stay.memo["since"], stay.memo["place"] = list(since), list(place)
        stay.memo["bridged_s"] = stay.bridged_s if visited else 0.0

    def _next_due(self, view: View, excused: tuple[str, ...]) -> float:
        """When somebody may be due without anybody coming or going; where heads are excused, on the next frame."""
        waiting = [stay.due_t for stay in self._stays.inside.values() if not stay.level]
        return min(waiting, default=NEVER_T) if not excused else view.now.t

    # --- what is said ---------------------------------------------------------------------------------------------

    def _judge(self, uid: int, stay: Stay, view: View, people: int) -> list[Dated]:
        place = stay.memo["place"]
        begin = Mark(_moment(stay.memo["since"]), (place[0], place[1]), stay.memo["bridged_s"])
        mark, stay.due_t = stay.reach(begin, self.min_presence_s, view.now.t)
        if stay.due_t > view.now.t + EPSILON_S:
            return []
        stay.level, stay.due_t = 1, NEVER_T
        stay.memo["since"], stay.memo["place"] = list(mark.moment), list(mark.place)
        row = view.index[uid]
        foot = (float(view.foot[row, 0]), float(view.foot[row, 1]))
        why = self._why(stay, view.now, frames=stay.frames(view), foot=foot)
        stay.memo["told"] = {"calendar": why["calendar"], "people": people}
        why["people"] = people
        return [Dated(view.now.t, self._told("start", stay, view.now, float(view.score[row]), why))]

    def _depart(self, ended: list[tuple[float, Stay]]) -> list[Dated]:
        said = []
        for due_t, stay in ended:
            if not stay.level:
                self._missed.append(self._why_not(stay, stay.last))
                continue
            why = self._why(stay, stay.last, frames=stay.frames(), foot=stay.foot) | stay.memo["told"]
            said.append(Dated(due_t, self._told("end", stay, stay.last, stay.score, why)))
        return said

    def _told(self, state: Any, stay: Stay, moment: Moment, score: float, why: dict[str, Any]) -> Any:
        place = stay.memo["place"]
        return self._event(
            state, since=_moment(stay.memo["since"]), moment=moment, place=(place[0], place[1]),
            track_ids=stay.track_ids, score=score, why=why,
        )  # fmt: skip

    def _why(self, stay: Stay, moment: Moment, *, frames: int, foot: tuple[float, float]) -> dict[str, Any]:
        since = stay.memo.get("since") or list(stay.first)
        return {
            "presence_s": round(moment.t - since[0], 3),
            "min_presence_s": self.min_presence_s,
            "bridged_s": round(stay.bridged_s, 3),
            "gaps": stay.gaps,
            "frames": frames,
            "foot_x": round(foot[0], 4),
            "foot_y": round(foot[1], 4),
            "calendar": self._reason(moment.utc),
        }

    def _reason(self, utc: float) -> str:
        return "always forbidden" if self.calendar is None else self.calendar.reason(utc)

    def _why_not(self, stay: Stay, until: Moment) -> NearMiss:
        visits = stay.memo.get("visits", [])
        since = _moment(stay.memo.get("since") or list(stay.first))
        reason = f"present {until.t - since.t:.1f} s of {self.min_presence_s:g} s"
        if visits and stay.memo.get("since") is None:
            reason = f"excused by visit {', '.join(visits)}"
        elif stay.memo.get("straggler"):
            reason = f"inside at closing time, straggler_grace_s {self.straggler_grace_s:g}"
        first = stay.first if visits else since
        return self._miss(
            since=first, until=until, track_ids=stay.track_ids, reason=reason, visits=visits,
            presence_s=round(until.t - since.t, 3), min_presence_s=self.min_presence_s,
            calendar=self._reason(until.utc),
        )  # fmt: skip


def _moment(value: list[Any]) -> Moment:
    t, pts, utc, run_id = value
    return Moment(float(t), float(pts), float(utc), int(run_id))

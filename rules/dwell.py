"""How long has somebody dwelt? Three answers: the whole stay, the part within a circle, the sum over a window."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Protocol

from rules.base import NEVER_T
from rules.circle import Trail
from rules.stay import Mark, Stay
from rules.view import Moment, View
from rules.visits import visits


class Measure(NamedTuple):
    """A dwell: since when and where, how long, how much of that was bridged, and when it reaches the limit asked for.

    `due_t` lies in the past where it has.
    """

    since: Moment
    place: tuple[float, float]
    dwell_s: float
    bridged_s: float
    due_t: float


class Dwell(Protocol):
    """`follow` is called for everybody inside before `measure`; True asks for a new judgement."""

    needs_every_frame: bool

    def follow(self, stay: Stay, view: View, row: int) -> bool: ...

    def measure(self, stay: Stay, now_t: float, *, limit_s: float) -> Measure:
        """The longest dwell that has reached the limit, at most half of it bridged; else the whole of it."""
        ...

    def due_t(self, stay: Stay, limit_s: float) -> float:
        """When `measure` may say so at the earliest: quick to tell, `-NEVER_T` where it is not."""
        ...

    def total_s(self, stay: Stay, since: Moment, last_t: float) -> float:
        """The whole of an episode that has ended."""
        ...


class WholeStay:
    """From the first frame inside."""

    needs_every_frame = False

    def follow(self, stay: Stay, view: View, row: int) -> bool:
        return False

    def due_t(self, stay: Stay, limit_s: float) -> float:
        return stay.first.t + max(limit_s, 2.0 * stay.bridged_s) if not stay.marks else -NEVER_T

    def measure(self, stay: Stay, now_t: float, *, limit_s: float) -> Measure:
        return _measure(stay, stay.begin, now_t, limit_s)

    def total_s(self, stay: Stay, since: Moment, last_t: float) -> float:
        return last_t - since.t


class InCircle:
    """From when the latest circle of `radius_bh` body heights was entered: pacing counts, walking through does not."""

    needs_every_frame = True

    def __init__(self, radius_bh: float) -> None:
        self.radius_bh = radius_bh

    def follow(self, stay: Stay, view: View, row: int) -> bool:
        trail = Trail(stay.memo.setdefault("trail", []))
        stay.memo["aspect"] = view.aspect
        box = view.xyxy[row]
        foot = (float(view.foot[row, 0]), float(view.foot[row, 1]))
        moved = trail.add(
            view.now, foot, height=float(box[3]) - float(box[1]), aspect=view.aspect, bridged_s=stay.bridged_s
        )
        return moved and trail.slide(self.radius_bh)

    def due_t(self, stay: Stay, limit_s: float) -> float:
        return -NEVER_T

    def measure(self, stay: Stay, now_t: float, *, limit_s: float) -> Measure:
        trail = Trail(stay.memo["trail"])
        begin = Mark(trail.start, trail.place(stay.memo["aspect"]), trail.bridged_s)
        return _measure(stay, begin, now_t, limit_s)

    def total_s(self, stay: Stay, since: Moment, last_t: float) -> float:
        return last_t - since.t


class InWindow:
    """The sum of all visits within the last `window_s` seconds."""

    needs_every_frame = False

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s

    def follow(self, stay: Stay, view: View, row: int) -> bool:
        _forget(stay, view.now.t - self.window_s)
        return False

    def due_t(self, stay: Stay, limit_s: float) -> float:
        return -NEVER_T

    def measure(self, stay: Stay, now_t: float, *, limit_s: float) -> Measure:
        since_t = now_t - self.window_s
        counted = [v for v in visits(stay, now_t) if v.until_t > since_t] or visits(stay, now_t)[-1:]
        dwell_s, bridged_s = sum(v.within_s(since_t, now_t) for v in counted), sum(v.bridged_s for v in counted)
        need_s = min(max(limit_s, 2.0 * bridged_s), limit_s + bridged_s)
        return Measure(counted[0].first, counted[0].place, dwell_s, bridged_s, now_t + need_s - dwell_s)

    def total_s(self, stay: Stay, since: Moment, last_t: float) -> float:
        kept_s = sum(v.within_s(since.t, last_t) for v in visits(stay, last_t))
        return kept_s + float(stay.memo.get("spent_s", 0.0))


def _measure(stay: Stay, begin: Mark, now_t: float, limit_s: float) -> Measure:
    mark, due_t = stay.reach(begin, limit_s, now_t)
    return Measure(mark.moment, mark.place, now_t - mark.moment.t, stay.bridged_s - mark.bridged_s, due_t)


def _forget(stay: Stay, since_t: float) -> None:
    """Drop the visits that ended before the window; `memo["spent_s"]` keeps their sum."""
    starts = [i for i, s in enumerate(stay.segments) if i and s.apart]
    keep = max((i for i in starts if stay.segments[i - 1].last.t < since_t), default=0)
    if keep:
        dropped = stay.segments[:keep]
        spent_s = sum(v.until_t - v.first.t for v in visits(replace(stay, segments=dropped), dropped[-1].last.t))
        stay.memo["spent_s"] = stay.memo.get("spent_s", 0.0) + spent_s
        stay.segments, stay.marks = stay.segments[keep:], []

"""How long has somebody dwelt? Three answers: the whole stay, the part within a circle, the sum over a window."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Protocol

from rules.circle import Trail
from rules.scene import Moment, View
from rules.stay import Stay
from rules.visits import visits


class Measure(NamedTuple):
    """A dwell: since when and where, how long, and how much of that was bridged."""

    since: Moment
    place: tuple[float, float]
    dwell_s: float
    bridged_s: float


class Dwell(Protocol):
    """`follow` is called for everybody inside before `measure`; True asks for a new judgement."""

    needs_every_frame: bool

    def follow(self, stay: Stay, view: View, row: int) -> bool: ...

    def measure(self, stay: Stay, now_t: float) -> Measure: ...

    def total_s(self, stay: Stay, since: Moment, last_t: float) -> float:
        """The whole of an episode that has ended."""
        ...


class WholeStay:
    """From the first frame inside."""

    needs_every_frame = False

    def follow(self, stay: Stay, view: View, row: int) -> bool:
        return False

    def measure(self, stay: Stay, now_t: float) -> Measure:
        return Measure(stay.first, stay.place, now_t - stay.first.t, stay.bridged_s)

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

    def measure(self, stay: Stay, now_t: float) -> Measure:
        trail = Trail(stay.memo["trail"])
        start = trail.start
        return Measure(start, trail.place(stay.memo["aspect"]), now_t - start.t, stay.bridged_s - trail.bridged_s)

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

    def measure(self, stay: Stay, now_t: float) -> Measure:
        since_t = now_t - self.window_s
        counted = [v for v in visits(stay, now_t) if v.until_t > since_t] or visits(stay, now_t)[-1:]
        return Measure(
            counted[0].first, counted[0].place, sum(v.within_s(since_t, now_t) for v in counted),
            sum(v.bridged_s for v in counted),
        )  # fmt: skip

    def total_s(self, stay: Stay, since: Moment, last_t: float) -> float:
        kept_s = sum(v.within_s(since.t, last_t) for v in visits(stay, last_t))
        return kept_s + float(stay.memo.get("spent_s", 0.0))


def _forget(stay: Stay, since_t: float) -> None:
    """Drop the visits that ended before the window; `memo["spent_s"]` keeps their sum."""
    starts = [i for i, s in enumerate(stay.segments) if i and s.apart]
    keep = max((i for i in starts if stay.segments[i - 1].last.t < since_t), default=0)
    if keep:
        dropped = stay.segments[:keep]
        spent_s = sum(v.until_t - v.first.t for v in visits(replace(stay, segments=dropped), dropped[-1].last.t))
        stay.memo["spent_s"] = stay.memo.get("spent_s", 0.0) + spent_s
        stay.segments = stay.segments[keep:]

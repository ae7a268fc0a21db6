"""Visits: everybody's time in a zone over a sliding window, for dwell that is summed over several visits.

Here a stay holds all visits of one person within the window. A visit's own short absences count as they do for one
stay; the time between visits does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rules.base import EPSILON_S
from rules.stay import Segment, Stay, Stays
from rules.view import Moment


class Visit(NamedTuple):
    """One visit: from where and when until `until_t`, of which `bridged_s` was not seen."""

    first: Moment
    place: tuple[float, float]
    until_t: float
    bridged_s: float

    def within_s(self, since_t: float, now_t: float) -> float:
        """Seconds of it that lie between two times."""
        return max(0.0, min(self.until_t, now_t) - max(self.first.t, since_t))


@dataclass(slots=True)
class Visits(Stays):
    """Stays whose absences may last as long as anything of them lies within the last `window_s` seconds.

    One that the rule has told of (`level`) ends when less than the limit in `memo["told"]` is left in the window.
    """

    window_s: float = 0.0

    def end_t(self, stay: Stay) -> float:
        own_t = stay.last.t + self.limit_s(stay)
        if not stay.level:
            return max(own_t, stay.last.t + self.window_s)
        return max(own_t, self._below_t(stay))

    def resume(self, stay: Stay, segment: Segment) -> None:
        if segment.first.t - stay.last.t <= self.limit_s(stay) + EPSILON_S:
            Stays.resume(self, stay, segment)
        else:
            segment.apart = True
            stay.segments.append(segment)

    def _below_t(self, stay: Stay) -> float:
        """When the sum of an absent person's visits falls below the limit that they had passed."""
        over_s = sum(v.until_t - v.first.t for v in visits(stay, stay.last.t)) - float(stay.memo["told"][2])
        for visit in visits(stay, stay.last.t):
            length_s = visit.until_t - visit.first.t
            if over_s < length_s:
                return visit.first.t + max(0.0, over_s) + self.window_s
            over_s -= length_s
        return stay.last.t + self.window_s


def visits(stay: Stay, now_t: float) -> list[Visit]:
    """The visits of a stay, the latest until `now_t`."""
    found: list[Visit] = []
    for segment in stay.segments:
        if segment.apart or not found:
            found.append(Visit(segment.first, segment.foot, segment.last.t, segment.bridged_s))
        else:
            bridged_s = found[-1].bridged_s + segment.gap_s + segment.bridged_s
            found[-1] = found[-1]._replace(until_t=segment.last.t, bridged_s=bridged_s)
    found[-1] = found[-1]._replace(until_t=now_t)
    return found

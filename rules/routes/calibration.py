"""From running statistics to one number whose false-alarm rate is known before it is used.

Each statistic's maximum over a whole normal track has a distribution; a value is as surprising as it is rare there
(beyond the largest tenth, an exponential tail). The worst of a view is calibrated again, views are joined by the root
of their squares (between adding weak evidence up and taking the worst: measured best), and the joined score is ranked
among those of normal tracks, each scored with itself left out: conformal prediction (Vovk, Gammerman & Shafer, 2005;
leave-one-out as in Barber et al., Annals of Statistics 49(1), 2021). Because whole-track maxima are ranked, the
smallest p over all prefixes of a track is valid.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rules.routes.evidence import STATISTICS, VIEW_OF, VIEWS

TAIL = 0.1
"""Share of the largest values that an exponential tail stands in for."""

SHORTEST_TAIL = 0.5
"""Least scale of a tail, in nats, which all statistics are measured in (pace: spreads). Where normal tracks hardly
differ, a hair more than all of them is no proof; .1 to .5 measured alike."""
WEIGHT = {"pace": 0.5}
"""What a view's surprise counts, up to `CLEAR`; others 1. Pace finds none of the strange ways and costs others their
power: people stop and hurry everywhere."""
CLEAR = 5.0
"""Surprise, in nats, beyond which every view counts in full: somebody who runs where all walk. With 3 the smallest set
(eth) loses two thirds of its found entries, with 5 no set anything."""


class Tail:
    """How surprising a value is, minus log of the share of normal tracks that reach it; 0 for the lower half."""

    __slots__ = ("_cap", "_middle", "_rarity", "_scale", "_sorted", "_start")

    def __init__(self, values: NDArray[np.float64]) -> None:
        self._sorted: list[float] = np.sort(values).tolist()
        self._middle = float(np.median(values))
        self._start = float(np.quantile(values, 1.0 - TAIL))
        beyond = values[values > self._start] - self._start
        self._scale = max(float(beyond.mean()) if len(beyond) else 0.0, SHORTEST_TAIL)
        self._cap = -math.log(TAIL)
        share = (np.arange(len(values) + 1) + 0.5) / (len(values) + 0.5)
        self._rarity: list[float] = np.minimum(self._cap, -np.log(share)).tolist()

    def __call__(self, value: float) -> float:
        if value <= self._middle:
            return 0.0
        if value > self._start:
            return self._cap + (value - self._start) / self._scale
        return self._rarity[len(self._sorted) - bisect_left(self._sorted, value)]

    def many(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same for an array."""
        inside = np.array(self._rarity)[len(self._sorted) - np.searchsorted(self._sorted, values, side="left")]
        beyond = self._cap + (values - self._start) / self._scale
        return np.where(values <= self._middle, 0.0, np.where(values > self._start, beyond, inside))


class Standing:
    """Where one track stands in a calibration; only what changed is looked up again."""

    __slots__ = ("_calibration", "score", "surprise", "views", "worst")

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self.surprise = [0.0] * len(STATISTICS)
        self.worst = [0.0] * len(VIEWS)
        self.views = [0.0] * len(VIEWS)
        self.score = 0.0

    def raise_to(self, news: Sequence[int], best: Sequence[float]) -> bool:
        """Take new maxima in; True where the joined score grew."""
        touched = False
        for i in news:
            surprise = self._calibration.surprise(i, best[i])
            if surprise <= 0.0:
                continue
            self.surprise[i] = surprise
            view = VIEW_OF[i]
            if surprise > self.worst[view]:
                self.worst[view] = surprise
                self.views[view] = self._calibration.view(view, surprise)
                touched = True
        if touched:
            self.score = math.sqrt(sum([view * view for view in self.views]))
        return touched


class Calibration:
    """Ranks a track's statistics among those of normal tracks; `maxima` float64 (N, 20), N >= 1, is theirs.

    `still` more tracks never moved: nothing about their way can be unusual.
    """

    __slots__ = ("_beyond", "_joined", "_least", "_statistics", "_views")

    def __init__(self, maxima: NDArray[np.float64], *, still: int = 0) -> None:
        self._least = 1.0 / (len(maxima) + still + 1)
        self._statistics = [Tail(maxima[:, i]) for i in range(len(STATISTICS))]
        surprise = np.column_stack([tail.many(maxima[:, i]) for i, tail in enumerate(self._statistics)])
        worst = np.column_stack([surprise[:, np.equal(_VIEW_OF, view)].max(axis=1) for view in range(len(VIEWS))])
        self._views = [Tail(worst[:, view]) for view in range(len(VIEWS))]
        views = np.column_stack([tail.many(worst[:, view]) for view, tail in enumerate(self._views)])
        views -= _HELD_BACK * np.minimum(views, CLEAR)
        joined = np.sort(np.sqrt((views * views).sum(axis=1)))
        self._joined: list[float] = joined.tolist()
        top = joined[-max(2, len(joined) // 20) :]
        self._beyond = max(float((top - top[0]).mean()), SHORTEST_TAIL)

    def __len__(self) -> int:
        return len(self._joined)

    def surprise(self, statistic: int, value: float) -> float:
        """How surprising one statistic's value is."""
        return self._statistics[statistic](value)

    def view(self, view: int, worst: float) -> float:
        """How surprising the worst surprise within a view is, weighted."""
        surprise = self._views[view](worst)
        return surprise - _HELD_BACK_OF[view] * min(surprise, CLEAR)

    def p_value(self, score: float) -> float:
        """The share of normal tracks that reach this score, the track itself counted in: valid at every level.

        Beyond every score seen, below 1 / (N + 1), an exponential tail goes on: it orders and serves
        very small false-alarm rates, and promises nothing more.
        """
        above = len(self._joined) - bisect_left(self._joined, score)
        if score <= 0.0:
            return 1.0
        if above:
            return (above + 1) * self._least
        return self._least * math.exp(-min(600.0, (score - self._joined[-1]) / self._beyond))


_VIEW_OF = np.array(VIEW_OF)
_HELD_BACK_OF = tuple(1.0 - WEIGHT.get(view, 1.0) for view in VIEWS)
_HELD_BACK = np.array(_HELD_BACK_OF)

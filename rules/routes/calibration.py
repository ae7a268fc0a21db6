"""From running statistics to one number whose false-alarm rate is known before it is used.

Each statistic's maximum over a whole normal track has a distribution; a value is as surprising as it is rare there
(beyond the largest tenth, an exponential tail). The worst of a view is calibrated again, views are joined by a
power mean close to their maximum, and the joined score is ranked among those of normal tracks, each scored with
itself left out: conformal prediction (Vovk, Gammerman & Shafer, 2005; leave-one-out as in Barber et al., Annals of
Statistics 49(1), 2021). Because whole-track maxima are ranked, the smallest p over all prefixes of a track is what is valid.
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
POWER = 2.0
"""Exponent of the mean that joins the views: 1 adds weak evidence up, infinity takes the worst; 2 measured best."""


class Tail:
    """How surprising a value is, minus log of the share of normal tracks that reach it."""

    __slots__ = ("_cap", "_count", "_scale", "_sorted", "_start")

    def __init__(self, values: NDArray[np.float64]) -> None:
        self._sorted = np.sort(values).tolist()
        self._count = len(values) + 0.5
        self._start = float(np.quantile(values, 1.0 - TAIL))
        beyond = values[values > self._start] - self._start
        self._scale = max(float(beyond.mean()) if len(beyond) else 0.0, 1e-6)
        self._cap = -math.log(TAIL)

    def __call__(self, value: float) -> float:
        if value > self._start:
            return self._cap + (value - self._start) / self._scale
        reached = len(self._sorted) - bisect_left(self._sorted, value) + 0.5
        return min(self._cap, math.log(self._count / reached))

    def many(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same for an array."""
        reached = len(self._sorted) - np.searchsorted(self._sorted, values, "left") + 0.5
        below = np.minimum(self._cap, np.log(self._count / reached))
        return np.where(values > self._start, self._cap + (values - self._start) / self._scale, below)


class Calibration:
    """Ranks a track's statistics among those of normal tracks; `maxima` float64 (N, 17), N >= 1, is theirs."""

    __slots__ = ("_beyond", "_joined", "_statistics", "_views")

    def __init__(self, maxima: NDArray[np.float64]) -> None:
        self._statistics = [Tail(maxima[:, i]) for i in range(len(STATISTICS))]
        surprise = np.column_stack([tail.many(maxima[:, i]) for i, tail in enumerate(self._statistics)])
        worst = np.column_stack([surprise[:, VIEW_OF == view].max(axis=1) for view in range(len(VIEWS))])
        self._views = [Tail(worst[:, view]) for view in range(len(VIEWS))]
        views = np.column_stack([tail.many(worst[:, view]) for view, tail in enumerate(self._views)])
        joined = np.sort((views**POWER).sum(axis=1) ** (1.0 / POWER))
        self._joined: list[float] = joined.tolist()
        top = joined[-max(2, len(joined) // 20) :]
        self._beyond = max(float((top - top[0]).mean()), 1e-6)

    def __len__(self) -> int:
        return len(self._joined)

    def views(self, best: Sequence[float]) -> list[float]:
        """Surprise of each view, in the order of `VIEWS`."""
        worst = [0.0] * len(VIEWS)
        for tail, view, value in zip(self._statistics, _VIEW_LIST, best, strict=True):
            surprise = tail(value)
            if surprise > worst[view]:
                worst[view] = surprise
        return [tail(value) for tail, value in zip(self._views, worst, strict=True)]

    def strongest(self, best: Sequence[float], view: int) -> int:
        """The index of the statistic that speaks loudest within a view."""
        surprise = [
            tail(value) if of == view else -1.0
            for tail, of, value in zip(self._statistics, _VIEW_LIST, best, strict=True)
        ]
        return int(np.argmax(surprise))

    def score(self, best: Sequence[float]) -> float:
        """The joined surprise; only grows as a track goes on."""
        return float(sum(view**POWER for view in self.views(best)) ** (1.0 / POWER))

    def p_value(self, score: float) -> float:
        """The share of normal tracks that reach this score, the track itself counted in: valid at every level.

        Beyond every score seen, below 1 / (N + 1), an exponential tail goes on: it orders and serves
        very small false-alarm rates, and promises nothing more.
        """
        above = len(self._joined) - bisect_left(self._joined, score)
        least = 1.0 / (len(self._joined) + 1)
        if above or not self._joined:
            return (above + 1) * least
        return least * math.exp(-(score - self._joined[-1]) / self._beyond)


_VIEW_LIST: list[int] = VIEW_OF.tolist()

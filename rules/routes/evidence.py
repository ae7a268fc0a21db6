"""What speaks against a track so far: seventeen running statistics in five views, each blind where another sees.

- *place*: how few tracks ever came here, whatever their heading (unused entries, empty regions);
- *direction*: how many more walked this stretch the other way (the usual way walked backwards);
- *turn*: how many of those that came this way also went on like this (left-out routes, in the manner of
  prediction by partial matching: Cleary & Witten, IEEE Trans. Commun. 32(4), 1984; with nothing left to compare to,
  the history is cut to the last nodes);
- *path*: how few walked all of it (the sequential directed Hausdorff distance of Laxhammar & Falkman, TPAMI 36(6),
  2014, turned round: how many lie within a distance instead of how far the nearest lie);
- *pace*: how far the speed lies from what is usual here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rules.routes.pace import Pace
from rules.routes.walk import Node
from rules.routes.ways import CELLS, HEADINGS, REACHES, Ways, cell_key, heading_bin

VIEWS = ("place", "direction", "turn", "path", "pace")
STATISTICS = (
    *(("place", f"came within {r}") for r in REACHES),
    *(("direction", f"went back within {r}") for r in REACHES[:3]),
    ("direction", f"went back for a stretch within {REACHES[1]}"),
    *(("turn", f"lost company within {r}") for r in REACHES[:3]),
    *(("path", f"walked alike within {r}") for r in REACHES),
    ("pace", "faster"),
    ("pace", "slower"),
)
VIEW_OF = np.array([VIEWS.index(view) for view, _ in STATISTICS])
START = -1e9
"""Value of a statistic before its first node."""

FEW = 2
"""Fewer companions than this are no basis to judge how a path goes on: the history is cut."""
MAX_TRACKS = (1 << 14) - 1
PACE_NODES = 5.0

_LOG_HALF = tuple(math.log(n + 0.5) for n in range(MAX_TRACKS + 1))
_LOG_ONE = tuple(math.log(n + 1.0) for n in range(MAX_TRACKS + 1))
_FINE, _COARSE = CELLS[0], CELLS[2]


class Evidence:
    """The running maxima of every statistic over one track, and at which node; bounded, whatever the track's length.

    `among` is the set of tracks to compare with (in calibration all but the one judged); `full` is how many tracks
    the model holds, the same in calibration and in use so that both are on the same footing.
    """

    __slots__ = (
        "_alike", "_among", "_back", "_came", "_company", "_full", "_lost", "_masks", "_pace", "_paces", "_reverse",
        "_stretch", "_ways", "best", "where",
    )  # fmt: skip

    def __init__(self, ways: Ways, pace: Pace, *, among: int, full: int) -> None:
        self._ways = ways
        self._paces = pace
        self._among = among
        self._full = full
        self.best = [START] * len(STATISTICS)
        self.where: list[Node | None] = [None] * len(STATISTICS)
        self._restart()

    def _restart(self) -> None:
        """Forget the stretch walked, not what it has already shown."""
        among = self._among
        self._alike = [among] * len(REACHES)
        self._company = [(among, self._full)] * 3
        self._masks = [(among, among)] * 3
        self._reverse = (among, among)
        self._came = [(0.0, 0.0)] * len(REACHES)
        self._lost = [(0.0, 0.0)] * 3
        self._back = [0.0] * 3
        self._stretch = 0.0
        self._pace = 0.0

    def step(self, node: Node) -> bool:
        """Take one node in; True where a statistic reached a new maximum."""
        x, y, angle, step_s, _ = node
        if step_s == math.inf:
            self._restart()
        fine, coarse = cell_key(x, y, _FINE), cell_key(x, y, _COARSE)
        keys = (fine, fine, coarse, coarse)
        ahead = heading_bin(angle)
        among = self._among
        went = [ways.get(key * HEADINGS + ahead, 0) & among for ways, key in zip(self._ways.went, keys, strict=True)]
        found = self._place(keys)
        found += self._direction(keys, (ahead + HEADINGS // 2) % HEADINGS, went)
        found += self._path(went)
        self._pace += (self._paces.deviation(x, y, step_s) - self._pace) / PACE_NODES
        found += (self._pace, -self._pace)
        best = self.best
        news = False
        for i, value in enumerate(found):
            if value > best[i]:
                best[i] = value
                self.where[i] = node
                news = True
        return news

    def _place(self, keys: tuple[int, ...]) -> list[float]:
        """Surprise that so few came here, over the last three nodes."""
        among, base = self._among, _LOG_ONE[self._full]
        found = []
        for i, came in enumerate(self._ways.came):
            now = base - _LOG_HALF[(came.get(keys[i], 0) & among).bit_count()]
            before, earlier = self._came[i]
            found.append((now + before + earlier) / 3.0)
            self._came[i] = (now, before)
        return found

    def _direction(self, keys: tuple[int, ...], astern: int, went: list[int]) -> list[float]:
        """Log odds of those who went the other way against those who went this way, over the last two nodes."""
        among = self._among
        found = []
        for i in range(3):
            back = self._ways.went[i].get(keys[i] * HEADINGS + astern, 0) & among
            now = _LOG_ONE[back.bit_count()] - _LOG_ONE[went[i].bit_count()]
            found.append((now + self._back[i]) / 2.0)
            self._back[i] = now
            if i == 1:
                before, earlier = self._reverse
                against = (back & before & earlier).bit_count()
                self._reverse = (back, before)
                last, second = self._masks[1]
                stretch = _LOG_ONE[against] - _LOG_ONE[(went[1] & last & second).bit_count()]
        found.append((stretch + self._stretch) / 2.0)
        self._stretch = stretch
        return found

    def _path(self, went: list[int]) -> list[float]:
        """Log of how many companions were lost, over the last three nodes; and how few walked alike from the start."""
        found = []
        for i in range(3):
            company, size = self._company[i]
            mask = went[i]
            kept = company & mask
            left = kept.bit_count()
            now = _LOG_ONE[size] - _LOG_ONE[left]
            before, earlier = self._lost[i]
            found.append((now + before + earlier) / 3.0)
            self._lost[i] = (now, before)
            self._company[i] = (kept, left) if left >= FEW else self._cut(i, mask)
            self._masks[i] = (mask, self._masks[i][0])
        for i, mask in enumerate(went):
            self._alike[i] = alike = self._alike[i] & mask
            found.append(-_LOG_HALF[alike.bit_count()])
        return found

    def _cut(self, i: int, mask: int) -> tuple[int, int]:
        """The longest recent history that a few tracks share: three nodes, one, or none."""
        last, second = self._masks[i]
        recent = mask & last & second
        size = recent.bit_count()
        if size >= FEW:
            return recent, size
        size = mask.bit_count()
        return (mask, size) if size >= FEW else (self._among, self._full)

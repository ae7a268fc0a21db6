"""What speaks against a track so far: twenty running statistics in seven views, each blind where another sees.

- *place*: how few tracks ever came here, whatever their heading (unused entries, empty regions);
- *outside*: for how long that was so, added up, so that who walks there all the way stands out from who errs there;
- *direction*: how many more walked this stretch the other way (the usual way walked backwards);
- *origin*: how few begin where this track began, and how many fewer than by chance of those who came along there also
  came here (a left-out route across a plaza, whose every part is usual);
- *turn*: how many of those that came this way also went on like this (left-out routes, in the manner of
  prediction by partial matching: Cleary & Witten, IEEE Trans. Commun. 32(4), 1984; with nothing left to compare to,
  the history is cut to the last nodes);
- *path*: how few walked all of it (the sequential directed Hausdorff distance of Laxhammar & Falkman, TPAMI 36(6),
  2014, turned round: how many lie within a distance, at five distances, instead of how far the nearest lie);
- *pace*: how far the speed lies from what is usual here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from rules.routes.walk import Node
from rules.routes.ways import BEGINNINGS, PLACES, REACHES, Local, cell_of

OUTSIDE = 2
"""The reach at which a place is asked whether it lies outside what is used (measured: rules/routes/README.md)."""
UNUSED = 0.01
"""A place where fewer than this share of tracks came is outside."""
VIEWS = ("place", "outside", "direction", "turn", "origin", "path", "pace")
STATISTICS = (
    *(("place", f"came within {r}") for r in REACHES[:PLACES]),
    ("outside", f"came within {REACHES[OUTSIDE]}, added up"),
    *(("direction", f"went back within {r}") for r in REACHES[:3]),
    ("direction", f"went back for a stretch within {REACHES[1]}"),
    *(("origin", f"began within {REACHES[i]}") for i in BEGINNINGS),
    *(("origin", f"came from within {r}") for r in REACHES[4:]),
    *(("turn", f"lost company within {r}") for r in REACHES[:3]),
    ("path", f"walked alike within {REACHES[1]} to {REACHES[-1]}"),
    ("pace", "faster"),
    ("pace", "slower"),
)
VIEW_OF = tuple(VIEWS.index(view) for view, _ in STATISTICS)
START = -1e9
"""Value of a statistic before its first node."""

FEW = 2
"""Fewer companions than this are no basis to judge how a path goes on: the history is cut."""
MAX_TRACKS = (1 << 14) - 1
PACE_NODES = 5.0
"""Nodes over which a pace is averaged."""

_HALF = tuple(math.log(n + 0.5) for n in range(MAX_TRACKS + 1))
_ONE = tuple(math.log(n + 1.0) for n in range(MAX_TRACKS + 1))
_USUAL = -math.log(UNUSED)
_NONE4 = (0.0, 0.0, 0.0, 0.0)
_NONE3 = (0.0, 0.0, 0.0)
_UNTOLD = (START, START, START)


class Evidence:
    """The running maxima of every statistic over one track, and at which node; bounded, whatever the track's length.

    `local` tells about a place and heading, `began` how many of some began there, `deviation` about a pace.
    `among` is the set of tracks to compare with (in calibration all but the one judged); `full` is how many the model
    holds, the same in calibration and in use, so that both are on the same footing. Where one began is not asked of who
    has not `entered` but was there already when the camera began to see.
    """

    __slots__ = (
        "_alike", "_among", "_back1", "_began", "_came1", "_came2", "_company", "_deviation", "_full", "_local",
        "_lost1", "_lost2", "_masks1", "_masks2", "_origin", "_outside", "_pace", "_reverse1", "_reverse2", "_stretch",
        "_unknown", "best", "where",
    )  # fmt: skip

    def __init__(
        self,
        local: Callable[[tuple[int, int, int]], Local],
        began: Callable[[tuple[int, int, int], int], tuple[int, int, int]],
        deviation: Callable[[float, float, float], float],
        *,
        among: int,
        full: int,
        entered: bool = True,
    ) -> None:
        self._local = local
        self._began = began
        self._unknown = not entered
        self._deviation = deviation
        self._among = among
        self._full = full
        self.best = [START] * len(STATISTICS)
        self.where: list[Node | None] = [None] * len(STATISTICS)
        self._restart()

    def _restart(self) -> None:
        """Forget the stretch walked, not what it has already shown."""
        among = self._among
        self._alike = (among, among, among, among, among)
        self._company = [(among, self._full)] * 3
        self._masks1 = self._masks2 = (among, among, among, among, among, among)
        self._reverse1 = self._reverse2 = among
        self._origin: tuple[int, float, int, float] | None = None
        self._came1 = self._came2 = _NONE4
        self._lost1 = self._lost2 = self._back1 = _NONE3
        self._stretch = self._pace = self._outside = 0.0

    def step(self, node: Node) -> list[int]:
        """Take one node in; the statistics that reached a new maximum, usually few."""
        x, y, angle, step_s, _ = node
        if step_s == math.inf:
            self._restart()
        place = cell_of(x, y, angle)
        local = self._local(place)
        self._pace += (self._deviation(x, y, step_s) - self._pace) / PACE_NODES
        values = (
            *self._place(local.came), self._stay(local.came), *self._direction(local),
            *self._beginning(place), *self._came_from(local), *self._turn(local.went), self._path(local.went),
            self._pace, -self._pace,
        )  # fmt: skip
        self._masks2, self._masks1 = self._masks1, local.went
        best = self.best
        news = [i for i, value in enumerate(values) if value > best[i]]
        for i in news:
            best[i] = values[i]
            self.where[i] = node
        return news

    def _place(self, came: tuple[int, int, int, int]) -> tuple[float, ...]:
        """Surprise that so few came here, over the last three nodes."""
        base = _ONE[self._full]
        a, b, c, d = base - _HALF[came[0]], base - _HALF[came[1]], base - _HALF[came[2]], base - _HALF[came[3]]
        a1, b1, c1, d1 = self._came1
        a2, b2, c2, d2 = self._came2
        self._came2, self._came1 = self._came1, (a, b, c, d)
        return (a + a1 + a2) / 3.0, (b + b1 + b2) / 3.0, (c + c1 + c2) / 3.0, (d + d1 + d2) / 3.0

    def _stay(self, came: tuple[int, int, int, int]) -> float:
        """Root of the surprise beyond that of a place just used enough, summed up; used places take off what they are
        above that, down to 0 (the cumulative sum of Page, Biometrika 41, 1954)."""
        self._outside = max(0.0, self._outside + _ONE[self._full] - _HALF[came[OUTSIDE]] - _USUAL)
        return math.sqrt(self._outside)

    def _direction(self, local: Local) -> tuple[float, ...]:
        """Log odds of those who went the other way against those who went this way, over the last two nodes."""
        back, ahead = local.back, local.ahead
        a, b, c = _ONE[back[0]] - _ONE[ahead[0]], _ONE[back[1]] - _ONE[ahead[1]], _ONE[back[2]] - _ONE[ahead[2]]
        a1, b1, c1 = self._back1
        against = (local.astern & self._reverse1 & self._reverse2).bit_count()
        along = (local.went[1] & self._masks1[1] & self._masks2[1]).bit_count()
        stretch, before = _ONE[against] - _ONE[along], self._stretch
        self._reverse2, self._reverse1 = self._reverse1, local.astern
        self._back1, self._stretch = (a, b, c), stretch
        return (a + a1) / 2.0, (b + b1) / 2.0, (c + c1) / 2.0, (stretch + before) / 2.0

    def _beginning(self, place: tuple[int, int, int]) -> tuple[float, float, float]:
        """Surprise that so few began here; told once, of the first node."""
        if self._unknown:
            return _UNTOLD
        self._unknown = True
        base = _ONE[self._full]
        a, b, c = self._began(place, self._among)
        return base - _HALF[a], base - _HALF[b], base - _HALF[c]

    def _came_from(self, local: Local) -> tuple[float, float]:
        """Log of how many should have come from there to here if the one had nothing to do with the other, against
        how many did (the lift of association rules: Brin et al., SIGMOD 1997)."""
        went, ahead = local.went, local.ahead
        if self._origin is None:
            wide = went[5].bit_count()
            self._origin = (went[4], ahead[4] / self._full, went[5], wide / self._full)
        near, near_share, far, far_share = self._origin
        return (
            math.log(near_share * ahead[3] + 1.0) - _ONE[(near & went[3]).bit_count()],
            math.log(far_share * ahead[4] + 1.0) - _ONE[(far & went[4]).bit_count()],
        )

    def _turn(self, went: tuple[int, int, int, int, int, int]) -> tuple[float, ...]:
        """Log of how many companions were lost, over the last three nodes."""
        company = self._company
        lost = []
        for i in (0, 1, 2):
            before, size = company[i]
            kept = before & went[i]
            left = kept.bit_count()
            lost.append(_ONE[size] - _ONE[left])
            company[i] = (kept, left) if left >= FEW else self._cut(i, went[i])
        a, b, c = lost
        a1, b1, c1 = self._lost1
        a2, b2, c2 = self._lost2
        self._lost2, self._lost1 = self._lost1, (a, b, c)
        return (a + a1 + a2) / 3.0, (b + b1 + b2) / 3.0, (c + c1 + c2) / 3.0

    def _cut(self, i: int, mask: int) -> tuple[int, int]:
        """The longest recent history that a few tracks share: three nodes, one, or none."""
        recent = mask & self._masks1[i] & self._masks2[i]
        size = recent.bit_count()
        if size >= FEW:
            return recent, size
        size = mask.bit_count()
        return (mask, size) if size >= FEW else (self._among, self._full)

    def _path(self, went: tuple[int, int, int, int, int, int]) -> float:
        """How few walked alike from the start to here: surprise summed over reaches, so that it has degrees."""
        a, b, c, d, e = self._alike
        self._alike = a, b, c, d, e = a & went[1], b & went[2], c & went[3], d & went[4], e & went[5]
        near = _HALF[a.bit_count()] + _HALF[b.bit_count()] + _HALF[c.bit_count()]
        return -near - _HALF[d.bit_count()] - _HALF[e.bit_count()]

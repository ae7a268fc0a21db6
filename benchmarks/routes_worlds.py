"""Made-up scenes with known ways, for questions that the assets cannot answer: one-way flows and left-out routes.

Every scene draws its tracks from named ways; a track follows one with a sway of its own, at a pace of its own, as a
tracker with some jitter would see it, now and then only a part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rules.routes import Track

Floats = NDArray[np.float64]
Point = tuple[float, float]
POINTS = 120
"""Places of a way before it is sampled."""
SAME_WAY = np.radians(50.0)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way through a scene: `line` (K, 2) in metres, drawn with probability in proportion to `weight`.

    Ways of one `route` are its lanes: they are left out together.
    """

    route: str
    line: Floats
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A scene: its ways, and how tracks stray from them.

    `sway` is the standard deviation of where in its lane a track keeps, `wander` that of how it moves about there,
    `jitter` the tracker's noise a position, in metres; `broken` is the share of tracks of which only a part is seen.
    `one_way` names the routes that nobody walks backwards.
    """

    name: str
    ways: tuple[Way, ...]
    one_way: tuple[str, ...]
    speed: float
    rate_hz: float
    sway: float
    wander: float
    jitter: float
    broken: float = 0.1

    @property
    def routes(self) -> list[str]:
        return list(dict.fromkeys(way.route for way in self.ways))

    def tracks(self, count: int, rng: np.random.Generator, *, without: str = "") -> list[Track]:
        """So many tracks of all routes but one."""
        ways = [way for way in self.ways if way.route != without]
        weight = np.array([way.weight for way in ways])
        chosen = rng.choice(len(ways), count, p=weight / weight.sum())
        return [self._walked(ways[i], rng, whole=rng.random() >= self.broken) for i in chosen.tolist()]

    def along_way(self, way: Way, count: int, rng: np.random.Generator) -> list[Track]:
        """So many whole tracks along one way."""
        return [self._walked(way, rng, whole=True) for _ in range(count)]

    def parting(self, line: Floats, *, known: Sequence[Way]) -> float:
        """The share of `line` (K, 2) after which nobody on a known way can have walked all of it so far.

        Nobody: within two standard deviations of a lane at every place, and heading the same way within 50 degrees. No
        geometry can tell the line from the known ways before.
        """
        asked, tolerance = along(line, POINTS), 2.0 * float(np.hypot(self.sway, self.wander))
        shares = [_together(asked, along(way.line, POINTS), tolerance) for way in known]
        return max(shares, default=0.0)

    def _walked(self, way: Way, rng: np.random.Generator, *, whole: bool) -> Track:
        line = along(way.line, POINTS)
        side = np.gradient(line, axis=0)[:, ::-1] * (-1.0, 1.0)
        side /= np.hypot(*side.T)[:, None]
        u = np.linspace(0.0, 1.0, POINTS)
        waves = np.sum([rng.normal() * np.sin(np.pi * (k * u + rng.random())) / k for k in (1, 2, 3)], axis=0)
        line = line + side * (rng.normal(0.0, self.sway) + self.wander * waves)[:, None]
        if not whole:
            start, end = sorted(rng.random(2))
            line = line[int(start * POINTS * 0.6) : int(POINTS * (0.4 + 0.6 * end))]
        speed = self.speed * float(np.exp(rng.normal(0.0, 0.15)))
        at = walked(line) / speed
        t = np.arange(0.0, at[-1], 1.0 / self.rate_hz)
        xy = np.column_stack([np.interp(t, at, line[:, axis]) for axis in (0, 1)])
        return Track(t, xy + rng.normal(0.0, self.jitter, xy.shape))


def walked(line: Floats) -> Floats:
    """Length up to each place."""
    return np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))


def along(line: Floats, count: int) -> Floats:
    """`count` places evenly along a line."""
    at = walked(line)
    wanted = np.linspace(0.0, at[-1], count)
    return np.column_stack([np.interp(wanted, at, line[:, axis]) for axis in (0, 1)])


def _together(asked: Floats, known: Floats, tolerance: float) -> float:
    """The share of `asked` (K, 2), from its start, that lies along `known` (M, 2)."""
    heading, other = (np.arctan2(*np.gradient(line, axis=0).T[::-1]) for line in (asked, known))
    near = np.hypot(*(asked[:, None] - known).transpose(2, 0, 1)) <= tolerance  # (K, M)
    alike = np.cos(heading[:, None] - other) >= np.cos(SAME_WAY)
    apart = np.flatnonzero(~(near & alike).any(axis=1))
    return float(apart[0] / len(asked)) if len(apart) else 1.0


def curved(points: Sequence[Point]) -> Floats:
    """A smooth line past some points: corners cut again and again (G. Chaikin, 1974), then a running mean."""
    line = along(np.array(points, np.float64), 8 * len(points))
    for _ in range(3):
        inner = [cut for a, b in pairwise(line) for cut in (0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b)]
        line = np.vstack((line[:1], np.array(inner), line[-1:]))
    middle = np.array([line[max(0, i - 24) : i + 25].mean(axis=0) for i in range(len(line))])
    return np.vstack((line[:1], middle[1:-1], line[-1:]))


def crossing(*, arm: float = 40.0, lane: float = 3.5) -> World:
    """A street crossing: four arms, two lanes each way; the outer goes straight on or right, the inner straight on or
    left."""
    near, far = 0.5 * lane, 1.5 * lane
    straight = [curved([(-arm, -offset), (arm, -offset)]) for offset in (near, far)]
    left = curved([(-arm, -near), (near, -near), (near, arm)])
    right = curved([(-arm, -far), (-far, -far), (-far, -arm)])
    ways = []
    for turn in range(4):
        angle = turn * np.pi / 2
        turned = np.array(((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))))
        ways += [Way(f"{turn} straight", line @ turned, 2.0) for line in straight]
        ways += [Way(f"{turn} left", left @ turned), Way(f"{turn} right", right @ turned)]
    return World(
        name="crossing", ways=tuple(ways), one_way=tuple(dict.fromkeys(way.route for way in ways)), speed=9.0,
        rate_hz=5.0, sway=0.35, wander=0.15, jitter=0.15,
    )  # fmt: skip


def motorway(*, length: float = 160.0, lane: float = 3.7) -> World:
    """Two carriageways of three lanes, and some who change lanes."""
    ways = []
    for route, sign in (("there", 1.0), ("back", -1.0)):
        start, end = -sign * length / 2, sign * length / 2
        lanes = [-sign * (2.5 + lane * index) for index in range(3)]
        ways += [Way(route, curved([(start, y), (end, y)]), 3.0) for y in lanes]
        ways += [
            Way(route, curved([(start, y), (-5.0 * sign, y), (5.0 * sign, beside), (end, beside)]), 0.5)
            for y, beside in pairwise(lanes)
        ]
    return World(
        name="motorway", ways=tuple(ways), one_way=("there", "back"), speed=27.0, rate_hz=10.0, sway=0.35, wander=0.2,
        jitter=0.3,
    )  # fmt: skip


def hall() -> World:
    """A hall with six gates: people cross it freely, between some gates in one direction only."""
    gates = {
        "a": (0.0, 8.0),
        "b": (0.0, 22.0),
        "c": (18.0, 30.0),
        "d": (40.0, 24.0),
        "e": (40.0, 6.0),
        "f": (20.0, 0.0),
    }
    pairs = ("ad", "da", "be", "eb", "cf", "fc", "ae", "bd", "ce", "fd", "fb", "ac")
    ways = tuple(Way(pair, curved([gates[pair[0]], gates[pair[1]]])) for pair in pairs)
    return World(
        name="hall", ways=ways, one_way=tuple(pair for pair in pairs if pair[::-1] not in pairs), speed=1.35,
        rate_hz=2.5, sway=0.8, wander=0.5, jitter=0.1,
    )  # fmt: skip


def room() -> World:
    """A room with a ring way round its furniture and five doors: many ways share parts of the ring."""
    ring = [(4.0 * np.cos(a), 3.0 * np.sin(a)) for a in np.linspace(0.0, 2.0 * np.pi, 21)[:-1]]
    doors = {0: (6.5, 0.0), 4: (1.5, 5.0), 8: (-5.5, 3.5), 12: (-5.5, -3.5), 16: (1.5, -5.0)}
    pairs = ((0, 4), (4, 0), (0, 8), (8, 0), (4, 12), (12, 4), (8, 16), (16, 8), (12, 16), (16, 0), (4, 8))
    ways = []
    for start, end in pairs:
        ahead = (end - start) % 20
        steps = range(1, ahead) if ahead <= 10 else range(-1, ahead - 20, -1)
        places = [doors[start], *(ring[(start + step) % 20] for step in steps), doors[end]]
        ways.append(Way(f"{start}-{end}", curved(places)))
    one_way = tuple(f"{a}-{b}" for a, b in pairs if (b, a) not in pairs)
    return World(
        name="room", ways=tuple(ways), one_way=one_way, speed=1.1, rate_hz=6.0, sway=0.2, wander=0.15, jitter=0.05
    )


def curves(*, seed: int = 0, count: int = 7) -> World:
    """Ways along random curves in a unit square, some sixteen positions a track, as trajectory papers draw them."""
    rng = np.random.default_rng((seed, 5))
    ways = tuple(Way(str(i), curved([(x, y) for x, y in rng.random((4, 2)).tolist()])) for i in range(count))
    return World(
        name="curves", ways=ways, one_way=tuple(way.route for way in ways), speed=0.1, rate_hz=1.0, sway=0.01,
        wander=0.02, jitter=0.005, broken=0.0,
    )  # fmt: skip


WORLDS = (crossing, motorway, hall, room, curves)

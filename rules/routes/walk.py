"""From positions at any rate to nodes a fixed step apart, so that nothing later depends on the sampling rate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GAP_S = 10.0
"""A hole in a track longer than this starts the walk anew: nobody knows what was walked in between."""
GAP_INTERVALS = 5.0
"""Where positions are so rare that this many intervals between them last longer, the hole must be as long as that."""

FLOATS_PER_NODE = 5

Node = tuple[float, float, float, float, float]
"""x, y (scene extents), heading (radians), seconds since the node before (infinite after a gap), input time (s)."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One finished track: `t` float64 (N,) seconds, `xy` float64 (N, 2) in one unit per scene, N >= 0.

    Raises:
        ValueError: lengths disagree or a number is not finite.
    """

    t: NDArray[np.float64]
    xy: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.t.ndim != 1 or self.xy.shape != (len(self.t), 2):
            raise ValueError(f"a track needs t (N,) and xy (N, 2), not {self.t.shape} and {self.xy.shape}")
        if not (np.isfinite(self.t).all() and np.isfinite(self.xy).all()):
            raise ValueError("a track's times and places must be finite numbers")

    @classmethod
    def of(cls, t: Iterable[float], xy: Iterable[tuple[float, float]]) -> Track:
        """A track from any sequences of numbers."""
        times = np.array(list(t), np.float64)
        return cls(times, np.array(list(xy), np.float64).reshape(-1, 2))

    def __len__(self) -> int:
        return len(self.t)


class Walk:
    """Turns one track's positions, as they come, into nodes exactly `step` apart as the crow flies.

    The chord, not the path length, is measured, so that jitter of someone who stands still adds no nodes. State
    is a handful of numbers however long the track.
    """

    __slots__ = ("_anchor_t", "_ax", "_ay", "_fresh", "_gap_s", "_pt", "_px", "_py", "_square", "_started")

    def __init__(self, step: float, *, gap_s: float = GAP_S) -> None:
        self._square = step * step
        self._gap_s = gap_s
        self._started = self._fresh = False
        self._ax = self._ay = self._px = self._py = self._pt = self._anchor_t = 0.0

    def add(self, x: float, y: float, t: float) -> list[Node]:
        """Nodes that this position completes, often none. After a gap the next node's step time is infinite."""
        nodes: list[Node] = []
        if not self._started or t - self._pt > self._gap_s:
            self._fresh = self._started
            self._started = True
            self._ax = self._px = x
            self._ay = self._py = y
            self._pt = self._anchor_t = t
            return nodes
        dx, dy = x - self._ax, y - self._ay
        while dx * dx + dy * dy >= self._square:
            nodes.append(self._cut(x, y, t))
            dx, dy = x - self._ax, y - self._ay
        self._px, self._py, self._pt = x, y, t
        return nodes

    def _cut(self, x: float, y: float, t: float) -> Node:
        """Where the stretch from the last position to this one leaves the circle of one step around the anchor."""
        ux, uy = x - self._px, y - self._py
        wx, wy = self._px - self._ax, self._py - self._ay
        a = ux * ux + uy * uy
        b = wx * ux + wy * uy
        c = wx * wx + wy * wy - self._square
        share = min(1.0, max(0.0, (math.sqrt(max(b * b - a * c, 0.0)) - b) / a))
        nx, ny, nt = self._px + share * ux, self._py + share * uy, self._pt + share * (t - self._pt)
        step_s = math.inf if self._fresh else nt - self._anchor_t
        node = (nx, ny, math.atan2(ny - self._ay, nx - self._ax), step_s, nt)
        self._fresh = False
        self._ax, self._ay, self._anchor_t = nx, ny, nt
        self._px, self._py, self._pt = nx, ny, nt
        return node

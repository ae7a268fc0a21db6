"""The scene's own yardstick: where it lies and how far it reaches, learned from the tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.routes.walk import FLOATS_PER_NODE, GAP_INTERVALS, GAP_S, Track, Walk

STEP = 0.02
"""Distance between nodes as a share of the scene's extent; .015-.03 measured alike (rules/routes/README.md)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """`x0`, `y0`: the corner of the places seen; `extent`: the diagonal of the middle 99 % of places; input units.

    A hole of more than `gap_s` in a track starts its walk anew.
    """

    x0: float
    y0: float
    extent: float
    gap_s: float = GAP_S

    @classmethod
    def measured(cls, tracks: Sequence[Track]) -> Scene:
        """The scene that these tracks walk in. Percentiles, so that a few wild points do not stretch it.

        Raises:
            ValueError: no track moves.
        """
        places = np.concatenate([track.xy for track in tracks]) if tracks else np.zeros((0, 2))
        if not len(places):
            raise ValueError("no positions to learn a scene from")
        low, high = np.percentile(places, (0.5, 99.5), axis=0)
        extent = float(np.hypot(*(high - low)))
        if extent <= 0.0:
            raise ValueError("nothing moves in these tracks: no route can be learned")
        intervals = np.concatenate([np.diff(track.t) for track in tracks])
        usual_s = float(np.median(intervals)) if len(intervals) else 0.0
        return cls(float(low[0]), float(low[1]), extent, max(GAP_S, GAP_INTERVALS * usual_s))

    def nodes(self, track: Track) -> NDArray[np.float64]:
        """The track as nodes, float64 (M, 5): see `Node`; M = 0 for one that goes nowhere."""
        walk = Walk(STEP, gap_s=self.gap_s)
        places = ((track.xy - (self.x0, self.y0)) / self.extent).tolist()
        rows = [node for (x, y), t in zip(places, track.t.tolist(), strict=True) for node in walk.add(x, y, t)]
        return np.array(rows, np.float64).reshape(-1, FLOATS_PER_NODE)

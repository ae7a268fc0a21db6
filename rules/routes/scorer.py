"""One track in progress: a p-value after every position, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rules.routes.calibration import Calibration, Standing
from rules.routes.corridor import Corridor
from rules.routes.evidence import STATISTICS, VIEW_OF, VIEWS, Evidence
from rules.routes.reason import Departure, Trail, departure
from rules.routes.scene import STEP, Scene
from rules.routes.walk import Node, Walk

WORDS = {
    "place": "went where hardly anyone goes",
    "outside": "stayed for long where hardly anyone goes",
    "direction": "walked against the usual direction",
    "origin": "came from where hardly anyone comes who walks here",
    "turn": "went on as hardly anyone who came this way does",
    "path": "took a way through the scene that hardly anyone takes",
    "pace": "moved at an unusual pace",
}
"""What each view of `VIEWS` means to an operator."""
PLAIN = -math.log(0.01)
"""Views come in the order of how plainly they can be told; the first that alone is one in a hundred is told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finished track's judgement: smallest p over all prefixes, its score, and when p first fell to a level."""

    p_value: float
    score: float
    alarm_t: float | None


class RouteScorer:
    """Judges one track in progress; bounded in time and memory per update, whatever the track's length.

    `p_value` is the share of normal tracks that ever look at least as unusual as this one has by now: it only falls.
    """

    __slots__ = (
        "_calibration",
        "_evidence",
        "_extent",
        "_flows",
        "_standing",
        "_trail",
        "_unit",
        "_walk",
        "_x0",
        "_y0",
        "p_value",
    )

    def __init__(
        self, scene: Scene, evidence: Evidence, calibration: Calibration, *,
        flows: Callable[[], Sequence[Corridor]], unit: str,
    ) -> None:  # fmt: skip
        self._x0, self._y0, self._extent = scene.x0, scene.y0, scene.extent
        self._walk = Walk(STEP, gap_s=scene.gap_s)
        self._evidence = evidence
        self._calibration = calibration
        self._standing = Standing(calibration)
        self._trail = Trail()
        self._flows = flows
        self._unit = unit
        self.p_value = 1.0

    @property
    def score(self) -> float:
        """The joined surprise behind the p-value, at least 0; only grows."""
        return self._standing.score

    def update(self, x: float, y: float, t: float) -> float:
        """Take one position in, in the unit the model was fitted on, at media time `t`; the p-value so far, (0, 1]."""
        for node in self._walk.add((x - self._x0) / self._extent, (y - self._y0) / self._extent, t):
            self._trail.add(node[0], node[1], node[4])
            news = self._evidence.step(node)
            if news and self._standing.raise_to(news, self._evidence.best):
                self.p_value = self._calibration.p_value(self._standing.score)
        return self.p_value

    def explain(self, *, body_height: float | None = None) -> dict[str, Any]:
        """Why the p-value is what it is, JSON values; places and distances in the unit the model was fitted on.

        `view` is the plainest that alone would be rare, else the rarest, and is explained by `text`; `at` and
        `at_pts` tell where and when it was strongest. The corridor is the one followed longest: `corridor`, its
        `corridor_share`, `backwards`, where and when it was left (`left_at`, `left_pts`; absent where it was never
        joined or never left) and `off_UNIT`, how far beyond its edge, with `off_bh` where one `body_height` is given.
        """
        views = self._standing.views
        view = next(i for i, value in enumerate(views) if value >= min(PLAIN, max(views)))
        why: dict[str, Any] = {
            "view": VIEWS[view],
            "text": WORDS[VIEWS[view]],
            "p_value": self.p_value,
            "score": round(self.score, 3),
            "views": {name: round(value, 2) for name, value in zip(VIEWS, views, strict=True)},
        }
        node = self._strongest(view)
        if node is not None:
            why |= {"at": self._place(node[0], node[1]), "at_pts": round(node[4], 3)}
        trail = [(*self._place(x, y), t) for x, y, t in self._trail.places]
        left = departure([(x, y, t) for x, y, t in trail], self._flows())
        if left is not None:
            why |= _told(left) | {f"off_{self._unit}": round(left.off, 4)}
            if body_height:
                why["off_bh"] = round(left.off / body_height, 2)
        return why

    def _strongest(self, view: int) -> Node | None:
        """The node at which the loudest statistic of a view was largest."""
        surprise = self._standing.surprise
        loudest = max(range(len(STATISTICS)), key=lambda i: surprise[i] if VIEW_OF[i] == view else -1.0)
        return self._evidence.where[loudest]

    def _place(self, x: float, y: float) -> list[float]:
        return [round(self._x0 + x * self._extent, 4), round(self._y0 + y * self._extent, 4)]


def _told(left: Departure) -> dict[str, Any]:
    told: dict[str, Any] = {
        "corridor": left.corridor.name,
        "corridor_id": left.corridor.corridor_id,
        "corridor_share": round(left.corridor.share, 3),
        "backwards": left.backwards,
    }
    if left.left is not None:
        told |= {"left_at": list(left.left[:2]), "left_pts": round(left.left[2], 3)}
    return told

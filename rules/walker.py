"""What the rules about routes share: where each walker's feet are, also where they are hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from rules.base import SceneRule
from rules.geometry import Bools
from rules.scene import Scene
from rules.stature import Stature
from rules.view import View


class WalkerRule(SceneRule):
    """A rule that sees every person of its classes, feet estimated where the box hides them."""

    kind: ClassVar[str] = "unusual_route"

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._stature = Stature()
        self._everybody = 0
        self._seen: tuple[View, Bools] | None = None

    def bind(self, scene: Scene) -> None:
        super().bind(scene)
        self._everybody = scene.register(None, self.classes)

    def walkers(self, view: View) -> tuple[View, Bools]:
        """The view with feet where they must be, and which rows' feet are estimated."""
        earlier = self._seen
        if earlier is None and view.earlier is not None:
            earlier = self._on_foot(view.earlier, None)
        self._stature.learn(view, view.inside[self._everybody])
        self._seen = self._on_foot(view, earlier[0] if earlier else None)
        return self._seen

    def _on_foot(self, view: View, earlier: View | None) -> tuple[View, Bools]:
        foot, hidden = self._stature.feet(view)
        if foot is view.foot and (earlier is None or earlier is view.earlier):
            return view, hidden
        if earlier is not None and earlier.earlier is not None:
            earlier = replace(earlier, earlier=None)
        return replace(view, foot=foot, earlier=earlier), hidden

    def dump(self) -> dict[str, Any]:
        return {"stature": self._stature.state()}

    def load(self, state: dict[str, Any]) -> None:
        self._stature.restore(state["stature"])
        self._seen = None


def foot_why(hidden: bool) -> str:
    """How an event says where its foot comes from."""
    return "estimated" if hidden else "seen"


def point(view: View, row: int) -> tuple[float, float]:
    """A walker's foot."""
    return float(view.foot[row, 0]), float(view.foot[row, 1])


def heights(view: View) -> Any:
    """Box heights (M,), shares of the picture's height."""
    box = view.xyxy.astype(np.float64)
    return box[:, 3] - box[:, 1]

"""How tall is a person at this place of the picture? Learned from whole boxes, used where feet are hidden.

Under a level camera a person's height in the picture is a straight line in the height of the foot (Hoiem, Efros and
Hebert, "Putting objects in perspective", CVPR 2006, eq. 4), fitted by least squares with slow forgetting.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rules.geometry import Bools, Floats
from rules.link import EDGE_SHARE
from rules.view import View

MIN_BOXES = 200.0
"""So many whole boxes are seen before a height is believed."""

MEMORY_BOXES = 20_000.0
"""Boxes after which an old one counts for 1/e: the camera may have been moved."""

WHOLE_SHARE = 0.75
"""A box this much shorter than a person there is not whole: nothing is learned from it."""

HIDDEN_SHARE = 0.65
"""A box this much shorter than a person there hides the feet: a person behind a counter shows about that much."""

SPREAD = 0.25
"""Heights that scatter by more than this share about the line say nothing about hidden feet."""


class Stature:
    """`height ~ a * foot_y + b`, both as shares of the picture's height."""

    def __init__(self) -> None:
        self._sums = np.zeros(6)  # weight, y, h, yy, yh, hh

    def learn(self, view: View, wanted: Bools) -> None:
        """Take in the whole boxes of a frame."""
        box = view.xyxy[wanted].astype(np.float64)
        y, h = box[:, 3], box[:, 3] - box[:, 1]
        whole = (box > EDGE_SHARE).all(axis=1) & (box < 1.0 - EDGE_SHARE).all(axis=1)
        line = self._line()
        if line is not None:
            whole &= h >= WHOLE_SHARE * (line[0] * y + line[1])
        y, h = y[whole], h[whole]
        if len(y):
            fresh = np.array((len(y), y.sum(), h.sum(), (y * y).sum(), (y * h).sum(), (h * h).sum()))
            self._sums = self._sums * math.exp(-len(y) / MEMORY_BOXES) + fresh

    def feet(self, view: View) -> tuple[Floats, Bools]:
        """Feet (M, 2), and which of them are estimated (M,): those of boxes cut below, or much too short."""
        hidden = np.zeros(len(view.foot), np.bool_)
        line = self._line()
        if line is None or not len(hidden):
            return view.foot, hidden
        top, bottom = view.xyxy[:, 1].astype(np.float64), view.foot[:, 1]
        y = (top + line[1]) / (1.0 - line[0])  # the foot at which the box's top is a person's
        cut, short = bottom >= 1.0 - EDGE_SHARE, bottom - top < HIDDEN_SHARE * (y - top)
        hidden = (y > bottom) & (cut | short)
        if not hidden.any():
            return view.foot, hidden
        return np.column_stack((view.foot[:, 0], np.where(hidden, y, bottom))), hidden

    def height(self, y: Floats, seen: Floats) -> Floats:
        """Height of a person whose foot is at y (M,); the box's own where nothing is known: float64 (M,)."""
        line = self._line()
        return seen if line is None else np.maximum(line[0] * y + line[1], 1e-3)

    def _line(self) -> tuple[float, float] | None:
        """(a, b), once it can be believed."""
        n, y, h, yy, yh, hh = self._sums.tolist()
        if n < MIN_BOXES:
            return None
        var = yy / n - (y / n) ** 2
        a = (yh / n - y * h / n**2) / var if var > 1e-6 else 0.0
        b = (h - a * y) / n
        spread = math.sqrt(max(0.0, hh / n - (h / n) ** 2 - a * a * max(var, 0.0)))
        return (a, b) if a < 0.95 and spread <= SPREAD * h / n else None

    def state(self) -> list[Any]:
        return list(self._sums.tolist())

    def restore(self, state: list[Any]) -> None:
        self._sums = np.array(state, np.float64)

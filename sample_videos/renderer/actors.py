"""What moves: people, and things on wheels or paws. Each gives a mesh at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .body import Look, build
from .pose import pose
from .walk import Leg, Stance, Stand, Walk, compile_acts, stance_at


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A mesh in the site at one instant: corners, normals (V, 3), triangles (T, 3), linear colour (V, 3)."""

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    triangles: NDArray[np.int32]
    colour: NDArray[np.float64]


@dataclass(frozen=True)
class Person:
    """Somebody: who, how they look, where and when they begin, and what they do."""

    name: str
    look: Look
    begin_s: float
    start: tuple[float, float]
    acts: tuple[Walk | Stand, ...]

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        return compile_acts(self.start, self.begin_s, self.acts)

    @cached_property
    def seed(self) -> int:
        return sum(ord(c) * (i + 7) for i, c in enumerate(self.name))

    def stance(self, t: float) -> Stance | None:
        return stance_at(self.legs, t)

    def shape(self, t: float) -> Shape | None:
        """The mesh at `t` seconds, or None when not on the site."""
        stance = self.stance(t)
        if stance is None:
            return None
        mesh = build(self.look)
        points, normals = pose(mesh, self.look, stance, t, self.seed)
        return Shape(points, normals, mesh.triangles, mesh.colour)

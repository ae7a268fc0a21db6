"""What moves and is nobody: a driverless forklift, a car with its lights on, a cat, a door that opens on a lit room."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from .actors import Shape
from .colour import linear
from .mesh import cone, surface
from .solids import Solids, Stuff
from .walk import Leg, Walk, compile_acts, travelled


@dataclass(frozen=True)
class Forklift:
    """A driverless forklift with a loaded pallet, along a smooth way at a steady speed."""

    begin_s: float
    start: tuple[float, float]
    via: tuple[tuple[float, float], ...]
    speed: float = 1.6

    @cached_property
    def leg(self) -> Leg:
        return compile_acts(self.start, self.begin_s, (Walk(self.via, self.speed),))[0]

    def shape(self, t: float) -> Shape | None:
        leg = self.leg
        if not leg.begin <= t < leg.end:
            return None
        s, _ = travelled(leg, t)
        xy = np.array([np.interp(s, leg.arc, leg.way[:, i]) for i in range(2)])
        return placed(_forklift(), xy, float(np.interp(s, leg.arc, leg.heading)))


@dataclass(frozen=True)
class Car:
    """A car that drives straight from `start` to `end` between two instants; with `lights` only its lamps, which shine
    by themselves."""

    begin_s: float
    end_s: float
    start: tuple[float, float]
    end: tuple[float, float]
    lights: bool = False

    @property
    def glow(self) -> bool:
        return self.lights

    def shape(self, t: float) -> Shape | None:
        if not self.begin_s <= t < self.end_s:
            return None
        a, b = np.array(self.start, float), np.array(self.end, float)
        xy = a + (b - a) * (t - self.begin_s) / (self.end_s - self.begin_s)
        return placed(_car_lamps() if self.lights else _car(), xy, float(np.arctan2(*(b - a)[::-1])))


@dataclass(frozen=True)
class Cat:
    """A cat that trots along a way and sits down at its end until `until_s`."""

    begin_s: float
    until_s: float
    start: tuple[float, float]
    via: tuple[tuple[float, float], ...]
    speed: float = 0.9
    fur: tuple[int, int, int] = (112, 84, 58)

    @cached_property
    def leg(self) -> Leg:
        return compile_acts(self.start, self.begin_s, (Walk(self.via, self.speed),))[0]

    def shape(self, t: float) -> Shape | None:
        leg = self.leg
        if not leg.begin <= t < self.until_s:
            return None
        s, speed = travelled(leg, min(t, leg.end - 1e-6))
        xy = np.array([np.interp(s, leg.arc, leg.way[:, i]) for i in range(2)])
        stride = 0.55 * min(speed / 0.6, 1.0)
        return placed(_cat(self.fur, s, stride, t), xy, float(np.interp(s, leg.arc, leg.heading)))


@dataclass(frozen=True)
class LitDoor:
    """A bright doorway in a wall, open from `begin_s` to `end_s`: shines by itself."""

    begin_s: float
    end_s: float
    corner: tuple[float, float, float]
    width: float = 1.2
    height: float = 2.2
    glow: bool = True

    def share(self, t: float) -> float:
        """How far open, 0 to 1."""
        return float(np.clip(min(t - self.begin_s, self.end_s - t) / 0.8, 0, 1))

    def shape(self, t: float) -> Shape | None:
        if self.share(t) <= 0:
            return None
        heap = Solids()
        heap.quad(
            self.corner, (self.width * self.share(t), 0, 0), (0, 0, self.height), Stuff.GLOW, (255, 236, 200), cell=0.5
        )
        return rigid(heap)


def rigid(heap: Solids) -> Shape:
    """Boxes and posts as a shape with flat normals: every triangle gets corners of its own."""
    built = heap.done()
    points = built.points[built.triangles].reshape(-1, 3)
    triangles = np.arange(len(points), dtype=np.int32).reshape(-1, 3)
    centre = points.mean(0)
    normal = np.repeat(built.normal, 3, axis=0)
    middle = np.repeat(points.reshape(-1, 3, 3).mean(1), 3, axis=0)
    inward = ((middle - centre) * normal).sum(1) < 0
    normal[inward] *= -1
    return Shape(points, normal, triangles, np.repeat(built.colour, 3, axis=0))


def placed(shape: Shape, xy: NDArray[np.float64], heading: float) -> Shape:
    """A shape that faces +x, turned to `heading` and put at `xy`."""
    c, s = np.cos(heading), np.sin(heading)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return Shape(shape.points @ turn.T + (*xy, 0), shape.normals @ turn.T, shape.triangles, shape.colour)


@lru_cache(maxsize=1)
def _forklift() -> Shape:
    heap = Solids()
    yellow, dark, steel = (222, 160, 32), (40, 42, 46), (110, 112, 116)
    heap.box((-0.95, -0.5, 0.25), (0.35, 0.5, 0.95), Stuff.PLAIN, yellow, cell=0.4)
    heap.box((-1.1, -0.5, 0.3), (-0.75, 0.5, 1.15), Stuff.PLAIN, dark, cell=0.4)
    heap.box((-0.6, -0.35, 0.95), (0.1, 0.35, 1.25), Stuff.PLAIN, dark, cell=0.4)
    for x in (-0.85, 0.25):
        for y in (-0.46, 0.4):
            heap.box((x, y, 0.95), (x + 0.06, y + 0.06, 2.05), Stuff.PLAIN, dark, cell=0.6)
    heap.box((-0.9, -0.48, 2.05), (0.35, 0.48, 2.11), Stuff.PLAIN, dark, cell=0.5)
    heap.box((-0.3, -0.06, 2.11), (-0.18, 0.06, 2.24), Stuff.PLAIN, (240, 130, 20), cell=0.2)
    for y in (-0.36, 0.28):
        heap.box((0.42, y, 0.1), (0.52, y + 0.08, 2.3), Stuff.PLAIN, steel, cell=0.6)
        heap.box((0.5, y, 0.12), (1.55, y + 0.1, 0.17), Stuff.PLAIN, steel, cell=0.5)
    heap.box((0.55, -0.5, 0.18), (1.75, 0.5, 0.3), Stuff.PLAIN, (158, 126, 84), cell=0.4)
    heap.box((0.6, -0.45, 0.3), (1.7, 0.45, 1.1), Stuff.PLAIN, (176, 140, 96), cell=0.4)
    for x in (-0.7, 0.15):
        for y in (-0.52, 0.38):
            heap.box((x - 0.22, y, 0.02), (x + 0.22, y + 0.14, 0.46), Stuff.PLAIN, (22, 22, 24), cell=0.4)
    return rigid(heap)


@lru_cache(maxsize=1)
def _car() -> Shape:
    """A small van, 4.4 m long, facing +x."""
    heap = Solids()
    paint, glass, rubber = (168, 172, 178), (26, 32, 40), (20, 20, 22)
    heap.box((-2.2, -0.88, 0.32), (2.2, 0.88, 0.98), Stuff.PLAIN, paint, cell=0.6)
    heap.box((-2.15, -0.82, 0.98), (1.05, 0.82, 1.75), Stuff.PLAIN, paint, cell=0.6)
    heap.box((1.05, -0.76, 0.98), (1.45, 0.76, 1.55), Stuff.PLAIN, glass, cell=0.6)
    for y in (-0.83, 0.81):
        heap.box((-0.1, y, 1.1), (0.9, y + 0.02, 1.6), Stuff.PLAIN, glass, cell=0.6)
    for x in (-1.35, 1.35):
        for y in (-0.92, 0.72):
            heap.box((x - 0.32, y, 0.02), (x + 0.32, y + 0.2, 0.62), Stuff.PLAIN, rubber, cell=0.4)
    return rigid(heap)


@lru_cache(maxsize=1)
def _car_lamps() -> Shape:
    heap = Solids()
    for y in (-0.78, 0.5):
        heap.box((2.2, y, 0.62), (2.23, y + 0.28, 0.82), Stuff.GLOW, (255, 246, 226), cell=0.4)
        heap.box((-2.23, y, 0.7), (-2.2, y + 0.28, 0.86), Stuff.GLOW, (190, 24, 18), cell=0.4)
    return rigid(heap)


@lru_cache(maxsize=1)
def _cat_parts() -> tuple[tuple[str, NDArray[np.float64], NDArray[np.int32]], ...]:
    """Body with head and ears, a tail and four legs, about 0.5 m long, facing +x."""

    def trunk(p: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [
            cone(p, (-0.18, 0, 0.22), (0.14, 0, 0.225), 0.075, 0.07),
            cone(p, (0.14, 0, 0.235), (0.23, 0, 0.29), 0.05, 0.045),
            cone(p, (0.25, 0, 0.305), (0.28, 0, 0.3), 0.052, 0.04),
            cone(p, (0.24, 0.03, 0.345), (0.24, 0.035, 0.375), 0.016, 0.005),
            cone(p, (0.24, -0.03, 0.345), (0.24, -0.035, 0.375), 0.016, 0.005),
            cone(p, (-0.22, 0, 0.25), (-0.34, 0, 0.33), 0.02, 0.016),
            cone(p, (-0.34, 0, 0.33), (-0.40, 0, 0.42), 0.016, 0.012),
        ]
        return np.asarray(np.min(parts, axis=0))

    def limb(p: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cone(p, (0, 0, 0), (0, 0, -0.185), 0.032, 0.02))

    body = surface(trunk, (-0.46, -0.12, 0.1), (0.36, 0.12, 0.46), 0.02)
    leg = surface(limb, (-0.06, -0.06, -0.24), (0.06, 0.06, 0.06), 0.02)
    return (("body", *body), ("leg", *leg))


def _cat(fur: tuple[int, int, int], s: float, stride: float, t: float) -> Shape:
    (_, body, body_t), (_, leg, leg_t) = _cat_parts()
    points, triangles, base = [np.add(body, (0, 0, 0.006 * np.sin(s * 40)))], [body_t], len(body)
    for x, y, phase in ((0.12, 0.045, 0.0), (0.12, -0.045, np.pi), (-0.15, 0.045, np.pi), (-0.15, -0.045, 0.0)):
        a = stride * np.sin(s * 18 + phase)
        c, n = np.cos(a), np.sin(a)
        points.append(leg @ np.array([[c, 0, n], [0, 1, 0], [-n, 0, c]]).T + (x, y, 0.2))
        triangles.append(leg_t + base)
        base += len(leg)
    corners, faces = np.concatenate(points), np.concatenate(triangles)
    normals = np.zeros_like(corners)
    a, b, c_ = (corners[faces[:, i]] for i in range(3))
    for i in range(3):
        np.add.at(normals, faces[:, i], np.cross(b - a, c_ - a))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    stripes = 0.75 + 0.35 * (np.sin(corners[:, 0] * 60) > 0.3)
    return Shape(corners, normals, faces, linear(fur)[None] * stripes[:, None])

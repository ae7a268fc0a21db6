"""Static things of the site as triangles: boxes, walls, containers, pillars, fences, trees. Materials are numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .colour import linear

Colour = tuple[int, int, int]


class Stuff(IntEnum):
    """What a surface is made of; `materials.py` says how each looks."""

    ASPHALT = 0
    CONCRETE = 1
    CLADDING = 2
    CONTAINER = 3
    BRICK = 4
    PAINT = 5
    GRASS = 6
    WOOD = 7
    PLAIN = 8
    NETTING = 9
    LEAF = 10
    GLOW = 11
    FLOOR = 12
    CARD = 13
    PLASTER = 14


@dataclass(slots=True)
class Solids:
    """A growing heap of triangles: corners (V, 3), triangles (T, 3), a material, colour and netting flag each."""

    points: list[NDArray[np.float64]] = field(default_factory=list)
    triangles: list[NDArray[np.int32]] = field(default_factory=list)
    stuff: list[NDArray[np.int16]] = field(default_factory=list)
    colour: list[NDArray[np.float64]] = field(default_factory=list)
    uv: list[NDArray[np.float64]] = field(default_factory=list)
    shades: list[NDArray[np.bool_]] = field(default_factory=list)
    count: int = 0

    def add(self, points, triangles, stuff: Stuff, colour: Colour, uv=None, *, shades: bool = True) -> None:
        """Add triangles (T, 3) over new corners; `shades` False casts no shadow (ceilings, glow)."""
        n = len(triangles)
        self.points.append(np.asarray(points, float))
        self.triangles.append(np.asarray(triangles, np.int32) + self.count)
        self.stuff.append(np.full(n, int(stuff), np.int16))
        self.colour.append(np.tile(linear(colour), (n, 1)))
        self.uv.append(np.zeros((len(points), 2)) if uv is None else np.asarray(uv, float))
        self.shades.append(np.full(n, shades))
        self.count += len(points)

    def quad(self, corner, u, v, stuff: Stuff, colour: Colour, *, cell: float = 2.0, shades: bool = True) -> None:
        """A parallelogram from `corner` along `u` and `v`, cut into cells so that none spans the camera plane."""
        corner, u, v = (np.asarray(x, float) for x in (corner, u, v))
        nu, nv = (max(1, int(np.ceil(np.linalg.norm(x) / cell))) for x in (u, v))
        a, b = np.meshgrid(np.linspace(0, 1, nu + 1), np.linspace(0, 1, nv + 1), indexing="ij")
        points = corner + a.reshape(-1, 1) * u + b.reshape(-1, 1) * v
        i = (np.arange(nu)[:, None] * (nv + 1) + np.arange(nv)).ravel()
        triangles = np.concatenate((np.stack((i, i + nv + 1, i + nv + 2), 1), np.stack((i, i + nv + 2, i + 1), 1)))
        uv = np.column_stack((a.ravel() * np.linalg.norm(u), b.ravel() * np.linalg.norm(v)))
        self.add(points, triangles, stuff, colour, uv, shades=shades)

    def box(self, low, high, stuff: Stuff, colour: Colour, *, cell: float = 2.0, turn_deg: float = 0.0) -> None:
        """An upright box from corner to corner, turned about its centre."""
        part = Solids()
        (x0, y0, z0), (x1, y1, z1) = low, high
        dx, dy, dz = (x1 - x0, 0, 0), (0, y1 - y0, 0), (0, 0, z1 - z0)
        part.quad((x0, y0, z1), dx, dy, stuff, colour, cell=cell)
        part.quad((x0, y0, z0), dx, dz, stuff, colour, cell=cell)
        part.quad((x1, y1, z0), (x0 - x1, 0, 0), dz, stuff, colour, cell=cell)
        part.quad((x1, y0, z0), dy, dz, stuff, colour, cell=cell)
        part.quad((x0, y1, z0), (0, y0 - y1, 0), dz, stuff, colour, cell=cell)
        c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
        centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2, 0])
        for points, triangles, uv in zip(part.points, part.triangles, part.uv, strict=True):
            turned = (points - centre) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + centre
            self.add(turned, triangles - triangles.min(), stuff, colour, uv)

    def post(self, foot, height: float, radius: float, stuff: Stuff, colour: Colour, *, sides: int = 14) -> None:
        """An upright cylinder with a lid."""
        angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
        ring = np.column_stack((np.cos(angle), np.sin(angle))) * radius + np.asarray(foot)[:2]
        z0 = foot[2] if len(foot) > 2 else 0.0
        levels = max(2, int(height / 1.5) + 1)
        points = [np.column_stack((ring, np.full(sides, z0 + height * k / (levels - 1)))) for k in range(levels)]
        points.append(np.array([[*np.asarray(foot)[:2], z0 + height]]))
        triangles = []
        for k in range(levels - 1):
            for i in range(sides):
                a, b = k * sides + i, k * sides + (i + 1) % sides
                triangles += [(a, b, b + sides), (a, b + sides, a + sides)]
        top = (levels - 1) * sides
        triangles += [(top + i, top + (i + 1) % sides, levels * sides) for i in range(sides)]
        self.add(np.concatenate(points), triangles, stuff, colour)

    def netting(self, a, b, height: float) -> None:
        """Chain-link fence from a to b with posts and a top rail."""
        a, b = np.asarray(a, float), np.asarray(b, float)
        u = np.array([*(b - a), 0.0])
        self.quad((*a, 0.05), u, (0, 0, height - 0.05), Stuff.NETTING, (150, 155, 158), cell=1.5)
        n = int(np.ceil(np.linalg.norm(u) / 3.0))
        for k in range(n + 1):
            self.post((*(a + (b - a) * k / n), 0.0), height + 0.12, 0.035, Stuff.PLAIN, (120, 126, 130), sides=8)
        side = np.array([-(b - a)[1], (b - a)[0], 0]) / np.linalg.norm(b - a) * 0.02
        self.quad((*a, height - 0.03), u, (0, 0, 0.045), Stuff.PLAIN, (130, 135, 140))
        self.quad(np.array([*a, 0.08]) + side, u, (0, 0, 0.03), Stuff.PLAIN, (130, 135, 140))

    def done(self) -> Built:
        """Everything as arrays."""
        triangles = np.concatenate(self.triangles)
        points = np.concatenate(self.points)
        a, b, c = (points[triangles[:, i]] for i in range(3))
        normal = np.cross(b - a, c - a)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        stuff = np.concatenate(self.stuff)
        return Built(
            points, triangles, stuff, np.concatenate(self.colour), np.concatenate(self.uv), normal,
            (stuff == Stuff.NETTING).astype(np.uint8), np.concatenate(self.shades),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """The finished heap; `normal` (T, 3) is flat and two-sided, `cut` marks netting."""

    points: NDArray[np.float64]
    triangles: NDArray[np.int32]
    stuff: NDArray[np.int16]
    colour: NDArray[np.float64]
    uv: NDArray[np.float64]
    normal: NDArray[np.float64]
    cut: NDArray[np.uint8]
    shades: NDArray[np.bool_]


def tree(
    seed: int, foot, height: float, *, leaves: int = 2600
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
    """Corners (V, 3), triangles and linear colour (V, 3) of a tree: a tapering trunk and clustered leaves."""
    rng = np.random.default_rng(seed)
    heap = Solids()
    heap.post(foot, height * 0.55, 0.09 + 0.01 * height, Stuff.PLAIN, (84, 70, 56), sides=8)
    points, triangles = [np.concatenate(heap.points)], [np.concatenate(heap.triangles)]
    colour = [np.tile(linear((84, 70, 56)), (len(points[0]), 1))]
    base = len(points[0])
    clusters = rng.normal(size=(26, 3)) * (0.16 * height, 0.16 * height, 0.17 * height) + (*foot[:2], height * 0.66)
    which = rng.integers(0, len(clusters), leaves)
    centre = clusters[which] + rng.normal(size=(leaves, 3)) * 0.085 * height
    centre[:, 2] = np.maximum(centre[:, 2], height * 0.25)
    u, v = rng.normal(size=(2, leaves, 3)) * 0.5
    size = 0.026 * height
    quad = np.stack((centre - u * size, centre + v * size, centre + u * size, centre - v * size), 1).reshape(-1, 3)
    i = base + 4 * np.arange(leaves)
    points.append(quad)
    triangles.append(np.concatenate((np.stack((i, i + 1, i + 2), 1), np.stack((i, i + 2, i + 3), 1))))
    green = linear((74, 98, 48)) * rng.uniform(0.55, 1.35, (leaves, 1)) * rng.uniform(0.85, 1.15, (leaves, 3))
    colour.append(np.repeat(green, 4, axis=0))
    return np.concatenate(points), np.concatenate(triangles).astype(np.int32), np.concatenate(colour)

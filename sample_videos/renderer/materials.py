"""How surfaces look: albedo and bump from position and material, all procedural."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .colour import linear
from .raster import value_noise
from .solids import Stuff


def noise(x: NDArray[np.floating], y: NDArray[np.floating], *, octaves: int = 4, seed: int = 1) -> NDArray[np.float32]:
    """Value noise float32 (N,) in [0, 1]."""
    return np.asarray(
        value_noise(np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64), octaves, seed)
    )


def surface_of(stuff, base, points, normals):
    """Albedo (N, 3) linear and bent normals (N, 3) for pixels of material `stuff` (N,), colour `base` (N, 3)."""
    albedo, bent = base.astype(np.float64).copy(), normals.copy()
    wide = np.abs(normals[:, 2]) > 0.7
    along = np.where(np.abs(normals[:, 0]) > np.abs(normals[:, 1]), points[:, 1], points[:, 0])
    u = np.where(wide, points[:, 0], along)
    v = np.where(wide, points[:, 1], points[:, 2])
    for kind in np.unique(stuff):
        m = stuff == kind
        paint = PAINTERS.get(Stuff(int(kind)))
        if paint:
            albedo[m], bent[m] = paint(u[m], v[m], albedo[m], bent[m])
    return np.clip(albedo, 0.003, 0.92), bent


def _grain(u, v, amount, seed, period=0.03):
    return (1 + amount * (noise(u / period, v / period, octaves=3, seed=seed) - 0.5) * 2)[:, None]


def _asphalt(u, v, albedo, normal):
    patches = noise(u / 3.1, v / 3.1, octaves=5, seed=3)
    stain = np.clip(noise(u / 1.3, v / 1.3, octaves=4, seed=9) - 0.62, 0, 1) * 3.0
    crack = (np.abs(noise(u / 2.2, v / 2.2, octaves=4, seed=21) - 0.5) < 0.003) & (patches > 0.52)
    shade = (0.75 + 0.55 * patches) * (1 - 0.5 * np.clip(stain, 0, 1)) * np.where(crack, 0.6, 1.0)
    return albedo * shade[:, None] * _grain(u, v, 0.35, 5), normal


def _concrete(u, v, albedo, normal):
    joint = (np.abs((u + 1.5) % 3.0 - 1.5) < 0.018) | (np.abs((v + 1.5) % 3.0 - 1.5) < 0.018)
    slab = noise(np.floor((u + 1.5) / 3.0) * 7.3, np.floor((v + 1.5) / 3.0) * 5.1, octaves=1, seed=2)
    dirt = noise(u / 1.7, v / 1.7, octaves=5, seed=13)
    shade = (0.85 + 0.2 * slab) * (0.72 + 0.5 * dirt) * np.where(joint, 0.5, 1.0)
    return albedo * shade[:, None] * _grain(u, v, 0.15, 6), normal


def _floor(u, v, albedo, normal):
    joint = (np.abs((u + 2) % 4.0 - 2) < 0.012) | (np.abs((v + 2) % 4.0 - 2) < 0.012)
    scuff = noise(u / 0.9, v / 2.3, octaves=5, seed=33)
    return albedo * ((0.75 + 0.45 * scuff) * np.where(joint, 0.65, 1.0))[:, None] * _grain(u, v, 0.08, 7), normal


def _ribs(period, depth):
    """Sheet metal folded along the wall: the normal swings, dirt gathers low."""

    def painter(u, v, albedo, normal):
        upright = np.abs(normal[:, 2]) < 0.7
        fold = np.clip(np.sin(2 * np.pi * u / period) * 2.5, -1, 1) * depth * upright
        side = np.column_stack((-normal[:, 1], normal[:, 0], np.zeros(len(u))))
        bent = normal + side * fold[:, None]
        bent /= np.linalg.norm(bent, axis=1, keepdims=True)
        dirt = noise(u / 0.8, v / 2.5, octaves=5, seed=17)
        rust = np.clip(noise(u / 0.6, v / 1.2, octaves=5, seed=41) - 0.66, 0, 1)[:, None] * 4
        out = albedo * (0.78 + 0.4 * dirt)[:, None]
        out = out * (1 - np.clip(rust, 0, 0.6)) + linear((96, 60, 40)) * np.clip(rust, 0, 0.6)
        return out * _grain(u, v, 0.06, 8), bent

    return painter


def _brick(u, v, albedo, normal):
    row = np.floor(v / 0.075)
    column = np.floor((u + 0.11 * (row % 2)) / 0.22)
    mortar = (v % 0.075 < 0.011) | ((u + 0.11 * (row % 2)) % 0.22 < 0.012)
    tone = noise(column * 3.7, row * 2.9, octaves=1, seed=4)
    dirt = noise(u / 2, v / 2, octaves=4, seed=14)
    out = albedo * ((0.7 + 0.55 * tone) * (0.8 + 0.3 * dirt))[:, None]
    out[mortar] = linear((150, 145, 138)) * 0.8
    return out, normal


def _paint(u, v, albedo, normal):
    worn = np.clip((noise(u / 0.25, v / 0.25, octaves=4, seed=19) - 0.52) * 5, 0, 0.75)[:, None]
    return (albedo * (1 - worn) + 0.09 * worn) * _grain(u, v, 0.15, 9), normal


def _grass(u, v, albedo, normal):
    blades = noise(u / 0.06, v / 0.06, octaves=3, seed=23)
    patch = noise(u / 1.9, v / 1.9, octaves=4, seed=27)[:, None]
    straw = np.clip((patch - 0.5) * 2.6, 0, 1)
    tint = albedo * (1 - straw) + linear((128, 120, 78)) * straw
    return tint * (0.55 + 0.9 * blades)[:, None], normal


def _wood(u, v, albedo, normal):
    gap = ((u % 0.2) < 0.05) & (np.abs(normal[:, 2]) > 0.7)
    grain = noise(u / 0.02, v / 0.6, octaves=3, seed=29)
    return albedo * ((0.7 + 0.6 * grain) * np.where(gap, 0.25, 1.0))[:, None], normal


def _card(u, v, albedo, normal):
    edge = (u % 0.5 < 0.012) | (v % 0.4 < 0.012)
    return albedo * np.where(edge, 0.55, 1.0)[:, None] * _grain(u, v, 0.12, 31, 0.2), normal


def _plaster(u, v, albedo, normal):
    dirt = noise(u / 1.4, v / 1.4, octaves=5, seed=37)
    low = 0.75 + 0.25 * np.clip(v / 0.6, 0, 1)
    return albedo * ((0.85 + 0.25 * dirt) * low)[:, None], normal


PAINTERS = {
    Stuff.ASPHALT: _asphalt, Stuff.CONCRETE: _concrete, Stuff.CLADDING: _ribs(0.25, 0.35),
    Stuff.CONTAINER: _ribs(0.28, 0.8),
    Stuff.BRICK: _brick, Stuff.PAINT: _paint, Stuff.GRASS: _grass, Stuff.WOOD: _wood, Stuff.FLOOR: _floor,
    Stuff.CARD: _card, Stuff.PLASTER: _plaster,
}  # fmt: skip

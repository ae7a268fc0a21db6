"""The still part of a picture: drawn once per clip, kept as one layer for each kind of light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .light import StaticLight
from .materials import noise, surface_of
from .raster import FAR, blank, draw
from .solids import Built, Stuff

OVERSAMPLE = 3


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """`depth` float32 (3H, 3W); layers at picture size: `sun`, `sky` (H, W, 3) and `lamps` (L, H, W, 3) linear light
    sent to the camera, `glow` (H, W, 3) what shines itself; `albedo` (H, W, 3) its colour; `point`, `normal` (H, W, 3)
    of each pixel's middle."""

    depth: NDArray[np.float32]
    sun: NDArray[np.float32]
    sky: NDArray[np.float32]
    lamps: NDArray[np.float32]
    glow: NDArray[np.float32]
    albedo: NDArray[np.float32]
    point: NDArray[np.float64]
    normal: NDArray[np.float64]


def draw_backdrop(camera: Camera, built: Built, light: StaticLight) -> Backdrop:
    """Draw the site as `camera` sees it, lit by each light apart."""
    height, width = camera.height * OVERSAMPLE, camera.width * OVERSAMPLE
    depth, index, weights = blank(height, width)
    q = camera.project(built.points, scale=OVERSAMPLE)
    draw(q, built.triangles, built.cut, built.uv, depth, index, weights, True)
    position = camera.positions(np.minimum(depth, 500), scale=OVERSAMPLE)
    seen = index.ravel() >= 0
    face = index.ravel()[seen]
    point = position.reshape(-1, 3)[seen]
    normal = built.normal[face].copy()
    normal[((np.array(camera.eye) - point) * normal).sum(1) < 0] *= -1
    albedo, bent = surface_of(built.stuff[face], built.colour[face], point, normal)
    terms = light.terms(point, bent)
    w = light.weather
    gloss = np.zeros(len(point))
    if w.wet:
        flat = (normal[:, 2] > 0.7) & (built.stuff[face] != Stuff.GRASS)
        puddle = _puddles(point[flat])
        albedo[flat] *= (1 - w.wet * (0.40 + 0.35 * puddle))[:, None]
        gloss[flat] = w.wet * (0.22 + 0.78 * puddle) * _mirrored(np.array(camera.eye) - point[flat]) * terms.sky[flat]

    def layer(values: NDArray[np.float64]) -> NDArray[np.float32]:
        full = np.zeros((height * width, values.shape[1]), np.float32)
        full[seen] = values
        return full.reshape(camera.height, OVERSAMPLE, camera.width, OVERSAMPLE, -1).mean((1, 3))

    shining = built.stuff[face] == Stuff.GLOW
    albedo[shining] = 0
    colour_layer = layer(albedo)
    sky_layer = layer((albedo * terms.sky[:, None] + gloss[:, None]) * w.sky)
    air = ~seen.reshape(height, width)
    if air.any():
        share = air.reshape(camera.height, OVERSAMPLE, camera.width, OVERSAMPLE).mean((1, 3))
        sky_layer = sky_layer + share[..., None].astype(np.float32) * np.array(w.sky, np.float32) * 0.9
    each = (slice(OVERSAMPLE // 2, None, OVERSAMPLE),) * 2
    whole_normal = np.zeros((height * width, 3))
    whole_normal[seen] = normal
    return Backdrop(
        depth=depth, sun=layer(albedo * terms.sun[:, None] * w.sun), sky=sky_layer,
        lamps=np.stack([layer(albedo * terms.lamps[:, k, None] * lamp.power) for k, lamp in enumerate(w.lamps)])
        if w.lamps else np.zeros((0, camera.height, camera.width, 3), np.float32),
        albedo=colour_layer, glow=layer(shining[:, None] * np.array([[1.6, 1.55, 1.4]]) * float(np.mean(w.sky) > 0.1)),
        point=np.where(depth[each][..., None] < FAR, position[each], 1e6),
        normal=whole_normal.reshape(height, width, 3)[each],
    )  # fmt: skip


def _puddles(point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of standing water at ground points, 0 to 1: it gathers where the asphalt is low."""
    low = noise(point[:, 0] / 2.4, point[:, 1] / 2.4, octaves=5, seed=61)
    return np.asarray(np.clip((low - 0.50) * 9, 0, 1), np.float64)


def _mirrored(towards: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of light that level water sends to the eye (Schlick, 1994), from vectors to the eye."""
    cosine = np.abs(towards[:, 2]) / np.linalg.norm(towards, axis=1)
    return np.asarray(0.02 + 0.98 * (1 - cosine) ** 5)

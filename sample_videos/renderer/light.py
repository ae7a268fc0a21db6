"""Sun, sky and lamps, with shadows by depth maps (Williams 1978). A sky is a few dozen dim suns: soft light free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .conditions import Lamp, Weather
from .raster import FAR, blank, draw, lit_share
from .solids import Built


def sky_directions(count: int) -> NDArray[np.float64]:
    """Directions towards the upper half, cosine-weighted, on a golden-angle spiral: float64 (count, 3)."""
    i = np.arange(count) + 0.5
    z = np.sqrt(1 - i / count * 0.985)
    angle = np.pi * (3 - np.sqrt(5)) * i
    r = np.sqrt(1 - z**2)
    return np.column_stack((r * np.cos(angle), r * np.sin(angle), z))


def ortho_frame(
    towards: NDArray[np.float64], centre: NDArray[np.float64], radius: float, size: int
) -> NDArray[np.float64]:
    """Rows u, v, w of a parallel light's map, each axis (3), offset, texels per metre: see `raster.lit_share`."""
    w = -towards / np.linalg.norm(towards)
    helper = np.array([0.0, 0, 1]) if abs(w[2]) < 0.9 else np.array([1.0, 0, 0])
    u = np.cross(helper, w)
    u /= np.linalg.norm(u)
    v = np.cross(w, u)
    scale = size / (2 * radius)
    return np.array([[*u, radius - u @ centre, scale], [*v, radius - v @ centre, scale], [*w, 0, 1]])


def depth_map(
    points: NDArray[np.float64], triangles: NDArray[np.int32], frame: NDArray[np.float64], size: int, cut=None, uv=None
):
    """Nearest distance along a light, float32 (size, size)."""
    q = np.empty_like(points)
    q[:, 0] = (points @ frame[0, :3] + frame[0, 3]) * frame[0, 4]
    q[:, 1] = (points @ frame[1, :3] + frame[1, 3]) * frame[1, 4]
    q[:, 2] = points @ frame[2, :3]
    depth, index, weights = blank(size, size)
    cut = np.zeros(len(triangles), np.uint8) if cut is None else cut
    uv = np.zeros((len(points), 2)) if uv is None else uv
    draw(q, triangles, cut, uv, depth, index, weights, False)
    return depth


@dataclass(frozen=True, slots=True, eq=False)
class StaticLight:
    """Shadow maps of everything that does not move, for one camera's surroundings."""

    weather: Weather
    sun: NDArray[np.float64]
    sun_map: NDArray[np.float32]
    sun_frame: NDArray[np.float64]
    sky: NDArray[np.float64]
    sky_maps: NDArray[np.float32]
    sky_frames: NDArray[np.float64]
    lamp_maps: NDArray[np.float32]
    lamp_frames: NDArray[np.float64]
    few: NDArray[np.float64]
    few_maps: NDArray[np.float32]
    few_frames: NDArray[np.float64]

    @classmethod
    def prepare(cls, built: Built, weather: Weather, centre: NDArray[np.float64], radius: float = 26.0) -> StaticLight:
        """Draw the maps: one fine one for the sun, 40 coarse ones for the sky, one below each lamp."""
        triangles = built.triangles[built.shades]
        cut = built.cut[built.shades]

        def draw_map(towards, size, reach):
            frame = ortho_frame(towards, centre, reach, size)
            return depth_map(built.points, triangles, frame, size, cut, built.uv), frame

        sun = np.array(weather.sun_from) / np.linalg.norm(weather.sun_from)
        sun_map, sun_frame = draw_map(sun, 3072, radius)
        sky = sky_directions(40)
        maps, frames = zip(*(draw_map(d, 640, radius) for d in sky), strict=True)
        few = sky_directions(FEW)
        few_maps, few_frames = zip(*(draw_map(d, 640, radius) for d in few), strict=True)
        lamps = [_lamp_map(built.points, triangles, lamp, cut, built.uv) for lamp in weather.lamps]
        lamp_maps = np.array([m for m, _ in lamps], np.float32).reshape(-1, LAMP_TEXELS, LAMP_TEXELS)
        lamp_frames = np.array([f for _, f in lamps]).reshape(-1, 4)
        return cls(
            weather, sun, sun_map[None], sun_frame[None], sky, np.array(maps), np.array(frames),
            lamp_maps, lamp_frames, few, np.array(few_maps), np.array(few_frames),
        )  # fmt: skip

    def terms(self, points: NDArray[np.float64], normals: NDArray[np.float64]) -> Terms:
        """Irradiance at points (N, 3) before albedo, one term for each kind of light."""
        w = self.weather
        facing = np.maximum(normals @ self.sun, 0)
        sun = (
            np.zeros(len(points))
            if not any(w.sun)
            else lit_share(points, normals, self.sun_map, self.sun_frame, 0.03, 1)[:, 0]
        )
        # Spread over the texels of the coarse maps, so that their grid does not show on walls.
        spread = np.random.default_rng(len(points)).normal(0, 0.05, points.shape)
        share = lit_share(points + spread, normals, self.sky_maps, self.sky_frames, 0.09, 0)
        cosine = np.maximum(normals @ self.sky.T, 0) / np.maximum(self.sky[:, 2], 0.15)
        sky = (share * cosine).mean(1)
        up = 0.5 - 0.5 * normals[:, 2]
        below = w.bounce * up * (0.3 + 0.7 * share.mean(1))
        lamps = (
            np.stack([self.lamp(k, points, normals) for k in range(len(w.lamps))], 1)
            if w.lamps
            else np.zeros((len(points), 0))
        )
        return Terms(facing * sun, sky + below, lamps)

    def lamp(self, k: int, points: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
        lamp = self.weather.lamps[k]
        away = points - lamp.at
        distance = np.linalg.norm(away, axis=1)
        direction = away / distance[:, None]
        facing = np.maximum(-(direction * normals).sum(1) * 0.85 + 0.15, 0)
        cone = np.clip((-direction[:, 2] - lamp.spread) / 0.35, 0, 1)
        shadow = _lamp_share(points + normals * 0.06, self.lamp_maps[k], self.lamp_frames[k])
        return facing * cone * shadow / (distance**2 + 0.5)


FEW = 10
"""Sky directions used for what moves; the still site takes more."""
LAMP_TEXELS = 768
LAMP_TAN = 3.2


def _lamp_map(points, triangles, lamp: Lamp, cut, uv):
    """What a lamp sees looking straight down, and (x, y, z, texels per tangent)."""
    local = points - lamp.at
    z = -local[:, 2]
    scale = LAMP_TEXELS / (2 * LAMP_TAN)
    safe = np.where(np.abs(z) < 1e-6, 1e-6, z)
    q = np.column_stack((local[:, 0] / safe * scale + LAMP_TEXELS / 2, local[:, 1] / safe * scale + LAMP_TEXELS / 2, z))
    depth, index, weights = blank(LAMP_TEXELS, LAMP_TEXELS)
    draw(q, triangles, cut, uv, depth, index, weights, True)
    return depth, np.array([*lamp.at, scale])


def _lamp_share(points, depth, frame):
    z = np.maximum(frame[2] - points[:, 2], 0.05)
    total = np.zeros(len(points))
    for du, dv in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        u = np.floor((points[:, 0] - frame[0]) / z * frame[3] + LAMP_TEXELS / 2).astype(int) + du
        v = np.floor((points[:, 1] - frame[1]) / z * frame[3] + LAMP_TEXELS / 2).astype(int) + dv
        outside = (u < 0) | (v < 0) | (u >= LAMP_TEXELS) | (v >= LAMP_TEXELS)
        near = depth[np.clip(v, 0, LAMP_TEXELS - 1), np.clip(u, 0, LAMP_TEXELS - 1)]
        total += outside | (near >= FAR) | (z <= near + 0.12)
    return total / 5


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Light at points before colour: `sun` (N,), `sky` (N,), `lamps` (N, L), each a share or 1/m^2."""

    sun: NDArray[np.float64]
    sky: NDArray[np.float64]
    lamps: NDArray[np.float64]

    def colour(self, weather: Weather) -> NDArray[np.float64]:
        """Irradiance, linear RGB (N, 3)."""
        out = self.sun[:, None] * np.array(weather.sun) + self.sky[:, None] * np.array(weather.sky)
        for k, lamp in enumerate(weather.lamps):
            out = out + self.lamps[:, k, None] * np.array(lamp.power)
        return out

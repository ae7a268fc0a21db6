"""One clip, frame by frame: what moves is drawn over the still backdrop, with its shadows, weather and sensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .actors import Person, Shape
from .backdrop import OVERSAMPLE, Backdrop, draw_backdrop
from .camera import Camera
from .depot import CAMERAS, TREES, depot
from .light import StaticLight, depth_map, ortho_frame
from .raster import FAR, blank, blend, draw, lit_share
from .scene import Scene
from .solids import Stuff, tree
from .weather import Sensor, sway, with_rain

SELF_TEXELS = 40
SUN_TEXELS = 176
REACH_M = 1.9
FAINT = 0.05
"""Share of the light at a body below which a lamp is not worth a shadow of its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Exact truth of one person in one frame: full-body box `tlwh` px (also where hidden or outside), share of it that
    is visible, `foot` (the ground point below the hips) in px."""

    person: int
    tlwh: tuple[float, float, float, float]
    visibility: float
    foot: tuple[float, float]
    xy_m: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One frame before encoding: `rgb` uint8 (H, W, 3) and everybody in it."""

    rgb: NDArray[np.uint8]
    seen: tuple[Seen, ...]


@dataclass(slots=True, eq=False)
class _Canvas:
    """The picture being drawn, at OVERSAMPLE times its size."""

    depth: NDArray[np.float32]
    owner: NDArray[np.int16]
    colour: NDArray[np.float32]
    boxes: list[tuple[int, int, int, int]]


class Film:
    """Everything that a clip needs, prepared once; `frame(i)` draws any frame on its own."""

    def __init__(self, scene: Scene, camera: Camera | None = None) -> None:
        self.scene = scene
        self.camera: Camera = camera or CAMERAS[scene.camera]
        moved = [fault for fault in scene.faults if fault.look_at is not None] if camera is None else []
        self._moved = [(f.begin_s, f.end_s, Film(scene, replace(self.camera, look_at=f.look_at))) for f in moved]
        site = depot()
        for solid in scene.extra:
            solid(site)
        built = site.done()
        self.trees = [tree(seed, (x, y), height) for seed, x, y, height in TREES] if scene.trees else []
        for points, triangles, _ in self.trees:
            site.add(points, triangles, Stuff.LEAF, (70, 90, 50))
        centre = np.array([*self.camera.look_at[:2], 0.0])
        self.light = StaticLight.prepare(site.done(), scene.weather, centre)
        self.backdrop: Backdrop = draw_backdrop(self.camera, built, self.light)
        shape = self.backdrop.depth.shape
        self._canvas = _Canvas(
            self.backdrop.depth.copy(), np.full(shape, -1, np.int16), np.zeros((*shape, 3), np.float32), []
        )
        self._tree_light = [self._leaf_light(points, colour) for points, _, colour in self.trees]
        self.sensor = Sensor(scene.weather, self.camera.width, self.camera.height)

    def frames(self) -> Iterator[Drawn]:
        for i in range(self.scene.frames):
            yield self.frame(i)

    def frame(self, i: int) -> Drawn:
        """Frame `i`, 0-based; the same picture whenever and in whatever order it is asked for."""
        t = i / self.scene.fps
        for begin_s, end_s, film in self._moved:
            if begin_s <= t < end_s:
                return film.frame(i)
        for fault in self.scene.faults:
            if fault.kind == "frozen" and fault.begin_s < t < fault.end_s:
                return self._frozen(i, fault.begin_s)
        drawn = self._drawn(i, t)
        for fault in self.scene.faults:
            if fault.kind == "covered" and fault.begin_s <= t < fault.end_s:
                cloth = self.sensor.covered(drawn.rgb, t - fault.begin_s, fault.end_s - t, self.scene.seed, i)
                return Drawn(cloth, tuple(replace(seen, visibility=0.0) for seen in drawn.seen))
        return drawn

    def _frozen(self, i: int, begin_s: float) -> Drawn:
        """The picture of `begin_s`, while people go on unseen."""
        held = self.frame(int(np.floor(begin_s * self.scene.fps)))
        seen = self._drawn(i, i / self.scene.fps).seen
        return Drawn(held.rgb, tuple(replace(one, visibility=0.0) for one in seen))

    def _drawn(self, i: int, t: float) -> Drawn:
        shapes = [(k, shape) for k, person in enumerate(self.scene.people) if (shape := person.shape(t)) is not None]
        others = [
            (1000 + j, shape) for j, thing in enumerate(self.scene.things) if (shape := thing.shape(t)) is not None
        ]
        canvas = self._clean_canvas()
        sun, sky = (np.ones(self.backdrop.point.shape[:2], np.float32) for _ in range(2))
        lamps = np.ones((len(self.scene.weather.lamps), *sun.shape), np.float32)
        whole: dict[int, tuple[NDArray[np.float64], int]] = {}
        for k, shape in [*shapes, *others]:
            shines = getattr(self.scene.things[k - 1000], "glow", False) if k >= 1000 else False
            irradiance = np.full((1, 3), 1.3) if shines else self._light_and_shade(shape, sun, sky, lamps)
            q = self.camera.project(shape.points, scale=OVERSAMPLE)
            if (q[:, 2] < 0.5).any():
                continue
            whole[k] = (q, self._paint(canvas, k, q, shape.triangles, shape.colour * irradiance))
        for j, ((points, triangles, _), colour) in enumerate(zip(self.trees, self._tree_light, strict=True)):
            moved = sway(points, TREES[j][3], t, self.scene.weather.wind, TREES[j][0])
            self._paint(canvas, 2000 + j, self.camera.project(moved, scale=OVERSAMPLE), triangles, colour)
        radiance = self._compose(canvas, sun, sky, lamps, self._beams(t))
        if self.scene.weather.rain:
            radiance = with_rain(radiance, self.scene.weather.rain, self.scene.seed, i)
        seen = tuple(self._truth(k, *whole[k], canvas, t) for k, _ in shapes if k in whole)
        return Drawn(self.sensor.expose(radiance * self._flicker(t), self.scene.seed, i), seen)

    def _clean_canvas(self) -> _Canvas:
        """The one canvas, wiped where the last frame was drawn: allocating 35 MB a frame costs more than drawing."""
        canvas = self._canvas
        for a, b, c, d in canvas.boxes:
            part = (slice(b, d), slice(a, c))
            canvas.depth[part] = self.backdrop.depth[part]
            canvas.owner[part] = -1
            canvas.colour[part] = 0
        canvas.boxes.clear()
        return canvas

    def _flicker(self, t: float) -> float:
        return 1.0 + 0.004 * np.sin(2 * np.pi * 0.21 * t)

    def _leaf_light(self, points: NDArray[np.float64], colour: NDArray[np.float64]) -> NDArray[np.float64]:
        up = np.tile((0.0, 0.0, 1.0), (len(points), 1))
        return np.asarray(colour * self.light.terms(points, up).colour(self.scene.weather))

    def _light_and_shade(self, shape: Shape, sun, sky, lamps) -> NDArray[np.float64]:
        """Light that falls on a shape's corners (V, 3); takes away from the layers what it keeps from the ground."""
        weather, light = self.scene.weather, self.light
        low, high = shape.points.min(0), shape.points.max(0)
        centre, radius = (low + high) / 2, float(np.linalg.norm(high - low) / 2 + 0.05)
        body = np.column_stack((np.full(4, centre[0]), np.full(4, centre[1]), np.linspace(low[2] + 0.2, high[2], 4)))
        open_ = lit_share(body, np.zeros((4, 3)), light.few_maps, light.few_frames, 0.05, 0).mean(0)
        maps, frames = [], []
        for d in light.few:
            frame = ortho_frame(d, centre, radius, SELF_TEXELS)
            maps.append(depth_map(shape.points, shape.triangles, frame, SELF_TEXELS))
            frames.append(frame)
        maps_, frames_ = np.array(maps), np.array(frames)
        own = lit_share(shape.points, shape.normals, maps_, frames_, 0.03, 0)
        cosine = np.maximum(shape.normals @ light.few.T, 0) / np.maximum(light.few[:, 2], 0.2)
        ambient = (own * open_ * cosine).mean(1)
        ambient += weather.bounce * (0.5 - 0.5 * shape.normals[:, 2]) * open_.mean() * (0.35 + 0.65 * own.mean(1))
        total = ambient[:, None] * np.array(weather.sky)
        self._shade_sky(sky, centre, low[2], maps_, frames_)
        if any(weather.sun):
            static = lit_share(shape.points, shape.normals, light.sun_map, light.sun_frame, 0.03, 1)[:, 0]
            share = self._cast(shape, light.sun, centre, radius, sun)
            facing = np.maximum(shape.normals @ light.sun, 0)
            total = total + (static * share * facing)[:, None] * np.array(weather.sun)
        middle = light.terms(centre[None], np.array([[0.0, 0.0, 1.0]])).lamps[0]
        bright = [float(m * max(lamp.power)) for m, lamp in zip(middle, weather.lamps, strict=True)]
        for k, lamp in enumerate(weather.lamps):
            direct = light.lamp(k, shape.points, shape.normals)
            if bright[k] > FAINT * (sum(bright) + max(weather.sky)):
                towards = np.array(lamp.at) - centre
                direct = direct * self._cast(shape, towards / np.linalg.norm(towards), centre, radius, lamps[k])
            total = total + direct[:, None] * np.array(lamp.power)
        return np.asarray(total)

    def _cast(self, shape: Shape, towards, centre, radius, layer) -> NDArray[np.float64]:
        """Shadow of a shape along one light onto `layer`; returns the shape's own lit share (V,)."""
        frame = ortho_frame(towards, centre, radius, SUN_TEXELS)
        map_ = depth_map(shape.points, shape.triangles, frame, SUN_TEXELS)[None]
        low, high = shape.points.min(0), shape.points.max(0)
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (0.0, high[2])])
        fall = corners - towards * (corners[:, 2:] / max(towards[2], 0.12))
        self._darken(layer, np.concatenate((corners, fall)), map_, frame[None], None)
        return np.asarray(lit_share(shape.points, shape.normals, map_, frame[None], 0.025, 1)[:, 0], np.float64)

    def _shade_sky(self, sky, centre, floor: float, maps, frames) -> None:
        reach = (-REACH_M, REACH_M)
        around = np.array([[centre[0] + x, centre[1] + y, floor] for x in reach for y in reach])
        top = np.array([[*centre[:2], 2.0]])
        self._darken(sky, np.concatenate((around, top)), maps, frames, np.array([*centre[:2], floor]))

    def _darken(self, layer, corners, maps, frames, fade) -> None:
        """Multiply `layer` by the share of light that passes, within the picture's rectangle around `corners`."""
        q = self.camera.project(corners)
        q = q[q[:, 2] > 0.3]
        if not len(q):
            return
        x0, y0 = np.maximum(np.floor(q[:, :2].min(0)).astype(int) - 2, 0)
        x1, y1 = np.minimum(np.ceil(q[:, :2].max(0)).astype(int) + 2, (self.camera.width, self.camera.height))
        if x0 >= x1 or y0 >= y1:
            return
        points = self.backdrop.point[y0:y1, x0:x1].reshape(-1, 3)
        normals = self.backdrop.normal[y0:y1, x0:x1].reshape(-1, 3)
        share = lit_share(points, normals, maps, frames, 0.015, 1 if fade is None else 0)
        if fade is not None:
            near = np.clip(1 - np.linalg.norm(points - fade, axis=1) / REACH_M, 0, 1)
            facing = np.maximum(normals @ self.light.few.T, 0) > 0.05
            passed = 1 - ((1 - share) * facing).mean(1) * np.minimum(near * 1.8, 1)
        else:
            passed = share[:, 0]
        layer[y0:y1, x0:x1] *= passed.reshape(y1 - y0, x1 - x0)

    def _paint(self, canvas: _Canvas, owner: int, q, triangles, colour) -> int:
        """Draw one shape; returns how many pixels it would fill if nothing hid it."""
        height, width = canvas.depth.shape
        x0, y0 = np.floor(q[:, :2].min(0)).astype(int) - 1
        x1, y1 = np.ceil(q[:, :2].max(0)).astype(int) + 1
        if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height or x1 - x0 > 2 * width or y1 - y0 > 2 * height:
            return 0
        depth, index, weights = blank(y1 - y0, x1 - x0)
        moved = q - (x0, y0, 0)
        draw(moved, triangles, np.zeros(len(triangles), np.uint8), np.zeros((len(q), 2)), depth, index, weights, True)
        picture = np.zeros((*depth.shape, 3), np.float32)
        blend(depth, index, weights, colour[triangles].astype(np.float32), picture)
        a, b, c, d = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        part = (slice(b - y0, d - y0), slice(a - x0, c - x0))
        target = (slice(b, d), slice(a, c))
        nearer = depth[part] < canvas.depth[target]
        canvas.depth[target][nearer] = depth[part][nearer]
        canvas.owner[target][nearer] = owner
        canvas.colour[target][nearer] = picture[part][nearer]
        canvas.boxes.append((a, b, c, d))
        return int((depth < FAR).sum())

    def _beams(self, t: float) -> NDArray[np.float64] | float:
        """What moving lights add to the still site, linear RGB (H, W, 3)."""
        total: NDArray[np.float64] | float = 0.0
        for beam in self.scene.beams:
            if not beam.begin_s <= t < beam.end_s:
                continue
            u = (t - beam.begin_s) / (beam.end_s - beam.begin_s)
            at, aim = (np.array(x[0]) * (1 - u) + np.array(x[1]) * u for x in (beam.at, beam.aim))
            away = self.backdrop.point - at
            distance = np.linalg.norm(away, axis=2)
            away = away / distance[..., None]
            axis = (aim - at) / np.linalg.norm(aim - at)
            cone = np.clip((away @ axis - beam.cosine) / (1 - beam.cosine), 0, 1) ** 1.5
            facing = np.abs((away * self.backdrop.normal).sum(2))
            fade = np.clip(min(t - beam.begin_s, beam.end_s - t) / beam.fade_s, 0, 1)
            strength = cone * facing / (distance**2 + 1.0) * fade
            total = total + strength[..., None] * np.array(beam.power) * self.backdrop.albedo
        return total

    def _compose(self, canvas: _Canvas, sun, sky, lamps, extra) -> NDArray[np.float32]:
        back = self.backdrop
        out = back.glow + back.sky * sky[..., None] + extra
        if any(self.scene.weather.sun):
            out += back.sun * sun[..., None]
        for k in range(len(lamps)):
            out += back.lamps[k] * lamps[k][..., None]
        out = np.asarray(out, np.float32)
        done = np.zeros(out.shape[:2], bool)
        n = OVERSAMPLE
        for a, b, c, d in canvas.boxes:
            x0, y0, x1, y1 = a // n, b // n, -(-c // n), -(-d // n)
            big = (slice(y0 * n, y1 * n), slice(x0 * n, x1 * n))
            mine = canvas.owner[big] >= 0
            shape = (y1 - y0, n, x1 - x0, n)
            alpha = mine.reshape(shape).mean((1, 3))[..., None]
            colour = (canvas.colour[big] * mine[..., None]).reshape(*shape, 3).mean((1, 3))
            fresh = ~done[y0:y1, x0:x1]
            mixed = out[y0:y1, x0:x1] * (1 - alpha) + colour
            out[y0:y1, x0:x1][fresh] = mixed[fresh]
            done[y0:y1, x0:x1] = True
        return out

    def _truth(self, k: int, q: NDArray[np.float64], pixels: int, canvas: _Canvas, t: float) -> Seen:
        stance = self.scene.people[k].stance(t)
        assert stance is not None
        low, high = q[:, :2].min(0) / OVERSAMPLE, q[:, :2].max(0) / OVERSAMPLE
        foot = self.camera.project(np.array([[*stance.xy, 0.0]]))[0]
        visible = int((canvas.owner == k).sum()) if pixels else 0
        return Seen(
            k, (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
            visible / pixels if pixels else 0.0, (float(foot[0]), float(foot[1])),
            (float(stance.xy[0]), float(stance.xy[1])),
        )  # fmt: skip


def preview(film: Film, indices: tuple[int, ...]) -> NDArray[np.uint8]:
    """Frames side by side, two a row: for looking at."""
    pictures = [film.frame(i).rgb for i in indices]
    rows = [np.hstack(pictures[j : j + 2]) for j in range(0, len(pictures) - 1, 2)]
    return np.asarray(cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR), np.uint8)


__all__ = ["Drawn", "Film", "Person", "Seen", "preview"]

"""A drawn scene to test movement with: a textured yard, people of three parts, shadows, lamps, a tree. Seeded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import Frame
from tests.detect.pictures import frame

WIDTH, HEIGHT = 400, 300
Canvas = NDArray[np.float32]


@dataclass(frozen=True)
class Person:
    """`path(t)` gives the foot's x, y in px, or None while away; height grows with y as under a real camera."""

    path: Callable[[float], tuple[float, float] | None]
    clothes: tuple[int, int, int] = (120, 60, 40)
    shadow: bool = True

    def box(self, t: float) -> NDArray[np.float32] | None:
        where = self.path(t)
        if where is None:
            return None
        x, y = where
        tall = height_at(y)
        return np.asarray((x - 0.16 * tall, y - tall, x + 0.16 * tall, y), np.float32)

    def draw(self, canvas: Canvas, t: float) -> None:
        where = self.path(t)
        if where is None:
            return
        x, y = where
        tall = height_at(y)
        stride = 0.1 * tall * np.sin(9.0 * t)
        if self.shadow:
            darken(canvas, [(x, y), (x + 0.9 * tall, y - 0.12 * tall), (x + 0.9 * tall, y + 0.04 * tall)], 0.6)
        dark = tuple(channel * 0.45 for channel in self.clothes)
        for side in (stride, -stride):
            leg = np.asarray([(x, y - 0.5 * tall), (x + side, y - 1)], np.int32)
            cv2.line(canvas, leg[0].tolist(), leg[1].tolist(), dark, max(2, int(0.1 * tall)))
        torso = ((x - 0.15 * tall, y - 0.85 * tall), (x + 0.15 * tall, y - 0.45 * tall))
        cv2.rectangle(canvas, *[tuple(int(v) for v in corner) for corner in torso], self.clothes, -1)
        cv2.circle(canvas, (int(x), int(y - 0.92 * tall)), max(2, int(0.08 * tall)), (110, 140, 190), -1)


@dataclass(frozen=True)
class Stage:
    """Everybody and everything in a scene; `light(t)` multiplies the whole picture, `extra(canvas, t)` adds to it."""

    people: tuple[Person, ...] = ()
    light: Callable[[float], float] = lambda t: 1.0
    extra: Callable[[Canvas, float], None] = lambda canvas, t: None
    noise: float = 2.5
    seed: int = 7
    yard: Canvas = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "yard", _yard(self.seed))

    def frames(self, *, seconds: float, fps: float, start: float = 0.0, run_id: int = 1) -> Iterator[Frame]:
        random = np.random.default_rng(self.seed + 1)
        grain = [random.normal(0, self.noise, self.yard.shape).astype(np.float32) for _ in range(5)]
        for index in range(round(start * fps), round((start + seconds) * fps)):
            t = index / fps
            canvas = self.yard.copy()
            self.extra(canvas, t)
            for person in sorted(self.people, key=lambda each: (each.path(t) or (0, 0))[1]):
                person.draw(canvas, t)
            lit = canvas * np.float32(self.light(t)) + np.roll(grain[index % 5], 7 * index, axis=1)
            shown = frame(np.clip(lit, 0, 255).astype(np.uint8), pts=t, seq=index)
            yield Frame(camera_id="stage", run_id=run_id, seq=index, pts=t, utc=shown.utc, picture=shown.picture)

    def boxes(self, t: float) -> NDArray[np.float32]:
        """Who is where, (N, 4) px, cut to the picture."""
        found = [box for person in self.people if (box := person.box(t)) is not None]
        boxes = np.stack(found) if found else np.zeros((0, 4), np.float32)
        limit = np.asarray((WIDTH, HEIGHT, WIDTH, HEIGHT), np.float32)
        return np.clip(boxes, 0, limit)[(boxes[:, 0] < WIDTH - 1) & (boxes[:, 2] > 1)]


def height_at(y: float) -> float:
    return 0.28 * y + 18.0


def walk(start: tuple[float, float], end: tuple[float, float], *, begin: float, seconds: float, leaves: bool = True):
    """A path from start to end; before it nobody, after it nobody either, or standing at its end."""

    def at(t: float) -> tuple[float, float] | None:
        if t < begin or (leaves and t > begin + seconds):
            return None
        share = min(1.0, (t - begin) / seconds)
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])

    return at


def darken(canvas: Canvas, corners: list[tuple[float, float]], factor: float) -> None:
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.asarray(corners, np.int32)], 1)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.5)[..., None]
    canvas *= 1.0 - soft * (1.0 - factor)


def _yard(seed: int) -> Canvas:
    random = np.random.default_rng(seed)
    grain = cv2.resize(random.normal(0, 14, (HEIGHT // 3, WIDTH // 3, 1)).astype(np.float32), (WIDTH, HEIGHT))
    yard = np.full((HEIGHT, WIDTH, 3), (110, 128, 140), np.float32) + grain[..., None]
    yard[:100] = (150, 150, 146)
    cv2.rectangle(yard, (250, 30), (330, 100), (70, 90, 60), -1)
    for x in range(0, WIDTH, 40):
        cv2.line(yard, (x, 100), (x - 40, HEIGHT), (96, 110, 120), 2)
    return yard

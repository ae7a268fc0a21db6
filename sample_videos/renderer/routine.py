"""A day of ordinary comings and goings as each camera's track log would have it: feet, no pixels.

The same depot, the same ways as in the clips; people differ in pace, lane and hesitation, and a tracker's noise is
added.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .depot import CAMERAS
from .walk import smooth

DAY = "2026-11-17T00:00:00+01:00"
RATE_HZ = 2.5


@dataclass(frozen=True, slots=True)
class Usual:
    """A usual way: points in site metres, walks a day this way and back, lane width (standard deviation, m)."""

    name: str
    via: tuple[tuple[float, float], ...]
    there: int
    back: int
    lane_m: float = 0.35
    pause_s: float = 0.0
    """Mean pause half-way, for those who pause (one in five)."""


USUAL: dict[str, tuple[Usual, ...]] = {
    "corridor": (
        Usual("through", ((35.0, 23.0), (26.0, 23.1), (14.0, 23.5), (3.0, 23.8)), 130, 110, 0.35),
        Usual("racks", ((20.9, 29.5), (20.9, 27.6), (22.5, 24.8), (27.0, 23.4), (35.0, 23.3)), 40, 36, 0.25, 5.0),
        Usual("store", ((35.0, 24.2), (29.5, 25.4), (28.5, 27.4), (28.5, 29.5)), 34, 34, 0.2),
    ),
    "yard": (
        Usual("walkway", ((36, 1.4), (31.0, 4.8), (27.6, 7.2), (24.2, 10.4), (21.2, 13.6), (14.8, 21)), 150, 140, 0.4),
        Usual("staff door", ((36.0, 1.4), (31.0, 4.8), (28.4, 8.6), (27.4, 14.0), (25.2, 17.6)), 45, 45, 0.35),
    ),
    "dock": (
        Usual("apron", ((30.0, 17.0), (24.0, 15.2), (16.0, 15.0), (2.0, 15.0)), 120, 115, 0.45, 8.0),
        Usual("to the yard", ((24.9, 17.4), (23.2, 13.0), (18.0, 10.4), (8.0, 10.2)), 50, 40, 0.4),
    ),
    "fence": (
        Usual("rounds", ((41.0, -13.6), (34.0, -13.4), (24.0, -13.5), (6.0, -13.3)), 60, 60, 0.35),
        Usual("gate", ((31.0, -3.0), (30.0, -7.5), (27.0, -11.6), (18.0, -12.6), (5.0, -12.6)), 85, 80, 0.4),
    ),
}  # fmt: skip


def day_of(camera: Camera, seed: int = 20261117) -> Iterator[dict[str, Any]]:
    """Tracks of a working day seen by one camera, in order of time: `id`, `t` (s since midnight), `xy` (foot, shares of
    the picture), `h` (height, share of the picture's height)."""
    rng = np.random.default_rng((seed, len(camera.camera_id), ord(camera.camera_id[0])))
    walks = []
    for usual in USUAL[camera.camera_id]:
        for way, count in ((usual.via, usual.there), (usual.via[::-1], usual.back)):
            walks += [_walk(rng, camera, usual, way, begin) for begin in _times(rng, count)]
    walks = sorted((w for w in walks if w is not None), key=lambda w: w["t"][0])
    for i, walk in enumerate(walks, 1):
        yield {"id": i, **walk}


def _times(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Seconds since midnight: a peak at the start, at noon and at the end of shifts, within 06:00-20:00."""
    peak = rng.choice((7.8, 12.2, 16.8, 13.0), count, p=(0.25, 0.22, 0.23, 0.3))
    spread = np.where(peak == 13.0, 3.0, 0.6)
    return np.asarray(np.clip(rng.normal(peak, spread), 6.05, 19.9) * 3600)


def _walk(
    rng: np.random.Generator, camera: Camera, usual: Usual, via: tuple[tuple[float, float], ...], begin: float
) -> dict[str, Any] | None:
    way = smooth(np.array(via) + rng.normal(0, 0.12, (len(via), 2)), tight=False)
    step = np.diff(way, axis=0, append=way[-1:] * 2 - way[-2:-1])
    normal = np.column_stack((-step[:, 1], step[:, 0])) / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9)
    way = way + normal * rng.normal(0.15, usual.lane_m)
    arc = np.concatenate(([0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))))
    speed = float(np.clip(rng.normal(1.32, 0.18), 0.8, 2.0))
    t = np.arange(0, arc[-1] / speed, 1 / RATE_HZ)
    pause = rng.exponential(usual.pause_s) if usual.pause_s and rng.random() < 0.2 else 0.0
    if pause:
        half = len(t) // 2
        t = np.concatenate((t[:half], np.full(int(pause * RATE_HZ), t[half]), t[half:]))
    s = t * speed
    xy = np.column_stack([np.interp(s, arc, way[:, i]) for i in range(2)])
    height = rng.normal(1.74, 0.07)
    foot = camera.project(np.column_stack((xy, np.zeros(len(xy)))))
    head = camera.project(np.column_stack((xy, np.full(len(xy), height))))
    noise = np.cumsum(rng.normal(0, 0.5, (len(xy), 2)), axis=0) * 0.15 + rng.normal(0, 0.5, (len(xy), 2))
    x, y = (foot[:, 0] + noise[:, 0]) / camera.width, (foot[:, 1] + noise[:, 1]) / camera.height
    seen = (foot[:, 2] > 1) & (x > 0) & (x < 1) & (y > 0) & (y < 1) & ((foot[:, 1] - head[:, 1]) > 24)
    if seen.sum() < 8:
        return None
    clock = begin + np.arange(len(s)) / RATE_HZ
    tall = (foot[:, 1] - head[:, 1]) / camera.height
    return {
        "t": clock[seen].round(2).tolist(), "xy": np.column_stack((x, y))[seen].round(4).tolist(),
        "h": tall[seen].round(4).tolist(),
    }  # fmt: skip


def write_day(folder: Path) -> dict[str, int]:
    """tracks/CAMERA.jsonl.gz for every camera; how many tracks each holds. Same bytes each time."""
    folder.mkdir(exist_ok=True)
    counts = {}
    for name, camera in CAMERAS.items():
        lines = [json.dumps(track, separators=(",", ":")) for track in day_of(camera)]
        with (folder / f"{name}.jsonl.gz").open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write(("\n".join(lines) + "\n").encode())
        counts[name] = len(lines)
    return counts


def midnight() -> datetime:
    """Wall time of t = 0 of the logs."""
    return datetime.fromisoformat(DAY) + timedelta()

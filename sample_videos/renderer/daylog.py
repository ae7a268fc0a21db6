"""The synthetic day as the track logs that cameras would have kept: what dry runs and replays read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.track.log import TrackLog
from rules.types import PERSON, Tracks

from .depot import CAMERAS
from .routine import RATE_HZ, midnight

QUIET_S = 4.0
"""Frames without anybody are kept only so many seconds apart: a day is laid out in a second."""
STOUT = 0.38
"""Width of a standing person's box over its height."""


def lay_day(folder: Path, samples: Path, view: str) -> int:
    """A view's day as the track log of the camera of that name, in the log folder `folder`; how many frames. A log
    that is there already stays as it is."""
    with TrackLog(folder, view) as log:
        if log.folder.exists():
            return 0
        frames = list(frames_of_day(samples, view))
        for tracks in frames:
            log.append(tracks)
    return len(frames)


def frames_of_day(samples: Path, view: str) -> Iterator[Tracks]:
    """Every frame of the day with somebody on it, RATE_HZ a second, and one in QUIET_S without, in order of time."""
    with gzip.open(samples / "tracks" / f"{view}.jsonl.gz", "rt") as lines:
        walks = [json.loads(line) for line in lines]
    aspect = CAMERAS[view].width / CAMERAS[view].height
    rows = np.array([row for walk in walks for row in _rows(walk, aspect)])
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    ticks, starts = np.unique(rows[:, 0], return_index=True)
    zero = midnight().timestamp()
    before = ticks[0] - 1
    for tick, some in zip(ticks, np.split(rows, starts[1:]), strict=True):
        for quiet in np.arange(before + 1, tick, max(1, round(QUIET_S * RATE_HZ))):
            yield _frame(view, aspect, zero, quiet, rows[:0])
        yield _frame(view, aspect, zero, tick, some)
        before = tick
    for quiet in np.arange(before + 1, before + 1 + 60 * RATE_HZ, max(1, round(QUIET_S * RATE_HZ))):
        yield _frame(view, aspect, zero, quiet, rows[:0])


def _rows(walk: dict[str, Any], aspect: float) -> Iterator[tuple[float, ...]]:
    """Tick, id and box of each point; of two points on one tick the first."""
    told = -1
    for t, (x, y), h in zip(walk["t"], walk["xy"], walk["h"], strict=True):
        tick = round(t * RATE_HZ)
        if tick != told:
            half = STOUT * h / aspect / 2
            yield tick, walk["id"], max(x - half, 0.0), max(y - h, 0.0), min(x + half, 1.0), y
        told = tick


def _frame(view: str, aspect: float, zero: float, tick: float, rows: np.ndarray) -> Tracks:
    n, t = len(rows), float(tick) / RATE_HZ
    return Tracks(
        camera_id=view, run_id=1, pts=t, utc=zero + t, aspect=aspect, track_id=rows[:, 1].astype(np.int64),
        xyxy=rows[:, 2:6].astype(np.float32), score=np.full(n, 0.8, np.float32),
        class_id=np.full(n, PERSON, np.int32), observed=np.ones(n, bool),
    )  # fmt: skip

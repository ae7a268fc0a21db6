"""The values that rules see and say: tracks of one analysed frame, zones, lines, events.

All are frozen. Arrays are checked when a value is built and are never mutated afterwards.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PERSON = 0
"""Class id of a person, COCO order; `motion` reports this class too and is told apart by its detector name."""

EventState = Literal["start", "update", "end"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tracks:
    """Everybody followed on one analysed frame of one camera; emitted also when nobody is there (N = 0).

    `pts` is media time in seconds since the first frame of the run, strictly increasing within `run_id`;
    `utc` is wall time in seconds since the epoch. `aspect` is picture width over height. `track_id` int64 (N,)
    is never reused in a run; `xyxy` float32 (N, 4) lies in [0, 1]; `score` float32 (N,) in [0, 1];
    `class_id` int32 (N,); `observed` bool (N,) is False where the box is predicted rather than seen.

    Raises:
        ValueError: lengths, shapes or dtypes disagree, or a time is not finite.
    """

    camera_id: str
    run_id: int
    pts: float
    utc: float
    aspect: float
    track_id: NDArray[np.int64]
    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]
    observed: NDArray[np.bool_]

    def __post_init__(self) -> None:
        n = len(self.track_id)
        _check("track_id", self.track_id, np.int64, (n,))
        _check("xyxy", self.xyxy, np.float32, (n, 4))
        _check("score", self.score, np.float32, (n,))
        _check("class_id", self.class_id, np.int32, (n,))
        _check("observed", self.observed, np.bool_, (n,))
        if not (math.isfinite(self.pts) and math.isfinite(self.utc) and self.aspect > 0):
            raise ValueError(f"times must be finite and aspect positive: {self.pts}, {self.utc}, {self.aspect}")

    def __len__(self) -> int:
        return len(self.track_id)

    @property
    def foot(self) -> NDArray[np.float64]:
        """Bottom centre of each box, float64 (N, 2), normalised: the point tested against zones."""
        return foot_of(self.xyxy)

    @property
    def height(self) -> NDArray[np.float64]:
        """Box heights, float64 (N,), as a share of the picture's height: one body height (`bh`) each."""
        return self.xyxy[:, 3].astype(np.float64) - self.xyxy[:, 1].astype(np.float64)

    @classmethod
    def empty(cls, *, camera_id: str, run_id: int, pts: float, utc: float, aspect: float) -> Tracks:
        """An analysed frame with nobody in it: time passes, nothing else."""
        return cls(
            camera_id=camera_id, run_id=run_id, pts=pts, utc=utc, aspect=aspect,
            track_id=np.zeros(0, np.int64), xyxy=np.zeros((0, 4), np.float32), score=np.zeros(0, np.float32),
            class_id=np.zeros(0, np.int32), observed=np.zeros(0, np.bool_),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon of the picture: (K, 2) normalised points, K >= 3, simple. `risk` low, medium or high."""

    zone_id: str
    polygon: tuple[tuple[float, float], ...]
    risk: str = "medium"


@dataclass(frozen=True, slots=True)
class Line:
    """A named polyline with a direction: (K, 2) normalised points, K >= 2, walked from first to last."""

    line_id: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A rule's fact about one episode; instantaneous kinds have only `start`.

    `pts` and `utc` are the moment the fact became true, `since_utc` the start of the episode. `why` holds the
    numbers behind the decision, units in their names, JSON values only. `key` is the same on replay and after a
    restart: it depends on what happened, never on run or track ids.
    """

    kind: str
    state: EventState
    rule_id: str
    rule_version: str
    camera_id: str
    run_id: int
    track_ids: tuple[int, ...]
    zone_id: str | None
    since_utc: float
    utc: float
    pts: float
    score: float
    why: Mapping[str, Any] = field(hash=False)
    key: str

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"score must lie in [0, 1], not {self.score}")


def event_key(
    *, site: str, camera_id: str, rule_id: str, rule_version: str, since_utc: float, place: tuple[float, float] | None
) -> str:
    """26 hex digits that name an episode: where it was watched, by what rule, when and where it began.

    Time is rounded to the millisecond and place to a thousandth of the picture, far below what separates two
    episodes of one rule.
    """
    where = "-" if place is None else f"{place[0]:.3f},{place[1]:.3f}"
    text = "\x1f".join((site, camera_id, rule_id, rule_version, f"{since_utc:.3f}", where))
    return hashlib.sha256(text.encode()).hexdigest()[:26]


def foot_of(xyxy: NDArray[np.float32]) -> NDArray[np.float64]:
    """Bottom centres, float64 (N, 2), of boxes float32 (N, 4)."""
    foot = np.empty((len(xyxy), 2))
    box = xyxy.astype(np.float64)
    foot[:, 0] = (box[:, 0] + box[:, 2]) / 2.0
    foot[:, 1] = box[:, 3]
    return foot


def _check(name: str, array: NDArray[Any], dtype: type, shape: tuple[int, ...]) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(f"{name} must be {np.dtype(dtype)} {shape}, not {array.dtype} {array.shape}")

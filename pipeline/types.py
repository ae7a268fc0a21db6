"""The values that flow through the pipeline before and after the rules. `rules.types` holds the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rules.types import Event, Line, Tracks, Zone

__all__ = [
    "Alert", "CameraState", "CameraStatus", "Detections", "Event", "Evidence", "Frame", "Line", "Person", "Picture",
    "Severity", "Sight", "Tracks", "Zone", "sight_of",
]  # fmt: skip

Severity = Literal["low", "medium", "high"]
CameraState = Literal[
    "starting", "running", "ended", "refused", "unauthorised", "not_found", "timed_out", "no_video", "decoding_errors",
    "misconfigured", "crashed", "stopped",
]  # fmt: skip


class Picture(Protocol):
    """Pixels of one frame, converted only when asked for; each conversion is done once."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def luma(self) -> NDArray[np.uint8]:
        """Brightness, uint8 (H, W); a view of the decoder's own plane where it has one."""

    def bgr(self) -> NDArray[np.uint8]:
        """Colour, uint8 (H, W, 3). Costly at full size: detection asks for `scaled` instead."""

    def scaled(self, width: int, height: int) -> NDArray[np.uint8]:
        """Colour at another size, uint8 (height, width, 3) BGR, scaled and converted in one step."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Frame:
    """One picture of one camera. `pts` in seconds strictly increases within `run_id`, which counts connections."""

    camera_id: str
    run_id: int
    seq: int
    pts: float
    utc: float
    picture: Picture

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height

    def luma(self) -> NDArray[np.uint8]:
        return self.picture.luma()

    def bgr(self) -> NDArray[np.uint8]:
        return self.picture.bgr()

    def scaled(self, width: int, height: int) -> NDArray[np.uint8]:
        return self.picture.scaled(width, height)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes found on a frame: `xyxy` float32 (N, 4) px of the full frame, `score` float32 (N,), `class_id` int32 (N,).

    Raises:
        ValueError: lengths, shapes or dtypes disagree.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = len(self.score)
        for name, array, dtype, shape in (
            ("xyxy", self.xyxy, np.float32, (n, 4)),
            ("score", self.score, np.float32, (n,)),
            ("class_id", self.class_id, np.int32, (n,)),
        ):
            if array.dtype != dtype or array.shape != shape:
                raise ValueError(f"{name} must be {np.dtype(dtype)} {shape}, not {array.dtype} {array.shape}")

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, mask: NDArray[Any]) -> Detections:
        """The detections that a boolean mask or an index array picks."""
        return Detections(self.xyxy[mask], self.score[mask], self.class_id[mask])

    @classmethod
    def empty(cls) -> Detections:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file that belongs to an alert: `kind` snapshot, clip or record; `path` relative to the evidence folder.
    `start_utc` is the time of a clip's first picture, where known."""

    kind: Literal["snapshot", "clip", "record"]
    path: str
    sha256: str
    media_type: str
    start_utc: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The message to a person about one event. The same event gives the same `alert_id`, whoever sends it."""

    alert_id: str
    incident_id: str
    severity: Severity
    state: Literal["new", "acknowledged", "resolved", "shelved"]
    trial: bool
    detector: str
    event: Event
    subject: Literal["person", "movement"] = "person"
    evidence: tuple[Evidence, ...] = ()
    schema_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """How one camera is doing, as its worker last said. `error` never holds a credential."""

    camera_id: str
    state: CameraState
    fps_in: float = 0.0
    fps_done: float = 0.0
    dropped: int = 0
    frame_age_s: float | None = None
    error: str | None = None
    detector: str = ""
    utc: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on one analysed frame: `foot` normalised to the picture, `height_px` of the box in its pixels."""

    track_id: int
    foot: tuple[float, float]
    height_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Who stands where on one analysed frame, for whoever walks the site; `seq` counts them since the process began."""

    camera_id: str
    seq: int
    utc: float
    width: int
    height: int
    people: tuple[Person, ...] = ()


def sight_of(tracks: Tracks, *, seq: int, width: int, height: int) -> Sight:
    """The feet and heights of those who were really seen; a predicted box ticks nothing off."""
    foot, tall = tracks.foot, tracks.height * height
    people = tuple(
        Person(
            track_id=int(tracks.track_id[i]), foot=(round(float(foot[i, 0]), 4), round(float(foot[i, 1]), 4)),
            height_px=round(float(tall[i]), 1),
        )
        for i in range(len(tracks))
        if tracks.observed[i]
    )  # fmt: skip
    return Sight(camera_id=tracks.camera_id, seq=seq, utc=tracks.utc, width=width, height=height, people=people)

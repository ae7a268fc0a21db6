"""What a clip shows, as data: camera, light, wall time, who does what. `scenes/` holds one file a clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from .actors import Person, Shape
from .conditions import Beam, Weather
from .solids import Solids


class Thing(Protocol):
    """Anything that moves and is nobody: a forklift, a cat."""

    def shape(self, t: float) -> Shape | None: ...


@dataclass(frozen=True)
class Fault:
    """Something done to the camera from `begin_s` to `end_s`: `covered`, `frozen` or `moved` (to look at `look_at`)."""

    kind: Literal["covered", "frozen", "moved"]
    begin_s: float
    end_s: float
    look_at: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Scene:
    """One clip. `start` is the wall time of the first frame, ISO 8601 with offset; `camera` a name of `depot.CAMERAS`,
    `camera_id` the one in `site.yaml` that plays this clip. `keyframe_s` and `x264` are the encoder's: a group of
    pictures, and settings besides the usual ones."""

    clip: str
    camera: str
    camera_id: str
    title: str
    start: str
    weather: Weather
    people: tuple[Person, ...]
    duration_s: float = 60.0
    fps: float = 12.5
    b_frames: int = 0
    crf: int = 25
    keyframe_s: float = 4.0
    x264: str = ""
    trees: bool = False
    things: tuple[Thing, ...] = ()
    beams: tuple[Beam, ...] = ()
    extra: tuple[Callable[[Solids], None], ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def frames(self) -> int:
        return round(self.duration_s * self.fps)

    @property
    def seed(self) -> int:
        return sum(ord(c) * (i + 3) for i, c in enumerate(self.clip))

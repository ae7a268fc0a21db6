"""What every detector is: a frame in, boxes of the full frame out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from pipeline.types import Detections, Frame

DetectorKind = Literal["model", "motion"]


@runtime_checkable
class Detector(Protocol):
    """Finds people (or movement) on one camera's frames, which it is shown in order.

    `name` says which detector runs, e.g. `yolox_nano_416` or `motion`; it goes into the log, the page and every alert.
    `people` is False where it only sees movement. `notes` are sentences worth announcing, such as an execution
    provider that was asked for and is not installed. `state` is what a restarted worker hands to `restore` (None where
    nothing is learned); a state that cannot be read is ignored, because a detector can always start afresh.
    """

    name: str
    kind: DetectorKind
    people: bool
    notes: tuple[str, ...]

    def detect(self, frame: Frame) -> Detections: ...

    def state(self) -> bytes | None: ...

    def restore(self, state: bytes) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec:
    """What the site file or the command line asks for.

    `model` is a catalogued name, a path, `motion`, or `auto` (best catalogued model present, else `motion`). `score`
    is the lowest that is returned. `family` is needed only for weights that neither the catalogue nor their own
    metadata explains. `providers` are tried in order: cpu, openvino, cuda, tensorrt. With `regions`, a model looks at
    crops where something moves or somebody is, instead of at the whole picture on every frame. `classes` are the ones
    that somebody watches for: a model then says which of these a box is, whatever else it may look like.
    """

    model: str = "auto"
    score: float = 0.35
    family: str | None = None
    threads: int = 1
    providers: tuple[str, ...] = ("cpu",)
    regions: bool = False
    classes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.score < 1.0:
            raise ValueError(f"score must lie between 0 and 1, not {self.score}")
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")

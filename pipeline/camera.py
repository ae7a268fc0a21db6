"""One camera that a site watches: its worker, what it announces, and what it remembers across a crash.

It is handed everything by `bootstrap`; the process around it decides when to open, save and end.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pipeline import checkpoint
from pipeline.announce import Announcer
from pipeline.checkpoint import Checkpoint
from pipeline.clock import Clock
from pipeline.errors import NightjarError
from pipeline.guard import Guard
from pipeline.learning import RouteLearner
from pipeline.types import CameraStatus, Frame
from pipeline.video.connection import is_live
from pipeline.video.source import Source
from pipeline.worker import Worker

log = logging.getLogger(__name__)


class Delivery(Protocol):
    """The outbox and its relay, as the camera's process uses them."""

    def tell(self, status: CameraStatus) -> None: ...

    def system(
        self, code: str, change: Literal["start", "end"], *, since_utc: float, utc: float, why: Mapping[str, Any]
    ) -> None: ...

    def numbers(self) -> dict[str, float]: ...

    def superseded(self) -> bool: ...

    def close(self) -> None: ...


@dataclass(kw_only=True)
class Camera:
    """What one camera's process holds. `stages` are those whose state a checkpoint keeps, by name:
    each has `state()` and `restore(state)`."""

    camera_id: str
    clock: Clock
    worker: Worker
    announcer: Announcer
    delivery: Delivery
    stages: Mapping[str, Any]
    connect: Callable[[int, float | None], Source]
    new_sampler: Callable[[float | None], Any]
    draw_picture: Callable[[Frame, Any], bytes]
    checkpoint_path: Path
    source_text: str
    detector_name: str
    close_log: Callable[[], None]
    guard: Guard
    learner: RouteLearner | None = None
    notes: tuple[str, ...] = ()
    source: Source | None = None
    ended: bool = False
    _dropped: int = 0
    _resume: Checkpoint | None = None

    def __post_init__(self) -> None:
        found = checkpoint.load(self.checkpoint_path)
        if found is None:
            return
        if found.source != self.source_digest:
            log.warning("camera %s: another source than before; what was open is not taken up", self.camera_id)
            return
        self._take_up(found)

    @property
    def source_digest(self) -> str:
        return hashlib.sha256(self.source_text.encode()).hexdigest()[:16]

    @property
    def first_run_id(self) -> int:
        """A file goes on in its old run; every connection to a camera is a new one."""
        return 1 if self._resume is None else self._resume.run_id + (1 if self._is_live else 0)

    @property
    def _is_live(self) -> bool:
        return is_live(self.source_text)

    def open(self, run_id: int) -> Source:
        """Connect; a file goes on where the last checkpoint stood."""
        resume_pts = None if self._is_live or self._resume is None else self._resume.pts
        source = self.connect(run_id, resume_pts)
        self._dropped += 0 if self.source is None else self.source.dropped
        self.source = source
        self.worker.sampler = self.new_sampler(resume_pts)
        return source

    def dropped(self) -> int:
        return self._dropped + (0 if self.source is None else self.source.dropped)

    def finish(self) -> None:
        """A file has been seen to its end: close what is open, and never play it again."""
        self.ended = True
        self.worker.finish(reason="the recording ended")
        self.save()

    def save(self) -> None:
        """Write the checkpoint; a disk that refuses costs repeated work after a crash, nothing else."""
        latest = self.worker.latest
        if latest is None:
            return
        frame, tracks = latest
        states = {name: stage.state() for name, stage in self.stages.items()}
        value = Checkpoint(
            source=self.source_digest, run_id=frame.run_id, pts=frame.pts, utc=tracks.utc, ended=self.ended,
            clips=self.announcer.pending(), **states,
        )  # fmt: skip
        try:
            checkpoint.save(self.checkpoint_path, value)
        except OSError as error:
            log.warning("camera %s: no checkpoint written: %s", self.camera_id, error.strerror)

    def wants_restart(self) -> bool:
        """Whether enough was learned to judge by it, which takes a new start."""
        latest = self.worker.latest
        return self.learner is not None and latest is not None and self.learner.wants_restart(latest[1].utc)

    def accept_view(self) -> None:
        """Where the camera looks now is right: if it was moved, usual routes are learned anew."""
        moved = self.guard.moved
        self.guard.accept()
        if moved and self.learner is not None:
            self.learner.start_anew()

    def picture(self) -> bytes | None:
        """The latest analysed picture with the boxes on it, JPEG."""
        latest = self.worker.latest
        return None if latest is None else self.draw_picture(*latest)

    def close(self) -> None:
        self.announcer.flush()
        self.guard.keep()
        if self.learner is not None:
            self.learner.close()
        self.delivery.close()
        self.close_log()

    def _take_up(self, found: Checkpoint) -> None:
        self._resume = found
        self.ended = found.ended
        for name, stage in self.stages.items():
            state = getattr(found, name)
            if state is None:
                continue
            try:
                stage.restore(state)
            except (ValueError, KeyError, TypeError, NightjarError) as error:
                log.warning("camera %s: the state of its %s cannot be taken up: %s", self.camera_id, name, error)
        self.announcer.restore(found.clips)
        log.info("camera %s: taking up run %d at %.1f s", self.camera_id, found.run_id, found.pts)

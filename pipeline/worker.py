"""One camera: frames in, tracks and events out. The loop is the flow figure of the design.

The worker owns no thread, file or socket: it is handed its stages and an `Output`, so the same loop serves live
cameras, `analyze` and the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from pipeline.types import Detections, Event, Frame, Picture, Tracks


class Detector(Protocol):
    """What the loop needs of a detector."""

    def detect(self, frame: Frame) -> Detections: ...


class Tracker(Protocol):
    """What the loop needs of a tracker."""

    def update(
        self,
        detections: Detections,
        *,
        camera_id: str,
        run_id: int,
        pts: float,
        utc: float,
        width: int,
        height: int,
        picture: Picture | None = None,
    ) -> Tracks: ...


class Sampler(Protocol):
    """Decides which frames are analysed."""

    def take(self, pts: float) -> bool: ...


class Inputs(Protocol):
    """What other systems tell, as it takes effect on this camera."""

    def look(self, utc: float) -> None:
        """Before the rules see the frame of this time: take up what is new."""


class Rules(Protocol):
    """What the loop needs of a camera's rules."""

    def update(self, tracks: Tracks) -> Sequence[Event]: ...

    def close(self, *, utc: float, reason: str) -> Sequence[Event]: ...


class Output(Protocol):
    """Where a worker's results go: a track log and alerts, or the files of `analyze`."""

    def analysed(self, frame: Frame, tracks: Tracks, events: Sequence[Event]) -> None:
        """One analysed frame, in order, also when nothing happened on it."""

    def closed(self, events: Sequence[Event]) -> None:
        """What was still open when the frames stopped coming."""


class Worker:
    """The stages of one camera in a row. `frames_in` and `frames_done` count what was decoded and analysed."""

    def __init__(
        self, *, camera_id: str, sampler: Sampler, detector: Detector, tracker: Tracker, engine: Rules, output: Output,
        inputs: Inputs | None = None,
    ) -> None:  # fmt: skip
        self.camera_id = camera_id
        self.sampler = sampler
        self.detector = detector
        self.tracker = tracker
        self.engine = engine
        self.output = output
        self.inputs = inputs
        self.frames_in = 0
        self.frames_done = 0
        self.latest: tuple[Frame, Tracks] | None = None

    def run(self, frames: Iterable[Frame]) -> None:
        """Follow one connection until its frames end; errors of the source pass through."""
        for frame in frames:
            self.follow(frame)

    def follow(self, frame: Frame) -> None:
        """Take one decoded frame; it is analysed when the sampler says so."""
        self.frames_in += 1
        if self.sampler.take(frame.pts):
            self.step(frame)

    def step(self, frame: Frame) -> Sequence[Event]:
        """Analyse one frame."""
        detections = self.detector.detect(frame)
        tracks = self.tracker.update(
            detections,
            camera_id=self.camera_id,
            run_id=frame.run_id,
            pts=frame.pts,
            utc=frame.utc,
            width=frame.width,
            height=frame.height,
        )
        if self.inputs is not None:
            self.inputs.look(tracks.utc)
        events = self.engine.update(tracks)
        self.frames_done += 1
        self.latest = (frame, tracks)
        self.output.analysed(frame, tracks, events)
        return events

    def finish(self, *, reason: str) -> None:
        """Close what is open because no more frames will come."""
        if self.latest is not None:
            self.output.closed(self.engine.close(utc=self.latest[1].utc, reason=reason))

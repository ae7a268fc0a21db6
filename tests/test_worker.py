"""The worker's loop with hand-written stages: what is analysed, in which order, and what is closed at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.types import Detections, Event, Frame, Tracks
from pipeline.video.pacing import Sampler
from pipeline.worker import Worker


class Blank:
    width, height = 64, 36

    def luma(self) -> Any:
        raise AssertionError("nobody asked for pixels")

    bgr = scaled = luma


def frame(seq: int, *, fps: float = 10.0, run_id: int = 1) -> Frame:
    return Frame(camera_id="c", run_id=run_id, seq=seq, pts=seq / fps, utc=1000 + seq / fps, picture=Blank())


class NoDetections:
    def detect(self, frame: Frame) -> Detections:
        return Detections.empty()


class NoTracks:
    def update(self, detections: Detections, **said: Any) -> Tracks:
        said.pop("width"), said.pop("height"), said.pop("picture", None)
        return Tracks.empty(aspect=16 / 9, **said)


class Spy:
    """An engine that only remembers; `close` says how often it was asked."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.closed_at: list[float] = []

    def update(self, tracks: Tracks) -> list[Event]:
        self.seen.append(tracks.pts)
        return []

    def close(self, *, utc: float, reason: str) -> list[Event]:
        self.closed_at.append(utc)
        return []


@dataclass
class Kept:
    analysed_pts: list[float] = field(default_factory=list)
    closings: int = 0

    def analysed(self, frame: Frame, tracks: Tracks, events: Sequence[Event]) -> None:
        self.analysed_pts.append(frame.pts)

    def closed(self, events: Sequence[Event]) -> None:
        self.closings += 1


def worker(analyze_fps: float) -> tuple[Worker, Spy, Kept]:
    spy, kept = Spy(), Kept()
    made = Worker(
        camera_id="c", sampler=Sampler(analyze_fps), detector=NoDetections(), tracker=NoTracks(), engine=spy,  # type: ignore[arg-type]
        output=kept,
    )  # fmt: skip
    return made, spy, kept


def test_only_sampled_frames_are_analysed_and_rules_hear_of_empty_ones() -> None:
    made, spy, kept = worker(5.0)
    made.run(frame(seq) for seq in range(10))
    assert np.allclose(spy.seen, [0.0, 0.2, 0.4, 0.6, 0.8])
    assert kept.analysed_pts == spy.seen
    assert (made.frames_in, made.frames_done) == (10, 5)


def test_finish_closes_at_the_last_analysed_moment() -> None:
    made, spy, kept = worker(5.0)
    made.run(frame(seq) for seq in range(4))
    made.finish(reason="the recording ended")
    assert spy.closed_at == [1000.2]
    assert kept.closings == 1


def test_nothing_is_closed_where_nothing_was_seen() -> None:
    made, spy, kept = worker(5.0)
    made.run(iter(()))
    made.finish(reason="the recording ended")
    assert (spy.closed_at, kept.closings) == ([], 0)

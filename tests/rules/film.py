"""Scripted people: from "who stands where at t" to the tracks that a rule sees, at any frame rate."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rules.base import Rule
from rules.engine import Engine
from rules.types import Event, Line, Tracks, Zone

UTC0 = 1_780_000_000.0
ASPECT = 16.0 / 9.0
ZONE = Zone("bay", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)))
GATE = Line("gate", ((0.2, 0.5), (0.8, 0.5)))
WHO = {"site": "depot", "camera_id": "dock", "rule_id": "r"}


@dataclass(frozen=True)
class Person:
    """One box: its foot, its height, and whether it was seen or predicted."""

    track_id: int
    x: float
    y: float
    height: float = 0.2
    observed: bool = True
    class_id: int = 0
    score: float = 0.9


Script = Callable[[float], Iterable[Person]]


def frame(pts: float, people: Iterable[Person] = (), *, run_id: int = 1, utc: float | None = None) -> Tracks:
    """The tracks of one analysed frame."""
    everybody = list(people)
    n = len(everybody)
    box = [(p.x - p.height / 8, p.y - p.height, p.x + p.height / 8, p.y) for p in everybody]
    return Tracks(
        camera_id="dock", run_id=run_id, pts=pts, utc=UTC0 + pts if utc is None else utc, aspect=ASPECT,
        track_id=np.array([p.track_id for p in everybody], np.int64).reshape(n),
        xyxy=np.clip(np.array(box, np.float64).reshape(n, 4), 0.0, 1.0).astype(np.float32),
        score=np.array([p.score for p in everybody], np.float32).reshape(n),
        class_id=np.array([p.class_id for p in everybody], np.int32).reshape(n),
        observed=np.array([p.observed for p in everybody], np.bool_).reshape(n),
    )  # fmt: skip


def film(script: Script, *, seconds: float, fps: float = 5.0, drop: float = 0.0, seed: int = 0) -> list[Tracks]:
    """Frames of a script; a share of them lost on the way, never the first."""
    chance = random.Random(seed)
    times = [n / fps for n in range(round(seconds * fps) + 1)]
    return [frame(t, script(t)) for t in times if t == 0.0 or chance.random() >= drop]


def play(rules: Rule | Sequence[Rule], frames: Iterable[Tracks]) -> list[Event]:
    """All events of an engine with these rules, the closing ones included."""
    engine = Engine([rules] if isinstance(rules, Rule) else list(rules))
    said = [event for tracks in frames for event in engine.update(tracks)]
    return said + engine.close(utc=UTC0, reason="the film ended")


def told(events: Iterable[Event]) -> list[tuple[str, float, float]]:
    """(state, pts, since) of events, in media time from the first frame, to the millisecond."""
    return [(e.state, round(e.pts, 3), round(e.since_utc - UTC0, 3)) for e in events]


def present(track_id: int, *spans: tuple[float, float], x: float = 0.5, y: float = 0.5) -> Script:
    """Somebody who stands at one place during these spans, both ends included, and is not seen else."""
    return lambda t: [Person(track_id, x, y)] if any(a - 1e-9 <= t <= b + 1e-9 for a, b in spans) else []


def inside(track_id: int, *spans: tuple[float, float]) -> Script:
    """Somebody who is always seen: in the zone during these spans, beside it else."""
    return lambda t: [Person(track_id, 0.5 if any(a - 1e-9 <= t <= b + 1e-9 for a, b in spans) else 0.1, 0.5)]


def together(*scripts: Script) -> Script:
    """Several people in one scene."""
    return lambda t: [person for script in scripts for person in script(t)]


class Hours:
    """A schedule that is open between two instants of media time."""

    name = "working"

    def __init__(self, *open_spans: tuple[float, float]) -> None:
        self.spans = [(UTC0 + a, UTC0 + b) for a, b in open_spans]

    def is_open(self, utc: float) -> bool:
        return any(a <= utc < b for a, b in self.spans)

    def reason(self, utc: float) -> str:
        return "working hours" if self.is_open(utc) else "after hours"

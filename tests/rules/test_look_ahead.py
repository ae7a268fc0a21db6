"""Recorded frames taken many at a time give what they give one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rules.after_hours import AfterHours
from rules.engine import LOOK_AHEAD, Engine
from rules.line_crossing import LineCrossing
from rules.loitering import Loitering
from rules.types import Event, Line, Tracks, Zone

BAY = Zone("bay", ((0.1, 0.1), (0.6, 0.2), (0.5, 0.9), (0.1, 0.8)))
GATE = Line("gate", ((0.5, 0.0), (0.4, 1.0)))


def engine() -> Engine:
    common = {"site": "s", "camera_id": "c"}
    return Engine(
        [
            Loitering(**common, rule_id="a", zone=BAY, dwell_s=5.0),
            Loitering(**common, rule_id="b", zone=BAY, dwell_s=3.0, classes=(0, 2), grace_s=0.5),
            AfterHours(**common, rule_id="c", zone=BAY, always=True),
            AfterHours(**common, rule_id="d", zone=None, always=True, classes=(2,)),
            LineCrossing(**common, rule_id="e", line=GATE),
        ]
    )


def crowd(frames: int) -> Iterator[Tracks]:
    """Up to nine wanderers, people and cars, some predicted on some frames, nobody on others."""
    random = np.random.default_rng(11)
    place = random.uniform(0.1, 0.9, (9, 2))
    for n in range(frames):
        place = np.clip(place + random.normal(0, 0.01, (9, 2)), 0.05, 0.95)
        here = np.flatnonzero(random.random(9) < (0.0 if n % 100 < 3 else 0.9))
        x, y = place[here, 0], place[here, 1]
        yield Tracks(
            camera_id="c", run_id=1 + n // 400, pts=n / 5, utc=1000 + n / 5, aspect=1.5,
            track_id=here.astype(np.int64), xyxy=np.column_stack((x - 0.02, y - 0.2, x + 0.02, y)).astype(np.float32),
            score=np.full(len(here), 0.5, np.float32), class_id=(here % 2 * 2).astype(np.int32),
            observed=random.random(len(here)) < 0.95,
        )  # fmt: skip


def test_many_at_a_time_is_one_by_one() -> None:
    one, many = engine(), engine()
    frames = list(crowd(3 * LOOK_AHEAD + 7))
    expected: list[list[Event]] = [one.update(tracks) for tracks in frames]
    assert list(many.update_all(iter(frames))) == expected
    assert one.close(utc=0.0, reason="") == many.close(utc=0.0, reason="")
    assert {event.rule_id for events in expected for event in events} == {"a", "b", "c", "d", "e"}


def test_no_frames_are_no_events() -> None:
    assert list(engine().update_all([])) == []

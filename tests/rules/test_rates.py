"""The same people at other frame rates, and with frames lost: the same events, within one analysis interval.

Durations here are whole intervals of every rate: of others the end is rounded up to a frame once more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from rules.base import Rule
from rules.line_crossing import LineCrossing
from rules.loitering import Loitering
from rules.occupancy import Occupancy
from rules.route import Corridor, CorridorRoute, ForbiddenRoute, SequenceRoute
from rules.types import Event, Zone
from tests.rules.film import GATE, WHO, ZONE, Hours, Script, film, inside, play, present, together
from tests.rules.ways import along

LEFT = Zone("left", ((0.1, 0.3), (0.3, 0.3), (0.3, 0.7), (0.1, 0.7)))
RIGHT = Zone("right", ((0.7, 0.3), (0.9, 0.3), (0.9, 0.7), (0.7, 0.7)))

VISITS = together(inside(1, (3.1, 12.3)), inside(2, (5.07, 6.9), (8.2, 22.4)), inside(3, (20.0, 23.9)))
WALKS = together(
    along((1.0, 0.3, 0.3), (9.0, 0.4, 0.7), (17.0, 0.5, 0.3)), along((4.0, 0.7, 0.75), (12.0, 0.6, 0.31), track_id=2),
)  # fmt: skip
THROUGH = together(
    along((1.0, 0.05, 0.5), (17.0, 0.95, 0.5)), along((6.0, 0.95, 0.55), (22.0, 0.05, 0.55), track_id=2),
)  # fmt: skip

CASES: dict[str, tuple[Callable[[], Rule], Script]] = {
    "loitering": (lambda: Loitering(**WHO, zone=ZONE, dwell_s=6.0), VISITS),
    "loitering with steps": (lambda: Loitering(**WHO, zone=ZONE, dwell_s=5.0, escalate_s=(8.0,)), VISITS),
    "loitering out of hours": (
        lambda: Loitering(**WHO, zone=ZONE, dwell_s=8.0, closed_dwell_s=3.0, calendar=Hours((0, 15))), VISITS,
    ),
    "loitering summed": (lambda: Loitering(**WHO, zone=ZONE, dwell_s=6.0, mode="cumulative", window_s=12.0), VISITS),
    "loitering in company": (lambda: Loitering(**WHO, zone=ZONE, dwell_s=3.0, min_people=2), VISITS),
    "loitering in a circle": (lambda: Loitering(**WHO, zone=ZONE, dwell_s=6.0, radius_bh=1.0), VISITS),
    "crossing": (lambda: LineCrossing(**WHO, line=GATE), WALKS),
    "occupancy": (lambda: Occupancy(**WHO, zone=ZONE, over=1, for_s=3.0), VISITS),
    "corridor": (
        lambda: CorridorRoute(**WHO, corridor=Corridor(((0.0, 0.5), (1.0, 0.5)), 1.0), off_s=2.0), WALKS,
    ),
    "sequence": (lambda: SequenceRoute(**WHO, sequence=(LEFT, RIGHT)), THROUGH),
    "forbidden": (lambda: ForbiddenRoute(**WHO, forbidden=((RIGHT, LEFT),)), THROUGH),
}  # fmt: skip
each = pytest.mark.parametrize(("make", "script"), CASES.values(), ids=CASES)


def outline(events: list[Event]) -> list[tuple[str, tuple[int, ...]]]:
    return sorted((e.state, e.track_ids[-1:]) for e in events)


def nearest(event: Event, others: list[Event]) -> float:
    """How far the same event lies in the other film."""
    same = [o for o in others if (o.state, o.track_ids[-1:]) == (event.state, event.track_ids[-1:])]
    return min(abs(o.pts - event.pts) for o in same)


@each
@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0, 30.0])
def test_at_any_rate(make: Callable[[], Rule], script: Script, fps: float) -> None:
    fine, coarse = (play(make(), film(script, seconds=30.0, fps=rate)) for rate in (60.0, fps))
    assert outline(coarse) == outline(fine)
    assert len(fine) > 0
    assert max(nearest(event, fine) for event in coarse) <= 1.0 / fps + 1 / 60 + 1e-6


@each
@pytest.mark.parametrize("seed", range(3))
def test_with_a_fifth_of_the_frames_lost(make: Callable[[], Rule], script: Script, seed: int) -> None:
    """Lost frames come in runs of up to three here: an event moves by as many intervals at most."""
    whole = play(make(), film(script, seconds=30.0, fps=10.0))
    frames = film(script, seconds=30.0, fps=10.0, drop=0.2, seed=seed)
    longest = max(b.pts - a.pts for a, b in itertools.pairwise(frames))
    lossy = play(make(), frames)
    assert outline(lossy) == outline(whole)
    assert max(nearest(event, whole) for event in lossy) <= longest + 1e-6


def test_a_lost_frame_costs_an_alarm_one_interval_at_most() -> None:
    script = present(1, (0.0, 20.0))
    frames = film(script, seconds=20.0)
    for lost in range(1, len(frames) - 1):
        start = play(Loitering(**WHO, zone=ZONE, dwell_s=6.0), frames[:lost] + frames[lost + 1 :])[0]
        assert start.pts in (6.0, 6.2)
        assert start.pts == 6.0 or lost == 30

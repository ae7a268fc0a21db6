"""The embedded detector on drawn scenes: who moves is found, who stands stays found, nothing else is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.detect.base import Detector
from pipeline.detect.boxes import iou
from pipeline.detect.motion import MotionDetector
from pipeline.detect.motion.detector import working_size
from tests.detect.pictures import frame
from tests.detect.stage import HEIGHT, WIDTH, Canvas, Person, Stage, darken, walk


def watch(stage: Stage, *, seconds: float, fps: float = 5.0, detector: MotionDetector | None = None):
    """(pts, boxes found, boxes true) of every frame."""
    detector = detector or MotionDetector()
    return [(f.pts, detector.detect(f).xyxy, stage.boxes(f.pts)) for f in stage.frames(seconds=seconds, fps=fps)]


def share_found(seen, *, since: float, until: float) -> float:
    """Share of true boxes met by a found one at IoU .5 in a span of time."""
    met = [iou(true, found).max(axis=1) > 0.5 if len(found) else np.zeros(len(true), bool)
           for pts, found, true in seen if since <= pts <= until]  # fmt: skip
    return float(np.concatenate(met).mean())


def false_boxes(seen, *, since: float = 0.0) -> int:
    """How many found boxes overlap nobody."""
    return sum(
        int((iou(found, true).max(axis=1) < 0.2).sum()) if len(true) else len(found)
        for pts, found, true in seen
        if pts >= since and len(found)
    )


def longest_false(seen, *, since: float = 0.0) -> float:
    """For how long, in s, boxes that are nobody were found on every frame."""
    longest = streak = before = 0.0
    for pts, found, true in seen:
        wrong = len(found) and (not len(true) or iou(found, true).max(axis=1).min() < 0.2)
        streak = streak + pts - before if wrong and pts >= since else 0.0
        longest, before = max(longest, streak), pts
    return longest


def crossing(begin: float = 3.0) -> Person:
    return Person(walk((-20, 200), (420, 230), begin=begin, seconds=8))


def standing(begin: float = 3.0) -> Person:
    return Person(walk((-20, 220), (180, 220), begin=begin, seconds=4, leaves=False))


def test_is_a_detector() -> None:
    detector = MotionDetector()
    assert isinstance(detector, Detector)
    assert (detector.name, detector.kind, detector.people) == ("motion", "motion", False)


@pytest.mark.parametrize("fps", [10.0, 5.0, 2.0])
def test_finds_who_walks_through(fps: float) -> None:
    seen = watch(Stage((crossing(),)), seconds=12, fps=fps)
    assert share_found(seen, since=4.2, until=10.5) >= 0.85
    assert false_boxes(seen) == 0


def test_feet_are_not_dragged_into_the_shadow() -> None:
    seen = watch(Stage((crossing(),)), seconds=12)
    apart = [found[0, 3] - true[0, 3] for pts, found, true in seen if 4.5 < pts < 10 and len(found) and len(true)]
    assert np.abs(apart).max() < 6
    sideways = [found[0, [0, 2]].mean() - true[0, [0, 2]].mean() for pts, found, true in seen if 4.5 < pts < 10]
    assert np.abs(sideways).max() < 10


def test_who_stands_for_long_stays_found() -> None:
    def fidget(t: float) -> tuple[float, float] | None:
        where = walk((-20, 220), (180, 220), begin=3, seconds=4, leaves=False)(t)
        return None if where is None else (where[0] + (1.5 if int(t) % 7 == 0 else 0.0), where[1])

    seen = watch(Stage((Person(fidget),)), seconds=45)
    assert share_found(seen, since=7.0, until=45.0) > 0.98
    assert false_boxes(seen) == 0


def test_nobody_is_seen_once_they_have_left() -> None:
    stays = walk((-20, 220), (180, 220), begin=3, seconds=4, leaves=False)
    goes = walk((180, 220), (440, 220), begin=30, seconds=5)
    seen = watch(Stage((Person(lambda t: stays(t) if t < 30 else goes(t)),)), seconds=42)
    assert share_found(seen, since=7.0, until=34.0) > 0.95
    assert [len(found) for pts, found, true in seen if pts > 36.5] == [0] * sum(pts > 36.5 for pts, _, _ in seen)


def test_who_was_there_at_the_start_leaves_no_ghost() -> None:
    goes = walk((200, 230), (430, 230), begin=1, seconds=5)
    seen = watch(Stage((Person(lambda t: (200.0, 230.0) if t < 1 else goes(t)),)), seconds=10)
    assert share_found(seen, since=3.5, until=5.5) > 0.8
    assert false_boxes(seen, since=4.0) == 0


def test_two_who_cross_are_both_found_again() -> None:
    one = Person(walk((-20, 200), (420, 200), begin=2, seconds=10), clothes=(40, 50, 150))
    two = Person(walk((420, 225), (-20, 225), begin=2, seconds=10), clothes=(150, 80, 30))
    seen = watch(Stage((one, two)), seconds=13)
    assert share_found(seen, since=4.4, until=6.4) >= 0.85
    assert share_found(seen, since=8.5, until=10.8) >= 0.85


def sway(canvas: Canvas, t: float) -> None:
    """A bush whose leaves go to and fro."""
    random = np.random.default_rng(3)
    for x, y in random.uniform((20, 60), (110, 160), (60, 2)):
        move = 2.5 * np.sin(2.2 * t + x)
        cv2.circle(canvas, (int(x + move), int(y)), 5, (40, 90 + int(x) % 30, 50), -1)


def rain(canvas: Canvas, t: float) -> None:
    random = np.random.default_rng(int(t * 100))
    for x, y in random.uniform((0, 0), (WIDTH, HEIGHT), (120, 2)):
        cv2.line(canvas, (int(x), int(y)), (int(x) + 1, int(y) + 9), (205, 205, 205), 1)


def cloud(canvas: Canvas, t: float) -> None:
    """A shadow that drifts across the yard."""
    x = -150 + 40 * t
    darken(canvas, [(x, 110), (x + 120, 110), (x + 150, 290), (x - 10, 290)], 0.6)


def beam(canvas: Canvas, t: float) -> None:
    """A headlight that sweeps the ground."""
    x = -100 + 60 * t
    darken(canvas, [(x, 150), (x + 90, 140), (x + 100, 210), (x, 200)], 1.45)


def cat_walk(canvas: Canvas, t: float) -> None:
    """Something low that runs, after people have shown how tall they are."""
    if t > 24:
        x = -20 + 60 * (t - 24)
        cv2.ellipse(canvas, (int(x), 240), (13, 6), 0, 0, 360, (40, 40, 40), -1)


@pytest.mark.parametrize("extra", [cloud, beam], ids=lambda each: each.__name__)
def test_light_that_moves_is_nobody(extra) -> None:
    assert false_boxes(watch(Stage(extra=extra), seconds=15)) == 0


@pytest.mark.parametrize("extra", [sway, rain], ids=lambda each: each.__name__)
def test_leaves_and_rain_are_nobody_for_long(extra) -> None:
    """A box now and then may slip through, but not for a second: rules ask for a presence of two."""
    assert longest_false(watch(Stage(extra=extra), seconds=20)) < 1.0


def test_something_low_is_not_found_once_the_size_of_people_is_known() -> None:
    people = (crossing(2.0), crossing(12.0))
    seen = watch(Stage(people, extra=cat_walk), seconds=32)
    assert share_found(seen, since=13.5, until=19.0) >= 0.85
    assert false_boxes(seen, since=22.0) == 0


@pytest.mark.parametrize("factor", [0.55, 1.5], ids=["darker", "brighter"])
def test_lamps_that_are_switched_hide_nobody_and_invent_nobody(factor: float) -> None:
    beyond = Person(walk((-20, 135), (420, 135), begin=20, seconds=10))
    stage = Stage((standing(), beyond), light=lambda t: factor if t > 15 else 1.0)
    seen = watch(stage, seconds=30)
    assert longest_false(seen, since=17.0) < 0.5
    assert share_found(seen, since=22.0, until=26.0) >= 0.85


def test_a_thing_put_down_is_taken_into_the_background() -> None:
    def crate(canvas: Canvas, t: float) -> None:
        if t > 5:
            cv2.rectangle(canvas, (200, 180), (240, 210), (30, 60, 110), -1)

    assert false_boxes(watch(Stage(extra=crate), seconds=20)) == 0


def test_a_restarted_worker_still_sees_who_stands_there() -> None:
    stage = Stage((standing(),))
    before = MotionDetector()
    for shown in stage.frames(seconds=15, fps=5):
        before.detect(shown)
    state = before.state()
    assert state is not None
    assert len(state) < 300_000
    after = MotionDetector()
    after.restore(state)
    found = [after.detect(shown).xyxy for shown in stage.frames(seconds=10, fps=5, start=15, run_id=2)]
    true = stage.boxes(20.0)
    assert all(len(each) == 1 and iou(each, true)[0, 0] > 0.6 for each in found)


@pytest.mark.parametrize("state", [b"", b"rubbish", b"PK\x03\x04 no archive"])
def test_a_state_that_cannot_be_read_is_ignored(state: bytes) -> None:
    detector = MotionDetector()
    detector.restore(state)
    assert len(detector.detect(next(Stage().frames(seconds=1, fps=5)))) == 0


def test_a_state_of_another_picture_size_is_ignored() -> None:
    small, large = MotionDetector(), MotionDetector()
    small.detect(frame(np.zeros((120, 160, 3), np.uint8)))
    state = small.state()
    assert state is not None
    large.restore(state)
    assert len(large.detect(next(Stage().frames(seconds=1, fps=5)))) == 0


def test_a_new_connection_goes_on_with_what_is_known() -> None:
    stage, detector = Stage((standing(),)), MotionDetector()
    for shown in stage.frames(seconds=15, fps=5):
        detector.detect(shown)
    again = next(stage.frames(seconds=1, fps=5, start=20, run_id=2))
    assert len(detector.detect(frame(again.bgr(), pts=0.0))) == 1


def test_before_the_first_frame_there_is_no_state() -> None:
    assert MotionDetector().state() is None


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (442, 248)), ((320, 240), (320, 240)), ((8, 8), (16, 16))],
    ids=["large", "small stays", "tiny"],
)
def test_working_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert working_size(*size) == expected

"""The tracker on people whose paths are known: who keeps an id, who gets a new one, and what a restart changes."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.track.tracker import Tracker, TrackerParams
from pipeline.types import Detections, Tracks

WIDTH, HEIGHT = 1280, 720
Box = tuple[float, float, float]
"""Foot x, foot y and height of a person in px."""


def detections(people: Iterable[Box], score: float = 0.9, class_id: int = 0) -> Detections:
    boxes = [(x - h * 0.2, y - h, x + h * 0.2, y) for x, y, h in people]
    n = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.full(n, score, np.float32), np.full(n, class_id, np.int32)
    )


def step(tracker: Tracker, seen: Detections, pts: float, run_id: int = 1) -> Tracks:
    return tracker.update(
        seen, camera_id="dock", run_id=run_id, pts=pts, utc=1000.0 + pts + 60 * (run_id - 1), width=WIDTH, height=HEIGHT
    )


def test_nobody_is_an_empty_frame() -> None:
    tracks = step(Tracker(), Detections.empty(), 0.0)
    assert len(tracks) == 0
    assert tracks.aspect == pytest.approx(WIDTH / HEIGHT)


@pytest.mark.parametrize("fps", [2, 5, 10, 30])
def test_a_walker_keeps_one_id_at_any_rate(fps: int) -> None:
    tracker = Tracker()
    ids = set()
    for i in range(6 * fps):
        t = i / fps
        tracks = step(tracker, detections([(100 + 150 * t, 500, 200)]), t)
        assert len(tracks) == (i > 0)
        ids.update(tracks.track_id.tolist())
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("word", "score", "frames"), [("sure", 0.95, 2), ("doubtful", 0.75, 2), ("too faint to begin", 0.3, None)]
)
def test_how_soon_somebody_is_told(word: str, score: float, frames: int | None) -> None:
    tracker = Tracker()
    counts = [len(step(tracker, detections([(400, 500, 200)], score), i / 10)) for i in range(5)]
    assert counts == ([0] * 5 if frames is None else [0] * (frames - 1) + [1] * (6 - frames)), word


@pytest.mark.parametrize(("hidden_s", "same"), [(0.5, True), (3.0, True), (9.0, True), (11.0, False)])
def test_who_stands_hidden_keeps_the_id_up_to_lost_s(hidden_s: float, same: bool) -> None:
    tracker = Tracker()
    for i in range(50):
        before = step(tracker, detections([(400, 500, 200)]), i / 10)
    after = step(tracker, detections([(402, 501, 200)]), 4.9 + hidden_s)
    assert (after.track_id.tolist() == before.track_id.tolist()) is same


def test_nobody_reappears_where_they_cannot_have_walked() -> None:
    tracker = Tracker()
    for i in range(20):
        before = step(tracker, detections([(200, 500, 200)]), i / 10)
    after = step(tracker, detections([(1000, 500, 200)]), 2.9)
    assert set(after.track_id.tolist()).isdisjoint(before.track_id.tolist())


def test_two_who_cross_keep_their_ids() -> None:
    tracker = Tracker()
    first = last = None
    for i in range(41):
        t = i / 10
        tracks = step(tracker, detections([(300 + 150 * t, 500, 200), (900 - 150 * t, 520, 210)]), t)
        if i == 10:
            first = dict(zip(tracks.foot[:, 1].round(2).tolist(), tracks.track_id.tolist(), strict=True))
        last = dict(zip(tracks.foot[:, 1].round(2).tolist(), tracks.track_id.tolist(), strict=True))
    assert first == last


def test_a_second_box_on_one_person_is_no_second_person() -> None:
    tracker = Tracker()
    seen = set()
    for i in range(10):
        twice = detections([(400, 500, 200), (404, 503, 205)])
        seen.update(step(tracker, twice if i else detections([(400, 500, 200)]), i / 10).track_id.tolist())
    assert len(seen) == 1


def test_classes_are_not_mixed() -> None:
    tracker = Tracker()
    for i in range(4):
        person = step(tracker, detections([(400, 500, 200)]), i / 10)
    for i in range(4, 8):
        cart = step(tracker, detections([(400, 500, 200)], class_id=1), i / 10)
    assert cart.class_id[cart.observed].tolist() == [1]
    assert set(cart.track_id[cart.observed].tolist()).isdisjoint(person.track_id.tolist())


def test_boxes_stay_within_the_picture_and_on_the_grid() -> None:
    tracker = Tracker()
    people = detections([(5, 800, 300), (1279, 300, 250)])
    step(tracker, people, 0.0)
    tracks = step(tracker, people, 0.1)
    assert len(tracks) == 2
    assert tracks.xyxy.min() >= 0
    assert tracks.xyxy.max() <= 1
    px = tracks.xyxy.astype(np.float64) * [WIDTH, HEIGHT, WIDTH, HEIGHT]
    np.testing.assert_allclose(px, np.rint(px * 100) / 100, atol=1e-3)


def test_a_reconnection_is_an_occlusion_by_wall_time() -> None:
    def after(gap_s: float) -> tuple[list[int], list[int]]:
        tracker = Tracker()
        for i in range(20):
            before = step(tracker, detections([(400, 500, 200)]), i / 10)
        tracks = tracker.update(
            detections([(400, 500, 200)]), camera_id="dock", run_id=2, pts=0.0, utc=1001.9 + gap_s, width=WIDTH,
            height=HEIGHT,
        )  # fmt: skip
        return before.track_id.tolist(), tracks.track_id.tolist()

    before, short = after(3.0)
    assert short == before
    before, long = after(60.0)
    assert set(long).isdisjoint(before)


def test_who_is_hidden_for_an_instant_is_still_told_as_predicted() -> None:
    tracker = Tracker()
    for i in range(20):
        step(tracker, detections([(300 + 10 * i, 500, 200)]), i / 10)
    hidden = step(tracker, Detections.empty(), 2.0)
    assert hidden.observed.tolist() == [False]
    assert hidden.foot[0, 0] * WIDTH == pytest.approx(500, abs=6)
    assert len(step(tracker, Detections.empty(), 3.5)) == 0


def test_who_walks_out_of_the_picture_is_told_no_longer() -> None:
    tracker = Tracker()
    for i in range(20):
        step(tracker, detections([(WIDTH - 220 + 10 * i, 500, 200)]), i / 10)
    assert len(step(tracker, Detections.empty(), 2.0)) == 0


def test_a_picture_of_another_size_is_another_view() -> None:
    tracker = Tracker()
    for i in range(5):
        before = step(tracker, detections([(400, 500, 200)]), i / 10)
    for i in range(5, 8):
        after = tracker.update(
            detections([(400, 500, 200)]), camera_id="dock", run_id=1, pts=i / 10, utc=i / 10, width=1920, height=1080
        )
    assert set(after.track_id.tolist()).isdisjoint(before.track_id.tolist())


def test_time_must_advance_within_a_run() -> None:
    tracker = Tracker()
    step(tracker, Detections.empty(), 1.0)
    with pytest.raises(ValueError, match="advance"):
        step(tracker, Detections.empty(), 1.0)
    step(tracker, Detections.empty(), 0.0, run_id=2)


@pytest.mark.parametrize(
    "wrong", [{"low_score": 0.95}, {"birth_score": 1.2}, {"lost_s": 0.0}, {"unproven_s": -1.0}], ids=str
)
def test_parameters_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        TrackerParams(**wrong)  # type: ignore[arg-type]


def random_scene(seed: int, frames: int) -> list[Detections]:
    rng = np.random.default_rng(seed)
    people = rng.uniform([100, 300, 80], [1100, 700, 250], (6, 3))
    walk = rng.normal(0, 6, (6, 2))
    scene = []
    for i in range(frames):
        at = people + np.hstack((walk * i, np.zeros((6, 1)))) + rng.normal(0, 1.5, (6, 3))
        there = rng.random(6) < 0.8
        scene.append(detections([tuple(p) for p in at[there]], score=float(rng.uniform(0.4, 1.0))))
    return scene


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 30))
def test_a_restart_changes_nothing(seed: int, cut: int) -> None:
    scene = random_scene(seed, 30)
    whole, first, second = Tracker(), Tracker(), Tracker()
    expected = [step(whole, seen, i / 10) for i, seen in enumerate(scene)]
    got = [step(first, seen, i / 10) for i, seen in enumerate(scene[:cut])]
    second.restore(json.loads(json.dumps(first.state())))
    got += [step(second, seen, (i + cut) / 10) for i, seen in enumerate(scene[cut:])]
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_array_equal(one.track_id, other.track_id)
        np.testing.assert_array_equal(one.xyxy, other.xyxy)


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        Tracker().restore({"version": 0})


def test_ids_are_unique_in_a_frame_and_input_is_not_changed() -> None:
    tracker = Tracker()
    for i, seen in enumerate(random_scene(3, 60)):
        copy = seen.xyxy.copy()
        tracks = step(tracker, seen, i / 10)
        assert len(set(tracks.track_id.tolist())) == len(tracks)
        np.testing.assert_array_equal(copy, seen.xyxy)


def test_memory_is_bounded_by_lost_s() -> None:
    tracker = Tracker()
    rng = np.random.default_rng(7)
    most = 0
    for i in range(2000):
        seen = detections([(float(rng.uniform(100, 1200)), 500, float(rng.uniform(80, 300))) for _ in range(3)], 0.95)
        step(tracker, seen, i / 2)
        most = max(most, len(tracker.state()["people"]["track_id"]))
    assert most <= 3 * 2 * 12

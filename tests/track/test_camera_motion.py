"""A camera that moves is followed; one that stands still is never made to move by the people before it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.track.camera_motion import CameraMotion
from pipeline.track.tracker import Tracker, TrackerParams
from pipeline.types import Detections

SIGMA = 4.0


def shifts(camera: CameraMotion, motion_px: float, *, people: int = 6, frames: int = 60) -> np.ndarray:
    """Shifts told over `frames`, (frames, 2), for a picture that moves to and fro by `motion_px` across."""
    rng = np.random.default_rng(0)
    told = []
    for i in range(frames):
        off = rng.normal(0, SIGMA, (2, people))
        off[0] += motion_px * (-1) ** i
        told.append(camera.shift(off, np.full((2, people), SIGMA**2), 0.1))
    return np.array(told)


def test_a_fixed_camera_stays_fixed() -> None:
    told = np.abs(shifts(CameraMotion(), 0.0))
    assert (told > 0).mean() < 0.2
    assert told.max() < SIGMA


def test_a_shaking_camera_is_followed_across_but_not_down() -> None:
    told = np.abs(shifts(CameraMotion(), 40.0))
    assert told[5:, 0] == pytest.approx(40.0, rel=0.2)
    assert told[:, 1].mean() < 1.0


@pytest.mark.parametrize("people", [0, 1, 2])
def test_few_people_are_no_camera(people: int) -> None:
    camera = CameraMotion()
    assert not camera.shift(np.full((2, people), 50.0), np.ones((2, people)), 0.1).any()
    assert not camera.var.any()


def test_a_person_who_walks_while_others_stand_moves_no_camera() -> None:
    off = np.zeros((2, 5))
    off[0, 0] = 60.0
    assert not CameraMotion().shift(off, np.full((2, 5), SIGMA**2), 0.1).any()


def ids_under_jolts(tracker: Tracker) -> set[int]:
    """Ids that five people who stand still are given while the camera jumps by 30 px from frame to frame."""
    ids = []
    rng = np.random.default_rng(1)
    for i in range(60):
        jolt = 0 if i < 20 else 30 * (-1) ** i
        left = np.array([100, 300, 500, 700, 900]) + jolt + rng.normal(0, 1, 5)
        xyxy = np.column_stack((left, np.full(5, 300), left + 60, np.full(5, 450))).astype(np.float32)
        seen = Detections(xyxy, np.full(5, 0.9, np.float32), np.zeros(5, np.int32))
        tracks = tracker.update(seen, camera_id="c", run_id=1, pts=i / 10, utc=i / 10, width=1280, height=720)
        ids.append(tracks.track_id[tracks.observed])
    return set(np.concatenate(ids).tolist())


def test_ids_survive_a_jolted_camera() -> None:
    assert ids_under_jolts(Tracker()) == {1, 2, 3, 4, 5}


def test_a_camera_that_is_said_to_be_fixed_is_taken_at_its_word() -> None:
    tracker = Tracker(TrackerParams(camera_moves=False))
    ids_under_jolts(tracker)
    assert tracker.state()["camera"] == [0.0, 0.0]

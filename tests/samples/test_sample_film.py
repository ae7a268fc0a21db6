"""What the renderer draws, on a tiny picture: repeatable frames, truth that fits, shadows, faults."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from sample_videos.renderer.actors import Person
from sample_videos.renderer.body import Look
from sample_videos.renderer.conditions import Weather
from sample_videos.renderer.depot import CAMERAS
from sample_videos.renderer.scene import Fault, Scene
from sample_videos.renderer.walk import Stand, Walk

pytestmark = pytest.mark.skipif(find_spec("numba") is None, reason="the render extra is not installed")

CAMERA = replace(CAMERAS["yard"], width=128, height=72)
SCENE = Scene(
    clip="tiny",
    camera="yard",
    camera_id="yard",
    title="A test",
    start="2026-01-01T00:00:00+00:00",
    weather=Weather(noise=0.0),
    people=(
        Person("near", Look(), 1.0, (28.0, 10.0), (Walk(((26.0, 8.5),), 1.0), Stand(3.0, 0))),
        Person("hidden", Look(), 1.0, (20.6, 3.9), (Stand(5.0, 0),)),
    ),
    duration_s=5,
    fps=10,
    faults=(Fault("frozen", 3.0, 4.0), Fault("covered", 4.2, 6.0)),
)


@pytest.fixture(scope="module")
def film():
    from sample_videos.renderer.film import Film

    return Film(SCENE, CAMERA)


def test_a_frame_is_the_same_whenever_it_is_asked_for(film) -> None:
    first = film.frame(20).rgb
    film.frame(5)
    assert (film.frame(20).rgb == first).all()


def test_nobody_is_seen_before_they_come(film) -> None:
    assert film.frame(5).seen == ()


def test_boxes_hold_the_people_and_visibility_tells_who_is_hidden(film) -> None:
    near, hidden = film.frame(25).seen
    assert near.visibility > 0.95
    assert hidden.visibility < 0.3
    x, y, w, h = near.tlwh
    changed = np.abs(film.frame(25).rgb.astype(int) - film.frame(2).rgb).max(2) > 25
    rows, cols = np.nonzero(changed[int(y) : int(y + h) + 1, int(x) : int(x + w) + 1])
    assert np.ptp(rows) > 0.8 * h
    assert np.ptp(cols) > 0.6 * w


def test_a_person_casts_a_shadow_beside_them(film) -> None:
    empty, drawn = film.frame(2).rgb.astype(int), film.frame(25)
    x, y, w, h = (int(v) for v in drawn.seen[0].tlwh)
    outside = np.ones(empty.shape[:2], bool)
    outside[y - 1 : y + h + 2, x - 1 : x + w + 2] = False
    assert ((empty - drawn.rgb).mean(2)[outside] > 20).sum() >= 5


def test_a_frozen_picture_stands_still_while_the_truth_goes_on(film) -> None:
    assert (film.frame(31).rgb == film.frame(39).rgb).all()
    assert all(seen.visibility == 0 for seen in film.frame(35).seen)


def test_a_covered_lens_shows_nothing(film) -> None:
    assert film.frame(49).rgb.mean() < 0.4 * film.frame(20).rgb.mean()
    assert film.frame(49).rgb.std() < 0.7 * film.frame(20).rgb.std()

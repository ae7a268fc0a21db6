"""The synthetic days: the logs that lie here are the ones the code writes, and they teach the usual ways."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from rules.routes import RouteModel
from sample_videos.renderer.depot import CAMERAS
from sample_videos.renderer.lessons import lesson
from sample_videos.renderer.oracle import Stay, learned_events
from sample_videos.renderer.routine import day_of

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
every_view = pytest.mark.parametrize("view", list(CAMERAS))


@every_view
def test_logs_are_what_the_code_writes(view: str) -> None:
    with gzip.open(SAMPLES / "tracks" / f"{view}.jsonl.gz", "rt") as lines:
        kept = [json.loads(line) for line in islice(lines, 20)]
    assert kept == list(islice(day_of(CAMERAS[view]), 20))


@every_view
def test_a_day_is_in_order_inside_the_picture_and_in_working_hours(view: str) -> None:
    tracks = list(day_of(CAMERAS[view]))
    assert len(tracks) > 200
    begins = [track["t"][0] for track in tracks]
    assert begins == sorted(begins)
    assert 6 * 3600 <= begins[0] <= begins[-1] <= 20.1 * 3600
    for track in tracks:
        xy, t = np.array(track["xy"]), np.array(track["t"])
        assert ((xy >= 0) & (xy <= 1)).all()
        assert (np.diff(t) > 0).all()
        assert len(xy) == len(t) == len(track["h"]) >= 8


def test_usual_ways_are_walked_both_ways() -> None:
    moved = [np.subtract(track["xy"][-1], track["xy"][0])[0] for track in day_of(CAMERAS["yard"])]
    assert 0.3 < np.mean(np.array(moved) > 0) < 0.7


def test_a_lesson_learns_every_walk_and_can_be_kept() -> None:
    model = lesson("yard", days=2, limit=30)
    assert model.learned == 60
    assert RouteModel.from_bytes(model.to_bytes()).learned == 60


def test_the_kept_lesson_is_ready_to_judge() -> None:
    model = RouteModel.from_bytes((SAMPLES / "routes" / "yard.model").read_bytes())
    assert model.ready


@pytest.mark.parametrize(("word", "y", "due"), [("on the usual way", 0.5, []), ("far from it", 0.9, [2.0])])
def test_far_from_every_usual_walk(word: str, y: float, due: list[float]) -> None:
    usual = np.column_stack((np.linspace(0, 1, 200), np.full(200, 0.5)))
    t = np.arange(0, 4, 0.5)
    stay = Stay(1, t, np.column_stack((t / 4, np.where(t < 2, 0.5, y))), np.full(len(t), 0.2))
    site = {"cameras": {"c": {"rules": [{"id": "r", "kind": "unusual_route", "false_alarms_per_week": 1}]}}}
    assert [e.t_s for e in learned_events(site, "c", [stay], usual, aspect=1.0)] == due, word

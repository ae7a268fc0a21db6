"""The shipped clips agree with their manifest, their truth and the site file, without any renderer."""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.site import load_site as load_checked
from sample_videos.renderer.depot import CAMERAS
from sample_videos.renderer.oracle import expected_events, stays, utc_of
from sample_videos.renderer.truth import load_site, read_rows
from sample_videos.scenes import SCENES

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
MANIFEST = tomllib.loads((SAMPLES / "manifest.toml").read_text())
CLIPS = {entry["name"]: entry for entry in MANIFEST["clip"]}
SITE = load_site(SAMPLES)

every_clip = pytest.mark.parametrize("name", list(CLIPS))


def truth_of(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.truth.json").read_text())


@every_clip
def test_file_is_what_the_manifest_says(name: str) -> None:
    entry = CLIPS[name]
    data = (SAMPLES / entry["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert len(data) == entry["bytes"] < 4_000_000


@every_clip
def test_stream_is_h264_with_the_promised_frames(name: str) -> None:
    entry = CLIPS[name]
    with av.open(str(SAMPLES / entry["file"])) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert [stream.codec_context.width, stream.codec_context.height] == entry["size"]
        assert float(stream.average_rate or 0) == pytest.approx(entry["fps"])
        assert stream.frames == entry["frames"]
        assert bool(stream.codec_context.has_b_frames) == entry["b_frames"]
        assert 40 <= stream.frames / entry["fps"] <= 120


def test_all_together_are_small_enough_for_the_wheel() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if "__pycache__" not in path.parts) < 20_000_000


def test_site_file_is_valid_and_plays_every_clip() -> None:
    site = load_checked(SAMPLES / "site.yaml")
    assert {config.source for config in site.cameras.values()} == {entry["file"] for entry in CLIPS.values()}


@every_clip
def test_start_agrees_everywhere(name: str) -> None:
    entry, truth = CLIPS[name], truth_of(name)
    camera = SITE["cameras"][entry["camera"]]
    assert camera["source"] == entry["file"]
    assert datetime.fromisoformat(camera["start"]) == datetime.fromisoformat(entry["start"])
    assert truth["start"] == entry["start"]


@every_clip
def test_expected_events_follow_from_the_boxes(name: str) -> None:
    entry, truth = CLIPS[name], truth_of(name)
    width, height = entry["size"]
    people = stays(read_rows(SAMPLES / f"{name}.gt.txt"), fps=entry["fps"], width=width, height=height)
    found = expected_events(SITE, entry["camera"], people, aspect=width / height)
    told = [(e["kind"], e["rule_id"], e["zone_id"], e["person"], e["t_s"]) for e in truth["expected"]]
    assert told == [(e.kind, e.rule_id, e.zone_id, e.person, round(e.t_s, 3)) for e in found]
    assert len(told) == entry["expected_events"]
    assert all(e["utc"] == utc_of(entry["start"], e["t_s"]) for e in truth["expected"])


@every_clip
def test_boxes_stand_where_the_calibration_puts_the_feet(name: str) -> None:
    """The projection of the ground point below the hips lies near the bottom of the box, within a step."""
    truth = truth_of(name)
    rows, calibration = read_rows(SAMPLES / f"{name}.gt.txt"), truth["calibration"]
    for turned in (f for f in truth["faults"] if f["kind"] == "moved"):
        rows = rows[rows[:, 0] <= turned["begin_s"] * truth["fps"]]
    p = np.array(calibration["K"]) @ np.column_stack((calibration["R"], calibration["t_m"]))
    for person in truth["people"]:
        mine = rows[rows[:, 1] == person["id"]][::10]
        feet = np.array(person["foot_m"]).reshape(-1, 2)[mine[:, 0].astype(int) - person["first_frame"]]
        q = np.column_stack((feet, np.zeros(len(feet)), np.ones(len(feet)))) @ p.T
        q = q[:, :2] / q[:, 2:]
        bottom = np.column_stack((mine[:, 2] - 1 + mine[:, 4] / 2, mine[:, 3] - 1 + mine[:, 5]))
        assert (np.abs(q - bottom) < 0.35 * mine[:, 5:6]).all()


@every_clip
def test_clips_are_what_the_scenes_would_draw_today(name: str) -> None:
    """Boxes of the file against the people of the scene file, so that nobody changes one without the other."""
    scene, checked = SCENES[name], 0
    turned = [(fault.begin_s, fault.end_s) for fault in scene.faults if fault.look_at is not None]
    for row in read_rows(SAMPLES / f"{name}.gt.txt")[::61]:
        t = (row[0] - 1) / scene.fps
        shape = scene.people[int(row[1]) - 1].shape(t)
        assert shape is not None
        if not any(begin_s <= t < end_s for begin_s, end_s in turned):
            drawn = CAMERAS[scene.camera].project(shape.points)[:, :2]
            low, high = drawn.min(0), drawn.max(0)
            assert np.concatenate((low + 1, high - low)) == pytest.approx(row[2:6], abs=0.02)
            checked += 1
    assert checked >= 5


@every_clip
def test_truth_begins_with_an_empty_scene(name: str) -> None:
    """Detectors that learn the background get three seconds of it."""
    rows = read_rows(SAMPLES / f"{name}.gt.txt")
    assert not len(rows[(rows[:, 0] <= 3 * CLIPS[name]["fps"]) & (rows[:, 8] > 0.3)])


def test_public_clips_are_told_by_address_digest_and_licence() -> None:
    public = tomllib.loads((SAMPLES / "public.toml").read_text())["public"]
    assert MANIFEST["public"] == public
    for entry in public:
        assert entry["url"].startswith("https://")
        assert entry["url"].endswith(entry["file"])
        assert len(bytes.fromhex(entry["sha256"])) == 32
        assert entry["licence"]
        assert entry["credit"]
    stays_s = np.array(next(entry["stays_s"] for entry in public if entry["name"] == "one-by-one")).ravel()
    assert len(stays_s) == 12
    assert (np.diff(stays_s) > 0).all()


def test_pictures_move_and_are_neither_black_nor_white() -> None:
    for entry in CLIPS.values():
        with av.open(str(SAMPLES / entry["file"])) as container:
            first = next(container.decode(video=0)).to_ndarray(format="gray")
        assert 15 < first.mean() < 235, entry["name"]
        assert first.std() > 15, entry["name"]

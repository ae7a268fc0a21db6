"""What a privacy mask hides is seen by nobody: detector, eye test, snapshot, offered view, live picture, clip, log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.site import Site, parse_site
from pipeline.snapshot import Snapshots, live_picture
from pipeline.types import Alert, Event, Frame, Tracks
from pipeline.video.clip import ClipInfo
from pipeline.video.source import open_source

SITE = """
site: {name: Yard, timezone: UTC}
cameras:
  dock:
    source: clip.mp4
    masks: [[[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]]
    zones: {bay: {polygon: [[0.0, 0.5], [0.3, 0.5], [0.3, 1.0]]}}
"""
WIDTH, HEIGHT = 320, 180
BLACK = 40
"""Video black is 16, coding and chroma leave some grey levels; the hidden half is as bright as can be."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("masks") / "clip.mp4"
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"preset": "ultrafast", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(40):
            picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            picture[:, WIDTH // 2 :] = (255, 255, 255) if index % 2 else (0, 255, 255)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def site() -> Site:
    return parse_site(SITE, "site.yaml")


@pytest.fixture
def seen(clip: Path, site: Site, tmp_path: Path) -> dict[str, Any]:
    """Every picture that leaves the source or the worker, by name, as (H, W, 3) or (H, W)."""
    pictures: dict[str, Any] = {}
    with open_source("dock", str(clip), clock=FakeClock(), masks=site.cameras["dock"].masks) as source:
        frames = list(source.frames())
        made = source.ring.cut(0.0, 4.0, tmp_path / "cut.mp4")
    assert isinstance(made, ClipInfo)
    frame, tracks = frames[20], one_person(frames[20])
    pictures["the eye test's and the movement detector's brightness"] = frame.luma()
    pictures["the whole picture"] = frame.bgr()
    for size in ((416, 234), (160, 90), (WIDTH // 2, HEIGHT // 2), (641, 361)):
        pictures[f"a model's input or a region's page at {size}"] = frame.scaled(*size)
    folder = Snapshots(site, "dock", folder=tmp_path)
    for name, item in (("snapshot", folder.snapshot(alert(), frame, tracks)), ("view", folder.view("v1", frame))):
        assert item is not None
        pictures[name] = cv2.imread(str(tmp_path / item.path))[:HEIGHT]
    pictures["live picture"] = cv2.imdecode(
        np.frombuffer(live_picture(frame, tracks, site.cameras["dock"]), np.uint8), 1
    )
    with av.open(tmp_path / "cut.mp4") as cut:
        for number, shown in enumerate(cut.decode(video=0)):
            pictures[f"clip, picture {number}"] = shown.to_ndarray(format="bgr24")
    return pictures


def one_person(frame: Frame) -> Tracks:
    return Tracks(
        camera_id="dock", run_id=1, pts=frame.pts, utc=frame.utc, aspect=16 / 9, track_id=np.array([1]),
        xyxy=np.array([[0.1, 0.5, 0.2, 0.9]], np.float32), score=np.array([0.9], np.float32),
        class_id=np.array([0], np.int32), observed=np.array([True]),
    )  # fmt: skip


def alert() -> Alert:
    event = Event(
        kind="after_hours", state="start", rule_id="r", rule_version="1", camera_id="dock", run_id=1, track_ids=(1,),
        zone_id="bay", since_utc=1.0, utc=2.0, pts=2.0, score=0.9, why={}, key="k1",
    )  # fmt: skip
    return Alert(
        alert_id="k1", incident_id="i1", severity="high", state="new", trial=False, detector="motion", event=event
    )


def test_no_hidden_pixel_leaves(seen: dict[str, Any]) -> None:
    assert len([name for name in seen if name.startswith("clip")]) >= 30
    for name, picture in seen.items():
        hidden = picture[:, picture.shape[1] // 2 :]
        shown = picture[:, : picture.shape[1] // 2 - 4]
        assert hidden.max() <= BLACK, name
        assert shown.max() > 2 * BLACK, name


def test_the_same_without_masks_shows_it_all(clip: Path) -> None:
    """The test above would notice."""
    with open_source("dock", str(clip), clock=FakeClock()) as source:
        frame = list(source.frames())[20]
    assert frame.bgr()[:, WIDTH // 2 + 4 :].max() > 200

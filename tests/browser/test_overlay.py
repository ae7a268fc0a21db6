"""The clip with its track: drawn over the video in the page, at the picture's own time; the file stays as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from pipeline.alerts.message import evidence_message
from pipeline.folders import shipped
from pipeline.types import Evidence
from rules.types import Tracks
from tests.browser.desk import find, open_page, press, text, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]
START = 1_780_000_000.0
PIXELS = """
const canvas = document.querySelector('clip-player canvas');
const video = document.querySelector('clip-player video');
const k = canvas.width / canvas.clientWidth;
const scale = Math.min(canvas.clientWidth / video.videoWidth, canvas.clientHeight / video.videoHeight);
const x0 = (canvas.clientWidth - video.videoWidth * scale) / 2, y0 = (canvas.clientHeight - video.videoHeight * scale) / 2;
const at = (x, y) => [...canvas.getContext('2d').getImageData(
  Math.round((x0 + x * video.videoWidth * scale) * k), Math.round((y0 + y * video.videoHeight * scale) * k), 1, 1).data];
return arguments[0].map(([x, y]) => at(x, y)[3] > 0);
"""


def walking(camera_id: str, since_utc: float, until_utc: float) -> Iterator[Tracks]:
    """Somebody whose left edge is at 0.1 in the first second of the clip and at 0.5 from then on."""
    for tick in range(50):
        utc = START + tick * 0.2
        left = 0.1 if utc < START + 1 else 0.5
        yield Tracks(
            camera_id=camera_id, run_id=1, pts=tick * 0.2, utc=utc, aspect=1.5, track_id=np.array([1], np.int64),
            xyxy=np.array([[left, 0.2, left + 0.2, 0.8]], np.float32), score=np.ones(1, np.float32),
            class_id=np.zeros(1, np.int32), observed=np.ones(1, np.bool_),
        )  # fmt: skip


@pytest.fixture
def clip(make_desk, browser: WebDriver) -> tuple[Any, WebDriver]:
    desk = make_desk(tracks=walking)
    data = (shipped("sample_videos") / "dock_night.mp4").read_bytes()
    (desk.folder / "evidence" / "clip.mp4").write_bytes(data)
    kept = Evidence(
        kind="clip", path="clip.mp4", sha256=hashlib.sha256(data).hexdigest(), media_type="video/mp4", start_utc=START
    )
    desk.raise_alert("k1", utc=START + 5)
    desk.store.ingest([evidence_message(alert_id="k1", camera_id="dock", evidence=kept, raised_utc=START)])
    open_page(browser)
    until(lambda: "Loitering" in text(browser, "alert-detail"), why="nothing is chosen")
    press(browser, "p")
    until(lambda: browser.execute_script("return document.querySelector('video')?.videoWidth > 0"), why="no video")
    browser.execute_script("document.querySelector('video').pause()")
    return desk, browser


def seek(browser: WebDriver, seconds: float) -> None:
    browser.execute_script("document.querySelector('video').currentTime = arguments[0]", seconds)
    ready = "const v = document.querySelector('video'); return !v.seeking && v.readyState >= 2"
    until(lambda: browser.execute_script(ready), why="the video cannot be wound")


def drawn(browser: WebDriver, *places: tuple[float, float]) -> list[bool]:
    return list(browser.execute_script(PIXELS, [list(place) for place in places]))


def test_the_box_is_where_it_was_at_the_pictures_time(clip) -> None:
    _, browser = clip
    for seconds, expected in ((0.4, [True, False]), (3.0, [False, True])):
        seek(browser, seconds)
        until(lambda e=expected: drawn(browser, (0.1, 0.35), (0.5, 0.35)) == e, why=f"wrong box at {seconds} s")
    press(browser, "o")
    until(lambda: drawn(browser, (0.1, 0.35), (0.5, 0.35)) == [False, False], why="O does not take it away")


def test_the_stored_bits_are_untouched(clip) -> None:
    desk, browser = clip
    (item,) = [one for one in desk.store.alert("k1")["evidence"] if one["kind"] == "clip"]
    assert hashlib.sha256((desk.folder / "evidence" / "clip.mp4").read_bytes()).hexdigest() == item["sha256"]
    assert find(browser, "clip-player video").get_property("src").endswith(item["evidence_id"])

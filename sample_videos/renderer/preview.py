"""The README's moving picture: a clip as Nightjar watches it, until its alert comes. Nothing is staged.

`nightjar analyze` runs on the clip with the sample site; its track and event files are drawn over the picture with the
product's own drawing, beside a card with the product's own sentence.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.alerts.drawing import TRACK, ZONE, draw_snapshot
from pipeline.alerts.sentence import sentence

from .truth import load_site

Picture = NDArray[np.uint8]
FPS, BEFORE_S, AFTER_S, SLIDE_S = 5, 13.0, 2.6, 0.6
BAR, GAP, PANEL, STATUS = 44, 12, 268, 56
QUALITY = 78
GROUND, CARD, EDGE, WORDS, QUIET = (27, 21, 17), (43, 34, 28), (66, 54, 45), (238, 238, 236), (178, 166, 156)  # BGR
LIVE = (120, 190, 110)


@dataclass(frozen=True, slots=True)
class Watched:
    """What analysing a clip gave: rows of tracks.txt (N, 10) at `fps`, the alert's event, the zone's polygon."""

    rows: NDArray[np.float64]
    fps: float
    event: dict[str, Any]
    zone: list[list[float]]
    site: dict[str, Any]

    @property
    def since_s(self) -> float:
        begun, due = (datetime.fromisoformat(self.event[k]) for k in ("since_utc", "utc"))
        return float(self.event["pts"] - (due - begun).total_seconds())


def preview(folder: Path, camera_id: str, target: Path, analyze: Callable[[list[str]], int]) -> Path:
    """Write the animated WebP of a camera's first alert to `target`; `analyze` runs the command of that name.

    Raises:
        ValueError: the camera's clip raises no alert.
    """
    site = load_site(folder)
    watched = watch(folder, site, camera_id, analyze)
    clip = folder / site["cameras"][camera_id]["source"]
    film = cv2.Animation()
    film.frames = [scene(picture, t, watched) for t, picture in pictures(clip, watched.event["pts"])]
    film.durations = [1000 // FPS] * (len(film.frames) - 1) + [2500]
    partial = target.with_name(f"{target.stem}.part.webp")
    if not cv2.imwriteanimation(str(partial), film, [cv2.IMWRITE_WEBP_QUALITY, QUALITY]):
        raise ValueError(f"{target}: cannot be written")
    return partial.replace(target)


def watch(folder: Path, site: dict[str, Any], camera_id: str, analyze: Callable[[list[str]], int]) -> Watched:
    """Run the product over the clip with movement detection."""
    camera = site["cameras"][camera_id]
    with tempfile.TemporaryDirectory() as place:
        asked = ["--site", str(folder / "site.yaml"), "--camera", camera_id, "--out", place, "--data", place]
        if analyze(["analyze", str(folder / camera["source"]), *asked]):
            raise ValueError(f"{camera_id}: the clip cannot be analysed")
        rows = np.loadtxt(Path(place) / "tracks.txt", delimiter=",", ndmin=2)
        events = [json.loads(line) for line in (Path(place) / "events.jsonl").read_text().splitlines()]
    starts = [event for event in events if event["state"] == "start" and event["zone_id"] in camera.get("zones", {})]
    if not starts:
        raise ValueError(f"{camera_id}: no alert in a zone to show")
    truth = json.loads((folder / camera["source"]).with_suffix(".truth.json").read_text())
    return Watched(rows, float(truth["fps"]), starts[0], camera["zones"][starts[0]["zone_id"]]["polygon"], site)


def pictures(clip: Path, due_s: float) -> list[tuple[float, Picture]]:
    """Time and picture (H, W, 3), FPS a second, around `due_s`."""
    out: list[tuple[float, Picture]] = []
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            t = float(frame.time or 0.0)
            if t > due_s + AFTER_S:
                break
            if t >= due_s - BEFORE_S + len(out) / FPS:
                out.append((t, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)))
    return out


def scene(picture: Picture, t: float, watched: Watched) -> Picture:
    """One frame of the preview: title, live picture, how long it has lasted, the alert's card."""
    height, width = picture.shape[:2]
    canvas = np.full((BAR + height + STATUS + GAP, width + PANEL + 3 * GAP, 3), GROUND, np.uint8)
    cv2.circle(canvas, (30, 22), 9, TRACK, 2, cv2.LINE_AA)
    cv2.circle(canvas, (30, 22), 3, TRACK, -1, cv2.LINE_AA)
    _text(canvas, "Nightjar", (50, 28), 17, WORDS)
    _text(canvas, watched.site["site"]["name"], (132, 28), 15, QUIET)
    cv2.circle(canvas, (canvas.shape[1] - 62, 22), 5, LIVE, -1, cv2.LINE_AA)
    _text(canvas, "Live", (canvas.shape[1] - 50, 27), 14, QUIET)
    canvas[BAR : BAR + height, GAP : GAP + width] = drawn(picture, t, watched)
    _lasting(canvas[BAR + height :, GAP : GAP + width], t, watched)
    _alerts(canvas[BAR : BAR + height, width + 2 * GAP : -GAP], t, watched)
    return canvas


def drawn(picture: Picture, t: float, watched: Watched) -> Picture:
    """The picture with zone, the path since the stay began, and corners around everybody followed just now."""
    height, width = picture.shape[:2]
    times, boxes = watched_times(watched), watched.rows[:, 2:6] - (1, 1, 0, 0)
    boxes = np.column_stack((boxes[:, :2], boxes[:, :2] + boxes[:, 2:])) / (width, height, width, height)
    mine = np.isin(watched.rows[:, 1], watched.event["track_ids"])
    now = np.abs(times - t) < 0.5 / FPS + 0.02
    past = mine & (times <= t + 0.02) & (times >= watched.since_s - 1e-6)
    path = np.column_stack(((boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]))[past]
    return draw_snapshot(picture, boxes=boxes[now & mine], others=boxes[now & ~mine], paths=[path], zone=watched.zone)


def watched_times(watched: Watched) -> NDArray[np.float64]:
    """Seconds of each row; frames count from 1 at the clip's constant rate."""
    return np.asarray((watched.rows[:, 0] - 1) / watched.fps)


def _lasting(strip: Picture, t: float, watched: Watched) -> None:
    """How long the stay has lasted against the rule's limit, as a bar."""
    limit = float(watched.event["why"]["threshold_s"])
    lasted = float(np.clip(t - watched.since_s, 0, limit))
    due = t >= watched.event["pts"]
    colour = TRACK if due else ZONE
    _text(strip, f"{watched.event['camera_id']}  /  {watched.event['zone_id']}", (0, 24), 14, WORDS)
    _text(strip, f"in the zone for {lasted:.0f} s, limit {limit:.0f} s", (150, 24), 14, colour if due else QUIET)
    cv2.rectangle(strip, (0, 36), (strip.shape[1], 44), CARD, -1)
    cv2.rectangle(strip, (0, 36), (round(strip.shape[1] * lasted / limit), 44), colour, -1)


def _alerts(panel: Picture, t: float, watched: Watched) -> None:
    """The list of alerts: empty until the event, then its card slides in."""
    cv2.rectangle(panel, (0, 0), (panel.shape[1] - 1, panel.shape[0] - 1), EDGE, 1)
    come = float(np.clip((t - watched.event["pts"] + 0.1) / SLIDE_S, 0, 1))
    _text(panel, "Alerts", (14, 28), 15, WORDS)
    _text(panel, "1 new" if come else "none", (panel.shape[1] - 60, 28), 13, TRACK if come else QUIET)
    if not come:
        return
    card = _card(panel.shape[1] - 20, watched)
    left = round(10 + (1 - come) ** 2 * panel.shape[1])
    visible = card[: panel.shape[0] - 54, : max(0, panel.shape[1] - 1 - left)]
    panel[44 : 44 + len(visible), left : left + visible.shape[1]] = visible


def _card(width: int, watched: Watched) -> Picture:
    event = watched.event
    when = datetime.fromisoformat(event["utc"]).astimezone(ZoneInfo(watched.site["site"]["timezone"]))
    said = sentence(
        kind=event["kind"], subject="movement", zone_id=event["zone_id"], camera_id=event["camera_id"], why=event["why"]
    )
    rows = _broken(said, 15, width - 34)
    card = np.full((92 + 22 * len(rows) + 46, width, 3), CARD, np.uint8)
    card[:, :5] = TRACK
    _text(card, event["kind"].replace("_", " ").capitalize(), (18, 30), 18, WORDS)
    _text(card, when.strftime("%H:%M:%S"), (width - 78, 30), 14, QUIET)
    _text(card, f"{event['camera_id']}  /  {event['zone_id']}", (18, 56), 14, QUIET)
    for i, row in enumerate(rows):
        _text(card, row, (18, 86 + 22 * i), 15, WORDS)
    top = len(card) - 42
    cv2.rectangle(card, (18, top), (134, top + 28), (224, 196, 146), -1, cv2.LINE_AA)
    _text(card, "Acknowledge", (28, top + 19), 14, GROUND)
    return card


def _broken(text: str, size: int, width: int) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if rows[-1] and cv2.getTextSize((10_000, 100), longer, (0, 0), cv2.FontFace("sans"), size)[2] > width:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows


def _text(image: Picture, text: str, at: tuple[int, int], size: int, colour: tuple[int, int, int]) -> None:
    cv2.putText(image, text, at, colour, cv2.FontFace("sans"), size)

"""The pictures of one camera: of an alert, with its track and reason drawn on it, and the live one for the page."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.alerts.drawing import draw_snapshot, encode_jpeg
from pipeline.alerts.evidence import EvidenceFolder
from pipeline.alerts.message import plain
from pipeline.alerts.sentence import sentence
from pipeline.site import CameraConfig, Site
from pipeline.types import Alert, Event, Evidence, Frame, Tracks

PATH_S = 60.0
"""As far back as the clip goes."""
LIVE_SIZE = (640, 360)
LIVE_QUALITY = 75


class Trails:
    """Where everybody's foot was in the last minute. `add` takes every analysed frame."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, NDArray[np.int64], NDArray[np.float64]]] = deque()

    def add(self, tracks: Tracks) -> None:
        self._frames.append((tracks.utc, tracks.track_id, tracks.foot))
        while self._frames and tracks.utc - self._frames[0][0] > PATH_S:
            self._frames.popleft()

    def path(self, track_id: int, *, since_utc: float) -> list[list[float]]:
        """Points [utc, x, y] of one track from `since_utc` on, oldest first."""
        points = []
        for utc, ids, feet in self._frames:
            row = np.flatnonzero(ids == track_id)
            if len(row) and utc >= since_utc - 1e-6:
                x, y = feet[row[0]].tolist()
                points.append([round(utc, 3), round(x, 4), round(y, 4)])
        return points


class Snapshots:
    """Implements `announce.Draw` for one camera."""

    def __init__(self, site: Site, camera_id: str, *, folder: Path) -> None:
        self._site = site
        self._camera_id = camera_id
        self._camera: CameraConfig = site.cameras[camera_id]
        self._zone = ZoneInfo(site.timezone)
        self._folder = EvidenceFolder(folder)
        self._trails = Trails()

    def watch(self, tracks: Tracks) -> None:
        self._trails.add(tracks)

    def snapshot(self, alert: Alert, frame: Frame, tracks: Tracks) -> Evidence | None:
        event = alert.event
        mine = np.isin(tracks.track_id, event.track_ids)
        picture = draw_snapshot(
            frame.bgr(),
            boxes=tracks.xyxy[mine],
            others=tracks.xyxy[~mine],
            paths=[[point[1:] for point in path] for path in self._paths(event).values()],
            zone=self._camera.zones[event.zone_id].polygon if event.zone_id in self._camera.zones else (),
            line=self._camera.lines[event.zone_id].points if event.zone_id in self._camera.lines else (),
            caption=self._caption(alert),
        )
        return self._folder.write_snapshot(alert.alert_id, encode_jpeg(picture))

    def view(self, alert_id: str, frame: Frame) -> Evidence | None:
        """What a moved camera sees now, with its zones and lines where they were drawn: to be accepted or not."""
        picture = frame.bgr()
        for zone in self._camera.zones.values():
            picture = draw_snapshot(picture, zone=zone.polygon)
        for line in self._camera.lines.values():
            picture = draw_snapshot(picture, line=line.points)
        when = datetime.fromtimestamp(frame.utc, UTC).astimezone(self._zone)
        words = [
            "The camera was moved: do the zones still lie where they should?",
            f"{when:%Y-%m-%d %H:%M:%S}   {self._site.name} / {frame.camera_id}   turn it back, or accept the new view",
        ]
        return self._folder.write_snapshot(alert_id, encode_jpeg(draw_snapshot(picture, caption=words)))

    def record(self, alert: Alert, tracks: Tracks) -> Evidence | None:
        event = alert.event
        boxes = dict(zip(tracks.track_id.tolist(), tracks.xyxy.round(5).tolist(), strict=True))
        record = {
            "alert_id": alert.alert_id, "kind": event.kind, "camera_id": event.camera_id, "zone_id": event.zone_id,
            "rule_id": event.rule_id, "rule_version": event.rule_version, "severity": alert.severity,
            "detector": alert.detector, "subject": alert.subject, "since_utc": event.since_utc, "utc": event.utc,
            "why": plain(event.why), "sentence": self._sentence(alert),
            "tracks": [
                {"track_id": track_id, "xyxy": boxes.get(track_id), "path_utc_x_y": path}
                for track_id, path in self._paths(event).items()
            ],
        }  # fmt: skip
        return self._folder.write_record(alert.alert_id, record)

    def clip_path(self, alert_id: str) -> Path:
        return self._folder.clip_path(alert_id)

    def clip(self, alert_id: str, sha256: str) -> Evidence:
        return self._folder.clip(alert_id, sha256)

    def has_room(self) -> bool:
        return self._folder.has_room()

    def _paths(self, event: Event) -> dict[int, list[list[float]]]:
        return {i: self._trails.path(i, since_utc=min(event.since_utc, event.utc - 5.0)) for i in event.track_ids}

    def _sentence(self, alert: Alert) -> str:
        event = alert.event
        return sentence(
            kind=event.kind, subject=alert.subject, zone_id=event.zone_id, camera_id=event.camera_id, why=event.why
        )

    def _caption(self, alert: Alert) -> list[str]:
        event = alert.event
        when = datetime.fromtimestamp(event.utc, UTC).astimezone(self._zone)
        place = f"{self._site.name} / {event.camera_id}"
        return [self._sentence(alert), f"{when:%Y-%m-%d %H:%M:%S}   {place}   rule {event.rule_id}   {alert.detector}"]


def live_picture(frame: Frame, tracks: Tracks, camera: CameraConfig) -> bytes:
    """A small picture with everybody's box and the zones, JPEG, for the page."""
    width, height = LIVE_SIZE
    height = max(2, round(width * frame.height / frame.width))
    picture = frame.scaled(width, height)
    for zone in camera.zones.values():
        picture = draw_snapshot(picture, zone=zone.polygon)
    for line in camera.lines.values():
        picture = draw_snapshot(picture, line=line.points)
    return encode_jpeg(draw_snapshot(picture, boxes=tracks.xyxy), quality=LIVE_QUALITY)

"""Recorded tracks through a camera's rules: the same events as live, to the byte, and why there were none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pipeline.errors import BadInput
from pipeline.site import Site
from pipeline.site.fields import to_utc
from pipeline.track.mot import MotRows, read_rows, rows_to_tracks, sampled
from pipeline.types import Event, Tracks
from rules.engine import Engine

CLOSED_BECAUSE = "the recording ended"
"""What `analyze` says too."""

SIZE_ALLOWED = "two whole numbers like 1920x1080"


class Footage(Protocol):
    """Tracks of one camera that can be gone through more than once."""

    @property
    def camera_id(self) -> str: ...

    def tracks(self, analyze_fps: float) -> Iterator[Tracks]:
        """`Tracks` of every analysed frame, also the empty ones."""

    def analysed(self, analyze_fps: float) -> int | None:
        """How many frames `tracks` gives, where that is known."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A MOTChallenge file and how it was taken: source frames 1..`frames` at `fps`, `width` by `height` px."""

    camera_id: str
    rows: MotRows
    fps: float
    width: int
    height: int
    frames: int
    start_utc: float

    def tracks(self, analyze_fps: float) -> Iterator[Tracks]:
        return rows_to_tracks(
            self.rows, camera_id=self.camera_id, fps=self.fps, width=self.width, height=self.height,
            analyze_fps=analyze_fps, start_utc=self.start_utc, last_frame=self.frames,
        )  # fmt: skip

    def analysed(self, analyze_fps: float) -> int:
        return int(sampled(self.frames, fps=self.fps, analyze_fps=analyze_fps).sum())


def open_footage(
    path: Path, site: Site, camera_id: str, *, fps: float | None, size: str | None, start: str | None
) -> Footage:
    """A MOTChallenge file. A `summary.json` beside it that names its sha256 tells of empty frames at the end.

    Raises:
        BadInput: no such file, or `fps`, `size` or `start` missing or not usable.
    """
    if fps is None or not 0.0 < fps <= 1000.0:
        raise BadInput(f"--fps {'is missing' if fps is None else fps}: frames a second of the source, like 25")
    if size is None:
        raise BadInput(f"--size is missing: {SIZE_ALLOWED}")
    width, height = parse_size(size)
    rows = read_rows(path)
    frames = max(rows.last_frame, _frames_of_summary(path))
    return Recording(camera_id, rows, fps, width, height, frames, start_of(site, camera_id, start))


def replay(engine: Engine, tracks: Iterable[Tracks]) -> Iterator[list[Event]]:
    """Events of each analysed frame, and at last those that close what is open."""
    last: Tracks | None = None
    for last in tracks:
        yield engine.update(last)
    if last is not None:
        yield engine.close(utc=last.utc, reason=CLOSED_BECAUSE)


def start_of(site: Site, camera_id: str, given: str | None) -> float:
    """Wall time of the first frame: `given` (ISO 8601, local where it has no offset), else the camera's `start`.

    Without either it is 1970, which is right as long as no rule asks a calendar.

    Raises:
        BadInput: no time is known and a rule needs one, or `given` is no time.
    """
    if given is not None:
        try:
            return to_utc(datetime.fromisoformat(given), site.timezone)
        except ValueError:
            raise BadInput(f"--start {given}: a time like 2026-11-22T21:58:00+01:00") from None
    start = site.start_utc(camera_id)
    asking = [rule.id for rule in site.cameras[camera_id].rules if rule.calendar_names()]
    if start is None and asking:
        raise BadInput(
            f"--start: rule {asking[0]} asks a calendar, and camera {camera_id} has no start: "
            "give the wall time of the first frame, like 2026-11-22T21:58:00+01:00"
        )
    return start or 0.0


def parse_size(text: str) -> tuple[int, int]:
    """`1920x1080` -> (1920, 1080).

    Raises:
        BadInput: not two whole numbers above 0.
    """
    width, cross, height = text.lower().partition("x")
    if cross and width.isdecimal() and height.isdecimal() and int(width) and int(height):
        return int(width), int(height)
    raise BadInput(f"--size {text}: {SIZE_ALLOWED}")


def camera_of(site: Site, camera_id: str) -> str:
    """Raises BadInput where the site has no such camera."""
    if camera_id not in site.cameras:
        raise BadInput(f"--camera {camera_id!r}: the site has {', '.join(site.cameras) or 'no cameras'}")
    return camera_id


def _frames_of_summary(path: Path) -> int:
    summary = path.parent / "summary.json"
    try:
        value = json.loads(summary.read_text(encoding="utf-8"))
        if value["tracks_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest():
            return int(value["frames"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0

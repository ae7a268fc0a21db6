"""Recorded tracks through a camera's rules: the same events as live, to the byte."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from pipeline.errors import BadInput
from pipeline.eventlog import YEARS
from pipeline.inputs.switches import JOURNAL, Switches, read_journal
from pipeline.site import Site
from pipeline.site.fields import to_utc
from pipeline.track.log import TrackLog
from pipeline.track.mot import MotRows, read_rows, rows_to_tracks, sampled
from pipeline.types import Event, Tracks
from rules.engine import Engine
from rules.routes import RouteModel

CLOSED_BECAUSE = "the recording ended"
"""What `analyze` says too."""

SIZE_ALLOWED = "two whole numbers like 1920x1080"
FPS_ALLOWED = "frames a second of the source, above 0 and at most 1000, like 25 or 29.97"
TIME_ALLOWED = "a time like 2026-11-22T21:58:00+01:00, local to the site where it has no offset"


class Footage(Protocol):
    """Tracks of one camera that can be gone through more than once."""

    @property
    def camera_id(self) -> str: ...

    @property
    def start_utc(self) -> float:
        """Wall time of the first frame."""

    def tracks(self, analyze_fps: float) -> Iterator[Tracks]:
        """`Tracks` of every analysed frame, also the empty ones."""

    def analysed(self, analyze_fps: float) -> int | None:
        """How many frames `tracks` gives, where that is known."""

    @property
    def switches(self) -> Switches:
        """The inputs that took effect while it was recorded."""

    @property
    def exact_ids(self) -> bool:
        """People annotated it: an id is a person, and nobody is lost under one and found under another."""


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

    @property
    def switches(self) -> Switches:
        return Switches()

    @property
    def exact_ids(self) -> bool:
        return self.rows.annotated

    def analysed(self, analyze_fps: float) -> int:
        return int(sampled(self.frames, fps=self.fps, analyze_fps=analyze_fps).sum())


@dataclass(frozen=True, slots=True)
class LoggedTracks:
    """A worker's track log from `since_utc` to `until_utc`: every frame that live rules were given, at its own rate."""

    camera_id: str
    log: TrackLog
    since_utc: float
    until_utc: float

    @property
    def start_utc(self) -> float:
        first = next(self.tracks(0.0), None)
        return 0.0 if first is None else first.utc

    def tracks(self, analyze_fps: float) -> Iterator[Tracks]:
        return self.log.read(self.since_utc, self.until_utc)

    @property
    def switches(self) -> Switches:
        return Switches(read_journal(self.log.folder / JOURNAL))

    @property
    def exact_ids(self) -> bool:
        return False

    def analysed(self, analyze_fps: float) -> None:
        return None


def open_footage(
    path: Path, site: Site, camera_id: str, *, fps: float | None = None, size: str | None = None,
    start: str | None = None, until: str | None = None,
) -> Footage:  # fmt: skip
    """A MOTChallenge file, or a folder: a track log, the folder of all cameras' logs, or the data folder.

    A `summary.json` beside a file that names its sha256 tells of empty frames at the end. Of a log, `start` and `until`
    pick a part; of a file, `start` is the wall time of its first frame.

    Raises:
        BadInput: no such file or log, or an argument that is missing or not usable.
    """
    camera_of(site, camera_id)
    if path.is_dir():
        since_utc = -math.inf if start is None else parse_time(start, site, argument="--start")
        until_utc = math.inf if until is None else parse_time(until, site, argument="--until")
        if until_utc <= since_utc:
            raise BadInput(f"--until {until}: a time after --start {start} is needed")
        return LoggedTracks(camera_id, _log(path, camera_id), since_utc, until_utc)
    if not path.is_file():
        raise BadInput(f"--tracks {path}: no such file; a MOTChallenge file or a track log is needed")
    if until is not None:
        raise BadInput(f"--until {until}: only with a track log: a file is replayed whole")
    if fps is None or not 0.0 < fps <= 1000.0:
        raise BadInput(f"--fps {'is missing' if fps is None else fps}: {FPS_ALLOWED}")
    if size is None:
        raise BadInput(f"--size is missing: {SIZE_ALLOWED}")
    width, height = parse_size(size)
    rows = read_rows(path)
    frames = max(rows.last_frame, _frames_of_summary(path))
    return Recording(camera_id, rows, fps, width, height, frames, start_of(site, camera_id, start))


def replay(engine: Engine, tracks: Iterable[Tracks]) -> Iterator[list[Event]]:
    """Events of each analysed frame, and at last those that close what is open."""
    last: list[Tracks] = []

    def noted() -> Iterator[Tracks]:
        for one in tracks:
            last[:] = [one]
            yield one

    yield from engine.update_all(noted())
    if last:
        yield engine.close(utc=last[0].utc, reason=CLOSED_BECAUSE)


def start_of(site: Site, camera_id: str, given: str | None) -> float:
    """Wall time of a file's first frame: `given`, else the camera's `start`.

    Without either it is 1970, which is right as long as no rule asks a calendar.

    Raises:
        BadInput: no time is known and a rule needs one, or `given` is no time.
    """
    if given is not None:
        return parse_time(given, site, argument="--start")
    start = site.start_utc(camera_id)
    asking = [rule.id for rule in site.cameras[camera_id].rules if rule.calendar_names()]
    if start is None and asking:
        raise BadInput(
            f"--start: rule {asking[0]} asks a calendar, and camera {camera_id} has no start: "
            f"give the wall time of the first frame, {TIME_ALLOWED}"
        )
    return start or 0.0


def parse_time(text: str, site: Site, *, argument: str) -> float:
    """ISO 8601 -> seconds since the epoch.

    Raises:
        BadInput: no such time, or one that the site's clocks skip.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.year not in YEARS:
            raise BadInput(f"{argument} {text}: a time of the years {YEARS[0]} to {YEARS[-1]} is allowed")
        return to_utc(moment, site.timezone)
    except ValueError:
        raise BadInput(f"{argument} {text}: {TIME_ALLOWED}") from None


def parse_number(text: str, argument: str, allowed: str) -> float:
    """A finite number that an argument was given.

    Raises:
        BadInput: it is none; says what is allowed.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    raise BadInput(f"{argument} {text}: {allowed}")


def parse_size(text: str) -> tuple[int, int]:
    """`1920x1080` -> (1920, 1080).

    Raises:
        BadInput: not two whole numbers above 0.
    """
    width, cross, height = text.lower().partition("x")
    if cross and width.isdecimal() and height.isdecimal() and int(width) and int(height):
        return int(width), int(height)
    raise BadInput(f"--size {text}: {SIZE_ALLOWED}")


def camera_of(site: Site, camera_id: str) -> None:
    """Raises BadInput where the site has no such camera."""
    if camera_id not in site.cameras:
        raise BadInput(f"--camera {camera_id!r}: the site has {', '.join(site.cameras) or 'no cameras'}")


def load_routes(path: Path | None) -> RouteModel | None:
    """A model that `nightjar routes fit` has written, or None for no path.

    Raises:
        BadInput: it cannot be read or is none.
    """
    if path is None:
        return None
    try:
        return RouteModel.from_bytes(path.read_bytes())
    except OSError as error:
        raise BadInput(f"--routes {path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise BadInput(f"--routes {path}: not a learned route model: {error}") from None


def _log(path: Path, camera_id: str) -> TrackLog:
    name = quote(camera_id, safe="")
    for folder in (path, path / "tracks"):
        if (folder / name).is_dir():
            return TrackLog(folder, camera_id)
    if path.name == name:
        return TrackLog(path.parent, camera_id)
    raise BadInput(f"--tracks {path}: holds no track log of camera {camera_id}: a folder {name} is looked for")


def _frames_of_summary(path: Path) -> int:
    summary = path.parent / "summary.json"
    try:
        value = json.loads(summary.read_text(encoding="utf-8"))
        if value["tracks_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest():
            return int(value["frames"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0

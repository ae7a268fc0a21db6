"""Track logs as retention and erasure handle them: whole days by age, single frames by time."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from pipeline.track.log import TrackLog


def known_cameras(folder: Path) -> list[str]:
    """Cameras of which there is a track log, also those that no site file names any more."""
    return sorted(unquote(path.name) for path in folder.glob("*") if path.is_dir())


def prune_tracks(folder: Path, *, before_utc: float) -> int:
    """Remove days of every camera that ended before, and were last written before; how many segments went."""
    return sum(TrackLog(folder, name).prune(before_utc, untouched_since=before_utc) for name in known_cameras(folder))


def erase_tracks(folder: Path, camera_id: str, *, since_utc: float, until_utc: float) -> int:
    """Cut a time out of a camera's log, whose process must not run; how many frames went. Raises OSError."""
    return TrackLog(folder, camera_id).erase(since_utc, until_utc)

"""Files of finished tracks, as routes are learned from and judged on.

One JSON object a line with `id`, `t` (seconds) and `xy` (any one unit), or MOTChallenge rows, of which the foot points
in 0-based pixels are taken.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import BadInput
from pipeline.track import mot
from rules.routes import Track

ALLOWED = 'allowed: {"id": ..., "t": [seconds, ...], "xy": [[x, y], ...]} with as many t as xy'


@dataclass(frozen=True, slots=True, eq=False)
class NamedTrack:
    """A track and its id as the file has it, any JSON value; `rest` holds the line's other keys."""

    track_id: Any
    track: Track
    rest: dict[str, Any]


def read_tracks(path: Path, *, fps: float | None = None) -> list[NamedTrack]:
    """All tracks of a file, in file order (MOTChallenge: by first row). `fps` is needed for MOTChallenge rows.

    Raises:
        BadInput: no such file, a line that is neither, or MOTChallenge rows without `fps`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as text ({error})") from error
    if text.lstrip().startswith("{"):
        lines = enumerate(text.splitlines(), start=1)
        return [_from_line(line, f"{path}:{number}") for number, line in lines if line.strip()]
    if not text.strip():
        return []
    return _from_rows(path, fps)


def _from_line(line: str, where: str) -> NamedTrack:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"{where}: not JSON ({error}); {ALLOWED}") from error
    if not isinstance(found, dict) or not {"id", "t", "xy"} <= found.keys():
        raise BadInput(f"{where}: id, t or xy is missing; {ALLOWED}")
    try:
        t = np.array(found.pop("t"), np.float64).reshape(-1)
        xy = np.array(found.pop("xy"), np.float64).reshape(-1, 2)
        track = Track(t, xy)
    except (ValueError, TypeError) as error:
        raise BadInput(f"{where}: {error}; {ALLOWED}") from error
    return NamedTrack(found.pop("id"), track, found)


def _from_rows(path: Path, fps: float | None) -> list[NamedTrack]:
    rate = fps if fps is not None else mot.sequence_number(path, "frameRate")
    if rate is None or not (0 < rate < math.inf):
        raise BadInput("--fps: frames a second are needed for MOTChallenge rows, above 0")
    rows = mot.read_rows(path)
    rows = rows[rows.class_id >= 0]
    foot = np.column_stack((rows.tlwh[:, 0] + rows.tlwh[:, 2] / 2.0, rows.tlwh[:, 1] + rows.tlwh[:, 3]))
    tracks = []
    for track_id in dict.fromkeys(rows.track_id.tolist()):
        at = np.flatnonzero(rows.track_id == track_id)
        at = at[np.argsort(rows.frame[at], kind="stable")]
        tracks.append(NamedTrack(track_id, Track((rows.frame[at] - 1) / rate, foot[at]), {}))
    return tracks

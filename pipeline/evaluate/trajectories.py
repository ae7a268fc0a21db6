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
from numpy.typing import NDArray

from pipeline.errors import BadInput
from pipeline.track import mot
from rules.routes import Track

ALLOWED = 'allowed: {"id": ..., "t": [seconds, ...], "xy": [[x, y], ...]} with as many t as xy'

NUMBER = "0123456789+-."
"""What MOTChallenge rows begin with."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedTrack:
    """A track and its id as the file has it, any JSON value; `rest` holds the line's other keys."""

    track_id: Any
    track: Track
    rest: dict[str, Any]


def read_tracks(path: Path, *, fps: float | None = None) -> list[NamedTrack]:
    """All tracks of a file, in file order (MOTChallenge: by first row), each in order of time.

    `fps` is needed for MOTChallenge rows.

    Raises:
        BadInput: no such file, nothing in it, a line that is neither, or MOTChallenge rows without `fps`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as text ({error})") from error
    if text.strip() and text.lstrip()[0] not in NUMBER:
        lines = enumerate(text.splitlines(), start=1)
        return [_from_line(line, f"{path}:{number}") for number, line in lines if line.strip()]
    found = _from_rows(path, fps) if text.strip() else []
    if not found:
        raise BadInput(f"{path}:1: there is no track in it; {ALLOWED}")
    return found


def _from_line(line: str, where: str) -> NamedTrack:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"{where}: not JSON ({error}); {ALLOWED}") from error
    if not isinstance(found, dict) or not {"id", "t", "xy"} <= found.keys():
        raise BadInput(f"{where}: id, t or xy is missing; {ALLOWED}")
    try:
        track = _in_order(_numbers(found.pop("t"), (-1,)), _numbers(found.pop("xy"), (-1, 2)))
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(f"{where}: {error}; {ALLOWED}") from error
    return NamedTrack(found.pop("id"), track, found)


def _numbers(value: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A JSON list as an array of exactly this many dimensions; the empty list is one of any.

    Raises:
        ValueError, TypeError, OverflowError: anything else.
    """
    array = np.array(value)
    if not array.size:
        return np.zeros([max(0, length) for length in shape])
    if array.ndim != len(shape) or array.shape[1:] != shape[1:] or array.dtype.kind not in "iuf":
        raise ValueError(f"a list of {'numbers' if len(shape) == 1 else 'pairs of numbers'} is needed")
    return array.astype(np.float64)


def _in_order(t: NDArray[np.float64], xy: NDArray[np.float64]) -> Track:
    """A track with its positions in order of time; those of one time keep theirs."""
    track = Track(t, xy)
    if (np.diff(t) >= 0.0).all():
        return track
    order = np.argsort(t, kind="stable")
    return Track(t[order], xy[order])


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

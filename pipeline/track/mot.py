"""MOTChallenge files to and from the pipeline's values. The only place that knows of 1-based pixels.

| file | columns |
|---|---|
| public `det.txt` (MOT15 to MOT20) | frame, -1, left, top, width, height, score [, -1, -1, -1] |
| `gt.txt` of MOT16 and later | frame, id, left, top, width, height, flag, class, visibility |
| `gt.txt` of MOT15, other people's results | frame, id, left, top, width, height, flag or score, x, y, z (not used) |
| our `tracks.txt` | frame, id, left, top, width, height, score, class, observed 0/1, -1 |

Frames, left and top count from 1 (Milan et al., "MOT16: A Benchmark for Multi-Object Tracking", arXiv:1603.00831).
The class of our own files is class_id + 1, so a person is 1 there as in every MOTChallenge file.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadInput
from pipeline.track import grid
from pipeline.types import Detections, Tracks

Floats = NDArray[np.float64]
FAINT, SURE = 0.1, 0.7
"""The scores from which the tracker looks at a detection and from which one may begin a track, by its defaults."""
ALLOWED = "comma-separated numbers: frame >= 1, id, left, top, width, height, score and up to three more columns"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MotRows:
    """Rows of one file in file order: `frame` int64 (N,) from 1, `track_id` int64 (N,), `tlwh` float64 (N, 4) px.

    `tlwh` is 0-based. `score` float64 (N,) as written (in `gt.txt`: 1, or 0 for rows to be ignored).
    `class_id` int64 (N,): 0 a person; in a `gt.txt` with classes every other MOTChallenge class k is -k, so that a
    static person (7), a reflection (12) or a distractor (8) never meets an id of a detector. `observed` bool (N,).
    `annotated`: a `gt.txt` that tells how much of somebody can be seen, as only people who follow everybody can.
    """

    frame: NDArray[np.int64]
    track_id: NDArray[np.int64]
    tlwh: Floats
    score: Floats
    class_id: NDArray[np.int64]
    observed: NDArray[np.bool_]
    annotated: bool = False

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, mask: NDArray[Any]) -> MotRows:
        """The rows that a boolean mask or an index array picks."""
        return MotRows(
            frame=self.frame[mask], track_id=self.track_id[mask], tlwh=self.tlwh[mask],
            score=self.score[mask], class_id=self.class_id[mask], observed=self.observed[mask],
            annotated=self.annotated,
        )  # fmt: skip

    @property
    def last_frame(self) -> int:
        """The highest frame number, 0 where there are no rows."""
        return int(self.frame.max(initial=0))


def read_rows(path: Path | str, *, keep_ignored: bool = False) -> MotRows:
    """Any of the files above. Rows of a `gt.txt` whose flag is 0 are left out unless `keep_ignored`.

    Raises:
        BadInput: no such file, or a row that is not `ALLOWED`; the message names file, line and value.
    """
    table = _read_table(Path(path))
    columns = table.shape[1]
    class_id = np.zeros(len(table), np.int64)
    observed = np.ones(len(table), np.bool_)
    truth = columns == 9
    if truth:
        class_id = np.where(table[:, 7] == 1, 0, -table[:, 7]).astype(np.int64)
    elif _is_ours(table):
        class_id, observed = table[:, 7].astype(np.int64) - 1, table[:, 8] == 1
    rows = MotRows(
        frame=table[:, 0].astype(np.int64), track_id=table[:, 1].astype(np.int64),
        tlwh=table[:, 2:6] - [1.0, 1.0, 0.0, 0.0], score=table[:, 6], class_id=class_id, observed=observed,
        annotated=truth and bool(((table[:, 8] > 0) & (table[:, 8] < 1)).any()),
    )  # fmt: skip
    return rows[rows.score != 0] if truth and not keep_ignored else rows


def unit_scores(rows: MotRows) -> Floats:
    """Detection scores as float64 (N,) in [0, 1], whatever range their detector used.

    The same score throughout says nothing: 1. In a file that leaves [0, 1] (DPM, ACF) the 1st percentile becomes
    `FAINT` and the median `SURE`, linearly and cut off at 1: order is kept, no freak score decides the rest, and the
    better half may begin tracks, however long the tail above it is. A file inside [0, 1] that never reaches `SURE`
    could begin no track; its zero still means no confidence, so it is stretched from there until its 99th percentile
    is 1.
    """
    score = rows.score
    if len(score) == 0:
        return score.copy()
    if score.min() >= 0 and score.max() <= 1 and score.min() < score.max():
        return score.copy() if score.max() >= SURE else _stretched(score)
    low, middle = np.percentile(score, [1, 50])
    if middle <= low:
        return np.ones(len(score))
    unit: Floats = np.clip(FAINT + (SURE - FAINT) * (score - low) / (middle - low), FAINT, 1.0)
    return unit


def rows_to_detections(rows: MotRows, *, last_frame: int | None = None) -> Iterator[tuple[int, Detections]]:
    """Frame number and `Detections` for every frame from 1 to `last_frame`, also the empty ones.

    Boxes without an area are left out: there is nothing to follow in them.
    """
    usable = (rows.tlwh[:, 2] > 0) & (rows.tlwh[:, 3] > 0)
    rows = rows[usable]
    score = unit_scores(rows).astype(np.float32)
    xyxy = _xyxy(rows.tlwh).astype(np.float32)
    class_id = rows.class_id.astype(np.int32)
    for frame, at in by_frame(rows, rows.last_frame if last_frame is None else last_frame):
        yield frame, Detections(xyxy[at], score[at], class_id[at])


def rows_to_tracks(
    rows: MotRows, *, camera_id: str, fps: float, width: int, height: int,
    analyze_fps: float | None = None, start_utc: float = 0.0, run_id: int = 1, last_frame: int | None = None,
) -> Iterator[Tracks]:  # fmt: skip
    """`Tracks` of every analysed frame from 1 to `last_frame`, also the empty ones, exactly as they were live.

    Media time is (frame - 1) / `fps`. Frames are analysed by the sampling law of `sampled`; without `analyze_fps`
    all are. `start_utc` is the wall time of frame 1.
    """
    xyxy = grid.normalise(grid.snap(_xyxy(rows.tlwh), width=width, height=height), width=width, height=height)
    score = grid.snap_score(np.where(rows.score < 0, 1.0, rows.score))
    class_id = rows.class_id.astype(np.int32)
    frames = rows.last_frame if last_frame is None else last_frame
    for frame, at in by_frame(rows, frames, keep=sampled(frames, fps=fps, analyze_fps=analyze_fps)):
        pts = (frame - 1) / fps
        yield Tracks(
            camera_id=camera_id, run_id=run_id, pts=pts, utc=start_utc + pts, aspect=width / height,
            track_id=rows.track_id[at], xyxy=xyxy[at], score=score[at], class_id=class_id[at],
            observed=rows.observed[at],
        )  # fmt: skip


def sampled(frames: int, *, fps: float, analyze_fps: float | None) -> NDArray[np.bool_]:
    """Which of frames 1..`frames` are analysed: those where floor((pts - pts0) * analyze_fps + 1e-6) advances."""
    if analyze_fps is None:
        return np.ones(frames, np.bool_)
    step = np.floor(np.arange(frames) / fps * analyze_fps + 1e-6)
    return np.diff(step, prepend=-1.0) > 0


def format_rows(tracks: Tracks, *, frame: int, width: int, height: int) -> str:
    """The `tracks.txt` lines of one frame, newline-terminated; an empty string where nobody is there."""
    centi = grid.to_centi(tracks.xyxy, width=width, height=height)
    left, top = centi[:, 0] + grid.PER_PX, centi[:, 1] + grid.PER_PX
    wide, high = centi[:, 2] - centi[:, 0], centi[:, 3] - centi[:, 1]
    columns = zip(
        tracks.track_id.tolist(), left.tolist(), top.tolist(), wide.tolist(), high.tolist(),
        tracks.score.tolist(), tracks.class_id.tolist(), tracks.observed.tolist(), strict=True,
    )  # fmt: skip
    return "".join(
        f"{frame},{track_id},{x / 100:.2f},{y / 100:.2f},{w / 100:.2f},{h / 100:.2f},"
        f"{score:.4f},{kind + 1},{seen:d},-1\n"
        for track_id, x, y, w, h, score, kind, seen in columns
    )


def sequence_number(path: Path, key: str) -> float | None:
    """`frameRate`, `imWidth` or `imHeight` from the seqinfo.ini beside `path` or one folder up; None without one."""
    for folder in (path.parent, path.parent.parent):
        parser = configparser.ConfigParser()
        try:
            parser.read(folder / "seqinfo.ini", encoding="utf-8")
            value = parser.getfloat("Sequence", key, fallback=None)
        except (configparser.Error, ValueError):
            continue
        if value is not None and value > 0:
            return value
    return None


def by_frame(
    rows: MotRows, last_frame: int, *, keep: NDArray[np.bool_] | None = None
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Frame number and the indices of its rows, in file order, for frames 1 to `last_frame` (those in `keep`)."""
    order = np.argsort(rows.frame, kind="stable")
    edges = np.searchsorted(rows.frame[order], np.arange(1, last_frame + 2))
    for index in range(last_frame):
        if keep is None or keep[index]:
            yield index + 1, order[edges[index] : edges[index + 1]]


def _stretched(score: Floats) -> Floats:
    top = float(np.percentile(score, 99)) or float(score.max())
    stretched: Floats = np.minimum(score / top, 1.0)
    return stretched


def _xyxy(tlwh: Floats) -> Floats:
    return np.hstack((tlwh[:, :2], tlwh[:, :2] + tlwh[:, 2:]))


def _is_ours(table: Floats) -> bool:
    if table.shape[1] != 10:
        return False
    kind, seen, end = table[:, 7], table[:, 8], table[:, 9]
    return bool(np.all((kind >= 1) & (kind == np.rint(kind)) & ((seen == 0) | (seen == 1)) & (end == -1)))


def _read_table(path: Path) -> Floats:
    """The whole file as float64 (N, 7..10); the quick way, and the careful one only to name a fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); a MOTChallenge text file is expected") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not text; allowed: {ALLOWED}") from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        return np.zeros((0, 7))
    try:
        table = np.loadtxt([line for _, line in lines], delimiter=",", ndmin=2, comments=None)
    except ValueError:
        raise _first_fault(path, lines) from None
    frame = table[:, 0]
    sound = 7 <= table.shape[1] <= 10 and np.isfinite(table).all() and bool(np.all((frame >= 1) & (frame % 1 == 0)))
    if not sound:
        raise _first_fault(path, lines)
    return table


def _first_fault(path: Path, lines: list[tuple[int, str]]) -> BadInput:
    width = lines[0][1].count(",") + 1
    for number, line in lines:
        cells = [cell.strip() for cell in line.split(",")]
        if not 7 <= len(cells) <= 10:
            return BadInput(f"{path}, line {number}: {len(cells)} columns; allowed: {ALLOWED}")
        if len(cells) != width:
            return BadInput(f"{path}, line {number}: {len(cells)} columns where line {lines[0][0]} has {width}")
        for column, cell in enumerate(cells, 1):
            if not _is_number(cell):
                return BadInput(
                    f"{path}, line {number}, column {column}: {cell!r} is no finite number; allowed: {ALLOWED}"
                )
        if float(cells[0]) < 1 or float(cells[0]) % 1:
            return BadInput(f"{path}, line {number}, column 1: frame {cells[0]}; allowed: whole numbers from 1")
    return BadInput(f"{path}: cannot be read as {ALLOWED}")


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False

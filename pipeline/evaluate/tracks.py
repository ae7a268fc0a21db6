"""`nightjar score tracks`: how well people were followed, in TrackEval's figures and in stays held by one id.

Ground truth and tracks are MOTChallenge files, one pair or one per sequence folder. Truth with classes is prepared as
the MOTChallenge does: tracks on static people, reflections, distractors and people on vehicles count neither way.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadInput
from pipeline.evaluate import mot_metrics
from pipeline.evaluate.mot_metrics import Aligned, Counts, Frame
from pipeline.track import mot
from pipeline.track.mot import MotRows

NEITHER_WAY = (-2, -7, -8, -12)
"""Person on vehicle, static person, distractor, reflection: `class_id` of such rows as `mot.read_rows` gives them."""
STAY_S = 10.0
TRACKABLE = 0.6
FPS = 30.0
STAYS = ("held_median", "held_p10", "held_08")
FIGURES = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag")


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `score tracks`."""
    parser = subparsers.add_parser("tracks", help="HOTA, MOTA, IDF1 as TrackEval has them, and stays held by one id")
    parser.add_argument("--gt", type=Path, required=True, help="gt.txt, or a folder of sequence folders with one each")
    parser.add_argument("--tracks", type=Path, required=True, help="tracks.txt, or a folder of SEQUENCE.txt")
    parser.add_argument("--det", type=Path, help="det.txt (or the folder of sequences): judge only stays it covers")
    parser.add_argument(
        "--fps", type=float, help="frames a second (default: seqinfo.ini, else 30); used for stays only"
    )
    parser.add_argument("--json", action="store_true", help="print all figures as one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score one sequence or a folder of them and print a table."""
    if args.fps is not None and not args.fps > 0:
        raise BadInput(f"--fps: {args.fps:g}; allowed: above 0")
    scores = {pair.name: _score_files(pair, fps=args.fps) for pair in _pairs(args)}
    if len(scores) > 1:
        scores["all"] = sum_scores(scores.values())
    if args.json:
        print(json.dumps({name: score.figures() for name, score in scores.items()}))  # noqa: T201
    else:
        print(table({name: score.figures() for name, score in scores.items()}))  # noqa: T201
    return 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Score:
    """Counts of one or more sequences, and `held` float64 (P,): of each long stay, the share that its best id held."""

    counts: Counts
    held: NDArray[np.float64]

    def __add__(self, other: Score) -> Score:
        return Score(counts=self.counts + other.counts, held=np.concatenate((self.held, other.held)))

    def figures(self) -> dict[str, float | None]:
        """TrackEval's figures, and the stays' number, median, 10th percentile and share held for at least 0.8."""
        stays = self.held
        spread = np.percentile(stays, [50, 10]).tolist() if len(stays) else [None, None]
        return {
            **self.counts.figures(), "stays": len(stays), "held_median": spread[0], "held_p10": spread[1],
            "held_08": float((stays >= 0.8).mean()) if len(stays) else None,
        }  # fmt: skip


def score(truth: MotRows, tracks: MotRows, *, fps: float, detections: MotRows | None = None) -> Score:
    """Score one sequence. `truth` must hold its ignored rows too (`read_rows(..., keep_ignored=True)`).

    Stays are those of people present for at least 10 s or half the sequence; given `detections`, only of people whom
    these cover in at least 60 % of their frames, so that the tracker is judged and not the detector.
    """
    aligned = align(truth, tracks)
    found = None if detections is None else mot_metrics.matched_ids(align(truth, _numbered(detections)))
    return Score(counts=mot_metrics.count(aligned), held=stays_held(aligned, fps=fps, found=found))


def align(truth: MotRows, tracks: MotRows) -> Aligned:
    """Truth and tracks frame by frame with their overlaps, what counts neither way removed on both sides.

    Raises:
        BadInput: one id stands twice in one frame.
    """
    last = max(truth.last_frame, tracks.last_frame)
    tracks, drop = _without_repeats(tracks), np.zeros(len(tracks), np.bool_)
    _without_repeats(truth[(truth.class_id == 0) & (truth.score != 0)])
    if np.any(truth.class_id != 0):
        for people, boxes in _per_frame(truth, tracks, last):
            drop[boxes] = _on_neither(truth.class_id[people], iou(truth.tlwh[people], tracks.tlwh[boxes]))
    truth, tracks = truth[(truth.class_id == 0) & (truth.score != 0)], tracks[~drop]
    person_ids, person = np.unique(truth.track_id, return_inverse=True)
    track_ids, track = np.unique(tracks.track_id, return_inverse=True)
    frames = [
        Frame(person[people], track[boxes], iou(truth.tlwh[people], tracks.tlwh[boxes]))
        for people, boxes in _per_frame(truth, tracks, last)
    ]
    return Aligned(frames, people=len(person_ids), tracks=len(track_ids))


def iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Overlap over union of boxes `tlwh` float64 (N, 4) and (M, 4): float64 (N, M)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum((one[:, :2] + one[:, 2:])[:, None], (other[:, :2] + other[:, 2:])[None])
    inner = np.prod(np.maximum(high - low, 0.0), axis=2)
    union = np.prod(one[:, 2:], axis=1)[:, None] + np.prod(other[:, 2:], axis=1)[None] - inner
    share: NDArray[np.float64] = inner / np.maximum(union, np.finfo(np.float64).eps)
    return share


def stays_held(
    aligned: Aligned, *, fps: float, found: Sequence[NDArray[np.int64]] | None = None
) -> NDArray[np.float64]:
    """Of each long stay, the share from first to last frame of its longest unbroken hold by one id: float64 (P,).

    A hold goes on through frames in which nobody held the person, and ends where another id does. `found` says for
    every frame which detection covers each person (-1: none).
    """
    present = np.zeros((aligned.people, len(aligned.frames)), np.bool_)
    holder = np.full(present.shape, -1, np.int64)
    covered = np.zeros(present.shape, np.bool_)
    for at, (frame, ids) in enumerate(zip(aligned.frames, mot_metrics.matched_ids(aligned), strict=True)):
        present[frame.person, at] = True
        holder[frame.person, at] = ids
        covered[frame.person, at] = True if found is None else found[at] >= 0
    length = present.sum(axis=1)
    long = length >= min(STAY_S * fps, len(aligned.frames) / 2)
    trackable = covered.sum(axis=1) >= TRACKABLE * length
    return np.array([_longest_hold(holder[p], present[p]) for p in np.flatnonzero(long & trackable)], np.float64)


def _longest_hold(holder: NDArray[np.int64], present: NDArray[np.bool_]) -> float:
    at = np.flatnonzero(holder >= 0)
    if len(at) == 0:
        return 0.0
    breaks = np.flatnonzero(np.diff(holder[at])) + 1
    first, last = at[np.r_[0, breaks]], at[np.r_[breaks - 1, len(at) - 1]]
    through = np.r_[0, np.cumsum(present)]
    return float((through[last + 1] - through[first]).max() / through[-1])


def sum_scores(scores: Iterable[Score]) -> Score:
    """Several sequences as one, as TrackEval's COMBINED_SEQ.

    Raises:
        ValueError: there is none.
    """
    return functools.reduce(lambda one, other: one + other, scores)


def table(figures: Mapping[str, Mapping[str, float | None]]) -> str:
    """Figures as text, one line a sequence."""
    names = max(map(len, figures))
    head = "".join(f"{figure:>7}" for figure in FIGURES)
    lines = [f"{'':{names}}{head}  stays held by one id: n, median, p10, share >= 0.8"]
    for name, values in figures.items():
        cells = [f"{values[f]:7.0f}" if f in ("IDSW", "Frag") else f"{values[f]:7.2f}" for f in FIGURES]
        stays = "  ".join("   -" if values[f] is None else f"{values[f]:.2f}" for f in STAYS)
        lines.append(f"{name:{names}}{''.join(cells)}  {values['stays']:3.0f}  {stays}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of one sequence."""

    name: str
    truth: Path
    tracks: Path
    detections: Path | None


def _pairs(args: argparse.Namespace) -> list[Pair]:
    if not args.gt.is_dir():
        return [Pair(args.gt.parent.name or args.gt.name, args.gt, args.tracks, args.det)]
    pairs = []
    for folder in sorted(path for path in args.gt.iterdir() if path.is_dir()):
        truth = next((folder / name for name in ("gt.txt", "gt/gt.txt") if (folder / name).is_file()), None)
        tracks = args.tracks / f"{folder.name}.txt"
        if truth is not None and tracks.is_file():
            found = None if args.det is None else args.det / folder.name / "det.txt"
            pairs.append(Pair(folder.name, truth, tracks, found))
    if not pairs:
        raise BadInput(f"--gt {args.gt}: no folder NAME with gt.txt for which {args.tracks} holds NAME.txt")
    return pairs


def _score_files(pair: Pair, *, fps: float | None) -> Score:
    truth = mot.read_rows(pair.truth, keep_ignored=True)
    detections = None if pair.detections is None else mot.read_rows(pair.detections)
    rate = fps or mot.sequence_number(pair.truth, "frameRate") or FPS
    try:
        return score(truth, mot.read_rows(pair.tracks), fps=rate, detections=detections)
    except BadInput as error:
        raise BadInput(f"{pair.truth} against {pair.tracks}: {error}") from error


def _on_neither(class_id: NDArray[np.int64], overlap: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tracks of a frame lie on something that counts neither way, bool (T,)."""
    on = np.zeros(overlap.shape[1], np.bool_)
    overlap = np.where(overlap < mot_metrics.IOU - mot_metrics.EPS, 0.0, overlap)
    row, column = mot_metrics.assign(overlap)
    good = overlap[row, column] > mot_metrics.EPS
    on[column[good]] = np.isin(class_id[row[good]], NEITHER_WAY)
    return on


def _per_frame(truth: MotRows, tracks: MotRows, last: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    ours, theirs = mot.by_frame(truth, last), mot.by_frame(tracks, last)
    for (_, people), (_, boxes) in zip(ours, theirs, strict=True):
        yield people, boxes


def _numbered(detections: MotRows) -> MotRows:
    """Detections as tracks of one frame each."""
    return MotRows(
        frame=detections.frame, track_id=np.arange(len(detections)), tlwh=detections.tlwh, score=detections.score,
        class_id=detections.class_id, observed=detections.observed,
    )  # fmt: skip


def _without_repeats(rows: MotRows) -> MotRows:
    pairs, counts = np.unique(np.column_stack((rows.frame, rows.track_id)), axis=0, return_counts=True)
    if np.any(counts > 1):
        frame, track_id = pairs[np.argmax(counts > 1)]
        raise BadInput(f"id {track_id} stands more than once in frame {frame}; allowed: once")
    return rows

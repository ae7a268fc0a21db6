"""HOTA, CLEAR and identity figures of one sequence, added up over several: the definitions that TrackEval uses.

HOTA, DetA, AssA: Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 2021.
MOTA, IDSW, Frag: Bernardin & Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT
Metrics", 2008. IDF1: Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera
Tracking", ECCVW 2016. Every figure agrees with TrackEval 1.3.0 (see `benchmarks/README.md`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import lap
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALPHAS: Floats = np.arange(0.05, 0.99, 0.05)
"""Localisation thresholds that HOTA averages over."""
IOU = 0.5
"""The overlap at which CLEAR and identity figures call a box right."""
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a sequence: people `person` int64 (G,) and tracks `track` int64 (T,) counted from 0 without gaps
    over the sequence, and how much each pair overlaps, `iou` float64 (G, T)."""

    person: Ints
    track: Ints
    iou: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A sequence ready to be scored: frames in order, and how many people and tracks there are in all."""

    frames: Sequence[Frame]
    people: int
    tracks: int


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What is added up over sequences. `tp`, `fn`, `fp`, `association` are float64 (19,), one for each of ALPHAS."""

    tp: Floats
    fn: Floats
    fp: Floats
    association: Floats
    clear_tp: float
    clear_fn: float
    clear_fp: float
    switches: float
    fragments: float
    id_tp: float
    id_fn: float
    id_fp: float

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def figures(self) -> dict[str, float]:
        """HOTA, DetA, AssA, MOTA and IDF1 in percent; IDSW and Frag as counts."""
        det = self.tp / np.maximum(1.0, self.tp + self.fn + self.fp)
        ass = self.association / np.maximum(1.0, self.tp)
        mota = (self.clear_tp - self.clear_fp - self.switches) / max(1.0, self.clear_tp + self.clear_fn)
        idf1 = self.id_tp / max(1.0, self.id_tp + 0.5 * (self.id_fn + self.id_fp))
        return {
            "HOTA": 100 * float(np.sqrt(det * ass).mean()), "DetA": 100 * float(det.mean()),
            "AssA": 100 * float(ass.mean()), "MOTA": 100 * mota, "IDF1": 100 * idf1,
            "IDSW": self.switches, "Frag": self.fragments,
        }  # fmt: skip


def count(aligned: Aligned) -> Counts:
    """All counts of one sequence."""
    tp, fn, fp, association = _hota(aligned)
    clear = _clear(aligned)
    identity = _identity(aligned)
    return Counts(tp, fn, fp, association, *clear, *identity)


def assign(score: Floats) -> tuple[Ints, Ints]:
    """Rows and columns of the pairing with the greatest total score; every row or every column is used."""
    if score.size == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, column, _ = lap.lapjv(-score, extend_cost=True)
    row = np.flatnonzero(column >= 0)
    return row, column[row].astype(np.int64)


def matched_ids(aligned: Aligned) -> list[Ints]:
    """For every frame the track that holds each person, int64 (G,), -1 where none does: the CLEAR matching, which
    keeps a pair of the frame before as long as it overlaps by `IOU`."""
    held = np.full(aligned.people, -1, np.int64)
    found = []
    for frame in aligned.frames:
        ids = np.full(len(frame.person), -1, np.int64)
        if frame.iou.size:
            score = 1000.0 * (held[frame.person][:, None] == frame.track[None, :]) + frame.iou
            score[frame.iou < IOU - EPS] = 0.0
            row, column = assign(score)
            good = score[row, column] > EPS
            ids[row[good]] = frame.track[column[good]]
            held[:] = -1
            held[frame.person] = ids
        found.append(ids)
    return found


def _hota(aligned: Aligned) -> tuple[Floats, Floats, Floats, Floats]:
    alignment, people, tracks = _alignment(aligned)
    matches = np.zeros((len(ALPHAS), aligned.people, aligned.tracks))
    for frame in aligned.frames:
        row, column = assign(alignment[np.ix_(frame.person, frame.track)] * frame.iou)
        right = frame.iou[row, column][None, :] >= ALPHAS[:, None] - EPS  # (19, pairs)
        matches[:, frame.person[row], frame.track[column]] += right
    tp = matches.sum(axis=(1, 2))
    union = np.maximum(1.0, people[:, None] + tracks[None, :] - matches)
    association = (matches * matches / union).sum(axis=(1, 2))
    return tp, people.sum() - tp, tracks.sum() - tp, association


def _alignment(aligned: Aligned) -> tuple[Floats, Floats, Floats]:
    """How much of two lives is shared, by summed soft overlap (people, tracks), and the frames that each lived."""
    shared = np.zeros((aligned.people, aligned.tracks))
    people, tracks = np.zeros(aligned.people), np.zeros(aligned.tracks)
    for frame in aligned.frames:
        people[frame.person] += 1
        tracks[frame.track] += 1
        rest = frame.iou.sum(axis=0)[None, :] + frame.iou.sum(axis=1)[:, None] - frame.iou
        shared[np.ix_(frame.person, frame.track)] += np.where(rest > EPS, frame.iou / np.maximum(rest, EPS), 0.0)
    return shared / np.maximum(people[:, None] + tracks[None, :] - shared, EPS), people, tracks


def _clear(aligned: Aligned) -> tuple[float, float, float, float, float]:
    tp = fn = fp = switches = fragments = 0
    last = np.full(aligned.people, -1, np.int64)
    tracked = np.zeros(aligned.people, np.bool_)
    runs = np.zeros(aligned.people, np.int64)
    for frame, ids in zip(aligned.frames, matched_ids(aligned), strict=True):
        found = ids >= 0
        tp, fn, fp = tp + found.sum(), fn + (~found).sum(), fp + len(frame.track) - found.sum()
        if frame.iou.size == 0:
            continue
        person = frame.person[found]
        before = last[person]
        switches += int(((before >= 0) & (before != ids[found])).sum())
        last[person] = ids[found]
        now = np.zeros(aligned.people, np.bool_)
        now[person] = True
        runs += now & ~tracked
        tracked = now
    fragments = int((runs[runs > 0] - 1).sum())
    return float(tp), float(fn), float(fp), float(switches), float(fragments)


def _identity(aligned: Aligned) -> tuple[float, float, float]:
    overlaps = np.zeros((aligned.people, aligned.tracks))
    people, tracks = np.zeros(aligned.people), np.zeros(aligned.tracks)
    for frame in aligned.frames:
        people[frame.person] += 1
        tracks[frame.track] += 1
        overlaps[np.ix_(frame.person, frame.track)] += frame.iou >= IOU
    row, column = assign(overlaps)  # frames kept by the best pairing of whole lives
    tp = float(overlaps[row, column].sum())
    return tp, float(people.sum()) - tp, float(tracks.sum()) - tp


def total(counts: Iterable[Counts]) -> Counts:
    """The counts of several sequences as those of one, as TrackEval combines them.

    Raises:
        ValueError: there is no sequence.
    """
    first, *rest = counts
    for one in rest:
        first = first + one
    return first

"""Could this new track be that lost person? Who may continue whom, judged by what one person could have walked.

A tracker loses people: behind a pillar, behind each other, when a worker is restarted. A new track continues a lost
one when it starts at the same place, as tall, and no further than one walks in the time between from where the other
was seen last or was heading. Alone on the spot that means within a body height; among others within a third of one, and
less and less as time passes. Nobody who is still seen is continued, and each lost track is continued by one new track
at most. Whoever was walking out of the picture has left: who comes in at that edge is somebody else. A detector finds
people who come into view, so that a box behind somebody in front is nobody found again.

Measured at 5 frames a second with `python -m benchmarks.links`: of the 27 people whom public FRCNN boxes of MOT17-02
lose for a second or more 17 are found again, with 8 wrong joins (a reach of one body height regardless of others: 13
and 23); in the annotations of the five sequences, where nobody is ever lost, none in 204 people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZON_S = 60.0
"""Longest absence that any rule may bridge: one constant, so that no rule's setting changes another's events."""

SLACK_BH = 0.3
"""Box jitter around a person who stands: a third of a height covers an arm raised or a foot hidden."""

WALK_BH_PER_S = 1.5
"""2.5 m/s over 1.7 m: the fastest walk of healthy adults (Bohannon, Age and Ageing 26:15-19, 1997)."""

ALONE_BH = 1.0
"""However long the gap, somebody alone is found again within one body height of where they were or were heading."""

AMONG_OTHERS_BH = 0.35
"""With others about, only at the very place: a third of the wrong joins on MOT17-02 lay further off, no right one."""

AMONG_OTHERS_S = 1.5
"""After so long among others the place shrinks as 1 / gap: the longer the gap, the more strangers have come by it."""

STRAY_BH = 0.6
"""Among others, who was walking and would by now be further than this from where we look is not looked for there."""

HIDDEN_SHARE = 0.6
"""A box of which somebody in front covers so much is not somebody who came into view again. On MOT17 all 30 people whom
a detector found again within the reach above were covered by .53 at most, 16 of 20 annotated strangers by more."""

ABOUT_BH = 2.0
"""Others are about when they are seen, or were lost in the last `LATELY_S` seconds, within so many body heights."""

LATELY_S = 10.0

COAST_S = 1.0
"""How long a lost person is taken to walk on before they are looked for where they then would be."""

HEIGHT_RATIO = 0.8
"""Boxes of one person at one place are as tall: asking .8 rather than .6 took wrong joins on MOT17-02 from 13 to 8."""

CERTAIN = 1.0
"""No detector is ever so sure: a box of this score was annotated by people, or written by a script, who lose nobody in
a crowd. In the annotations of the five sequences at 2 to 30 frames a second all 13 wrong joins were among others."""

ON_THE_SPOT_BH = 0.02
"""Among others, annotated boxes are joined within this: a script's person who stands still and changes ids."""

EDGE_SHARE = 0.01
"""A box whose side is this near to the picture's edge, in pictures, is cut by it or about to be."""

GONE_SHARE = 0.5
"""Walked out: the part of the box that would still be in the picture, as a share of what was last seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """People not seen now: `xyxy` (C, 4) where last seen, `velocity` (C, 4) of its sides a second, `gap_s` (C,).

    `score` (C,) is of the last box.
    """

    xyxy: Floats
    velocity: Floats
    gap_s: Floats
    score: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Born:
    """Tracks seen for the first time: `xyxy` (B, 4) and `score` (B,)."""

    xyxy: Floats
    score: Floats


def continuations(lost: Lost, born: Born, *, seen: Floats, aspect: float) -> list[tuple[int, int, float]]:
    """Which lost track each new one continues: triples (lost index, new index, distance in body heights).

    `seen` (M, 4) are all boxes of the frame, the new ones among them. Each index occurs once at most; nearest and
    latest first (greedy, in the order of distance plus age).
    """
    box = born.xyxy
    if not len(box) or not len(lost.gap_s):
        return []
    distance = _distance_bh(lost, box, aspect=aspect)  # (C, B)
    near = np.flatnonzero((distance <= ALONE_BH).any(axis=1))
    if not len(near):
        return []
    distance, some = distance[near], Lost(*(part[near] for part in (lost.xyxy, lost.velocity, lost.gap_s, lost.score)))
    crowded = _crowded(lost, near, box, seen, aspect=aspect)
    reach = _reach_bh(some, born, crowded, aspect=aspect)
    possible = (
        (distance <= reach) & _alike(some.xyxy, box) & ~_hidden(box, seen)[None]
        & ~_walked_out(some)[:, None] & ~_walked_in(some.xyxy, box)
    )  # fmt: skip
    cost = np.where(possible, distance / reach + some.gap_s[:, None] / HORIZON_S, np.inf)
    chosen = []
    for flat in np.argsort(cost, axis=None, kind="stable"):
        c, b = divmod(int(flat), cost.shape[1])
        if not np.isfinite(cost[c, b]):
            break
        if possible[c, b]:
            chosen.append((int(near[c]), b, float(distance[c, b])))
            possible[c, :] = False
            possible[:, b] = False
    return chosen


def _distance_bh(lost: Lost, born: Floats, *, aspect: float) -> Floats:
    """Foot to the way from where each was lost to where each was heading: float64 (C, B), in body heights."""
    scale = np.array((aspect, 1.0))
    foot = _foot(lost.xyxy) * scale
    way = _foot(lost.velocity) * scale * np.minimum(lost.gap_s, COAST_S)[:, None]
    away = _foot(born)[None] * scale - foot[:, None]  # (C, B, 2)
    length2 = np.maximum((way**2).sum(-1), 1e-12)[:, None]
    along = np.clip((away * way[:, None]).sum(-1) / length2, 0.0, 1.0)
    miss = away - along[..., None] * way[:, None]
    height = 0.5 * (_height(lost.xyxy)[:, None] + _height(born)[None])
    result: Floats = np.sqrt((miss**2).sum(-1)) / np.maximum(height, 1e-6)
    return result


def _reach_bh(lost: Lost, born: Born, crowded: NDArray[np.bool_], *, aspect: float) -> Floats:
    """How far from the place each lost person may be found again: float64 (C, B), in body heights; -1 is nowhere."""
    walked = SLACK_BH + WALK_BH_PER_S * lost.gap_s
    among = AMONG_OTHERS_BH * np.minimum(1.0, AMONG_OTHERS_S / np.maximum(lost.gap_s, 1e-6))
    strayed = _speed_bh(lost, aspect=aspect) * (lost.gap_s - COAST_S) > STRAY_BH
    among = np.where(strayed, -1.0, np.minimum(among, walked))
    annotated = (lost.score >= CERTAIN)[:, None] & (born.score >= CERTAIN)[None]
    among_annotated = np.minimum(among, ON_THE_SPOT_BH)[:, None]
    reach = np.where(annotated, among_annotated, among[:, None])
    return np.where(crowded, reach, np.minimum(ALONE_BH, walked)[:, None])


def _crowded(
    lost: Lost, some: NDArray[np.intp], born: Floats, seen: Floats, *, aspect: float
) -> NDArray[np.bool_]:  # fmt: skip
    """Whether there are others, seen or just lost, about some of the lost (S,) or the new: bool (S, B)."""
    near_born = _apart_bh(born, seen, aspect=aspect) <= ABOUT_BH  # (B, M), each near to itself
    lately = lost.gap_s <= LATELY_S
    near_lost = np.asarray((_apart_bh(lost.xyxy[some], lost.xyxy, aspect=aspect) <= ABOUT_BH) & lately)  # (S, C)
    near_lost[np.arange(len(some)), some] = False
    return np.asarray((near_born.sum(axis=1) > 1)[None] | np.asarray(near_lost.any(axis=1))[:, None])


def _speed_bh(lost: Lost, *, aspect: float) -> Floats:
    """How fast each foot was going: float64 (C,), body heights a second."""
    foot = _foot(lost.velocity) * np.array((aspect, 1.0))
    result: Floats = np.sqrt((foot**2).sum(-1)) / np.maximum(_height(lost.xyxy), 1e-6)
    return result


def _apart_bh(boxes: Floats, others: Floats, *, aspect: float) -> Floats:
    """Distance from foot to foot, float64 (A, B), in body heights of the first."""
    apart = (_foot(others)[None] - _foot(boxes)[:, None]) * np.array((aspect, 1.0))
    result: Floats = np.sqrt((apart**2).sum(-1)) / np.maximum(_height(boxes), 1e-6)[:, None]
    return result


def _alike(lost: Floats, born: Floats) -> NDArray[np.bool_]:
    """Boxes of like height, or cut by the picture's upper or lower edge, where height says nothing: bool (C, B)."""
    a, b = _height(lost)[:, None], _height(born)[None]
    whole = ~_cut(lost)[:, None] & ~_cut(born)[None]
    result: NDArray[np.bool_] = ~whole | (np.minimum(a, b) >= HEIGHT_RATIO * np.maximum(a, b))
    return result


def _walked_out(lost: Lost) -> NDArray[np.bool_]:
    """Who would be out of the picture by now, at the speed of the box's trailing side: bool (C,)."""
    box = lost.xyxy + lost.velocity * lost.gap_s[:, None]
    width, height = lost.xyxy[:, 2] - lost.xyxy[:, 0], _height(lost.xyxy)
    sideways: NDArray[np.bool_] = (box[:, 2] < GONE_SHARE * width) | (1.0 - box[:, 0] < GONE_SHARE * width)
    upright: NDArray[np.bool_] = (box[:, 3] < GONE_SHARE * height) | (1.0 - box[:, 1] < GONE_SHARE * height)
    return sideways | upright


def _walked_in(lost: Floats, born: Floats) -> NDArray[np.bool_]:
    """New boxes at an edge of the picture that the lost person was not near to: arrivals, bool (C, B)."""
    at_edge = _edges(born, EDGE_SHARE)[None]
    near = _edges(lost, 5.0 * EDGE_SHARE)[:, None]
    return np.asarray((at_edge & ~near).any(axis=-1))


def _hidden(born: Floats, seen: Floats) -> NDArray[np.bool_]:
    """Which new boxes are covered by one in front of them, whose foot is lower: bool (B,)."""
    low = np.maximum(born[:, None, :2], seen[None, :, :2])
    high = np.minimum(born[:, None, 2:], seen[None, :, 2:])
    covered = np.clip(high - low, 0.0, None).prod(-1) / np.maximum((born[:, 2:] - born[:, :2]).prod(-1), 1e-12)[:, None]
    in_front = seen[None, :, 3] > born[:, None, 3]
    result: NDArray[np.bool_] = np.where(in_front, covered, 0.0).sum(axis=1) > HIDDEN_SHARE
    return result


def _edges(box: Floats, share: float) -> NDArray[np.bool_]:
    """Which edges each box reaches: left, top, right, bottom; bool (N, 4)."""
    return np.column_stack((box[:, 0] <= share, box[:, 1] <= share, box[:, 2] >= 1 - share, box[:, 3] >= 1 - share))


def _cut(box: Floats) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (box[:, 1] <= EDGE_SHARE) | (box[:, 3] >= 1.0 - EDGE_SHARE)
    return result


def _foot(box: Floats) -> Floats:
    return np.column_stack(((box[:, 0] + box[:, 2]) / 2.0, box[:, 3]))


def _height(box: Floats) -> Floats:
    result: Floats = box[:, 3] - box[:, 1]
    return result

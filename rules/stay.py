"""Stays: who is in a zone since when, over short absences, lost detections and changed track ids.

A stay begins on the first analysed frame whose foot is inside. Somebody seen outside may return within `grace_s`;
somebody not seen at all, within `bridge_s`. Both are counted from the last frame on which they were seen inside, which
is also when a stay that is not resumed has ended. Whoever continues a lost track (`rules.link`) continues its stay, and
is given a stay of their own again when the lost track comes back.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from rules.base import EPSILON_S, NEVER_T
from rules.geometry import Bools
from rules.view import Link, Moment, Split, View


@dataclass(slots=True)
class Segment:
    """The part of a stay under one track id.

    `gap_s` was unseen before it, `bridged_s` within it; `outside_s` was seen outside; `frames` analysed frames lie
    inside. `apart`: the time before it is no part of the stay (`rules.visits`).
    """

    uid: int
    track_id: int
    first: Moment
    foot: tuple[float, float]
    last: Moment
    gap_s: float = 0.0
    bridged_s: float = 0.0
    outside_s: float = 0.0
    gaps: int = 0
    frames: int = 0
    apart: bool = False


class Mark(NamedTuple):
    """A moment from which a dwell may be counted: the first frame inside, or the first after an absence unseen.

    `bridged_s` of the stay had been bridged by then.
    """

    moment: Moment
    place: tuple[float, float]
    bridged_s: float


@dataclass(slots=True)
class Stay:
    """One visit of one person. `foot` and `score` are of the last frame inside, once they are away.

    `uids` are the tracks that carried it, `entered` the frame since which they are inside. `level` counts what the rule
    has said: 0 nothing yet, 1 the start, then one for each step; before `due_t` it has nothing to say. Away, it is sure
    to have ended at `sure_t` unless resumed. `memo` is the rule's own and holds JSON values. `marks` are the moments
    since the first from which a dwell may reach a limit sooner, because less of it went unseen.
    """

    uids: list[int]
    segments: list[Segment]
    foot: tuple[float, float]
    score: float
    entered: int
    outside: bool = False
    level: int = 0
    due_t: float = 0.0
    memo: dict[str, Any] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    sure_t: float = NEVER_T

    @property
    def first(self) -> Moment:
        return self.segments[0].first

    @property
    def last(self) -> Moment:
        """The last frame inside, once they are away."""
        return self.segments[-1].last

    @property
    def place(self) -> tuple[float, float]:
        """Where it began."""
        return self.segments[0].foot

    @property
    def bridged_s(self) -> float:
        """Time for which nobody was seen but somebody is taken to have stayed."""
        if len(self.segments) == 1:
            return self.segments[0].bridged_s
        return sum(s.bridged_s for s in self.segments) + sum(s.gap_s for s in self.segments[1:])

    @property
    def begin(self) -> Mark:
        """The first frame inside."""
        return Mark(self.first, self.place, 0.0)

    def reach(self, begin: Mark, limit_s: float, now_t: float) -> tuple[Mark, float]:
        """The longest dwell since `begin` or later that is over `limit_s` and at most half unseen: since when, and the
        time at which it got there. A time to come: none has, and it is `begin` and the earliest that one may."""
        bridged_s, due_t = self.bridged_s, NEVER_T
        for mark in (begin, *(m for m in self.marks if m.moment.t > begin.moment.t)):
            at_t = mark.moment.t + max(limit_s, 2.0 * (bridged_s - mark.bridged_s))
            if at_t <= now_t + EPSILON_S:
                return mark, at_t
            due_t = min(due_t, at_t)
        return begin, due_t

    def note(self, moment: Moment, place: tuple[float, float]) -> None:
        """Seen inside again after an unseen absence: a mark, where a dwell from here may be over its half sooner."""
        mark = Mark(moment, place, self.bridged_s)
        last = self.marks[-1] if self.marks else self.begin
        if mark.moment.t - 2.0 * mark.bridged_s < last.moment.t - 2.0 * last.bridged_s:
            self.marks.append(mark)

    @property
    def outside_s(self) -> float:
        return sum(s.outside_s for s in self.segments)

    @property
    def gaps(self) -> int:
        return sum(s.gaps for s in self.segments) + sum(not s.apart for s in self.segments[1:])

    @property
    def track_ids(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(s.track_id for s in self.segments))

    def before(self, view: View) -> tuple[Moment, tuple[float, float], float]:
        """The last frame inside before `view`, on which they are inside too: its moment, foot and score."""
        if view.earlier is not None and self.entered < view.seq:
            row = view.earlier.index[self.uids[-1]]
            return view.earlier.now, _point(view.earlier, row), float(view.earlier.score[row])
        known = [s.last for s in self.segments if s.last.t < view.now.t]
        return (known[-1] if known else view.now), self.foot, self.score

    def frames(self, view: View | None = None) -> int:
        """Analysed frames inside, up to and with `view` while they are inside on it."""
        return sum(s.frames for s in self.segments) + (view.seq - self.entered + 1 if view else 0)


@dataclass(slots=True)
class Stays:
    """Everybody's stay in one zone. `inside` and `away` are keyed by uid.

    `advance` may be skipped on frames on which `idle` is True: it would change nothing. `entered` are those who came
    in by it, None where they have not been worked out.
    """

    grace_s: float
    bridge_s: float
    inside: dict[int, Stay] = field(default_factory=dict)
    away: dict[int, Stay] = field(default_factory=dict)
    next_t: float = NEVER_T
    entered: Sequence[int] | None = None
    in_step: bool = False
    _limits: tuple[float, float] = (-1.0, -1.0)

    def idle(self, view: View, row: int) -> bool:
        """Nobody came into or left the zone of this row, and nobody's absence has become too long."""
        return not (
            view.moves.rows >> row & 1 or view.gap or view.links or view.splits or view.now.t > self.next_t + EPSILON_S
            or self._limits != (self.grace_s, self.bridge_s) or not self.in_step
            or not view.moves.fresh.isdisjoint(self.away)
        )  # fmt: skip

    def advance(self, view: View, mask: Bools, row: int | None = None) -> list[tuple[float, Stay]]:
        """Take in who is inside now, bool (M,); gives the stays that have ended and the `t` at which that was sure.

        `row`: the mask is this registered row of the view, and was on every frame since the last time. Then only those
        who came or went are looked at.
        """
        if self._limits != (self.grace_s, self.bridge_s):
            self._measure()
        in_step, self.in_step = self.in_step, row is not None
        if row is not None and in_step and not view.gap and view.earlier is not None:
            came, went = view.moves.of(row)
            self.entered = [uid for uid, _ in came]
        else:
            rows = np.flatnonzero(mask)
            here = dict(zip(view.uid[rows].tolist(), rows.tolist(), strict=True))
            went = [uid for uid in self.inside if view.gap or uid not in here]
            came, self.entered = list(here.items()), None
        return self._take(view, came, went, everybody=self.entered is None)

    def _take(
        self, view: View, came: Sequence[tuple[int, int]], went: Sequence[int], *, everybody: bool
    ) -> list[tuple[float, Stay]]:  # fmt: skip
        if view.earlier is not None:
            for uid in went:
                self._stop(uid, view.earlier)
        for split in view.splits:
            self._divide(split)
        for link in view.links:
            self._join(link)
        if self.away:
            back = list(self.away) if everybody else [*went, *view.moves.fresh]
            self._look_outside(view, back, [uid for uid, _ in came])
        ended = self._expire(view) if everybody or view.now.t > self.next_t + EPSILON_S else []
        for uid, row in came:
            if uid not in self.inside:
                self._enter(uid, row, view)
        return ended

    def finish(self, last: View | None) -> list[tuple[float, Stay]]:
        """End all stays as of the last frame, in the order in which they would have ended had nobody come any more."""
        if last is not None:
            for uid in list(self.inside):
                self._stop(uid, last)
        ended = [(stay.sure_t, stay) for stay in self.away.values()]
        self.away, self.next_t, self.in_step = {}, NEVER_T, False
        return ended

    def _stop(self, uid: int, last: View) -> None:
        """Somebody inside is away from now on; `last` is the frame on which they were inside."""
        stay = self.away[uid] = self.inside.pop(uid)
        row = last.index[uid]
        segment = stay.segments[-1]
        segment.last = last.now
        segment.frames += last.seq - stay.entered + 1
        stay.foot, stay.score, stay.outside = _point(last, row), float(last.score[row]), False
        self._wait(stay)

    def _wait(self, stay: Stay) -> None:
        """Work out until when somebody away is waited for."""
        stay.sure_t = self.end_t(stay)
        self.next_t = min(self.next_t, stay.sure_t)

    def _enter(self, uid: int, row: int, view: View) -> None:
        stay = self.away.pop(uid, None)
        segment = Segment(uid, int(view.track_id[row]), view.now, _point(view, row), view.now)
        if stay is None:
            stay = Stay([uid], [segment], segment.foot, float(view.score[row]), view.seq)
        else:
            self.resume(stay, segment)
        stay.entered, stay.due_t, stay.outside = view.seq, 0.0, False
        self.inside[uid] = stay

    def limit_s(self, stay: Stay) -> float:
        """How long this absence may last for the stay to go on."""
        return self.grace_s if stay.outside else max(self.grace_s, self.bridge_s)

    def end_t(self, stay: Stay) -> float:
        """When it is sure that somebody away has ended their stay, if they are not seen again."""
        return stay.last.t + self.limit_s(stay)

    def resume(self, stay: Stay, segment: Segment) -> None:
        """Somebody is inside again: under the same track id their segment goes on, under another a new one begins."""
        same = stay.segments[-1]
        gap_s = segment.first.t - same.last.t
        if segment.uid != same.uid:
            segment.gap_s = gap_s
            stay.segments.append(segment)
        elif stay.outside:
            same.outside_s += gap_s
            return
        else:
            same.bridged_s += gap_s
            same.gaps += 1
        stay.note(segment.first, segment.foot)

    def _look_outside(self, view: View, uids: Iterable[int], inside: Container[int]) -> None:
        """Some of those away are seen outside now."""
        for uid in uids:
            stay = self.away.get(uid)
            if stay is not None and not stay.outside and uid in view.index and uid not in inside:
                stay.outside = True
                self._wait(stay)

    def _expire(self, view: View) -> list[tuple[float, Stay]]:
        before_t = view.before.t if view.before else view.now.t
        ended = [
            (stay.sure_t if stay.sure_t > before_t - 2 * EPSILON_S else view.now.t, stay)
            for stay in self.away.values()
            if view.now.t > stay.sure_t + EPSILON_S
        ]
        for _, stay in ended:
            del self.away[stay.uids[-1]]
        self.next_t = min([stay.sure_t for stay in self.away.values()], default=NEVER_T)
        return ended

    def _join(self, link: Link) -> None:
        if link.old in self.away and link.gap_s <= self.bridge_s + EPSILON_S:
            stay = self.away[link.new] = self.away.pop(link.old)
            stay.uids.append(link.new)

    def _divide(self, split: Split) -> None:
        """Undo a join: each of the two people has the part of the stay that is theirs."""
        for stays in (self.inside, self.away):
            for uid, stay in stays.items():
                if split.new in stay.uids[1:]:
                    self._cut(stays, uid, split)
                    return

    def _cut(self, stays: dict[int, Stay], uid: int, split: Split) -> None:
        stay = stays.pop(uid)
        cut = stay.uids.index(split.new)
        theirs = stay.uids[cut:]
        mine = [s for s in stay.segments if s.uid not in theirs]
        other = [s for s in stay.segments if s.uid in theirs]
        if other:
            own = stays[uid] = Stay(theirs, other, stay.foot, stay.score, stay.entered, stay.outside)
            if stays is self.away:
                self._wait(own)
        if mine:
            stay.uids, stay.segments, stay.outside, stay.due_t = stay.uids[:cut], mine, False, 0.0
            stay.marks = [mark for mark in stay.marks if mark.moment.t <= stay.last.t]
            self.away[split.old] = stay
            self._wait(stay)

    def _measure(self) -> None:
        """Work out again until when absences may last."""
        self._limits = (self.grace_s, self.bridge_s)
        for stay in self.away.values():
            stay.sure_t = self.end_t(stay)
        self.next_t = min([stay.sure_t for stay in self.away.values()], default=NEVER_T)

    def state(self) -> list[Any]:
        """Both groups as JSON values, in order."""
        return [[[uid, _dump(stay)] for uid, stay in group.items()] for group in (self.inside, self.away)]

    def restore(self, state: list[Any]) -> None:
        self.inside, self.away = ({uid: _load(stay) for uid, stay in group} for group in state)
        self._measure()
        self.in_step = False


def _point(view: View, row: int) -> tuple[float, float]:
    return float(view.foot[row, 0]), float(view.foot[row, 1])


def _dump(stay: Stay) -> list[Any]:
    segments = [
        [
            s.uid, s.track_id, list(s.first), list(s.foot), list(s.last), s.gap_s, s.bridged_s, s.outside_s, s.gaps,
            s.frames, s.apart,
        ]
        for s in stay.segments
    ]  # fmt: skip
    return [
        list(stay.uids), segments, list(stay.foot), stay.score, stay.entered, stay.outside, stay.level, stay.due_t,
        dict(stay.memo), [[list(mark.moment), list(mark.place), mark.bridged_s] for mark in stay.marks],
    ]  # fmt: skip


def _load(value: list[Any]) -> Stay:
    uids, segments, foot, *rest, marks = value
    loaded = [
        Segment(uid, track_id, Moment(*first), (place[0], place[1]), Moment(*last), *numbers)
        for uid, track_id, first, place, last, *numbers in segments
    ]
    noted = [Mark(Moment(*moment), (place[0], place[1]), bridged_s) for moment, place, bridged_s in marks]
    stay = Stay(list(uids), loaded, (foot[0], foot[1]), *rest)
    stay.marks = noted
    return stay

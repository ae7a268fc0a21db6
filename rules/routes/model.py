"""The learned model of one camera's usual routes: learns tracks, judges a track while it is walked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.routes.calibration import Calibration, Standing
from rules.routes.evidence import MAX_TRACKS, START, STATISTICS, VIEW_OF, VIEWS, Evidence
from rules.routes.pace import Pace
from rules.routes.scene import STEP, Scene
from rules.routes.walk import Track, Walk
from rules.routes.ways import Ways, cell_of

DAY_S = 86_400.0
REFRESH = 2
"""Old tracks that are judged anew for each one learned, so that the calibration keeps up with the model."""
RECALIBRATE = 32
"""Tracks learned between two calibrations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteParams:
    """When a model may speak and how much it remembers.

    `min_tracks` tracks over `min_days` days are learned before anything is judged; `max_tracks` are kept, after
    which each new one replaces one picked evenly: the chance to be remembered halves every 0.69 `max_tracks` tracks.
    """

    min_tracks: int = 200
    min_days: float = 7.0
    max_tracks: int = 4096

    def __post_init__(self) -> None:
        if not 2 <= self.min_tracks <= self.max_tracks <= MAX_TRACKS or self.min_days < 0.0:
            raise ValueError(f"need 2 <= min_tracks <= max_tracks <= {MAX_TRACKS} and min_days >= 0: {self}")


class RouteScorer:
    """Judges one track in progress; bounded in time and memory per update, whatever the track's length.

    `p_value` is the share of normal tracks that ever look at least as unusual as this one has by now: it only falls.
    """

    __slots__ = ("_calibration", "_evidence", "_extent", "_standing", "_walk", "_x0", "_y0", "p_value")

    def __init__(self, scene: Scene, evidence: Evidence, calibration: Calibration) -> None:
        self._x0, self._y0, self._extent = scene.x0, scene.y0, scene.extent
        self._walk = Walk(STEP)
        self._evidence = evidence
        self._calibration = calibration
        self._standing = Standing(calibration)
        self.p_value = 1.0

    @property
    def score(self) -> float:
        """The joined surprise behind the p-value; only grows."""
        return self._standing.score

    def update(self, x: float, y: float, t: float) -> float:
        """Take one position in, in the unit the model was fitted on, at media time `t`; the p-value so far, (0, 1]."""
        for node in self._walk.add((x - self._x0) / self._extent, (y - self._y0) / self._extent, t):
            news = self._evidence.step(node)
            if news and self._standing.raise_to(news, self._evidence.best):
                self.p_value = self._calibration.p_value(self._standing.score)
        return self.p_value

    def explain(self) -> dict[str, Any]:
        """Why the p-value is what it is: the view that weighs most, when and where it was strongest, JSON values."""
        standing = self._standing
        view = int(np.argmax(standing.views))
        strongest = max(range(len(STATISTICS)), key=lambda i: standing.surprise[i] if VIEW_OF[i] == view else -1.0)
        node = self._evidence.where[strongest]
        why: dict[str, Any] = {
            "p_value": self.p_value,
            "score": round(self.score, 3),
            "view": VIEWS[view],
            "views": {name: round(value, 2) for name, value in zip(VIEWS, standing.views, strict=True)},
        }
        if node is not None:
            x, y = self._x0 + node[0] * self._extent, self._y0 + node[1] * self._extent
            why |= {"at_pts": round(node[4], 3), "at": [round(x, 4), round(y, 4)]}
        return why


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finished track's judgement: smallest p over all prefixes, its score, and when p first fell to a level."""

    p_value: float
    score: float
    alarm_t: float | None


class RouteModel:
    """What one camera has learned. `key` names the view and detector it was learned from; a change starts anew.

    Before the first fit whole tracks wait in memory; the first `begin` or `calibrate` after `ready` builds everything
    at once, and from then on each learned track costs about the same.
    """

    def __init__(self, params: RouteParams | None = None, *, key: str = "") -> None:
        self.params = params or RouteParams()
        self.key = key
        self.learned = 0
        self.first_utc: float | None = None
        self.last_utc: float | None = None
        self.scene: Scene | None = None
        self._waiting: list[Track] = []
        self._walks: list[NDArray[np.float64]] = []
        self._maxima = np.zeros((0, len(STATISTICS)))
        self._ways = Ways()
        self._pace = Pace()
        self._calibration: Calibration | None = None
        self._next_refresh = 0

    @classmethod
    def fitted(cls, tracks: Iterable[Track], params: RouteParams | None = None) -> RouteModel:
        """A model of finished tracks, as from a file: days do not count.

        Raises:
            ValueError: fewer than `min_tracks` tracks move.
        """
        chosen = params or RouteParams(min_tracks=2, min_days=0.0)
        model = cls(chosen)
        for track in tracks:
            model.learn_one(track)
        if not model.ready:
            raise ValueError(f"cannot judge routes yet: {model.progress}")
        model.calibrate()
        return model

    @property
    def size(self) -> int:
        """Tracks remembered, at most `params.max_tracks`."""
        return len(self._walks) + len(self._waiting)

    @property
    def days(self) -> float:
        """Days between the first and the last learned track."""
        if self.first_utc is None or self.last_utc is None:
            return 0.0
        return (self.last_utc - self.first_utc) / DAY_S

    @property
    def ready(self) -> bool:
        """Whether enough was learned to judge; a model says nothing before."""
        return self.size >= self.params.min_tracks and self.days >= self.params.min_days

    @property
    def progress(self) -> str:
        """What to tell an installer who waits."""
        if self.ready:
            return f"learned from {self.size} tracks"
        days = "" if self.params.min_days <= 0.0 else f", {self.days:.1f} of {self.params.min_days:g} days"
        return f"learning, {self.size} of {self.params.min_tracks} tracks{days}"

    def tracks_per_week(self) -> float:
        """How many tracks a week brought so far; 0 where the days are not known."""
        return 7.0 * self.learned / self.days if self.days > 0.0 else 0.0

    def learn_one(self, track: Track, *, utc: float | None = None) -> None:
        """Learn a finished track that ended at wall time `utc`; one that goes nowhere teaches nothing about routes."""
        if utc is not None:
            self.first_utc = utc if self.first_utc is None else min(self.first_utc, utc)
            self.last_utc = utc if self.last_utc is None else max(self.last_utc, utc)
        if self.scene is None:
            self._wait(track)
            return
        walk = self.scene.nodes(track)
        if len(walk):
            self._learn(walk)

    def calibrate(self) -> None:
        """Judge every remembered track with itself left out; builds the model first where tracks still wait."""
        if self.scene is None:
            self._build()
        self._maxima = np.array([self._left_out(slot) for slot in range(len(self._walks))])
        self._calibration = Calibration(self._maxima)
        for walk in self._walks:
            for x, y, angle, _, _ in walk.tolist():
                self._ways.at(cell_of(x, y, angle))

    def begin(self) -> RouteScorer:
        """A scorer for one new track.

        Raises:
            ValueError: the model is not ready.
        """
        if self._calibration is None:
            if not self.ready:
                raise ValueError(f"cannot judge routes yet: {self.progress}")
            self.calibrate()
        assert self.scene is not None
        assert self._calibration is not None
        full = len(self._walks)
        evidence = Evidence(self._ways.at, self._pace.deviation, among=(1 << full) - 1, full=full)
        return RouteScorer(self.scene, evidence, self._calibration)

    def score_one(self, track: Track, *, level: float = 0.01) -> Verdict:
        """Judge a finished track as it would have been judged while walked."""
        scorer = self.begin()
        alarm_t: float | None = None
        for (x, y), t in zip(track.xy.tolist(), track.t.tolist(), strict=True):
            if scorer.update(x, y, t) <= level and alarm_t is None:
                alarm_t = t
        return Verdict(scorer.p_value, scorer.score, alarm_t)

    def _wait(self, track: Track) -> None:
        if len(track) < 2:
            return
        self.learned += 1
        if len(self._waiting) < self.params.max_tracks:
            self._waiting.append(track)
        else:
            self._waiting[self._victim()] = track

    def _victim(self) -> int:
        """The slot to overwrite: even over all, and the same on every replay (Knuth's multiplicative hash)."""
        return (self.learned * 2_654_435_761 % (1 << 32)) * self.params.max_tracks >> 32

    def _build(self) -> None:
        self.scene = Scene.measured(self._waiting)
        self._walks = [walk for walk in map(self.scene.nodes, self._waiting) if len(walk)]
        self._waiting = []
        self._ways = Ways.built(self._walks)
        for walk in self._walks:
            self._pace.add(walk)

    def _learn(self, walk: NDArray[np.float64]) -> None:
        self.learned += 1
        slot = len(self._walks)
        if slot < self.params.max_tracks:
            self._walks.append(walk)
            self._maxima = np.vstack([self._maxima, np.full(len(STATISTICS), START)])
        else:
            slot = self._victim()
            self._ways.remove(slot, self._walks[slot])
            self._pace.add(self._walks[slot], sign=-1.0)
            self._walks[slot] = walk
        self._ways.add(slot, walk)
        self._pace.add(walk)
        self._maxima[slot] = self._left_out(slot)
        for _ in range(REFRESH):
            self._next_refresh = (self._next_refresh + 1) % len(self._walks)
            self._maxima[self._next_refresh] = self._left_out(self._next_refresh)
        if self._calibration is not None and self.learned % RECALIBRATE == 0:
            self._calibration = Calibration(self._maxima)

    def _left_out(self, slot: int) -> list[float]:
        """A remembered track's statistics, judged by all the others."""
        walk, full = self._walks[slot], len(self._walks)
        among = ((1 << full) - 1) & ~(1 << slot)
        self._pace.add(walk, sign=-1.0)
        evidence = Evidence(lambda place: self._ways.among(place, among), self._pace.deviation, among=among, full=full)
        for node in walk.tolist():
            evidence.step(node)
        self._pace.add(walk)
        return evidence.best


def score_all(model: RouteModel, tracks: Sequence[Track]) -> list[Verdict]:
    """Every track's verdict, in order."""
    return [model.score_one(track) for track in tracks]

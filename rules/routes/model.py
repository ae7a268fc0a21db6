"""The learned model of one camera's usual routes: what is remembered, and when it may speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.routes import archive
from rules.routes.calibration import Calibration
from rules.routes.corridor import ALIKE_MEAN, Corridor, Flows, Note, Polygon, Status, apart, corridors, drawn, follows
from rules.routes.evidence import MAX_TRACKS, START, STATISTICS, Evidence
from rules.routes.pace import Pace
from rules.routes.scene import Scene
from rules.routes.scorer import RouteScorer, Verdict
from rules.routes.walk import FLOATS_PER_NODE, Track
from rules.routes.ways import Ways

DAY_S = 86_400.0
REFRESH = 2
"""Old tracks that are judged anew for each one learned, so that the calibration keeps up with the model."""
RECALIBRATE = 32
"""Tracks learned between two calibrations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteParams:
    """When a model may speak and how much it remembers.

    `min_tracks` tracks over `min_days` days are learned before anything is judged. `max_tracks` are kept; after that
    each new one replaces one picked evenly, so that what is usual is forgotten over about `max_tracks` tracks.

    Raises:
        ValueError: out of range.
    """

    min_tracks: int = 200
    min_days: float = 7.0
    max_tracks: int = 4096

    def __post_init__(self) -> None:
        if not 2 <= self.min_tracks <= self.max_tracks <= MAX_TRACKS or self.min_days < 0.0:
            raise ValueError(f"need 2 <= min_tracks <= max_tracks <= {MAX_TRACKS} and min_days >= 0: {self}")


class RouteModel:
    """What one camera has learned. `key` names the view and detector it was learned from; a change starts anew.

    Whole tracks wait in memory until the model is `ready`; the first `begin` builds everything at once, and from then
    on each learned track costs about the same. Positions are in one unit, named as it ends a number's name: `ph`,
    picture heights, for live rules; any other for files.
    """

    def __init__(self, params: RouteParams | None = None, *, key: str = "", unit: str = "ph") -> None:
        self.params = params or RouteParams()
        self.key = key
        self.unit = unit
        self.accepted = False
        self.learned = 0
        self.still = 0
        self.first_utc: float | None = None
        self.last_utc: float | None = None
        self.scene: Scene | None = None
        self.notes: list[Note] = []
        self._waiting: list[Track] = []
        self._walks: list[NDArray[np.float64]] = []
        self._maxima = np.zeros((0, len(STATISTICS)))
        self._ways = Ways()
        self._pace = Pace()
        self._calibration: Calibration | None = None
        self._flows: Flows | None = None
        self._corridors: list[Corridor] | None = None
        self._refreshed = 0
        self._forbidden = 0

    @classmethod
    def fitted(cls, tracks: Iterable[Track], params: RouteParams | None = None, *, unit: str = "ph") -> RouteModel:
        """A model of finished tracks, as from a file: days do not count unless `params` says so.

        Raises:
            ValueError: too few tracks, or none of them moves.
        """
        model = cls(params or RouteParams(min_tracks=2, min_days=0.0), unit=unit)
        for track in tracks:
            model.learn_one(track)
        if not model.ready:
            raise ValueError(f"cannot judge routes yet: {model.progress}")
        model.calibrate()
        return model

    def __len__(self) -> int:
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
        return len(self) >= self.params.min_tracks and self.days >= self.params.min_days

    @property
    def progress(self) -> str:
        """What to tell an installer: learning, n of m; then trial, until accepted."""
        if not self.ready:
            days = "" if self.params.min_days <= 0.0 else f", {self.days:.1f} of {self.params.min_days:g} days"
            return f"learning, {len(self)} of {self.params.min_tracks} tracks{days}"
        return f"{'accepted' if self.accepted else 'trial'}, learned from {len(self)} tracks"

    def tracks_per_week(self) -> float:
        """How many tracks a week brought so far; 0 where the days are not known."""
        return 7.0 * self.learned / self.days if self.days > 0.0 else 0.0

    def level(self, *, false_alarms_per_week: float) -> float:
        """The p-value at or below which to raise an alarm so that so many false ones a week are to be expected.

        Raises:
            ValueError: the wish is not positive, or no week can be told from what was learned.
        """
        if not false_alarms_per_week > 0.0:
            raise ValueError(f"false_alarms_per_week must be above 0, not {false_alarms_per_week}")
        if not self.tracks_per_week() > 0.0:
            raise ValueError("tracks a week are not known: learn tracks with their wall time")
        return min(1.0, false_alarms_per_week / self.tracks_per_week())

    def learn_one(self, track: Track, *, utc: float | None = None) -> None:
        """Learn a finished track that ended at wall time `utc`; one that stays put only counts among the harmless.

        Not for tracks whose alert was resolved as real. Those that merely look unusual must be learned: leaving
        them out would make every later track look more unusual than it is.
        """
        if not len(track):
            return
        self.learned += 1
        if self.scene is None:
            self._wait(track)
        else:
            walk = _rounded(self.scene.nodes(track))
            if len(walk):
                self._learn(walk)
            else:
                self.still += 1
        if utc is not None:
            self.first_utc = utc if self.first_utc is None else min(self.first_utc, utc)
            self.last_utc = utc if self.last_utc is None else max(self.last_utc, utc)

    def calibrate(self) -> None:
        """Judge every remembered track with itself left out; builds the model first where tracks still wait.

        Raises:
            ValueError: nothing moves in what was learned.
        """
        if self.scene is None:
            self._build()
        self._maxima = np.array([self._left_out(slot) for slot in range(len(self._walks))])
        self._calibrate()

    def begin(self, *, entered: bool = True) -> RouteScorer:
        """A scorer for one new track; not `entered` where it may have begun before it could be seen.

        Raises:
            ValueError: the model is not ready.
        """
        if not self.ready:
            raise ValueError(f"cannot judge routes yet: {self.progress}")
        if self._calibration is None:
            self.calibrate()
        assert self.scene is not None
        assert self._calibration is not None
        full = len(self._walks)
        among = ((1 << full) - 1) & ~self._forbidden
        evidence = Evidence(
            self._ways.at, self._ways.began, self._pace.deviation, among=among, full=full, entered=entered
        )
        return RouteScorer(self.scene, evidence, self._calibration, flows=self.corridors, unit=self.unit)

    def score_one(self, track: Track, *, level: float = 0.01) -> Verdict:
        """Judge a finished track as it would have been judged while walked.

        Raises:
            ValueError: the model is not ready.
        """
        scorer = self.begin()
        alarm_t: float | None = None
        for (x, y), t in zip(track.xy.tolist(), track.t.tolist(), strict=True):
            if scorer.update(x, y, t) <= level and alarm_t is None:
                alarm_t = t
        return Verdict(scorer.p_value, scorer.score, alarm_t)

    def corridors(self, *, zones: Mapping[str, Polygon] | None = None) -> list[Corridor]:
        """The main flows, largest first; named after `zones` (polygons in input units) where their ends lie in one."""
        if self.scene is None:
            return []
        if self._flows is None:
            self._flows, self._corridors = drawn(self._walks), None
        if self._corridors is None or zones is not None:
            self._corridors = corridors(self._flows, self.scene, notes=self.notes, zones=zones)
        return self._corridors

    def note(self, corridor_id: str, *, name: str | None = None, status: Status | None = None) -> None:
        """Keep an installer's word on a corridor, also when corridors are drawn anew; None leaves what was said.

        Those who walked a forbidden one are company to nobody any more: who walks it next is unusual.

        Raises:
            KeyError: no such corridor.
        """
        flow = next((flow for flow in self.corridors() if flow.corridor_id == corridor_id), None)
        if flow is None or self.scene is None:
            raise KeyError(corridor_id)
        line = (flow.line - (self.scene.x0, self.scene.y0)) / self.scene.extent
        said = [n for n in self.notes if apart(n.line, line)[0] <= ALIKE_MEAN]
        kept_name = name if name is not None else next((n.name for n in said), None)
        note = Note(line, kept_name, flow.status if status is None else status)
        self.heed([note, *(n for n in self.notes if apart(n.line, line)[0] > ALIKE_MEAN)])

    def heed(self, notes: Sequence[Note]) -> None:
        """Take an installer's words over, as from the file of this very model."""
        if [note.told for note in notes] == [note.told for note in self.notes]:
            return
        self.notes = list(notes)
        self._corridors = None
        before = self._forbidden
        if self.scene is not None:
            self._forbid()
        if self._calibration is not None and self._forbidden != before:
            self.calibrate()

    def sample(self, count: int) -> list[NDArray[np.float64]]:
        """About `count` remembered walks for drawing, float64 (M, 2) each, in input units."""
        if self.scene is None:
            return []
        every = max(1, len(self._walks) // max(1, count))
        corner = (self.scene.x0, self.scene.y0)
        return [walk[:, :2] * self.scene.extent + corner for walk in self._walks[::every]]

    def to_bytes(self) -> bytes:
        """The model, to be kept; `from_bytes` continues exactly, and computes nothing anew."""
        head: dict[str, Any] = {
            "params": asdict(self.params), "key": self.key, "unit": self.unit, "accepted": self.accepted,
            "learned": self.learned, "still": self.still, "first_utc": self.first_utc, "last_utc": self.last_utc,
            "scene": None if self.scene is None else asdict(self.scene), "refreshed": self._refreshed,
            "calibrated": self._calibration is not None,
            "notes": [{"line": note.line.tolist(), "name": note.name, "status": note.status} for note in self.notes],
        }  # fmt: skip
        raw, raw_lengths = archive.joined([np.column_stack((one.t, one.xy)) for one in self._waiting], 3)
        walks, walk_lengths = archive.joined(self._walks, FLOATS_PER_NODE)
        arrays = {
            "raw": raw, "raw_lengths": raw_lengths, "walks": walks.astype(np.float32), "walk_lengths": walk_lengths,
            "maxima": self._maxima,
        }  # fmt: skip
        if self.scene is not None:
            self.corridors()
            assert self._flows is not None
            arrays |= self._ways.dump(len(self._walks))
            arrays["pace_cells"], arrays["pace_sums"] = self._pace.dump()
            arrays |= {"flow_lines": self._flows.lines, "flow_halves": self._flows.halves}
            arrays["flow_tracks"] = self._flows.tracks
            head["flow_count"] = self._flows.count
        return archive.pack(head, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> RouteModel:
        """A model kept by `to_bytes`. What a file of an older program lacks is computed from the walks it has.

        Raises:
            ValueError: not a model, damaged, or written by a newer program.
        """
        head, arrays = archive.unpack(data)
        try:
            model = cls(RouteParams(**head["params"]), key=head["key"], unit=head["unit"])
            model.accepted, model.learned, model.still = head["accepted"], head["learned"], head["still"]
            model.first_utc, model.last_utc = head["first_utc"], head["last_utc"]
            model._refreshed = head["refreshed"]
            model.notes = [Note(np.array(n["line"]), n["name"], n["status"]) for n in head["notes"]]
            raw = archive.split(arrays["raw"], arrays["raw_lengths"])
            model._waiting = [Track(rows[:, 0], rows[:, 1:]) for rows in raw]
            if head["scene"] is not None:
                model._restore(Scene(**head["scene"]), head, arrays)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this model of routes lacks {error}") from error
        return model

    def _restore(self, scene: Scene, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self.scene = scene
        self._walks = archive.split(arrays["walks"].astype(np.float64), arrays["walk_lengths"])
        self._ways = Ways.loaded(arrays) or Ways.built(self._walks)
        if "pace_cells" in arrays:
            self._pace = Pace.loaded(arrays["pace_cells"], arrays["pace_sums"])
        else:
            self._pace = Pace.built(self._walks)
        if "flow_lines" in arrays:
            lines, halves, tracks = (arrays[f"flow_{name}"] for name in ("lines", "halves", "tracks"))
            self._flows = Flows(lines, halves, tracks, head["flow_count"])
        self._forbid()
        self._maxima = arrays["maxima"]
        if head["calibrated"] and self._maxima.shape == (len(self._walks), len(STATISTICS)):
            self._calibrate()
        elif head["calibrated"]:  # by a program that looked at other statistics
            self.calibrate()

    def _calibrate(self) -> None:
        """Tracks that never move count too: they can raise no false alarm, and are part of what a week brings."""
        moving = max(1, self.learned - self.still)
        allowed = [slot for slot in range(len(self._walks)) if not self._forbidden >> slot & 1]
        maxima = self._maxima[allowed] if allowed else self._maxima
        self._calibration = Calibration(maxima, still=round(len(maxima) * self.still / moving))

    def _forbid(self) -> None:
        """Which of the remembered walked a forbidden corridor."""
        lines = [note.line for note in self.notes if note.status == "forbidden"]
        walkers = (slot for slot, walk in enumerate(self._walks) if any(follows(walk, line) for line in lines))
        self._forbidden = sum(1 << slot for slot in walkers)
        self._ways.show(~self._forbidden)

    def _wait(self, track: Track) -> None:
        if len(self._waiting) < self.params.max_tracks:
            self._waiting.append(track)
        else:
            self._waiting[self._victim()] = track

    def _victim(self) -> int:
        """The slot to overwrite: even over all, and the same on every replay (Knuth's multiplicative hash)."""
        return (self.learned * 2_654_435_761 % (1 << 32)) * self.params.max_tracks >> 32

    def _build(self) -> None:
        scene = Scene.measured(self._waiting)
        walks = [_rounded(scene.nodes(track)) for track in self._waiting]
        moving = [walk for walk in walks if len(walk)]
        self.still = round(self.learned * (len(walks) - len(moving)) / len(walks))
        self.scene, self._walks, self._waiting = scene, moving, []
        self._ways, self._pace = Ways.built(moving), Pace.built(moving)
        self._forbid()

    def _learn(self, walk: NDArray[np.float64]) -> None:
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
        if any(note.status == "forbidden" for note in self.notes):
            self._forbid()
        self._maxima[slot] = self._left_out(slot)
        for _ in range(REFRESH):
            self._refreshed = (self._refreshed + 1) % len(self._walks)
            self._maxima[self._refreshed] = self._left_out(self._refreshed)
        if self._calibration is not None and self.learned % RECALIBRATE == 0:
            self._calibrate()
            self._flows = None

    def _left_out(self, slot: int) -> list[float]:
        """A remembered track's statistics, judged by all the others."""
        walk, full = self._walks[slot], len(self._walks)
        among = ((1 << full) - 1) & ~(1 << slot) & ~self._forbidden
        self._pace.add(walk, sign=-1.0)
        evidence = Evidence(
            lambda place: self._ways.among(place, among), self._ways.began, self._pace.deviation, among=among, full=full
        )
        for node in walk.tolist():
            evidence.step(node)
        self._pace.add(walk)
        return evidence.best


def _rounded(walk: NDArray[np.float64]) -> NDArray[np.float64]:
    """As the archive keeps it, so that a model read back is the very same."""
    return walk.astype(np.float32).astype(np.float64)

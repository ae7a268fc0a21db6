"""Follows everybody in one camera's picture: detections of a frame in, tracks of that frame out, in time order."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.track import association, grid, kalman
from pipeline.track.camera_motion import CameraMotion
from pipeline.track.kalman import Floats, Motion, MotionParams, Picks
from pipeline.types import Detections, Picture, Tracks

Ints = NDArray[np.int64]
VERSION = 1
TICK = 1e-6
"""Seconds, and score, by which sums of floats may be off."""
EDGE_BH = (0.3, 0.05)
"""How near to a side of the picture, and to its bottom, in body heights, is at the edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerParams:
    """One set of defaults serves all cameras from 2 to 30 frames a second: every time is in seconds.

    Raises:
        ValueError: a score outside [0, 1], or a time that is not positive.
    """

    low_score: float = 0.1
    """Detections below are not looked at."""
    birth_score: float = 0.7
    """A detection from here on that nobody explains begins a track."""
    lost_s: float = 10.0
    """How long somebody who is hidden keeps the id."""
    proof: float = 1.2
    """Summed detection score from which a track is told to the world: two sure sights, or three doubtful ones."""
    unproven_s: float = 0.5
    """How long a track without that proof waits for more."""
    newcomer: float = 8.0
    """-log of how many newcomers a frame brings per body height squared and unit of log size."""
    return_cost: float = 5.0
    """-log of the chance that a lost person is the one who appears now."""
    return_edge: float = 3.0
    """How much it adds if the detection stands at the edge of the picture, where newcomers come from."""
    blind_bh: float = 0.05
    """Who is out of sight is still told, as predicted, while the error of that is below so many body heights."""
    double_iou: float = 0.7
    """A detection that overlaps a followed one by more is a second box on the same person."""
    camera_moves: bool = True
    """Whether the camera itself may move, which is then told from what all people seem to do at once."""
    motion: MotionParams = field(default_factory=MotionParams)

    def __post_init__(self) -> None:
        if not 0 <= self.low_score <= self.birth_score <= 1:
            raise ValueError("scores must satisfy 0 <= low_score <= birth_score <= 1")
        if self.lost_s <= 0 or self.unproven_s <= 0:
            raise ValueError("lost_s and unproven_s must be above 0 s")


@dataclass(slots=True, eq=False)
class Followed:
    """Everybody who is followed at present: `motion` of N tracks and parallel arrays (N,).

    `unseen_s` is the time since the last detection, 0 where there was one on this frame; `proof` the summed score of
    all detections so far.
    """

    motion: Motion
    track_id: Ints
    class_id: NDArray[np.int32]
    score: Floats
    unseen_s: Floats
    proof: Floats

    @classmethod
    def nobody(cls) -> Followed:
        return cls(Motion.empty(), np.zeros(0, np.int64), np.zeros(0, np.int32), *np.zeros((3, 0)))

    def __len__(self) -> int:
        return len(self.track_id)

    def pick(self, picks: Picks) -> Followed:
        return Followed(self.motion.pick(picks), *(getattr(self, f.name)[picks] for f in fields(self)[1:]))

    def joined(self, other: Followed) -> Followed:
        rest = (np.concatenate((getattr(self, f.name), getattr(other, f.name))) for f in fields(self)[1:])
        return Followed(self.motion.joined(other.motion), *rest)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The detections of one frame as measurements: `at`, `var` (4, M), `xyxy` (M, 4) px, `score`, `class_id` (M,)."""

    at: Floats
    var: Floats
    xyxy: Floats
    score: Floats
    class_id: NDArray[np.int32]

    @classmethod
    def of(cls, detections: Detections, params: TrackerParams) -> Seen:
        wanted = detections.score >= params.low_score
        if not wanted.all():
            detections = detections[wanted]
        xyxy, score = detections.xyxy.astype(np.float64), detections.score.astype(np.float64)
        at = kalman.measure(xyxy)
        return cls(at, kalman.noise_var(at, score, params.motion), xyxy, score, detections.class_id)

    def __len__(self) -> int:
        return len(self.score)

    def at_edge(self, width: int, height: int) -> NDArray[np.bool_]:
        """Who stands at a side of the picture or is cut by its bottom: there people come in and go out."""
        high = self.xyxy[:, 3] - self.xyxy[:, 1]
        side, bottom = EDGE_BH[0] * high, EDGE_BH[1] * high
        x1, x2, y2 = self.xyxy[:, 0], self.xyxy[:, 2], self.xyxy[:, 3]
        edge: NDArray[np.bool_] = (x1 < side) | (x2 > width - side) | (y2 > height - bottom)
        return edge


class Tracker:
    """One camera's tracker. Its memory is bounded by the people of the last `lost_s` seconds."""

    def __init__(self, params: TrackerParams | None = None) -> None:
        self._params = params or TrackerParams()
        self._people = Followed.nobody()
        self._run_id: int | None = None
        self._pts = self._utc = 0.0
        self._size = (0, 0)
        self._next_id = 1
        self._camera = CameraMotion()

    def update(
        self, detections: Detections, *, camera_id: str, run_id: int, pts: float, utc: float,
        width: int, height: int, picture: Picture | None = None,
    ) -> Tracks:  # fmt: skip
        """Follow one frame on and say who is seen on it. Frames come in order of time.

        A new `run_id` is a new connection of the same camera: people are followed across it by wall time, as across
        an occlusion, and ids go on counting. A picture of another size is another view: nobody is carried over.
        `picture` is not looked at (see the README).

        Raises:
            ValueError: `pts` does not advance within a run.
        """
        dt = self._advance(run_id=run_id, pts=pts, utc=utc)
        if self._size != (width, height):
            self._people, self._size = Followed.nobody(), (width, height)
        kalman.predict(self._people.motion, dt, self._params.motion)
        self._people.unseen_s += dt
        self._forget(dt)
        seen = Seen.of(detections, self._params)
        left = self._explain(seen, dt)
        self._begin(seen, left)
        return self._emit(camera_id=camera_id, run_id=run_id, pts=pts, utc=utc, width=width, height=height)

    def state(self) -> dict[str, Any]:
        """All that is known, as a JSON value, from which `restore` continues exactly."""
        people = self._people
        return {
            "version": VERSION, "run_id": self._run_id, "pts": self._pts, "utc": self._utc, "next_id": self._next_id,
            "size": list(self._size), "camera": self._camera.var.tolist(),
            "motion": {f.name: getattr(people.motion, f.name).tolist() for f in fields(Motion)},
            "people": {f.name: getattr(people, f.name).tolist() for f in fields(Followed)[1:]},
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave, also in another process.

        Raises:
            ValueError: another version's state.
        """
        if state.get("version") != VERSION:
            raise ValueError(f"tracker state of version {state.get('version')}; allowed: {VERSION}")
        nobody = Followed.nobody()
        rows = {f.name: len(getattr(nobody.motion, f.name)) for f in fields(Motion)}
        motion = Motion(*(np.array(state["motion"][name], np.float64).reshape(n, -1) for name, n in rows.items()))
        columns = (np.array(state["people"][f.name], getattr(nobody, f.name).dtype) for f in fields(Followed)[1:])
        self._people = Followed(motion, *columns)
        self._run_id, self._next_id = state["run_id"], state["next_id"]
        self._pts, self._utc = state["pts"], state["utc"]
        self._size = (state["size"][0], state["size"][1])
        self._camera.var = np.array(state["camera"])

    def _advance(self, *, run_id: int, pts: float, utc: float) -> float:
        """Seconds since the last frame: media time within a run, wall time across connections."""
        if self._run_id is None:
            dt = 0.0
        elif run_id == self._run_id:
            dt = pts - self._pts
            if dt <= 0:
                raise ValueError(f"pts must advance within a run: {pts} after {self._pts}")
        else:
            dt = max(utc - self._utc, 0.0)
        self._run_id, self._pts, self._utc = run_id, pts, utc
        return dt

    def _explain(self, seen: Seen, dt: float) -> NDArray[np.bool_]:
        """Give detections to tracks and correct these; True where a detection is left over."""
        people, left = self._people, np.ones(len(seen), np.bool_)
        if len(people) == 0 or len(seen) == 0:
            return left
        row, column = self._pair(seen, self._camera.blurred(seen.var), dt)
        if self._params.camera_moves:
            row, column = self._steady(seen, row, column, dt)
        kalman.correct(people.motion, row, seen.at[:, column], seen.var[:, column])
        people.unseen_s[row] = 0.0
        people.score[row] = seen.score[column]
        people.proof[row] += seen.score[column]
        left[column] = False
        return left

    def _steady(self, seen: Seen, row: Ints, column: Ints, dt: float) -> tuple[Ints, Ints]:
        """Take the camera's own movement out of everybody's place, and pair again where there was any."""
        people = self._people
        off = seen.at[:2, column] - people.motion.at[:2, row]
        shift = self._camera.shift(off, people.motion.at_var[:2, row] + seen.var[:2, column], dt)
        if not shift.any():
            return row, column
        people.motion.at[:2] += shift[:, None]
        return self._pair(seen, seen.var, dt)

    def _pair(self, seen: Seen, var: Floats, dt: float) -> tuple[Ints, Ints]:
        """Who is whom, were the detections' variances `var` (4, M): tracks and their detections."""
        people, params = self._people, self._params
        row, column = association.near(people.motion, seen.at, var, params.newcomer)
        cost = association.surprise(people.motion, row, seen.at, var, column) - params.newcomer
        lost = people.unseen_s > dt + TICK
        if lost.any():
            comeback = params.return_cost + params.return_edge * seen.at_edge(*self._size)
            cost += np.where(lost[row], comeback[column], 0.0)
        cost[people.class_id[row] != seen.class_id[column]] = 0.0
        return association.assign(row, column, cost)

    def _forget(self, dt: float) -> None:
        """Drop whoever was out of sight for too long; who was seen on the last frame has a chance on this one."""
        params = self._params
        patience = np.where(self._proven(), params.lost_s, max(params.unproven_s, dt))
        alive = self._people.unseen_s <= patience + TICK
        if not alive.all():
            self._people = self._people.pick(alive)

    def _begin(self, seen: Seen, left: NDArray[np.bool_]) -> None:
        """Begin a track for every sure detection that is left over, unless it doubles somebody's."""
        params = self._params
        new = np.flatnonzero(left & (seen.score >= params.birth_score))
        if len(new) and not left.all():
            overlap = association.iou(seen.xyxy[new], seen.xyxy[~left])
            new = new[overlap.max(axis=1) < params.double_iou]
        if len(new) == 0:
            return
        ids = np.arange(self._next_id, self._next_id + len(new))
        self._next_id += len(new)
        motion = kalman.begin(seen.at[:, new], seen.var[:, new], params.motion)
        score = seen.score[new]
        born = Followed(motion, ids, seen.class_id[new], score, np.zeros(len(new)), score.copy())
        self._people = self._people.joined(born)

    def _proven(self) -> NDArray[np.bool_]:
        return self._people.proof >= self._params.proof - TICK

    def _told(self, boxes: Floats, width: int) -> NDArray[np.bool_]:
        """Who is told to the world: the proven who are seen, or hidden where they must be, inside the picture."""
        people, params = self._people, self._params
        seen = people.unseen_s == 0
        high = boxes[:, 3] - boxes[:, 1]
        sure = people.motion.at_var[0] < (params.blind_bh * high) ** 2
        inside = (boxes[:, 0] > 0) & (boxes[:, 2] < width)
        told: NDArray[np.bool_] = self._proven() & (seen | (sure & inside))
        return told

    def _emit(self, *, camera_id: str, run_id: int, pts: float, utc: float, width: int, height: int) -> Tracks:
        """The frame's tracks, on the grid that files hold."""
        people = self._people
        boxes = people.motion.boxes()
        out = np.flatnonzero(self._told(boxes, width))
        centi = grid.snap(boxes[out], width=width, height=height)
        return Tracks(
            camera_id=camera_id, run_id=run_id, pts=pts, utc=utc, aspect=width / height,
            track_id=people.track_id[out], xyxy=grid.normalise(centi, width=width, height=height),
            score=grid.snap_score(people.score[out]), class_id=people.class_id[out],
            observed=people.unseen_s[out] == 0,
        )  # fmt: skip

"""Learning a camera's usual routes while it is watched, in a model beside the one that judges.

The judging model never changes under a running rule: what was learned is kept in the data folder, and the camera's
process starts anew to judge by it, once when the model has seen enough and then once a day. People are bridged over
that restart like over an occlusion.

Whom an alert was about is held back until somebody has said how it ended, a week at most: what was real is never
learned from, all else is, or the usual would look ever more unusual.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pipeline.held import HeldBack, Way
from pipeline.types import Tracks
from rules.routes import RouteModel, RouteParams, Track
from rules.types import PERSON, Event

log = logging.getLogger(__name__)

GONE_S = 12.0
"""Past the tracker's `lost_s` and the rules' `bridge_s` nobody comes back with the same id."""
LONGEST_S = 3600.0
"""Somebody who stays for longer is learned in pieces, so that memory stays bounded."""
KEEP_S = 3600.0
RENEW_S = 86_400.0


class RouteLearner:
    """Collects finished tracks of one camera and learns them. `key` names view and detector: another one starts anew.

    `verdicts` is the file that tells how alerts ended; without it those whom alerts were about wait for `HOLD_S`.

    While `moved` says that the camera looks elsewhere than it did, nobody is learned from.

    Positions are picture heights from the top left corner (x times the aspect), as rules see them. Learning, loading
    and keeping run in a thread of their own: a model of thousands of tracks takes seconds to load.
    """

    def __init__(self, path: Path, *, key: str, params: RouteParams, verdicts: Path | None = None) -> None:
        self._path, self._key, self._params = path, key, params
        self.moved: Callable[[], bool] = lambda: False
        self._ways: dict[int, Way] = {}
        self._suspects: dict[int, str] = {}
        self._held = HeldBack(path.with_suffix(".held"), view=key, verdicts=verdicts)
        self._run_id: int | None = None
        self._saved_utc: float | None = None
        self._began_utc: float | None = None
        self._seen_utc: float | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="learning")
        self._loaded: Future[RouteModel] = self._thread.submit(_load, path, key, params)
        self._thread.submit(self._held.load)
        self._judged_by: int | None = None
        self._learned = 0
        self._written: int | None = None
        self._ready = False
        self._anew: RouteModel | None = None

    @property
    def progress(self) -> str:
        return self._model().progress

    def watch(self, tracks: Tracks) -> None:
        """Take one analysed frame in, in order."""
        if self.moved():
            self._ways.clear()
            return
        if tracks.run_id != self._run_id:
            self._finish(list(self._ways))
            self._suspects.clear()
            self._run_id = tracks.run_id
        self._seen_utc = tracks.utc
        self._began_utc = tracks.utc if self._began_utc is None else self._began_utc
        people = tracks.observed & (tracks.class_id == PERSON)
        foot = tracks.foot[people]
        for track_id, (x, y) in zip(tracks.track_id[people].tolist(), foot.tolist(), strict=True):
            self._ways.setdefault(track_id, []).append((tracks.utc, x * tracks.aspect, y))
        gone = [i for i, way in self._ways.items() if tracks.utc - way[-1][0] > GONE_S]
        self._finish([*gone, *(i for i, way in self._ways.items() if way[-1][0] - way[0][0] > LONGEST_S)])
        for track_id in gone:
            self._suspects.pop(track_id, None)
        self._saved_utc = tracks.utc if self._saved_utc is None else self._saved_utc
        if tracks.utc - self._saved_utc >= KEEP_S:
            self._saved_utc = tracks.utc
            self._thread.submit(self._review, tracks.utc)
            self._thread.submit(self._save)

    def suspect(self, event: Event) -> None:
        """Hold back whom an alert is about, once they are gone. After `watch` of the frame that raised it."""
        if event.run_id == self._run_id:
            self._suspects |= {track_id: event.key for track_id in event.track_ids if track_id in self._ways}

    def wants_restart(self, utc: float) -> bool:
        """Whether the judging model should give way: this one has just seen enough, or a day has passed."""
        if self._anew is not None and not self._ready:
            return True
        if not self._ready or self._began_utc is None or self._learned == self._judged_by:
            return False
        return self._judged_by == 0 or utc - self._began_utc >= RENEW_S

    def start_anew(self) -> None:
        """The camera was moved for good: all that was learned of where it looked before is forgotten."""
        self._ways.clear()
        self._suspects.clear()
        self._thread.submit(self._forget)

    def settle(self) -> None:
        """Wait until all that was handed over is learned."""
        self._thread.submit(lambda: None).result()

    def close(self) -> None:
        self._finish(list(self._ways))
        if self._seen_utc is not None:
            self._thread.submit(self._review, self._seen_utc)
        self._thread.submit(self._save)
        self._thread.shutdown(wait=True)

    def _finish(self, ids: list[int]) -> None:
        for track_id in ids:
            way = self._ways.pop(track_id)
            key = self._suspects.get(track_id)
            if len(way) > 1 and key is not None:
                self._thread.submit(self._held.add, key, way)
            elif len(way) > 1:
                self._thread.submit(self._learn, way)

    def _model(self) -> RouteModel:
        return self._loaded.result() if self._anew is None else self._anew

    def _forget(self) -> None:
        self._held.clear()
        self._learned, self._ready, self._judged_by = 0, False, 0
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be removed: %s", self._path.name, error.strerror)
        self._anew = RouteModel(self._params, key=self._key)

    def _review(self, utc: float) -> None:
        for way in self._held.review(utc):
            self._learn(way)

    def _learn(self, way: Way) -> None:
        model = self._model()
        if self._judged_by is None:
            self._judged_by = model.learned if model.ready else 0
        model.learn_one(Track.of([t for t, _, _ in way], [(x, y) for _, x, y in way]), utc=way[-1][0])
        self._learned, self._ready = model.learned, model.ready

    def _save(self) -> None:
        """Keep what was learned; a disk that refuses costs learning, nothing else."""
        self._held.save()
        if self._learned == 0:
            return
        model = self._model()
        self._heed(model)
        if model.ready:
            model.begin()  # built and calibrated here, or the camera's loop would wait for it at its next start
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(model.to_bytes())
            fresh.replace(self._path)
            self._written = self._path.stat().st_mtime_ns
        except OSError as error:
            log.warning("what was learned of usual routes cannot be kept: %s", error.strerror)

    def _heed(self, model: RouteModel) -> None:
        """What an installer has said of a corridor in the file meanwhile is not overwritten."""
        try:
            altered = self._path.stat().st_mtime_ns != self._written
        except OSError:
            return
        kept = _kept(self._path, key=model.key) if altered else None
        if kept is not None:
            model.heed(kept.notes)


def _load(path: Path, key: str, params: RouteParams) -> RouteModel:
    return _kept(path, key=key) or RouteModel(params, key=key)


def _kept(path: Path, *, key: str) -> RouteModel | None:
    try:
        model = RouteModel.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s cannot be used and learning begins anew: %s", path.name, error)
        return None
    if model.key not in ("", key):
        log.warning("the view or the detector has changed: usual routes are learned anew")
        return None
    model.key = key
    return model

"""Walks over the site: begun, followed by a thread each, ended by somebody or by themselves, and kept as sheets."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.clock import Clock
from pipeline.editing.walk import Met, Steps, Walk, targets_of
from pipeline.errors import BadInput
from pipeline.site import Site
from pipeline.types import Sight

log = logging.getLogger(__name__)

Sights = Callable[[str], list[Sight]]
"""Who stood where on a camera's last analysed frames; raises KeyError where nobody runs it any more."""

LOOK_S = 0.15
AT_ONCE = 4
MOST_MINUTES = 240.0
SHEETS_KEPT = 200


class Walks:
    """Walks that go on, in memory, and those that have ended, a JSON file each in `folder`."""

    def __init__(self, folder: Path, *, sights: Sights, clock: Clock) -> None:
        self._folder, self._sights, self._clock = folder, sights, clock
        self._going: dict[str, _Going] = {}
        self._lock = threading.Lock()

    def begin(self, site: Site, *, version: int, cameras: Sequence[str], minutes: float, actor: str) -> Walk:
        """Follow these cameras until the minutes are over or somebody ends it.

        Raises:
            BadInput: nothing to reach, too long, or too many at once.
        """
        if not 0 < minutes <= MOST_MINUTES:
            raise BadInput(f"minutes: {minutes:g}; allowed: above 0, at most {MOST_MINUTES:g}")
        targets = [target for camera in cameras for target in targets_of(site, camera)]
        if not targets:
            raise BadInput("these cameras have no zone and no line yet: draw them first")
        now = self._clock.utc()
        walk = Walk(
            walk_id=secrets.token_hex(8), actor=actor, begun_utc=now, until_utc=now + minutes * 60.0, version=version,
            targets=targets, cameras=[Met(camera_id=camera) for camera in cameras],
        )  # fmt: skip
        going = _Going(walk, site, sights=self._sights, clock=self._clock, ended=self._ended)
        with self._lock:
            if len(self._going) >= AT_ONCE:
                raise BadInput(f"{AT_ONCE} walk tests are going on already; end one first")
            self._going[walk.walk_id] = going
        going.start()
        return walk

    def get(self, walk_id: str) -> dict[str, Any]:
        """Raises KeyError: there is none."""
        going = self._going.get(walk_id)
        return self._kept(walk_id) if going is None else going.value()

    def listed(self) -> list[dict[str, Any]]:
        """Newest first, those that go on among them."""
        going = [one.value() for one in list(self._going.values())]
        kept = []
        for path in self._sheets():
            with contextlib.suppress(KeyError):  # a damaged one hides no other
                kept.append(self._kept(path.stem))
        known = {one["walk_id"]: one for one in kept + going}
        return sorted(known.values(), key=lambda one: -float(one["begun_utc"]))

    def end(self, walk_id: str, *, actor: str, note: str = "") -> dict[str, Any]:
        """End a walk that goes on; one that has ended stays as it is. Raises KeyError."""
        going = self._going.get(walk_id)
        if going is not None:
            going.end(actor=actor, note=note)
        return self.get(walk_id)

    def stop(self) -> None:
        """The service ends, and so does every walk: what was reached is kept."""
        for going in list(self._going.values()):
            going.end(actor="system", note="")

    def changes(self, walk_id: str, mark: dict[str, int]) -> list[tuple[str, dict[str, Any]]]:
        """What a page that knows up to `mark` has to be told, as events; `mark` is moved on. Raises KeyError."""
        going = self._going.get(walk_id)
        if going is None:
            return [("end", self._kept(walk_id))]
        return going.changes(mark)

    def _ended(self, walk: Walk) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = self._folder / f".{walk.walk_id}.part"
            part.write_text(json.dumps(walk.value()), encoding="utf-8")
            part.replace(self._folder / f"{walk.walk_id}.json")
            for path in self._sheets()[SHEETS_KEPT:]:
                path.unlink(missing_ok=True)
        except OSError as error:
            log.error("the sheet of a walk test cannot be kept: %s", error.strerror)
        with self._lock:
            self._going.pop(walk.walk_id, None)

    def _kept(self, walk_id: str) -> dict[str, Any]:
        if not walk_id.isalnum() or not walk_id.isascii():
            raise KeyError(walk_id)
        try:
            return Walk.parse(json.loads((self._folder / f"{walk_id}.json").read_text(encoding="utf-8"))).value()
        except (OSError, ValueError, TypeError):
            raise KeyError(walk_id) from None

    def _sheets(self) -> list[Path]:
        """Newest first."""
        return sorted(self._folder.glob("*.json"), key=lambda path: -path.stat().st_mtime)


class _Going:
    """A walk that goes on, and the thread that follows it."""

    def __init__(self, walk: Walk, site: Site, *, sights: Sights, clock: Clock, ended: Callable[[Walk], None]) -> None:
        self._walk, self._sights, self._clock, self._told_end = walk, sights, clock, ended
        self._steps = [Steps(walk, met.camera_id, site) for met in walk.cameras]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"walk {walk.walk_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def value(self) -> dict[str, Any]:
        return self._walk.value()

    def end(self, *, actor: str, note: str) -> None:
        """Returns once the sheet is kept."""
        self._walk.ended_by, self._walk.note = actor, note
        self._over.set()
        self._thread.join(timeout=10.0)

    def changes(self, mark: dict[str, int]) -> list[tuple[str, dict[str, Any]]]:
        told: list[tuple[str, dict[str, Any]]] = []
        for step in self._steps:
            with step.lock:
                ticks, last = [asdict(one) for one in step.reached[mark.get(f"ticks {step.camera_id}", 0) :]], step.last
            mark[f"ticks {step.camera_id}"] = mark.get(f"ticks {step.camera_id}", 0) + len(ticks)
            if last is not None and last.seq != mark.get(step.camera_id):
                mark[step.camera_id] = last.seq
                told.append(("sight", asdict(last)))
            told += [("reached", one) for one in ticks]
        return told

    def _follow(self) -> None:
        while not self._over.wait(LOOK_S) and self._clock.utc() < self._walk.until_utc:
            for step in self._steps:
                try:
                    self._look(step)
                except Exception:  # a thread's edge: the walk goes on
                    log.exception("walk test")
        self._walk.ended_utc = self._clock.utc()
        self._walk.ended_by = self._walk.ended_by or "itself"
        self._told_end(self._walk)

    def _look(self, step: Steps) -> None:
        try:
            sights = self._sights(step.camera_id)
        except KeyError:
            return  # the camera was taken out of the site meanwhile
        for sight in step.new(sights):
            step.see(sight)

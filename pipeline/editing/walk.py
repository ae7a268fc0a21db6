"""One walk over the site: which zones and lines were reached, by feet alone.

Calendars and dwell times are not asked: what counts is whether this camera sees feet there at all.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from pipeline.site import Site
from pipeline.types import Person, Sight
from rules.geometry import Polyline, inside

FORGET_S = 5.0
"""A person who was not seen for this long begins a new step: no line is crossed by a jump over the gap."""


@dataclass(slots=True, kw_only=True)
class Target:
    """A zone or line to be reached; `way` is the side that a line was crossed to, `foot` where that was."""

    camera_id: str
    kind: Literal["zone", "line"]
    name: str
    reached_utc: float | None = None
    foot: tuple[float, float] | None = None
    height_px: float | None = None
    way: Literal["left", "right"] | None = None


@dataclass(slots=True, kw_only=True)
class Met:
    """How one camera saw whoever walked: frames with somebody on them, and how tall they were, in pixels."""

    camera_id: str
    frames: int = 0
    least_px: float | None = None
    most_px: float | None = None
    width: int = 0
    height: int = 0


@dataclass(slots=True, kw_only=True)
class Walk:
    """A walk and what it ticked off so far; `version` is that of the site file it was begun with."""

    walk_id: str
    actor: str
    begun_utc: float
    until_utc: float
    version: int
    targets: list[Target]
    cameras: list[Met]
    ended_utc: float | None = None
    ended_by: str | None = None
    note: str = ""

    def value(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Walk:
        """Raises TypeError, KeyError: not a walk as `value` gives it."""
        targets = [Target(**one) for one in value["targets"]]
        return cls(**{**value, "targets": targets, "cameras": [Met(**one) for one in value["cameras"]]})


def targets_of(site: Site, camera_id: str) -> list[Target]:
    """What there is to reach before one camera, in the site file's order."""
    camera = site.cameras[camera_id]
    zones = [Target(camera_id=camera_id, kind="zone", name=name) for name in camera.zones]
    return zones + [Target(camera_id=camera_id, kind="line", name=name) for name in camera.lines]


@dataclass(slots=True)
class Steps:
    """Follows one camera for a walk. Its lock is held for a moment only."""

    walk: Walk
    camera_id: str
    site: Site
    last: Sight | None = None
    reached: list[Target] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _before: dict[int, tuple[float, tuple[float, float]]] = field(default_factory=dict)

    def see(self, sight: Sight) -> None:
        """Take up one analysed frame."""
        with self.lock:
            self.last = sight
            self._meet(sight)
            for person in sight.people:
                self._step(sight, person)

    def new(self, sights: list[Sight]) -> list[Sight]:
        """Those that were not taken up yet; a process that began anew counts from the start."""
        if self.last is None or (sights and sights[-1].seq < self.last.seq):
            return sights
        return [one for one in sights if one.seq > self.last.seq]

    def _meet(self, sight: Sight) -> None:
        met = next(one for one in self.walk.cameras if one.camera_id == self.camera_id)
        met.width, met.height = sight.width, sight.height
        heights = [person.height_px for person in sight.people]
        if heights:
            met.frames += 1
            met.least_px = min(heights) if met.least_px is None else min(met.least_px, *heights)
            met.most_px = max(heights) if met.most_px is None else max(met.most_px, *heights)

    def _step(self, sight: Sight, person: Person) -> None:
        utc, foot = self._before.get(person.track_id, (sight.utc, person.foot))
        before = person.foot if sight.utc - utc > FORGET_S else foot
        self._before[person.track_id] = (sight.utc, person.foot)
        for target in self.walk.targets:
            if target.camera_id == self.camera_id and target.reached_utc is None:
                self._try(target, sight, person, before)

    def _try(self, target: Target, sight: Sight, person: Person, before: tuple[float, float]) -> None:
        camera = self.site.cameras[self.camera_id]
        if target.kind == "zone":
            if not inside([person.foot], camera.zones[target.name].polygon)[0]:
                return
        else:
            step = np.array([before]), np.array([person.foot])
            way = int(Polyline(camera.lines[target.name].points).crossings(*step)[0])
            if way == 0:
                return
            target.way = "right" if way > 0 else "left"
        target.reached_utc, target.foot, target.height_px = sight.utc, person.foot, person.height_px
        self.reached.append(target)

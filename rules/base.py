"""What every rule is: a pure machine from tracks to events, in event time."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from rules.scene import Scene
from rules.types import Event, EventState, Tracks, event_key
from rules.view import Moment, View

EPSILON_S = 1e-6
"""Slack of every duration test: the spacing of `utc` floats near today is 2.4e-7 s."""

NEVER_T = 1e18
"""A moment that does not come, as a JSON number."""

NEAR_MISSES = 512
"""How many stays without an event each rule keeps for `why`."""


class Schedule(Protocol):
    """When something is open. `rules.calendar` holds the real one; a rule only asks these two questions."""

    def is_open(self, utc: float) -> bool: ...

    def reason(self, utc: float) -> str:
        """The line of the calendar that makes this instant open or closed, for a person to read."""
        ...


@dataclass(frozen=True, slots=True)
class Active:
    """Gates a rule: it is on only while `schedule` is `when`. The engine applies it, to every kind of rule alike."""

    schedule: Schedule
    when: Literal["open", "closed"]

    def __post_init__(self) -> None:
        if self.when not in ("open", "closed"):
            raise ValueError(f"when must be open or closed, not {self.when!r}")

    def on(self, utc: float) -> bool:
        return self.schedule.is_open(utc) == (self.when == "open")


def rule_version(kind: str, parameters: Mapping[str, Any]) -> str:
    """8 hex digits over a rule's kind and parameters, its polygon among them, so that an edited rule has new keys."""
    text = json.dumps([kind, parameters], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a rule must be given to be trusted; where a camera does not give it, the rule's zone is unguarded."""

    min_fps: float = 1.0
    people: bool = False
    """True where a detector that only sees movement leaves the rule degraded."""


@runtime_checkable
class Rule(Protocol):
    """One configured rule on one camera.

    `update` is called for every analysed frame in order, also when nobody is there, and returns the events that
    became true on it. `close` ends whatever is open because tracks stop coming (`reason` goes into `why`).
    `state` is a JSON value from which `restore` continues exactly, also in another process. Nothing passed in is
    mutated, no clock is asked and no frame is counted.

    A rule that has an attribute `active` (`Active` or None) is switched by the engine: what is open ends when it goes
    off, and presence counts from the first analysed frame on which it is on again.
    """

    rule_id: str
    rule_version: str
    zone_id: str | None
    needs: Needs

    @property
    def kind(self) -> str: ...

    def update(self, tracks: Tracks) -> Sequence[Event]: ...

    def close(self, *, utc: float, reason: str) -> Sequence[Event]: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


class Dated(NamedTuple):
    """An event and the time on the scene's axis from which it was sure: the order in which events are told."""

    due_t: float
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """What a rule watched and did not report, from `since_utc` to `until_utc`, and the reason."""

    rule_id: str
    kind: str
    zone_id: str | None
    track_ids: tuple[int, ...]
    since_utc: float
    until_utc: float
    reason: str
    why: Mapping[str, Any]


class SceneRule:
    """What the rules of this folder share: they read the scene's view of a frame, and say dated events.

    A rule in an engine reads the engine's scene; a rule that is called on its own (`update`) has one of its own. What a
    rule says of one frame comes in the order in which it was sure, then by start and key, so that neither the order of
    the tracks nor empty frames at the end of a recording change it.
    """

    kind: ClassVar[str] = ""

    def __init__(
        self, *, site: str, camera_id: str, rule_id: str, zone_id: str | None, classes: Sequence[int],
        active: Active | None, needs: Needs, parameters: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.site, self.camera_id, self.rule_id, self.zone_id = site, camera_id, rule_id, zone_id
        self.classes = tuple(sorted({int(c) for c in classes}))
        self.active, self.needs = active, needs
        when = {} if active is None else {"active": active.when}
        self.rule_version = rule_version(self.kind, {**parameters, **when, "classes": self.classes})
        self._scene: Scene | None = None
        self._alone = False
        self._fresh = True
        self._missed: deque[NearMiss | Callable[[], NearMiss]] = deque(maxlen=NEAR_MISSES)

    def bind(self, scene: Scene) -> None:
        """Read this scene from now on; a rule registers the zones that it wants to know about."""
        self._scene = scene

    def see(self, view: View) -> list[Dated]:
        """What became true on this frame."""
        raise NotImplementedError

    def finish(self, last: View | None) -> list[Dated]:
        """End what is open as of the last frame, and start afresh."""
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        """The rule's own part of `state`."""
        raise NotImplementedError

    def load(self, state: dict[str, Any]) -> None:
        raise NotImplementedError

    def update(self, tracks: Tracks) -> list[Event]:
        """One analysed frame, for a rule on its own."""
        return in_order(self.see(self._own_scene().view(tracks)))

    def close(self, *, utc: float, reason: str) -> list[Event]:
        """End what is open. Neither `utc` nor `reason` is told: an end is the last frame on which it was true."""
        return in_order(self.finish(self._scene.last if self._scene else None))

    def state(self) -> dict[str, Any]:
        own = {"scene": self._scene.state()} if self._alone and self._scene else {}
        return {**self.dump(), **own}

    def restore(self, state: dict[str, Any]) -> None:
        if "scene" in state:
            self._own_scene().restore(state["scene"])
        self.load(state)
        self._fresh = True

    def near_misses(self, since_utc: float, until_utc: float) -> list[NearMiss]:
        """What was watched in this time and not reported, oldest first."""
        missed = [m if isinstance(m, NearMiss) else m() for m in self._missed]
        return [m for m in missed if m.since_utc <= until_utc and m.until_utc >= since_utc]

    def _own_scene(self) -> Scene:
        if self._scene is None:
            self._alone = True
            self.bind(Scene())
        assert self._scene is not None
        return self._scene

    def _event(
        self, state: EventState, *, since: Moment, moment: Moment, place: tuple[float, float] | None,
        track_ids: tuple[int, ...], score: float, why: Mapping[str, Any], zone_id: str | None = None,
    ) -> Event:  # fmt: skip
        key = event_key(
            site=self.site, camera_id=self.camera_id, rule_id=self.rule_id, rule_version=self.rule_version,
            since_utc=since.utc, place=place,
        )  # fmt: skip
        return Event(
            kind=self.kind, state=state, rule_id=self.rule_id, rule_version=self.rule_version, key=key,
            camera_id=self.camera_id, run_id=moment.run_id, track_ids=track_ids, zone_id=zone_id or self.zone_id,
            since_utc=since.utc, utc=moment.utc, pts=moment.pts, score=round(min(1.0, max(0.0, score)), 4), why=why,
        )  # fmt: skip

    def _miss(self, *, since: Moment, until: Moment, track_ids: tuple[int, ...], reason: str, **why: Any) -> NearMiss:
        return NearMiss(
            rule_id=self.rule_id, kind=self.kind, zone_id=self.zone_id, track_ids=track_ids,
            since_utc=since.utc, until_utc=until.utc, reason=reason, why=why,
        )  # fmt: skip


_STATES = ("start", "update", "end")


def in_order(dated: Iterable[Dated]) -> list[Event]:
    """Events in the order in which they are told: when sure, then by start, key and state."""
    return [d.event for d in sorted(dated, key=telling)]


def telling(dated: Dated) -> tuple[float, float, str, int]:
    """Sort key of one rule's events."""
    return dated.due_t, dated.event.since_utc, dated.event.key, _STATES.index(dated.event.state)

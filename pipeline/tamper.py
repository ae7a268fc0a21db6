"""A moved camera must never disarm a site: while zones are uncertain, whoever is in the picture while closed is told.

Wraps one camera's rules. They go on as they are, since a nudge may have left them right; what they say is marked. For
as long as the camera counts as moved, presence anywhere in the picture is a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pipeline.types import Event, Tracks
from rules.after_hours import AfterHours
from rules.base import Rule, Schedule

RULE_ID = "moved-camera"
VERSION = 1
UNCERTAIN = {"zones_uncertain": True, "uncertain_because": "the camera was moved"}


class Rules(Protocol):
    """One camera's rules, as `rules.engine.Engine` is."""

    @property
    def rules(self) -> Sequence[Rule]: ...

    def update(self, tracks: Tracks) -> Sequence[Event]: ...

    def close(self, *, utc: float, reason: str) -> Sequence[Event]: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


class AllOpen:
    """Open only while every one of several calendars is: whatever one of them calls closed is closed."""

    def __init__(self, calendars: Sequence[Schedule]) -> None:
        self._calendars = tuple(calendars)

    def is_open(self, utc: float) -> bool:
        return all(calendar.is_open(utc) for calendar in self._calendars)

    def reason(self, utc: float) -> str:
        closed = [calendar.reason(utc) for calendar in self._calendars if not calendar.is_open(utc)]
        return closed[0] if closed else "open"


def presence_rule(*, site: str, camera_id: str, calendars: Sequence[Schedule]) -> AfterHours:
    """Anybody anywhere in the picture while closed; where no calendar is known, at any time."""
    return AfterHours(
        site=site, camera_id=camera_id, rule_id=RULE_ID, zone=None,
        calendar=AllOpen(calendars) if calendars else None, always=not calendars,
    )  # fmt: skip


class TamperRules:
    """One camera's rules with the presence rule beside them, which is on while `moved()`."""

    def __init__(self, engine: Rules, presence: Rule) -> None:
        self._engine = engine
        self._presence = presence
        self._on = False
        self.moved: Callable[[], bool] = lambda: False

    @property
    def rules(self) -> Sequence[Rule]:
        return self._engine.rules

    def update(self, tracks: Tracks) -> list[Event]:
        events = list(self._engine.update(tracks))
        was_on, self._on = self._on, self.moved()
        if self._on:
            return [*map(_marked, events), *self._presence.update(tracks)]
        if was_on:
            events += self._presence.close(utc=tracks.utc, reason="the view was accepted")
        return events

    def close(self, *, utc: float, reason: str) -> list[Event]:
        events = list(self._engine.close(utc=utc, reason=reason))
        if not self._on:
            return events
        return [*map(_marked, events), *self._presence.close(utc=utc, reason=reason)]

    def state(self) -> dict[str, Any]:
        """With version, so that a state of the rules alone, as older checkpoints hold it, is taken too."""
        return {"tamper": VERSION, "on": self._on, "engine": self._engine.state(), "presence": self._presence.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if state.get("tamper") != VERSION:
            self._engine.restore(state)
            return
        self._engine.restore(state["engine"])
        self._presence.restore(state["presence"])
        self._on = bool(state["on"])


def _marked(event: Event) -> Event:
    return replace(event, why={**event.why, **UNCERTAIN})

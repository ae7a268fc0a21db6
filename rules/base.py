"""What every rule is: a pure machine from tracks to events, in event time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from rules.types import Event, Tracks

EPSILON_S = 1e-6
"""Slack of every duration test: the spacing of `utc` floats near today is 2.4e-7 s."""


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
    kind: str
    zone_id: str | None
    needs: Needs

    def update(self, tracks: Tracks) -> Sequence[Event]: ...

    def close(self, *, utc: float, reason: str) -> Sequence[Event]: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...

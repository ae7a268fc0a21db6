"""What every rule is: a pure machine from tracks to events, in event time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from rules.types import Event, Tracks


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

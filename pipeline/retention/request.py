"""What is to be erased, and what became of it: values that the API and the command share with the service."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What is to go: these cameras (none given: all) from `since_utc` to `until_utc`. Alerts that are unresolved or
    `real` stay unless `held_too`."""

    since_utc: float
    until_utc: float
    actor: str
    reason: str
    cameras: tuple[str, ...] = ()
    held_too: bool = False


@dataclass(slots=True)
class Erased:
    """What went, counted, and what stayed: `held` alerts, `copies` files that hold older states of the store."""

    cameras: list[str] = field(default_factory=list)
    alerts: int = 0
    evidence_files: int = 0
    track_frames: int = 0
    checkpoints: int = 0
    routes: int = 0
    views: int = 0
    outbox_messages: int = 0
    feed_rows: int = 0
    dead_letters: int = 0
    held: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def value(self) -> dict[str, Any]:
        return asdict(self)

"""Ports to what lies outside: sinks, and what other systems tell. `pipeline/sinks/` and `pipeline/inputs/` implement
them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from pipeline.api.control import Control
from pipeline.health import Health, HealthCheck
from pipeline.store.life import Unknown
from pipeline.store.store import Store


class SinkDesk(Protocol):
    """What the API asks. Unknown sinks raise KeyError."""

    def view(self) -> list[dict[str, Any]]:
        """How every sink is doing, in the order of the site file."""

    def dead(self, name: str) -> Sequence[Any]:
        """The latest dead letters of one sink."""

    def retry(self, name: str, *, actor: str) -> int:
        """Have its dead letters sent again; how many."""

    def deliveries(self, alert_id: str) -> list[dict[str, Any]]:
        """To whom an alert was or is going to be sent, and what became of it."""


class NoSinks:
    """A site that tells nobody else."""

    def view(self) -> list[dict[str, Any]]:
        return []

    def dead(self, name: str) -> Sequence[Any]:
        raise KeyError(name)

    def retry(self, name: str, *, actor: str) -> int:
        raise KeyError(name)

    def deliveries(self, alert_id: str) -> list[dict[str, Any]]:
        return []


class InputDesk(Protocol):
    """What other systems tell: a panel, a badge reader, a late worker."""

    def take(self, told: Any, *, actor: str) -> dict[str, Any]:
        """Keep it and have it take effect; the entry.

        Raises:
            BadInput: it names what the site does not have, or a time that cannot be.
        """

    def end(self, input_id: str, *, actor: str) -> dict[str, Any]:
        """End one now. Raises Unknown where there is none."""

    def current(self) -> list[dict[str, Any]]:
        """What holds now or will."""


class NoInputs:
    """A site without a worker that could hear."""

    def take(self, told: Any, *, actor: str) -> dict[str, Any]:
        raise Unknown("this site takes no inputs")

    def end(self, input_id: str, *, actor: str) -> dict[str, Any]:
        raise Unknown(f"no input {input_id[:80]!r}")

    def current(self) -> list[dict[str, Any]]:
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the API is handed of the world outside; without `health` it looks at store and cameras alone."""

    sinks: SinkDesk = field(default_factory=NoSinks)
    inputs: InputDesk = field(default_factory=NoInputs)
    health: Callable[[], Health] | None = None

    def bound(self, store: Store, control: Control) -> Outside:
        """With a health check in any case."""
        return self if self.health is not None else replace(self, health=HealthCheck(store, control, clock=store.clock))


def _outside(request: Request) -> Outside:
    outside = request.app.state.outside
    assert isinstance(outside, Outside)
    return outside


Out = Annotated[Outside, Depends(_outside)]

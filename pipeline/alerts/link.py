"""The port between a worker and the operators' store. Two links implement it; one suite runs over both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.alerts.message import Envelope, Receipt

__all__ = ["Envelope", "Link", "Receipt"]


class Link(Protocol):
    """Takes messages towards the store. Delivering twice is safe: the store takes each id once."""

    name: str

    def deliver(self, batch: Sequence[Envelope]) -> Receipt:
        """Send, in order, and say which ids the store has committed, this time or before.

        The receipt may lack ids that are still on their way; the caller keeps those and delivers them again.

        Raises:
            DeliveryError: nothing is known to be taken; keep everything and try again later.
        """

    def close(self) -> None: ...

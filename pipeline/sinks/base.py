"""The port that every sink implements, and the two ways in which one says no. One suite runs over all of them.

A sink is handed notices in their order and returns once the other end has them. It keeps nothing: what was not taken
is handed over again, so that the other end may see a notice twice, with the same `notice_id`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.errors import DeliveryError
from pipeline.sinks.notice import Notice


class Away(DeliveryError):  # noqa: N818
    """The other end cannot be used at present: nobody answers, it is busy, or it refuses us altogether (a password,
    an address). Everything waits, and no notice is to blame. `after_s` is when it asked to be tried again."""

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class Refused(DeliveryError):  # noqa: N818
    """The other end has seen this notice and does not take it; after some tries it is a dead letter."""


class Sink(Protocol):
    """One destination. Called by one thread only; the message of an error holds no credential."""

    most: int
    """How many notices one `send` takes."""

    def send(self, notices: Sequence[Notice]) -> str | None:
        """Hand over one or more notices, in order; all of them or none. A remark for operators, where there is one.

        Raises:
            Away: try again later.
            Refused: not these.
        """

    def tend(self) -> bool:
        """Keep open what stays open between notices, such as a session with a broker; called every few seconds. True
        where this shows that the other end is there, False where nothing stays open.

        Raises:
            Away: it cannot be opened.
        """

    def close(self) -> None:
        """Say goodbye where that is the custom."""

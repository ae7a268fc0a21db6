"""The error tree. Whatever a person can mend is a `BadInput`: it says what, where and what is allowed, exit code 2.

NightjarError
  BadInput            wrong file, argument or value: exit 2
    SiteError         the site file: file, line, key, value, what is allowed
    ModelError        weights missing, damaged, or of a layout that does not match
    ToolMissing       an optional package or program that the command needs
  SourceError         a camera or file cannot be read; `state` is the CameraState to report
  DeliveryError       a link, sink or outbox could not take a message now: kept and tried again
  StoreError          the store cannot be opened or used safely
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.types import CameraState


class NightjarError(Exception):
    """Anything that Nightjar itself says is wrong."""


class BadInput(NightjarError):  # noqa: N818
    """What a person gave cannot be used; the message names what, where and what is allowed."""


class SiteError(BadInput):
    """One or more faults in a site file, each with file, line, key, value and what is allowed."""


class ModelError(BadInput):
    """Weights that are missing, damaged, or do not fit the family they are said to be."""


class ToolMissing(BadInput):
    """An optional package or program is not installed; the message says how to get it."""


class SourceError(NightjarError):
    """A camera or file cannot be read. The message never holds a credential."""

    def __init__(self, message: str, *, state: CameraState) -> None:
        super().__init__(message)
        self.state: CameraState = state


class DeliveryError(NightjarError):
    """A message was not taken; it stays in the outbox."""


class StoreError(NightjarError):
    """The store cannot be opened or used safely."""

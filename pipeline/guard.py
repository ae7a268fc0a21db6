"""Blind is an alarm: a camera that runs but does not see what its rules need leaves its zones unguarded, and says so.

One system alert per cause, with since and until: frozen, dark, bright, covered, defocused, moved, or analysed too
slowly for a rule. A camera that gives no pictures at all is `camera_down`, which its process raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from pipeline.types import Frame

SLOW_S = 15.0
"""A rate below what a rule needs must last this long: a busy second is no blindness."""
SENTENCES: Mapping[str, str] = {
    "frozen": "The picture stands still",
    "dark": "The picture is too dark",
    "bright": "The picture is too bright",
    "covered": "The camera is covered",
    "defocused": "The camera is out of focus",
    "moved": "The camera was moved",
    "too_slow": "Too few frames are analysed for its rules",
}


class Finding(Protocol):
    """An ailment that began or ended, as `video.health` gives it."""

    @property
    def kind(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def state(self) -> Literal["start", "end"]: ...
    @property
    def since_pts(self) -> float: ...
    @property
    def pts(self) -> float: ...
    @property
    def why(self) -> Mapping[str, Any]: ...


class Health(Protocol):
    """The camera's eye test."""

    def update(self, luma: Any, pts: float) -> Sequence[Finding]: ...


class Tell(Protocol):
    """Raises a system alert of this camera."""

    def __call__(
        self, code: str, change: Literal["start", "end"], *, since_utc: float, utc: float, why: Mapping[str, Any]
    ) -> None: ...


class Guard:
    """One camera's guard. `needs_fps` is the highest rate that one of its rules needs; `zones` are what it watches."""

    def __init__(self, *, health: Health, tell: Tell, zones: Sequence[str], needs_fps: float) -> None:
        self._health = health
        self._tell = tell
        self._zones = list(zones) or ["whole picture"]
        self._needs_fps = needs_fps
        self._since: dict[str, float] = {}
        self._slow_since: float | None = None

    @property
    def ailments(self) -> str | None:
        """What is wrong at present, in words, or None while the camera sees."""
        kinds = tuple(self._since)  # asked for by the reporting thread while the camera's loop may change it
        if not kinds:
            return None
        return f"{', '.join(SENTENCES[kind].lower() for kind in kinds)}; unguarded: {', '.join(self._zones)}"

    def look(self, frame: Frame) -> None:
        """Take one analysed frame in, in order."""
        for finding in self._health.update(frame.luma(), frame.pts):
            since_utc = frame.utc - (frame.pts - finding.since_pts)
            self._say(finding.kind, finding.state, since_utc, frame.utc, {"topic": finding.topic, **finding.why})

    def pace(self, fps: float, *, utc: float) -> None:
        """How many frames a second were analysed lately."""
        if fps >= self._needs_fps:
            self._slow_since = None
            self._say("too_slow", "end", utc, utc, {"fps": round(fps, 2)})
            return
        self._slow_since = utc if self._slow_since is None else self._slow_since
        if utc - self._slow_since >= SLOW_S:
            self._say("too_slow", "start", self._slow_since, utc, {"fps": round(fps, 2), "needed_fps": self._needs_fps})

    def _say(
        self, kind: str, state: Literal["start", "end"], since_utc: float, utc: float, why: dict[str, Any]
    ) -> None:
        if (state == "start") == (kind in self._since):
            return
        if state == "start":
            self._since[kind] = since_utc
        began = self._since[kind]
        text = f"{SENTENCES[kind]}; unguarded: {', '.join(self._zones)}"
        self._tell(kind, state, since_utc=began, utc=utc, why={"sentence": text, "unguarded": self._zones, **why})
        if state == "end":
            del self._since[kind]

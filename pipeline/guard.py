"""Blind is an alarm: a camera that runs but does not see what its rules need leaves its zones unguarded, and says so.

One system alert per cause, with since and until: frozen, dark, bright, covered, defocused, moved, or analysed too
slowly for a rule. A camera that gives no pictures at all is `camera_down`, which the service's sentry raises.

What was learned of the view, and what was told, is kept on disk: a restart neither learns anew nor tells again, and a
camera that was turned while nobody looked is found.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from pipeline.types import Frame

log = logging.getLogger(__name__)

VERSION = 1
KEEP_S = 5.0
"""How often what was learned of the view and what is being counted is kept; what is told is kept at once."""
GAP_S = 2.0
"""Time without pictures counts as this at most between two runs: nothing was seen in it."""
BEFORE = -1
"""Stands for the last run of a process that has ended."""
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
    """The camera's eye test. Its times must rise; they are media time over all runs."""

    def update(self, luma: Any, pts: float) -> Sequence[Finding]: ...

    def accept(self) -> None: ...

    def state(self) -> bytes: ...

    def restore(self, state: bytes) -> None: ...


class Tell(Protocol):
    """Raises a system alert of this camera."""

    def __call__(
        self, code: str, change: Literal["start", "end"], *, since_utc: float, utc: float, why: Mapping[str, Any]
    ) -> None: ...


class Guard:
    """One camera's guard. `needs_fps` is the highest rate that one of its rules needs; `zones` are what it watches.

    `offer` is shown the frame on which a camera was found moved, so that the new view can be looked at and accepted.
    `path` is where it is all kept, for the view that `key` names; None keeps nothing.
    """

    def __init__(
        self, *, health: Health, tell: Tell, zones: Sequence[str], needs_fps: float, path: Path | None = None,
        key: str = "", offer: Callable[[Frame, float], None] | None = None,
    ) -> None:  # fmt: skip
        self._health = health
        self._tell = tell
        self._zones = list(zones) or ["whole picture"]
        self._needs_fps = needs_fps
        self._path = path
        self._key = key
        self._offer = offer
        self._since: dict[str, float] = {}
        self._slow_since: float | None = None
        self._run_id: int | None = None
        self._shift_s = 0.0
        self._media_s = self._utc = self._kept_s = 0.0
        self._load()

    @property
    def ailments(self) -> str | None:
        """What is wrong at present, in words, or None while the camera sees."""
        kinds = tuple(self._since)  # asked for by the reporting thread while the camera's loop may change it
        if not kinds:
            return None
        return f"{', '.join(SENTENCES[kind].lower() for kind in kinds)}; unguarded: {', '.join(self._zones)}"

    @property
    def moved(self) -> bool:
        """Whether zones may not lie where they were drawn."""
        return "moved" in self._since

    def look(self, frame: Frame) -> None:
        """Take one analysed frame in, in order."""
        now_s = self._media(frame)
        told = False
        for finding in self._health.update(frame.luma(), now_s):
            since_utc = frame.utc - (now_s - finding.since_pts)
            why = {"topic": finding.topic, **finding.why}
            told |= self._say(finding.kind, finding.state, since_utc, frame.utc, why)
            if finding.kind == "moved" and finding.state == "start" and self._offer is not None:
                self._offer(frame, self._since["moved"])
        if told or now_s - self._kept_s >= KEEP_S:
            self._kept_s = now_s
            self.keep()

    def pace(self, fps: float, *, utc: float) -> None:
        """How many frames a second were analysed lately."""
        if fps >= self._needs_fps:
            self._slow_since = None
            self._say("too_slow", "end", utc, utc, {"fps": round(fps, 2)})
            return
        self._slow_since = utc if self._slow_since is None else self._slow_since
        if utc - self._slow_since >= SLOW_S:
            self._say("too_slow", "start", self._slow_since, utc, {"fps": round(fps, 2), "needed_fps": self._needs_fps})

    def accept(self) -> None:
        """The present view is the right one: a moved camera is so no longer, and its reference is learned anew."""
        self._health.accept()
        self.keep()

    def keep(self) -> None:
        """Write what was learned and told; a disk that refuses costs learning it again, nothing else."""
        if self._path is None:
            return
        head = {"v": VERSION, "key": self._key, "since": self._since, "utc": self._utc, "media": self._media_s}
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            fresh.write_bytes(json.dumps(head).encode() + b"\n" + self._health.state())
            fresh.replace(self._path)
        except OSError as error:
            log.warning("what was learned of the view cannot be kept: %s", error.strerror)

    def _load(self) -> None:
        if self._path is None:
            return
        try:
            head_line, _, state = self._path.read_bytes().partition(b"\n")
            head = json.loads(head_line)
            if head["v"] != VERSION or head["key"] != self._key:
                log.info("%s is of another view or version: the view is learned anew", self._path.name)
                return
            since = {str(kind): float(utc) for kind, utc in head["since"].items() if kind in SENTENCES}
            self._health.restore(state)
            self._since = since
            if "media" in head:  # the next frame is of another run, and media time goes on
                self._run_id, self._media_s, self._utc = BEFORE, float(head["media"]), float(head["utc"])
                self._kept_s = self._media_s
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s cannot be used and the view is learned anew: %s", self._path.name, error)

    def _media(self, frame: Frame) -> float:
        """Media time over all runs: each connection counts its own from zero, and a pause between two is hardly any."""
        if self._run_id is not None and frame.run_id != self._run_id:
            gap_s = min(GAP_S, max(0.0, frame.utc - self._utc))
            self._shift_s = self._media_s + gap_s - frame.pts
        self._run_id, self._utc = frame.run_id, frame.utc
        self._media_s = frame.pts + self._shift_s
        return self._media_s

    def _say(
        self, kind: str, state: Literal["start", "end"], since_utc: float, utc: float, why: dict[str, Any]
    ) -> bool:
        if (state == "start") == (kind in self._since):
            return False
        if state == "start":
            self._since[kind] = since_utc
        began = self._since[kind]
        self._tell(kind, state, since_utc=began, utc=utc, why={**self._words(kind), "unguarded": self._zones, **why})
        if state == "end":
            del self._since[kind]
        return True

    def _words(self, kind: str) -> dict[str, Any]:
        zones = ", ".join(self._zones)
        if kind != "moved":
            return {"sentence": f"{SENTENCES[kind]}; unguarded: {zones}"}
        text = f"{SENTENCES[kind]}: zones may not lie where they were drawn; unguarded: {zones}"
        advice = "turn it back, or accept the new view; while closed, anybody in the picture raises an alert"
        return {"sentence": text, "tamper": True, "zones_uncertain": self._zones, "advice": advice}

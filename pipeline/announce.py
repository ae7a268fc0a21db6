"""From events to alerts with evidence: policy, picture, outbox, and the clip ten seconds later.

The picture is drawn and the message is in the outbox before the next frame is looked at; the clip follows from a
thread of its own, because masks may mean encoding. Evidence that cannot be written costs the picture, never the alert.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from pipeline.types import Alert, Event, Evidence, Frame, Tracks

log = logging.getLogger(__name__)

BEFORE_S = 60.0
"""The clip goes back to where the event began, but no further than this."""
AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Cut:
    """A clip on disk; `start_pts` is the media time of its first picture."""

    sha256: str
    start_pts: float


class Cutter(Protocol):
    """The packets of the last minute, as the source keeps them; gives what was cut, or None and logs why."""

    def __call__(self, since_pts: float, until_pts: float, path: Path) -> Cut | None: ...


class Post(Protocol):
    """Takes what is to be told; returns once it is safe on this machine."""

    def alert(self, alert: Alert) -> None: ...

    def evidence(self, alert_id: str, evidence: Evidence) -> None: ...


class Draw(Protocol):
    """Draws and keeps the snapshot and the record of an alert; None where the disk refuses."""

    def watch(self, tracks: Tracks) -> None:
        """Every analysed frame, so that paths can be drawn."""

    def snapshot(self, alert: Alert, frame: Frame, tracks: Tracks) -> Evidence | None: ...

    def record(self, alert: Alert, tracks: Tracks) -> Evidence | None: ...

    def clip_path(self, alert_id: str) -> Path: ...

    def clip(self, alert_id: str, sha256: str) -> Evidence: ...

    def has_room(self) -> bool: ...


class Log(Protocol):
    """The track log."""

    def append(self, tracks: Tracks) -> None: ...


class Learner(Protocol):
    """Learns usual routes from what is followed, but not from whom an alert was about that ends as real."""

    def watch(self, tracks: Tracks) -> None: ...

    def suspect(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class PendingClip:
    """A clip to be cut once media time has passed `until_pts` of its run."""

    alert_id: str
    run_id: int
    since_pts: float
    until_pts: float
    until_utc: float | None = None

    def utc_of(self, pts: float) -> float | None:
        """Wall time of a picture; None for a clip that an older checkpoint held."""
        return None if self.until_utc is None else self.until_utc - (self.until_pts - pts)


class Announcer:
    """The `Output` of a live worker."""

    def __init__(
        self,
        *,
        apply: Callable[[Event], Alert | None],
        post: Post,
        draw: Draw,
        track_log: Log,
        cutter: Callable[[], Cutter],
        learner: Learner | None = None,
    ) -> None:
        self._apply = apply
        self._post = post
        self._draw = draw
        self._track_log = track_log
        self._cutter = cutter
        self._learner = learner
        self._pending: list[tuple[PendingClip, Cutter | None]] = []
        self._clips = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clips")
        self.raised = 0

    def analysed(self, frame: Frame, tracks: Tracks, events: Sequence[Event]) -> None:
        self._track_log.append(tracks)
        self._draw.watch(tracks)
        if self._learner is not None:
            self._learner.watch(tracks)
        for event in events:
            self._announce(event, frame, tracks)
        if self._pending:
            self._cut(due=lambda clip: clip.run_id != frame.run_id or frame.pts >= clip.until_pts)

    def closed(self, events: Sequence[Event]) -> None:
        for event in events:
            self._announce(event, None, None)
        self._cut(due=lambda clip: True)

    def pending(self) -> list[dict[str, Any]]:
        """Clips still to be cut, for the checkpoint."""
        return [asdict(clip) for clip, _ in self._pending]

    def restore(self, pending: Sequence[dict[str, Any]]) -> None:
        """Take over clips that a worker before this one had not cut; the source must hold their packets again."""
        self._pending = [(PendingClip(**clip), None) for clip in pending]

    def flush(self) -> None:
        """Wait for the clips that are being cut."""
        self._clips.shutdown(wait=True)

    def _announce(self, event: Event, frame: Frame | None, tracks: Tracks | None) -> None:
        alert = self._apply(event)
        if alert is None:
            return
        if self._learner is not None:
            self._learner.suspect(event)
        first = event.state == "start" and frame is not None and tracks is not None
        if first:
            assert frame is not None
            assert tracks is not None
            evidence = (self._draw.snapshot(alert, frame, tracks), self._draw.record(alert, tracks))
            alert = replace(alert, evidence=tuple(item for item in evidence if item is not None))
        self._post.alert(alert)
        self.raised += event.state == "start"
        if first:
            back_s = min(BEFORE_S, max(0.0, event.utc - event.since_utc))
            clip = PendingClip(
                alert.alert_id, event.run_id, max(0.0, event.pts - back_s), event.pts + AFTER_S, event.utc + AFTER_S
            )
            self._pending.append((clip, self._cutter()))

    def _cut(self, *, due: Callable[[PendingClip], bool]) -> None:
        waiting = []
        for clip, cutter in self._pending:
            if due(clip):
                self._clips.submit(self._write, clip, cutter or self._cutter())
            else:
                waiting.append((clip, cutter))
        self._pending = waiting

    def _write(self, clip: PendingClip, cutter: Cutter) -> None:
        try:
            if not self._draw.has_room():
                log.warning("no clip for alert %s: the disk is nearly full", clip.alert_id)
                return
            made = cutter(clip.since_pts, clip.until_pts, self._draw.clip_path(clip.alert_id))
            if made is not None:
                evidence = self._draw.clip(clip.alert_id, made.sha256)
                self._post.evidence(clip.alert_id, replace(evidence, start_utc=clip.utc_of(made.start_pts)))
        except Exception:  # a thread's edge: the alert stands without its clip
            log.exception("no clip for alert %s", clip.alert_id)

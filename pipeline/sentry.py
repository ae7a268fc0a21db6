"""Blind is an alarm: cameras that give no picture leave their zones unguarded, and the service says so.

One system alert for one root cause. Cameras on one network that are lost within seconds of each other are one alert
that names them all: a switch that dies is one, not sixteen. The service judges, not each camera's process, because
only the service sees all of them, and because an alert must outlive the process that crashed.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from pipeline.clock import Clock
from pipeline.errors import NightjarError
from pipeline.types import CameraStatus

log = logging.getLogger(__name__)

CODE = "camera_down"
TOPIC = "tns1:VideoSource/SignalLoss"
LOOK_S = 0.25
OFFLINE_S = 9.0
"""Told this long after the last picture; with two looks and a report between, within 10 s (reliability.md, I1)."""
START_S = 60.0
"""A process that has not shown a picture yet may be loading its libraries and its model."""
SAME_S = 15.0
"""Cameras of one network lost within this of each other have one cause: FFmpeg's time-outs spread over some seconds."""
BACK_S = 1.0
"""A camera is back when it has been seen to work for this long."""
_WORKS = frozenset(("running", "ended"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One camera as the sentry knows it: the network that it hangs on and the zones that it watches."""

    network: str
    zones: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OpenEpisode:
    """An alert that was told before this start and is not over."""

    camera_id: str
    since_utc: float
    why: Mapping[str, Any]


class Tell(Protocol):
    """Takes a system alert; returns once it is on disk. Raises NightjarError where it could not."""

    def __call__(
        self, *, code: str, since_utc: float, change: Literal["start", "update", "end"], camera_id: str, **why: Any
    ) -> None: ...


@dataclass(slots=True)
class _Seen:
    """What was last heard of one camera, by our own monotonic clock."""

    first_s: float
    said: CameraStatus | None = None
    heard_s: float = 0.0
    picture_s: float | None = None
    lost_s: float | None = None
    lost_utc: float = 0.0
    works_since_s: float | None = None


@dataclass(slots=True)
class _Episode:
    """One cause: the cameras that it took, in the order in which they were lost, and those still away."""

    camera_id: str
    network: str
    since_utc: float
    cameras: list[str]
    away: set[str]
    told: bool = False
    dirty: bool = True
    reasons: dict[str, str] = field(default_factory=dict)


class Sentry:
    """The loop over `status()`. `run_once` is one look; a told alert that could not be stored is told again."""

    def __init__(
        self, posts: Mapping[str, Post], *, status: Callable[[], Sequence[CameraStatus]], tell: Tell, clock: Clock,
        before: Sequence[OpenEpisode] = (),
    ) -> None:  # fmt: skip
        self._posts = posts
        self._status = status
        self._tell = tell
        self._clock = clock
        now = clock.monotonic()
        self._seen = {camera_id: _Seen(now) for camera_id in posts}
        self._episodes = [_taken_up(episode, posts) for episode in before]
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sentry", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def watch(self, posts: Mapping[str, Post]) -> None:
        """Go on with these cameras; one that went is not looked for any more. May be called from any thread."""
        with self._turn:
            now = self._clock.monotonic()
            self._posts = posts
            self._seen = {name: self._seen.get(name) or _Seen(now) for name in posts}
            for episode in self._episodes:
                if not episode.away <= set(posts):
                    episode.away &= set(posts)
                    episode.dirty = True

    def run_once(self) -> None:
        """Look at every camera, then tell what has changed."""
        with self._turn:
            self._look_round()

    def _look_round(self) -> None:
        now = self._clock.monotonic()
        for status in self._status():
            if status.camera_id in self._seen:
                self._look(status, now)
        for camera_id, seen in self._seen.items():
            if seen.lost_s is not None and now - seen.lost_s >= OFFLINE_S and self._of(camera_id) is None:
                self._lost(camera_id, seen)
            elif seen.works_since_s is not None and now - seen.works_since_s >= BACK_S:
                self._back(camera_id)
        self._say()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.run_once()
            except Exception:  # the loop's edge: the next look may succeed
                log.exception("sentry")

    # -- seeing ---------------------------------------------------------------------------------------------------

    def _look(self, status: CameraStatus, now: float) -> None:
        seen = self._seen[status.camera_id]
        if status != seen.said:
            seen.said, seen.heard_s = status, now
        if status.frame_age_s is not None:  # a process that has just started knows of no picture, but we may
            picture_s = seen.heard_s - status.frame_age_s
            seen.picture_s = picture_s if seen.picture_s is None else max(picture_s, seen.picture_s)
        if status.state == "ended" or (status.state == "running" and _fresh(seen, now)):
            seen.works_since_s = now if seen.works_since_s is None else seen.works_since_s
            seen.lost_s = None
            return
        seen.works_since_s = None
        if seen.lost_s is None:
            loading = seen.picture_s is None and status.state in ("starting", "running")
            last_s = seen.first_s if seen.picture_s is None else seen.picture_s
            if not loading or now - last_s >= START_S:
                seen.lost_s = last_s
                seen.lost_utc = self._clock.utc() - (now - last_s)

    # -- what belongs together ------------------------------------------------------------------------------------

    def _of(self, camera_id: str) -> _Episode | None:
        return next((episode for episode in self._episodes if camera_id in episode.away), None)

    def _lost(self, camera_id: str, seen: _Seen) -> None:
        """Join the episode of the same network and moment, or begin one with all that were lost with this camera."""
        network = self._posts[camera_id].network
        for episode in self._episodes:
            if episode.network == network and abs(episode.since_utc - seen.lost_utc) <= SAME_S:
                self._join(episode, camera_id)
                return
        episode = _Episode(camera_id, network, seen.lost_utc, [], set())
        self._episodes.append(episode)
        for other, its in self._seen.items():
            together = its.lost_s is not None and abs(its.lost_utc - seen.lost_utc) <= SAME_S
            failing = its.said is not None and its.said.state not in _WORKS
            if other == camera_id or (
                together and failing and self._posts[other].network == network and self._of(other) is None
            ):
                self._join(episode, other)
        episode.since_utc = min(self._seen[one].lost_utc for one in episode.cameras)

    def _join(self, episode: _Episode, camera_id: str) -> None:
        if camera_id not in episode.cameras:
            episode.cameras.append(camera_id)
        said = self._seen[camera_id].said
        episode.reasons[camera_id] = "its process does not answer" if said is None else (said.error or said.state)
        episode.away.add(camera_id)
        episode.dirty = True

    def _back(self, camera_id: str) -> None:
        for episode in self._episodes:
            if camera_id in episode.away:
                episode.away.discard(camera_id)
                episode.dirty = True

    # -- telling --------------------------------------------------------------------------------------------------

    def _say(self) -> None:
        for episode in [one for one in self._episodes if one.dirty]:
            change: Literal["start", "update", "end"] = "end" if not episode.away else "update"
            if not episode.told:
                change = "start"
            try:
                self._tell(
                    code=CODE, since_utc=episode.since_utc, change=change, camera_id=episode.camera_id,
                    **self._why(episode),
                )  # fmt: skip
            except NightjarError as error:
                log.error("%s of %s cannot be told: %s", CODE, ", ".join(episode.cameras), error)
                continue
            episode.told, episode.dirty = True, change == "start" and not episode.away
            log.warning("%s %s: %s", CODE, change, ", ".join(sorted(episode.away) or episode.cameras))
        self._episodes = [one for one in self._episodes if one.away or one.dirty]

    def _why(self, episode: _Episode) -> dict[str, Any]:
        away = [name for name in episode.cameras if name in episode.away]
        unguarded = {name: list(self._posts[name].zones) or ["whole picture"] for name in away if name in self._posts}
        return {
            "sentence": _sentence(episode, away, unguarded), "topic": TOPIC, "network": episode.network,
            "cameras": episode.cameras, "away": away, "unguarded": unguarded,
            "reason": episode.reasons.get(episode.camera_id, ""),
        }  # fmt: skip


def network_of(camera_id: str, source: str) -> str:
    """What a camera hangs on together with others: the /24 (IPv6: /64) of its address, or its host's name; files and
    devices hang on nothing but themselves."""
    try:
        host = urlsplit(source).hostname if "://" in source else None
    except ValueError:
        host = None
    if not host:
        return f"camera {camera_id}"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"host {host}"
    return str(ipaddress.ip_network(f"{host}/{24 if address.version == 4 else 64}", strict=False))


def _fresh(seen: _Seen, now: float) -> bool:
    return seen.picture_s is not None and now - seen.picture_s < OFFLINE_S


def _sentence(episode: _Episode, away: Sequence[str], unguarded: Mapping[str, Sequence[str]]) -> str:
    if not away:
        return f"{_cameras(episode.cameras)} {'gives' if len(episode.cameras) == 1 else 'give'} pictures again"
    zones = "; ".join(f"{name}: {', '.join(zones)}" for name, zones in unguarded.items())
    if len(episode.cameras) == 1:
        reason = episode.reasons.get(away[0], "")
        told = f" ({reason})" if reason else ""
        return f"Camera {away[0]} gives no picture{told}; unguarded: {', '.join(unguarded.get(away[0], ()))}"
    return f"{_cameras(away)} of {episode.network} give no picture, lost at one moment; unguarded: {zones}"


def _cameras(names: Sequence[str]) -> str:
    return f"Camera {names[0]}" if len(names) == 1 else f"{len(names)} cameras ({', '.join(names)})"


def _taken_up(before: OpenEpisode, posts: Mapping[str, Post]) -> _Episode:
    """An alert of an earlier start goes on: it ends when its cameras give pictures. Those no longer configured do not
    hold it open."""
    cameras = [str(name) for name in before.why.get("cameras", [before.camera_id])]
    away = {str(name) for name in before.why.get("away", cameras)} & posts.keys()
    network = str(before.why.get("network", ""))
    episode = _Episode(before.camera_id, network, before.since_utc, cameras, away, told=True, dirty=not away)
    episode.reasons[before.camera_id] = str(before.why.get("reason", ""))
    return episode

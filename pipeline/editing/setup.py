"""What the installers' pages ask for, behind one front: the document, its versions, trials, dry runs, the past."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from pipeline.clock import Clock
from pipeline.editing.asking import Request, ask
from pipeline.editing.credentials import keep_password, split_password, variable_for
from pipeline.editing.desk import Saved, SiteDesk
from pipeline.editing.discovery import discover
from pipeline.editing.document import SiteDocument
from pipeline.editing.trials import Polygon, Trial, try_source
from pipeline.editing.versions import difference
from pipeline.editing.walks import Sights, Walks
from pipeline.errors import BadInput
from pipeline.folders import DataFolder
from pipeline.rulebook import calendar_of
from pipeline.secrets import load_secrets, redact
from pipeline.site.source import absolute_source, source_kind
from pipeline.track.log import TrackLog

DAY_S = 86_400.0
MOST_DAYS = 31
MOST_CALENDAR_DAYS = 400
WAIT_S = 30.0
AT_ONCE = 2
"""Trials and dry runs at a time: each is a process that takes a core."""
NEXT_START = ("alerts", "sinks", "heartbeat", "retention")
"""Parts of the document that take effect when Nightjar is started next."""


class Setup:
    """Made of a desk; each call may take seconds, so that it is made from a worker thread."""

    def __init__(
        self, desk: SiteDesk, *, data: DataFolder, clock: Clock, sights: Sights = lambda camera_id: []
    ) -> None:
        self.desk = desk
        self._walks = Walks(data.walks, sights=sights, clock=clock)
        self._data, self._clock = data, clock
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def document(self) -> dict[str, Any]:
        """The site as pages edit it: plain values, every source without credentials."""
        document, version = self.desk.document(), self.desk.version
        cameras = document.get("cameras") or {}
        for camera in cameras.values():
            camera["source"] = redact(str(camera.get("source", "")))
            if "evidence_source" in camera:
                camera["evidence_source"] = redact(str(camera["evidence_source"]))
        return {
            **version.shown(), "fault": self.desk.fault, "site": document.get("site"), "cameras": cameras,
            "calendars": document.get("calendars") or {}, "detector": document.get("detector") or {},
        }  # fmt: skip

    def put_camera(self, camera_id: str, values: dict[str, Any], *, seen: str, actor: str, note: str) -> dict[str, Any]:
        """Save one camera's part of the document; a source that is absent, or as it was shown, stays.

        Raises:
            Conflict, SiteError, OSError: as `SiteDesk.save`.
        """
        password = self._take_password(camera_id, values)
        text = self._with_camera(camera_id, values)
        if password is None:
            return self._save(text, seen=seen, actor=actor, note=note)
        folder = self.desk.site.folder
        try:
            keep_password(folder, variable_for(camera_id), password)
        except ValueError as error:
            raise BadInput(f"cameras.{camera_id}.source: {error} is allowed") from None
        return self._save(text, seen=seen, actor=actor, note=note)

    def remove_camera(self, camera_id: str, *, seen: str, actor: str) -> dict[str, Any]:
        """Raises KeyError where there is none; else as `put_camera`."""
        document = self.desk.document()
        if document.get("cameras", camera_id) is None:
            raise KeyError(camera_id)
        document.put(None, "cameras", camera_id)
        return self._save(document.text(), seen=seen, actor=actor, note=f"camera {camera_id} removed")

    def put_calendar(
        self, name: str, values: dict[str, Any] | None, *, seen: str, actor: str, note: str
    ) -> dict[str, Any]:
        """Save or, with None, remove a calendar. Raises as `put_camera`."""
        document = self.desk.document()
        document.put(values, "calendars", name)
        return self._save(document.text(), seen=seen, actor=actor, note=note)

    def versions(self) -> list[dict[str, Any]]:
        """Newest first."""
        return [version.shown() for version in reversed(self.desk.versions())]

    def version_difference(self, number: int) -> list[str]:
        """What a version changed in the one before it, as lines. Raises KeyError where there is none."""
        versions = {version.number: version for version in self.desk.versions()}
        before = versions.get(number - 1)
        return difference(before.text if before is not None else "", versions[number].text)

    def roll_back(self, number: int, *, seen: str, actor: str) -> dict[str, Any]:
        """Raises KeyError where there is no such version; else as `put_camera`."""
        return self._told(self.desk.roll_back(number, seen=seen, actor=actor))

    def dry_run(self, camera_id: str, values: dict[str, Any], *, days: float) -> dict[str, Any]:
        """What the last `days` of tracks would have raised with this camera's part. Nothing is saved.

        Raises:
            SiteError: the part has faults. BadInput: too many days, or too much at once.
        """
        text = self._with_camera(camera_id, values)
        self.desk.parse(text)
        return self._ask("dry_run", camera_id, text, days)

    def past(self, camera_id: str, *, days: float) -> dict[str, Any]:
        """Where feet were and how tall people are. Raises KeyError, BadInput."""
        if camera_id not in self.desk.site.cameras:
            raise KeyError(camera_id)
        return self._ask("past", camera_id, self.desk.version.text, days)

    def closed(self, name: str, *, first: date, days: int) -> list[dict[str, Any]]:
        """A calendar's closed (armed) intervals over local days. Raises KeyError, BadInput."""
        if not 1 <= days <= MOST_CALENDAR_DAYS:
            raise BadInput(f"days: {days}; allowed: 1 to {MOST_CALENDAR_DAYS}")
        calendar = calendar_of(self.desk.site, name)
        until = calendar.start_of(first + timedelta(days=days))
        return [
            {"from_utc": one.from_utc, "to_utc": one.to_utc, "why": one.why}
            for one in calendar.closed_intervals(calendar.start_of(first), until)
        ]

    def try_source(self, source: str) -> dict[str, Any]:
        """Whether an address gives a picture. Files and devices only where the site file already has them: a page must
        not read this machine's disk. `{"camera": id}` tries a saved one.

        Raises:
            BadInput: not an address, or too much at once.
        """
        if source_kind(source) != "address":
            raise BadInput("source: an rtsp, rtsps, http or https address is allowed here; files go into the site file")
        return self._tried(source)

    def try_camera(self, camera_id: str) -> dict[str, Any]:
        """Whether a saved camera gives a picture. Raises KeyError, BadInput."""
        site = self.desk.site
        if camera_id not in site.cameras:
            raise KeyError(camera_id)
        source = site.source_of(camera_id, load_secrets(folder=site.folder))
        return self._tried(absolute_source(source, site.folder), masks=site.cameras[camera_id].masks)

    def discover(self) -> list[dict[str, Any]]:
        """ONVIF cameras on this network.

        Raises:
            BadInput: there is no network to call on, or too much at once.
        """
        with self._turn():
            try:
                return [asdict(one) for one in discover(clock=self._clock)]
            except OSError as error:
                raise BadInput(f"no network to look for cameras on: {error.strerror}") from None

    def begin_walk(self, cameras: list[str], *, minutes: float, actor: str) -> dict[str, Any]:
        """Raises KeyError: no such camera. BadInput: as `Walks.begin`."""
        version = self.desk.version.number
        walk = self._walks.begin(self.desk.site, version=version, cameras=cameras, minutes=minutes, actor=actor)
        return walk.value()

    def walk(self, walk_id: str) -> dict[str, Any]:
        """Raises KeyError."""
        return self._walks.get(walk_id)

    def walks(self) -> list[dict[str, Any]]:
        return self._walks.listed()

    def end_walk(self, walk_id: str, *, actor: str, note: str) -> dict[str, Any]:
        """Raises KeyError."""
        return self._walks.end(walk_id, actor=actor, note=note)

    def walk_changes(self, walk_id: str, mark: dict[str, int]) -> list[tuple[str, dict[str, Any]]]:
        """Raises KeyError."""
        return self._walks.changes(walk_id, mark)

    def stop(self) -> None:
        """Walks end; what they reached is kept."""
        self._walks.stop()

    def _tried(self, source: str, *, masks: Sequence[Polygon] = ()) -> dict[str, Any]:
        with self._turn():
            trial: Trial = try_source(source, masks=masks)
        return asdict(trial)

    def _with_camera(self, camera_id: str, values: dict[str, Any]) -> str:
        document: SiteDocument = self.desk.document()
        old = document.get("cameras", camera_id) or {}
        kept = dict(values)
        if kept.get("source") in (None, "", redact(str(old.get("source", "")))):
            kept.pop("source", None)
            if "source" in old:
                kept = {"source": old["source"], **kept}
        main = old.get("evidence_source")
        if main is not None and kept.get("evidence_source") == redact(str(main)):
            kept["evidence_source"] = main
        document.put(kept, "cameras", camera_id)
        return document.text()

    def _take_password(self, camera_id: str, values: dict[str, Any]) -> str | None:
        """The password of a new address, replaced in `values` by a name."""
        source = values.get("source")
        old = self.desk.document().get("cameras", camera_id, "source")
        if not isinstance(source, str) or source == redact(str(old or "")):
            return None
        try:
            values["source"], password = split_password(source, variable=variable_for(camera_id))
        except ValueError as error:
            raise BadInput(f"cameras.{camera_id}.source: allowed: {error}") from None
        return password

    def _ask(self, task: Any, camera_id: str, candidate: str, days: float) -> dict[str, Any]:
        if not 0 < days <= MOST_DAYS:
            raise BadInput(f"days: {days:g}; allowed: above 0, at most {MOST_DAYS}")
        recorded = TrackLog(self._data.tracks(), camera_id).ends_utc()
        until = min(self._clock.utc(), math.inf if recorded is None else recorded)  # files are of another day
        request = Request(
            task=task, name=self.desk.name, current=self.desk.version.text, candidate=candidate, camera_id=camera_id,
            data=str(self._data.root), since_utc=until - days * DAY_S, until_utc=until + 1.0,
        )  # fmt: skip
        with self._turn():
            return ask(request)

    def _turn(self) -> _Turn:
        return _Turn(self._turns)

    def _save(self, text: str, *, seen: str, actor: str, note: str) -> dict[str, Any]:
        return self._told(self.desk.save(text, seen=seen, actor=actor, note=note))

    def _told(self, saved: Saved) -> dict[str, Any]:
        return {**saved.version.shown(), **asdict(saved.changes)}


class _Turn:
    """One of the few at a time, or a refusal at once."""

    def __init__(self, turns: threading.BoundedSemaphore) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        if not self._turns.acquire(timeout=WAIT_S):
            raise BadInput(f"{AT_ONCE} trials or dry runs are running already; try again in a moment")

    def __exit__(self, *_: object) -> None:
        self._turns.release()

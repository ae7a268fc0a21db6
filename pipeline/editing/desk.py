"""The one place that changes a site while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.clock import Clock
from pipeline.editing.changes import Changes, changes
from pipeline.editing.document import SiteDocument
from pipeline.editing.versions import IN_THE_FILE, Version, Versions, digest_of, write_whole
from pipeline.errors import NightjarError
from pipeline.secrets import load_secrets
from pipeline.site import Site, parse_site

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0


class Conflict(NightjarError):  # noqa: N818 - what it is called everywhere
    """Somebody else has changed the site since; nothing was saved."""


@dataclass(frozen=True, slots=True)
class Saved:
    version: Version
    changes: Changes


Apply = Callable[[str, Site, Changes], None]
"""Told after each change: the new text, its site, and what it touches."""


class SiteDesk:
    """Holds a site's newest sound state. `path` is the file, `name` the path from which relative sources are seen.

    Raises, when made:
        SiteError: the file has faults.
    """

    def __init__(self, path: Path, *, name: str, versions: Versions, clock: Clock, apply: Apply) -> None:
        self._path, self.name = path, name
        self._versions, self._clock, self._apply = versions, clock, apply
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="site-file", daemon=True)
        self._refused = ""
        self.fault: str | None = None
        text = path.read_text(encoding="utf-8-sig")
        self.site = parse_site(text, name)
        newest = versions.newest()
        if newest is None or newest.digest != digest_of(text):
            note = "as it was at the first start" if newest is None else IN_THE_FILE
            newest = versions.add(text, utc=clock.utc(), actor="file", note=note)
        self.version = newest

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def document(self) -> SiteDocument:
        """The newest sound text, to change and to hand to `save`."""
        return SiteDocument(self.version.text, self.name)

    def parse(self, text: str) -> Site:
        """A site of such a text beside this one's file, ready to run.

        Raises:
            SiteError: it has faults, or uses a secret that is not set.
        """
        site = parse_site(text, self.name)
        secrets = load_secrets(folder=site.folder)
        for camera_id in site.cameras:
            site.source_of(camera_id, secrets)
        return site

    def save(self, text: str, *, seen: str, actor: str, note: str = "") -> Saved:
        """Check, write, keep and apply a new text, or leave everything as it is. `seen` is the digest of the version
        that the change was made from.

        Raises:
            Conflict: another version is the newest by now, or the file was edited and has faults.
            SiteError: the text has faults.
            OSError: the disk refuses.
        """
        with self._lock:
            self.take_up()
            if self.fault is not None:
                raise Conflict(f"the site file was edited and has faults; mend it first: {self.fault}")
            if seen != self.version.digest:
                by = f"{self.version.actor}: {self.version.note}" if self.version.note else self.version.actor
                raise Conflict(f"version {self.version.number} ({by}) came in between; load it and change that")
            if digest_of(text) == self.version.digest:
                return Saved(self.version, Changes((), (), ()))
            site = self.parse(text)
            write_whole(self._path, text, mode=self._path.stat().st_mode & 0o777)
            return self._adopt(text, site, actor=actor, note=note)

    def roll_back(self, number: int, *, seen: str, actor: str) -> Saved:
        """Save an older version's text as the newest one.

        Raises:
            KeyError: there is no such version.
            Conflict, SiteError, OSError: as `save`.
        """
        old = self._versions.get(number)
        return self.save(old.text, seen=seen, actor=actor, note=f"back to version {number}")

    def versions(self) -> list[Version]:
        return self._versions.all()

    def take_up(self) -> Saved | None:
        """Take up an edit made in the file, if there is one; `fault` says why it cannot be."""
        with self._lock:
            try:
                text = self._path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                self.fault = f"{self._path.name}: cannot be read: {error}"
                return None
            digest = digest_of(text)
            if digest == self.version.digest:
                self.fault, self._refused = None, ""
                return None
            if digest == self._refused:
                return None
            try:
                site = self.parse(text)
            except NightjarError as error:
                self.fault, self._refused = str(error), digest
                log.error("the edited site file is not taken up: %s", error)
                return None
            self.fault, self._refused = None, ""
            return self._adopt(text, site, actor="file", note=IN_THE_FILE)

    def _adopt(self, text: str, site: Site, *, actor: str, note: str) -> Saved:
        touched = changes(self.site, site)
        self.version = self._versions.add(text, utc=self._clock.utc(), actor=actor, note=note)
        self.site = site
        self._apply(text, site, touched)
        return Saved(self.version, touched)

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.take_up()
            except Exception:  # a thread's edge: the site goes on as it is, the next look may succeed
                log.exception("the site file could not be looked at")

"""Takes inputs for the API: checked against the site, audited, on disk, and then told to the cameras.

The table in the store is the record; the file in the data folder, which every camera's process looks at, is made of
it. One file and no protocol, so that a worker that starts later or again reads the same as the others.
"""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.errors import BadInput
from pipeline.inputs.entry import EFFECTS, KINDS, Entry, Kind, write_entries
from pipeline.inputs.switches import SwitchedCalendar, Switches
from pipeline.rulebook import calendar_of
from pipeline.site import Site
from pipeline.store import audit
from pipeline.store.life import Conflict, Unknown
from pipeline.store.schema import inputs
from pipeline.store.store import Store

log = logging.getLogger(__name__)

LONGEST_S = 31 * 86_400.0
_KEPT = tuple(name for name in Entry.__dataclass_fields__ if name != "planned_utc")
KEEP_S = 86_400.0
"""Ended inputs stay in the file for a day, for workers that slept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came in. One of `until_utc` and `for_s`. `input_id` is the sender's own: the same again is the same."""

    kind: str
    calendar: str | None = None
    camera_id: str | None = None
    zone_id: str | None = None
    from_utc: float | None = None
    until_utc: float | None = None
    for_s: float | None = None
    who: str = ""
    note: str = ""
    input_id: str | None = None


class Inputs:
    """The inputs of one site. `path` is the file that workers look at."""

    def __init__(self, store: Store, site: Site, *, path: Path) -> None:
        self._store, self._site, self._path = store, site, path
        self._clock = store.clock
        self._lock = threading.Lock()
        self._switches = Switches()
        self._tell()

    def change_site(self, site: Site) -> None:
        """Judge what is told from now on by a changed site; what holds already goes on as it was taken."""
        self._site = site

    def take(self, told: Told, *, actor: str) -> dict[str, Any]:
        """Keep it and tell the cameras; the entry as `current` has it.

        Raises:
            BadInput: it names what the site does not have, or a time that cannot be.
            Conflict: another input has this id.
        """
        entry = self._entry(told)
        now = self._clock.utc()
        with self._lock, self._store.changing() as connection:
            known = self._row(connection, entry.input_id)
            if known is not None:
                if (known.kind, known.calendar, known.camera_id, known.zone_id, known.who, known.note) != (
                    entry.kind, entry.calendar, entry.camera_id, entry.zone_id, told.who, entry.note
                ):  # fmt: skip
                    raise Conflict(f"input {entry.input_id!r} was another one")
                return _view(known, now)
            number = int(connection.scalar(sa.select(sa.func.max(inputs.c.number))) or 0) + 1
            values = {name: getattr(entry, name) for name in _KEPT if name != "number"}
            connection.execute(sa.insert(inputs).values(**values, number=number, who=told.who, actor=actor, utc=now))
            detail = {k: v for k, v in {**values, "who": told.who}.items() if v not in (None, "") and k != "input_id"}
            audit.record(
                connection, utc=now, actor=actor, action="input", target=f"input/{entry.input_id}", detail=detail
            )
            kept = self._row(connection, entry.input_id)
        self._tell()
        assert kept is not None
        return _view(kept, now)

    def end(self, input_id: str, *, actor: str) -> dict[str, Any]:
        """End one now; one that is over stays as it was.

        Raises:
            Unknown: there is none.
        """
        now = self._clock.utc()
        with self._lock, self._store.changing() as connection:
            row = self._row(connection, input_id)
            if row is None:
                raise Unknown(f"no input {input_id[:80]!r}")
            if row.until_utc > now:
                connection.execute(sa.update(inputs).where(inputs.c.input_id == input_id).values(until_utc=now))
                detail = {"until_utc": row.until_utc}
                audit.record(
                    connection, utc=now, actor=actor, action="end_input", target=f"input/{input_id}", detail=detail
                )
            row = self._row(connection, input_id)
        self._tell()
        assert row is not None
        return _view(row, now)

    def current(self) -> list[dict[str, Any]]:
        """What holds now or will, in the order in which it was told."""
        now = self._clock.utc()
        with self._store.changing() as connection:
            rows = connection.execute(sa.select(inputs).where(inputs.c.until_utc > now).order_by(inputs.c.number))
            return [_view(row, now) for row in rows]

    def hours(self, name: str) -> SwitchedCalendar:
        """A calendar of the site with what was told laid over it, for whoever asks in this process."""
        return SwitchedCalendar(calendar_of(self._site, name), _Shared(self), camera_id=None)

    @property
    def switches(self) -> Switches:
        return self._switches

    def _tell(self) -> None:
        """Write the file that workers look at. Where the disk refuses, they keep what they know; the log says so."""
        with self._store.changing() as connection:
            query = sa.select(inputs).where(inputs.c.until_utc > self._clock.utc() - KEEP_S).order_by(inputs.c.number)
            entries = [_entry_of(row) for row in connection.execute(query)]
        self._switches = Switches(entries)
        try:
            write_entries(self._path, entries)
        except OSError as error:
            log.error("inputs: %s cannot be written: %s", self._path.name, error.strerror)

    def _entry(self, told: Told) -> Entry:
        if told.kind not in KINDS:
            raise BadInput(f"kind {told.kind[:40]!r}: {', '.join(KINDS)} are allowed")
        kind: Kind = told.kind
        effect = EFFECTS[kind]
        calendar = self._calendar(told.calendar, switches=effect != "annotate")
        self._known(told.camera_id, list(self._site.cameras), "camera")
        zones = [
            zone
            for camera_id, camera in self._site.cameras.items()
            for zone in camera.zones
            if told.camera_id in (None, camera_id)
        ]
        self._known(told.zone_id, zones, "zone")
        from_utc, until_utc = self._times(told)
        return Entry(
            input_id=told.input_id or secrets.token_hex(13), number=0, kind=kind, effect=effect, calendar=calendar,
            camera_id=told.camera_id, zone_id=told.zone_id, from_utc=from_utc, until_utc=until_utc, note=told.note,
        )  # fmt: skip

    def _calendar(self, name: str | None, *, switches: bool) -> str | None:
        names = list(self._site.calendars)
        self._known(name, names, "calendar")
        if switches and name is None:
            if len(names) != 1:
                raise BadInput(f"calendar is missing: {', '.join(names) or 'the site has none to arm or disarm'}")
            return names[0]
        return name

    def _times(self, told: Told) -> tuple[float, float]:
        now = self._clock.utc()
        if (told.until_utc is None) == (told.for_s is None):
            raise BadInput("one of until and for_s is needed: every input ends by itself")
        from_utc = now if told.from_utc is None else max(now, told.from_utc)
        until_utc = from_utc + told.for_s if told.for_s is not None else told.until_utc
        assert until_utc is not None
        if not from_utc < until_utc <= now + LONGEST_S:
            raise BadInput(f"it must end after it begins and now, and within {LONGEST_S / 86_400:g} days")
        return from_utc, until_utc

    @staticmethod
    def _known(name: str | None, names: list[str], what: str) -> None:
        if name is not None and name not in names:
            raise BadInput(f"{what} {name[:80]!r}: the site has {', '.join(sorted(set(names))) or 'none'}")

    @staticmethod
    def _row(connection: sa.Connection, input_id: str) -> sa.Row[Any] | None:
        return connection.execute(sa.select(inputs).where(inputs.c.input_id == input_id)).first()


class _Shared(Switches):
    """What the desk knows at the time of the question."""

    def __init__(self, desk: Inputs) -> None:
        super().__init__()
        self._desk = desk

    def switch_at(self, utc: float, **scope: Any) -> Entry | None:
        return self._desk.switches.switch_at(utc, **scope)

    def notes_at(self, utc: float, **scope: Any) -> list[Entry]:
        return self._desk.switches.notes_at(utc, **scope)

    def __bool__(self) -> bool:
        return bool(self._desk.switches)


def _entry_of(row: sa.Row[Any]) -> Entry:
    return Entry(**{name: getattr(row, name) for name in _KEPT})


def _view(row: sa.Row[Any], now: float) -> dict[str, Any]:
    state = "over" if row.until_utc <= now else "waiting" if row.from_utc > now else "active"
    return {**row._mapping, "state": state}

"""What inputs make of a calendar, as a pure function of time: rules ask the same two questions as before.

An input takes effect on a camera with the first frame that comes after it was heard of, and the journal beside the
camera's track log keeps it with that frame's time. So what rules were told live is told again at every replay.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.clock import Clock
from pipeline.inputs.entry import Entry, from_json, read_entries, to_json
from rules.calendar import Calendar, Visit

log = logging.getLogger(__name__)

JOURNAL = "inputs.jsonl"
LOOK_S = 0.25
OWN_TIME_S = 60.0
"""A frame further from the wall clock than this is of a recording: inputs are moved to its time."""


class Switches:
    """The inputs that hold for one camera, in the order in which they took effect."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {entry.input_id: entry for entry in entries}

    def switch_at(self, utc: float, *, calendar: str, camera_id: str | None, zones: Sequence[str]) -> Entry | None:
        """The arming or disarming that decides at this instant, or None."""
        found = None
        for entry in self._entries.values():
            if entry.effect != "annotate" and entry.holds(utc):
                found = entry if entry.concerns(calendar=calendar, camera_id=camera_id, zones=zones) else found
        return found

    def notes_at(self, utc: float, *, calendar: str, camera_id: str | None, zones: Sequence[str]) -> list[Entry]:
        """What is said beside, oldest first."""
        return [
            entry
            for entry in self._entries.values()
            if entry.effect == "annotate"
            and entry.holds(utc)
            and entry.concerns(calendar=calendar, camera_id=camera_id, zones=zones)
        ]

    def __bool__(self) -> bool:
        return bool(self._entries)


class LiveSwitches(Switches):
    """Takes up what the API's process writes to `path`; `journal` is written by this camera's process alone."""

    def __init__(self, path: Path, *, journal: Path, clock: Clock) -> None:
        super().__init__(read_journal(journal))
        self._path, self._journal, self._clock = path, journal, clock
        self._looked_at, self._stamp = -LOOK_S, (0, 0)
        self._heard: dict[str, Entry] = {}
        """As the API's process wrote them; `_entries` has them in this camera's time."""

    def look(self, utc: float) -> None:
        """Before the frame of this time: take up what is new. Costs a look at the clock, and a `stat` at times."""
        now = self._clock.monotonic()
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        try:
            stat = self._path.stat()
            if (stat.st_mtime_ns, stat.st_ino) == self._stamp:
                return
            told = read_entries(self._path)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            log.error("inputs: %s: %s", self._path.name, error)
            return
        self._stamp = (stat.st_mtime_ns, stat.st_ino)
        for entry in sorted(told, key=lambda one: one.number):
            self._take(entry, utc)

    def _take(self, entry: Entry, utc: float) -> None:
        if self._heard.get(entry.input_id) == entry:
            return
        self._heard[entry.input_id] = entry
        known = self._entries.get(entry.input_id)
        off_s = utc - self._clock.utc()
        shift_s = off_s if abs(off_s) > OWN_TIME_S else 0.0
        until = entry.until_utc + shift_s
        if known is None:
            taken = replace(entry, from_utc=max(entry.from_utc + shift_s, utc), until_utc=until, planned_utc=until)
            if taken.until_utc <= taken.from_utc:
                return
        else:
            ended = self._clock.utc() >= entry.until_utc
            taken = replace(known, until_utc=min(known.until_utc, max(utc, known.from_utc) if ended else until))
            if taken.until_utc >= known.until_utc:
                return
        self._entries[entry.input_id] = taken
        self._keep(taken)
        log.info("input %s (%s) until %.0f", taken.kind, taken.effect, taken.until_utc)

    def _keep(self, entry: Entry) -> None:
        try:
            self._journal.parent.mkdir(parents=True, exist_ok=True)
            with self._journal.open("a", encoding="utf-8") as file:
                file.write(to_json(entry) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            log.error("inputs: the journal cannot be written: %s; a replay will not know of it", error.strerror)


class SwitchedCalendar:
    """A calendar with inputs laid over it, for the rules of one camera and their zones. Pure in `utc`."""

    def __init__(
        self, calendar: Calendar, switches: Switches, *, camera_id: str | None, zones: Sequence[str] = ()
    ) -> None:
        self._calendar, self._switches = calendar, switches
        self._scope = {"calendar": calendar.name, "camera_id": camera_id, "zones": tuple(zones)}

    def is_open(self, utc: float) -> bool:
        entry = self._switches.switch_at(utc, **self._scope) if self._switches else None  # type: ignore[arg-type]
        return self._calendar.is_open(utc) if entry is None else entry.effect == "disarm"

    def reason(self, utc: float) -> str:
        if not self._switches:
            return self._calendar.reason(utc)
        entry = self._switches.switch_at(utc, **self._scope)  # type: ignore[arg-type]
        first = self._calendar.reason(utc) if entry is None else self._words(entry)
        notes = self._switches.notes_at(utc, **self._scope)  # type: ignore[arg-type]
        return "; ".join([first, *map(self._words, notes)])

    def visits_at(self, utc: float, zone_id: str | None) -> tuple[Visit, ...]:
        return self._calendar.visits_at(utc, zone_id)

    def _words(self, entry: Entry) -> str:
        until = self._calendar.local(entry.planned_utc or entry.until_utc).strftime("%Y-%m-%d %H:%M")
        return f"{entry.kind.replace('_', ' ')} until {until}" + (f": {entry.note}" if entry.note else "")


def read_journal(path: Path) -> list[Entry]:
    """What took effect, in that order; a line that was cut off by a crash is left out."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found: dict[str, Entry] = {}
    for line in lines:
        try:
            entry = from_json(json.loads(line))
        except ValueError:
            continue
        found[entry.input_id] = entry
    return list(found.values())

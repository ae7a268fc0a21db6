"""`nightjar check SITE`: is the site file right, and when does a calendar arm?"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pipeline.clock import SystemClock
from pipeline.detect.catalog import load_catalog
from pipeline.errors import BadInput, SiteError
from pipeline.eventlog import YEARS, utc_iso
from pipeline.folders import DataFolder, default_data
from pipeline.heartbeat.build import build_push
from pipeline.rulebook import build_engine
from pipeline.secrets import Secrets, load_secrets, names_in, redact
from pipeline.sinks.build import build_outlets
from pipeline.site import Site, load_site
from pipeline.site.calendars import build_calendar
from pipeline.site.document import read_document
from pipeline.site.source import absolute_source, source_kind
from rules.calendar import Calendar, Segment

MAX_DAYS = 3660


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("check", help="check a site file, or list when a calendar arms")
    parser.add_argument("site", type=Path, metavar="SITE", help="site file (YAML)")
    parser.add_argument("--calendar", metavar="NAME", help="list this calendar's closed (armed) intervals")
    parser.add_argument("--from", dest="first", metavar="DATE", help="first local date, e.g. 2026-03-20")
    parser.add_argument("--days", default="14", metavar="N", help="number of local days (default 14)")
    parser.add_argument("--json", action="store_true", help="one JSON value on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    site = load_site(args.site)
    if args.calendar is None:
        _forbid(args)
    try:
        _check_model(site)
        if args.calendar is None:
            return _summary(site, args)
    except SiteError as error:
        raise _located(error, args.site) from None
    calendar = _calendar(site, args.calendar)
    first = _date(args.first)
    days = _days(args.days)
    closed = calendar.closed_intervals(calendar.start_of(first), calendar.start_of(first + timedelta(days=days)))
    if args.json:
        print(json.dumps([_interval(one) for one in closed], ensure_ascii=False))
    else:
        _print_intervals(calendar, closed, first=first, days=days)
    return 0


def _located(error: SiteError, path: Path) -> SiteError:
    """The same with file and line of the key that it begins with, like `cameras.dock.source: ...`."""
    keys = re.findall(r"[^.\[\]]+", str(error).partition(":")[0].partition(" (")[0])
    node = root = read_document(path.read_text(encoding="utf-8-sig"), str(path))
    for key in keys:
        child = node.get(int(key) if key.isdecimal() and node.get(key) is None else key)
        if child is None:
            break
        node = child
    return error if node is root else SiteError(f"{path}:{node.line}: {error}")


def _check_model(site: Site) -> None:
    """A model that nobody has heard of; one that is only not pulled yet is said when the site is run."""
    model = site.detector.model
    known = ["auto", "motion", *(entry.name for entry in load_catalog(DataFolder(default_data()).models).entries)]
    if model not in known and not (site.folder / model).is_file():
        raise SiteError(f"detector.model: {model!r}: allowed: {', '.join(known)}, or a file")


# --- the whole site ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Summary:
    """What a site holds, and what is allowed but worth a look."""

    site: str
    timezone: str
    detector: str
    cameras: int
    zones: int
    lines: int
    calendars: int
    rules: dict[str, int]
    warnings: list[str]


def summarise(site: Site, secrets: Secrets) -> Summary:
    """Counts and warnings of a site whose file has no fault; builds every camera's rules to be sure of them.

    Raises:
        SiteError: a secret that is not set, or a rule whose numbers do not go together.
    """
    kinds = Counter(rule.kind for camera in site.cameras.values() for rule in camera.rules)
    for camera_id in site.cameras:
        build_engine(site, camera_id)
        site.source_of(camera_id, secrets)
    build_outlets(site, secrets, clock=SystemClock())
    build_push(site, secrets)
    return Summary(
        site=site.name,
        timezone=site.timezone,
        detector=f"{site.detector.model}, score {site.detector.score:g}",
        cameras=len(site.cameras),
        zones=sum(len(camera.zones) for camera in site.cameras.values()),
        lines=sum(len(camera.lines) for camera in site.cameras.values()),
        calendars=len(site.calendars),
        rules=dict(sorted(kinds.items())),
        warnings=list(_warnings(site)),
    )


def _summary(site: Site, args: argparse.Namespace) -> int:
    summary = summarise(site, load_secrets(folder=site.folder))
    if args.json:
        print(json.dumps({"ok": True, **asdict(summary)}, ensure_ascii=False))
        return 0
    rules = ", ".join(f"{count} {kind}" for kind, count in summary.rules.items()) or "none"
    print(f"{args.site}: OK")
    print(f"  site       {summary.site} ({summary.timezone})")
    print(f"  detector   {summary.detector}")
    print(f"  cameras    {summary.cameras} with {summary.zones} zones and {summary.lines} lines")
    print(f"  rules      {rules}")
    print(f"  calendars  {', '.join(site.calendars) or 'none'}")
    print(f"  sinks      {', '.join(site.sinks) or 'none'}")
    for warning in summary.warnings:
        print(f"  warning    {warning}")
    return 0


def _warnings(site: Site) -> Iterator[str]:
    if not site.cameras:
        yield "no cameras yet"
    asked = {name for camera in site.cameras.values() for rule in camera.rules for name in rule.calendar_names()}
    for name, calendar in site.calendars.items():
        if name not in asked:
            yield f"calendar {name}: no rule asks it"
        if not any(calendar.open.values()):
            yield f"calendar {name}: never open in the weekly hours"
    for camera_id, camera in site.cameras.items():
        where = f"camera {camera_id}"
        if not camera.rules:
            yield f"{where}: no rules, so no alerts"
        kind = source_kind(camera.source)
        if kind == "file" and not names_in(camera.source):
            if not Path(absolute_source(camera.source, site.folder)).is_file():
                yield f"{where}: file {camera.source} is not there"
            if camera.start is None and any(rule.calendar_names() for rule in camera.rules):
                yield f"{where}: a file without start, and rules that ask a calendar"
        if not names_in(camera.source) and redact(camera.source) != camera.source:
            yield f"{where}: its password stands in the file; write ${{NAME}} and set it in the environment"
        used = {zone for rule in camera.rules for zone in rule.zone_names()}
        for zone in camera.zones:
            if zone not in used:
                yield f"{where}: no rule uses zone {zone}"


# --- one calendar -----------------------------------------------------------------------------------------------------


def _forbid(args: argparse.Namespace) -> None:
    if args.first is not None:
        raise BadInput(f"--from {args.first}: only together with --calendar NAME")


def _calendar(site: Site, name: str) -> Calendar:
    if name not in site.calendars:
        raise BadInput(f"--calendar {name}: the site has {', '.join(site.calendars) or 'no calendars'}")
    return build_calendar(name, site.calendars[name], site.timezone)


def _date(text: str | None) -> date:
    try:
        found = date.fromisoformat(text) if text is not None and len(text) == 10 else None
    except ValueError:
        found = None
    if found is not None and found.year in YEARS:
        return found
    if found is not None:
        raise BadInput(f"--from {text}: allowed are dates of the years {YEARS[0]} to {YEARS[-1]}")
    given = "is missing" if text is None else text
    raise BadInput(f"--from {given}: a date like 2026-03-20 is needed with --calendar")


def _days(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= MAX_DAYS and len(text) < 6:
        return int(text)
    raise BadInput(f"--days {text}: allowed are whole numbers from 1 to {MAX_DAYS}")


def _interval(one: Segment) -> dict[str, str]:
    return {"from": utc_iso(one.from_utc, decimals=0), "to": utc_iso(one.to_utc, decimals=0), "why": one.why}


def _print_intervals(calendar: Calendar, closed: list[Segment], *, first: date, days: int) -> None:
    print(f"{calendar.name}: closed (armed) from {first} for {days} days, {calendar.timezone}")
    for one in closed:
        local = f"{calendar.local(one.from_utc):%a %Y-%m-%d %H:%M} - {calendar.local(one.to_utc):%a %Y-%m-%d %H:%M}"
        times = f"{utc_iso(one.from_utc, decimals=0)} - {utc_iso(one.to_utc, decimals=0)}"
        print(f"  {local}   {times}   {(one.to_utc - one.from_utc) / 3600:5.2f} h   {one.why}")
    if not closed:
        print("  open throughout")

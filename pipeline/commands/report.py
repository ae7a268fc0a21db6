"""`nightjar report`: a shift or a day as PDF, read beside a running Nightjar or after it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pipeline.api.times import instant
from pipeline.clock import SystemClock
from pipeline.errors import BadInput, StoreError
from pipeline.folders import DataFolder, default_data
from pipeline.reports.shift import shift_report
from pipeline.site import load_site
from pipeline.store.desk_rules import DeskRules
from pipeline.store.dossier import reader
from pipeline.store.shift import figures, list_handovers

LONGEST_S = 32 * 86_400.0


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("report", help="the figures of a shift or a day, as PDF")
    parser.add_argument(
        "site", nargs="?", type=Path, metavar="SITE", help="site file: its name and time zone (else UTC)"
    )
    parser.add_argument("--hours", type=float, default=24.0, help="how far back from --until (default: %(default)s)")
    parser.add_argument("--until", default=None, metavar="ISO", help="end of the span, with its zone (default: now)")
    parser.add_argument("--out", type=Path, default=None, metavar="FILE.pdf", help="file to write")
    parser.add_argument("--data", type=Path, default=None, help="the data folder (default: the user's)")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    now = SystemClock().utc()
    site = None if args.site is None else load_site(args.site)
    until = now if args.until is None else _instant(args.until)
    if not 0 < args.hours * 3600 <= LONGEST_S:
        raise BadInput(f"--hours {args.hours:g}: more than 0 and at most {LONGEST_S / 3600:g} are allowed")
    if args.out is None and not args.json:
        raise BadInput("--out FILE.pdf, --json, or both are needed")
    since = until - args.hours * 3600
    data = DataFolder(args.data or default_data())
    try:
        with reader(data.store) as connection:
            found = figures(connection, since_utc=since, until_utc=until, now_utc=now, rules=DeskRules())
            handovers = list_handovers(connection, limit=100)
    except StoreError as error:
        raise BadInput(f"--data {data.root}: {error}") from None
    if args.out is not None:
        name, zone = ("Nightjar", "UTC") if site is None else (site.name, site.timezone)
        _write(args.out, shift_report(found, handovers, site=name, timezone=zone, now_utc=now))
    if args.json:
        print(json.dumps(found))
    return 0


def _write(out: Path, pages: bytes) -> None:
    try:
        out.write_bytes(pages)
    except OSError as error:
        raise BadInput(f"--out {out}: {error.strerror}") from None
    print(f"{out}: {len(pages)} bytes", file=sys.stderr)


def _instant(text: str) -> float:
    try:
        return instant(text)
    except ValueError as error:
        raise BadInput(f"--until {text}: {error}") from None

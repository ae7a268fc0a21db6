"""`nightjar init`: from a camera's address (or a file) to a running site, without writing YAML."""

from __future__ import annotations

import argparse
import re
import sys
from getpass import getpass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pipeline.clock import SystemClock
from pipeline.editing.credentials import split_password
from pipeline.editing.trials import FIXES
from pipeline.errors import BadInput, SourceError
from pipeline.secrets import SECRETS_FILE_NAME, keep_secret, redact
from pipeline.site import parse_site
from pipeline.site.source import SCHEMES, source_kind
from pipeline.video.source import open_source

HOURS = re.compile(r"\d{2}:\d{2}-\d{2}:\d{2}")


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("init", help="make a site file from a camera's address, test it, and start")
    parser.add_argument("site", type=Path, nargs="?", default=Path("site.yaml"), help="file to write (%(default)s)")
    parser.add_argument("--source", help="camera address, device or file; asked for where not given")
    parser.add_argument("--name", help="the site's name")
    parser.add_argument("--timezone", help="IANA time zone, such as Europe/Brussels")
    parser.add_argument("--hours", help="opening hours on weekdays, such as 06:00-22:00")
    parser.add_argument("--no-start", action="store_true", help="write the file, but do not start watching")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.site.exists():
        raise BadInput(f"SITE {args.site}: exists already and is not touched; give another name, or `nightjar run` it")
    source = _tested_source(args.source)
    name = args.name or _ask("Name of the site", "My site")
    timezone = args.timezone or _ask("Time zone", _local_zone())
    hours = args.hours or _ask("Open on weekdays from-to", "06:00-22:00")
    if not HOURS.fullmatch(hours):
        raise BadInput(f"--hours {hours!r}: HH:MM-HH:MM is allowed, such as 06:00-22:00")
    shown, secret = split_password(source, variable="CAMERA_PASSWORD")
    text = site_text(name=name, timezone=timezone, hours=hours, source=shown)
    parse_site(text, str(args.site))
    if secret is not None:
        _keep_secret(args.site.parent / SECRETS_FILE_NAME, secret)
    args.site.write_text(text, encoding="utf-8")
    print(
        f"Wrote {args.site}: one zone over the whole picture, an alert for anybody there outside {hours} on weekdays."
    )
    if args.no_start:
        print(f"Start with: nightjar run {args.site}")
        return 0
    from pipeline.cli import main

    return main(["run", str(args.site)])


def site_text(*, name: str, timezone: str, hours: str, source: str) -> str:
    """The site file that a first start writes."""
    quoted = source.replace("'", "''")
    return f"""# Written by `nightjar init`. Check changes with `nightjar check`, see the README for zones and rules.
site: {{name: '{name.replace("'", "''")}', timezone: {timezone}}}
calendars:
  working:
    open: {{mon-fri: ["{hours}"]}}
cameras:
  camera-1:
    source: '{quoted}'
    analyze_fps: 5
    zones: {{everywhere: {{polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]}}}}
    rules:
      - {{id: closed-hours, kind: after_hours, zone: everywhere, calendar: working}}
"""


def _tested_source(given: str | None) -> str:
    """Ask until a source gives a picture; one given on the command line is tried once.

    Raises:
        BadInput: the given source gives no picture, or there is nobody to ask.
    """
    while True:
        source = given or with_password(_ask("Camera address (rtsp://user@camera/...), device or file", ""))
        problem = _problem(source)
        if problem is None:
            return absolute(source)
        if given or not sys.stdin.isatty():
            raise BadInput(f"--source {redact(source)}: {problem}")
        print(f"  {problem}. Try again, or stop with Ctrl-C.")


def with_password(source: str) -> str:
    """An address that was typed with a user alone, and the password asked for without showing it."""
    before, _, host = source.rpartition("@")
    scheme, _, user = before.partition("://")
    if scheme.lower() not in SCHEMES or not user or ":" in user:
        return source
    password = getpass(f"Password of {unquote(user)} (not shown): ")
    return f"{before}:{quote(password, safe='')}@{host}" if password else source


def absolute(source: str) -> str:
    """A file by its whole path, so that the site file may lie elsewhere."""
    return str(Path(source).absolute()) if source_kind(source) == "file" else source


def _problem(source: str) -> str | None:
    """Why a source gives no picture, in a sentence; None where it does."""
    try:
        kind = source_kind(source)
    except ValueError as error:
        return f"allowed: {error}"
    if kind == "file" and not Path(source).is_file():
        return "no such file"
    print(f"  trying {redact(source)} ...", flush=True)
    try:
        with open_source("camera-1", escape_password(source), clock=SystemClock()) as opened:
            frame = next(iter(opened.frames()), None)
            if frame is None:
                return "it opened but gave no picture"
            fps = f", {opened.info.fps:.0f} fps" if opened.info.fps else ""
            print(f"  works: {opened.info.width}x{opened.info.height}{fps}, {opened.info.codec}")
    except SourceError as error:
        fix = FIXES.get(error.state, "")
        return f"{error}{f' ({fix})' if fix and kind == 'address' else ''}"
    return None


def escape_password(source: str) -> str:
    """People paste passwords as they are; in an address `@`, `/`, `?` and `#` must be escaped."""
    if source_kind(source) != "address":
        return source
    before, at, host = source.rpartition("@")
    scheme, _, credentials = before.partition("://")
    user, colon, password = credentials.partition(":")
    if not at:
        return source
    safe = f"{quote(unquote(user), safe='')}{colon}{quote(unquote(password), safe='')}"
    parts = urlsplit(f"{scheme}://{host}")
    return urlunsplit((parts.scheme, f"{safe}@{parts.netloc}", parts.path, parts.query, parts.fragment))


def _ask(question: str, default: str) -> str:
    if not sys.stdin.isatty():
        if default:
            return default
        raise BadInput("--source is missing, and there is no terminal to ask on")
    suffix = f" [{default}]" if default else ""
    return input(f"{question}{suffix}: ").strip() or default


def _keep_secret(path: Path, password: str) -> None:
    keep_secret(path, "CAMERA_PASSWORD", password)
    print(f"The password is in {path}, encrypted (mode 0600), not in the site file.")


def _local_zone() -> str:
    place = Path("/etc/localtime")
    target = str(place.resolve()) if place.exists() else ""
    return target.partition("zoneinfo/")[2] or "UTC"

"""`nightjar replay SITE --camera ID --tracks FILE ...`: what a site's rules say of recorded tracks."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.errors import BadInput
from pipeline.eventlog import event_line, event_value
from pipeline.replay import FPS_ALLOWED, Footage, camera_of, load_routes, open_footage, parse_number, replay
from pipeline.rulebook import build_engine
from pipeline.site import Site, load_site
from pipeline.types import Event
from rules.routes import RouteModel

SAME_EPISODE_S = 0.5
"""Two sites' episodes of one rule that begin within this are one episode, told by both."""


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("replay", help="what a site's rules say of recorded tracks")
    add_tracks_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="events, one JSON object a line")
    parser.add_argument("--against", type=Path, metavar="SITE", help="the site to compare with: what is added, removed")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.set_defaults(run=run)


def add_tracks_arguments(parser: argparse.ArgumentParser) -> None:
    """What `replay` and `why` are given."""
    parser.add_argument("site", type=Path, metavar="SITE", help="site file (YAML)")
    parser.add_argument("--camera", required=True, metavar="ID", help="whose rules")
    parser.add_argument("--tracks", type=Path, required=True, metavar="FILE", help="MOTChallenge file, or a track log")
    parser.add_argument("--fps", metavar="F", help="frames a second of the source (files)")
    parser.add_argument("--size", metavar="WxH", help="width and height of the picture in px (files)")
    parser.add_argument("--start", metavar="ISO", help="wall time of a file's first frame; from when on in a log")
    parser.add_argument("--until", metavar="ISO", help="until when in a log")
    parser.add_argument("--routes", type=Path, metavar="MODEL", help="learned routes (nightjar routes fit)")


def run(args: argparse.Namespace) -> int:
    site = load_site(args.site)
    footage, routes = footage_of(args, site), load_routes(args.routes)
    with _writer(args.out) as out:
        told = _play(site, footage, out, routes=routes)
    report: dict[str, Any] = {
        "site": str(args.site), "camera": args.camera, "tracks": str(args.tracks), "out": str(args.out),
        "frames_analysed": told.frames, "events": dict(sorted(told.kinds.items())),
    }  # fmt: skip
    difference = None
    if args.against is not None:
        other = load_site(args.against)
        camera_of(other, args.camera)
        difference = compare(told.starts, _play(other, footage, None, routes=routes).starts)
        report |= {"against": str(args.against), **difference.value()}
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        _print(args, told, difference)
    return 0


def footage_of(args: argparse.Namespace, site: Site) -> Footage:
    """The tracks that the arguments name, checked.

    Raises:
        BadInput: an unknown camera, or arguments that are missing or no numbers.
    """
    fps = None if args.fps is None else parse_number(args.fps, "--fps", FPS_ALLOWED)
    return open_footage(
        args.tracks, site, args.camera, fps=fps, size=args.size, start=args.start, until=args.until
    )  # fmt: skip


@dataclass(slots=True)
class Told:
    """What one pass over the tracks gave."""

    frames: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    starts: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Difference:
    """Alarms that only SITE raises, that only the other raises, and pairs (ours, theirs) of one episode."""

    added: list[Event]
    removed: list[Event]
    kept: list[tuple[Event, Event]]

    def value(self) -> dict[str, Any]:
        moved = [(ours, theirs) for ours, theirs in self.kept if abs(ours.utc - theirs.utc) > 1e-6]
        return {
            "added": [event_value(event) for event in self.added],
            "removed": [event_value(event) for event in self.removed],
            "kept": len(self.kept),
            "moved": [{**event_value(a), "by_s": round(a.utc - b.utc, 3)} for a, b in moved],
        }


def compare(ours: list[Event], theirs: list[Event]) -> Difference:
    """Alarms of two sites over the same tracks, matched one to one: same rule, kind and zone, begun together."""
    left = dict(enumerate(theirs))
    near: dict[tuple[Any, ...], list[int]] = {}
    for number, other in left.items():
        near.setdefault(_slot(other, 0), []).append(number)
    added, kept = [], []
    for event in ours:
        around = sorted(n for step in (-1, 0, 1) for n in near.get(_slot(event, step), ()) if n in left)
        alike = [n for n in around if _alike(event, left[n])]
        if alike:
            kept.append((event, left.pop(min(alike, key=lambda n: _apart(event, left[n])))))
        else:
            added.append(event)
    return Difference(added, list(left.values()), kept)


def _slot(event: Event, step: int) -> tuple[Any, ...]:
    """Where to look for events of the same rule that began within `SAME_EPISODE_S`: here, or a step further."""
    return event.rule_id, event.kind, event.zone_id, math.floor(event.since_utc / SAME_EPISODE_S) + step


def _alike(a: Event, b: Event) -> bool:
    same = (a.rule_id, a.kind, a.zone_id) == (b.rule_id, b.kind, b.zone_id)
    return same and abs(a.since_utc - b.since_utc) <= SAME_EPISODE_S and bool({*a.track_ids} & {*b.track_ids})


def _apart(a: Event, b: Event) -> float:
    return abs(a.since_utc - b.since_utc) + abs(a.utc - b.utc)


def _play(site: Site, footage: Footage, out: IO[str] | None, *, routes: RouteModel | None) -> Told:
    told = Told()
    camera = site.cameras[footage.camera_id]
    engine = build_engine(
        site, footage.camera_id, route_model=routes, switches=footage.switches, exact_ids=footage.exact_ids
    )
    tracks = footage.tracks(camera.analyze_fps)
    total = footage.analysed(camera.analyze_fps)
    for events in _progress(replay(engine, tracks), total=total):
        told.frames += 1
        for event in events:
            if out is not None:
                out.write(event_line(event) + "\n")
            if event.state == "start":
                told.kinds[event.kind] += 1
                told.starts.append(event)
    told.frames = max(0, told.frames - 1)  # the last of them closes what is open
    return told


def _progress(steps: Iterator[list[Event]], *, total: int | None) -> Iterator[list[Event]]:
    quiet = not sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("replaying", total=total)
        for number, events in enumerate(steps):
            if number % 2000 == 0:
                progress.update(task, completed=number)
            yield events


@contextlib.contextmanager
def _writer(path: Path) -> Iterator[IO[str]]:
    """The file appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise BadInput(f"--out {path}: {error.strerror}; give a file in a folder that can be written to") from None
    finally:
        part.unlink(missing_ok=True)


def _print(args: argparse.Namespace, told: Told, difference: Difference | None) -> None:
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(told.kinds.items())) or "no events"
    print(f"{args.site}: {told.frames} frames analysed, {found} -> {args.out}")
    if difference is None:
        return
    print(f"against {args.against}: {len(difference.added)} added, {len(difference.removed)} removed")
    for sign, events in (("+", difference.added), ("-", difference.removed)):
        for event in events:
            print(
                f"  {sign} {event.pts:10.3f} s  {event.rule_id}  {event.kind}  zone {event.zone_id}  {event.track_ids}"
            )
    for ours, theirs in difference.kept:
        if abs(ours.utc - theirs.utc) > 1e-6:
            print(f"  ~ {ours.pts:10.3f} s  {ours.rule_id}  {ours.utc - theirs.utc:+.3f} s")

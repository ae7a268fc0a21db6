"""`nightjar why SITE --camera C --at T --tracks FILE ...`: why there was an alert at a moment, or why not."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.commands.replay import add_tracks_arguments, footage_of
from pipeline.errors import BadInput
from pipeline.eventlog import event_value, utc_iso
from pipeline.inputs.switches import SwitchedCalendar
from pipeline.replay import Footage, camera_of, load_routes, parse_number, parse_time
from pipeline.rulebook import build_engine, calendar_of
from pipeline.site import RuleConfig, Site, load_site
from pipeline.types import Event, Tracks
from rules.base import NearMiss
from rules.geometry import inside
from rules.routes import RouteModel

AFTER_S = 120.0
"""How far past the moment is looked by default: a dwell that was under way then has mostly fired or ended."""

_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("why", help="why there was an alert at a moment, or why not")
    add_tracks_arguments(parser)
    parser.add_argument("--at", required=True, metavar="T", help="a time (ISO 8601), or seconds since the first frame")
    parser.add_argument("--after", default=f"{AFTER_S:g}", metavar="S", help="how far past T to look (120 s)")
    parser.add_argument("--rule", metavar="ID", help="only this rule")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    site = load_site(args.site)
    camera_of(site, args.camera)
    chosen = _rules(site, args.camera, args.rule)
    footage = footage_of(args, site)
    timed = _SECONDS.fullmatch(args.at) is None
    at_utc = parse_time(args.at, site, argument="--at") if timed else footage.start_utc + float(args.at)
    after_s = parse_number(args.after, "--after", "seconds, 0 or more")
    if after_s < 0:
        raise BadInput(f"--after {args.after}: seconds, 0 or more")
    seen = look(site, footage, at_utc=at_utc, after_s=after_s, routes=load_routes(args.routes))
    answers = [_answer(config, seen) for config in chosen]
    if args.json:
        value = {"at": utc_iso(at_utc), "people": seen.people, "calendars": seen.calendars}
        print(json.dumps({**value, "rules": [answer.value() for answer in answers]}, ensure_ascii=False))
    else:
        _print(seen, answers, at_utc)
    return 0


@dataclass(slots=True)
class Seen:
    """What a replay shows of one moment."""

    at_utc: float
    people: list[dict[str, Any]] = field(default_factory=list)
    calendars: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    misses: list[NearMiss] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule has to say of the moment."""

    rule: RuleConfig
    episodes: list[list[Event]]
    misses: list[NearMiss]

    @property
    def verdict(self) -> str:
        return "fired" if self.episodes else "near miss" if self.misses else "nothing"

    def value(self) -> dict[str, Any]:
        return {
            "rule_id": self.rule.id,
            "kind": self.rule.kind,
            "verdict": self.verdict,
            "events": [event_value(event) for episode in self.episodes for event in episode],
            "near_misses": [asdict(miss) for miss in self.misses],
        }


def look(site: Site, footage: Footage, *, at_utc: float, after_s: float, routes: RouteModel | None = None) -> Seen:
    """Replay until `after_s` past the moment, and keep what concerns it.

    Raises:
        BadInput: the tracks do not reach the moment.
    """
    camera_id = footage.camera_id
    camera = site.cameras[camera_id]
    engine = build_engine(site, camera_id, route_model=routes, switches=footage.switches, exact_ids=footage.exact_ids)
    seen = Seen(at_utc)
    moment: Tracks | None = None
    last: Tracks | None = None
    for last in footage.tracks(camera.analyze_fps):
        if last.utc > at_utc + after_s:
            break
        moment = last if last.utc <= at_utc + 1e-6 else moment
        seen.events += engine.update(last)
    if moment is None or last is None or last.utc < at_utc - 1.0 / camera.analyze_fps - 1e-6:
        reach = "" if last is None else f", which end at {utc_iso(last.utc)}"
        raise BadInput(f"--at {utc_iso(at_utc)}: not within the tracks{reach}")
    seen.misses = engine.near_misses(at_utc, at_utc)
    seen.events += engine.close(utc=last.utc, reason="looked at")
    seen.people = _people(site, camera_id, moment)
    names = sorted({name for rule in camera.rules for name in rule.calendar_names()})
    zones = sorted({zone for rule in camera.rules for zone in rule.zone_names()})
    seen.calendars = {
        name: SwitchedCalendar(
            calendar_of(site, name), footage.switches, camera_id=camera_id, zones=zones
        ).reason(at_utc)
        for name in names
    }  # fmt: skip
    return seen


def _answer(config: RuleConfig, seen: Seen) -> Answer:
    """Episodes that were under way at the moment: begun by then, and not ended before."""
    episodes: dict[str, list[Event]] = {}
    for event in seen.events:
        if event.rule_id == config.id:
            episodes.setdefault(event.key, []).append(event)
    around = [one for one in episodes.values() if one[0].since_utc <= seen.at_utc + 1e-6 and _end(one) >= seen.at_utc]
    return Answer(config, around, [miss for miss in seen.misses if miss.rule_id == config.id])


def _end(episode: list[Event]) -> float:
    """The last instant that an episode speaks of, to the frame."""
    return max(event.utc for event in episode) + 1e-6


def _people(site: Site, camera_id: str, tracks: Tracks) -> list[dict[str, Any]]:
    foot, camera = tracks.foot, site.cameras[camera_id]
    where = {name: inside(foot, camera.zones[name].polygon) for name in camera.zones}
    return [
        {
            "track_id": int(tracks.track_id[row]),
            "foot": [round(float(foot[row, 0]), 4), round(float(foot[row, 1]), 4)],
            "seen": bool(tracks.observed[row]),
            "zones": [name for name, mask in where.items() if mask[row]],
        }
        for row in range(len(tracks))
    ]


def _rules(site: Site, camera_id: str, rule_id: str | None) -> list[RuleConfig]:
    rules = list(site.cameras[camera_id].rules)
    if rule_id is None:
        return rules
    found = [rule for rule in rules if rule.id == rule_id]
    if not found:
        raise BadInput(f"--rule {rule_id}: camera {camera_id} has {', '.join(rule.id for rule in rules) or 'no rules'}")
    return found


# --- in words ---------------------------------------------------------------------------------------------------------


def _print(seen: Seen, answers: list[Answer], at_utc: float) -> None:
    print(f"at {utc_iso(at_utc)}: {len(seen.people)} in the picture")
    for person in seen.people:
        zones = ", ".join(person["zones"]) or "no zone"
        note = "" if person["seen"] else " (predicted, not seen)"
        print(f"  track {person['track_id']} at {person['foot'][0]:.3f}, {person['foot'][1]:.3f} in {zones}{note}")
    for name, reason in seen.calendars.items():
        print(f"  calendar {name}: {reason}")
    for answer in answers:
        print(f"rule {answer.rule.id} ({answer.rule.kind}): {answer.verdict}")
        for episode in answer.episodes:
            _print_episode(episode)
        for miss in answer.misses:
            span = f"{utc_iso(miss.since_utc)} - {utc_iso(miss.until_utc)}"
            tracks = f"tracks {', '.join(map(str, miss.track_ids))}: " if miss.track_ids else ""
            print(f"  no alert: {tracks}{miss.reason}  ({span})")
            _print_numbers(dict(miss.why))
        if answer.verdict == "nothing":
            print("  nothing was under way for it then")


def _print_episode(episode: list[Event]) -> None:
    for event in episode:
        tracks = ", ".join(map(str, event.track_ids))
        print(f"  {event.state}: {utc_iso(event.utc)} ({event.pts:.3f} s), tracks {tracks}, key {event.key}")
    _print_numbers(dict(episode[0].why))


def _print_numbers(why: dict[str, Any]) -> None:
    if why:
        print("    " + ", ".join(f"{name} {value}" for name, value in why.items()))

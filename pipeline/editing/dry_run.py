"""What a change would have raised: two sites over one camera's recorded tracks, in one pass.

    python -m pipeline.editing.dry_run < REQUEST > REPORT

It runs in a process of its own (`asking.ask`), so that an hour's replay costs no alert a millisecond.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.bootstrap import route_model
from pipeline.editing.asking import Request
from pipeline.editing.past import look_back
from pipeline.errors import BadInput, NightjarError
from pipeline.folders import DataFolder
from pipeline.inputs.switches import Switches
from pipeline.replay import LoggedTracks
from pipeline.rulebook import build_engine
from pipeline.site import Site, parse_site
from pipeline.site.rules import AfterHours, Loitering, RuleConfig
from pipeline.track.log import TrackLog
from pipeline.types import Event, Tracks
from rules.base import Rule
from rules.engine import Engine

EVERY_S, EMPTY_EVERY_S = 0.4, 1.0
"""Rules give the same alarms at 2 frames a second and more, within one frame; without anybody one a second ends what is
open."""
TRAIL_EVERY_S, TRAIL_POINTS = 0.5, 120
SHOWN = 200
"""Alarms that are told one by one; all are counted."""
STEPS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Thresholds of the slider, as multiples of the rule's own."""
SAME_EPISODE_S = 0.5


@dataclass(slots=True)
class Raised:
    """One alarm of a rule, with where those concerned had walked: `trail` [[x, y], ...] in [0, 1]."""

    rule_id: str
    zone_id: str | None
    utc: float
    since_utc: float
    score: float
    trail: list[tuple[float, float]]
    key: str


@dataclass(slots=True)
class RuleReport:
    """How often a rule alarmed: `now` as it runs, `then` as it would. `curve` [[threshold, alarms], ...] by `key`."""

    rule_id: str
    kind: str
    now: int = 0
    then: int = 0
    added: list[Raised] = field(default_factory=list)
    removed: list[Raised] = field(default_factory=list)
    curve_key: str | None = None
    curve: list[tuple[float, int]] = field(default_factory=list)


def answer(request: Request) -> dict[str, Any]:
    """What the process says: a report, or the camera's past.

    Raises:
        NightjarError: a site with faults.
    """
    data = DataFolder(Path(request.data))
    logged = LoggedTracks(
        request.camera_id, TrackLog(data.tracks(), request.camera_id), request.since_utc, request.until_utc
    )
    every_s = 1.0 if request.task == "past" else EVERY_S
    frames = logged.log.skim(request.since_utc, request.until_utc, every_s=every_s, empty_every_s=EMPTY_EVERY_S)
    if request.task == "past":
        return look_back(frames).value()
    current = parse_site(request.current, request.name)
    candidate = parse_site(request.candidate, request.name)
    if request.camera_id not in candidate.cameras:
        raise BadInput(f"camera {request.camera_id!r}: the site has {', '.join(candidate.cameras) or 'no cameras'}")
    return judge(current, candidate, request.camera_id, frames, data=data, switches=logged.switches)


def judge(
    current: Site, candidate: Site, camera_id: str, frames: Iterable[Tracks], *, data: DataFolder,
    switches: Switches | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Both sites' rules over the frames, those left out that are the same in both."""
    now, then = _differing(current, candidate, camera_id)
    model = route_model(data, camera_id)
    rules: list[Rule] = []
    for name, site, some in (("now", current, now), ("then", candidate, then), ("curve", candidate, _lowered(then))):
        named = [rule.model_copy(update={"id": f"{name}/{rule.id}"}) for rule in some]
        engine = build_engine(_with_rules(site, camera_id, named), camera_id, route_model=model, switches=switches)
        rules += engine.rules
    told: dict[str, list[Event]] = {"now": [], "then": [], "curve": []}
    trails = _Trails()
    span: list[float] = []
    drawn: dict[str, list[tuple[float, float]]] = {}
    engine = Engine(rules)  # all of them over one scene: who is where is worked out once
    judged, seen = itertools.tee(frames)
    last: Tracks | None = None
    for last, events in zip(seen, engine.update_all(judged), strict=True):
        span[:] = [span[0] if span else last.utc, last.utc]
        trails.take(last)
        for event in events:
            told[event.rule_id.partition("/")[0]].append(event)
            if event.state == "start":
                drawn.setdefault(event.key, trails.of(event))
    if last is not None:
        for event in engine.close(utc=last.utc, reason="the recording ended"):
            told[event.rule_id.partition("/")[0]].append(event)
    reports = [_report(rule, told, drawn) for rule in {rule.id: rule for rule in (*now, *then)}.values()]
    return {
        "camera_id": camera_id, "since_utc": span[0] if span else None, "until_utc": span[1] if span else None,
        "unchanged": [rule.id for rule in candidate.cameras[camera_id].rules if rule.id not in {r.id for r in then}],
        "rules": [asdict(report) for report in reports],
    }  # fmt: skip


class _Trails:
    """Where each track has been of late, a point every half second."""

    def __init__(self) -> None:
        self._points: dict[tuple[int, int], deque[tuple[float, float, float]]] = {}
        self._swept_utc = -math.inf

    def take(self, tracks: Tracks) -> None:
        if len(tracks):
            foot = tracks.foot
            for index, track_id in enumerate(tracks.track_id.tolist()):
                points = self._points.setdefault((tracks.run_id, track_id), deque(maxlen=TRAIL_POINTS))
                if not points or tracks.utc - points[-1][0] >= TRAIL_EVERY_S:
                    points.append((tracks.utc, round(float(foot[index, 0]), 4), round(float(foot[index, 1]), 4)))
        if tracks.utc - self._swept_utc > 600.0:
            self._swept_utc = tracks.utc
            self._points = {k: p for k, p in self._points.items() if tracks.utc - p[-1][0] < 600.0}

    def of(self, event: Event) -> list[tuple[float, float]]:
        return [(x, y) for track_id in event.track_ids for _, x, y in self._points.get((event.run_id, track_id), ())]


def _differing(current: Site, candidate: Site, camera_id: str) -> tuple[list[RuleConfig], list[RuleConfig]]:
    """Rules of the camera that are judged: as they run, and as they would. Equal ones, on equal zones, are left out."""
    before = {} if camera_id not in current.cameras else {rule.id: rule for rule in current.cameras[camera_id].rules}
    after = {rule.id: rule for rule in candidate.cameras[camera_id].rules}
    same = {
        rule_id
        for rule_id in before.keys() & after.keys()
        if _whole(current, camera_id, before[rule_id]) == _whole(candidate, camera_id, after[rule_id])
    }
    now = [rule for rule in before.values() if rule.id not in same]
    then = [rule for rule in after.values() if rule.id not in same]
    return now, then


def _whole(site: Site, camera_id: str, rule: RuleConfig) -> tuple[Any, ...]:
    """A rule with everything that it refers to."""
    camera = site.cameras[camera_id]
    zones = {name: camera.zones[name].polygon for name in rule.zone_names()}
    lines = {name: line.points for name, line in camera.lines.items() if getattr(rule, "line", None) == name}
    calendars = {name: site.calendars[name] for name in rule.calendar_names()}
    return rule, zones, lines, calendars, site.timezone


def _with_rules(site: Site, camera_id: str, rules: Sequence[RuleConfig]) -> Site:
    camera = site.cameras[camera_id].model_copy(update={"rules": tuple(rules)})
    return site.model_copy(update={"cameras": {**site.cameras, camera_id: camera}})


def _threshold(rule: RuleConfig) -> tuple[str, float] | None:
    """What the slider moves: key and value."""
    if isinstance(rule, Loitering) and rule.mode == "continuous" and rule.radius_bh is None:
        return "dwell_s", float(rule.dwell_s)
    if isinstance(rule, AfterHours):
        return "min_presence_s", float(rule.min_presence_s)
    return None


def _lowered(rules: Sequence[RuleConfig]) -> list[RuleConfig]:
    """The rules with their lowest threshold: stays that end tell which higher ones they would have crossed."""
    low: list[RuleConfig] = []
    for rule in rules:
        threshold = _threshold(rule)
        if threshold is not None and threshold[1] > 0:
            key, value = threshold
            update: dict[str, Any] = {key: max(0.5, value * STEPS[0])}
            if isinstance(rule, Loitering):
                update |= {"escalate_s": (), "closed_dwell_s": None}
            low.append(rule.model_copy(update=update))
    return low


def _report(
    rule: RuleConfig, told: Mapping[str, list[Event]], drawn: Mapping[str, list[tuple[float, float]]]
) -> RuleReport:
    now, then = (
        [event for event in told[name] if _id(event) == rule.id and event.state == "start"] for name in ("now", "then")
    )
    report = RuleReport(rule.id, rule.kind, len(now), len(then))
    left = list(now)
    for event in then:
        match = next((other for other in left if _alike(event, other)), None)
        if match is None:
            report.added.append(_raised(event, drawn))
        else:
            left.remove(match)
    report.removed = [_raised(event, drawn) for event in left[:SHOWN]]
    report.added = report.added[:SHOWN]
    threshold = _threshold(rule)
    if threshold is not None:
        key, value = threshold
        lasted = [
            _lasted(event)
            for event in told["curve"]
            if event.rule_id.partition("/")[2] == rule.id and event.state == "end"
        ]
        report.curve_key = key
        report.curve = [
            (round(value * step, 1), sum(one >= value * step - 1e-6 for one in lasted)) for step in STEPS if value > 0
        ]
    return report


def _id(event: Event) -> str:
    """The rule's own id, without which of the three it was judged as."""
    return event.rule_id.partition("/")[2]


def _lasted(event: Event) -> float:
    """Seconds that count of an episode that has ended."""
    for key in ("dwell_s", "presence_s", "present_s"):
        if isinstance(event.why.get(key), int | float):
            return float(event.why[key])
    return event.utc - event.since_utc


def _alike(a: Event, b: Event) -> bool:
    same_place = a.zone_id == b.zone_id
    return same_place and abs(a.since_utc - b.since_utc) <= SAME_EPISODE_S and bool({*a.track_ids} & {*b.track_ids})


def _raised(event: Event, drawn: Mapping[str, list[tuple[float, float]]]) -> Raised:
    return Raised(
        event.rule_id.partition("/")[2],
        event.zone_id,
        event.utc,
        event.since_utc,
        event.score,
        drawn.get(event.key, []),
        event.key,
    )


def main() -> int:
    """A request on standard input, its answer on standard output."""
    os.nice(10)
    try:
        said = answer(Request(**json.loads(sys.stdin.read())))
    except NightjarError as error:
        said = {"fault": str(error)}
    sys.stdout.write(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Ground truth and events as files, joined into clips by camera and wall time.

Truth is either a `CLIP.truth.json` of the sample videos, or JSON lines for anybody's footage: a line with `clip` begins
a clip, the lines after it are what is to be alarmed in it.

    {"clip": "one-by-one", "camera_id": "table", "duration_s": 139.4, "start": "2026-11-22T10:00:00Z"}
    {"t_s": 14.4, "rule_id": "stay", "until_s": 18.6}

`t_s` and `until_s` are seconds since the clip's first frame, the moments at which the alarm is due and at which its
cause has gone. `until_s`, `kind`, `rule_id` and `zone_id` may be left out; so may `start`, which is then 1970, as it is
for `analyze` without one. A clip without lines has nothing to alarm. Events are `events.jsonl` of `analyze`,
`replay` or both; only their starts are alarms.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import BadInput
from pipeline.evaluate.event_score import Alarm, Clip, Due

T = TypeVar("T")

EDGE_S = 1.0
"""An event may lie this far outside its clip's first and last frame: frame times are rounded."""
CLIP_ALLOWED = '{"clip": name, "camera_id": id, "duration_s": seconds above 0, "start": ISO 8601 with offset}'
DUE_ALLOWED = '{"t_s": seconds, ...}; until_s, kind, rule_id and zone_id may be given'
EVENT_ALLOWED = "a line of events.jsonl with camera_id, kind, rule_id, zone_id, state and utc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A clip as truth describes it, and where that stands."""

    clip: Clip
    camera_id: str
    start_utc: float
    where: str

    def holds(self, alarm: Alarm) -> bool:
        since_s = alarm.utc - self.start_utc
        return alarm.camera_id == self.camera_id and -EDGE_S <= since_s <= self.clip.duration_s + EDGE_S


def read_clips(truth: Sequence[Path], events: Sequence[Path], *, rules: Sequence[str] = ()) -> list[Clip]:
    """All clips of the truth files, with the alarms of the events files that lie in them; only of `rules`, if given.

    Raises:
        BadInput: a file cannot be read or says something else, clips of one camera overlap, or an event lies in none.
    """
    footage = [clip for path in truth for clip in read_truth(path)]
    _check_apart(footage)
    alarms: list[list[Alarm]] = [[] for _ in footage]
    for path in events:
        for where, alarm in read_alarms(path):
            alarms[_place(alarm, footage, where)].append(alarm)
    return [_only(replace(one.clip, alarms=tuple(own)), rules) for one, own in zip(footage, alarms, strict=True)]


def read_truth(path: Path) -> list[Footage]:
    """The clips of one truth file.

    Raises:
        BadInput: it cannot be read, or is of neither form.
    """
    text = _text(path)
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = None
    if isinstance(whole, dict) and "expected" in whole:
        return [_sample(whole, path)]
    return _from_lines(text, path)


def read_alarms(path: Path) -> Iterator[tuple[str, Alarm]]:
    """Where each alarm of an events file stands, and the alarm.

    Raises:
        BadInput: it cannot be read, or a line is no event.
    """
    for where, value in _objects(_text(path), path):
        try:
            alarm = Alarm(
                camera_id=str(value["camera_id"]), kind=str(value["kind"]), rule_id=str(value["rule_id"]),
                zone_id=value["zone_id"], utc=_utc(value["utc"]),
            )  # fmt: skip
            state = value["state"]
        except (KeyError, ValueError, TypeError) as error:
            raise BadInput(f"{where}: {error!r}; allowed: {EVENT_ALLOWED}") from None
        if state == "start":
            yield where, alarm


def _from_lines(text: str, path: Path) -> list[Footage]:
    found: list[Footage] = []
    for where, value in _objects(text, path):
        if "clip" in value:
            found.append(_checked(_clip_line, value, where, CLIP_ALLOWED))
        elif not found:
            raise BadInput(f"{where}: before any clip; allowed first: {CLIP_ALLOWED}")
        else:
            due = _checked(lambda v, _: _due_line(v, found[-1]), value, where, DUE_ALLOWED)
            clip = found[-1].clip
            found[-1] = replace(found[-1], clip=replace(clip, due=(*clip.due, due)))
    if not found:
        raise BadInput(f"{path}: no clip; allowed: {CLIP_ALLOWED}")
    return found


def _clip_line(value: Mapping[str, Any], where: str) -> Footage:
    duration_s = _seconds(value["duration_s"])
    if duration_s <= 0.0:
        raise ValueError(f"duration_s {duration_s:g}")
    clip = Clip(name=str(value["clip"]), duration_s=duration_s, due=(), alarms=())
    start_utc = _utc(value["start"]) if "start" in value else 0.0
    return Footage(clip=clip, camera_id=str(value["camera_id"]), start_utc=start_utc, where=where)


def _due_line(value: Mapping[str, Any], footage: Footage) -> Due:
    onset_s = _seconds(value["t_s"])
    end_s = None if value.get("until_s") is None else _seconds(value["until_s"])
    if not 0.0 <= onset_s <= footage.clip.duration_s or (end_s is not None and end_s < onset_s):
        raise ValueError(f"t_s {onset_s:g}, until_s {end_s}; the clip lasts {footage.clip.duration_s:g} s")
    return Due(
        camera_id=footage.camera_id, kind=value.get("kind"), rule_id=value.get("rule_id"), zone_id=value.get("zone_id"),
        onset_utc=footage.start_utc + onset_s, end_utc=None if end_s is None else footage.start_utc + end_s,
    )  # fmt: skip


def _sample(value: Mapping[str, Any], path: Path) -> Footage:
    """A `CLIP.truth.json`: an event goes on until its person has left the picture for good."""
    try:
        fps, start_utc = float(value["fps"]), _utc(value["start"])
        left_s = {
            person["id"]: (person["first_frame"] - 1 + len(person["foot_m"])) / fps
            for person in value["people"]
            if person["first_frame"] is not None
        }
        due = tuple(
            Due(
                camera_id=value["camera_id"], kind=event["kind"], rule_id=event["rule_id"], zone_id=event["zone_id"],
                onset_utc=_utc(event["utc"]), end_utc=start_utc + left_s[event["person"]],
            )
            for event in value["expected"]
        )  # fmt: skip
        clip = Clip(name=Path(value["clip"]).stem, duration_s=float(value["frames"]) / fps, due=due, alarms=())
        return Footage(clip=clip, camera_id=value["camera_id"], start_utc=start_utc, where=str(path))
    except (KeyError, ValueError, TypeError, ZeroDivisionError) as error:
        raise BadInput(f"{path}: not a truth file of the sample videos ({error!r})") from None


def _place(alarm: Alarm, footage: Sequence[Footage], where: str) -> int:
    for at, one in enumerate(footage):
        if one.holds(alarm):
            return at
    known = ", ".join(f"{one.clip.name} of camera {one.camera_id}" for one in footage)
    raise BadInput(
        f"{where}: camera {alarm.camera_id} at {alarm.utc:.1f} s since 1970 lies in no clip of --truth ({known}): "
        "give the truth of its clip, with the clip's start"
    )


def _check_apart(footage: Sequence[Footage]) -> None:
    order = sorted(footage, key=lambda one: (one.camera_id, one.start_utc))
    for one, following in itertools.pairwise(order):
        ends_utc = one.start_utc + one.clip.duration_s
        if one.camera_id == following.camera_id and following.start_utc < ends_utc:
            raise BadInput(f"{following.where}: overlaps {one.where} (camera {one.camera_id}): give each clip once")


def _only(clip: Clip, rules: Sequence[str]) -> Clip:
    if not rules:
        return clip
    due = tuple(one for one in clip.due if one.rule_id in rules)
    return replace(clip, due=due, alarms=tuple(one for one in clip.alarms if one.rule_id in rules))


def _checked(make: Callable[[Mapping[str, Any], str], T], value: Mapping[str, Any], where: str, allowed: str) -> T:
    try:
        return make(value, where)
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(f"{where}: {error!r}; allowed: {allowed}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as text ({error})") from None


def _objects(text: str, path: Path) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path}:{number}: not JSON ({error})") from None
        if not isinstance(value, dict):
            raise BadInput(f"{path}:{number}: allowed: one JSON object a line")
        yield f"{path}:{number}", value


def _seconds(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(f"{value!r} is no number of seconds")
    return number


def _utc(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset to UTC")
    return moment.timestamp()

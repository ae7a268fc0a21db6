"""Cross references of a site file, checked on the document itself, so that other faults do not hide these."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipeline.site.document import Node
from pipeline.site.faults import Fault, Path, choice, fault_at
from pipeline.site.fields import to_utc
from pipeline.site.sinks import sink_faults


def reference_faults(root: Node) -> Iterator[Fault]:
    """Names that nothing bears, and names that two things bear. Whatever has another shape is left to the models."""
    calendars = _mapping(root.value.get("calendars"))
    cameras = _mapping(root.value.get("cameras"))
    everywhere = sorted({zone for camera in cameras.values() for zone in _mapping(_mapping(camera).get("zones"))})
    for name, calendar in calendars.items():
        yield from _visits(root, ("calendars", name, "visits"), _mapping(calendar).get("visits"), everywhere)
    for camera_id, camera in cameras.items():
        yield from _camera(root, ("cameras", camera_id), _mapping(camera), list(calendars))
    yield from sink_faults(root)


def time_faults(root: Node, timezone: str) -> Iterator[Fault]:
    """Local times that the site's clocks skip, and overrides that end before they begin."""
    for camera_id, camera in _mapping(root.value.get("cameras")).items():
        yield from _skipped(root, ("cameras", camera_id, "start"), _mapping(camera).get("start"), timezone)
    for name, calendar in _mapping(root.value.get("calendars")).items():
        for number, one in enumerate(_sequence(_mapping(calendar).get("overrides"))):
            path: Path = ("calendars", name, "overrides", number)
            faults = [*_skipped(root, (*path, "from"), one["from"], timezone)]
            faults += _skipped(root, (*path, "until"), one["until"], timezone)
            yield from faults
            if not faults and _utc(one["from"], timezone) >= _utc(one["until"], timezone):
                yield fault_at(root, (*path, "until"), "allowed: a time after from")


def _visits(root: Node, path: Path, visits: Any, zones: list[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, visit in enumerate(_sequence(visits)):
        visit = _mapping(visit)
        if visit.get("name") in seen:
            yield fault_at(root, (*path, number, "name"), "allowed: each visit's name once in a calendar")
        seen.add(visit.get("name", number))
        for at, zone in enumerate(_sequence(visit.get("zones"))):
            if zone not in zones:
                yield fault_at(root, (*path, number, "zones", at), choice(zones, what="zone", got=str(zone)))


def _camera(root: Node, path: Path, camera: dict[str, Any], calendars: list[str]) -> Iterator[Fault]:
    zones, lines = list(_mapping(camera.get("zones"))), list(_mapping(camera.get("lines")))
    seen: dict[Any, int] = {}
    for number, rule in enumerate(_sequence(camera.get("rules"))):
        here, rule = (*path, "rules", number), _mapping(rule)
        if rule.get("id") in seen and rule["id"] is not None:
            first = f"rules[{seen[rule['id']]}] has it"
            yield fault_at(root, (*here, "id"), f"allowed: each rule id once in a camera ({first})")
        seen.setdefault(rule.get("id"), number)
        named = {"zone": (zones, "zone"), "line": (lines, "line"), "calendar": (calendars, "calendar")}
        for key, (known, what) in named.items():
            if isinstance(rule.get(key), str) and rule[key] not in known:
                yield fault_at(root, (*here, key), choice(known, what=what, got=rule[key]))
        active = _mapping(rule.get("active")).get("calendar")
        if isinstance(active, str) and active not in calendars:
            yield fault_at(root, (*here, "active", "calendar"), choice(calendars, what="calendar", got=active))
        for place, zone in _route_zones(rule):
            if isinstance(zone, str) and zone not in zones:
                yield fault_at(root, (*here, *place), choice(zones, what="zone", got=zone))


def _route_zones(rule: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    for at, zone in enumerate(_sequence(rule.get("sequence"))):
        yield ("sequence", at), zone
    for at, pair in enumerate(_sequence(rule.get("forbidden"))):
        for end, zone in enumerate(_sequence(pair)):
            yield ("forbidden", at, end), zone


def _skipped(root: Node, path: Path, value: Any, timezone: str) -> Iterator[Fault]:
    try:
        if value is not None:
            _utc(value, timezone)
    except ValueError as error:
        yield fault_at(root, path, f"allowed: {error}")


def _utc(value: Any, timezone: str) -> float:
    return to_utc(datetime.fromisoformat(value), timezone)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else ()

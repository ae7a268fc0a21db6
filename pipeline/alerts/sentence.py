"""The reason of an alert as a sentence, from the numbers in its `why`. Pure text; units come from the names.

A rule may put a ready `sentence` into its `why`; otherwise one is made from the keys it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Why = Mapping[str, Any]


def sentence(*, kind: str, subject: str, zone_id: str | None, camera_id: str, why: Why) -> str:
    """One line for operators, without a full stop at its end; unknown kinds give their name and numbers."""
    ready = why.get("sentence")
    if isinstance(ready, str) and ready:
        return ready
    who = "Movement" if subject == "movement" else "Person"
    where = f" in {zone_id}" if zone_id else f" on camera {camera_id}"
    make = _KINDS.get(kind)
    return make(who, where, why) if make is not None else _other(kind, where, why)


def _loitering(who: str, where: str, why: Why) -> str:
    return _join(f"{who} stayed{where}{_for(why, 'dwell_s')}", _limit(why, "threshold_s"), *_rest(why))


def _after_hours(who: str, where: str, why: Why) -> str:
    people = why.get("people")
    several = f"{people} people" if isinstance(people, int) and people > 1 else who
    return _join(f"{several}{where} outside opening hours{_for(why, 'presence_s')}", *_rest(why))


def _route(who: str, where: str, why: Why) -> str:
    off_s = _number(why, "off_s")
    if off_s is not None:
        return _join(f"{who} was off the corridor for {off_s:.0f} s", _limit(why, "threshold_s"), *_rest(why))
    return _join(f"{who} took an unusual route{where}", *_rest(why))


def _crossing(who: str, where: str, why: Why) -> str:
    direction = why.get("direction")
    line = where.replace(" in ", " ", 1)
    return _join(f"{who} crossed{line}{f' to the {direction}' if direction else ''}", *_rest(why))


def _occupancy(who: str, where: str, why: Why) -> str:
    limits = [f"{name} {why[name]}" for name in ("over", "under") if isinstance(why.get(name), int)]
    people = why.get("people")
    count = f"{people} people" if isinstance(people, int) else "Number of people"
    return _join(f"{count}{where}{_for(why, 'held_s')}", *(f"limit: {limit}" for limit in limits), *_rest(why))


def _other(kind: str, where: str, why: Why) -> str:
    numbers = [f"{key.replace('_', ' ')} {value}" for key, value in why.items() if isinstance(value, str | int | float)]
    return _join(kind.replace("_", " ").capitalize() + where, *numbers[:4])


_KINDS: Mapping[str, Callable[[str, str, Why], str]] = {
    "loitering": _loitering,
    "after_hours": _after_hours,
    "unusual_route": _route,
    "line_crossing": _crossing,
    "occupancy": _occupancy,
}


def _rest(why: Why) -> list[str]:
    """What may follow for any rule: time hidden, the calendar's reason, the rule's own words."""
    hidden_s = _number(why, "bridged_s")
    parts = [f"hidden for {hidden_s:.0f} s of it"] if hidden_s is not None and hidden_s >= 0.5 else []
    parts += [str(why[name]) for name in ("calendar", "reason") if isinstance(why.get(name), str)]
    return parts


def _for(why: Why, *names: str) -> str:
    value = _number(why, *names)
    return "" if value is None else f" for {value:.0f} s"


def _limit(why: Why, *names: str) -> str:
    value = _number(why, *names)
    return "" if value is None else f"limit {value:.0f} s"


def _number(why: Why, *names: str) -> float | None:
    for name in names:
        value = why.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)

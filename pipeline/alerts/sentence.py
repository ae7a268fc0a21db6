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
    return _join(f"{who} stayed{where}{_for(why, 'dwell_s')}", _limit(why, "threshold_s", "limit_s"), *_gaps(why))


def _after_hours(who: str, where: str, why: Why) -> str:
    return _join(f"{who}{where} outside opening hours", *_gaps(why))


def _route(who: str, where: str, why: Why) -> str:
    return _join(f"{who} took an unusual route{where}", *_gaps(why))


def _crossing(who: str, where: str, why: Why) -> str:
    direction = why.get("direction")
    return _join(
        f"{who} crossed{where.replace(' in ', ' ', 1)}", f"to the {direction}" if direction else "", *_gaps(why)
    )


def _occupancy(who: str, where: str, why: Why) -> str:
    count = why.get("count", why.get("people"))
    return _join(f"{count} people{where}" if isinstance(count, int) else f"Number of people{where}", *_gaps(why))


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


def _gaps(why: Why) -> list[str]:
    parts = []
    hidden = _number(why, "bridged_s", "hidden_s")
    if hidden:
        parts.append(f"hidden for {hidden:.0f} s of it")
    reason = why.get("reason")
    if isinstance(reason, str) and reason:
        parts.append(reason)
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

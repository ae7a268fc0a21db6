"""How reports say times and spans: in the site's time zone, 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def moment(utc: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(utc, UTC).astimezone(zone):%a %d %b %Y %H:%M:%S}"


def clock(utc: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(utc, UTC).astimezone(zone):%H:%M}"


def span(seconds: float | None) -> str:
    """`-` where there is none."""
    if seconds is None:
        return "-"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"

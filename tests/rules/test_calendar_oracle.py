"""Every minute of 2024 to 2030 in twelve zones, against an oracle that shares no code and no idea with the calendar.

The oracle paints opening hours on a strip of local wall minutes, one cell each, and looks every instant's wall minute
up on it. Wall minutes come from datetime at every fifteenth minute: no zone here changes its clocks in between, which
`test_no_clock_changes_between_quarters` checks at every change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from rules.calendar import Calendar, DayHours, ExceptionDay
from rules.hours import DAYS, parse_days, parse_span

ZONES = (
    "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "Asia/Tehran",
    "Asia/Kathmandu", "Pacific/Chatham", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Honolulu", "UTC",
)  # fmt: skip

FIRST = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())
MINUTES = (LAST - FIRST) // 60

WEEK = {
    "mon-thu": ["06:00-22:00"],
    "fri": ["05:17-12:00", "12:45-24:00"],
    "sat": ["21:30-02:45", "00:00-01:30"],
    "sun": ["01:15-02:10", "22:00-06:00"],
}
EXCEPTIONS = {
    "2024-03-31": ["00:30-02:30"],
    "2026-11-27": ["06:00-24:00"],
    "2028-02-29": [],
    "2030-12-31": ["22:00-05:00"],
}


def holidays(year: int) -> Mapping[date, str]:
    """Fixed days and one that moves with the year, as Easter does."""
    moving = date(year, 3, 25) + timedelta(days=(year * 7) % 31)
    return {date(year, 1, 1): "New Year", date(year, 12, 25): "Christmas", moving: "Moving"}


def calendar(zone: str) -> Calendar:
    weekly = {
        day: DayHours(tuple(map(parse_span, spans)), f"{line} {spans}")
        for line, spans in WEEK.items()
        for day in parse_days(line)
    }
    exceptions = [ExceptionDay(date.fromisoformat(d), tuple(map(parse_span, s))) for d, s in EXCEPTIONS.items()]
    return Calendar(name="o", timezone=zone, weekly=weekly, holidays=holidays, exceptions=exceptions)


def strip() -> tuple[int, NDArray[np.bool_]]:
    """First wall minute since the epoch, and for each wall minute whether a site is open then."""
    first = date(2023, 12, 28)
    origin = (first - date(1970, 1, 1)).days * 1440
    cells = np.zeros(2566 * 1440, np.bool_)
    for offset in range(2564):
        day = first + timedelta(days=offset)
        for text in _hours_of(day):
            begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
            end = end if end > begin else end + 1440
            cells[offset * 1440 + begin : offset * 1440 + end] = True
    return origin, cells


def _hours_of(day: date) -> list[str]:
    if day.isoformat() in EXCEPTIONS:
        return EXCEPTIONS[day.isoformat()]
    easter = date(day.year, 3, 25) + timedelta(days=(day.year * 7) % 31)
    if (day.month, day.day) in ((1, 1), (12, 25)) or day == easter:
        return []
    name = DAYS[day.weekday()]
    return WEEK.get(name, WEEK["mon-thu"])


def wall_minutes(zone: str) -> NDArray[np.int64]:
    """Local wall minute since the epoch for every minute from FIRST to LAST."""
    tz = ZoneInfo(zone)
    quarters = range(FIRST, LAST, 900)
    naive = (datetime.fromtimestamp(t, tz).replace(tzinfo=UTC).timestamp() for t in quarters)
    at_quarter = (np.fromiter(naive, np.float64, len(quarters)) // 60).astype(np.int64)
    minutes: NDArray[np.int64] = (at_quarter[:, None] + np.arange(15)[None]).ravel()
    return minutes


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_agrees_with_the_oracle(zone: str) -> None:
    origin, cells = strip()
    expected = cells[wall_minutes(zone) - origin]
    found = np.ones(MINUTES, np.bool_)
    for one in calendar(zone).closed_intervals(FIRST, LAST):
        assert one.from_utc % 60 == 0
        assert one.to_utc % 60 == 0
        found[int(one.from_utc - FIRST) // 60 : int(one.to_utc - FIRST) // 60] = False
    assert np.count_nonzero(found != expected) == 0
    assert 0.3 < np.mean(expected) < 0.7


@pytest.mark.parametrize("zone", ZONES)
def test_single_instants_agree_with_the_oracle(zone: str) -> None:
    """`is_open` around every change of 2026 and at random instants of all years."""
    origin, cells = strip()
    one, tz = calendar(zone), ZoneInfo(zone)
    year = [datetime(y, 1, 1, tzinfo=UTC).timestamp() for y in (2026, 2027)]
    edges = [t for t, _ in one.transitions(year[0], year[1])]
    random = np.random.default_rng(7).uniform(FIRST, LAST, 3000)
    for t in [*(edge + step for edge in edges for step in (-60.0, -0.25, 0.0, 0.25, 60.0)), *random.tolist()]:
        wall = datetime.fromtimestamp(t, tz).replace(tzinfo=UTC).timestamp()
        assert one.is_open(t) == cells[int(wall // 60) - origin], datetime.fromtimestamp(t, tz)


@pytest.mark.parametrize("zone", ZONES)
def test_no_clock_changes_between_quarters(zone: str) -> None:
    tz = ZoneInfo(zone)
    hours = range(FIRST, LAST + 1, 3600)
    offsets = np.fromiter((datetime.fromtimestamp(t, tz).utcoffset().total_seconds() for t in hours), float, len(hours))
    for at in np.flatnonzero(np.diff(offsets)):
        second = [datetime.fromtimestamp(t, tz).utcoffset() for t in range(hours[at], hours[at] + 3601)]
        changes = [n for n in range(3600) if second[n] != second[n + 1]]
        assert [(hours[at] + n + 1) % 900 for n in changes] == [0]

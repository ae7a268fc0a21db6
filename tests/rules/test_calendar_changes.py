"""Any hours, holidays, exceptions and overrides on the days around a time change, minute by minute, in twelve zones.

The oracle asks `datetime` for the wall time of each minute and reads the hours of its day and of the day before; it
shares no code with the calendar, which cuts time at the instants where something may change.
"""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar, DayHours, ExceptionDay, Override, Visit
from rules.hours import Span
from tests.rules.test_calendar_oracle import FIRST, LAST, ZONES

MINUTE, DAY = 60, 86_400

spans = st.lists(
    st.builds(lambda start, length: Span(start, start + length), st.integers(0, 1439), st.integers(1, 1440)), max_size=3
).map(tuple)
spans_at_night = st.builds(
    lambda start, length: (Span(start, start + length),), st.integers(0, 200), st.integers(1, 90)
)


@functools.cache
def changes(zone: str) -> tuple[int, ...]:
    """Instants, to the hour, before which clocks change; the first of January where they never do."""
    offsets = {at: datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset() for at in range(FIRST, LAST, 6 * 3600)}
    found = [at for at in list(offsets)[1:] if offsets[at] != offsets[at - 6 * 3600]]
    return tuple(found) or (FIRST + 366 * DAY,)


def expected(calendar: Calendar, utc: int) -> bool:
    for one in reversed(calendar.overrides):
        if one.from_utc <= utc < one.until_utc:
            return one.kind != "armed"
    wall = datetime.fromtimestamp(utc, ZoneInfo(calendar.timezone))
    at = wall.hour * 60 + wall.minute
    return in_hours(calendar, wall.date(), at) or in_hours(calendar, wall.date() - timedelta(days=1), at + 1440)


def in_hours(calendar: Calendar, day: date, at: int) -> bool:
    dated = [one.spans for one in calendar.exceptions if one.day == day]
    if not dated and (day in calendar.extra or day in calendar.holidays(day.year)):
        return False
    weekly = calendar.weekly.get(day.weekday())
    hours = dated[-1] if dated else weekly.spans if weekly else ()
    return any(span.start <= at < span.end for span in hours)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, int]:
    """A calendar and a time change of its zone, about which its dated parts lie."""
    zone = draw(st.sampled_from(ZONES))
    about = draw(st.sampled_from(changes(zone)))
    today = datetime.fromtimestamp(about, UTC).date()
    near = st.integers(-2, 2).map(lambda days: today + timedelta(days=days))
    hours = spans | spans_at_night
    weekly = {day: DayHours(draw(hours), f"day {day}") for day in draw(st.sets(st.integers(0, 6)))}
    holiday = draw(near)
    minutes = st.integers(-2 * 1440, 2 * 1440)
    overrides = [
        Override(kind, about + MINUTE * start, about + MINUTE * (start + length))
        for kind, start, length in draw(
            st.lists(
                st.tuples(st.sampled_from(("armed", "late_working")), minutes, st.integers(1, 900)), max_size=2
            )
        )
    ]  # fmt: skip
    calendar = Calendar(
        name="c", timezone=zone, weekly=weekly, overrides=overrides,
        holidays=lambda year: {holiday: "moving"} if holiday.year == year else {},
        extra={draw(near): "own"} if draw(st.booleans()) else {},
        exceptions=[ExceptionDay(draw(near), draw(hours))] if draw(st.booleans()) else [],
    )  # fmt: skip
    return calendar, about


@settings(max_examples=40, deadline=None)
@given(calendars())
def test_every_minute_about_a_time_change(drawn: tuple[Calendar, int]) -> None:
    calendar, about = drawn
    about -= about % MINUTE
    minutes = range(about - 2 * DAY, about + 2 * DAY, MINUTE)
    wanted = [expected(calendar, at) for at in minutes]
    assert [calendar.is_open(at) for at in minutes] == wanted
    assert [calendar.is_open(at + 59.9) for at in minutes] == wanted
    runs = [(list(run), is_open) for is_open, run in groupby(minutes, key=calendar.is_open)]
    closed = [(one.from_utc, one.to_utc) for one in calendar.closed_intervals(minutes[0], minutes[-1] + MINUTE)]
    assert closed == [(run[0], run[-1] + MINUTE) for run, is_open in runs if not is_open]
    opened = [(run[0], is_open) for run, is_open in runs[1:]]
    assert calendar.transitions(minutes[0], minutes[-1] + MINUTE) == opened


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(ZONES), st.data())
def test_visits_about_a_time_change(zone: str, data: st.DataObject) -> None:
    about = data.draw(st.sampled_from(changes(zone)))
    visit = Visit("v", tuple(data.draw(st.sets(st.integers(0, 6), min_size=1))), data.draw(spans | spans_at_night))
    calendar = Calendar(name="c", timezone=zone, visits=(visit,))
    for at in range(about - DAY, about + DAY, 5 * MINUTE):
        wall = datetime.fromtimestamp(at, ZoneInfo(zone))
        minute, weekday = wall.hour * 60 + wall.minute, wall.weekday()
        due = any(
            day in visit.days and any(span.start <= minute + late < span.end for span in visit.spans)
            for day, late in ((weekday, 0), ((weekday - 1) % 7, 1440))
        )
        assert (calendar.visits_at(at, "bay") == (visit,)) is due

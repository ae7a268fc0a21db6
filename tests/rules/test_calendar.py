"""Calendars: precedence of holidays, exceptions and overrides, reasons, visits, intervals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar, DayHours, ExceptionDay, Override, Visit
from rules.hours import Span, parse_span

ZONE = "Europe/Brussels"


def at(text: str) -> float:
    """Local time of 2026 in winter (+01:00), as UTC seconds: `11-27 06:00`."""
    return datetime.fromisoformat(f"2026-{text}+01:00").timestamp()


def week(**more: object) -> Calendar:
    weekday = DayHours((parse_span("06:00-22:00"),), "mon-fri 06:00-22:00")
    saturday = DayHours((parse_span("08:00-12:00"), parse_span("13:00-14:00")), "sat 08:00-12:00, 13:00-14:00")
    night = DayHours((parse_span("20:00-04:00"),), "sun 20:00-04:00")
    weekly = {0: weekday, 1: weekday, 2: weekday, 3: weekday, 4: weekday, 5: saturday, 6: night}
    return Calendar(**{"name": "w", "timezone": ZONE, "weekly": weekly, **more})  # type: ignore[arg-type]


def christmas(year: int) -> Mapping[date, str]:
    return {date(year, 12, 25): "Christmas Day"}


@pytest.mark.parametrize(
    ("when", "is_open", "why"),
    [
        ("11-27 05:59:59", False, "closed until 06:00 (mon-fri 06:00-22:00)"),
        ("11-27 06:00", True, "open: mon-fri 06:00-22:00"),
        ("11-27 21:59:59", True, "open: mon-fri 06:00-22:00"),
        ("11-27 22:00", False, "closed since 22:00 (mon-fri 06:00-22:00)"),
        ("11-28 12:00", False, "closed 12:00-13:00 (sat 08:00-12:00, 13:00-14:00)"),
        ("11-28 14:00", False, "closed since 14:00 (sat 08:00-12:00, 13:00-14:00)"),
        ("11-29 20:00", True, "open: sun 20:00-04:00"),
        ("11-30 03:59:59", True, "open: sun 20:00-04:00, since sun"),
        ("11-30 04:00", False, "closed until 06:00 (mon-fri 06:00-22:00)"),
    ],
)
def test_weekly_hours_and_their_reason(when: str, is_open: bool, why: str) -> None:
    calendar = week()
    assert (calendar.is_open(at(when)), calendar.reason(at(when))) == (is_open, why)


def test_a_day_without_hours_says_so() -> None:
    calendar = Calendar(name="never", timezone=ZONE)
    assert calendar.reason(at("11-29 12:00")) == "closed: no hours on sun"
    assert calendar.transitions(at("11-01 00:00"), at("12-01 00:00")) == []


@pytest.mark.parametrize(
    ("when", "is_open", "why"),
    [
        ("12-25 12:00", False, "closed: holiday 2026-12-25 Christmas Day"),
        ("12-24 12:00", False, "closed: holiday 2026-12-24 ours"),
        ("11-27 23:59", True, "open: exception 2026-11-27 stock count: 06:00-24:00"),
        ("11-26 12:00", False, "closed: exception 2026-11-26: no hours"),
        ("12-28 03:00", True, "open: sun 20:00-04:00, since sun"),
    ],
)
def test_holidays_and_exceptions(when: str, is_open: bool, why: str) -> None:
    exceptions = [
        ExceptionDay(date(2026, 11, 27), (parse_span("06:00-24:00"),), "stock count"),
        ExceptionDay(date(2026, 11, 26)),
    ]
    calendar = week(holidays=christmas, extra={date(2026, 12, 24): "ours"}, exceptions=exceptions)
    assert (calendar.is_open(at(when)), calendar.reason(at(when))) == (is_open, why)


def test_an_exception_opens_a_holiday() -> None:
    calendar = week(holidays=christmas, exceptions=[ExceptionDay(date(2026, 12, 25), (parse_span("10:00-12:00"),))])
    assert calendar.is_open(at("12-25 11:00"))
    assert not calendar.is_open(at("12-25 12:00"))


def test_a_holiday_takes_its_own_night_and_leaves_that_of_the_day_before() -> None:
    """Sunday's 20:00-04:00 belongs to Sunday: a holiday on Monday leaves it, a holiday on Sunday takes it whole."""
    monday = week(extra={date(2026, 11, 30): "x"})
    assert monday.is_open(at("11-30 03:00"))
    assert not monday.is_open(at("11-30 07:00"))
    sunday = week(extra={date(2026, 11, 29): "x"})
    assert not sunday.is_open(at("11-30 03:00"))
    assert sunday.is_open(at("11-30 07:00"))


def test_holidays_are_asked_year_by_year_and_once() -> None:
    asked: list[int] = []

    def holidays(year: int) -> Mapping[date, str]:
        asked.append(year)
        return christmas(year)

    calendar = week(holidays=holidays)
    for year in (2026, 2027, 2028, 2027):
        calendar.is_open(datetime(year, 12, 25, 12, tzinfo=UTC).timestamp())
    assert not calendar.is_open(datetime(2028, 12, 25, 12, tzinfo=UTC).timestamp())
    assert sorted(asked) == [2026, 2027, 2028]


@pytest.mark.parametrize(
    ("kind", "when", "is_open"),
    [
        ("late_working", "11-27 22:30", True),
        ("late_working", "11-27 23:00", False),
        ("early_opening", "11-27 22:30", True),
        ("on_test", "11-27 22:30", True),
        ("armed", "11-27 22:30", False),
        ("armed", "11-27 21:45", False),
        ("armed", "11-27 21:29:59.5", True),
    ],
)
def test_overrides_hold_until_their_end(kind: str, when: str, is_open: bool) -> None:
    override = Override(kind, at("11-27 21:30"), at("11-27 23:00"), "count")  # type: ignore[arg-type]
    calendar = week(overrides=[override])
    assert calendar.is_open(at(when)) == is_open
    inside = at("11-27 21:30") <= at(when) < at("11-27 23:00")
    assert calendar.reason(at(when)).endswith("until 2026-11-27 23:00: count") == inside


def test_the_last_of_overlapping_overrides_wins() -> None:
    late = Override("late_working", at("11-27 21:00"), at("11-27 23:00"))
    armed = Override("armed", at("11-27 22:00"), at("11-28 01:00"))
    assert not week(overrides=[late, armed]).is_open(at("11-27 22:30"))
    assert week(overrides=[armed, late]).is_open(at("11-27 22:30"))
    assert week(overrides=[late, armed]).reason(at("11-27 22:30")) == "armed until 2026-11-28 01:00"


def test_an_override_has_an_end_after_its_start() -> None:
    with pytest.raises(ValueError, match="ends after"):
        Override("armed", 5.0, 5.0)


@pytest.mark.parametrize(
    ("when", "zone", "names"),
    [
        ("11-24 22:00", "bay", ["cleaners", "guards"]),
        ("11-24 21:59:59", "bay", ["guards"]),
        ("11-24 23:30", "bay", ["guards"]),
        ("11-24 22:00", "yard", ["guards"]),
        ("11-24 22:00", None, ["guards"]),
        ("11-25 01:59", "bay", ["guards"]),
        ("11-25 02:00", "bay", []),
        ("11-23 22:00", "bay", []),
    ],
)
def test_visits_have_days_hours_and_zones(when: str, zone: str | None, names: list[str]) -> None:
    cleaners = Visit("cleaners", (1,), (parse_span("22:00-23:30"),), ("bay",), 3)
    guards = Visit("guards", (1,), (parse_span("18:00-02:00"),))
    found = week(visits=[cleaners, guards]).visits_at(at(when), zone)
    assert [visit.name for visit in found] == names


def test_a_visit_is_of_somebody() -> None:
    with pytest.raises(ValueError, match="max_people"):
        Visit("ghosts", (1,), (parse_span("22:00-23:30"),), (), 0)


def test_closed_intervals_are_merged_clipped_and_say_each_reason_once() -> None:
    found = week().closed_intervals(at("11-27 21:00"), at("11-28 13:30"))
    local = [(datetime.fromtimestamp(s.from_utc, UTC).hour, datetime.fromtimestamp(s.to_utc, UTC).hour) for s in found]
    assert local == [(21, 7), (11, 12)]
    assert found[0].why == (
        "closed since 22:00 (mon-fri 06:00-22:00); closed until 08:00 (sat 08:00-12:00, 13:00-14:00)"
    )


def test_an_empty_time_has_no_intervals() -> None:
    assert week().closed_intervals(100.0, 100.0) == []
    assert week().closed_intervals(100.0, 50.0) == []


def test_transitions_are_the_instants_of_change() -> None:
    found = week().transitions(at("11-27 00:00"), at("11-28 12:30"))
    expected = [("11-27 06:00", True), ("11-27 22:00", False), ("11-28 08:00", True), ("11-28 12:00", False)]
    assert found == [(at(when), state) for when, state in expected]


def test_an_unknown_time_zone_is_an_error() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        Calendar(name="w", timezone="Europe/Atlantis")


def test_years_of_days_are_asked_without_growing() -> None:
    calendar = week()
    opened = sum(calendar.is_open(at("01-01 08:00") + 86_400.0 * day) for day in range(1200))
    assert opened == sum((at("01-01 08:00") // 86400 + day + 3) % 7 < 6 for day in range(1200))
    assert len(calendar._blocks) <= 512


spans = st.builds(
    lambda start, length: Span(start, start + length), st.integers(0, 1439), st.integers(1, 1440)
)  # fmt: skip
hours = st.lists(spans, max_size=3).map(lambda some: DayHours(tuple(some), "line"))
zones = st.sampled_from(
    ["Europe/London", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Chatham", "Africa/Casablanca"]
)
starts = st.integers(1_704_067_200, 1_924_992_000)  # 2024 to 2030


@settings(max_examples=60, deadline=None)
@given(
    zone=zones,
    weekly=st.dictionaries(st.integers(0, 6), hours),
    start=starts,
    length=st.integers(1, 20 * 86_400),
    probes=st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=40),
    override=st.tuples(st.integers(0, 86_400), st.integers(1, 86_400), st.sampled_from(["armed", "late_working"])),
)
def test_an_instant_lies_in_a_closed_interval_iff_it_is_not_open(
    zone: str, weekly: dict, start: int, length: int, probes: list[float], override: tuple
) -> None:
    one = Override(override[2], start + override[0], start + override[0] + override[1])
    calendar = Calendar(name="h", timezone=zone, weekly=weekly, overrides=[one])
    closed = calendar.closed_intervals(start, start + length)
    assert all(a.to_utc < b.from_utc for a, b in pairwise(closed))
    assert all(start <= a.from_utc < a.to_utc <= start + length for a in closed)
    edges = [edge for a in closed for edge in (a.from_utc, a.to_utc, a.from_utc - 0.001, a.to_utc - 0.001)]
    for t in [*edges, *(start + probe * length for probe in probes)]:
        if start <= t < start + length:
            assert any(a.from_utc <= t < a.to_utc for a in closed) == (not calendar.is_open(t))

"""Clock changes by name: what each does to a span that lies across it, in real hours and UTC instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.calendar import Calendar, DayHours, Segment
from rules.hours import parse_span

# word: (zone, first day, days, the only day with hours, its hours, open intervals in UTC)
EDGES = {
    "spring shortens a span": ("Europe/London", "2026-03-28", 3, "2026-03-29", "00:00-03:00", ["29T00:00/29T02:00"]),
    "autumn lengthens a span": ("Europe/London", "2026-10-24", 3, "2026-10-25", "00:00-03:00", ["24T23:00/25T03:00"]),
    "spring night of 7 hours": ("Europe/London", "2026-03-28", 3, "2026-03-28", "22:00-06:00", ["28T22:00/29T05:00"]),
    "autumn night of 9 hours": ("Europe/London", "2026-10-24", 3, "2026-10-24", "22:00-06:00", ["24T21:00/25T06:00"]),
    "a start that is skipped": ("Europe/London", "2026-03-28", 3, "2026-03-29", "01:30-03:00", ["29T01:00/29T02:00"]),
    "an end that is skipped": ("Europe/London", "2026-03-28", 3, "2026-03-29", "00:00-01:30", ["29T00:00/29T01:00"]),
    "wholly skipped": ("Europe/London", "2026-03-28", 3, "2026-03-29", "01:10-01:50", []),
    "wholly repeated": (
        "Europe/London", "2026-10-24", 3, "2026-10-25", "01:10-01:50", ["25T00:10/25T00:50", "25T01:10/25T01:50"],
    ),
    "a start that is repeated": (
        "Europe/London", "2026-10-24", 3, "2026-10-25", "01:30-03:00", ["25T00:30/25T01:00", "25T01:30/25T03:00"],
    ),
    "an end that is repeated": (
        "Europe/London", "2026-10-24", 3, "2026-10-25", "00:30-01:30", ["24T23:30/25T00:30", "25T01:00/25T01:30"],
    ),
    "half an hour forward": (
        "Australia/Lord_Howe", "2026-10-03", 3, "2026-10-04", "02:00-03:00", ["03T15:30/03T16:00"],
    ),
    "half an hour back": ("Australia/Lord_Howe", "2026-04-04", 3, "2026-04-05", "01:00-02:00", ["04T14:00/04T15:30"]),
    "midnight is skipped": ("Africa/Cairo", "2026-04-23", 3, "2026-04-24", "00:00-02:00", ["23T22:00/23T23:00"]),
    "the last hour of a day is repeated": (
        "Africa/Cairo", "2026-10-28", 3, "2026-10-29", "23:00-24:00", ["29T20:00/29T22:00"],
    ),
    "over a midnight that is skipped": (
        "America/Sao_Paulo", "2018-11-02", 4, "2018-11-03", "22:00-02:00", ["04T01:00/04T04:00"],
    ),
    "a date that never was": ("Pacific/Apia", "2011-12-29", 4, "2011-12-30", "00:00-24:00", []),
    "into a date that never was": ("Pacific/Apia", "2011-12-28", 5, "2011-12-29", "22:00-06:00", ["30T08:00/30T10:00"]),
    "back for Ramadan": ("Africa/Casablanca", "2026-02-14", 3, "2026-02-15", "01:00-04:00", ["15T00:00/15T04:00"]),
    "forward after Ramadan": ("Africa/Casablanca", "2026-03-21", 3, "2026-03-22", "01:00-04:00", ["22T01:00/22T03:00"]),
    "a quarter past, forward": ("Pacific/Chatham", "2026-09-26", 3, "2026-09-27", "02:00-04:00", ["26T13:15/26T14:15"]),
    "no summer time since 2022": ("Asia/Tehran", "2024-03-20", 3, "2024-03-21", "00:00-02:00", ["20T20:30/20T22:30"]),
}  # fmt: skip


@pytest.mark.parametrize("word", EDGES)
def test_clock_changes(word: str) -> None:
    zone, first, days, on, hours, expected = EDGES[word]
    day = date.fromisoformat(on)
    calendar = Calendar(name="edge", timezone=zone, weekly={day.weekday(): DayHours((parse_span(hours),), hours)})
    start = calendar.start_of(date.fromisoformat(first))
    end = calendar.start_of(date.fromisoformat(first) + timedelta(days=days))
    found = [(one.from_utc, one.to_utc) for one in merged_open(calendar, start, end)]
    assert [f"{_text(a)}/{_text(b)}" for a, b in found] == expected
    for a, b in found:
        around = [calendar.is_open(t) for t in (a - 1e-6, a, b - 1e-6, b)]
        assert around == [False, True, True, False]


def merged_open(calendar: Calendar, start: float, end: float) -> list[Segment]:
    spans: list[Segment] = []
    for one in calendar.segments(start, end):
        if one.is_open and spans and spans[-1].to_utc == one.from_utc:
            spans[-1] = Segment(spans[-1].from_utc, one.to_utc, True, one.why)
        elif one.is_open:
            spans.append(one)
    return spans


def _text(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).strftime("%dT%H:%M")


@pytest.mark.parametrize(
    ("zone", "day", "utc"),
    [
        ("UTC", "2026-03-20", "2026-03-20T00:00"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00"),  # begins at 01:00
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),  # begins at 01:00
        ("Africa/Cairo", "2026-10-30", "2026-10-29T22:00"),  # the 29th has its last hour twice
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),  # never was: the first instant after it
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00"),
    ],
)
def test_a_day_starts_at_its_first_instant(zone: str, day: str, utc: str) -> None:
    calendar = Calendar(name="days", timezone=zone)
    expected = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()
    assert calendar.start_of(date.fromisoformat(day)) == expected

"""Hours and weekdays as people write them."""

from __future__ import annotations

import pytest

from rules.hours import Span, clock_text, parse_days, parse_span


@pytest.mark.parametrize(
    ("text", "start", "end", "shown"),
    [
        ("06:00-22:00", 360, 1320, "06:00-22:00"),
        ("6:00 - 22:00", 360, 1320, "06:00-22:00"),
        ("00:00-24:00", 0, 1440, "00:00-24:00"),
        ("22:00-06:00", 1320, 1800, "22:00-06:00"),
        ("22:00-00:00", 1320, 1440, "22:00-24:00"),
        ("22:00-24:00", 1320, 1440, "22:00-24:00"),
        ("00:00-00:01", 0, 1, "00:00-00:01"),
        ("23:59-23:58", 1439, 2878, "23:59-23:58"),
    ],
)
def test_spans_are_read(text: str, start: int, end: int, shown: str) -> None:
    assert parse_span(text) == Span(start, end)
    assert str(parse_span(text)) == shown


@pytest.mark.parametrize(
    "text",
    ["", "06:00", "22:00-22:00", "00:00-00:00", "24:00-06:00", "06:00-24:01", "06:00-25:00", "06:60-07:00", "6-22",
     "06:00-22:00-23:00", "-06:00-22:00", "06.00-22.00", "٠٦:٠٠-٢٢:٠٠", "06:00–22:00"],
)  # fmt: skip
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hours like"):
        parse_span(text)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (1440, 1500), (60, 60), (60, 59), (60, 1501)])
def test_a_span_lies_within_its_day_and_the_next(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="hours like"):
        Span(start, end)


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon", (0,)), ("mon-fri", (0, 1, 2, 3, 4)), ("sat-mon", (0, 5, 6)), ("mon,wed", (0, 2)), ("sun-sun", (6,)),
     ("Mon - Wed, FRI", (0, 1, 2, 4)), ("mon-sun", (0, 1, 2, 3, 4, 5, 6))],
)  # fmt: skip
def test_weekdays_are_read(text: str, days: tuple[int, ...]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "monday", "mon-", "mon-tue-wed", "mon,,tue", "mon,mon", "mon-wed,tue", "1-5"])
def test_what_is_no_set_of_weekdays_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="weekdays like"):
        parse_days(text)


def test_minutes_are_shown_as_a_clock_shows_them() -> None:
    assert [clock_text(0), clock_text(390), clock_text(1440)] == ["00:00", "06:30", "24:00"]

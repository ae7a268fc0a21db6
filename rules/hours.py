"""Hours of a day and sets of weekdays, as a person writes them: `06:00-22:00`, `mon-fri`, `mon,wed`."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 24 * 60

SPAN_ALLOWED = 'hours like "06:00-22:00", which may cross midnight ("22:00-06:00") and end at 24:00'
DAYS_ALLOWED = 'weekdays like "mon", "mon-fri" or "mon,wed" out of ' + ", ".join(DAYS)

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes of local wall time from the midnight that begins its day; `end` passes 1440 where it crosses midnight.

    Half open: `start` belongs to it, `end` does not. 0 <= start < 1440, start < end <= start + 1440 and end <= 2880.

    Raises:
        ValueError: the numbers are not such a span.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY_MIN and self.start < self.end <= self.start + DAY_MIN):
            raise ValueError(SPAN_ALLOWED)

    def __str__(self) -> str:
        return f"{clock_text(self.start)}-{clock_text(self.end if self.end == DAY_MIN else self.end % DAY_MIN)}"


def parse_span(text: str) -> Span:
    """`22:00-06:00` -> Span(1320, 1800). An end at or before the start means the next day; equal times are refused.

    Raises:
        ValueError: not two times of day, or they are equal.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(SPAN_ALLOWED)
    start, end = _minute(match[1], match[2]), _minute(match[3], match[4])
    if start == end or start >= DAY_MIN:
        raise ValueError(SPAN_ALLOWED)
    return Span(start, end if end > start else end + DAY_MIN)


def parse_days(text: str) -> tuple[int, ...]:
    """`mon-wed,fri` -> (0, 1, 2, 4). A range may wrap over the week's end: `sat-mon` -> (0, 5, 6).

    Raises:
        ValueError: a name that is no weekday, or one day named twice.
    """
    days: list[int] = []
    for part in text.lower().split(","):
        names = [name.strip() for name in part.split("-")]
        if len(names) > 2 or any(name not in DAYS for name in names):
            raise ValueError(DAYS_ALLOWED)
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        days += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    if len(set(days)) != len(days):
        raise ValueError(DAYS_ALLOWED + ", each once")
    return tuple(sorted(days))


def clock_text(minute: int) -> str:
    """390 -> `06:30`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > DAY_MIN:
        raise ValueError(SPAN_ALLOWED)
    return total

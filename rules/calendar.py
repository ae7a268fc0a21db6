"""When a site is open: weekly hours, holidays, dated exceptions, expected visits, one-off overrides, an IANA zone.

An instant is judged by its local wall time, never by local datetimes that are subtracted or compared: it is open where
that wall time lies in a span of its day or of the day before. So both passes of a repeated hour count, and a skipped
hour has no instants (PEP 495 explains the traps). A holiday or an exception belongs to the day on which a span starts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from rules.hours import DAY_MIN, DAYS, Span, clock_text

DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_CACHED_DAYS = 512
"""Days of segments kept: over a year of replay without computing one twice, a few hundred kilobytes at most."""

Holidays = Callable[[int], Mapping[date, str]]
"""Year -> dates with their names, all within that year."""

OverrideKind = Literal["late_working", "early_opening", "armed", "on_test"]


def _none(_year: int) -> Mapping[date, str]:
    return {}


@dataclass(frozen=True, slots=True)
class DayHours:
    """What one line of the weekly hours says about a day: its spans and the line as it was written."""

    spans: tuple[Span, ...]
    line: str


@dataclass(frozen=True, slots=True)
class ExceptionDay:
    """Hours that replace those of one date, holiday or not; no span means closed all day."""

    day: date
    spans: tuple[Span, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """People expected while closed: on weekdays `days` (0 = Monday) within `spans`, in `zones` (none: anywhere).

    Raises:
        ValueError: fewer than one person.
    """

    name: str
    days: tuple[int, ...]
    spans: tuple[Span, ...]
    zones: tuple[str, ...] = ()
    max_people: int = 1

    def __post_init__(self) -> None:
        if self.max_people < 1:
            raise ValueError("max_people must be 1 or more")


@dataclass(frozen=True, slots=True)
class Override:
    """A one-off change with an end: open for late_working, early_opening and on_test, closed for armed; UTC seconds.

    Raises:
        ValueError: it does not end after it begins.
    """

    kind: OverrideKind
    from_utc: float
    until_utc: float
    note: str = ""

    def __post_init__(self) -> None:
        if not self.from_utc < self.until_utc:
            raise ValueError("an override ends after it begins")


@dataclass(frozen=True, slots=True)
class Segment:
    """[from_utc, to_utc) in seconds, wholly open or wholly closed, and which line of the calendar says so."""

    from_utc: float
    to_utc: float
    is_open: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """Opening hours of a site. `weekly` maps weekdays (0 = Monday) to their hours; a day left out has none.

    Where spans of a day overlap, their union counts. Where overrides overlap, the last one listed wins.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: the zone is not in the IANA database.
    """

    name: str
    timezone: str
    weekly: Mapping[int, DayHours] = field(default_factory=dict)
    holidays: Holidays = _none
    extra: Mapping[date, str] = field(default_factory=dict)
    exceptions: Sequence[ExceptionDay] = ()
    visits: Sequence[Visit] = ()
    overrides: Sequence[Override] = ()
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _dated: dict[date, ExceptionDay] = field(init=False, repr=False, compare=False)
    _years: dict[int, Mapping[date, str]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _blocks: dict[int, tuple[list[float], list[Segment]]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", ZoneInfo(self.timezone))
        object.__setattr__(self, "_dated", {one.day: one for one in self.exceptions})

    # --- what rules ask -------------------------------------------------------------------------------------------

    def is_open(self, utc: float) -> bool:
        """Whether the instant lies in opening hours; a dictionary look-up and a bisection once the day is known."""
        return self._at(utc).is_open

    def reason(self, utc: float) -> str:
        """Which line of the calendar makes the instant open or closed."""
        return self._at(utc).why

    def visits_at(self, utc: float, zone_id: str | None) -> tuple[Visit, ...]:
        """The visits that may be under way in a zone (None: the whole picture), in listed order.

        Visits follow their weekdays, also on holidays. One that names zones excuses nobody elsewhere.
        """
        if not self.visits:
            return ()
        minute, today = self._wall_minute(utc)
        return tuple(
            visit
            for visit in self.visits
            if (not visit.zones or zone_id in visit.zones) and _within(visit, today, minute)
        )

    # --- what people ask ------------------------------------------------------------------------------------------

    def segments(self, from_utc: float, to_utc: float) -> Iterator[Segment]:
        """The time from `from_utc` to `to_utc` cut wherever the state or its reason changes: exact and in order."""
        at = from_utc
        while at < to_utc:
            one = self._at(at)
            yield Segment(at, min(one.to_utc, to_utc), one.is_open, one.why)
            at = one.to_utc

    def closed_intervals(self, from_utc: float, to_utc: float) -> list[Segment]:
        """Closed (armed) time within [from_utc, to_utc): merged, in order; `why` lists each reason once."""
        merged: list[Segment] = []
        for one in self.segments(from_utc, to_utc):
            if one.is_open:
                continue
            if merged and merged[-1].to_utc == one.from_utc:
                last = merged[-1]
                why = last.why if one.why in last.why.split("; ") else f"{last.why}; {one.why}"
                merged[-1] = Segment(last.from_utc, one.to_utc, False, why)
            else:
                merged.append(one)
        return merged

    def transitions(self, from_utc: float, to_utc: float) -> list[tuple[float, bool]]:
        """Instants in (from_utc, to_utc) at which the site opens (True) or closes (False)."""
        changes: list[tuple[float, bool]] = []
        state: bool | None = None
        for one in self.segments(from_utc, to_utc):
            if state is not None and one.is_open != state:
                changes.append((one.from_utc, one.is_open))
            state = one.is_open
        return changes

    def local(self, utc: float) -> datetime:
        """The instant in the site's zone, for printing; always well defined."""
        return datetime.fromtimestamp(utc, self._zone)

    def start_of(self, day: date) -> float:
        """UTC seconds of the first instant of a local date (past the gap where midnight is skipped)."""
        midnight = (day.toordinal() - _EPOCH) * DAY_S
        around = self._pieces(midnight - DAY_S, midnight + DAY_S)
        return next(max(start, midnight - offset) for start, end, offset in around if end + offset > midnight)

    # --- how it is computed ---------------------------------------------------------------------------------------

    def _at(self, utc: float) -> Segment:
        number = int(utc // DAY_S)
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) >= _CACHED_DAYS:
                self._blocks.clear()
            segments = list(self._compute(number * DAY_S, (number + 1) * DAY_S))
            block = self._blocks[number] = ([one.from_utc for one in segments], segments)
        return block[1][bisect_right(block[0], utc) - 1]

    def _compute(self, from_utc: int, to_utc: int) -> Iterator[Segment]:
        """Segments of one UTC day: cut at every instant where state or reason may change, judge each at its start."""
        for start, end, offset in self._pieces(from_utc, to_utc):
            cuts = {float(start), *self._cuts(start, end, offset)}
            edges = [*sorted(cuts), float(end)]
            for at, until in pairwise(edges):
                is_open, why = self._judge(at, offset)
                yield Segment(at, until, is_open, why)

    def _pieces(self, from_utc: int, to_utc: int) -> list[tuple[int, int, int]]:
        """(from, to, UTC offset in s) with one offset each; the offset changes at most once between two hours."""
        pieces: list[tuple[int, int, int]] = []
        for at in range(from_utc, to_utc, 3600):
            until = min(at + 3600, to_utc)
            before, after = self._offset(at), self._offset(until)
            change = until if before == after else self._bisect(at, until, before)
            pieces.append((at, change, before))
            if change < until:
                pieces.append((change, until, after))
        merged = pieces[:1]
        for start, end, offset in pieces[1:]:
            if merged[-1][2] == offset:
                merged[-1] = (merged[-1][0], end, offset)
            else:
                merged.append((start, end, offset))
        return merged

    def _bisect(self, low: int, high: int, before: int) -> int:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == before else (low, middle)
        return high

    def _offset(self, utc: int) -> int:
        offset = datetime.fromtimestamp(utc, self._zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def _cuts(self, start: int, end: int, offset: int) -> Iterator[float]:
        first = (start + offset) // DAY_S
        for number in range(first - 1, (end + offset) // DAY_S + 1):
            midnight = number * DAY_S - offset
            edges = [edge for span in self._hours(_date(number)).spans for edge in (span.start, span.end)]
            yield from (at for at in (midnight + 60.0 * edge for edge in (0, *edges)) if start < at < end)
        for one in self.overrides:
            yield from (at for at in (one.from_utc, one.until_utc) if start < at < end)

    def _judge(self, utc: float, offset: int) -> tuple[bool, str]:
        for one in reversed(self.overrides):
            if one.from_utc <= utc < one.until_utc:
                return one.kind != "armed", self._override_text(one)
        number, second = divmod(utc + offset, DAY_S)
        today, minute = _date(int(number)), second / 60
        for anchor, at in ((today, minute), (today - timedelta(days=1), minute + DAY_MIN)):
            hours = self._hours(anchor)
            if any(span.start <= at < span.end for span in hours.spans):
                return True, f"open: {hours.line}" + ("" if anchor == today else f", since {DAYS[anchor.weekday()]}")
        return False, _closed_text(self._hours(today), minute)

    def _hours(self, day: date) -> DayHours:
        """The hours that hold on a date: those of its exception, none on a holiday, else those of its weekday."""
        if day in self._dated:
            one = self._dated[day]
            name = f"exception {day}" + (f" {one.note}" if one.note else "")
            return DayHours(one.spans, f"{name}: {_spans_text(one.spans)}")
        if day in self.extra:
            return DayHours((), f"holiday {day} {self.extra[day]}".rstrip())
        if day.year not in self._years:
            self._years[day.year] = self.holidays(day.year)
        if day in self._years[day.year]:
            return DayHours((), f"holiday {day} {self._years[day.year][day]}".rstrip())
        return self.weekly.get(day.weekday()) or DayHours((), f"no hours on {DAYS[day.weekday()]}")

    def _override_text(self, one: Override) -> str:
        until = self.local(one.until_utc).strftime("%Y-%m-%d %H:%M")
        return f"{one.kind.replace('_', ' ')} until {until}" + (f": {one.note}" if one.note else "")

    def _wall_minute(self, utc: float) -> tuple[float, date]:
        number, second = divmod(utc + self._offset(int(utc // 1)), DAY_S)
        return second / 60, _date(int(number))


def _within(visit: Visit, today: date, minute: float) -> bool:
    anchors = ((today.weekday(), minute), ((today.weekday() - 1) % 7, minute + DAY_MIN))
    return any(day in visit.days and any(s.start <= at < s.end for s in visit.spans) for day, at in anchors)


def _closed_text(hours: DayHours, minute: float) -> str:
    """`closed since 22:00 (mon-fri 06:00-22:00)`, `closed until ...`, `closed: holiday 2026-12-25 Christmas Day`."""
    if not hours.spans:
        return f"closed: {hours.line}"
    before = [span.end for span in hours.spans if span.end <= minute]
    after = [span.start for span in hours.spans if span.start > minute]
    if before and after:
        return f"closed {clock_text(max(before))}-{clock_text(min(after))} ({hours.line})"
    return f"closed since {clock_text(max(before))} ({hours.line})" if before else (
        f"closed until {clock_text(min(after))} ({hours.line})"
    )  # fmt: skip


def _spans_text(spans: Sequence[Span]) -> str:
    return ", ".join(map(str, spans)) if spans else "no hours"


def _date(number: int) -> date:
    """Days since the epoch -> date."""
    return date.fromordinal(_EPOCH + number)

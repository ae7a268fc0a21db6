"""The calendars of a site file, and how they become `rules.calendar.Calendar`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Literal

import holidays
from pydantic import Field, ValidationInfo, field_validator

from pipeline.site.fields import Count, Day, Days, Instant, Part, Spans, nearest, to_utc
from rules.calendar import Calendar, DayHours, ExceptionDay, Override, Visit
from rules.hours import DAYS, SPAN_ALLOWED, parse_days


class HolidaysConfig(Part):
    """Public holidays of a country (ISO 3166 code as the `holidays` package knows it) and dates of one's own."""

    country: str | None = None
    subdivision: str | None = None
    extra: tuple[Day, ...] = ()

    @field_validator("country")
    @classmethod
    def _country(cls, code: str | None) -> str | None:
        known = holidays.list_supported_countries()
        if code is not None and code not in known:
            raise ValueError(f"a country code such as BE, DE, GB{nearest(code.upper(), known)}")
        return code

    @field_validator("subdivision")
    @classmethod
    def _subdivision(cls, code: str | None, info: ValidationInfo) -> str | None:
        if code is None or "country" not in info.data:
            return code
        known = holidays.list_supported_countries().get(info.data["country"] or "", [])
        if code not in known:
            raise ValueError("one of " + ", ".join(known) if known else "no subdivision: this country has none")
        return code


class ExceptionConfig(Part):
    """Hours that replace those of one date; `open: []` closes it all day."""

    date: Day
    open: Spans
    note: str = ""


class VisitConfig(Part):
    """People expected while closed. Without `zones` they may be anywhere."""

    name: str = Field(min_length=1)
    days: Days
    hours: Spans
    zones: tuple[str, ...] = ()
    max_people: Count

    @field_validator("hours")
    @classmethod
    def _some(cls, spans: Spans) -> Spans:
        if not spans:
            raise ValueError(SPAN_ALLOWED)
        return spans


class OverrideConfig(Part):
    """A one-off change with an end; times without an offset are local."""

    kind: Literal["late_working", "early_opening", "armed", "on_test"]
    from_: Instant = Field(alias="from")
    until: Instant
    note: str = ""


class CalendarConfig(Part):
    """Weekly hours by sets of weekdays, with what departs from them. A day that no line names is closed."""

    open: dict[Days, Spans] = Field(default_factory=dict)
    holidays: HolidaysConfig = HolidaysConfig()
    exceptions: tuple[ExceptionConfig, ...] = ()
    visits: tuple[VisitConfig, ...] = ()
    overrides: tuple[OverrideConfig, ...] = ()

    @field_validator("open")
    @classmethod
    def _once(cls, lines: dict[str, Spans]) -> dict[str, Spans]:
        named = [day for line in lines for day in parse_days(line)]
        twice = sorted({day for day in named if named.count(day) > 1})
        if twice:
            raise ValueError(f"each weekday in one line only ({', '.join(DAYS[day] for day in twice)} is in two)")
        return lines

    @field_validator("exceptions")
    @classmethod
    def _dates_once(cls, ones: tuple[ExceptionConfig, ...]) -> tuple[ExceptionConfig, ...]:
        days = [one.date for one in ones]
        twice = sorted({day for day in days if days.count(day) > 1})
        if twice:
            raise ValueError(f"one exception for a date ({twice[0]} has two)")
        return ones


class HolidayTable:
    """Year -> dates and names of one country's public holidays, in English where the package has them.

    The language is fixed, because `why` must not depend on the machine's settings.
    """

    def __init__(self, country: str, subdivision: str | None) -> None:
        self.country = country
        self.subdivision = subdivision

    def __call__(self, year: int) -> Mapping[date, str]:
        return _public_holidays(self.country, self.subdivision, year)


@lru_cache(maxsize=256)
def _public_holidays(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    probe = holidays.country_holidays(country, subdiv=subdivision)
    language = "en_US" if "en_US" in probe.supported_languages else probe.default_language
    table = holidays.country_holidays(country, subdiv=subdivision, years=year, language=language)
    return {day: name for day, name in sorted(table.items()) if day.year == year}


def build_calendar(name: str, config: CalendarConfig, timezone: str) -> Calendar:
    """The pure calendar of a checked configuration.

    Raises:
        ValueError: an override's local time does not exist.
    """
    weekly = {
        day: DayHours(spans, f"{line} {', '.join(map(str, spans))}" if spans else f"no hours on {DAYS[day]}")
        for line, spans in config.open.items()
        for day in parse_days(line)
    }
    chosen = config.holidays
    public = {} if chosen.country is None else {"holidays": HolidayTable(chosen.country, chosen.subdivision)}
    return Calendar(
        name=name,
        timezone=timezone,
        weekly=weekly,
        extra=dict.fromkeys(chosen.extra, "(own date)"),
        exceptions=[ExceptionDay(one.date, one.open, one.note) for one in config.exceptions],
        visits=[Visit(v.name, parse_days(v.days), v.hours, v.zones, v.max_people) for v in config.visits],
        overrides=[
            Override(one.kind, to_utc(one.from_, timezone), to_utc(one.until, timezone), one.note)
            for one in config.overrides
        ],
        **public,
    )

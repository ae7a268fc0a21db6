"""Kinds of values that stand in a site file, each with its check and a sentence on what is allowed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, Strict

from rules.geometry import lint
from rules.hours import SPAN_ALLOWED, Span, parse_days, parse_span

_ID = re.compile(r"[^\W_][\w.-]{0,63}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


class Part(BaseModel):
    """A part of the site file: frozen, and no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("a name of letters, digits, _ - and ., at most 64, beginning with a letter or digit")
    return text


def _zone_name(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        known = available_timezones()
        raise ValueError(f"an IANA time zone such as Europe/Brussels{nearest(text, known)}") from None
    return text


def _span(value: Any) -> Span:
    if isinstance(value, Span):
        return value
    if not isinstance(value, str):
        raise ValueError(SPAN_ALLOWED)
    return parse_span(value)


def _days(text: str) -> str:
    parse_days(text)
    return text


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("a date like 2026-12-24")


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("a date and time like 2026-11-22T21:58:00+01:00 (without an offset: in the site's time zone)")


def _polygon(points: tuple[Point, ...]) -> tuple[Point, ...]:
    faults = lint(points)
    if faults:
        what = "three or more points within 0 and 1 (shares of width and height) whose sides do not cross"
        raise ValueError(f"{what} ({'; '.join(faults)})")
    return points


def _polyline(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(points) < 2 or any(a == b for a, b in pairwise(points)):
        raise ValueError("two or more points, each unlike the one before")
    if not all(0.0 <= value <= 1.0 for point in points for value in point):
        raise ValueError("points within 0 and 1 (shares of the picture's width and height)")
    return points


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Id = Annotated[str, AfterValidator(_id)]
Number = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Positive = Annotated[float, Strict(), Field(gt=0)]
NotNegative = Annotated[float, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=1)]
Point = tuple[Number, Number]
Polygon = Annotated[tuple[Point, ...], AfterValidator(_polygon)]
Polyline = Annotated[tuple[Point, ...], AfterValidator(_polyline)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
Hours = Annotated[Span, PlainValidator(_span)]
Spans = Annotated[tuple[Hours, ...], BeforeValidator(_one_or_many)]
Days = Annotated[str, AfterValidator(_days)]
Day = Annotated[date, PlainValidator(_day)]
Instant = Annotated[datetime, PlainValidator(_instant)]


def nearest(name: str, known: Any) -> str:
    """`, did you mean Europe/Paris?` where one known name is close, else nothing."""
    close = get_close_matches(name, [str(one) for one in known], n=1, cutoff=0.6)
    return f", did you mean {close[0]}?" if close else ""


def to_utc(when: datetime, timezone: str) -> float:
    """Seconds since the epoch. Without an offset the time is local to the site; a repeated hour means its first pass.

    Raises:
        ValueError: the local time does not exist, because the clocks skip it.
    """
    if when.tzinfo is not None:
        return when.timestamp()
    local = when.replace(tzinfo=ZoneInfo(timezone), fold=0)
    utc = local.timestamp()
    if datetime.fromtimestamp(utc, local.tzinfo).replace(tzinfo=None) - when > timedelta(0):
        raise ValueError(f"a time that exists in {timezone}: its clocks skip {when:%H:%M} on {when:%Y-%m-%d}")
    return utc

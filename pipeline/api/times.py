"""Instants in requests: seconds since the epoch, or ISO 8601 with a zone."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

FIRST_UTC, LAST_UTC = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 to 9999, which is all that can be written down."""


def instant(value: object) -> float:
    """Seconds since the epoch, UTC.

    Raises:
        ValueError: neither a number of seconds in the years 1 to 9999 nor an ISO 8601 time with a zone.
    """
    text = str(value).strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("seconds since the epoch, or ISO 8601 such as 2026-11-22T21:58:00+01:00") from None
        if moment.tzinfo is None:
            raise ValueError("an ISO 8601 time needs its zone, such as +01:00 or Z") from None
        seconds = moment.timestamp()
    if not math.isfinite(seconds):
        raise ValueError("a finite number of seconds")
    if not FIRST_UTC <= seconds <= LAST_UTC:
        raise ValueError("a time in the years 1 to 9999")
    return seconds


Moment = Annotated[float, BeforeValidator(instant)]

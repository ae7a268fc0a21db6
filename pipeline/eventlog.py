"""Events as lines of `events.jsonl`: the one place that knows their form, so `analyze` and `replay` write the same."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.types import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_line(event: Event) -> str:
    """One event as a JSON object without a newline; keys in the documented order, UTC in ISO 8601 with milliseconds."""
    return json.dumps(event_value(event), ensure_ascii=False, separators=(", ", ": "), allow_nan=False)


def event_value(event: Event) -> dict[str, Any]:
    """The same as a dictionary. `pts` is rounded to the microsecond, `score` to six places."""
    return {
        "kind": event.kind,
        "state": event.state,
        "rule_id": event.rule_id,
        "camera_id": event.camera_id,
        "zone_id": event.zone_id,
        "track_ids": list(event.track_ids),
        "pts": round(event.pts, 6),
        "since_utc": utc_iso(event.since_utc),
        "utc": utc_iso(event.utc),
        "score": round(event.score, 6),
        "why": dict(event.why),
        "key": event.key,
        "run_id": event.run_id,
        "rule_version": event.rule_version,
    }


YEARS = range(1900, 3000)
"""Years whose times can be counted with and written everywhere."""


def utc_iso(utc: float, *, decimals: int = 3) -> str:
    """Seconds since the epoch -> `2026-03-20T21:00:00.000Z`. Halves go up, also where the float is a hair below."""
    scale = 10**decimals
    ticks = math.floor(utc * scale + 0.5 + 1e-3)
    whole, part = divmod(ticks, scale)
    text = (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{part:0{decimals}d}Z" if decimals else f"{text}Z"

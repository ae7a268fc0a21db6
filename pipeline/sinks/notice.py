"""What is sent of a change in the feed: versioned JSON with an id that is the same at every try.

Nobody's name and no note of an operator leaves the site with it, and no picture: the ids of the evidence do, for those
who may ask the API for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pipeline.alerts.message import digest
from pipeline.sinks.topics import onvif
from pipeline.store.feed import Change

VERSION = 1

Told = Literal["new", "escalated", "again", "ended", "acknowledged", "resolved"]
TOLD: tuple[Told, ...] = get_args(Told)
_WORDS: Mapping[str, Told] = {
    "new": "new", "escalated": "escalated", "again": "again", "lapsed": "again", "unshelved": "again", "end": "ended",
    "acknowledged": "acknowledged", "claimed": "acknowledged", "resolved": "resolved",
}  # fmt: skip
_WORSE = "raised"
"""What `announce` says of a change that calls people because it has become worse."""

_SENT = (
    "alert_id", "incident_id", "continues", "camera_id", "zone_id", "rule_id", "rule_version", "kind", "severity",
    "state", "system", "subject", "detector", "score", "sentence", "why", "since_utc", "utc", "ended_utc",
    "disposition", "evidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of one alert, for people elsewhere. `told` says what happened; `alert` is the alert as it was then."""

    notice_id: str
    feed_seq: int
    told: Told
    site: str
    alert: Mapping[str, Any]

    @property
    def alert_id(self) -> str:
        return str(self.alert["alert_id"])

    @property
    def camera_id(self) -> str:
        return str(self.alert["camera_id"])

    @property
    def utc(self) -> float:
        """When it happened, seconds since the epoch."""
        return float(self.alert["updated_utc"])

    def payload(self) -> dict[str, Any]:
        """The JSON value that every sink sends."""
        return {
            "version": VERSION,
            "id": self.notice_id,
            "change": self.told,
            "site": self.site,
            "feed_seq": self.feed_seq,
            "onvif": onvif(self.alert, ended=self.told in ("ended", "resolved")),
            "alert": {name: self.alert.get(name) for name in _SENT},
        }

    def body(self) -> bytes:
        """The payload as UTF-8 JSON: the same bytes at every try."""
        return json.dumps(self.payload(), separators=(",", ":"), ensure_ascii=False).encode()


def notice_of(change: Change, *, site: str) -> Notice | None:
    """The notice for a row of the feed, or None for what is not told to others: trials, new evidence, mere updates."""
    if change.trial:
        return None
    alert = json.loads(change.data)
    told = _WORDS.get(change.change)
    if alert.get("announce") == _WORSE:
        told = "escalated"
    if told is None:
        return None
    return Notice(digest("notice", site, str(change.feed_seq), change.data), change.feed_seq, told, site, alert)

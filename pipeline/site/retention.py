"""How long what is kept: one part of the site file."""

from __future__ import annotations

from pydantic import Field

from pipeline.site.fields import Part, Positive


class RetentionConfig(Part):
    """`evidence_h` runs from resolution. Unresolved alerts and those resolved as `real` keep theirs for `held_days`.

    Days and hours are wall time; `evidence_gb` is the most that the evidence folder may hold.
    """

    evidence_h: Positive = Field(default=72.0, le=24 * 366)
    held_days: Positive = Field(default=365.0, le=3660)
    tracks_days: Positive = Field(default=30.0, le=3660)
    feed_days: Positive = Field(default=30.0, ge=8, le=3660)
    alerts_days: Positive = Field(default=365.0, le=3660)
    routes_days: Positive | None = Field(default=None, le=3660)
    evidence_gb: Positive = Field(default=50.0, le=1_000_000)

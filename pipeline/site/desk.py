"""The `desk` section of a site file, and the procedures of rules and zones: how the control room works."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from pipeline.site.fields import Flag, Part, Positive

_PLACES = ("camera", "iso", "epoch_s", "epoch_ms")
_PLACE = re.compile(r"\{([^{}]*)\}")
Step = Annotated[str, Field(min_length=1, max_length=300)]


class Procedure(Part):
    """What to do, step by step. `required`: not resolved before every step is ticked off; `confirm`: not before a
    second person has confirmed. A bare text is one step, a list several."""

    steps: tuple[Step, ...] = Field(default=(), max_length=30)
    required: Flag = False
    confirm: Flag = False

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"steps": (value,)}
        if isinstance(value, list | tuple):
            return {"steps": tuple(value)}
        return value

    @field_validator("steps")
    @classmethod
    def _once(cls, steps: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(steps)) != len(steps):
            raise ValueError("each step once")
        return steps

    @model_validator(mode="after")
    def _something(self) -> Procedure:
        if not self.steps and not self.confirm:
            raise ValueError("at least one step, or confirm: true")
        if self.required and not self.steps:
            raise ValueError("required: true together with steps")
        return self


class ShelveMinutes(Part):
    """For how long an alert of each severity may be shelved at most."""

    high: Annotated[Positive, Field(le=1440)] = 30.0
    medium: Annotated[Positive, Field(le=1440)] = 240.0
    low: Annotated[Positive, Field(le=1440)] = 480.0


class DeskConfig(Part):
    """When an alert calls again and escalates, how long a claim lasts without any action, what may be shelved, and
    where the site's own video system shows a camera at a time (`video_url`, with {camera} and {iso}, {epoch_s} or
    {epoch_ms})."""

    call_again_s: Positive = 60.0
    escalate_s: Positive = 180.0
    repeat_s: Positive = 600.0
    claim_minutes: Positive = 10.0
    shelve_minutes: ShelveMinutes = ShelveMinutes()
    video_url: str | None = None

    @field_validator("video_url")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        if text is None:
            return None
        unknown = [name for name in _PLACE.findall(text) if name not in _PLACES]
        if not text.startswith(("https://", "http://")) or unknown:
            raise ValueError(f"an http or https address; in braces only {', '.join(_PLACES)}")
        return text

    @model_validator(mode="after")
    def _in_order(self) -> DeskConfig:
        if self.escalate_s <= self.call_again_s:
            raise ValueError(f"escalate_s longer than call_again_s ({self.call_again_s:g})")
        return self

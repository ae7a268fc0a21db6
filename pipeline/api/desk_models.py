"""The shapes of what happens at the desk: claims, shelves, protocols, shifts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.api.models import AlertState, Disposition
from pipeline.types import Severity

Note = Annotated[str, Field(max_length=2000)]
Person = Annotated[str, Field(min_length=1, max_length=200)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HandOver(_In):
    """To whom, and what they should know."""

    to: Person
    note: Note = ""


class Together(_In):
    """Alerts of one rule and zone, handled at once."""

    alert_ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=1000)]
    do: Literal["acknowledge", "resolve"]
    disposition: Disposition | None = None
    note: Note = ""


class ByHand(_In):
    """What somebody saw."""

    camera_id: Annotated[str, Field(min_length=1, max_length=200)]
    zone_id: Annotated[str | None, Field(max_length=200)] = None
    severity: Severity = "medium"
    note: Annotated[str, Field(min_length=1, max_length=500)]


class Shelving(_In):
    """Why, and for how long."""

    reason: Annotated[str, Field(min_length=3, max_length=500)]
    minutes: Annotated[float, Field(gt=0, le=1440, allow_inf_nan=False)]


class Tick(_In):
    """A step of the protocol, in its own words."""

    step: Annotated[str, Field(min_length=1, max_length=300)]
    done: bool = True


class ShiftNote(_In):
    """What the next shift should know."""

    note: Note = ""


class StepOut(BaseModel):
    """A step, and who ticked it off when."""

    step: str
    done_by: str | None
    done_utc: float | None


class ConfirmationOut(BaseModel):
    """Somebody who has seen it and agrees."""

    actor: str
    utc: float


class ProtocolOut(BaseModel):
    """What the site's protocol asks for. `all_steps` and `second_person` are demanded before an alert is resolved."""

    steps: list[StepOut]
    all_steps: bool
    second_person: bool
    confirmed: list[ConfirmationOut]


class Happening(BaseModel):
    """One change of one alert; `by` where a person did it."""

    utc: float
    change: str
    alert_id: str
    by: str | None


class TimelineOut(BaseModel):
    """What happened, oldest first."""

    items: list[Happening]


class ShelfOut(BaseModel):
    """A rule in a zone that is kept off the desk; `severity` is the highest that stays there."""

    shelf_id: int
    camera_id: str
    rule_id: str
    zone_id: str | None
    severity: Severity
    reason: str
    actor: str
    from_utc: float
    until_utc: float
    ended_utc: float | None
    ended_by: str | None


class DeskOut(BaseModel):
    """What the whole desk must know. `recent` counts new alerts in the last ten minutes."""

    flood_since_utc: float | None
    recent: int
    shelves: list[ShelfOut]
    actor: str


class OpenAlert(BaseModel):
    """An alert that was open at a hand-over, as it was then."""

    alert_id: str
    incident_id: str
    camera_id: str
    zone_id: str | None
    rule_id: str
    kind: str
    severity: Severity
    state: AlertState
    sentence: str
    utc: float
    claimed_by: str | None


class HandoverOut(BaseModel):
    """One shift to the next."""

    handover_id: int
    utc: float
    actor: str
    note: str
    open: list[OpenAlert]


class HandoverList(BaseModel):
    """The latest first."""

    items: list[HandoverOut]


class ShiftOut(BaseModel):
    """A span of time in figures; `load` is that of the desk, judged by EEMUA 191."""

    since_utc: float
    until_utc: float
    alerts: int
    by_severity: dict[str, int]
    by_state: dict[str, int]
    by_disposition: dict[str, int]
    load: dict[str, Any]
    flood_s: float
    response: dict[str, Any]
    worst_rules: list[dict[str, Any]]
    guarded: list[dict[str, Any]]


class TrackFrame(BaseModel):
    """Everybody followed in one analysed frame: `boxes` are [track, x1, y1, x2, y2], normalised."""

    utc: float
    boxes: list[tuple[int, float, float, float, float]]


class TrackOut(BaseModel):
    """What is drawn over a clip. `clip_start_utc` is the time of its first picture, where known; `track_ids` are those
    that the alert is about."""

    clip_start_utc: float | None
    track_ids: list[int]
    since_utc: float
    utc: float
    frames: list[TrackFrame]

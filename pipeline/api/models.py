"""The shapes of the API's answers and requests, for the OpenAPI document and for checking what comes in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.types import Severity

AlertState = Literal["new", "acknowledged", "resolved", "shelved"]
Disposition = Literal["real", "authorised", "no_person", "nuisance", "test", "could_not_verify"]


class EvidenceOut(BaseModel):
    """A file of an alert, served at `/api/v1/evidence/{evidence_id}`; `start_utc` is the time of a clip's first
    picture, where known."""

    evidence_id: str
    kind: Literal["snapshot", "clip", "record"]
    media_type: str
    sha256: str
    start_utc: float | None = None


class AlertOut(BaseModel):
    """An alert. Times in seconds since the epoch, UTC; `ended_utc` is null while it goes on. `sentence` is the reason
    for people, `why` in numbers. `subject` is movement where no person model runs. `claimed_by` works on it, and nobody
    else may resolve it until `claim_until_utc`. `called` counts the calls since it was last new. `grouped`: it came in
    a flood and is counted in the row of its cause and zone; `shelf_id`: it is or was kept off the desk."""

    model_config = ConfigDict(extra="forbid")

    alert_id: str
    incident_id: str
    continues: str | None
    camera_id: str
    zone_id: str | None
    rule_id: str
    rule_version: str
    kind: str
    severity: Severity
    state: AlertState
    system: bool
    trial: bool
    detector: str
    subject: Literal["person", "movement"]
    run_id: int
    track_ids: list[int]
    since_utc: float
    utc: float
    updated_utc: float
    ended_utc: float | None
    pts: float
    score: float
    why: dict[str, Any]
    sentence: str
    raised_utc: float
    stored_utc: float
    epoch: int
    seq: int
    acknowledged_by: str | None
    acknowledged_utc: float | None
    resolved_by: str | None
    resolved_utc: float | None
    disposition: Disposition | None
    note: str | None
    claimed_by: str | None
    claimed_utc: float | None
    claim_until_utc: float | None
    called: int
    escalated_utc: float | None
    grouped: bool
    shelf_id: int | None
    evidence: list[EvidenceOut]


class AlertPage(BaseModel):
    """One page. Pass `next_cursor` as `cursor` for the next; start the feed `after` the first page's `feed_seq`."""

    items: list[AlertOut]
    next_cursor: str | None
    feed_seq: int


class IncidentOut(BaseModel):
    """Alerts of one rule, zone and stay. `continues` names the resolved incident that this one follows."""

    model_config = ConfigDict(extra="forbid")

    incident_id: str
    continues: str | None
    camera_id: str
    rule_id: str
    zone_id: str | None
    kind: str
    severity: Severity
    state: AlertState
    trial: bool
    since_utc: float
    utc: float
    updated_utc: float
    alert_count: int


class IncidentWithAlerts(IncidentOut):
    """An incident with its alerts, oldest first."""

    alerts: list[AlertOut]


class IncidentPage(BaseModel):
    """One page of incidents, the latest first."""

    items: list[IncidentOut]
    next_cursor: str | None
    feed_seq: int


class CameraOut(BaseModel):
    """A camera and how it is doing. `degraded` says that only movement is seen, not people."""

    camera_id: str
    name: str
    state: str
    fps_in: float
    fps_done: float
    dropped: int
    frame_age_s: float | None
    error: str | None
    detector: str
    subject: Literal["person", "movement"]
    utc: float
    numbers: dict[str, float]
    zones: dict[str, Any]
    lines: dict[str, Any]
    rules: list[dict[str, Any]]


class CameraList(BaseModel):
    """Every camera of the site, in its order."""

    items: list[CameraOut]


class SiteCamera(BaseModel):
    """What a page needs to draw over a camera's picture."""

    camera_id: str
    name: str
    purpose: str
    zones: dict[str, Any]
    lines: dict[str, Any]
    rules: list[dict[str, Any]]


class SiteOut(BaseModel):
    """The site by name, with its time zone (IANA) for showing times. `video_url` leads into its own video system:
    {camera} and {iso}, {epoch_s} or {epoch_ms} stand for where and when."""

    name: str
    timezone: str
    version: str
    video_url: str | None
    calendars: list[str]
    claim_s: float
    shelve_most_s: dict[str, float]
    cameras: list[SiteCamera]


class Resolution(BaseModel):
    """How it ended."""

    model_config = ConfigDict(extra="forbid")

    disposition: Disposition
    note: Annotated[str, Field(max_length=2000)] = ""


class Letter(BaseModel):
    """One message as a link carries it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(min_length=1, max_length=200)]
    text: str
    after: Annotated[str, Field(max_length=200)] = ""


class Delivery(BaseModel):
    """A batch of messages from a worker, in order."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    messages: Annotated[list[Letter], Field(max_length=1000)]


class Taken(BaseModel):
    """Ids that need no sending any more, and which of them came from a worker that has been replaced."""

    committed: list[str]
    stale: list[str]


class EpochRequest(BaseModel):
    """A worker of this camera starts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    camera_id: Annotated[str, Field(min_length=1, max_length=200)]


class Epoch(BaseModel):
    """The number of its start."""

    epoch: int

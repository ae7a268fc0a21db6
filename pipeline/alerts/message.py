"""What a worker tells the operators' store: versioned JSON, the same message for the same fact.

A `Message` travels as an `Envelope`: its id, its text, and the id of the message before it in the same outbox. The
id is a function of what happened, so a retry, a restart or a second copy of a worker sends the same id, and the
store takes it once.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from pipeline.types import Alert, CameraStatus, Event, Evidence, Severity

VERSION = 1
MAX_BYTES = 256 * 1024
"""Longest text of one message; an alert with its `why` is 1 to 3 KB."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Change = Literal["start", "update", "end"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EvidenceItem(_Strict):
    """A file that belongs to an alert; `path` is relative to the evidence folder."""

    kind: Literal["snapshot", "clip", "record"]
    path: Annotated[str, Field(min_length=1, max_length=1000)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    media_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
    start_utc: FiniteFloat | None = None


class AlertBody(_Strict):
    """An alert begins, changes or ends. Times in seconds, UTC; `pts` is media time of the run."""

    kind: Literal["alert"] = "alert"
    change: Change
    alert_id: Name
    incident_id: Name
    rule_id: Name
    rule_version: str
    rule_kind: Name
    zone_id: str | None
    severity: Severity
    trial: bool
    detector: str
    subject: Literal["person", "movement"]
    run_id: int
    track_ids: list[int]
    since_utc: FiniteFloat
    utc: FiniteFloat
    pts: FiniteFloat
    score: Annotated[float, Field(ge=0.0, le=1.0)]
    why: dict[str, Any]
    evidence: list[EvidenceItem] = []


class EvidenceBody(_Strict):
    """A file now exists for an alert that was sent before."""

    kind: Literal["evidence"] = "evidence"
    alert_id: Name
    item: EvidenceItem


class SystemBody(_Strict):
    """Something that operators must know about the system itself: a camera down, a zone unguarded, a disk full."""

    kind: Literal["system"] = "system"
    change: Change
    code: Name
    severity: Severity
    zone_id: str | None
    since_utc: FiniteFloat
    utc: FiniteFloat
    why: dict[str, Any]


class StatusBody(_Strict):
    """How a camera is doing; only the latest counts, so it is never kept in an outbox."""

    kind: Literal["status"] = "status"
    state: Name
    fps_in: FiniteFloat
    fps_done: FiniteFloat
    dropped: int
    frame_age_s: FiniteFloat | None
    error: str | None
    detector: str
    utc: FiniteFloat
    outbox_depth: int = 0
    outbox_lag_s: FiniteFloat = 0.0


Body = Annotated[AlertBody | EvidenceBody | SystemBody | StatusBody, Field(discriminator="kind")]


class Message(_Strict):
    """One fact for the store. `epoch` counts the starts of the camera's worker, `seq` its messages, in order;
    `raised_utc` is the worker's wall clock when the fact was known."""

    version: Literal[1] = 1
    message_id: Name
    camera_id: Name
    epoch: Annotated[int, Field(ge=0)] = 0
    seq: Annotated[int, Field(ge=0)] = 0
    raised_utc: FiniteFloat
    body: Body

    @property
    def kind(self) -> str:
        return self.body.kind

    def text(self) -> str:
        """One line of JSON."""
        return self.model_dump_json()


class BadMessage(ValueError):  # noqa: N818
    """A text that is no message of a version known here; it goes to the dead letters."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it travels. `after` is the id of the one before it in the sender's outbox, empty at its head."""

    message_id: str
    text: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the operators' store answers: ids that need no sending any more, and which of them it refused because
    they came under an old epoch."""

    committed: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()


def parse_message(text: str) -> Message:
    """Read one message strictly.

    Raises:
        BadMessage: no JSON, another version, an unknown or missing key, a wrong type, a number that is not finite.
    """
    if len(text) > MAX_BYTES:
        raise BadMessage(f"{len(text)} characters; at most {MAX_BYTES} are allowed")
    try:
        message = Message.model_validate_json(text)
        json.dumps(message.body.model_dump(), allow_nan=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "text"
        raise BadMessage(f"{place}: {first['msg']} ({error.error_count()} faults)") from None
    except ValueError as error:
        raise BadMessage(str(error)) from None
    return message


def alert_message(alert: Alert, *, raised_utc: float) -> Message:
    """The message for one change of an alert."""
    event = alert.event
    body = AlertBody(
        change=event.state,
        alert_id=alert.alert_id,
        incident_id=alert.incident_id,
        rule_id=event.rule_id,
        rule_version=event.rule_version,
        rule_kind=event.kind,
        zone_id=event.zone_id,
        severity=alert.severity,
        trial=alert.trial,
        detector=alert.detector,
        subject=alert.subject,
        run_id=int(event.run_id),
        track_ids=[int(i) for i in event.track_ids],
        since_utc=float(event.since_utc),
        utc=float(event.utc),
        pts=float(event.pts),
        score=float(event.score),
        why=_bounded(plain(event.why)),
        evidence=[_item(e) for e in alert.evidence],
    )
    name = digest("alert", alert.alert_id, *_moment(event))
    return Message(message_id=name, camera_id=event.camera_id, raised_utc=raised_utc, body=body)


def evidence_message(*, alert_id: str, camera_id: str, evidence: Evidence, raised_utc: float) -> Message:
    """The message that a file now exists for an alert."""
    name = digest("evidence", alert_id, evidence.kind, evidence.path, evidence.sha256)
    body = EvidenceBody(alert_id=alert_id, item=_item(evidence))
    return Message(message_id=name, camera_id=camera_id, raised_utc=raised_utc, body=body)


def system_message(
    *,
    camera_id: str,
    code: str,
    change: Change,
    since_utc: float,
    utc: float,
    raised_utc: float,
    severity: Severity = "high",
    zone_id: str | None = None,
    why: Mapping[str, Any] | None = None,
) -> Message:
    """A system alert begins, changes or ends; `code` and `since_utc` name the episode."""
    body = SystemBody(
        change=change,
        code=code,
        severity=severity,
        zone_id=zone_id,
        since_utc=since_utc,
        utc=utc,
        why=_bounded(plain(why or {})),
    )
    moment = f"{utc:.3f}" if change == "update" else ""
    name = digest("system", system_alert_id(camera_id, body), change, moment)
    return Message(message_id=name, camera_id=camera_id, raised_utc=raised_utc, body=body)


def status_message(
    status: CameraStatus, *, raised_utc: float, outbox_depth: int = 0, outbox_lag_s: float = 0.0
) -> Message:
    """A camera's latest status."""
    fields = {key: value for key, value in asdict(status).items() if key != "camera_id"}
    body = StatusBody(**fields, outbox_depth=outbox_depth, outbox_lag_s=outbox_lag_s)
    name = digest("status", status.camera_id, f"{raised_utc:.3f}")
    return Message(message_id=name, camera_id=status.camera_id, raised_utc=raised_utc, body=body)


def system_alert_id(camera_id: str, body: SystemBody) -> str:
    """The alert that a system episode is shown as."""
    return digest("system", camera_id, body.code, body.zone_id or "", f"{body.since_utc:.3f}")


def digest(*parts: str) -> str:
    """26 hex digits (104 bits) that name what the parts say."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:26]


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON value: numpy scalars become numbers, numbers that are not finite become null, the rest text."""
    return {str(key): _plain(item) for key, item in value.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _bounded(why: dict[str, Any]) -> dict[str, Any]:
    """An alert arrives also when its reason is far too long to send: then it says so."""
    size = len(json.dumps(why))
    return why if size <= MAX_BYTES // 2 else {"too_long": f"a reason of {size} characters was left out"}


def _moment(event: Event) -> tuple[str, ...]:
    """An episode starts once and ends once; its updates differ in their time or in what they say."""
    if event.state != "update":
        return (event.state,)
    return event.state, f"{event.utc:.3f}", json.dumps(plain(event.why), sort_keys=True)


def _item(evidence: Evidence) -> EvidenceItem:
    return EvidenceItem(**asdict(evidence))

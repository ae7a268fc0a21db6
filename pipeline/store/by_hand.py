"""An incident that a person raises: the same message as a rule's, so that it takes the same way."""

from __future__ import annotations

from pipeline.alerts.message import AlertBody, Message, digest
from pipeline.types import Severity

RULE = "by_hand"


def message(
    *, camera_id: str, zone_id: str | None, severity: Severity, note: str, utc: float, epoch: int, actor: str
) -> Message:
    """The message of what somebody saw. Who it was stands in the audit log, not in the reason: that may leave the
    site."""
    alert_id = digest("by hand", camera_id, actor, f"{utc:.6f}", note)
    body = AlertBody(
        change="start", alert_id=alert_id, incident_id=digest("incident", alert_id), rule_id=RULE, rule_version="1",
        rule_kind=RULE, zone_id=zone_id, severity=severity, trial=False, detector="", subject="person", run_id=0,
        track_ids=[], since_utc=utc, utc=utc, pts=0.0, score=1.0, why={"sentence": f"Raised by hand: {note}"},
    )  # fmt: skip
    return Message(
        message_id=digest("alert", alert_id, "start"), camera_id=camera_id, epoch=epoch, raised_utc=utc, body=body
    )

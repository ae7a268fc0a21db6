"""Alerts: list, look at, acknowledge, resolve."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from pipeline.alerts.evidence import EvidenceFolder
from pipeline.alerts.message import evidence_message
from pipeline.api.deps import Actor, App, Who, needs, own
from pipeline.api.desk_models import ByHand, ShelfOut, Shelving, Together
from pipeline.api.models import AlertOut, AlertPage, AlertState, Resolution
from pipeline.api.times import Moment
from pipeline.store.faults import Forbidden, Unknown
from pipeline.store.queries import MAX_PAGE, AlertFilter
from pipeline.types import Severity

router = APIRouter(prefix="/alerts", tags=["alerts"])

OPEN = ("new", "acknowledged", "shelved")
Names = Annotated[list[str], Query(max_length=50)]


@router.get("", response_model=AlertPage)
@needs("view")
def list_alerts(
    app: App,
    who: Who,
    camera: Names = [],  # noqa: B006
    zone: Names = [],  # noqa: B006
    kind: Names = [],  # noqa: B006
    rule: Names = [],  # noqa: B006
    severity: Annotated[list[Severity], Query()] = [],  # noqa: B006
    state: Annotated[list[AlertState], Query()] = [],  # noqa: B006
    open: Annotated[bool | None, Query(description="everything that is not resolved, or only what is")] = None,  # noqa: A002
    incident: str | None = None,
    since: Annotated[Moment | None, Query(description="seconds since the epoch, or ISO 8601 with a zone")] = None,
    until: Annotated[Moment | None, Query(description="as since; not included")] = None,
    text: Annotated[str, Query(max_length=200, description="words that all must occur")] = "",
    trial: Literal["exclude", "include", "only"] = "exclude",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Any:
    """Alerts by time, newest first. Each filter may be given several times; alerts of rules on trial only on demand."""
    states = tuple(state) or (() if open is None else OPEN if open else ("resolved",))
    wanted = AlertFilter(
        cameras=camera, zones=zone, kinds=kind, rules=rule, severities=severity, states=states, incident_id=incident,
        since_utc=since, until_utc=until, text=text, trial=trial, only=who.cameras,
    )  # fmt: skip
    page = app.store.alerts(wanted, limit=limit, cursor=cursor)
    return {"items": page.items, "next_cursor": page.next_cursor, "feed_seq": page.feed_seq}


@router.post("", response_model=AlertOut, status_code=201)
@needs("operate")
def raise_by_hand(app: App, actor: Actor, who: Who, seen: ByHand) -> Any:
    """Raise an incident by hand; the camera's latest picture is kept with it."""
    known = {camera.camera_id: camera for camera in app.settings.cameras}
    if seen.camera_id not in known or not who.sees(seen.camera_id):
        raise Unknown(f"no camera {seen.camera_id[:80]!r}")
    if seen.zone_id is not None and seen.zone_id not in known[seen.camera_id].zones:
        raise Forbidden(f"camera {seen.camera_id} has no zone {seen.zone_id[:80]!r}")
    made = app.store.raise_by_hand(
        camera_id=seen.camera_id, zone_id=seen.zone_id, severity=seen.severity, note=seen.note, actor=actor
    )
    jpeg = app.control.picture(seen.camera_id)
    kept = EvidenceFolder(app.settings.evidence).write_snapshot(made["alert_id"], jpeg) if jpeg else None
    if kept is None:
        return made
    utc = app.store.clock.utc()
    app.store.ingest([
        evidence_message(alert_id=made["alert_id"], camera_id=seen.camera_id, evidence=kept, raised_utc=utc)
    ])  # fmt: skip
    return app.store.alert(made["alert_id"])


@router.post("/together", response_model=list[AlertOut])
@needs("operate")
def together(app: App, actor: Actor, who: Who, asked: Together) -> Any:
    """Acknowledge or resolve several alerts at once, all or none: of one rule and one zone only (422 otherwise)."""
    for alert_id in asked.alert_ids:
        get_alert(app, who, alert_id)
    if asked.do == "acknowledge":
        return app.store.acknowledge_all(asked.alert_ids, actor=actor)
    if asked.disposition is None:
        raise Forbidden("to resolve, a disposition is needed")
    return app.store.resolve_all(asked.alert_ids, actor=actor, disposition=asked.disposition, note=asked.note)


@router.get("/{alert_id}", response_model=AlertOut)
@needs("view")
def get_alert(app: App, who: Who, alert_id: str) -> Any:
    """One alert with its evidence."""
    return own(who, app.store.alert(alert_id), f"no alert {alert_id[:80]!r}")


@router.post("/{alert_id}/acknowledge", response_model=AlertOut)
@needs("operate")
def acknowledge(app: App, actor: Actor, who: Who, alert_id: str) -> Any:
    """Take note of an alert. Again by the same person changes nothing; by another is a conflict (409)."""
    get_alert(app, who, alert_id)
    return app.store.acknowledge(alert_id, actor=actor)


@router.post("/{alert_id}/resolve", response_model=AlertOut)
@needs("operate")
def resolve(app: App, actor: Actor, who: Who, alert_id: str, resolution: Resolution) -> Any:
    """Say how an alert ended. A resolved alert is never opened again."""
    get_alert(app, who, alert_id)
    return app.store.resolve(alert_id, actor=actor, disposition=resolution.disposition, note=resolution.note)


@router.post("/{alert_id}/shelve", response_model=ShelfOut, status_code=201)
@needs("operate")
def shelve(app: App, actor: Actor, who: Who, alert_id: str, asked: Shelving) -> Any:
    """Keep the rule and zone of this alert off the desk for a while; evidence is still recorded. Not for faults of the
    system itself, nor for longer than `shelve_most_s` of the site."""
    get_alert(app, who, alert_id)
    return app.store.shelve(alert_id, actor=actor, reason=asked.reason, for_s=asked.minutes * 60)

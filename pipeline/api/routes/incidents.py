"""Incidents: the alerts of one stay, handled together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from pipeline.api.deps import Actor, App, Who, needs, own
from pipeline.api.desk_models import HandOver, ProtocolOut, Tick
from pipeline.api.models import AlertState, IncidentPage, IncidentWithAlerts, Resolution
from pipeline.store.queries import MAX_PAGE

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.get("", response_model=IncidentPage)
@needs("view")
def list_incidents(
    app: App,
    who: Who,
    state: Annotated[list[AlertState], Query()] = [],  # noqa: B006
    trial: Literal["exclude", "include", "only"] = "exclude",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Any:
    """Incidents by their beginning, newest first."""
    page = app.store.incidents(states=state, trial=trial, limit=limit, cursor=cursor, only=who.cameras)
    return {"items": page.items, "next_cursor": page.next_cursor, "feed_seq": page.feed_seq}


@router.get("/{incident_id}", response_model=IncidentWithAlerts)
@needs("view")
def get_incident(app: App, who: Who, incident_id: str) -> Any:
    """One incident with its alerts, oldest first."""
    return own(who, app.store.incident(incident_id), f"no incident {incident_id[:80]!r}")


@router.post("/{incident_id}/acknowledge", response_model=IncidentWithAlerts)
@needs("operate")
def acknowledge(app: App, actor: Actor, who: Who, incident_id: str) -> Any:
    """Acknowledge all its new alerts, or none."""
    get_incident(app, who, incident_id)
    return app.store.acknowledge_incident(incident_id, actor=actor)


@router.post("/{incident_id}/resolve", response_model=IncidentWithAlerts)
@needs("operate")
def resolve(app: App, actor: Actor, who: Who, incident_id: str, resolution: Resolution) -> Any:
    """Resolve all its open alerts, or none."""
    get_incident(app, who, incident_id)
    return app.store.resolve_incident(
        incident_id, actor=actor, disposition=resolution.disposition, note=resolution.note
    )


@router.post("/{incident_id}/claim", response_model=IncidentWithAlerts)
@needs("operate")
def claim(app: App, actor: Actor, who: Who, incident_id: str) -> Any:
    """Work on it: nobody else can resolve it for `claim_s` of the site. Again by the same person starts that anew."""
    get_incident(app, who, incident_id)
    return app.store.claim_incident(incident_id, actor=actor)


@router.post("/{incident_id}/release", response_model=IncidentWithAlerts)
@needs("operate")
def release(app: App, actor: Actor, who: Who, incident_id: str) -> Any:
    """Let go of it."""
    get_incident(app, who, incident_id)
    return app.store.release_incident(incident_id, actor=actor)


@router.post("/{incident_id}/hand-over", response_model=IncidentWithAlerts)
@needs("operate")
def hand_over(app: App, actor: Actor, who: Who, incident_id: str, given: HandOver) -> Any:
    """Give it to another person, who holds it from now on and is called."""
    get_incident(app, who, incident_id)
    return app.store.hand_over_incident(incident_id, actor=actor, to=given.to, note=given.note)


@router.get("/{incident_id}/protocol", response_model=ProtocolOut)
@needs("view")
def protocol(app: App, who: Who, incident_id: str) -> Any:
    """The steps of the site's protocol, with who ticked them off when."""
    get_incident(app, who, incident_id)
    return app.store.protocol(incident_id)


@router.post("/{incident_id}/tick", response_model=ProtocolOut)
@needs("operate")
def tick(app: App, actor: Actor, who: Who, incident_id: str, ticked: Tick) -> Any:
    """Tick a step off, or take the tick away; a claim of one's own lasts from now."""
    get_incident(app, who, incident_id)
    return app.store.tick(incident_id, ticked.step, done=ticked.done, actor=actor)


@router.post("/{incident_id}/confirm", response_model=ProtocolOut)
@needs("operate")
def confirm(app: App, actor: Actor, who: Who, incident_id: str) -> Any:
    """A second person has seen it and agrees."""
    get_incident(app, who, incident_id)
    return app.store.confirm(incident_id, actor=actor)

"""Alerts: list, look at, acknowledge, resolve."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from pipeline.api.deps import Actor, App, Who, needs, own
from pipeline.api.models import AlertOut, AlertPage, AlertState, Resolution
from pipeline.api.times import Moment
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

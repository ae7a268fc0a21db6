"""Sinks: how they are doing, their dead letters, and to whom an alert was sent."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from pipeline.access.roles import Principal
from pipeline.api.deps import Actor, App, Parts, Who, needs, own
from pipeline.api.outbound import Out
from pipeline.store.life import Unknown

router = APIRouter(tags=["sinks"])


class SinkOut(BaseModel):
    """A destination. `target` holds no credential. `waiting` notices are its own, `behind` changes of the feed are not
    looked at so far, `lag_s` is the age of the oldest that waits; `delivered` and `dead` count since ever."""

    model_config = ConfigDict(extra="forbid")

    name: str
    kind: Literal["webhook", "mqtt", "email"]
    target: str
    state: Literal["working", "failing"]
    waiting: int
    behind: int
    lag_s: float
    sent: int
    delivered: int
    dead: int
    last_sent_utc: float | None
    last_error: str | None
    last_error_utc: float | None
    failing_utc: float | None


class SinkList(BaseModel):
    """Every sink of the site, in its order."""

    items: list[SinkOut]


class DeliveryOut(BaseModel):
    """One change of an alert at one sink. `attempts` counts refusals; `remark` says why, or what is to be known."""

    sink: str
    feed_seq: int
    notice_id: str
    alert_id: str
    told: str
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    first_utc: float
    utc: float
    remark: str


class DeliveryList(BaseModel):
    """Deliveries in the order of the feed."""

    items: list[DeliveryOut]


class Retried(BaseModel):
    """How many dead letters wait again."""

    waiting: int


@router.get("/sinks", response_model=SinkList)
@needs("view")
def list_sinks(out: Out) -> Any:
    """Every sink with its lag and its last error."""
    return {"items": out.sinks.view()}


@router.get("/sinks/{name}/dead", response_model=DeliveryList)
@needs("inspect")
def dead_letters(app: App, out: Out, who: Who, name: str) -> Any:
    """The latest dead letters of a sink, at most a hundred, the newest first."""
    try:
        rows = [asdict(row) for row in out.sinks.dead(name)]
    except KeyError:
        raise Unknown(f"no sink {name[:80]!r}") from None
    return {"items": [row for row in rows if who.cameras is None or _seen(app, who, row["alert_id"])]}


@router.post("/sinks/{name}/retry", response_model=Retried, status_code=202)
@needs("configure")
def retry(out: Out, actor: Actor, name: str) -> Any:
    """Send a sink's dead letters again, with the ids they had."""
    try:
        return {"waiting": out.sinks.retry(name, actor=actor)}
    except KeyError:
        raise Unknown(f"no sink {name[:80]!r}") from None


@router.get("/alerts/{alert_id}/deliveries", response_model=DeliveryList)
@needs("view")
def alert_deliveries(app: App, out: Out, who: Who, alert_id: str) -> Any:
    """To whom each change of this alert was sent, and whether it arrived."""
    own(who, app.store.alert(alert_id), f"no alert {alert_id[:80]!r}")
    return {"items": out.sinks.deliveries(alert_id)}


def _seen(app: Parts, who: Principal, alert_id: str) -> bool:
    alert = app.store.alert(alert_id)
    return alert is not None and who.sees(str(alert["camera_id"]))

"""The audit log, for auditors: who did what, and whether the log is whole."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from pipeline.api.deps import App, needs
from pipeline.api.times import Moment
from pipeline.store import audit

router = APIRouter(prefix="/audit", tags=["audit"])

LAST = 2**53
"""The greatest whole number that a page can hold."""


class AuditRow(BaseModel):
    """One thing that somebody did. `hash` covers the row and the one before it."""

    id: int
    utc: float
    actor: str
    action: str
    target: str
    detail: dict[str, Any]
    hash: str


class AuditPage(BaseModel):
    """Rows, newest first; pass the last one's `id` as `before` for the next page."""

    items: list[AuditRow]
    next_before: int | None


class AuditHead(BaseModel):
    """The newest row's number and hash: note it elsewhere to notice a log that was cut off."""

    id: int
    hash: str
    utc: float | None


@router.get("", response_model=AuditPage)
@needs("audit")
def list_audit(
    app: App,
    actor: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=200)] = None,
    target: Annotated[str | None, Query(max_length=300)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    before: Annotated[int | None, Query(ge=1, le=LAST)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Any:
    """What was done, newest first."""
    wanted = audit.Wanted(actor=actor, action=action, target=target, since_utc=since, until_utc=until, before=before)
    with app.store.changing() as connection:
        rows = audit.read(connection, wanted, limit=limit + 1)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return {"items": rows[:limit], "next_before": more}


@router.get("/head", response_model=AuditHead)
@needs("audit")
def audit_head(app: App) -> Any:
    """How far the log goes."""
    with app.store.changing() as connection:
        return audit.head(connection)

"""Reports to keep or hand over, as PDF: a shift or a day, and one incident."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from pipeline.api.deps import App, Parts, Who, needs
from pipeline.api.desk_models import TimelineOut
from pipeline.api.routes.desk import check_span, get_shift, list_handovers
from pipeline.api.routes.evidence import inside
from pipeline.api.routes.incidents import get_incident
from pipeline.api.times import Moment
from pipeline.reports.incident import incident_report
from pipeline.reports.shift import shift_report

router = APIRouter(tags=["reports"])

PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}, "description": "the report"}}


@router.get("/shift/report.pdf", response_class=Response, responses=PDF)
@needs("view")
def shift_pdf(app: App, who: Who, since: Moment, until: Moment) -> Response:
    """The figures of a span with plots, tables and its hand-overs."""
    check_span(since, until)
    pages = shift_report(
        get_shift(app, who, since, until), list_handovers(app, who, limit=100)["items"],
        site=app.settings.site_name, timezone=app.settings.timezone, now_utc=app.store.clock.utc(),
    )  # fmt: skip
    return _pdf(pages, "shift")


@router.get("/incidents/{incident_id}/timeline", response_model=TimelineOut)
@needs("view")
def incident_timeline(app: App, who: Who, incident_id: str) -> Any:
    """What happened to an incident and what was done about it."""
    get_incident(app, who, incident_id)
    return {"items": app.store.timeline(incident_id)}


@router.get("/incidents/{incident_id}/report.pdf", response_class=Response, responses=PDF)
@needs("export")
def incident_pdf(app: App, who: Who, incident_id: str) -> Response:
    """One incident with its picture, its protocol and what was done. On record in the audit log."""
    incident = get_incident(app, who, incident_id)
    pages = incident_report(
        incident, app.store.timeline(incident_id), app.store.protocol(incident_id),
        picture=_picture(app, incident), site=app.settings.site_name, timezone=app.settings.timezone,
    )  # fmt: skip
    app.views.did(who, "export", f"incident/{incident_id}", form="pdf")
    return _pdf(pages, f"incident-{incident_id}")


def _picture(app: Parts, incident: dict[str, Any]) -> bytes | None:
    """The latest snapshot of an incident, where its file is still there."""
    shown = [one for alert in incident["alerts"] for one in alert["evidence"] if one["kind"] == "snapshot"]
    for one in reversed(shown):
        row = app.store.evidence(one["evidence_id"])
        path = None if row is None else inside(app.settings.evidence, row["path"])
        if path is not None:
            return path.read_bytes()
    return None


def _pdf(pages: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(pages, media_type="application/pdf", headers=headers)

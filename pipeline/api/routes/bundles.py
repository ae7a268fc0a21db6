"""Evidence of cameras and a time, to hand over as one file: signed exports, or pictures with people blurred."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask

from pipeline.access.roles import Principal
from pipeline.api.deps import App, Parts, Who, needs
from pipeline.api.routes.evidence import inside
from pipeline.api.routes.exports import write_export
from pipeline.api.times import Moment
from pipeline.evidence.blur import blurred, boxes_of
from pipeline.store.queries import AlertFilter

router = APIRouter(tags=["evidence"])

Name = Annotated[str, Field(min_length=1, max_length=64)]
MOST_ALERTS = 500
MOST_BYTES = 4 << 30
BEFORE_S, AFTER_S = 0.6, 1.2
"""A snapshot is of the frame on which its alert was raised, or one of its neighbours."""


class ExportIn(BaseModel):
    """An empty list of cameras means all that this account sees. `blurred` gives pictures alone, people made coarse."""

    model_config = ConfigDict(extra="forbid")

    cameras: Annotated[list[Name], Field(max_length=1000)] = []
    since: Moment
    until: Moment
    blurred: bool = False


@router.post(
    "/exports",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}, "description": "a zip file with an index"}},
)
@needs("export")
def export_many(app: App, who: Who, wanted: ExportIn) -> FileResponse:
    """Every alert of these cameras from `since` to `until`: its signed export each, or its picture with people blurred.
    Each is on record in the audit log. 422 where there is nothing, or more than one file should hold."""
    alerts = list(_alerts(app, who, wanted))
    if not alerts:
        raise HTTPException(422, "no alert of these cameras in this time")
    folder = Path(tempfile.mkdtemp(prefix="export-", dir=app.settings.evidence.parent))
    try:
        out = folder / "export.zip"
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
            parts = [_add(app, who, bundle, alert, wanted, folder) for alert in alerts]
            bundle.writestr("index.json", json.dumps(_index(app, who, wanted, parts), indent=1, ensure_ascii=False))
    except BaseException:
        _discard(folder)
        raise
    app.views.did(
        who, "exported together", "alerts", alerts=len(alerts), cameras=wanted.cameras, since=wanted.since,
        until=wanted.until, blurred=wanted.blurred,
    )  # fmt: skip
    return FileResponse(
        out, media_type="application/zip", filename="evidence-blurred.zip" if wanted.blurred else "evidence.zip",
        headers={"Cache-Control": "no-store"}, background=BackgroundTask(_discard, folder),
    )  # fmt: skip


def _alerts(app: Parts, who: Principal, wanted: ExportIn) -> Iterator[dict[str, Any]]:
    if not wanted.since < wanted.until:
        raise HTTPException(422, "since must lie before until")
    asked = AlertFilter(
        cameras=[name for name in wanted.cameras if who.sees(name)] or ["\0"] if wanted.cameras else [],
        since_utc=wanted.since, until_utc=wanted.until, trial="include", only=who.cameras,
    )  # fmt: skip
    cursor, count, size = None, 0, 0
    while True:
        page = app.store.alerts(asked, limit=100, cursor=cursor)
        for alert in page.items:
            count, size = count + 1, size + _size(app, alert)
            if count > MOST_ALERTS or size > MOST_BYTES:
                raise HTTPException(422, f"more than {MOST_ALERTS} alerts or 4 GiB: take a shorter time")
            yield alert
        cursor = page.next_cursor
        if cursor is None:
            return


def _size(app: Parts, alert: dict[str, Any]) -> int:
    rows = [app.store.evidence(one["evidence_id"]) for one in alert["evidence"]]
    paths = [inside(app.settings.evidence, row["path"]) for row in rows if row is not None]
    return sum(path.stat().st_size for path in paths if path is not None)


def _add(
    app: Parts, who: Principal, bundle: zipfile.ZipFile, alert: dict[str, Any], wanted: ExportIn, folder: Path
) -> dict[str, Any]:
    told = {name: alert[name] for name in ("alert_id", "camera_id", "zone_id", "kind", "utc")}
    if wanted.blurred:
        picture, why = _blurred(app, alert)
        name = f"{alert['alert_id']}.jpg" if picture is not None else None
        if picture is not None and name is not None:
            bundle.writestr(name, picture)
            app.views.did(who, "export", f"alert/{alert['alert_id']}", form="blurred picture")
        return told | {"file": name, "left_out": why}
    name, part = f"alert-{alert['alert_id']}.zip", folder / "one.zip"
    made = write_export(app, part, alert["alert_id"], actor=who.name)
    bundle.write(part, name)
    part.unlink()
    return told | {"file": name, "sha256": made.sha256, "files": dict(made.files)}


def _blurred(app: Parts, alert: dict[str, Any]) -> tuple[bytes | None, str | None]:
    """The picture, or why there is none."""
    rows = [app.store.evidence(one["evidence_id"]) for one in alert["evidence"] if one["kind"] == "snapshot"]
    paths = [inside(app.settings.evidence, row["path"]) for row in rows if row is not None]
    path = next((one for one in paths if one is not None), None)
    if path is None:
        return None, "no picture is kept"
    read, utc = app.settings.tracks, float(alert["utc"])
    found = None if read is None else boxes_of(read(alert["camera_id"], utc - BEFORE_S, utc + AFTER_S))
    if found is None:
        return None, "no track is kept of that time, so nobody knows whom to blur"
    try:
        return blurred(path.read_bytes(), found[0], aspect=found[1]), None
    except (OSError, ValueError):
        return None, "the picture cannot be read"


def _index(app: Parts, who: Principal, wanted: ExportIn, parts: list[dict[str, Any]]) -> dict[str, Any]:
    purposes = {one.camera_id: one.purpose for one in app.settings.cameras if one.purpose and who.sees(one.camera_id)}
    note = (
        "Pictures with people made coarse, as far as they were detected; not signed. Look at each before handing it on."
        if wanted.blurred
        else "One signed export an alert; `nightjar evidence verify FILE.zip` checks each."
    )
    return {
        "site": app.settings.site_name, "exported_by": who.name, "exported_utc": app.store.clock.utc(),
        "since_utc": wanted.since, "until_utc": wanted.until, "note": note, "purposes": purposes, "alerts": parts,
    }  # fmt: skip


def _discard(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink(missing_ok=True)
    folder.rmdir()

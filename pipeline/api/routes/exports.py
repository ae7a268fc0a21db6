"""Evidence to hand over: one alert as a signed zip file, and the key that it can be checked with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.background import BackgroundTask

from pipeline.api.deps import Actor, App, Parts, Who, needs, own
from pipeline.evidence.export import Exported, export
from pipeline.evidence.keys import SigningKey, signing_key
from pipeline.store import audit
from pipeline.store.dossier import read_dossier

router = APIRouter(tags=["evidence"])


@router.get(
    "/alerts/{alert_id}/export",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}, "description": "the signed export"}},
)
@needs("export")
def export_alert(app: App, actor: Actor, who: Who, alert_id: str) -> FileResponse:
    """An alert's evidence with manifest and signature; `nightjar evidence verify` checks it. On record in the audit."""
    own(who, app.store.alert(alert_id), f"no alert {alert_id[:80]!r}")
    out = Path(tempfile.mkdtemp(prefix="export-", dir=app.settings.evidence.parent)) / "export.zip"
    try:
        made = write_export(app, out, alert_id, actor=actor)
    except BaseException:
        _discard(out)
        raise
    headers = {"Cache-Control": "no-store", "X-Content-Sha256": made.sha256}
    return FileResponse(
        out, media_type="application/zip", filename=f"alert-{alert_id}.zip", headers=headers,
        background=BackgroundTask(_discard, out),
    )  # fmt: skip


def write_export(app: Parts, out: Path, alert_id: str, *, actor: str) -> Exported:
    """One alert's signed export as a file, and the row about it in the audit log.

    Raises:
        Unknown: no such alert.
    """
    with app.store.changing() as connection:
        dossier = read_dossier(connection, alert_id)
    utc = app.store.clock.utc()
    made = export(
        out, alert=dossier.alert, files=dossier.files, custody=dossier.custody, folder=app.settings.evidence,
        key=_key(app), actor=actor, utc=utc,
    )  # fmt: skip
    with app.store.changing() as connection:
        audit.record(
            connection, utc=utc, actor=actor, action="export", target=f"alert/{alert_id}",
            detail={"sha256": made.sha256, "files": dict(made.files)},
        )  # fmt: skip
    return made


@router.get("/evidence-key", response_class=PlainTextResponse)
@needs("view")
def evidence_key(app: App) -> PlainTextResponse:
    """The public key that exports of this site are signed with, PEM."""
    return PlainTextResponse(_key(app).public.pem, media_type="application/x-pem-file")


def _key(app: Any) -> SigningKey:
    return signing_key(app.settings.evidence.parent / "keys")


def _discard(out: Path) -> None:
    out.unlink(missing_ok=True)
    out.parent.rmdir()

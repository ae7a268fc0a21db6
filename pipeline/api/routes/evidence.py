"""Evidence files by opaque id: never a path from outside, never a file outside the evidence folder."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from pipeline.api.deps import App, Who, needs
from pipeline.store.life import Unknown

router = APIRouter(prefix="/evidence", tags=["evidence"])


@router.get(
    "/{evidence_id}",
    response_class=FileResponse,
    responses={200: {"content": {"*/*": {}}, "description": "the file"}, 206: {"description": "a part of it"}},
)
@needs("view")
def get_evidence(app: App, who: Who, evidence_id: str) -> FileResponse:
    """A snapshot, clip or record. Parts may be asked for (Range), so that a clip can be wound forward."""
    row = app.store.evidence(evidence_id)
    path = None if row is None else inside(app.settings.evidence, row["path"])
    if row is None or path is None or not who.sees(row["camera_id"]):
        raise Unknown("no such evidence, or its file is gone")
    app.views.saw(who, f"evidence/{evidence_id}")
    headers = {"Cache-Control": "no-store", "Content-Disposition": "inline"}
    return FileResponse(path, media_type=row["media_type"], headers=headers)


def inside(root: Path, name: str) -> Path | None:
    """The regular file `name` inside `root`, or None: missing, elsewhere, or reached through a link."""
    base = root.resolve()
    path = base / name
    try:
        if path.resolve(strict=True) != path or not path.is_relative_to(base) or not path.is_file():
            return None
    except (OSError, ValueError):
        return None
    return path

"""Cameras: how they are doing, their latest picture, a restart; and the site they belong to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from pipeline.access.roles import Principal
from pipeline.api.deps import App, Parts, Who, needs
from pipeline.api.models import CameraList, CameraOut, SiteOut
from pipeline.api.settings import CameraInfo
from pipeline.store.life import Unknown
from pipeline.types import CameraStatus

router = APIRouter(tags=["cameras"])


@router.get("/site", response_model=SiteOut)
@needs("view")
def get_site(app: App, who: Who) -> Any:
    """The site by name, its time zone, and what to draw over its cameras' pictures."""
    settings = app.settings
    cameras = [
        {"camera_id": c.camera_id, "name": c.name or c.camera_id, "purpose": c.purpose, **_drawn(c)}
        for c in settings.cameras
        if who.sees(c.camera_id)
    ]
    return {
        "name": settings.site_name, "timezone": settings.timezone, "version": settings.version, "cameras": cameras,
        "video_url": settings.video_url, "calendars": list(settings.calendars), "claim_s": settings.desk.claim_s,
        "shelve_most_s": dict(settings.desk.shelve_most_s),
    }  # fmt: skip


@router.get("/cameras", response_model=CameraList)
@needs("view")
def list_cameras(app: App, who: Who) -> Any:
    """Every camera with its status."""
    return {"items": _cameras(app, who)}


@router.get("/cameras/{camera_id}", response_model=CameraOut)
@needs("view")
def get_camera(app: App, who: Who, camera_id: str) -> Any:
    """One camera with its status."""
    for camera in _cameras(app, who):
        if camera["camera_id"] == camera_id:
            return camera
    raise Unknown(f"no camera {camera_id[:80]!r}")


@router.get(
    "/cameras/{camera_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "the latest analysed picture"}},
)
@needs("view")
def picture(
    app: App,
    who: Who,
    camera_id: str,
    turn: Annotated[str, Query(max_length=40, description="ignored; another address for the next picture")] = "",
) -> Response:
    """The latest analysed picture, masks applied; 404 while there is none. A look is on record in the audit log."""
    _known(app, who, camera_id)
    jpeg = app.control.picture(camera_id)
    if jpeg is None:
        raise Unknown(f"camera {camera_id!r} has no picture now")
    app.views.saw(who, f"camera/{camera_id}")
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.post("/cameras/{camera_id}/restart", status_code=202, response_model=CameraOut)
@needs("configure")
def restart(app: App, who: Who, camera_id: str) -> Any:
    """End and start this camera's worker. The others go on."""
    _known(app, who, camera_id)
    app.views.did(who, "restarted", f"camera/{camera_id}")
    app.control.restart(camera_id)
    return get_camera(app, who, camera_id)


def _cameras(app: Parts, who: Principal) -> list[dict[str, Any]]:
    statuses = {status.camera_id: status for status in app.control.status()}
    infos = {info.camera_id: info for info in app.settings.cameras}
    names = list(dict.fromkeys([*infos, *statuses]))
    return [_camera(app, infos.get(name), statuses.get(name), name) for name in names if who.sees(name)]


def _camera(app: Parts, info: CameraInfo | None, status: CameraStatus | None, name: str) -> dict[str, Any]:
    info = info or CameraInfo(camera_id=name)
    status = status or CameraStatus(camera_id=name, state="stopped")
    return {
        **asdict(status),
        **_drawn(info),
        "name": info.name or name,
        "subject": "movement" if status.detector == "motion" else "person",
        "numbers": app.control.numbers(name),
    }


def _drawn(info: CameraInfo) -> dict[str, Any]:
    return {"zones": dict(info.zones), "lines": dict(info.lines), "rules": [dict(rule) for rule in info.rules]}


def _known(app: Parts, who: Principal, camera_id: str) -> None:
    if not any(camera["camera_id"] == camera_id for camera in _cameras(app, who)):
        raise Unknown(f"no camera {camera_id[:80]!r}")

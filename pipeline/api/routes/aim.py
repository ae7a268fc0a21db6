"""A camera that was moved: its present view is accepted, or it is turned back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from pipeline.api.deps import Actor, App, Who, needs
from pipeline.store import audit
from pipeline.store.life import Unknown

router = APIRouter(prefix="/cameras", tags=["cameras"])


class ViewAccepted(BaseModel):
    """The camera learns its view anew from the next picture on; the alert that it was moved ends with it."""

    camera_id: str
    accepted_by: str


@router.post("/{camera_id}/accept-view", status_code=202, response_model=ViewAccepted)
@needs("configure")
def accept_view(app: App, who: Who, actor: Actor, camera_id: str) -> Any:
    """Say that a moved camera's present view is the right one. Zones stay where they are drawn: look at them first.

    404 where there is no such camera, 409 where its process does not run at present.
    """
    try:
        if not who.sees(camera_id):
            raise KeyError(camera_id)
        taken = app.control.accept_view(camera_id)
    except KeyError:
        raise Unknown(f"no camera {camera_id[:80]!r}") from None
    if not taken:
        raise HTTPException(409, f"camera {camera_id!r} does not run at present; its view cannot be learned")
    with app.store.changing() as connection:
        audit.record(
            connection, utc=app.store.clock.utc(), actor=actor, action="accept_view", target=f"camera/{camera_id}",
            detail={},
        )  # fmt: skip
    return {"camera_id": camera_id, "accepted_by": actor}

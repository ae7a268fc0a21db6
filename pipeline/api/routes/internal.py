"""Where workers deliver. They show the token that this start of the API gave them."""

from __future__ import annotations

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException

from pipeline.alerts.message import Envelope
from pipeline.api.deps import App, needs
from pipeline.api.models import Delivery, Epoch, EpochRequest, Taken
from pipeline.failpoint import failpoint


def _worker(app: App, authorization: Annotated[str, Header()] = "") -> None:
    expected = f"Bearer {app.settings.token}"
    if not hmac.compare_digest(authorization.encode(), expected.encode()):
        raise HTTPException(401, "workers only", headers={"WWW-Authenticate": "Bearer"})


router = APIRouter(prefix="/internal", dependencies=[Depends(_worker)], include_in_schema=False)


@router.post("/ingest", response_model=Taken)
@needs("worker")
def ingest(app: App, delivery: Delivery) -> Any:
    """Take messages. The answer is the store's commit: what it names is on disk."""
    receipt = app.store.ingest([Envelope(m.id, m.text, m.after) for m in delivery.messages])
    failpoint("api.before_reply")
    return {"committed": sorted(receipt.committed), "stale": sorted(receipt.stale)}


@router.post("/epoch", response_model=Epoch)
@needs("worker")
def epoch(app: App, request: EpochRequest) -> Any:
    """A worker of this camera starts: messages of earlier ones are refused from now on."""
    return {"epoch": app.store.new_epoch(request.camera_id)}

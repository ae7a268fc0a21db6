"""Taking back what was kept of a camera and a time."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipeline.api.deps import Actor, needs
from pipeline.api.times import Moment
from pipeline.errors import BadInput
from pipeline.retention.request import Erasure

router = APIRouter(prefix="/erasures", tags=["erasures"])

Name = Annotated[str, Field(min_length=1, max_length=64)]


class Erased(Protocol):
    def value(self) -> dict[str, Any]: ...


class Eraser(Protocol):
    """What the service puts into `app.state.eraser`."""

    def erase(self, wanted: Erasure) -> Erased: ...


class ErasureIn(BaseModel):
    """An empty list of cameras means all of them. What is unresolved or `real` stays unless `include_held`."""

    model_config = ConfigDict(extra="forbid")

    cameras: Annotated[list[Name], Field(max_length=1000)]
    since: Moment
    until: Moment
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
    include_held: bool = False


class ErasureOut(BaseModel):
    """What went, counted; `held` alerts that stayed; `copies` files that were not touched; `faults` what refused."""

    cameras: list[str]
    alerts: int
    evidence_files: int
    track_frames: int
    checkpoints: int
    routes: int
    views: int
    outbox_messages: int
    feed_rows: int
    dead_letters: int
    held: list[str]
    copies: list[str]
    faults: list[str]


@router.post("", response_model=ErasureOut)
@needs("admin")
def erase(request: Request, actor: Actor, wanted: ErasureIn) -> Any:
    """Erase evidence, alerts, tracks, learned routes and checkpoints of cameras from `since` to `until`. Audited; the
    cameras concerned start anew."""
    eraser: Eraser | None = getattr(request.app.state, "eraser", None)
    if eraser is None:
        raise HTTPException(503, "this API runs without the service that erases")
    try:
        return eraser.erase(
            Erasure(
                since_utc=wanted.since, until_utc=wanted.until, actor=actor, reason=wanted.reason,
                cameras=tuple(wanted.cameras), held_too=wanted.include_held,
            )
        ).value()  # fmt: skip
    except BadInput as error:
        raise HTTPException(422, str(error)) from None

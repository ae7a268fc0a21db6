"""Inputs: other systems tell that a panel was set or unset, a badge was read, somebody works late."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from pipeline.access.roles import Principal
from pipeline.api.deps import Who, needs
from pipeline.api.outbound import Out
from pipeline.api.times import Moment
from pipeline.errors import BadInput
from pipeline.inputs.desk import Told
from pipeline.inputs.entry import Kind
from pipeline.store.life import Unknown

router = APIRouter(prefix="/inputs", tags=["inputs"])

Name = Annotated[str, Field(min_length=1, max_length=64)]


class InputIn(BaseModel):
    """What was told. `panel_set` arms a calendar (closed), `panel_unset`, `late_working`, `early_opening` and `on_test`
    disarm it (open), `badge` and `note` annotate what is raised. It ends by itself: `until`, or `for_s` seconds after
    `from`. Without `calendar` the site's only one is meant; without camera and zone, every one. `note` travels with
    alerts, `who` stays in the audit. Sending the same `id` again changes nothing."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    calendar: Name | None = None
    camera: Name | None = None
    zone: Name | None = None
    from_: Annotated[Moment | None, Field(alias="from")] = None
    until: Moment | None = None
    for_s: Annotated[float | None, Field(gt=0, le=31 * 86_400)] = None
    who: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=500)] = ""
    id: Annotated[str | None, Field(min_length=1, max_length=100, pattern=r"^[\w.:-]+$")] = None


class InputOut(BaseModel):
    """An input as it is kept. Of several that arm or disarm, the one with the highest `number` wins."""

    model_config = ConfigDict(extra="forbid")

    input_id: str
    number: int
    kind: Kind
    effect: Literal["arm", "disarm", "annotate"]
    state: Literal["waiting", "active", "over"]
    calendar: str | None
    camera_id: str | None
    zone_id: str | None
    from_utc: float
    until_utc: float
    who: str
    note: str
    actor: str
    utc: float


class InputList(BaseModel):
    """What holds now or will."""

    items: list[InputOut]


@router.get("", response_model=InputList)
@needs("view")
def list_inputs(out: Out, who: Who) -> Any:
    """What holds now or will, in the order in which it was told."""
    return {"items": [one for one in out.inputs.current() if _concerns(who, one["camera_id"])]}


@router.post("", response_model=InputOut, status_code=201)
@needs("operate")
def take_input(out: Out, who: Who, told: InputIn) -> Any:
    """Arm, disarm or annotate for a time. The cameras follow within a second, without a restart."""
    if not _concerns(who, told.camera):
        raise HTTPException(422, f"camera: {who.name} sees some cameras only and must name one of them")
    wanted = Told(
        kind=told.kind, calendar=told.calendar, camera_id=told.camera, zone_id=told.zone, from_utc=told.from_,
        until_utc=told.until, for_s=told.for_s, who=told.who, note=told.note, input_id=told.id,
    )  # fmt: skip
    try:
        return out.inputs.take(wanted, actor=who.name)
    except BadInput as error:
        raise HTTPException(422, str(error)) from None


@router.post("/{input_id}/end", response_model=InputOut)
@needs("operate")
def end_input(out: Out, who: Who, input_id: str) -> Any:
    """End an input now."""
    if who.cameras is not None and not any(
        one["input_id"] == input_id and _concerns(who, one["camera_id"]) for one in out.inputs.current()
    ):
        raise Unknown(f"no input {input_id[:80]!r}")
    return out.inputs.end(input_id, actor=who.name)


def _concerns(who: Principal, camera_id: str | None) -> bool:
    """An account that is limited to cameras has to do with inputs of those alone."""
    return who.cameras is None or (camera_id is not None and who.sees(camera_id))

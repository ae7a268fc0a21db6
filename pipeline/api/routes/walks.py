"""Walk tests: somebody walks the site with a phone, and each zone and line is ticked off as feet reach it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from pipeline.access.roles import Principal
from pipeline.api.deps import App, Parts, Who, needs
from pipeline.errors import BadInput
from pipeline.reports.walk import walk_report
from pipeline.store.life import Unknown

router = APIRouter(prefix="/setup/walks", tags=["setup"])

Name = Annotated[str, Field(min_length=1, max_length=64)]
WalkId = Annotated[str, Path(min_length=1, max_length=64)]
LOOK_S = 0.2
BEAT_S = 5.0
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}, "description": "the sheet"}}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "events until the walk ends"}
}


class Setup(Protocol):
    """What the service puts into `app.state.setup`; values as `pipeline.editing.walk.Walk` has them. Raises KeyError
    where there is no such walk or camera, BadInput where one cannot be begun."""

    def document(self) -> dict[str, Any]: ...
    def begin_walk(self, cameras: list[str], *, minutes: float, actor: str) -> dict[str, Any]: ...
    def walk(self, walk_id: str) -> dict[str, Any]: ...
    def walks(self) -> list[dict[str, Any]]: ...
    def end_walk(self, walk_id: str, *, actor: str, note: str) -> dict[str, Any]: ...
    def walk_changes(self, walk_id: str, mark: dict[str, int]) -> list[tuple[str, dict[str, Any]]]: ...


class WalkIn(BaseModel):
    """Which cameras (none given: all that this account sees), and after how long it ends by itself."""

    model_config = ConfigDict(extra="forbid")

    cameras: Annotated[list[Name], Field(max_length=1000)] = []
    minutes: Annotated[float, Field(gt=0, le=240)] = 60.0


class EndIn(BaseModel):
    """What whoever walked wants to have on the sheet."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=500)] = ""


class TargetOut(BaseModel):
    """A zone or line; `foot` normalised, `way` the side a line was crossed to."""

    camera_id: str
    kind: Literal["zone", "line"]
    name: str
    reached_utc: float | None
    foot: tuple[float, float] | None
    height_px: float | None
    way: Literal["left", "right"] | None


class MetOut(BaseModel):
    """How one camera saw people meanwhile: heights in pixels of a picture of `width` by `height`."""

    camera_id: str
    frames: int
    least_px: float | None
    most_px: float | None
    width: int
    height: int


class WalkOut(BaseModel):
    """A walk; `ended_utc` null while it goes on."""

    walk_id: str
    actor: str
    begun_utc: float
    until_utc: float
    ended_utc: float | None
    ended_by: str | None
    version: int
    note: str
    targets: list[TargetOut]
    cameras: list[MetOut]


class WalkList(BaseModel):
    """Newest first."""

    items: list[WalkOut]


def _setup(request: Request) -> Setup:
    setup: Setup | None = getattr(request.app.state, "setup", None)
    if setup is None:
        raise HTTPException(503, "this API runs without the service that sets the site up")
    return setup


Desk = Annotated[Setup, Depends(_setup)]


@router.post("", status_code=201, response_model=WalkOut)
@needs("configure")
def begin_walk(app: App, setup: Desk, who: Who, wanted: WalkIn) -> Any:
    """Begin a walk test: from now on feet tick off zones and lines, whatever calendars say. It ends by itself."""
    cameras = list(dict.fromkeys(wanted.cameras)) or [name for name in setup.document()["cameras"] if who.sees(name)]
    for name in cameras:
        if not who.sees(name):
            raise Unknown(f"no camera {name!r}")
    try:
        walk = setup.begin_walk(cameras, minutes=wanted.minutes, actor=who.name)
    except KeyError as error:
        raise Unknown(f"no camera {error.args[0]!r}") from None
    except BadInput as error:
        raise HTTPException(422, str(error)) from None
    app.views.did(who, "walk test begun", f"walk/{walk['walk_id']}", cameras=cameras, minutes=wanted.minutes)
    return walk


@router.get("", response_model=WalkList)
@needs("inspect")
def list_walks(setup: Desk, who: Who) -> Any:
    """Walks that go on and the sheets of those that ended."""
    try:
        return {"items": [_seen(who, walk) for walk in setup.walks() if _sees(who, walk)]}
    except KeyError:
        raise Unknown("no walks") from None


@router.get("/{walk_id}", response_model=WalkOut)
@needs("inspect")
def get_walk(setup: Desk, who: Who, walk_id: WalkId) -> Any:
    """One walk: what was reached and what was not."""
    return _own(setup, who, walk_id)


@router.post("/{walk_id}/end", response_model=WalkOut)
@needs("configure")
def end_walk(app: App, setup: Desk, who: Who, walk_id: WalkId, given: EndIn) -> Any:
    """End a walk; its sheet is kept."""
    before = _own(setup, who, walk_id)
    if before["ended_utc"] is not None:
        return before
    walk = setup.end_walk(walk_id, actor=who.name, note=given.note)
    reached = sum(one["reached_utc"] is not None for one in walk["targets"])
    app.views.did(who, "walk test ended", f"walk/{walk_id}", reached=reached, of=len(walk["targets"]))
    return _seen(who, walk)


@router.get("/{walk_id}/sheet.pdf", response_class=Response, responses=PDF)
@needs("inspect")
def walk_sheet(app: App, setup: Desk, who: Who, walk_id: WalkId) -> Response:
    """The commissioning sheet. On record in the audit log."""
    walk = _own(setup, who, walk_id)
    pages = walk_report(walk, site=app.settings.site_name, timezone=app.settings.timezone)
    app.views.did(who, "export", f"walk/{walk_id}", form="pdf")
    headers = {"Content-Disposition": f'attachment; filename="walk-{walk_id}.pdf"', "Cache-Control": "no-store"}
    return Response(pages, media_type="application/pdf", headers=headers)


@router.get("/{walk_id}/live", response_class=StreamingResponse, responses=EVENTS)
@needs("configure")
async def walk_live(app: App, setup: Desk, who: Who, request: Request, walk_id: WalkId) -> StreamingResponse:
    """Who stands where, as it happens: `walk` first with all that is known, then `sight` (feet and heights of one
    camera's frame), `reached` (a zone or line), `beat`, and `end`."""
    walk = await asyncio.to_thread(_own, setup, who, walk_id)
    for met in walk["cameras"]:
        await asyncio.to_thread(app.views.saw, who, f"camera/{met['camera_id']}")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    told = _events(app, setup, who, walk, still=request.state.still)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def _events(
    app: Parts, setup: Setup, who: Principal, walk: dict[str, Any], *, still: Callable[[], bool]
) -> AsyncIterator[bytes]:
    yield _event("walk", walk)
    mark: dict[str, int] = {}
    beat_at = app.store.clock.monotonic()
    while not app.hub.closing:
        try:
            changes = setup.walk_changes(walk["walk_id"], mark)
        except KeyError:
            return
        for name, value in changes:
            if name == "end":
                yield _event("end", _seen(who, value))
                return
            if who.sees(value["camera_id"]):
                yield _event(name, value)
        if app.store.clock.monotonic() - beat_at >= BEAT_S / 2:
            if not await asyncio.to_thread(still):
                return
            beat_at = app.store.clock.monotonic()
            yield _event("beat", {})
        await asyncio.sleep(LOOK_S)


def _event(name: str, value: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n".encode()


def _own(setup: Setup, who: Principal, walk_id: str) -> dict[str, Any]:
    try:
        walk = setup.walk(walk_id)
    except KeyError:
        raise Unknown(f"no walk {walk_id!r}") from None
    if not _sees(who, walk):
        raise Unknown(f"no walk {walk_id!r}")
    return _seen(who, walk)


def _sees(who: Principal, walk: dict[str, Any]) -> bool:
    return any(who.sees(met["camera_id"]) for met in walk["cameras"])


def _seen(who: Principal, walk: dict[str, Any]) -> dict[str, Any]:
    """The walk without cameras of others."""
    parts = {part: [one for one in walk[part] if who.sees(one["camera_id"])] for part in ("targets", "cameras")}
    return walk | parts

"""Setting up the site: the document with its versions, cameras tried and found, and what a change would have raised."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.access.addresses import check_camera_address
from pipeline.access.roles import Principal
from pipeline.api.deps import App, Who, needs
from pipeline.errors import BadInput, NightjarError
from pipeline.store.life import Unknown

router = APIRouter(prefix="/setup", tags=["setup"])

Name = Annotated[str, Field(min_length=1, max_length=64)]
PathName = Annotated[str, Path(min_length=1, max_length=64)]
Days = Annotated[float, Query(gt=0, le=31)]
IfMatch = Annotated[str | None, Header(max_length=80)]


class Setup(Protocol):
    """What the service puts into `app.state.setup`; errors and values as `pipeline.editing.setup.Setup` has them."""

    def document(self) -> dict[str, Any]: ...
    def put_camera(
        self, camera_id: str, values: dict[str, Any], *, seen: str, actor: str, note: str
    ) -> dict[str, Any]: ...
    def remove_camera(self, camera_id: str, *, seen: str, actor: str) -> dict[str, Any]: ...
    def put_calendar(
        self, name: str, values: dict[str, Any] | None, *, seen: str, actor: str, note: str
    ) -> dict[str, Any]: ...
    def versions(self) -> list[dict[str, Any]]: ...
    def version_difference(self, number: int) -> list[str]: ...
    def roll_back(self, number: int, *, seen: str, actor: str) -> dict[str, Any]: ...
    def dry_run(self, camera_id: str, values: dict[str, Any], *, days: float) -> dict[str, Any]: ...
    def past(self, camera_id: str, *, days: float) -> dict[str, Any]: ...
    def closed(self, name: str, *, first: date, days: int) -> list[dict[str, Any]]: ...
    def try_source(self, source: str) -> dict[str, Any]: ...
    def try_camera(self, camera_id: str) -> dict[str, Any]: ...
    def discover(self) -> list[dict[str, Any]]: ...


class DocumentOut(BaseModel):
    """The site as pages edit it; `digest` is its ETag. `fault` says why an edit of the file was not taken up."""

    number: int
    utc: float
    actor: str
    note: str
    digest: str
    fault: str | None
    site: dict[str, Any]
    cameras: dict[str, Any]
    calendars: dict[str, Any]
    detector: dict[str, Any]


class PartIn(BaseModel):
    """A camera's or a calendar's part of the site file, with the keys that the file has."""

    model_config = ConfigDict(extra="forbid")

    values: dict[str, Any]
    note: Annotated[str, Field(max_length=200)] = ""


class DryRunIn(BaseModel):
    """A camera's part as it would be, and how many days of tracks to try it on."""

    model_config = ConfigDict(extra="forbid")

    camera_id: Name
    values: dict[str, Any]
    days: Annotated[float, Field(gt=0, le=31)] = 7.0


class SourceIn(BaseModel):
    """An address to try, or a camera that is saved already."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str | None, Field(max_length=2000)] = None
    camera_id: Name | None = None


class VersionOut(BaseModel):
    """One version of the site file: who, when, and why."""

    number: int
    utc: float
    actor: str
    note: str
    digest: str


class SavedOut(VersionOut):
    """What a change became: its version, and the cameras that it touches; the others go on undisturbed."""

    added: list[str]
    removed: list[str]
    altered: list[str]


class VersionList(BaseModel):
    """Newest first."""

    items: list[VersionOut]


class DifferenceOut(BaseModel):
    """Lines as `diff -u` shows them, without credentials."""

    lines: list[str]


class ClosedOut(BaseModel):
    """Closed (armed) intervals, merged and in order."""

    items: list[dict[str, Any]]


def _setup(request: Request) -> Setup:
    setup: Setup | None = getattr(request.app.state, "setup", None)
    if setup is None:
        raise HTTPException(503, "this API runs without the service that changes the site")
    return setup


Desk = Annotated[Setup, Depends(_setup)]


@router.get("/document", response_model=DocumentOut)
@needs("inspect")
def get_document(setup: Desk, who: Who, response: Response) -> Any:
    """The site file as plain values, addresses without credentials; its ETag is what a change must show."""
    document = setup.document()
    document["cameras"] = {name: one for name, one in document["cameras"].items() if who.sees(name)}
    response.headers["ETag"] = f'"{document["digest"]}"'
    return document


@router.put("/cameras/{camera_id}", response_model=SavedOut)
@needs("configure")
def put_camera(
    app: App, setup: Desk, who: Who, response: Response, camera_id: PathName, part: PartIn, if_match: IfMatch = None
) -> Any:
    """Add or change a camera. A source that is absent or as it was shown stays; a password goes into the secrets
    file. Refused whole where the site would have a fault (422) or another version came in between (409)."""
    _own(who, camera_id)
    _check_source(setup, who, camera_id, part.values)
    return _changed(
        app, who, f"camera {camera_id}", response,
        lambda: setup.put_camera(camera_id, part.values, seen=_seen(if_match), actor=who.name, note=part.note),
    )  # fmt: skip


@router.delete("/cameras/{camera_id}", response_model=SavedOut)
@needs("configure")
def remove_camera(
    app: App, setup: Desk, who: Who, response: Response, camera_id: PathName, if_match: IfMatch = None
) -> Any:
    """Take a camera out of the site; what was recorded of it stays until its time is over."""
    _own(who, camera_id)
    return _changed(
        app, who, f"camera {camera_id}", response,
        lambda: setup.remove_camera(camera_id, seen=_seen(if_match), actor=who.name),
    )  # fmt: skip


@router.put("/calendars/{name}", response_model=SavedOut)
@needs("configure")
def put_calendar(
    app: App, setup: Desk, who: Who, response: Response, name: PathName, part: PartIn, if_match: IfMatch = None
) -> Any:
    """Add or change a calendar; the cameras whose rules ask it start anew."""
    _whole_site(who)
    return _changed(
        app, who, f"calendar {name}", response,
        lambda: setup.put_calendar(name, part.values, seen=_seen(if_match), actor=who.name, note=part.note),
    )  # fmt: skip


@router.delete("/calendars/{name}", response_model=SavedOut)
@needs("configure")
def remove_calendar(
    app: App, setup: Desk, who: Who, response: Response, name: PathName, if_match: IfMatch = None
) -> Any:
    """Take a calendar out of the site; refused while a rule asks it."""
    _whole_site(who)
    return _changed(
        app, who, f"calendar {name}", response,
        lambda: setup.put_calendar(
            name, None, seen=_seen(if_match), actor=who.name, note=f"calendar {name} removed"
        ),
    )  # fmt: skip


@router.get("/calendars/{name}/closed", response_model=ClosedOut)
@needs("inspect")
def get_closed(
    setup: Desk,
    name: PathName,
    first: Annotated[date, Query(description="first local date")],
    days: Annotated[int, Query(ge=1, le=400)] = 14,
) -> Any:
    """When a calendar is closed, and which of its lines says so."""
    return {"items": _answered(lambda: setup.closed(name, first=first, days=days), f"calendar {name!r}")}


@router.get("/versions", response_model=VersionList)
@needs("inspect")
def list_versions(setup: Desk, who: Who) -> Any:
    """Every state that the site file was in."""
    _whole_site(who)
    return {"items": setup.versions()}


@router.get("/versions/{number}/difference", response_model=DifferenceOut)
@needs("inspect")
def get_difference(setup: Desk, who: Who, number: Annotated[int, Path(ge=1, le=10**9)]) -> Any:
    """What a version changed in the one before it."""
    _whole_site(who)
    return {"lines": _answered(lambda: setup.version_difference(number), f"version {number}")}


@router.post("/versions/{number}/restore", response_model=SavedOut)
@needs("configure")
def restore_version(
    app: App, setup: Desk, who: Who, response: Response, number: Annotated[int, Path(ge=1, le=10**9)],
    if_match: IfMatch = None,
) -> Any:  # fmt: skip
    """Go back to an older version, as a new one."""
    _whole_site(who)
    return _changed(
        app, who, f"version {number}", response,
        lambda: setup.roll_back(number, seen=_seen(if_match), actor=who.name),
    )  # fmt: skip


@router.post("/dry-runs")
@needs("configure")
def dry_run(setup: Desk, who: Who, wanted: DryRunIn) -> Any:
    """What recorded tracks would have raised with a camera's part as given, beside what they raise as it is: per rule
    both counts, the alarms that come and go with their tracks, and alarms by threshold. Nothing is saved."""
    _own(who, wanted.camera_id)
    return _answered(
        lambda: setup.dry_run(wanted.camera_id, wanted.values, days=wanted.days), f"camera {wanted.camera_id!r}"
    )


@router.get("/cameras/{camera_id}/past")
@needs("inspect")
def get_past(setup: Desk, who: Who, camera_id: PathName, days: Days = 7.0) -> Any:
    """Where feet were and how tall people are at each height of the picture."""
    _own(who, camera_id)
    return _answered(lambda: setup.past(camera_id, days=days), f"camera {camera_id!r}")


@router.post("/trials")
@needs("configure")
def try_source(app: App, setup: Desk, who: Who, wanted: SourceIn) -> Any:
    """Whether an address, or a saved camera, gives a picture; else what is wrong and what to look at. Audited."""
    if (wanted.source is None) == (wanted.camera_id is None):
        raise HTTPException(422, "source or camera_id: one of them is needed")
    if wanted.camera_id is not None:
        camera_id = wanted.camera_id
        _own(who, camera_id)
        app.views.did(who, "camera tried", camera_id)
        return _answered(lambda: setup.try_camera(camera_id), f"camera {camera_id!r}")
    _check_source(setup, who, "", {"source": wanted.source})
    app.views.did(who, "address tried", "a new camera")
    return _answered(lambda: setup.try_source(wanted.source or ""), "source")


@router.post("/discoveries")
@needs("configure")
def discover(app: App, setup: Desk, who: Who) -> dict[str, Any]:
    """ONVIF cameras that answer a call on this network, within three seconds."""
    _whole_site(who)
    app.views.did(who, "cameras looked for", "network")
    return {"items": _answered(setup.discover, "network")}


def _changed(app: App, who: Principal, target: str, response: Response, change: Callable[[], dict[str, Any]]) -> Any:
    """Make a change, write down who made it, and give back its ETag."""
    try:
        saved = _answered(change, target)
    except OSError as error:
        raise HTTPException(503, f"the site file cannot be written: {error.strerror}; nothing was changed") from None
    response.headers["ETag"] = f'"{saved["digest"]}"'
    app.views.did(who, "site changed", target, version=saved["number"], note=saved["note"])
    return saved


def _answered(ask: Callable[[], Any], what: str) -> Any:
    try:
        return ask()
    except KeyError:
        raise Unknown(f"no {what}") from None
    except BadInput as error:
        raise HTTPException(422, str(error)) from None
    except NightjarError as error:  # another version came in between
        raise HTTPException(409, str(error)) from None


def _seen(if_match: str | None) -> str:
    if if_match is None:
        raise HTTPException(428, "If-Match: show the ETag of the document as you saw it")
    return if_match.strip().strip('"')


def _own(who: Principal, camera_id: str) -> None:
    if not who.sees(camera_id):
        raise Unknown(f"no camera {camera_id!r}")


def _whole_site(who: Principal) -> None:
    if who.cameras is not None:
        raise HTTPException(403, "this account is limited to cameras; the whole site is not its to see or change")


def _check_source(setup: Setup, who: Principal, camera_id: str, values: dict[str, Any]) -> None:
    """A new address must be a camera's; one that stays as it was shown is not judged again. While no account exists,
    whoever asks sits at this machine and could connect by themselves."""
    source = values.get("source")
    if who.kind == "open" or not isinstance(source, str) or not source:
        return
    known = setup.document()["cameras"].get(camera_id, {}) if camera_id else {}
    if source != known.get("source"):
        _answered(lambda: check_camera_address(source), "source")

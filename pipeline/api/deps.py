"""What routes are handed: the app's store, settings, hub and control, and who is asking.

Every route says what it needs, right above its function:

    @router.get("/things/{thing_id}")
    @needs("view")
    def get_thing(app: App, who: Who, thing_id: str) -> Any:
        return own(who, app.store.thing(thing_id), f"no thing {thing_id!r}")

One that says nothing is refused to everybody (`pipeline/api/security.py`). Holding the permission is half of it: what
was loaded must also belong to a camera that the account sees, which is what `own` is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Request

from pipeline.access.access import Access
from pipeline.access.roles import Permission, Principal
from pipeline.api.control import Control
from pipeline.api.hub import Hub
from pipeline.api.metrics import Metrics
from pipeline.api.repeats import Repeats
from pipeline.api.settings import ApiSettings
from pipeline.api.views import Views
from pipeline.store.life import Unknown
from pipeline.store.store import Store

Need = Permission | Literal["public", "signed_in", "worker"]
"""A permission, or: `public` anybody, `signed_in` anybody who is somebody, `worker` a worker's token."""
NEEDS = "__nightjar_needs__"

Route = TypeVar("Route", bound=Callable[..., Any])
Row = TypeVar("Row", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class Parts:
    """The app's parts, made once by `build_app`. Without `access` there are no accounts and only loopback is served."""

    store: Store
    control: Control
    settings: ApiSettings
    hub: Hub
    metrics: Metrics
    views: Views
    repeats: Repeats
    access: Access | None = None


def needs(need: Need) -> Callable[[Route], Route]:
    """Says what a route needs; stands below the router's decorator."""

    def declare(route: Route) -> Route:
        setattr(route, NEEDS, need)
        return route

    return declare


def need_of(endpoint: object) -> Need | None:
    """What a route said that it needs, or None where it said nothing."""
    return getattr(endpoint, NEEDS, None)


def own(who: Principal, row: Row | None, missing: str) -> Row:
    """The row, if its camera is one that `who` sees.

    Raises:
        Unknown: there is none, or it is somebody else's: the answer is the same.
    """
    if row is None or not who.sees(str(row["camera_id"])):
        raise Unknown(missing)
    return row


def parts_of(request: Request) -> Parts:
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


def _who(request: Request) -> Principal:
    who = request.state.who  # set by the gate, which stands before every route
    assert isinstance(who, Principal)
    return who


def _actor(request: Request) -> str:
    return _who(request).name


App = Annotated[Parts, Depends(parts_of)]
Who = Annotated[Principal, Depends(_who)]
Actor = Annotated[str, Depends(_actor)]

"""Keys for programs, for administrators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from pipeline.access import api_keys
from pipeline.access.roles import Permission
from pipeline.api.deps import Actor, App, needs
from pipeline.api.routes.accounts import Cameras, Name, _access
from pipeline.api.routes.session import Strict

router = APIRouter(prefix="/keys", tags=["keys"])


class KeyOut(Strict):
    """A key, never its secret."""

    key_id: str
    account: str
    label: str
    permissions: list[Permission]
    cameras: list[str] | None
    created_utc: float
    expires_utc: float
    used_utc: float | None


class KeyList(Strict):
    """All keys, those that have run out too."""

    items: list[KeyOut]


class KeyIn(Strict):
    """A key of `account`, which may not do more than the account may."""

    account: Name
    label: Annotated[str, Field(min_length=1, max_length=80)]
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=20)]
    cameras: Cameras | None = None
    days: Annotated[float, Field(gt=0, le=api_keys.LONGEST_DAYS)] = 90.0


class KeyMade(Strict):
    """A new key. `text` is shown this once: `Authorization: Bearer TEXT`."""

    key: KeyOut
    text: str


@router.get("", response_model=KeyList)
@needs("admin")
def list_keys(app: App) -> Any:
    """All keys."""
    return {"items": [asdict(key) for key in api_keys.listed(_access(app).book)]}


@router.post("", response_model=KeyMade, status_code=201)
@needs("admin")
def make_key(app: App, actor: Actor, given: KeyIn) -> Any:
    """Make a key. It always ends, after a year at the latest."""
    text, key = api_keys.make(
        _access(app).book, account=given.account, label=given.label, permissions=given.permissions,
        cameras=given.cameras, days=given.days, actor=actor,
    )  # fmt: skip
    return {"key": asdict(key), "text": text}


@router.delete("/{key_id}", status_code=204)
@needs("admin")
def revoke_key(app: App, actor: Actor, key_id: str) -> None:
    """Take a key back for good."""
    access = _access(app)
    api_keys.revoke(access.book, key_id, actor=actor)
    access.forget()

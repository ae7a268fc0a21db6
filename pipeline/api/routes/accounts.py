"""Accounts, for administrators: made, changed under an ETag, reset, removed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Response
from pydantic import Field

from pipeline.access import accounts, links, sessions
from pipeline.access.access import Access
from pipeline.access.roles import Role
from pipeline.api.deps import Actor, App, Parts, needs
from pipeline.api.routes.session import Strict

router = APIRouter(prefix="/accounts", tags=["accounts"])

Name = Annotated[str, Field(max_length=200)]
Cameras = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=2000)]


class AccountOut(Strict):
    """An account. `cameras` null means all; `version` is its ETag; never a password or a secret."""

    name: str
    role: Role
    cameras: list[str] | None
    disabled: bool
    has_password: bool
    second_factor: bool
    created_utc: float
    changed_utc: float
    signed_in_utc: float | None
    version: int


class AccountList(Strict):
    """All accounts by name."""

    items: list[AccountOut]


class AccountIn(Strict):
    """A new account. Its person sets the password through the link of the answer."""

    name: Name
    role: Role
    cameras: Cameras | None = None


class AccountChange(Strict):
    """What is given is changed; `cameras` null opens all cameras."""

    role: Role | None = None
    cameras: Cameras | None = None
    disabled: bool | None = None


class Invited(Strict):
    """An account and the token of a link with which its password is set, once, within a day:
    `/login.html#link=TOKEN`."""

    account: AccountOut
    link: str


@router.get("", response_model=AccountList)
@needs("admin")
def list_accounts(app: App) -> Any:
    """All accounts."""
    return {"items": [asdict(account) for account in accounts.listed(_access(app).book)]}


@router.post("", response_model=Invited, status_code=201)
@needs("admin")
def add_account(app: App, actor: Actor, given: AccountIn) -> Any:
    """Make an account."""
    access = _access(app)
    accounts.check_first(access.book, given.role)
    made = accounts.add(
        access.book, name=given.name, role=given.role, cameras=given.cameras, password_hash=None, actor=actor
    )
    access.forget()
    return {"account": asdict(made), "link": links.make(access.book, account=made.name, actor=actor)}


@router.get("/{name}", response_model=AccountOut)
@needs("admin")
def get_account(app: App, response: Response, name: str) -> Any:
    """One account; its ETag is what a change must show."""
    found = accounts.find(_access(app).book, name)
    response.headers["ETag"] = f'"{found.version}"'
    return asdict(found)


@router.patch("/{name}", response_model=AccountOut)
@needs("admin")
def change_account(
    app: App,
    actor: Actor,
    response: Response,
    name: str,
    given: AccountChange,
    if_match: Annotated[str | None, Header(max_length=40)] = None,
) -> Any:
    """Change role, cameras, or switch it off and on: its sessions end. `If-Match` must show the ETag that was seen (428
    without, 412 where somebody was first)."""
    access = _access(app)
    if if_match is None:
        raise HTTPException(428, "If-Match: show the ETag of the account as you saw it")
    shown = if_match.strip().strip('"')
    changes: dict[str, Any] = {key: getattr(given, key) for key in given.model_fields_set if key != "cameras"}
    if "cameras" in given.model_fields_set:
        changes["cameras"] = given.cameras
    version = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 10 else 0
    changed = accounts.change(access.book, name, actor=actor, version=version, **changes)
    access.forget()
    response.headers["ETag"] = f'"{changed.version}"'
    return asdict(changed)


@router.delete("/{name}", status_code=204)
@needs("admin")
def remove_account(app: App, actor: Actor, name: str) -> None:
    """Remove an account with its sessions and keys. What it did stays on record."""
    access = _access(app)
    accounts.remove(access.book, name, actor=actor)
    access.forget()


@router.post("/{name}/reset", response_model=Invited)
@needs("admin")
def reset_account(app: App, actor: Actor, name: str) -> Any:
    """Forget password and second factor, end its sessions, and give a link for a new password."""
    access = _access(app)
    account = accounts.reset(access.book, name, actor=actor)
    access.forget()
    return {"account": asdict(account), "link": links.make(access.book, account=account.name, actor=actor)}


@router.post("/{name}/sign-out", status_code=204)
@needs("admin")
def sign_out_account(app: App, actor: Actor, name: str) -> None:
    """End every session of an account; open live feeds close within seconds."""
    access = _access(app)
    sessions.end_all(access.book, accounts.find(access.book, name).name, actor=actor)
    access.forget()


def _access(app: Parts) -> Access:
    if app.access is None:
        raise HTTPException(404, "this API runs without accounts")
    return app.access

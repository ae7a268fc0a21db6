"""Signing in and out, one's own password, second factor and sessions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from pipeline.access import accounts, recovery, second_factor, sessions, totp
from pipeline.access.access import Access, SignedIn
from pipeline.access.roles import Kind, Permission, Principal, Role
from pipeline.api.cookies import put, take_back
from pipeline.api.deps import App, Parts, Who, needs

router = APIRouter(prefix="/session", tags=["session"])

Secret = Annotated[str, Field(max_length=1024)]
Code = Annotated[str, Field(max_length=40)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SessionOut(Strict):
    """Who is asking. `kind` open: no account exists and whoever sits at this machine may do everything; nobody: sign in
    first. `cameras` null means all. `idle_s` is how long nothing may happen before it ends, null for no such limit."""

    kind: Kind
    name: str
    role: Role | None
    permissions: list[Permission]
    cameras: list[str] | None
    expires_utc: float | None
    idle_s: float | None
    second_factor: bool


class SignIn(Strict):
    """`code` is asked for by a problem of type `urn:nightjar:code-needed`."""

    name: Annotated[str, Field(max_length=200)]
    password: Secret
    code: Code = ""


class LinkIn(Strict):
    """The token of a link; `name` is for the first administrator's only."""

    token: Annotated[str, Field(max_length=200)]
    name: Annotated[str, Field(max_length=200)] = ""
    password: Secret


class LinkFor(Strict):
    """The token of a link."""

    token: Annotated[str, Field(max_length=200)]


class LinkOut(Strict):
    """What a link is for: the first administrator, or the password of `account`."""

    purpose: Literal["setup", "password"]
    account: str | None


class PasswordIn(Strict):
    """The old password and the new."""

    old: Secret
    new: Secret


class SecretOut(Strict):
    """A second factor to confirm: the secret in Base32, and the same as an address for a phone."""

    secret: str
    address: str


class CodesOut(Strict):
    """Recovery codes: each does once in place of the phone. They are shown here and never again."""

    codes: list[str]


class FactorOut(Strict):
    """Whether one's own account has a second factor, and how many recovery codes are left."""

    on: bool
    recovery_codes_left: int


class CodeIn(Strict):
    """The six digits that the phone shows."""

    code: Code


class Confirmation(Strict):
    """The account's own password, again."""

    password: Secret


class SessionRow(Strict):
    """A browser that is signed in."""

    session_id: str
    account: str
    created_utc: float
    active_utc: float
    expires_utc: float
    address: str
    agent: str
    this: bool


class SessionList(Strict):
    """One's own sessions, newest first."""

    items: list[SessionRow]


@router.get("", response_model=SessionOut)
@needs("public")
def get_session(who: Who) -> Any:
    """Who am I, and what may I do."""
    return _shown(who)


@router.post("", response_model=SessionOut)
@needs("public")
def sign_in(app: App, request: Request, response: Response, given: SignIn) -> Any:
    """Sign in: the answer sets the cookies. After five failures a wait is told (429, Retry-After)."""
    begun = _access(app).sign_in(
        name=given.name, password=given.password, code=given.code, address=_address(request), agent=_agent(request)
    )
    return _begin(app, response, begun)


@router.delete("", status_code=204)
@needs("signed_in")
def sign_out(app: App, who: Who, response: Response) -> None:
    """Sign out: the session is over at once, in every tab."""
    access = _access(app)
    if who.kind == "session":
        sessions.end(access.book, who.session, actor=who.name)
        access.forget()
    take_back(response, secure=app.settings.reach.secure)


@router.post("/alive", status_code=204)
@needs("signed_in")
def alive(app: App, who: Who) -> None:
    """A person did something on the page; who may change the configuration is signed out where nobody does."""
    if who.kind == "session":
        sessions.alive(_access(app).book, who.session)


@router.post("/link/look", response_model=LinkOut)
@needs("public")
def look_at_link(app: App, request: Request, given: LinkFor) -> Any:
    """What a link is for, without spending it."""
    account = _access(app).look_at_link(token=given.token, address=_address(request))
    return {"purpose": "setup" if account is None else "password", "account": account}


@router.post("/link", response_model=SessionOut)
@needs("public")
def enter_by_link(app: App, request: Request, response: Response, given: LinkIn) -> Any:
    """Make the first administrator, or set the password of the account that the link is for. It works once."""
    begun = _access(app).enter_by_link(
        token=given.token, name=given.name, password=given.password, address=_address(request), agent=_agent(request)
    )
    return _begin(app, response, begun)


@router.post("/password", status_code=204)
@needs("signed_in")
def change_password(app: App, request: Request, who: Who, given: PasswordIn) -> None:
    """Change one's own password; every other session of the account ends."""
    _browser(who)
    _access(app).change_password(who, old=given.old, new=given.new, address=_address(request))


@router.post("/second-factor", response_model=SecretOut)
@needs("signed_in")
def begin_second_factor(app: App, request: Request, who: Who, given: Confirmation) -> Any:
    """A secret for the phone; nothing is asked for until a code confirms it."""
    _browser(who)
    access = _access(app)
    access.confirm(who, given.password, _address(request))
    secret = second_factor.begin(access.book, access.vault, who.name)
    return {"secret": secret, "address": totp.address(secret, name=who.name, site=app.settings.site_name)}


@router.get("/second-factor", response_model=FactorOut)
@needs("signed_in")
def get_second_factor(app: App, who: Who) -> Any:
    """Whether signing in takes a code."""
    _browser(who)
    book = _access(app).book
    return {"on": accounts.find(book, who.name).second_factor, "recovery_codes_left": recovery.left(book, who.name)}


@router.post("/second-factor/confirm", response_model=CodesOut)
@needs("signed_in")
def confirm_second_factor(app: App, who: Who, given: CodeIn) -> Any:
    """From now on signing in takes a code of this phone. The answer holds recovery codes, this once."""
    _browser(who)
    access = _access(app)
    return {"codes": second_factor.confirm(access.book, access.vault, who.name, given.code)}


@router.post("/second-factor/recovery-codes", response_model=CodesOut)
@needs("signed_in")
def make_recovery_codes(app: App, request: Request, who: Who, given: Confirmation) -> Any:
    """Fresh recovery codes; older ones stop working. 409 without a second factor."""
    _browser(who)
    access = _access(app)
    access.confirm(who, given.password, _address(request))
    if not accounts.find(access.book, who.name).second_factor:
        raise HTTPException(409, "recovery codes stand in for a second factor: switch that on first")
    return {"codes": recovery.make(access.book, who.name, actor=who.name)}


@router.post("/second-factor/drop", status_code=204)
@needs("signed_in")
def drop_second_factor(app: App, request: Request, who: Who, given: Confirmation) -> None:
    """Ask for no code any more."""
    _browser(who)
    _access(app).drop_second_factor(who, password=given.password, address=_address(request))


@router.get("/all", response_model=SessionList)
@needs("signed_in")
def own_sessions(app: App, who: Who) -> Any:
    """Where this account is signed in."""
    _browser(who)
    found = sessions.listed(_access(app).book, who.name)
    return {"items": [asdict(session) | {"this": session.session_id == who.session} for session in found]}


@router.delete("/all", status_code=204)
@needs("signed_in")
def sign_out_elsewhere(app: App, who: Who) -> None:
    """End every other session of this account."""
    _browser(who)
    access = _access(app)
    sessions.end_all(access.book, who.name, actor=who.name, but=who.session)
    access.forget()


def _shown(who: Principal) -> dict[str, Any]:
    idle = who.kind == "session" and who.role in sessions.IDLE_ROLES
    return {
        "kind": who.kind, "name": who.name, "role": who.role,
        "permissions": sorted(name for name in who.permissions if who.may(name)),
        "cameras": None if who.cameras is None else sorted(who.cameras), "expires_utc": who.expires_utc,
        "idle_s": sessions.IDLE_S if idle else None, "second_factor": who.second_factor,
    }  # fmt: skip


def _begin(app: Parts, response: Response, begun: SignedIn) -> dict[str, Any]:
    put(response, begun.token, secure=app.settings.reach.secure, lasts_s=sessions.LONGEST_S)
    return _shown(begun.principal)


def _access(app: Parts) -> Access:
    if app.access is None:
        raise HTTPException(404, "this API runs without accounts")
    return app.access


def _browser(who: Principal) -> None:
    if who.kind != "session":
        raise HTTPException(403, "only a person who is signed in may do this, with their own account")


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")

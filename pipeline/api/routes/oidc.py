"""Signing in at the site's own provider: there with a redirect, and back again with a code."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from pipeline.access.access import Access
from pipeline.access.faults import AccessRefused, TooManyTries
from pipeline.access.oidc.flow import Flow
from pipeline.access.oidc.provider import ProviderFault
from pipeline.access.sessions import LONGEST_S
from pipeline.api import cookies
from pipeline.api.deps import App, Parts, needs

router = APIRouter(prefix="/session/oidc", tags=["session"])
log = logging.getLogger(__name__)

Short = Annotated[str | None, Query(max_length=2000)]
REDIRECT: dict[int | str, dict[str, Any]] = {303: {"description": "to the provider, or back to a page"}}
SIGN_IN = "/login.html"


class OfferOut(BaseModel):
    """What the sign-in page calls the provider; null where there is none."""

    name: str | None


@router.get("/offer", response_model=OfferOut)
@needs("public")
def offer(app: App, request: Request) -> Any:
    """Whether one can sign in elsewhere."""
    flow: Flow | None = getattr(request.app.state, "oidc", None)
    return {"name": None if flow is None or app.access is None else flow.config.name}


@router.get("", response_class=RedirectResponse, status_code=303, responses=REDIRECT)
@needs("public")
def begin(app: App, request: Request, after: Annotated[str, Query(max_length=500)] = "/") -> RedirectResponse:
    """To the provider. `after` is a page of ours to go to in the end."""
    flow, _ = _parts(app, request)
    try:
        begun = flow.begin(after=after if _ours(after) else "/")
    except ProviderFault as error:
        log.warning("sign-in at the provider: %s", error)
        return _to_page("provider")
    answer = RedirectResponse(begun.address, status_code=303)
    cookies.put_begun(answer, begun.browser, secure=app.settings.reach.secure)
    return answer


@router.get("/back", response_class=RedirectResponse, status_code=303, responses=REDIRECT)
@needs("public")
def back(
    app: App, request: Request, state: Short = None, code: Short = None, iss: Short = None, error: Short = None,
    error_description: Short = None, error_uri: Short = None, session_state: Short = None, scope: Short = None,
    authuser: Short = None, prompt: Short = None, hd: Short = None,
) -> RedirectResponse:  # fmt: skip
    """From the provider, with a code for a token. Cookies of ours are strict, so the browser goes on by way of the
    sign-in page, which is ours."""
    flow, access = _parts(app, request)
    address = request.client.host if request.client else "-"
    answer = _to_page("refused")
    try:
        if error is not None or code is None or state is None:
            raise AccessRefused("the provider refused")
        browser = cookies.begun(request.headers, secure=app.settings.reach.secure)
        identity, after = flow.end(state=state, code=code, browser=browser, issuer=iss)
        signed_in = access.enter_as(identity, address=address, agent=request.headers.get("user-agent", ""))
    except TooManyTries:
        answer = _to_page("wait")
    except ProviderFault as fault:
        log.warning("sign-in at the provider: %s", fault)
        answer = _to_page("provider")
    except AccessRefused as refused:
        access.refused_elsewhere(address=address, why=str(refused))
    else:
        answer = RedirectResponse(f"{SIGN_IN}?{urlencode({'next': after})}", status_code=303)
        cookies.put(answer, signed_in.token, secure=app.settings.reach.secure, lasts_s=LONGEST_S)
    cookies.forget_begun(answer, secure=app.settings.reach.secure)
    return answer


def _parts(app: Parts, request: Request) -> tuple[Flow, Access]:
    flow: Flow | None = getattr(request.app.state, "oidc", None)
    if flow is None or app.access is None:
        raise HTTPException(404, "no provider is configured: nightjar run --oidc FILE")
    return flow, app.access


def _to_page(problem: Literal["provider", "refused", "wait"]) -> RedirectResponse:
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'problem': problem})}", status_code=303)


def _ours(path: str) -> bool:
    return path.startswith("/") and not path.startswith(("//", "/\\"))

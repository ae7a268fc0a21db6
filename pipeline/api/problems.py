"""Errors as RFC 9457 problem documents, `application/problem+json`. Never a traceback, a path or a secret."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from pipeline.access.faults import (
    AccessRefused,
    AccountTaken,
    BadAccount,
    CodeNeeded,
    NoSuchAccount,
    Stale,
    TooManyTries,
)
from pipeline.api.repeats import InHand, OtherBody, Repeated
from pipeline.errors import StoreError
from pipeline.store.life import Conflict, Forbidden, Unknown
from pipeline.store.queries import BadCursor

log = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong; `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] = []


ANSWERS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": HTTPStatus(code).phrase, "content": {"application/problem+json": {}}}
    for code in (400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 503)
}
"""For the OpenAPI document: any route may answer these."""


CODE_NEEDED = "urn:nightjar:code-needed"
"""The type of the problem that a page answers by asking for the phone's code."""
REFUSALS: dict[type[Exception], int] = {
    Unknown: 404, Conflict: 409, Forbidden: 422, BadCursor: 400, OtherBody: 422, InHand: 409, NoSuchAccount: 404,
    AccountTaken: 409, Stale: 412, BadAccount: 422, AccessRefused: 401,
}  # fmt: skip
"""Errors whose words are meant for whoever asked; the status that says them."""


def problem(
    status: int, detail: str, *, errors: list[dict[str, Any]] | None = None, kind: str = "about:blank"
) -> JSONResponse:
    """The answer for one error."""
    body = Problem(type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    return JSONResponse(body.model_dump(), status_code=status, media_type="application/problem+json")


def add_problems(app: FastAPI) -> None:
    """Have every error of the app answered so."""

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [{"loc": [str(part) for part in e["loc"]], "msg": str(e["msg"])} for e in error.errors()]
        words = "; ".join(f"{'.'.join(f['loc'])}: {f['msg']}" for f in faults[:5])
        return problem(422, words, errors=faults[:20])

    async def _refused(request: Request, error: Exception) -> JSONResponse:
        status = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
        return problem(status, str(error), kind=CODE_NEEDED if isinstance(error, CodeNeeded) else "about:blank")

    for kind in REFUSALS:
        app.add_exception_handler(kind, _refused)

    @app.exception_handler(TooManyTries)
    async def _later(request: Request, error: TooManyTries) -> JSONResponse:
        answer = problem(429, str(error))
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
        return answer

    @app.exception_handler(Repeated)
    async def _repeated(request: Request, error: Repeated) -> Response:
        headers = {"Idempotency-Replayed": "true"}
        return Response(error.kept.body, error.kept.status, headers=headers, media_type="application/json")

    @app.exception_handler(StoreError)
    async def _store(request: Request, error: StoreError) -> JSONResponse:
        log.error("store: %s", error)
        return problem(503, "the store cannot take this now; it was not done")

    @app.exception_handler(Exception)
    async def _any(request: Request, error: Exception) -> JSONResponse:
        return problem(500, "a fault in Nightjar; its log says more")

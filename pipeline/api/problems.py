"""Errors as RFC 9457 problem documents, `application/problem+json`. Never a traceback, a path or a secret."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from pipeline.errors import StoreError
from pipeline.store.life import Conflict, Unknown
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
    for code in (400, 403, 404, 409, 413, 422, 503)
}
"""For the OpenAPI document: any route may answer these."""


def problem(status: int, detail: str, *, errors: list[dict[str, Any]] | None = None) -> JSONResponse:
    """The answer for one error."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
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

    @app.exception_handler(Unknown)
    async def _unknown(request: Request, error: Unknown) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(Conflict)
    async def _conflict(request: Request, error: Conflict) -> JSONResponse:
        return problem(409, str(error))

    @app.exception_handler(BadCursor)
    async def _cursor(request: Request, error: BadCursor) -> JSONResponse:
        return problem(400, str(error))

    @app.exception_handler(StoreError)
    async def _store(request: Request, error: StoreError) -> JSONResponse:
        log.error("store: %s", error)
        return problem(503, "the store cannot take this now; it was not done")

    @app.exception_handler(Exception)
    async def _any(request: Request, error: Exception) -> JSONResponse:
        return problem(500, "a fault in Nightjar; its log says more")

"""For outside monitors: is the store well, do the workers run, and the figures."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from pipeline.api.deps import App, Who, needs
from pipeline.api.outbound import Out

router = APIRouter(tags=["health"])


@router.get("/healthz", responses={503: {"description": "something is wrong; `causes` says what"}})
@needs("public")
def healthz(out: Out, who: Who) -> JSONResponse:
    """200 while the store answers, every camera sees, alerts move, and the disk has room; 503 with `causes` otherwise.
    What works with less (an unguarded zone, a sink) stands in `degraded` and is no 503. Who is not signed in, or sees
    some cameras only, is told yes or no.
    """
    assert out.health is not None
    health = out.health()
    body = health.view() if who.may("view") and who.cameras is None else {"ok": health.ok}
    return JSONResponse(body, status_code=200 if health.ok else 503)


@router.get("/metrics", response_class=Response)
@needs("metrics")
def metrics(app: App) -> Response:
    """Prometheus' text format."""
    return Response(app.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", include_in_schema=False)
@needs("public")
def docs() -> RedirectResponse:
    """The API's description; a page to read it with would need scripts from elsewhere."""
    return RedirectResponse("/api/v1/openapi.json")

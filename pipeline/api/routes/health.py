"""For outside monitors: is the store well, do the workers run, and the figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, RedirectResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from pipeline.api.deps import App, Who, needs

router = APIRouter(tags=["health"])

SEEING = frozenset({"running", "ended", "starting"})


@router.get("/healthz", responses={503: {"description": "the store does not answer, or a camera is blind"}})
@needs("public")
def healthz(app: App, who: Who) -> JSONResponse:
    """200 while the store answers and every camera sees; 503 otherwise, with what is wrong. Who is not signed
    in, or sees some cameras only, is told yes or no."""
    store = _store(app)
    cameras = {status.camera_id: status.state for status in app.control.status()}
    blind = sorted(name for name, state in cameras.items() if state not in SEEING)
    ok = store == "ok" and not blind
    body: dict[str, Any] = {"ok": ok}
    if who.may("view") and who.cameras is None:
        body |= {"store": store, "cameras": cameras, "blind": blind}
    return JSONResponse(body, status_code=200 if ok else 503)


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


def _store(app: App) -> str:
    try:
        app.store.feed_seq()
    except Exception as error:  # noqa: BLE001 - a monitor asks: the answer is no, not a fault
        return type(error).__name__
    return "ok"

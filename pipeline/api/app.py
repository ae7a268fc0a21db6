"""Builds the API: store, feed, control port, pages. It knows the store and a `Control`, never the workers."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from pipeline.api.control import Control, NoControl
from pipeline.api.deps import Parts
from pipeline.api.hub import Hub
from pipeline.api.metrics import Metrics
from pipeline.api.problems import ANSWERS, add_problems
from pipeline.api.routes import alerts, cameras, erasures, evidence, exports, feed, health, incidents, internal
from pipeline.api.security import Guard
from pipeline.api.settings import ApiSettings
from pipeline.store.store import Store


def build_app(store: Store, *, settings: ApiSettings, control: Control | None = None) -> FastAPI:
    """The app, ready to be served by `pipeline.api.server.make_server`."""
    chosen = control or NoControl()
    hub = Hub(store, chosen, queue_size=settings.queue_size, heartbeat_s=settings.heartbeat_s)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        try:
            yield
        finally:
            await hub.stop()

    app = FastAPI(
        title="Nightjar", version=settings.version or "0", lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", responses=ANSWERS,
    )  # fmt: skip
    app.state.parts = Parts(store, chosen, settings, hub, Metrics(store, chosen, lambda: hub.clients))
    add_problems(app)
    api = APIRouter(prefix="/api/v1")
    for part in (alerts, incidents, cameras, evidence, exports, erasures, feed):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(internal.router)
    if settings.web.is_dir():
        mimetypes.add_type("text/javascript", ".js")
        app.mount("/", StaticFiles(directory=settings.web, html=True), name="web")
    app.add_middleware(Guard, max_body_bytes=settings.max_body_bytes)
    return app

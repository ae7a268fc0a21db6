"""Builds the API: store, feed, control port, accounts, pages. It knows the store and a `Control`, never the workers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from pipeline.access.access import Access
from pipeline.api.clerk import note_head, take_over
from pipeline.api.control import Control, NoControl
from pipeline.api.deps import Parts
from pipeline.api.hub import Hub
from pipeline.api.metrics import Metrics
from pipeline.api.outbound import Outside
from pipeline.api.pages import Pages
from pipeline.api.problems import ANSWERS, add_problems
from pipeline.api.repeats import OnDisk, Remembered
from pipeline.api.routes import (
    accounts,
    aim,
    alerts,
    bundles,
    cameras,
    description,
    desk,
    erasures,
    evidence,
    exports,
    feed,
    health,
    incidents,
    inputs,
    internal,
    keys,
    oidc,
    reports,
    session,
    setup,
    sinks,
    trail,
    walks,
)
from pipeline.api.security import Guard, gate
from pipeline.api.settings import ApiSettings
from pipeline.api.sink_metrics import SinkMetrics
from pipeline.api.views import Views
from pipeline.store.store import Store

log = logging.getLogger(__name__)

CLERK_S = 1.0
NOTE_S = 60.0
VERSIONED = (
    desk, reports, alerts, incidents, cameras, aim, evidence, exports, bundles, erasures, feed, sinks, inputs, session,
    oidc, accounts, keys, trail, walks, setup, description,
)  # fmt: skip


def build_app(
    store: Store,
    *,
    settings: ApiSettings,
    control: Control | None = None,
    access: Access | None = None,
    outside: Outside | None = None,
) -> FastAPI:
    """The app, ready to be served by `pipeline.api.server.make_server`. Without `access` it serves loopback only and
    knows no accounts."""
    chosen = control or NoControl()
    store.desk_rules = settings.desk
    hub = Hub(store, chosen, queue_size=settings.queue_size, heartbeat_s=settings.heartbeat_s)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        clerk = asyncio.create_task(_work(access, store)) if access is not None else None
        try:
            yield
        finally:
            await hub.stop()
            if clerk is not None:
                clerk.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await clerk
            if access is not None:
                await asyncio.to_thread(_finish, access, store)

    app = FastAPI(
        title="Nightjar", version=settings.version or "0", lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url=None, responses=ANSWERS, dependencies=[Depends(gate)],
    )  # fmt: skip
    repeats = Remembered() if access is None else OnDisk(access.book, access.vault)
    app.state.parts = Parts(
        store, chosen, settings, hub, Metrics(store, chosen, lambda: hub.clients), Views(store), repeats, access
    )  # fmt: skip
    app.state.outside = (outside or Outside()).bound(store, chosen)
    app.state.parts.metrics.registry.register(SinkMetrics(app.state.outside.sinks.view))
    add_problems(app)
    api = APIRouter(prefix="/api/v1")
    for part in VERSIONED:
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(internal.router)
    if settings.web.is_dir():
        mimetypes.add_type("text/javascript", ".js")
        app.mount("/", Pages(settings.web, app.state.parts), name="web")
    limits = {"/internal/": settings.max_batch_bytes, "/": settings.max_body_bytes}
    app.add_middleware(Guard, max_body_bytes=limits, reach=settings.reach)
    return app


async def _work(access: Access, store: Store) -> None:
    """The clerk's loop: a fault is logged and the next turn tries again."""
    noted = -NOTE_S
    while True:
        try:
            await asyncio.to_thread(take_over, access, store)
            due = store.clock.monotonic() - noted >= NOTE_S
            if due and await asyncio.to_thread(note_head, access, store):
                noted = store.clock.monotonic()
        except Exception:
            log.exception("clerk")
        await asyncio.sleep(CLERK_S)


def _finish(access: Access, store: Store) -> None:
    """What happened up to the last moment is in the log, and how far it goes is written down."""
    try:
        while take_over(access, store):
            pass
        note_head(access, store)
    except Exception:
        log.exception("clerk")

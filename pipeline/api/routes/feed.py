"""The live feed as server-sent events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from pipeline.api.deps import App, Who, needs

router = APIRouter(tags=["feed"])


@router.get(
    "/feed",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "events until the client goes"}},
)
@needs("view")
async def feed(
    app: App,
    who: Who,
    request: Request,
    after: Annotated[
        int | None, Query(ge=0, le=2**53, description="resume after this number; absent: from now on")
    ] = None,
    trial: Annotated[bool, Query(description="also changes of alerts on trial")] = False,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """Each visible change once, in order: `id` is its number, event `alert` carries the alert as it was then with
    `change` and `announce`. `Last-Event-ID` comes before `after`. `beat` comes at least every ten seconds, `camera`
    when a camera's state changes, `resume` with `after` before a reader that is too slow is closed, `anew` where
    `after` lies ahead of all that there is: the store is another one, so begin again without a number."""
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19:
        after = int(last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        app.hub.stream(after=after, trial=trial, sees=who.sees, still=request.state.still),
        media_type="text/event-stream",
        headers=headers,
    )

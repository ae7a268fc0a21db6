"""The desk as a whole: flood and shelves, hand-overs, the figures of a shift, and what is drawn over a clip."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from pipeline.api.deps import Actor, App, Parts, Who, needs, own
from pipeline.api.desk_models import DeskOut, HandoverList, HandoverOut, ShelfOut, ShiftNote, ShiftOut, TrackOut
from pipeline.api.times import Moment
from pipeline.store.faults import Forbidden, Unknown

router = APIRouter(tags=["desk"])

LONGEST_S = 32 * 86_400.0
LATEST_UTC = 221_845_392_000.0
"""1 January 9000: reports name days, and calendars end with the year 9999."""
BEFORE_S, AFTER_S = 62.0, 12.0
"""A little more than what a clip holds before and after its event."""


@router.get("/desk", response_model=DeskOut)
@needs("view")
def get_desk(app: App, who: Who) -> Any:
    """Whether the desk is flooded, what is shelved, and who is asking."""
    state = app.store.desk_state()
    shelves = [one for one in state["shelves"] if who.sees(one["camera_id"])]
    return state | {"shelves": shelves, "actor": who.name}


@router.post("/shelves/{shelf_id}/end", response_model=ShelfOut)
@needs("operate")
def end_shelf(app: App, actor: Actor, who: Who, shelf_id: Annotated[int, Path(ge=1, le=2**53)]) -> Any:
    """End a shelf now; what still goes on comes back and calls."""
    mine = [one for one in app.store.desk_state()["shelves"] if one["shelf_id"] == shelf_id]
    if not mine or not who.sees(mine[0]["camera_id"]):
        raise Unknown(f"nothing is shelved as {shelf_id}")
    return app.store.unshelve(shelf_id, actor=actor)


@router.get("/handovers", response_model=HandoverList)
@needs("view")
def list_handovers(app: App, who: Who, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Any:
    """The latest hand-overs of a shift to the next."""
    found = app.store.handovers(limit=limit)
    return {"items": [one | {"open": [a for a in one["open"] if who.sees(a["camera_id"])]} for one in found]}


@router.post("/handovers", response_model=HandoverOut, status_code=201)
@needs("operate")
def hand_over_shift(app: App, actor: Actor, who: Who, given: ShiftNote) -> Any:
    """Hand the shift over: the note, and what is open now, are kept."""
    made = app.store.hand_over_shift(actor=actor, note=given.note)
    return made | {"open": [one for one in made["open"] if who.sees(one["camera_id"])]}


@router.get("/shift", response_model=ShiftOut)
@needs("view")
def get_shift(app: App, who: Who, since: Moment, until: Moment) -> Any:
    """Figures of a span of time, at most 32 days."""
    check_span(since, until)
    return app.store.shift(since_utc=since, until_utc=until, only=who.cameras)


@router.get("/alerts/{alert_id}/track", response_model=TrackOut)
@needs("view")
def get_track(app: App, who: Who, alert_id: str) -> Any:
    """Who was followed around an alert, to be drawn over its clip: the clip itself stays as it was recorded."""
    alert = own(who, app.store.alert(alert_id), f"no alert {alert_id[:80]!r}")
    start = next((one["start_utc"] for one in alert["evidence"] if one["kind"] == "clip"), None)
    since = alert["utc"] - BEFORE_S if start is None else start - 1.0
    return {
        "clip_start_utc": start, "track_ids": alert["track_ids"], "since_utc": alert["since_utc"], "utc": alert["utc"],
        "frames": _frames(app, alert["camera_id"], since, alert["utc"] + AFTER_S),
    }  # fmt: skip


def check_span(since: float, until: float) -> None:
    """Raises Forbidden: not a span of at most 32 days, or of a time that no calendar has."""
    if not 0 < until - since <= LONGEST_S or not 0 <= since <= LATEST_UTC:
        raise Forbidden("until must come after since, by at most 32 days; both from 1970 to 9000")


def _frames(app: Parts, camera_id: str, since: float, until: float) -> list[dict[str, Any]]:
    if app.settings.tracks is None:
        return []
    return [
        {"utc": tracks.utc, "boxes": [
            (int(track), *(round(float(v), 4) for v in box))
            for track, box in zip(tracks.track_id, tracks.xyxy, strict=True)
        ]}
        for tracks in app.settings.tracks(camera_id, since, until)
    ]  # fmt: skip

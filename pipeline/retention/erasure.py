"""Taking back what was kept of a camera and a time: everywhere, or a list of what was left and why.

The camera's own process writes its track log, checkpoint, outbox and routes, so it is ended first and starts anew
afterwards; it then knows nothing of the time either (near misses and open stays live in its memory).
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import sqlalchemy as sa

from pipeline.errors import BadInput, StoreError
from pipeline.eventlog import utc_iso
from pipeline.folders import DataFolder
from pipeline.retention.files import EvidenceShelf
from pipeline.retention.outboxes import take_back
from pipeline.retention.request import Erased, Erasure
from pipeline.retention.tracks import erase_tracks, known_cameras
from pipeline.store import audit, keeping
from pipeline.store.schema import alerts
from pipeline.store.store import Store

log = logging.getLogger(__name__)

Pause = Callable[[str], AbstractContextManager[object]]
"""Ends a camera's process for as long as the context lasts; a camera that does not run is left so."""


def erase(wanted: Erasure, *, store: Store, data: DataFolder, pause: Pause) -> Erased:
    """Erase, and write down in the audit trail who wanted it and what became of it.

    Raises:
        BadInput: the time is empty, or no such camera was ever heard of.
        StoreError: the store's disk refuses; run it again, what has gone stays gone.
    """
    if not wanted.since_utc < wanted.until_utc:
        raise BadInput("erase: --since must lie before --until")
    done = Erased(cameras=_cameras(wanted, store, data))
    with ExitStack() as stack:
        for camera_id in done.cameras:
            stack.enter_context(pause(camera_id))
        for camera_id in done.cameras:
            _camera(camera_id, wanted, done, store, data)
        _store(wanted, done, store, data)
    log.info("erased %s", json.dumps(done.value()))
    return done


def _cameras(wanted: Erasure, store: Store, data: DataFolder) -> list[str]:
    known = {path.stem for path in (data.root / "state").glob("*.json")}
    known |= {path.stem for path in (data.root / "outbox").glob("*.sqlite")}
    known |= set(known_cameras(data.tracks()))
    with store.changing() as connection:
        known |= set(connection.scalars(sa.select(alerts.c.camera_id).where(alerts.c.system.is_(False)).distinct()))
    strange = [camera for camera in wanted.cameras if camera not in known]
    if strange:
        raise BadInput(f"erase: nothing is kept of a camera {strange[0]!r}; of these is: {', '.join(sorted(known))}")
    return sorted(wanted.cameras or known)


def _camera(camera_id: str, wanted: Erasure, done: Erased, store: Store, data: DataFolder) -> None:
    """Files that the camera's process wrote. One that refuses is named, and the others go all the same."""
    steps: Sequence[tuple[str, Callable[[], int]]] = (
        (
            "track_frames",
            lambda: erase_tracks(data.tracks(), camera_id, since_utc=wanted.since_utc, until_utc=wanted.until_utc),
        ),
        ("checkpoints", lambda: _remove_if(data.checkpoint(camera_id), since_utc=wanted.since_utc)),
        ("routes", lambda: _remove_if(data.route_model(camera_id), since_utc=wanted.since_utc)),
        ("routes", lambda: _remove_if(data.routes_held(camera_id), since_utc=wanted.since_utc)),
        ("views", lambda: _remove_if(data.view(camera_id), since_utc=wanted.since_utc)),
        ("outbox_messages", lambda: _outbox(camera_id, wanted, done, store, data)),
    )
    for name, step in steps:
        try:
            setattr(done, name, getattr(done, name) + step())
        except (OSError, sqlite3.Error, StoreError) as error:
            done.faults.append(f"{camera_id}: {name}: {error}")
            log.error("erasing %s of camera %s: %s", name, camera_id, error)


def _remove_if(path: Path, *, since_utc: float) -> int:
    """What was learned or remembered is not kept by time: it goes where it may hold something of the time."""
    gone = 0
    for one in (path, path.with_suffix(".new"), path.with_name(path.name + ".new")):
        with contextlib.suppress(FileNotFoundError):
            if one.stat().st_mtime >= since_utc or _older_times(one, since_utc):
                one.unlink()
                gone += 1
    return min(1, gone)


def _older_times(path: Path, since_utc: float) -> bool:
    """A checkpoint of an old recording says times long before it was written: those count too."""
    if path.suffix != ".json":
        return False
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["utc"]) >= since_utc
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _outbox(camera_id: str, wanted: Erasure, done: Erased, store: Store, data: DataFolder) -> int:
    taken = take_back(data.outbox(camera_id), wanted, store)
    done.evidence_files += EvidenceShelf(data.evidence).remove(taken.paths)
    return taken.count


def _store(wanted: Erasure, done: Erased, store: Store, data: DataFolder) -> None:
    """The store's part and the audit row in one transaction; files go after it, and orphans are swept later."""
    utc = store.clock.utc()
    done.copies = sorted(path.name for path in data.root.glob("*.sqlite.*") if path.suffix not in (".lock",))
    with store.changing() as connection:
        wiped = keeping.wipe(
            connection, cameras=done.cameras, since_utc=wanted.since_utc, until_utc=wanted.until_utc,
            held_too=wanted.held_too, utc=utc,
        )  # fmt: skip
        done.alerts, done.held = len(wiped.alerts), wiped.held
        done.feed_rows, done.dead_letters = wiped.feed_rows, wiped.dead_letters
        detail = {key: value for key, value in done.value().items() if key not in ("held", "cameras")}
        audit.record(
            connection, utc=utc, actor=wanted.actor, action="erase", target=f"cameras/{','.join(done.cameras)}",
            detail=detail | {
                "since": utc_iso(wanted.since_utc), "until": utc_iso(wanted.until_utc), "reason": wanted.reason,
                "held": len(done.held), "held_too": wanted.held_too, "files": len(wiped.paths),
            },
        )  # fmt: skip
    done.evidence_files += EvidenceShelf(data.evidence).remove(wiped.paths)

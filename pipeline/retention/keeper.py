"""Keeps no more and no longer than the site file says: a visible loop in the service.

Every kind of data has its own time: evidence from the alert's resolution, track logs by day, the store's history,
learned routes. A quota takes what operators called a nuisance first; what is held is never taken, and where only that
is left, pictures stop and a system alert says so. Alerts never stop.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import inbox
from pipeline.clock import Clock
from pipeline.errors import NightjarError, StoreError
from pipeline.folders import DataFolder
from pipeline.retention.erasure import Pause, erase
from pipeline.retention.files import RESERVE_BYTES, EvidenceShelf
from pipeline.retention.request import Erased, Erasure
from pipeline.retention.tracks import prune_tracks
from pipeline.site.retention import RetentionConfig
from pipeline.store import audit, keeping
from pipeline.store.store import Store
from rules.routes import RouteModel

log = logging.getLogger(__name__)

LOOK_S = 1.0
FIRST_SWEEP_S = 30.0
SWEEP_S = 600.0
"""Nothing lies longer than its time and ten minutes (goal P2 of reliability.md asks for an hour)."""
WARN = 0.9
"""A quota filled to here is told of, so that somebody may resolve what is open before pictures stop."""
RELIEF = 0.85
ORPHAN_S = 3600.0
HOUR_S, DAY_S, GB = 3600.0, 86_400.0, 10**9


@dataclass(slots=True)
class Swept:
    """What one sweep removed, by kind of data, and how much evidence is left."""

    removed: dict[str, int] = field(default_factory=dict)
    evidence_bytes: int = 0
    free_bytes: int = 0

    def add(self, kind: str, count: int) -> None:
        if count:
            self.removed[kind] = self.removed.get(kind, 0) + count


class Keeper:
    """The loop. `pause` ends a camera's process for as long as its context lasts. `run_once` is one look at
    everything; `erase` may be called from any thread."""

    def __init__(
        self, store: Store, data: DataFolder, config: RetentionConfig, *, pause: Pause, clock: Clock,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:  # fmt: skip
        self._store = store
        self._data = data
        self._config = config
        self._pause = pause
        self._clock = clock
        self._reserve_bytes = reserve_bytes
        self._shelf = EvidenceShelf(data.evidence)
        self._stopping = threading.Event()
        self._erasing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._swept_s = clock.monotonic() + FIRST_SWEEP_S - SWEEP_S
        self.latest: Swept | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def erase(self, wanted: Erasure) -> Erased:
        """Erase what was kept of cameras and a time. Raises as `erasure.erase`."""
        with self._erasing:
            return erase(wanted, store=self._store, data=self._data, pause=self._pause)

    def run_once(self) -> Swept:
        """One sweep. A kind of data that cannot be swept is logged, and the others are."""
        done = Swept()
        with self._erasing:
            for sweep in (self._expire, self._orphans, self._quota, self._tracks, self._routes, self._history):
                try:
                    sweep(done)
                except (OSError, NightjarError) as error:
                    log.error("retention: %s: %s", sweep.__name__.strip("_"), error)
        self._watch_disk(done)
        if done.removed:
            gone = ", ".join(f"{count} {kind}" for kind, count in done.removed.items())
            log.info("retention: removed %s; evidence now %.2f GB", gone, done.evidence_bytes / GB)
        self.latest = done
        return done

    # -- the loop -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            for request in inbox.requests(self._data.inbox):
                self._answer(request)
            if self._clock.monotonic() - self._swept_s >= SWEEP_S:
                self._swept_s = self._clock.monotonic()
                try:
                    self.run_once()
                except Exception:  # the loop's edge: retention goes on with the next sweep
                    log.exception("retention: this sweep failed")

    def _answer(self, request: inbox.Request) -> None:
        try:
            answer = {"ok": True, **self._do(request)}
        except NightjarError as error:
            answer = {"ok": False, "error": str(error), "kind": type(error).__name__}
        except (KeyError, TypeError, ValueError):
            answer = {"ok": False, "error": f"request {request.do!r} is not understood", "kind": "BadInput"}
        with contextlib.suppress(OSError):
            inbox.reply(request, answer)

    def _do(self, request: inbox.Request) -> dict[str, Any]:
        if request.do == "audit":
            with self._store.changing() as connection:
                audit.record(connection, utc=self._clock.utc(), **request.what)
            return {}
        if request.do == "erase":
            what = request.what | {"cameras": tuple(request.what["cameras"])}
            return {"erased": self.erase(Erasure(**what)).value()}
        raise ValueError(request.do)

    # -- one kind of data each ------------------------------------------------------------------------------------

    def _expire(self, done: Swept) -> None:
        """Evidence past its time. Rows go first: a file without a row is an orphan and goes later."""
        now = self._clock.utc()
        with self._store.changing() as connection:
            files = keeping.kept_files(connection, evidence_s=self._evidence_s, held_s=self._held_s)
            due = [file for file in files if file.due_utc <= now]
            keeping.forget_files(connection, [file.evidence_id for file in due])
        self._shelf.remove(file.path for file in due)
        done.add("evidence files past their time", len(due))

    def _orphans(self, done: Swept) -> None:
        """Files that belong to no alert: their alert was never delivered, or a process died between file and row."""
        oldest = self._clock.utc() - self._evidence_s - ORPHAN_S
        with self._store.changing() as connection:
            known = keeping.known_paths(connection)
        stray = [name for name, (_, at) in self._shelf.sizes().items() if name not in known and at < oldest]
        done.add("files of no alert", self._shelf.remove(stray))
        for folder in self._data.root.glob("export-*"):
            if folder.stat().st_mtime < self._clock.utc() - ORPHAN_S:
                shutil.rmtree(folder, ignore_errors=True)
        inbox.sweep(self._data.inbox, before_utc=self._clock.utc() - ORPHAN_S)

    def _quota(self, done: Swept) -> None:
        """Nuisance first, oldest first, down to a little below the quota; held evidence never."""
        sizes = self._shelf.sizes()
        limit = self._config.evidence_gb * GB
        total = sum(size for size, _ in sizes.values())
        if total > limit:
            total -= self._take(sizes, total - RELIEF * limit, done)
        done.evidence_bytes = total
        full = total > limit
        self._shelf.close("the evidence quota is used up by what is held" if full else None)
        used = {"used_gb": round(total / GB, 3), "quota_gb": self._config.evidence_gb}
        text = "Evidence quota used up: no pictures are kept until open alerts are resolved" if full else (
            "Evidence quota nearly used up; what operators called a nuisance goes first"
        )  # fmt: skip
        self._tell("evidence_quota", total > WARN * limit, sentence=text, **used)

    def _take(self, sizes: dict[str, tuple[int, float]], wanted: float, done: Swept) -> int:
        with self._store.changing() as connection:
            files = keeping.kept_files(connection, evidence_s=self._evidence_s, held_s=self._held_s)
            order = sorted((f for f in files if f.worth is not None), key=lambda f: (f.worth, f.utc))
            chosen, freed = [], 0
            for file in order:
                if freed >= wanted:
                    break
                chosen.append(file)
                freed += sizes.get(file.path, (0, 0.0))[0]
            keeping.forget_files(connection, [file.evidence_id for file in chosen])
        self._shelf.remove(file.path for file in chosen)
        done.add("evidence files over the quota", len(chosen))
        return freed

    def _tracks(self, done: Swept) -> None:
        cutoff = self._clock.utc() - self._config.tracks_days * DAY_S
        done.add("track log segments", prune_tracks(self._data.tracks(), before_utc=cutoff))

    def _routes(self, done: Swept) -> None:
        """A learned model holds ways without their times: where a limit is set, it starts anew once it is over it."""
        if self._config.routes_days is None:
            return
        cutoff = self._clock.utc() - self._config.routes_days * DAY_S
        for path in (self._data.root / "routes").glob("*.model"):
            first_utc = _first_utc(path)
            if first_utc is not None and first_utc < cutoff:
                with self._pause(path.stem):
                    path.unlink(missing_ok=True)
                done.add("learned routes", 1)

    def _history(self, done: Swept) -> None:
        now, days = self._clock.utc(), self._config
        with self._store.changing() as connection:
            gone = keeping.prune_history(
                connection, feed_utc=now - days.feed_days * DAY_S, stuck_utc=now - 2 * days.feed_days * DAY_S,
                alerts_utc=now - days.alerts_days * DAY_S, utc=now,
            )  # fmt: skip
        for kind, count in gone.items():
            done.add(f"rows of {kind}", count)
        for copy in self._data.root.glob("store.sqlite.before-*"):
            if copy.stat().st_mtime < now - days.feed_days * DAY_S:
                copy.unlink()
                done.add("store copies of an upgrade", 1)

    # -- warnings -------------------------------------------------------------------------------------------------

    def _watch_disk(self, done: Swept) -> None:
        try:
            done.free_bytes = self._shelf.free_bytes()
        except OSError as error:
            log.error("retention: the evidence folder cannot be looked at: %s", error.strerror)
            return
        text = "The disk is nearly full: no pictures are kept; alerts go on"
        low = done.free_bytes <= self._reserve_bytes
        self._tell("evidence_disk", low, sentence=text, free_gb=round(done.free_bytes / GB, 3))

    def _tell(self, code: str, wrong: bool, **why: Any) -> None:
        """One system alert an episode, also over restarts of the service."""
        try:
            with self._store.changing() as connection:
                since = keeping.open_since(connection, code)
            if wrong and since is None:
                self._store.raise_system(code=code, since_utc=self._clock.utc(), severity="medium", **why)
                log.warning("retention: %s %s", code, why)
            elif not wrong and since is not None:
                self._store.raise_system(code=code, since_utc=since, change="end", severity="medium", **why)
        except StoreError as error:
            log.error("retention: %s cannot be told: %s", code, error)

    @property
    def _evidence_s(self) -> float:
        return self._config.evidence_h * HOUR_S

    @property
    def _held_s(self) -> float:
        return self._config.held_days * DAY_S


def _first_utc(path: Path) -> float | None:
    try:
        return RouteModel.from_bytes(path.read_bytes()).first_utc
    except (OSError, ValueError) as error:
        log.error("retention: %s cannot be read: %s", path.name, error)
        return None

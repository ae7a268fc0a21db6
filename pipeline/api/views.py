"""Who looked at what: every view of evidence and of a live picture leaves a row in the audit log.

A page asks for a live picture every two seconds and for a clip in parts. One row stands for one look: the same session
at the same thing again within `SAME_LOOK_S` is the same look, and the row says so by its length.
"""

from __future__ import annotations

import threading

from pipeline.access.roles import Principal
from pipeline.store import audit
from pipeline.store.store import Store

SAME_LOOK_S = 600.0
MOST = 20_000


class Views:
    """Remembers for a while who has been written down; the row is on disk before the picture is sent."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str], float] = {}

    def saw(self, who: Principal, target: str, *, action: str = "viewed") -> None:
        """Write down that `who` looks at `target`, unless this very look is on record."""
        self._record(who, action, target, {"within_s": SAME_LOOK_S} if action == "viewed" else {})

    def did(self, who: Principal, action: str, target: str, **detail: object) -> None:
        """Write down something that was done and leaves no other trace."""
        told = detail | ({"session": who.session} if who.session else {})
        with self._store.changing() as connection:
            utc = self._store.clock.utc()
            audit.record(connection, utc=utc, actor=who.name, action=action, target=target, detail=told)

    def refused(self, who: Principal, target: str, need: str) -> None:
        """Write down that somebody signed in asked for what they may not have."""
        self._record(who, "refused", target, {"needs": need})

    def _record(self, who: Principal, action: str, target: str, detail: dict[str, object]) -> None:
        now = self._store.clock.monotonic()
        key = (who.session or who.name, action, target)
        with self._lock:
            if now - self._seen.get(key, -SAME_LOOK_S) < SAME_LOOK_S:
                return
            if len(self._seen) >= MOST:
                self._seen.clear()
            self._seen[key] = now
        if who.session:
            detail = detail | {"session": who.session}
        try:
            with self._store.changing() as connection:
                utc = self._store.clock.utc()
                audit.record(connection, utc=utc, actor=who.name, action=action, target=target, detail=detail)
        except BaseException:
            with self._lock:
                self._seen.pop(key, None)
            raise

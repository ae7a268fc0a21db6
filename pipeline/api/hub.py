"""The live feed to many clients: one reader of the store, one bounded queue a client, nothing dropped in silence.

A client registers first and is then brought up to date from the store, so nothing falls between. One that reads too
slowly is told where to resume and closed; the others do not notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pipeline.api.control import Control
from pipeline.failpoint import failpoint
from pipeline.store.feed import Change
from pipeline.store.store import Store

log = logging.getLogger(__name__)

PAGE = 500
CHUNK = 20
PATIENCE_S = 0.2
CAMERAS_S = 1.0
"""How often cameras are looked at for a change of state."""
TEND_S = 1.0
"""How often calls, claims and shelves are looked after."""
CHECK_S = 1.0
"""How often open feeds are checked for having been signed out."""


class Client:
    """One open feed. `sent` is the number of the last change given to it."""

    def __init__(
        self,
        *,
        after: int,
        trial: bool,
        size: int,
        sees: Callable[[str], bool] = lambda camera_id: True,
        still: Callable[[], bool] = lambda: True,
    ) -> None:
        self.sent = after
        self.trial = trial
        self.sees = sees
        self.still = still
        self.slow = False
        self.queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(size)

    def offer(self, seq: int, data: bytes) -> None:
        """Queue an event, or mark the client as too slow."""
        if self.slow:
            return
        try:
            self.queue.put_nowait((seq, data))
        except asyncio.QueueFull:
            self.slow = True

    def wants(self, change: Change) -> bool:
        """Whether it may and wants to see this change."""
        return (self.trial or not change.trial) and self.sees(change.camera_id)

    def room(self) -> int:
        """How many events its queue still takes."""
        return self.queue.maxsize - self.queue.qsize()

    def collect(self, item: tuple[int, bytes] | None) -> tuple[list[bytes], bool]:
        """What is ready, from `item` on, each number once, and whether the stream ends there."""
        ready: list[bytes] = []
        while item is not None:
            seq, data = item
            if seq == 0 or seq > self.sent:
                self.sent = max(self.sent, seq)
                ready.append(data)
            if self.queue.empty() or len(ready) >= CHUNK:
                return ready, False
            item = self.queue.get_nowait()
        return ready, True

    def end(self) -> None:
        """Have its stream end, also where its queue is full."""
        while self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Hub:
    """All open feeds of one app. `close` ends every stream, so that the server can stop."""

    def __init__(self, store: Store, control: Control, *, queue_size: int, heartbeat_s: float) -> None:
        self._store = store
        self._control = control
        self._queue_size = queue_size
        self._heartbeat_s = heartbeat_s
        self._clients: set[Client] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seq = 0
        self._states: dict[str, str] = {}
        self._desk: tuple[bool, list[int]] = (False, [])
        self._tasks: list[asyncio.Task[None]] = []
        self.closing = False
        self.overflows = 0

    @property
    def clients(self) -> int:
        return len(self._clients)

    async def start(self) -> None:
        """Begin with what the store commits from now on."""
        self._loop = asyncio.get_running_loop()
        self._seq = await asyncio.to_thread(self._store.feed_seq)
        self._store.on_change(self._changed)
        loops = (self._pump_all, self._beat_all, self._watch_cameras, self._check_all, self._tend)
        self._tasks = [asyncio.create_task(self._forever(once)) for once in loops]

    async def stop(self) -> None:
        """End the streams and the loops."""
        self.close()
        self._store.off_change(self._changed)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        """End every stream; clients resume when the API is back."""
        self.closing = True
        for client in list(self._clients):
            client.end()

    async def stream(
        self,
        *,
        after: int | None,
        trial: bool,
        sees: Callable[[str], bool] = lambda camera_id: True,
        still: Callable[[], bool] = lambda: True,
    ) -> AsyncIterator[bytes]:
        """Server-sent events after a number (None: from now on), then live ones until the client goes: of cameras that
        it `sees`, while it is `still` allowed to."""
        if after is not None and after > self._seq and after > await asyncio.to_thread(self._store.feed_seq):
            # it knows more than there is: it was a page of another store
            yield b"event: anew\ndata: {}\n\n"
            return
        start = self._seq if after is None else after
        client = Client(after=start, trial=trial, size=self._queue_size, sees=sees, still=still)
        self._clients.add(client)
        try:
            yield f"retry: 1000\nevent: beat\ndata: {json.dumps({'after': start})}\n\n".encode()
            async for part in self._history(client):
                yield part
            async for part in self._live(client):
                yield part
        finally:
            self._clients.discard(client)

    async def _history(self, client: Client) -> AsyncIterator[bytes]:
        while not (client.slow or self.closing):
            changes = await asyncio.to_thread(self._store.feed_after, client.sent, limit=PAGE)
            for at in range(0, len(changes), CHUNK):
                part = changes[at : at + CHUNK]
                client.sent = part[-1].feed_seq
                yield b"".join(event(change) for change in part if client.wants(change))
                await asyncio.sleep(0)  # a client that has gone is noticed between parts
            if len(changes) < PAGE:
                return

    async def _live(self, client: Client) -> AsyncIterator[bytes]:
        while not self.closing:
            if client.slow and client.queue.empty():
                self.overflows += 1
                yield f"event: resume\ndata: {json.dumps({'after': client.sent})}\n\n".encode()
                return
            item = await client.queue.get()
            ready, ended = client.collect(item)
            if ready:
                failpoint("feed.before_write")
                yield b"".join(ready)
                failpoint("feed.after_write")
            if ended:
                return

    async def _forever(self, once: Callable[[], Awaitable[None]]) -> None:
        """A loop's edge: a fault is logged and the loop goes on."""
        while True:
            try:
                await once()
            except Exception:
                log.exception("feed")
                await asyncio.sleep(1.0)
                self._wake.set()

    async def _pump_all(self) -> None:
        await self._wake.wait()
        self._wake.clear()
        while True:
            changes = await asyncio.to_thread(self._store.feed_after, self._seq, limit=PAGE)
            for at in range(0, len(changes), CHUNK):
                await self._room()
                for change in changes[at : at + CHUNK]:
                    self._seq = change.feed_seq
                    data = event(change)
                    for client in self._clients:
                        if client.wants(change):
                            client.offer(change.feed_seq, data)
            if len(changes) < PAGE:
                return

    async def _room(self) -> None:
        """In a burst, give readers a moment to make room. One that cannot is marked slow by the next offer, so it
        holds up the others once, and for no longer than this."""
        await asyncio.sleep(0)
        for _ in range(round(PATIENCE_S / 0.005)):
            if all(client.slow or client.room() >= CHUNK for client in self._clients):
                return
            await asyncio.sleep(0.005)

    async def _beat_all(self) -> None:
        """Something is said at least this often, so that a client can tell quiet from lost."""
        await asyncio.sleep(self._heartbeat_s)
        self._all(_event("beat", {}))

    async def _watch_cameras(self) -> None:
        """Say when a camera's state changes. It is not part of the numbered feed: the latest state is what counts."""
        for status in await asyncio.to_thread(self._control.status):
            if self._states.get(status.camera_id) != status.state:
                self._states[status.camera_id] = status.state
                data = _event("camera", {"camera_id": status.camera_id, "state": status.state})
                self._all(data, camera_id=status.camera_id)
        await asyncio.sleep(CAMERAS_S)

    async def _tend(self) -> None:
        """Have the store do what is due, and say when a flood or a shelf begins or ends."""
        await asyncio.to_thread(self._store.tend)
        state = await asyncio.to_thread(self._store.desk_state)
        flooded, shelves = state["flood_since_utc"] is not None, [one["shelf_id"] for one in state["shelves"]]
        if (flooded, shelves) != self._desk:
            self._desk = (flooded, shelves)
            self._all(_event("desk", {"flood": flooded, "shelves": len(shelves)}))
        await asyncio.sleep(TEND_S)

    async def _check_all(self) -> None:
        """End the feeds of those who were signed out or whose rights have changed."""
        clients = list(self._clients)
        gone = await asyncio.to_thread(lambda: [client for client in clients if not client.still()])
        for client in gone:
            client.end()
        await asyncio.sleep(CHECK_S)

    def _all(self, data: bytes, *, camera_id: str | None = None) -> None:
        for client in self._clients:
            if not client.queue.full() and (camera_id is None or client.sees(camera_id)):
                client.offer(0, data)

    def _changed(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake.set)


def event(change: Change) -> bytes:
    """One numbered event of the feed."""
    return f"id: {change.feed_seq}\nevent: alert\ndata: {change.data}\n\n".encode()


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()

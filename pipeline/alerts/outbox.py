"""Where a worker keeps its messages until the operators' store has committed them.

One SQLite file a camera, one process, one connection, shared by the camera's loop (`put`) and the relay (`pending`,
`confirm`) under a lock. A row goes only when the store said so. While the disk is full or refuses, messages wait in a
bounded ring in memory and are delivered from there; a damaged file is put aside, what can be read of it is kept, and
a system alert says so.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.alerts.message import BadMessage, Change, Envelope, Message, parse_message, system_message
from pipeline.alerts.sqlite import OwnerLock, connect, healthy, set_aside
from pipeline.clock import Clock
from pipeline.errors import StoreError
from pipeline.failpoint import failpoint

log = logging.getLogger(__name__)

SCHEMA = 1
RING = 4096
"""Messages kept in memory while the disk refuses: at 1 to 3 KB each about 10 MB, hours of alerts of one camera."""
BATCH_BYTES = 1 << 20
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Row = tuple[int, str, str]


class Outbox:
    """`put` returns once the message is on disk (or, with `trouble` set, in the ring).

    Raises, when opened:
        StoreError: another process owns the file, its version is newer than this program, or SQLite refuses safety.
    """

    def __init__(self, path: Path, *, camera_id: str, epoch: int, clock: Clock, ring: int = RING) -> None:
        self._path = path
        self._camera_id = camera_id
        self._clock = clock
        self._lock = threading.RLock()
        self._ring: deque[Row] = deque()
        self._ring_size = max(1000, ring)
        self._confirmed: set[str] = set()
        self._listeners: list[Callable[[], None]] = []
        self._trouble: tuple[str, float] | None = None
        self._announced = False
        self._broken = False
        self._next = 1
        self.lost = 0
        self.epoch = epoch
        self._owner = OwnerLock(path)
        try:
            self._open()
        except BaseException:
            self._owner.release()
            raise

    @property
    def trouble(self) -> str | None:
        """Why messages wait in memory, or None while the disk takes them."""
        return None if self._trouble is None else self._trouble[0]

    def on_put(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after every put, so that a relay wakes at once."""
        self._listeners.append(listener)

    def put(self, message: Message) -> int:
        """Keep a message until it is confirmed; its number in this camera's order. A repeat of a waiting one is it."""
        with self._lock:
            waiting = self._number(message.message_id)
            if waiting is not None:
                return waiting
            self._drain()
            row = self._stamp(message)
            failpoint("outbox.before_commit")
            if self._trouble is not None or not self._write([row]):
                self._remember(row)
                self._announce()
            failpoint("outbox.after_commit")
        for listener in self._listeners:
            listener()
        return row[0]

    def pending(self, limit: int = 100) -> list[Envelope]:
        """The oldest messages that the store has not confirmed, in order, at most `limit` and about 1 MiB."""
        with self._lock:
            self._drain()
            batch: list[Envelope] = []
            size = 0
            for _, message_id, text in self._rows(limit + len(self._confirmed)):
                if message_id in self._confirmed:
                    continue
                size += len(text)
                if batch and (len(batch) >= limit or size > BATCH_BYTES):
                    break
                batch.append(Envelope(message_id, text, batch[-1].message_id if batch else ""))
            return batch

    def confirm(self, ids: Iterable[str]) -> None:
        """Forget what the store has committed. Where the disk refuses that too, it is remembered in memory."""
        with self._lock:
            done = set(ids)
            in_memory = {row[1] for row in self._ring}
            self._ring = deque(row for row in self._ring if row[1] not in done)
            self._confirmed |= done - in_memory
            if self._confirmed and not self._write([]):
                self._announce()

    def depth(self) -> int:
        """How many messages wait."""
        with self._lock:
            return max(0, self._on_disk() - len(self._confirmed)) + len(self._ring)

    def oldest_utc(self) -> float | None:
        """When the longest waiting message was raised, or None while none waits."""
        head = self.pending(1)
        if not head:
            return None
        try:
            return float(parse_message(head[0].text).raised_utc)
        except BadMessage:
            return None

    def report(self, *, code: str, change: Change, since_utc: float, **why: object) -> None:
        """Put a system message about this camera's delivery."""
        self.put(self._system(code, change, since_utc, **why))

    def close(self) -> None:
        with self._lock:
            with contextlib.suppress(sqlite3.Error):
                self._drain()
                self._connection.close()
            self._owner.release()

    # -- the file -------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if not self._path.exists():
            self._create()
        try:
            self._connection = connect(self._path)
            sound = self._path.stat().st_size > 0 and healthy(self._connection)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise StoreError(f"{self._path}: {error}") from None
            sound = False
        if not sound:
            self._put_aside()
            return
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA:
            self._connection.close()
            raise StoreError(f"{self._path} has version {version} and this program writes {SCHEMA}; use the newer one")
        self._take_over()

    def _create(self) -> None:
        """Make the file under another name first: a file of this name is never empty, unless it was damaged."""
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        connection = connect(fresh)
        connection.execute(
            "CREATE TABLE messages (seq INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL UNIQUE,"
            " text TEXT NOT NULL)"
        )
        connection.execute(f"PRAGMA user_version={SCHEMA}")
        connection.close()
        fresh.rename(self._path)

    def _take_over(self) -> None:
        """What an earlier life of this worker left here is this life's to deliver, under its epoch."""
        highest = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name='messages'").fetchone()
        self._next = max(self._next, (highest[0] if highest else 0) + 1)
        rows = self._connection.execute("SELECT seq, message_id, text FROM messages ORDER BY seq").fetchall()
        changed = [(_with_epoch(text, self.epoch), seq) for seq, _, text in rows]
        with self._transaction():
            self._connection.executemany("UPDATE messages SET text=? WHERE seq=?", changed)

    def _put_aside(self) -> None:
        """Keep the damaged file under another name, start a new one with what can be read of it, and say so."""
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._connection.close()
        self._broken = True
        utc = self._clock.utc()
        aside = set_aside(self._path, utc=utc)
        saved = list(_salvage(aside))
        self._create()
        self._connection = connect(self._path)
        self._broken = False
        self._next = max(self._next, max((seq for seq, _, _ in saved), default=0) + 1)
        self._write([(seq, name, _with_epoch(text, self.epoch)) for seq, name, text in saved])
        log.error("outbox of camera %s was damaged: kept as %s, %d saved", self._camera_id, aside.name, len(saved))
        self.report(code="outbox_damaged", change="start", since_utc=utc, file=aside.name, saved=len(saved))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _write(self, rows: list[Row]) -> bool:
        """Insert and forget what is confirmed in one commit; False, with `trouble` set, where the disk refuses."""
        try:
            with self._transaction():
                self._connection.executemany("DELETE FROM messages WHERE message_id=?", [(i,) for i in self._confirmed])
                self._connection.executemany(
                    "INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT (message_id) DO NOTHING", rows
                )
        except sqlite3.DatabaseError as error:
            if _is_damage(error) and self._renewed():
                return self._write(rows)
            self._refused(error)
            return False
        self._confirmed.clear()
        return True

    def _renewed(self) -> bool:
        """Put the damaged file aside and go on with a new one; False where the disk refuses even that."""
        try:
            if self._broken:
                self._create()
                self._connection = connect(self._path)
                self._broken = False
            else:
                self._put_aside()
        except (OSError, sqlite3.Error, StoreError) as error:
            log.error("outbox of camera %s cannot be renewed: %s", self._camera_id, error)
        return not self._broken

    def _rows(self, limit: int) -> list[Row]:
        try:
            rows = self._connection.execute(
                "SELECT seq, message_id, text FROM messages ORDER BY seq LIMIT ?", (limit,)
            ).fetchall()
        except sqlite3.DatabaseError as error:
            if _is_damage(error) and self._renewed():
                return self._rows(limit)
            log.warning("outbox of camera %s cannot be read: %s", self._camera_id, error)
            rows = []
        return [*rows, *self._ring]

    def _on_disk(self) -> int:
        try:
            return int(self._connection.execute("SELECT count(*) FROM messages").fetchone()[0])
        except sqlite3.DatabaseError:
            return 0

    def _number(self, message_id: str) -> int | None:
        for seq, name, _ in self._ring:
            if name == message_id:
                return seq
        try:
            row = self._connection.execute("SELECT seq FROM messages WHERE message_id=?", (message_id,)).fetchone()
        except sqlite3.DatabaseError:
            return None
        return None if row is None or message_id in self._confirmed else int(row[0])

    # -- while the disk refuses -----------------------------------------------------------------------------------

    def _stamp(self, message: Message) -> Row:
        seq = self._next
        self._next += 1
        stamped = message.model_copy(update={"epoch": self.epoch, "seq": seq})
        return seq, message.message_id, stamped.text()

    def _refused(self, error: sqlite3.Error) -> None:
        if self._trouble is not None:
            return
        self._trouble = (str(error), self._clock.utc())
        self._announced = False
        log.error("outbox of camera %s: %s; alerts wait in memory", self._camera_id, error)

    def _announce(self) -> None:
        """Say once that the disk refuses; after the message that met it, so that the order holds."""
        if self._trouble is not None and not self._announced:
            self._announced = True
            error, since_utc = self._trouble
            self._remember(self._stamp(self._system("outbox_disk", "start", since_utc, error=error)))

    def _remember(self, row: Row) -> None:
        """Keep in memory. Evidence goes before alerts where even the ring is full; what goes is counted."""
        if len(self._ring) >= self._ring_size:
            spare = next((r for r in self._ring if '"kind":"evidence"' in r[2]), self._ring[0])
            self._ring.remove(spare)
            self.lost += 1
        self._ring.append(row)

    def _drain(self) -> None:
        """Write the ring to the disk as soon as it takes it, then say that the trouble is over."""
        if self._trouble is None or (self._broken and not self._renewed()) or not self._write(list(self._ring)):
            return
        error, since_utc = self._trouble
        self._ring.clear()
        self._trouble = None
        log.warning("outbox of camera %s is written to again", self._camera_id)
        message = self._system("outbox_disk", "end", since_utc, error=error, lost=self.lost)
        row = self._stamp(message)
        if not self._write([row]):
            self._remember(row)

    def _system(self, code: str, change: Change, since_utc: float, **why: object) -> Message:
        now = self._clock.utc()
        return system_message(
            camera_id=self._camera_id, code=code, change=change, since_utc=since_utc, utc=now, raised_utc=now, why=why
        )  # fmt: skip


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) in _DAMAGED


def _with_epoch(text: str, epoch: int) -> str:
    try:
        return parse_message(text).model_copy(update={"epoch": epoch}).text()
    except BadMessage:
        return text


def _salvage(path: Path) -> Iterator[Row]:
    """The rows of a damaged file that can still be read."""
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        with contextlib.closing(connection):
            for seq, name, text in connection.execute("SELECT seq, message_id, text FROM messages ORDER BY seq"):
                with contextlib.suppress(BadMessage):
                    parse_message(text)
                    yield seq, name, text

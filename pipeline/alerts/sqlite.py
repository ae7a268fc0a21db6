"""SQLite as Nightjar uses it: one process and one connection a file, and settings under which a commit is on disk.

SQLite 3.7.0 to 3.51.2 can corrupt a WAL file that two connections write or checkpoint (fixed in 3.51.3), and
`synchronous=NORMAL` may roll committed rows back when the power fails. So: journal DELETE, `synchronous=EXTRA`, which
also syncs the folder when the journal is removed, and a lock file that a second process cannot take. Processes that
only read may open the file beside the owner; with a rollback journal that is safe in every version.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

from pipeline.errors import StoreError

WAL_SAFE = (3, 51, 3)
"""First version in which several connections on one WAL file are safe."""
BUSY_S = 5.0


class OwnerLock:
    """Held by the one process that may write `path`; the kernel drops it when that process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: another process holds it, or the folder cannot be written.
        """
        self._path = path.with_name(path.name + ".lock")
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise StoreError(f"{path} is in use by another process; one process owns it") from None

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def connect(path: Path) -> sqlite3.Connection:
    """Open the owner's connection, in autocommit; transactions are written out.

    Raises:
        StoreError: SQLite did not take the safe settings.
        sqlite3.DatabaseError: the file is damaged or no database.
    """
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        make_safe(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def make_safe(connection: sqlite3.Connection, path: Path) -> None:
    """Set journal and synchronous, and refuse the file where they do not hold.

    Raises:
        StoreError: as said.
    """
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA synchronous=EXTRA")
    connection.execute("PRAGMA foreign_keys=ON")
    refuse_unsafe(
        path,
        journal=str(connection.execute("PRAGMA journal_mode").fetchone()[0]),
        synchronous=int(connection.execute("PRAGMA synchronous").fetchone()[0]),
        version=sqlite3.sqlite_version_info,
    )


def refuse_unsafe(path: Path, *, journal: str, synchronous: int, version: tuple[int, ...]) -> None:
    """The pairs of journal and synchronous under which a committed row can be lost or a file corrupted.

    Raises:
        StoreError: names the pair, the version and what is allowed.
    """
    name = ".".join(str(part) for part in version)
    if journal == "wal" and version < WAL_SAFE:
        raise StoreError(
            f"{path} is in WAL mode and SQLite {name} may corrupt it; close every other program that has it open, "
            "or use SQLite 3.51.3 or newer"
        )
    if synchronous < (2 if journal == "wal" else 3):
        raise StoreError(f"{path}: journal {journal} with synchronous={synchronous} may lose committed rows; EXTRA (3)")
    if journal not in ("delete", "wal"):
        raise StoreError(f"{path}: journal {journal}; only DELETE is safe here")


def healthy(connection: sqlite3.Connection) -> bool:
    """Whether the whole file can be read and hangs together."""
    return [row[0] for row in connection.execute("PRAGMA quick_check(1)")] == ["ok"]


def set_aside(path: Path, *, utc: float) -> Path:
    """Rename a damaged file, and its journal, so that it can be looked at; nothing is deleted."""
    aside = path.with_name(f"{path.name}.damaged-{int(utc)}")
    number = 1
    while aside.exists():
        aside = path.with_name(f"{path.name}.damaged-{int(utc)}-{number}")
        number += 1
    journal = path.with_name(path.name + "-journal")
    if journal.exists():
        journal.rename(aside.with_name(aside.name + "-journal"))
    path.rename(aside)
    return aside

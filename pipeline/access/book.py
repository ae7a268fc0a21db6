"""The file of accounts, `access.sqlite` in the data folder: its tables, and transactions over it.

It is not part of the operators' store, because that has one owner: `nightjar account` must work beside a running
service, above all when nobody can sign in any more. Transactions are short and take the write lock at once, so two
processes simply wait for each other. What is done here is audited in the store's chain: rows of `to_audit` wait for the
service, which moves them there.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.alerts import sqlite
from pipeline.clock import Clock
from pipeline.errors import StoreError

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE accounts (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, cameras TEXT, password TEXT, second_factor TEXT,
        second_factor_new TEXT, last_step INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL DEFAULT 0,
        created_utc REAL NOT NULL, changed_utc REAL NOT NULL, signed_in_utc REAL, version INTEGER NOT NULL DEFAULT 1
    ) STRICT;
    CREATE TABLE sessions (
        token_hash TEXT PRIMARY KEY, session_id TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
        created_utc REAL NOT NULL, active_utc REAL NOT NULL, expires_utc REAL NOT NULL,
        address TEXT NOT NULL, agent TEXT NOT NULL, second_factor INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sessions_account ON sessions(account);
    CREATE TABLE api_keys (
        key_id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
        label TEXT NOT NULL, secret_hash TEXT NOT NULL, permissions TEXT NOT NULL, cameras TEXT,
        created_utc REAL NOT NULL, expires_utc REAL NOT NULL, used_utc REAL
    ) STRICT;
    CREATE TABLE links (
        token_hash TEXT PRIMARY KEY, account TEXT, made_utc REAL NOT NULL, expires_utc REAL NOT NULL
    ) STRICT;
    CREATE TABLE places (account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, address TEXT NOT NULL,
        utc REAL NOT NULL, PRIMARY KEY (account, address)) STRICT;
    CREATE TABLE repeats (
        repeat_id TEXT PRIMARY KEY, body_hash TEXT NOT NULL, status INTEGER, answer TEXT, utc REAL NOT NULL
    ) STRICT;
    CREATE TABLE to_audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT, utc REAL NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
        target TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE recovery_codes (account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
        code_hash TEXT NOT NULL, PRIMARY KEY (account, code_hash)) STRICT;
    CREATE TABLE identities (issuer TEXT NOT NULL, subject TEXT NOT NULL,
        account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, PRIMARY KEY (issuer, subject)) STRICT;
    """,
)
"""One entry a version of the schema, from the one before; `PRAGMA user_version` counts those that ran. A link without
an account makes the first administrator."""


class Book:
    """One process's handle on the file.

    Raises, when made:
        StoreError: SQLite refuses the file, or a newer program wrote it.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._connection = sqlite.connect(path)
            self._connection.row_factory = sqlite3.Row
            path.chmod(0o600)
            self._upgrade()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: {error}") from None

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes: everything in it or nothing.

        Raises:
            StoreError: the disk or the file refuses; nothing was changed.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreError(f"{self.path}: {error}") from None

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Look without changing.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"{self.path}: {error}") from None

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        return next(iter(self.rows(query, *values)), None)

    def audit(self, connection: sqlite3.Connection, actor: str, action: str, target: str, **detail: Any) -> None:
        """Leave a row for the audit log, in the caller's transaction."""
        connection.execute(
            "INSERT INTO to_audit (utc, actor, action, target, detail) VALUES (?, ?, ?, ?, ?)",
            (self.clock.utc(), actor, action, target, json.dumps(detail, sort_keys=True)),
        )

    def _upgrade(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            found = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            if found > len(STEPS):
                raise StoreError(f"{self.path} has schema {found}, which this program does not know; use the newer one")
            for step in STEPS[found:]:
                for statement in step.split(";"):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={len(STEPS)}")
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

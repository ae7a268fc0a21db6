"""The same POST sent twice is done once, where the client says that it is the same: `Idempotency-Key`.

The first answer is kept for a day and given again, also after a restart; the key belongs to who sent it and to the
address. Kept answers are encrypted, for one of them may be a new API key.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass
from typing import Protocol

from pipeline.access.book import Book
from pipeline.access.vault import Vault

KEPT_S = 86_400.0
ABANDONED_S = 60.0
"""A request that has had no answer for so long died with its process and may be made again."""
LONGEST_ANSWER = 65_536
FORM = re.compile(r"[\x21-\x7e]{1,100}")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given the first time."""

    status: int
    body: str


class Repeated(Exception):  # noqa: N818
    """This was done before; `kept` is the answer of then."""

    def __init__(self, kept: Kept) -> None:
        super().__init__("done before")
        self.kept = kept


class OtherBody(ValueError):  # noqa: N818
    """The key was used for another request."""


class InHand(RuntimeError):  # noqa: N818
    """The first one has not been answered yet."""


class Repeats(Protocol):
    """`begin` either gives the kept answer, or None once: then the caller does it and tells `finish`."""

    def begin(self, repeat_id: str, body: bytes) -> Kept | None:
        """Raises OtherBody, InHand."""

    def finish(self, repeat_id: str, answer: Kept | None) -> None:
        """Keep the answer; None: it failed and may be tried again."""


def repeat_id(name: str, path: str, key: str) -> str:
    """One id for who, where and which."""
    return hashlib.sha256("\0".join((name, path, key)).encode()).hexdigest()


class Remembered:
    """In memory, for an app without accounts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, Kept | None]] = {}

    def begin(self, repeat_id: str, body: bytes) -> Kept | None:
        with self._lock:
            if repeat_id not in self._kept:
                if len(self._kept) > 1000:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[repeat_id] = (_hash(body), None)
                return None
            return _same(self._kept[repeat_id][0], body, self._kept[repeat_id][1])

    def finish(self, repeat_id: str, answer: Kept | None) -> None:
        with self._lock:
            found = self._kept.pop(repeat_id, None)
            if answer is not None and found is not None:
                self._kept[repeat_id] = (found[0], answer)


class OnDisk:
    """In the file of accounts."""

    def __init__(self, book: Book, vault: Vault) -> None:
        self._book = book
        self._vault = vault

    def begin(self, repeat_id: str, body: bytes) -> Kept | None:
        now = self._book.clock.utc()
        with self._book.change() as connection:
            connection.execute(
                "DELETE FROM repeats WHERE utc < ? OR (answer IS NULL AND utc < ?)", (now - KEPT_S, now - ABANDONED_S)
            )
            row = connection.execute("SELECT * FROM repeats WHERE repeat_id = ?", (repeat_id,)).fetchone()
            if row is None:
                connection.execute("INSERT INTO repeats VALUES (?, ?, NULL, NULL, ?)", (repeat_id, _hash(body), now))
                return None
        kept = None
        if row["answer"] is not None:
            kept = Kept(**json.loads(self._vault.open(row["answer"], about=f"answer {repeat_id}")))
        return _same(row["body_hash"], body, kept)

    def finish(self, repeat_id: str, answer: Kept | None) -> None:
        with self._book.change() as connection:
            if answer is None:
                connection.execute("DELETE FROM repeats WHERE repeat_id = ?", (repeat_id,))
                return
            text = json.dumps({"status": answer.status, "body": answer.body})
            sealed = self._vault.seal(text, about=f"answer {repeat_id}")
            connection.execute(
                "UPDATE repeats SET status = ?, answer = ? WHERE repeat_id = ?", (answer.status, sealed, repeat_id)
            )


def _same(known: str, body: bytes, kept: Kept | None) -> Kept:
    if known != _hash(body):
        raise OtherBody("this Idempotency-Key was used for another request; take a new one for each")
    if kept is None:
        raise InHand("the first request with this Idempotency-Key is still in hand; ask again in a moment")
    return kept


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()

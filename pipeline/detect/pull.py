"""Getting catalogued weights: over HTTP with resumption, or from a mirror folder; kept only if the sha256 agrees."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import httpx

from pipeline.detect.catalog import Entry, sha256_of
from pipeline.errors import ModelError

CHUNK = 1 << 16
TRIES = 5
"""Connections in a row that bring nothing new before a pull gives up; what has come stays for the next pull."""
TIMEOUT_S = 30.0
PAUSE_S = 0.25

State = Literal["present", "damaged", "absent", "documented"]
Report = Callable[[int], None]
"""Called with the number of bytes that are here by now."""


def state_of(entry: Entry, folder: Path) -> State:
    """What a folder holds of an entry; `documented`: no sha256 is catalogued, so it cannot be judged or pulled."""
    if entry.sha256 is None:
        return "documented"
    path = folder / entry.file
    if not path.is_file():
        return "absent"
    return "present" if sha256_of(path) == entry.sha256 else "damaged"


def pull(
    entry: Entry,
    folder: Path,
    *,
    mirror: Path | None = None,
    report: Report = lambda done: None,
) -> bool:
    """Put an entry's file into a folder; False where it lies there already, whole.

    Raises:
        ModelError: it cannot be had, or its bytes are not the catalogued ones (they are removed).
    """
    if entry.sha256 is None:
        raise ModelError(f"model {entry.name}: no sha256 is catalogued, so it cannot be pulled; {entry.note}")
    if state_of(entry, folder) == "present":
        return False
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = folder / f"{entry.file}.part"
    if mirror is not None:
        _copy(entry, mirror / entry.file, partial, report)
    else:
        _download(entry, partial, report)
    _accept(entry, partial, folder / entry.file, source=entry.url if mirror is None else str(mirror / entry.file))
    return True


def _accept(entry: Entry, partial: Path, path: Path, *, source: str) -> None:
    found = sha256_of(partial)
    if found != entry.sha256:
        partial.unlink()
        raise ModelError(f"model {entry.name}: {source}: refused, its sha256 is {found}, allowed: {entry.sha256}")
    partial.replace(path)


def _copy(entry: Entry, source: Path, partial: Path, report: Report) -> None:
    try:
        with source.open("rb") as incoming, partial.open("wb") as outgoing:
            while chunk := incoming.read(CHUNK):
                outgoing.write(chunk)
                report(outgoing.tell())
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ModelError(f"model {entry.name}: mirror {source}: {error.strerror}; it must hold {entry.file}") from None


def _download(entry: Entry, partial: Path, report: Report) -> None:
    """Fetch, going on where a cut connection left off, for as long as every few connections bring something new."""
    idle, why = 0, ""
    with httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as client:
        while idle < TRIES:
            before = _size(partial)
            try:
                _fetch(client, entry, partial, report)
                if entry.bytes is None or _size(partial) >= entry.bytes:
                    return
                why = f"ended after {_size(partial)} of {entry.bytes} bytes"
            except httpx.TransportError as error:
                why = str(error) or type(error).__name__
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                raise ModelError(_failed(entry, str(error) or type(error).__name__)) from error
            idle = 0 if _size(partial) > before else idle + 1
            time.sleep(PAUSE_S * 2**idle)
    raise ModelError(_failed(entry, why))


def _fetch(client: httpx.Client, entry: Entry, partial: Path, report: Report) -> None:
    """One connection. Returns once the server has sent all it has to send, or more than is catalogued."""
    have = _size(partial)
    if entry.bytes is not None and have >= entry.bytes:
        return  # complete, or too long: the sha256 decides
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
    with client.stream("GET", entry.url, headers=headers) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # there is nothing beyond what is here: the sha256 decides
        answer.raise_for_status()
        goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with partial.open("ab" if answer.status_code == httpx.codes.PARTIAL_CONTENT and goes_on else "wb") as file:
            # Without a chunk size httpx hands on what has arrived, so that what came before a cut is not lost.
            for chunk in answer.iter_bytes():
                file.write(chunk)
                report(file.tell())
                if entry.bytes is not None and file.tell() > entry.bytes:
                    return


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _failed(entry: Entry, why: str) -> str:
    return (
        f"model {entry.name}: {entry.url}: {why}; pull again to go on where it stopped, "
        f"or give a folder that holds {entry.file} with --mirror"
    )

"""What a command asks of the running service: a small file in the data folder, answered by another.

The store has one owner. A command that must change it while the service runs leaves a request here; only this
system user can read or write the folder (mode 0700), which is the same right that owns the store itself.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.clock import Clock

log = logging.getLogger(__name__)

VERSION = 1
_MOST_BYTES = 64 * 1024
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Request:
    """`do` names what is wanted, `what` its arguments; `path` is the file it came in."""

    do: str
    what: dict[str, Any]
    path: Path


def ask(folder: Path, do: str, what: dict[str, Any]) -> Path:
    """Leave a request. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(8)}.ask"
    _write(path, {"v": VERSION, "do": do, "what": what})
    return path


def wait_for(path: Path, *, clock: Clock, within_s: float) -> dict[str, Any] | None:
    """The answer to a request, or None where none came in time; then the request is taken back."""
    answer = path.with_suffix(".answer")
    until = clock.monotonic() + within_s
    while clock.monotonic() < until:
        if answer.is_file():
            value = json.loads(answer.read_text(encoding="utf-8"))
            answer.unlink()
            return dict(value)
        clock.sleep(_LOOK_S)
    path.unlink(missing_ok=True)
    return None


def requests(folder: Path) -> list[Request]:
    """Requests that wait, oldest first; what cannot be read is logged and put aside."""
    found = []
    for path in sorted(folder.glob("*.ask"), key=_age):
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError("too long")
            value = json.loads(path.read_text(encoding="utf-8"))
            if value["v"] != VERSION:
                raise ValueError(f"version {value['v']!r}")
            found.append(Request(str(value["do"]), dict(value["what"]), path))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("request %s cannot be read and is put aside: %s", path.name, error)
            path.replace(path.with_suffix(".bad"))
    return found


def reply(request: Request, answer: dict[str, Any]) -> None:
    """Answer a request; it is gone once the answer is on disk. Raises OSError."""
    _write(request.path.with_suffix(".answer"), answer)
    request.path.unlink(missing_ok=True)


def sweep(folder: Path, *, before_utc: float) -> None:
    """Remove answers that nobody fetched."""
    for path in (*folder.glob("*.answer"), *folder.glob("*.bad"), *folder.glob("*.new")):
        if _age(path) < before_utc:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _write(path: Path, value: dict[str, Any]) -> None:
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

"""How far the audit log goes, noted every day in files of their own: with these it shows when the log was cut off or
computed anew.

`DATA/audit/2026-11-22.json` holds the head of that day's end as far as known, `latest.json` the one of a minute ago.
Each carries a keyed signature, so that who may write files but not read the key cannot forge it. Whoever holds the
whole machine can: copy the folder, or the line that the log says once a day, to another machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.store.audit import Head

Sign = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Noted:
    """A head as a file holds it; `genuine` says that its signature is ours."""

    file: str
    head: Head
    genuine: bool


def note(folder: Path, head: Head, *, utc: float, sign: Sign) -> bool:
    """Write a head down for its day and as the latest; whether the day's file is new."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    day = datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%d")
    text = json.dumps(_signed(head, utc, sign), indent=1) + "\n"
    fresh = not (folder / f"{day}.json").exists()
    for name in (day, "latest"):
        _write(folder / f"{name}.json", text)
    return fresh


def noted(folder: Path, *, sign: Sign | None) -> list[Noted]:
    """Every head that was noted, oldest file first. Without the key (`sign` None) none counts as genuine."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            head = Head(id=int(value["id"]), hash=str(value["hash"]), utc=value["row_utc"])
            genuine = sign is not None and value["signature"] == sign(_words(head, float(value["utc"])))
        except (OSError, ValueError, KeyError, TypeError):
            head, genuine = Head(id=0, hash="", utc=None), False
        found.append(Noted(path.name, head, genuine))
    return found


def _signed(head: Head, utc: float, sign: Sign) -> dict[str, object]:
    return {"id": head.id, "hash": head.hash, "row_utc": head.utc, "utc": utc, "signature": sign(_words(head, utc))}


def _words(head: Head, utc: float) -> str:
    return f"{head.id}\n{head.hash}\n{head.utc}\n{utc}"


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

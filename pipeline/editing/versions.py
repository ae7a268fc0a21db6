"""The versions of a site file: who changed what, when, and the text to go back to."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import BadInput
from pipeline.secrets import redact

IN_THE_FILE = "edited in the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of the site file. `number` counts from 1; `digest` is the sha256 of `text`, which no answer shows."""

    number: int
    utc: float
    actor: str
    note: str
    digest: str
    text: str

    def shown(self) -> dict[str, str | int | float]:
        """What people see of it: all but the text."""
        value: dict[str, str | int | float] = asdict(self)
        del value["text"]
        return value


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Versions:
    """Versions in a folder, one file each, readable by this user alone; nothing in it is ever changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Version]:
        """Oldest first."""
        return [_read(path) for path in self._paths()]

    def newest(self) -> Version | None:
        paths = self._paths()
        return _read(paths[-1]) if paths else None

    def get(self, number: int) -> Version:
        """Raises KeyError where there is none of that number."""
        path = self._path(number)
        if not path.is_file():
            raise KeyError(number)
        return _read(path)

    def add(self, text: str, *, utc: float, actor: str, note: str) -> Version:
        """Keep a new version; it is on disk when this returns.

        Raises:
            OSError: the disk refuses.
        """
        newest = self.newest()
        number = 1 if newest is None else newest.number + 1
        version = Version(number=number, utc=utc, actor=actor, note=note, digest=digest_of(text), text=text)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self._path(number), json.dumps(asdict(version), ensure_ascii=False))
        return version

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.json"))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.json"


def difference(old: str, new: str) -> list[str]:
    """Lines that differ, as `diff -u` shows them, without credentials."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="", n=2)
    return [redact(line) for line in lines]


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """The file is the old one or the new one, whatever happens meanwhile.

    Raises:
        OSError: the disk refuses; the old file stands.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path) -> Version:
    try:
        return Version(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path}: not a version of a site file ({error}); move it away to go on") from None

"""A data folder as one file, and back: databases as of one moment, checksums of everything, nothing half done.

Databases are copied through SQLite while their owner goes on writing; a reader beside the owner is safe with a rollback
journal (`pipeline/alerts/sqlite.py`). The rest are files that are replaced whole or only grow.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline import __version__
from pipeline.errors import BadInput
from pipeline.folders import DataFolder

FORMAT = 1
MANIFEST = "manifest.json"
FOLDERS = ("versions", "walks", "keys", "audit", "routes", "state", "tracks")
"""Beside the databases; models are pulled anew, inbox and inputs belong to a running service."""
DATABASES = ("store.sqlite", "access.sqlite", "outbox/*.sqlite")
PASSING = (".part", ".new", ".lock", "-journal", ".ask", ".answer")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup holds: how many files, and their bytes."""

    files: int
    bytes: int


def back_up(data: DataFolder, out: Path, *, evidence: bool, note: Callable[[str], None] = lambda _: None) -> Kept:
    """Write `out`, a tar with a manifest of sha256 sums, mode 0600. It holds keys and accounts: keep it like them.

    Raises:
        BadInput: there is no data folder, `out` exists or cannot be written, or a database is damaged.
    """
    if not data.store.is_file():
        raise BadInput(f"--data {data.root}: no data folder of Nightjar: store.sqlite is looked for")
    if out.exists():
        raise BadInput(f"--out {out}: exists already and is not touched; give another name")
    part = out.with_name(out.name + ".part")
    sums: dict[str, dict[str, int | str]] = {}
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for name, path in _contents(data, evidence=evidence):
                    note(name)
                    sums[name] = _add(tar, name, path)
                _add_bytes(tar, MANIFEST, _manifest(sums))
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(out)
    except sqlite3.Error as error:
        raise BadInput(f"--data {data.root}: a database cannot be copied: {error}") from None
    except OSError as error:
        raise BadInput(f"--out {out}: {error.strerror or error}; give a file on a disk with room") from None
    finally:
        part.unlink(missing_ok=True)
    return Kept(len(sums), sum(int(one["bytes"]) for one in sums.values()))


def restore(source: Path, data: DataFolder) -> Kept:
    """Unpack a backup into a data folder that does not exist yet or is empty; it appears whole or not at all.

    Raises:
        BadInput: no such file, not a backup, of a newer format, a file in it that was changed or is missing, or a
            folder with something in it.
    """
    if data.root.exists() and (not data.root.is_dir() or any(data.root.iterdir())):
        raise BadInput(f"--data {data.root}: is not empty; give a folder that does not exist yet")
    data.root.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{data.root.name}-", dir=data.root.parent))
    try:
        kept = _unpack(source, fresh)
        if data.root.exists():
            data.root.rmdir()
        fresh.rename(data.root)
    except (tarfile.TarError, OSError) as error:
        raise BadInput(f"{source}: not a whole backup of Nightjar: {error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return kept


def _contents(data: DataFolder, *, evidence: bool) -> Iterator[tuple[str, Path]]:
    """Names in the backup and files; databases as copies that exist while they are asked for."""
    for pattern in DATABASES:
        for path in sorted(data.root.glob(pattern)):
            with _copied(path) as copy:
                yield path.relative_to(data.root).as_posix(), copy
    for folder in (*FOLDERS, *(("evidence",) if evidence else ())):
        for path in sorted((data.root / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.endswith(PASSING):
                yield path.relative_to(data.root).as_posix(), path


@contextlib.contextmanager
def _copied(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as folder:
        copy = Path(folder) / path.name
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)
        target = sqlite3.connect(copy)
        try:
            source.backup(target)
        finally:
            target.close()
            source.close()
        yield copy


def _add(tar: tarfile.TarFile, name: str, path: Path) -> dict[str, int | str]:
    """A file as it is now: one that grows meanwhile is cut at the size that it began with."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        counted = _Counted(file, size)
        head = tarfile.TarInfo(name)
        head.size, head.mode = size, 0o600
        tar.addfile(head, counted)
    return {"bytes": size, "sha256": counted.digest.hexdigest()}


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    head = tarfile.TarInfo(name)
    head.size, head.mode = len(content), 0o600
    tar.addfile(head, io.BytesIO(content))


def _manifest(sums: dict[str, dict[str, int | str]]) -> bytes:
    return json.dumps({"nightjar": __version__, "format": FORMAT, "files": sums}, indent=1).encode()


class _Counted:
    """Reads at most `size` bytes and sums them up."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        self.digest.update(chunk)
        return chunk


def _unpack(source: Path, folder: Path) -> Kept:
    with tarfile.open(source, "r:") as tar:
        found: dict[str, str] = {}
        manifest: dict[str, dict[str, int | str]] | None = None
        total = 0
        for member in tar:
            content = tar.extractfile(member)
            if content is None or not member.isfile():
                raise BadInput(f"{source}: {member.name}: only plain files are allowed in a backup")
            if member.name == MANIFEST:
                manifest = _read_manifest(source, content.read())
                continue
            found[member.name] = _place(source, folder, member.name, content)
            total += member.size
    if manifest is None:
        raise BadInput(f"{source}: not a whole backup of Nightjar: it has no {MANIFEST}")
    expected = {name: str(one["sha256"]) for name, one in manifest.items()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise BadInput(f"{source}: {wrong[0]} is missing or was changed; nothing was restored")
    return Kept(len(found), total)


def _read_manifest(source: Path, text: bytes) -> dict[str, dict[str, int | str]]:
    try:
        value = json.loads(text)
        form, files = int(value["format"]), dict(value["files"])
    except (ValueError, KeyError, TypeError):
        raise BadInput(f"{source}: {MANIFEST} cannot be read; nothing was restored") from None
    if form > FORMAT:
        raise BadInput(f"{source}: format {form} is newer than {FORMAT}, which this Nightjar knows")
    return files


def _place(source: Path, folder: Path, name: str, content: IO[bytes]) -> str:
    """Write one file under the folder; returns its sha256."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise BadInput(f"{source}: {name!r}: names inside the data folder are allowed")
    path = folder.joinpath(*parts.parts)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()

"""The catalogue of known weights: models/catalog.toml, in a checkout or inside the wheel."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.detect.card import ModelCard, family_named
from pipeline.detect.classes import COCO
from pipeline.errors import ModelError

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One known file of weights. Without `sha256` it is only documented: it cannot be pulled, but added by hand."""

    name: str
    file: str
    url: str
    licence: str
    origin: str
    family: str
    size: tuple[int, int]
    labels: tuple[str, ...]
    rank: int
    sha256: str | None = None
    bytes: int | None = None
    note: str = ""
    measured: Mapping[str, float] = field(default_factory=dict)

    def card(self) -> ModelCard:
        return ModelCard(name=self.name, family=family_named(self.family), size=self.size, labels=self.labels)


class Catalog:
    """Entries by name; those added by hand (`models add`) come after the shipped ones."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._by_name = {entry.name: entry for entry in self.entries}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Entry:
        if name not in self._by_name:
            raise ModelError(f"model {name!r} is not catalogued; known: {', '.join(sorted(self._by_name))}")
        return self._by_name[name]

    def with_sha256(self, digest: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.sha256 == digest), None)

    def best_in(self, folder: Path) -> Entry | None:
        """The entry of highest rank whose file lies in a folder, or None."""
        present = [entry for entry in self.entries if entry.sha256 and (folder / entry.file).is_file()]
        return max(present, key=lambda entry: entry.rank, default=None)


def shipped_path() -> Path:
    """catalog.toml beside the code: in the root of a checkout, or under `_data` in an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_data" / "models", package.parent / "models"):
        if (folder / "catalog.toml").is_file():
            return folder / "catalog.toml"
    raise ModelError("models/catalog.toml is missing from this installation")


def local_path(models_folder: Path) -> Path:
    """Where `models add` notes what a person has added to a data folder."""
    return models_folder / "added.toml"


def load_catalog(models_folder: Path | None = None, *, path: Path | None = None) -> Catalog:
    """The shipped catalogue and, given a data folder's models folder, what was added there.

    What was added stands in for a shipped entry of the same name that is only documented.

    Raises:
        ModelError: a catalogue cannot be read; the message names file, entry and key.
    """
    entries = read_entries(path or shipped_path())
    if models_folder is not None and local_path(models_folder).is_file():
        taken = {entry.name for entry in entries if entry.sha256 is not None}
        added = [entry for entry in read_entries(local_path(models_folder)) if entry.name not in taken]
        names = {entry.name for entry in added}
        entries = [entry for entry in entries if entry.name not in names] + added
    return Catalog(entries)


def read_entries(path: Path) -> list[Entry]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    if document.get("schema") != SCHEMA:
        raise ModelError(f"{path}: schema is {document.get('schema')!r}, this version reads {SCHEMA}")
    return [_entry(path, table) for table in document.get("model", [])]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(path: Path, table: Mapping[str, Any]) -> Entry:
    values = dict(table)
    name = values.get("name", "(no name)")
    try:
        wide, high = values.pop("input")
        labels = values.pop("labels")
        entry = Entry(**values, size=(int(wide), int(high)), labels=COCO if labels == "coco" else tuple(labels))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: model {name}: {error}") from error
    family_named(entry.family)
    if Path(entry.file).name != entry.file:
        raise ModelError(f"{path}: model {name}: file must be a plain name, not {entry.file!r}")
    return entry

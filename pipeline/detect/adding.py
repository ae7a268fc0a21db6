"""One's own weights: recognised, tried out, copied into the data folder and noted in its `added.toml`."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.detect.card import ModelCard
from pipeline.detect.catalog import SCHEMA, Entry, load_catalog, local_path, read_entries, sha256_of
from pipeline.detect.model import ModelDetector
from pipeline.detect.open import recognise
from pipeline.detect.session import Session
from pipeline.detect.ultralytics import SUFFIX
from pipeline.errors import ModelError

RANK = 100
"""Above what is shipped: whoever adds weights means `auto` to use them."""
RESERVED = ("auto", "motion")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person says of a file; what is None is taken from the file itself."""

    name: str | None = None
    family: str | None = None
    labels: tuple[str, ...] | None = None
    licence: str | None = None
    rank: int = RANK


def add(path: Path, folder: Path, wish: Wish) -> Entry:
    """Catalogue a file under a name. A file that is catalogued already is put in its place under its own name.

    Raises:
        ModelError: the file is missing, unknown in layout, does not run, or the name is taken.
    """
    if not path.is_file():
        raise ModelError(f"models add: {path}: no such file; give an ONNX file")
    if path.suffix == SUFFIX:
        raise ModelError(f"models add: {path}: allowed: ONNX files; `nightjar models export {path}` makes one of it")
    catalog = load_catalog(folder)
    digest = sha256_of(path)
    known = catalog.with_sha256(digest)
    if known is not None:
        _copy(path, folder / known.file)
        return known
    name = _name(wish.name or path.stem)
    session = Session(path)
    family = wish.family or (catalog[name].family if name in catalog else None)
    card = recognise(path, session, catalog=catalog, family=family)
    card = replace(card, name=name, labels=wish.labels or card.labels)
    ModelDetector(session, card, score=0.5)  # its trial run refuses a layout that does not fit
    told = session.signature.metadata.get("license", "not stated")
    entry = _entry(card, path, digest=digest, wish=replace(wish, licence=wish.licence or told))
    _copy(path, folder / entry.file)
    _note(entry, folder)
    return entry


def _entry(card: ModelCard, path: Path, *, digest: str, wish: Wish) -> Entry:
    return Entry(
        name=card.name, file=f"{card.name}.onnx", url="", licence=wish.licence or "", origin=f"added from {path.name}",
        family=card.family.name, size=card.size, labels=card.labels, rank=wish.rank, sha256=digest,
        bytes=path.stat().st_size,
    )  # fmt: skip


def _name(name: str) -> str:
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ModelError(f"models add: name {name!r}; allowed: letters, digits, . _ - and none of {RESERVED}")
    if any(entry.sha256 and f"{name}.onnx" in (entry.file, f"{entry.name}.onnx") for entry in load_catalog().entries):
        raise ModelError(f"models add: name {name!r} is a shipped model's, and these are other weights; give --name")
    return name


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if target.exists() and target.samefile(path):
        return
    partial = target.with_name(target.name + ".part")
    shutil.copyfile(path, partial)
    partial.replace(target)


def _note(entry: Entry, folder: Path) -> None:
    path = local_path(folder)
    others = [other for other in read_entries(path) if other.name != entry.name] if path.is_file() else []
    partial = path.with_name(path.name + ".part")
    partial.write_text(to_toml([*others, entry]), encoding="utf-8")
    partial.replace(path)


def to_toml(entries: Sequence[Entry]) -> str:
    """A catalogue as `read_entries` reads it."""
    return "\n".join([f"schema = {SCHEMA}\n", *(_table(entry) for entry in entries)])


def _table(entry: Entry) -> str:
    values: dict[str, object] = {
        "name": entry.name, "file": entry.file, "url": entry.url, "sha256": entry.sha256, "bytes": entry.bytes,
        "licence": entry.licence, "origin": entry.origin, "family": entry.family, "input": list(entry.size),
        "labels": list(entry.labels), "rank": entry.rank, "note": entry.note,
    }  # fmt: skip
    # JSON's strings, numbers and lists are TOML's too, but for a bare DEL.
    lines = [
        f"{key} = " + json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        for key, value in values.items()
        if value is not None
    ]
    measured = ", ".join(f"{json.dumps(key)} = {float(value)}" for key, value in entry.measured.items())
    return "\n".join(["[[model]]", *lines, f"measured = {{ {measured} }}", ""])

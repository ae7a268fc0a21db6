"""Whether an export is what the site signed, and if not, exactly which file was touched."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import lzma
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import BadInput
from pipeline.evidence.archive import CHUNK, Entry, same_form
from pipeline.evidence.export import FORMAT, MANIFEST, PUBLIC_KEY, SIGNATURE, VERSION
from pipeline.evidence.keys import PublicKey, parse_public

Verdict = Literal["whole", "altered", "missing", "added", "unreadable"]
_MOST_MANIFEST = 1 << 20
_OWN = (MANIFEST, SIGNATURE, PUBLIC_KEY)
CONTAINER = "(archive)"
_DAMAGE = (
    zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error,
    zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What `zipfile` raises, one way or another, over headers in which any byte may be wrong."""


@dataclass(slots=True)
class Report:
    """`files` says of each what became of it; `faults` are sentences, none where all is whole and signed."""

    alert_id: str = ""
    exported_utc: str = ""
    exported_by: str = ""
    fingerprint: str = ""
    key_given: bool = False
    files: dict[str, Verdict] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults

    def touched(self, name: str, verdict: Verdict, text: str) -> None:
        self.files[name] = verdict
        self.faults.append(f"{name}: {text}")


def verify(path: Path, *, key: PublicKey | None = None) -> Report:
    """Check an export, against `key` where given, else against the key in it, which proves only that it is whole.

    Raises:
        BadInput: there is no such file, or it never was an export.
    """
    report = Report(key_given=key is not None)
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\3\4":
                raise BadInput(f"{path}: not an export of `nightjar evidence export` (no zip file)")
            try:
                with zipfile.ZipFile(file) as archive:
                    _check(report, path, archive, key)
            except _DAMAGE:
                report.touched(CONTAINER, "unreadable", "the archive's directory was altered or cut off")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; an export of `nightjar evidence export` is needed") from None
    return report


def _check(report: Report, path: Path, archive: zipfile.ZipFile, key: PublicKey | None) -> None:
    names = [info.filename for info in archive.infolist()]
    text = _read(archive, MANIFEST, names)
    if text is None and not set(names) & {SIGNATURE, PUBLIC_KEY}:
        raise BadInput(f"{path}: a zip file, but not an export of `nightjar evidence export` (no {MANIFEST})")
    for name, count in Counter(names).items():
        if count > 1:
            report.touched(name, "added", f"there {count} times")
    manifest = _manifest(report, path, text, _read(archive, SIGNATURE, names), _signer(report, archive, names, key))
    if manifest is None:
        return
    report.alert_id, report.exported_utc = str(manifest["alert_id"]), str(manifest["exported_utc"])
    report.exported_by = str(manifest["exported_by"])
    listed = {str(row["name"]): row for row in manifest["files"]}
    for name, row in listed.items():
        _compare(report, archive, name, row, names)
    for name in sorted(set(names) - set(listed) - set(_OWN)):
        report.touched(name, "added", "not in the manifest: put in later")
    if report.ok and not _own_form(archive):
        report.touched(CONTAINER, "altered", "every file is whole, but the archive around them was written anew")


def _signer(report: Report, archive: zipfile.ZipFile, names: list[str], key: PublicKey | None) -> PublicKey | None:
    """The key to check with. The one in the archive must at least be the one that is asked for."""
    inside = _read(archive, PUBLIC_KEY, names)
    try:
        found = None if inside is None else parse_public(inside)
    except ValueError:
        found = None
    if found is None or inside != found.pem.encode():
        report.touched(PUBLIC_KEY, "missing" if PUBLIC_KEY not in names else "altered", "no Ed25519 public key")
    elif key is not None and found.pem != key.pem:
        report.touched(PUBLIC_KEY, "altered", f"another key than the given one: {found.fingerprint}")
    else:
        report.files[PUBLIC_KEY] = "whole"
    chosen = key or found
    report.fingerprint = "" if chosen is None else chosen.fingerprint
    return chosen


def _manifest(
    report: Report, path: Path, text: bytes | None, signature: bytes | None, signer: PublicKey | None
) -> dict[str, Any] | None:
    if text is None:
        report.touched(MANIFEST, "missing", "cannot be read, so nothing can be checked")
        return None
    try:
        raw = base64.b64decode((signature or b"").removesuffix(b"\n"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    signed = signer is not None and len(raw) == 64 and signer.signed(text, raw)
    report.files[MANIFEST] = report.files[SIGNATURE] = "whole"
    if len(raw) != 64 or base64.b64encode(raw) + b"\n" != signature:
        report.touched(SIGNATURE, "missing" if signature is None else "altered", "not the 64 bytes of a signature")
    elif not signed:
        report.touched(MANIFEST, "altered", "the signature does not fit: manifest, signature or key was touched")
    return _parsed(report, path, text)


def _parsed(report: Report, path: Path, text: bytes) -> dict[str, Any] | None:
    """The manifest's content, as far as it still makes sense: an altered one still helps to name other files."""
    try:
        value = json.loads(text)
        if value["format"] == FORMAT and value["version"] != VERSION:
            raise BadInput(f"{path}: an export of version {value['version']!r}; this program checks version {VERSION}")
        shaped = value["format"] == FORMAT and all(
            isinstance(row["name"], str) and isinstance(row["sha256"], str) for row in value["files"]
        )
        _ = value["alert_id"], value["exported_utc"], value["exported_by"]
    except (ValueError, KeyError, TypeError):
        shaped = False
    if not shaped:
        if report.files.get(MANIFEST) != "altered":
            report.touched(MANIFEST, "altered", "no manifest of this form")
        return None
    return dict(value)


def _compare(report: Report, archive: zipfile.ZipFile, name: str, row: dict[str, Any], names: list[str]) -> None:
    earlier = row.get("found")
    if name not in names:
        when = "missing already when it was exported" if earlier == "missing" else "taken out"
        report.touched(name, "missing", when)
        return
    digest = _digest(archive, name)
    if digest == row["sha256"]:
        report.files.setdefault(name, "whole")
    elif earlier == "altered":
        report.touched(name, "altered", "altered already when it was exported")
    else:
        report.touched(name, "altered", "not what was signed")


def _own_form(archive: zipfile.ZipFile) -> bool:
    assert archive.fp is not None
    entries = [Entry(i.filename, i.CRC, i.file_size, i.header_offset) for i in archive.infolist()]
    return same_form(archive.fp, entries)  # type: ignore[arg-type]


def _digest(archive: zipfile.ZipFile, name: str) -> str | None:
    """A file's sha256, or None where even its zip entry is damaged."""
    digest = hashlib.sha256()
    try:
        with archive.open(name) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except _DAMAGE:
        return None
    return digest.hexdigest()


def _read(archive: zipfile.ZipFile, name: str, names: list[str]) -> bytes | None:
    if name not in names:
        return None
    try:
        with archive.open(name) as file:
            return file.read(_MOST_MANIFEST)
    except _DAMAGE:
        return b""

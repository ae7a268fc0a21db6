"""What an operator is shown and an investigator keeps: the picture with the track drawn, the record, the clip's place.

Files are written whole or not at all, and a disk that refuses costs the picture, never the alert.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pipeline.types import Evidence

log = logging.getLogger(__name__)

RESERVE_BYTES = 256 * 2**20
"""Evidence leaves this much of the disk free, so that pictures never crowd out the outbox and the store."""

FULL = ".full"
"""While this file lies in the evidence folder its quota is used up: retention puts it there and takes it away."""

_NAMES: Mapping[str, tuple[str, str]] = {
    "snapshot": ("snapshot.jpg", "image/jpeg"),
    "clip": ("clip.mp4", "video/mp4"),
    "record": ("record.json", "application/json"),
}
_ALERT_ID = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)


class EvidenceFolder:
    """Files of alerts under one folder, `<first two characters>/<alert id>/snapshot.jpg` and so on.

    Every method that writes gives an `Evidence` with a path relative to the folder, or None where the disk refuses.
    """

    def __init__(self, root: Path, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._root = root
        self._reserve_bytes = reserve_bytes

    def write_snapshot(self, alert_id: str, jpeg: bytes) -> Evidence | None:
        """Keep the picture of an alert."""
        return self._write("snapshot", alert_id, jpeg)

    def write_record(self, alert_id: str, record: Mapping[str, Any]) -> Evidence | None:
        """Keep the numbers of an alert as JSON: sorted keys and no spaces, so that equal records have equal digests."""
        text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return self._write("record", alert_id, text.encode())

    def clip_path(self, alert_id: str) -> Path:
        """Where the clip of an alert belongs; its folder is made where the disk allows."""
        path = self._root / self._relative("clip", alert_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("no evidence folder for alert %s: %s", alert_id, error.strerror)
        return path

    def clip(self, alert_id: str, sha256: str) -> Evidence:
        """The reference to a clip that was written at `clip_path`."""
        return _evidence("clip", self._relative("clip", alert_id), sha256)

    def has_room(self) -> bool:
        """Whether evidence may still be written: more than the reserve is free, and the quota is not used up."""
        try:
            if (self._root / FULL).exists():
                return False
            return shutil.disk_usage(self._root).free > self._reserve_bytes
        except OSError:
            return False

    def check(self, evidence: Evidence) -> Literal["whole", "altered", "missing"]:
        """Whether a file still is what it was when its digest was taken."""
        try:
            with (self._root / evidence.path).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return "missing"
        return "whole" if digest == evidence.sha256 else "altered"

    def _write(self, kind: Literal["snapshot", "record"], alert_id: str, data: bytes) -> Evidence | None:
        relative = self._relative(kind, alert_id)
        path = self._root / relative
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not self.has_room():
                log.warning("no %s of alert %s: the disk or the quota is nearly full", kind, alert_id)
                return None
            _write_whole(path, data)
        except OSError as error:
            log.warning("no %s of alert %s: %s", kind, alert_id, error.strerror)
            return None
        return _evidence(kind, relative, hashlib.sha256(data).hexdigest())

    def _relative(self, kind: Literal["snapshot", "clip", "record"], alert_id: str) -> str:
        if not _ALERT_ID.fullmatch(alert_id):
            raise ValueError("an alert id consists of letters, digits, - and _")
        return f"{alert_id[:2]}/{alert_id}/{_NAMES[kind][0]}"


def manifest(items: Iterable[Evidence]) -> str:
    """The digests of files in the form that `sha256sum --check` reads, sorted by path; empty for none."""
    return "".join(f"{item.sha256}  {item.path}\n" for item in sorted(items, key=lambda item: item.path))


def _evidence(kind: Literal["snapshot", "clip", "record"], relative: str, sha256: str) -> Evidence:
    return Evidence(kind=kind, path=relative, sha256=sha256, media_type=_NAMES[kind][1])


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside, make durable, then rename: a reader or a crash never sees half a file."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

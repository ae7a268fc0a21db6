"""The evidence folder as retention sees it: how much it holds, what belongs to nobody, and how files leave it."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.alerts.evidence import FULL, RESERVE_BYTES

__all__ = ["RESERVE_BYTES", "EvidenceShelf"]

log = logging.getLogger(__name__)


class EvidenceShelf:
    """Files under one folder, `AB/ALERT/NAME`. Paths are relative, as the store keeps them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def sizes(self) -> dict[str, tuple[int, float]]:
        """Every file: bytes and when it was last written, seconds since the epoch."""
        found = {}
        for path in self._files():
            with contextlib.suppress(OSError):
                status = path.stat()
                found[path.relative_to(self._root).as_posix()] = (status.st_size, status.st_mtime)
        return found

    def free_bytes(self) -> int:
        return shutil.disk_usage(self._root).free

    def remove(self, names: Iterable[str]) -> int:
        """Delete files and the folders that are left empty; how many went. One that refuses is logged and stays."""
        gone = 0
        for name in names:
            path = self._root / name
            if not path.resolve().is_relative_to(self._root.resolve()):
                log.error("evidence path %r leads out of the folder and is left alone", name[:120])
                continue
            try:
                path.unlink()
                gone += 1
            except FileNotFoundError:
                pass
            except OSError as error:
                log.error("evidence file %s cannot be removed: %s", name, error.strerror)
                continue
            with contextlib.suppress(OSError):
                path.parent.rmdir()
                path.parent.parent.rmdir()
        return gone

    def close(self, reason: str | None) -> None:
        """Tell the cameras' processes to keep no more evidence, or with None that there is room again."""
        flag = self._root / FULL
        with contextlib.suppress(OSError):
            if reason is None:
                flag.unlink(missing_ok=True)
            elif not flag.exists():
                flag.write_text(reason, encoding="utf-8")

    def _files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self._root):
            for name in names:
                if name != FULL:
                    yield Path(folder) / name

"""The file that tells learners how alerts ended: by an alert's key, whether it was real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

VERSION = 1


def write_verdicts(path: Path, real: Mapping[str, bool]) -> None:
    """Replace the file whole: by an alert's key, whether it ended as real. Raises OSError."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"v": VERSION, "real": dict(real)}), encoding="utf-8")
    fresh.replace(path)


def read_verdicts(path: Path) -> dict[str, bool]:
    """What `write_verdicts` was given; nothing where there is no file.

    Raises:
        ValueError: the file is of another version, or damaged.
        OSError: it cannot be read.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(value, dict) or value.get("v") != VERSION or not isinstance(value.get("real"), dict):
        raise ValueError("not a list of how alerts ended, of this version")
    return {str(key): bool(real) for key, real in value["real"].items()}

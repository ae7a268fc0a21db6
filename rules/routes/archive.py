"""A model as bytes: NumPy's zipped arrays with a JSON head, never pickle."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
"""Raised when older programs cannot read newer bytes; older bytes stay readable."""


def pack(head: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """Head and arrays as one byte string."""
    text = json.dumps({"format": FORMAT, **head}, sort_keys=True).encode()
    buffer = io.BytesIO()
    named: dict[str, Any] = {"head": np.frombuffer(text, np.uint8), **arrays}
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `pack` was given.

    Raises:
        ValueError: not a model, damaged, or written by a newer program.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        head = json.loads(arrays.pop("head").tobytes())
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError("these bytes are not a model of routes, or damaged") from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        found = head.get("format") if isinstance(head, dict) else None
        raise ValueError(f"a model of routes of format {found}; this program reads format {FORMAT}")
    return head, arrays


def joined(parts: list[NDArray[Any]], width: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Arrays (M_i, width) end to end, and their lengths."""
    lengths = np.array([len(part) for part in parts], np.int64)
    return (np.concatenate(parts) if parts else np.zeros((0, width))), lengths


def split(whole: NDArray[Any], lengths: NDArray[np.int64]) -> list[NDArray[Any]]:
    """The opposite of `joined`."""
    return np.split(whole, np.cumsum(lengths)[:-1]) if len(lengths) else []

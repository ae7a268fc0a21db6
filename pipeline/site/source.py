"""Where a camera's pictures come from, as it stands in the site file: an address, a file, or a device."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

SCHEMES = ("rtsp", "rtsps", "http", "https")
SOURCE_ALLOWED = (
    "an address with rtsp://, rtsps://, http:// or https:// and a host, a file path, or a device "
    "(/dev/video0 or device:0)"
)

SourceKind = Literal["address", "file", "device", "secret"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_TYPING_SLIP = re.compile(r"(rtsps?|https?|file|device):", re.IGNORECASE)
_DEVICE = re.compile(r"device:\d{1,3}|/dev/video\d{1,3}", re.ASCII)


def source_kind(text: str) -> SourceKind:
    """What a source is; `secret` where it begins with `${NAME}`, so that only the resolved text can tell.

    Raises:
        ValueError: an unknown scheme, an address without a host, or nothing at all.
    """
    if text.startswith("${"):
        return "secret"
    if _DEVICE.fullmatch(text):
        return "device"
    scheme = _SCHEME.match(text)
    if scheme is None:
        if not text.strip() or "\0" in text or _TYPING_SLIP.match(text):
            raise ValueError(SOURCE_ALLOWED)
        return "file"
    if scheme[1].lower() not in SCHEMES or not _has_host(text):
        raise ValueError(SOURCE_ALLOWED)
    return "address"


def is_live(text: str) -> bool:
    """Whether pictures come at their own pace and cannot be asked for again. HTTP may be either: taken as live."""
    return source_kind(text) in ("address", "device", "secret")


def absolute_source(text: str, folder: Path) -> str:
    """A relative file path as seen from the site file's folder; everything else as it is."""
    return str(folder / text) if source_kind(text) == "file" else text


def _has_host(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return "${" in text  # a placeholder may stand where a host or port will be
    return bool(parts.hostname)

"""What the API is told when it is built; nothing of it changes while it runs."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import BadInput

WEB = Path(__file__).resolve().parent.parent / "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraInfo:
    """What pages draw over a camera's picture: plain values of the site file, never its address.

    `zones` and `lines` are `{id: {"polygon" or "points": [[x, y], ...], ...}}`, normalised.
    """

    camera_id: str
    name: str = ""
    zones: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """`token` is what workers show at the ingest address; `evidence` the folder that evidence paths are relative to."""

    site_name: str
    timezone: str
    token: str
    evidence: Path
    cameras: Sequence[CameraInfo] = ()
    web: Path = WEB
    version: str = ""
    queue_size: int = 1000
    heartbeat_s: float = 10.0
    max_body_bytes: int = 8 << 20


def check_bind(host: str) -> None:
    """Refuse an address that others can reach.

    Raises:
        BadInput: says why, and what is allowed.
    """
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise BadInput(
            f"--host {host}: there are no accounts yet, so anybody who reaches this address could see cameras and "
            "resolve alerts; 127.0.0.1, ::1 and localhost are allowed. From another machine, use an SSH tunnel: "
            "ssh -L 8000:127.0.0.1:8000 THIS_MACHINE"
        )

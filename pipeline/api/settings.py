"""What the API is told when it is built; nothing of it changes while it runs."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import BadInput
from pipeline.store.desk_rules import DeskRules
from pipeline.types import Tracks

TrackReader = Callable[[str, float, float], Iterable[Tracks]]
"""A camera's analysed frames from one time to another, as the track log has them."""
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
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Who can reach the API, and how. `certificate` and `key` are PEM files; `self_signed` says that we made them.

    `names` are the host names under which it may be asked for, beside addresses and this machine's own; a page whose
    name was made to point here is refused (DNS rebinding). `proxies` are believed about who is behind them.
    """

    host: str = "127.0.0.1"
    certificate: Path | None = None
    key: Path | None = None
    self_signed: bool = False
    proxies: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine can reach it."""
        return is_loopback(self.host) and not self.proxies

    @property
    def tls(self) -> bool:
        return self.certificate is not None

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS, our own or a proxy's."""
        return self.tls or bool(self.proxies)


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
    max_body_bytes: int = 1 << 20
    max_batch_bytes: int = 8 << 20
    reach: Reach = field(default_factory=Reach)
    desk: DeskRules = field(default_factory=DeskRules)
    video_url: str | None = None
    calendars: Sequence[str] = ()
    tracks: TrackReader | None = None


def is_loopback(host: str) -> bool:
    """Whether this address is reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_bind(reach: Reach) -> None:
    """Refuse an address that others can reach in the clear.

    Raises:
        BadInput: says why, and what is allowed.
    """
    if is_loopback(reach.host) or reach.secure:
        return
    raise BadInput(
        f"--host {reach.host}: others can reach it, and passwords would travel in the clear; give --tls self (makes a "
        "certificate), --tls CERT,KEY, or --behind-proxy where a proxy ends TLS; without them only 127.0.0.1, ::1 and "
        "localhost are allowed, reached from elsewhere by ssh -L 8000:127.0.0.1:8000 THIS_MACHINE"
    )

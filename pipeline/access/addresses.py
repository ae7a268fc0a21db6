"""Which camera addresses somebody who is signed in may give: the API must not be a way into this machine (SSRF).

Cameras live on private networks, so those are allowed. Refused is what is no camera's: this machine itself, link-local
addresses (and with them the metadata services of clouds), multicast and unspecified ones, however they are written;
files and other schemes; and `${NAME}`, with which a secret could be sent to an address of somebody's choice. Whoever
may edit the site file on the machine is bound by none of this.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from pipeline.errors import BadInput

SCHEMES = ("rtsp", "rtsps", "http", "https")
Lookup = Callable[..., Sequence[tuple[Any, ...]]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
_SHARED = ipaddress.IPv4Network("100.100.100.200/32")
"""A metadata service outside the link-local range, as one large cloud has it."""


def check_camera_address(source: str, *, lookup: Lookup = socket.getaddrinfo) -> None:
    """Refuse an address that is no camera's. The name is resolved; nothing is sent to what it resolves to.

    Raises:
        BadInput: says what is allowed; never repeats the address, which may hold a password.
    """
    if "${" in source:
        raise BadInput("source: give the password as it is, it is kept encrypted; ${NAME} is for the site file")
    if not source.isascii() or any(c <= " " or c == "\\" for c in source):
        raise BadInput("source: an address without spaces, backslashes and letters beyond ASCII is allowed")
    host, port = _host(source)
    for address in _resolved(host, port, lookup):
        for inner in _inner(address):
            if _forbidden(inner):
                raise BadInput(f"source: {host} is this machine or no camera's address; a camera's own is allowed")


def _host(source: str) -> tuple[str, int]:
    """The host that a reader of addresses would connect to. What two readers could understand differently is refused:
    a second `@` or a `#` before the path."""
    scheme, colon, rest = source.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    try:
        parts = urlsplit(source)
        port = parts.port or 554
    except ValueError:
        raise BadInput("source: not an address with a host and a port") from None
    if not colon or scheme.lower() not in SCHEMES or not parts.hostname:
        raise BadInput("source: an rtsp, rtsps, http or https address is allowed here; files go into the site file")
    if authority.count("@") > 1 or "#" in source or parts.netloc != authority:
        raise BadInput("source: @, # and / in a user or password are written %40, %23 and %2F here")
    return parts.hostname, port


def _resolved(host: str, port: int, lookup: Lookup) -> list[Address]:
    """Every address of a name, as the system's resolver reads it: it also knows 127.1, 0x7f000001 and 2130706433."""
    try:
        found = lookup(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadInput(f"source: the name {host[:100]} cannot be resolved") from None
    return [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]


def _inner(address: Address) -> list[Address]:
    """An address, and the IPv4 ones that an IPv6 one may hold (mapped, compatible, NAT64, 6to4, Teredo)."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    maybe = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
    held: list[Address] = [address, *(inner for inner in maybe if inner is not None)]
    if address in _NAT64 or int(address) >> 32 == 0:
        held.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return held


def _forbidden(address: Address) -> bool:
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return address in _SHARED or address.is_reserved or address in ipaddress.IPv4Network("0.0.0.0/8")
    return address == ipaddress.IPv6Address("fd00:ec2::254")

"""Connections to addresses that a site file names, so that it cannot be used to reach into the inner network.

A name is resolved once, every address it gives is judged, and the connection is made to the address that was judged:
between looking and connecting there is no second look-up that could answer otherwise (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.sinks.base import Away

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[..., Sequence[tuple[Any, ...]]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""


class Forbidden(Away):
    """All addresses of a name lie in networks that are neither public nor on the allow-list."""


def connect(
    host: str, port: int, *, allow: Sequence[Network] = (), timeout_s: float, lookup: Lookup = socket.getaddrinfo
) -> socket.socket:
    """A TCP connection to the first of the host's addresses that may be used and answers.

    Raises:
        Forbidden: none of them may be used.
        Away: the name is unknown, or none of them answers.
    """
    usable = [info for info in _resolve(host, port, lookup) if permitted(info[4][0], allow)]
    if not usable:
        raise Forbidden(f"{host} is in a private or local network; name that network in allow_private")
    reason = "does not answer"
    for family, kind, protocol, _, address in usable:
        made = socket.socket(family, kind, protocol)
        made.settimeout(timeout_s)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            reason = error.strerror or str(error) or type(error).__name__
            continue
        return made
    raise Away(f"{host}:{port}: {reason}")


def permitted(text: str, allow: Sequence[Network]) -> bool:
    """Whether an address is public, or of a network that the site allows. An IPv4 address inside an IPv6 one (mapped,
    NAT64, 6to4, Teredo) is judged as well."""
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = _inner(address)
    return all(_public(one) or _allowed(one, allow) for one in inner) or _allowed(address, allow)


def _public(address: IpAddress) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _allowed(address: IpAddress, allow: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in allow)


def _inner(address: IpAddress) -> list[IpAddress]:
    """What is really reached: the IPv4 addresses that an IPv6 one holds, else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    return [address]


def _resolve(host: str, port: int, lookup: Lookup) -> Sequence[tuple[Any, ...]]:
    try:
        return lookup(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Away(f"the name {host} cannot be resolved") from None

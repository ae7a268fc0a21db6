"""Cameras that answer a call on the network: WS-Discovery 1.0 as ONVIF devices speak it (ONVIF Core, chapter 7).

One multicast probe, a few seconds of listening. What answers is a stranger: little of it is read.
"""

from __future__ import annotations

import socket
import uuid
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from pipeline.clock import Clock

GROUP = ("239.255.255.250", 3702)
LARGEST = 16 << 10
MOST = 256
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_SCOPE = "onvif://www.onvif.org/"
_PROBE = """<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{addressing}" xmlns:d="{discovery}"
 xmlns:n="http://www.onvif.org/ver10/network/wsdl"><s:Header><a:MessageID>urn:uuid:{number}</a:MessageID>
<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To><a:Action>{discovery}/Probe</a:Action></s:Header>
<s:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>"""


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A camera that answered: its host, its ONVIF service's address, and what it says of itself."""

    host: str
    service: str
    name: str = ""
    hardware: str = ""


def discover(*, clock: Clock, listen_s: float = 3.0, group: tuple[str, int] = GROUP) -> list[Found]:
    """Call once and listen; each camera once, by host. Nothing is said to what answers.

    Raises:
        OSError: there is no network to call on.
    """
    found: dict[str, Found] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
        probe = _PROBE.format(addressing=_ADDRESSING, discovery=_DISCOVERY, number=uuid.uuid4())
        line.sendto(probe.encode(), group)
        until = clock.monotonic() + listen_s
        while (left := until - clock.monotonic()) > 0 and len(found) < MOST:
            line.settimeout(left)
            try:
                answer, sender = line.recvfrom(LARGEST)
            except TimeoutError:
                break
            camera = read_answer(answer, sender[0])
            if camera is not None:
                found.setdefault(camera.service, camera)
    return sorted(found.values())


def read_answer(answer: bytes, sender: str) -> Found | None:
    """What a ProbeMatch says; None where it is none, or names another host than the one that sent it."""
    if b"<!" in answer.replace(b"<!--", b""):  # a document type, and with it entities
        return None
    try:
        root = ElementTree.fromstring(answer)  # noqa: S314 - document types are refused above
    except ElementTree.ParseError:
        return None
    addresses = (root.findtext(f".//{{{_DISCOVERY}}}XAddrs") or "").split()
    service = next((one for one in addresses if _host(one) == sender), None)
    if service is None:
        return None
    scopes = (root.findtext(f".//{{{_DISCOVERY}}}Scopes") or "").split()
    said = {kind: _scope(scopes, kind) for kind in ("name", "hardware")}
    return Found(sender, service[:200], said["name"], said["hardware"])


def _host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None


def _scope(scopes: list[str], kind: str) -> str:
    prefix = f"{_SCOPE}{kind}/"
    text = next((unquote(one.removeprefix(prefix)) for one in scopes if one.startswith(prefix)), "")
    return "".join(letter for letter in text if letter.isprintable())[:80]

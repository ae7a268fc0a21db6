"""Who may reach the API, as `nightjar run` and `nightjar demo` are told it on the command line."""

from __future__ import annotations

import argparse
import ipaddress
from pathlib import Path

from pipeline.access.certificate import Certificate, own_certificate, read_certificate
from pipeline.api.settings import Reach
from pipeline.clock import Clock
from pipeline.errors import BadInput
from pipeline.folders import DataFolder

NEAR = ("127.0.0.1", "::1")


def add_reach(parser: argparse.ArgumentParser) -> None:
    """The arguments that say who may reach it."""
    parser.add_argument(
        "--host", default="127.0.0.1",
        help="address to serve on (default: %(default)s, this machine alone); others need --tls or --behind-proxy",
    )  # fmt: skip
    parser.add_argument(
        "--tls",
        metavar="self|CERT,KEY",
        help="serve over TLS: `self` makes a certificate and prints its fingerprint; or PEM files of your own",
    )
    parser.add_argument(
        "--behind-proxy", nargs="?", const=",".join(NEAR), metavar="ADDRESS,..",
        help="a proxy that ends TLS stands in front; its addresses (default: this machine) are believed about clients",
    )  # fmt: skip
    parser.add_argument(
        "--public-name",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name under which people reach it, beside this machine's own; may be given several times",
    )


def reach_of(args: argparse.Namespace, data: DataFolder, clock: Clock) -> tuple[Reach, Certificate | None]:
    """What the arguments say, and the certificate that is served.

    Raises:
        BadInput: an address, a name or a file that will not do.
    """
    names = tuple(_name(name) for name in args.public_name)
    proxies = _proxies(args.behind_proxy)
    if args.tls is None:
        return Reach(host=args.host, proxies=proxies, names=frozenset(names)), None
    certificate = _certificate(args.tls, data, host=args.host, names=names, utc=clock.utc())
    reach = Reach(
        host=args.host, certificate=certificate.path, key=certificate.key, self_signed=args.tls == "self",
        proxies=proxies, names=frozenset((*names, *certificate.names)),
    )  # fmt: skip
    return reach, certificate


def _certificate(tls: str, data: DataFolder, *, host: str, names: tuple[str, ...], utc: float) -> Certificate:
    if tls == "self":
        return own_certificate(data.create().keys, host=host, names=names, utc=utc)
    path, comma, key = tls.partition(",")
    if not (path and comma and key):
        raise BadInput(f"--tls {tls!r}: `self`, or a PEM certificate and its key: CERT,KEY")
    certificate = read_certificate(Path(path).absolute(), Path(key).absolute())
    if certificate.expires_utc <= utc:
        raise BadInput(f"--tls {path}: this certificate has run out")
    return certificate


def _proxies(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        for part in found:
            ipaddress.ip_network(part)
    except ValueError:
        raise BadInput(f"--behind-proxy {text!r}: addresses or networks, such as 10.0.0.2,10.1.0.0/24") from None
    return found or NEAR


def _name(text: str) -> str:
    name = text.strip().lower().rstrip(".")
    if not name or len(name) > 253 or not all(c.isalnum() or c in "-." for c in name):
        raise BadInput(f"--public-name {text!r}: a host name, such as nightjar.example.org, without scheme or port")
    return name

"""A certificate of our own for `--tls self`, for a box that has no name that an authority would vouch for.

Nobody vouches for it: whoever opens the page the first time compares the fingerprint that was printed with the one that
the browser shows. It is kept, so that this is done once.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline.errors import BadInput

LASTS_DAYS = 397
"""What browsers bear with at most (CA/Browser Forum baseline requirements, 6.3.2)."""
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """PEM files, the names it is for, and its SHA-256 fingerprint as browsers show it."""

    path: Path
    key: Path
    names: tuple[str, ...]
    fingerprint: str
    expires_utc: float


def own_certificate(folder: Path, *, host: str, names: tuple[str, ...], utc: float) -> Certificate:
    """The kept certificate where it is still good for these names, else a new one."""
    path, key = folder / "tls-self.pem", folder / "tls-self.key"
    wanted = {"localhost", "127.0.0.1", "::1", socket.gethostname().lower(), *names}
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared with, not bound to
        wanted.add(host)
    else:
        wanted |= _addresses()
    if path.is_file() and key.is_file():
        kept = read_certificate(path, key)
        if wanted <= set(kept.names) and kept.expires_utc - utc > RENEW_DAYS * 86_400:
            return kept
    _make(path, key, sorted(wanted), utc)
    return read_certificate(path, key)


def read_certificate(path: Path, key: Path) -> Certificate:
    """What a PEM certificate says of itself, and whether its key fits.

    Raises:
        BadInput: a file cannot be read, is no PEM of that kind, or the two do not belong together.
    """
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            f"--tls {path},{key}: {type(error).__name__}; a PEM certificate and its key are needed"
        ) from None
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != found.public_key().public_bytes(*form):
        raise BadInput(f"--tls {path},{key}: this key does not belong to this certificate")
    return Certificate(
        path=path, key=key, names=_names(found), fingerprint=found.fingerprint(hashes.SHA256()).hex(":").upper(),
        expires_utc=found.not_valid_after_utc.timestamp(),
    )  # fmt: skip


def _make(path: Path, key_path: Path, names: list[str], utc: float) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.fromtimestamp(utc, datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nightjar on " + socket.gethostname()[:40])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=LASTS_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(key_path, plain)
    _write(path, made.public_bytes(pem))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        listed = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in listed.get_values_for_type(x509.IPAddress)]
    return tuple(sorted([*(name.lower() for name in listed.get_values_for_type(x509.DNSName)), *addresses]))


def _addresses() -> set[str]:
    """This machine's addresses, as far as its name and its way out tell."""
    found: set[str] = set()
    with contextlib.suppress(OSError):
        found |= {str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(socket.gethostname(), None)}
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:  # a datagram socket's connect sends nothing
                probe.connect((far, 9))
                found.add(str(probe.getsockname()[0]).partition("%")[0])
        except OSError:
            continue
    return found

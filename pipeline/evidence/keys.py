"""The site's signing key: made at the first start, readable by this user alone, its public half for anybody to have.

Ed25519 (RFC 8032): whoever checks an export needs only the public key, so a police officer can check what a site
could not have altered unnoticed. A shared secret (HMAC) would let every checker forge.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pipeline.errors import BadInput

PRIVATE, PUBLIC = "evidence.key", "evidence.pub"
_MOST_BYTES = 10_000


class PublicKey:
    """Checks signatures. `fingerprint` names the key for people: compare it over the telephone."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @property
    def pem(self) -> str:
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    @property
    def fingerprint(self) -> str:
        """The first 128 bits of the key's sha256, in groups of four hex digits."""
        digest = hashlib.sha256(self._key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]
        return " ".join(digest[i : i + 4] for i in range(0, 32, 4))

    def signed(self, text: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """Signs exports. The private key never leaves its file and this object."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)


def signing_key(folder: Path) -> SigningKey:
    """The key kept in `folder`, made there where there is none; its public half lies beside it.

    Raises:
        BadInput: the folder cannot be written to, others may read the key, or it is no Ed25519 key.
    """
    path = folder / PRIVATE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(path)
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadInput(f"signing key {path}: others may read it: chmod 600 {path.name}")
        loaded = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise BadInput(f"signing key {path}: {error.strerror}; it must be readable and writable here") from None
    except (ValueError, TypeError):
        raise BadInput(f"signing key {path}: not an unencrypted PEM key; restore it from a backup") from None
    if not isinstance(loaded, Ed25519PrivateKey):
        raise BadInput(f"signing key {path}: not an Ed25519 key; restore it from a backup")
    key = SigningKey(loaded)
    _keep_public(folder / PUBLIC, key.public)
    return key


def read_public(path: Path) -> PublicKey:
    """A public key from a PEM file.

    Raises:
        BadInput: it cannot be read or is no Ed25519 public key.
    """
    try:
        with path.open("rb") as file:
            return parse_public(file.read(_MOST_BYTES))
    except OSError as error:
        raise BadInput(f"--key {path}: {error.strerror}; a PEM file with an Ed25519 public key is needed") from None
    except ValueError as error:
        raise BadInput(f"--key {path}: {error}") from None


def parse_public(pem: bytes) -> PublicKey:
    """Raises ValueError: not an Ed25519 public key in PEM."""
    wanted = "not an Ed25519 public key in PEM (`nightjar evidence key` writes one)"
    try:
        key = load_pem_public_key(pem)
    except Exception:  # noqa: BLE001 - the library raises its own kinds for each way of being damaged
        raise ValueError(wanted) from None
    if not isinstance(key, Ed25519PublicKey) or PublicKey(key).pem.split() != pem.decode("ascii", "replace").split():
        raise ValueError(wanted)
    return PublicKey(key)


def _make(path: Path) -> None:
    """Complete under another name first, so that no start ever finds half a key, and two starts agree on one."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # another process was first: its key is the key
    finally:
        fresh.unlink()


def _keep_public(path: Path, key: PublicKey) -> None:
    if path.is_file() and path.read_text(encoding="ascii", errors="replace") == key.pem:
        return
    path.write_text(key.pem, encoding="ascii")

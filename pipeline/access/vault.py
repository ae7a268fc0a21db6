"""Encrypts what must rest on disk and be read again: camera passwords, second factors, answers kept for a repeat.

AES-256-GCM (NIST SP 800-38D) under a key in a file that only this user may read. It protects a copied configuration, a
backup or a disk image without the key; it protects nothing from somebody who can read the key as this user or as root.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from pathlib import Path

from pipeline.errors import BadInput

KEY_VARIABLE = "NIGHTJAR_KEY_FILE"
CREDENTIAL = "nightjar.key"
"""Its name among systemd's credentials (LoadCredential=, LoadCredentialEncrypted=)."""
PREFIX = "sealed:1:"
NONCE_BYTES = 12
KEY_BYTES = 32


class Vault:
    """Seals texts under one key. The key is made at the first use, mode 0600, unless a place for it is named.

    Raises, when used:
        BadInput: the key file is missing where one is named, others may read it, or it holds no key.
    """

    def __init__(self, path: Path) -> None:
        self._path = named_key() or path
        self._may_make = self._path == path
        self._key: bytes | None = None

    @property
    def path(self) -> Path:
        return self._path

    def seal(self, text: str, *, about: str) -> str:
        """`text` encrypted; it opens only with the same `about`, so that a value cannot be moved to another place."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._load(make=True)).encrypt(nonce, text.encode(), about.encode())
        return PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, *, about: str) -> str:
        """What `seal` was given.

        Raises:
            BadInput: another key, another `about`, or a damaged value; never says what it held.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(PREFIX).encode())
            text = AESGCM(self._load(make=False)).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError, binascii.Error):
            raise BadInput(f"{about}: sealed with another key than {self._path}, or damaged; set it anew") from None
        return text.decode()

    def sign(self, text: str) -> str:
        """A keyed digest in hex, with a key of its own derived from the vault's."""
        key = hmac.new(self._load(make=True), b"nightjar signatures", hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def _load(self, *, make: bool) -> bytes:
        if self._key is None:
            if make and self._may_make:
                _make(self._path)
            self._key = _read(self._path)
        return self._key


def is_sealed(text: str) -> bool:
    return text.startswith(PREFIX)


def named_key() -> Path | None:
    """The key that the environment names: NIGHTJAR_KEY_FILE, or systemd's credential `nightjar.key`."""
    if os.environ.get(KEY_VARIABLE):
        return Path(os.environ[KEY_VARIABLE])
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / CREDENTIAL if folder else None
    return path if path is not None and path.is_file() else None


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"key file {path}: cannot be read ({type(error).__name__}); restore it from a backup") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077 and "CREDENTIALS_DIRECTORY" not in os.environ:
        raise BadInput(f"key file {path}: mode {stat.S_IMODE(mode):04o} lets others read it: chmod 600 {path.name}")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadInput(f"key file {path}: {KEY_BYTES} bytes in Base64 are needed")
    return key

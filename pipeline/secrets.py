"""Passwords stay out of the site file (`${NAME}`) and out of everything that is printed, logged or stored.

What Nightjar itself writes into the secrets file is encrypted (`NAME=sealed:1:...`) under a key that lies elsewhere: a
site's folder that is copied, backed up or committed by mistake gives no password away. What a person writes there by
hand (`NAME=value`) is read as it is.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from pipeline.errors import BadInput, SiteError

if TYPE_CHECKING:
    from pipeline.access.vault import Vault

HIDDEN = "***"
SEALED = "sealed:1:"
"""How a value that is encrypted begins (`pipeline/access/vault.py`)."""
SECRETS_FILE_VARIABLE = "NIGHTJAR_SECRETS"
SECRETS_FILE_NAME = "nightjar.secrets"

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LINE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_SECRET_KEYS = {
    "pwd", "pass", "passwd", "password", "pw", "psw", "usr", "user", "username", "login", "loginuse", "loginpas",
    "auth", "token", "access_token", "key", "apikey", "api_key", "secret", "signature", "sig", "session", "sid",
}  # fmt: skip
_SHORTEST = 3
"""A secret of one or two letters would blot out ordinary words."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Names and values for `${NAME}`: a secrets file, overruled by the environment. `repr` shows no value."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str = "the environment"

    def fill(self, text: str, *, where: str) -> str:
        """`text` with every `${NAME}` replaced; inside an address the value is percent-encoded.

        Raises:
            SiteError: a name without a value.
        """
        missing = [name for name in names_in(text) if name not in self.values]
        if missing:
            raise SiteError(f"{where}: ${{{missing[0]}}} is not set: set it in {self.origin}")
        whole = _NAME.fullmatch(text) is not None
        encode = not whole and "://" in text
        return _NAME.sub(lambda m: quote(self.values[m[1]], safe="") if encode else self.values[m[1]], text)

    def of(self, texts: list[str]) -> list[str]:
        """The values that these texts use, plain and percent-encoded, longest first: what must never be shown."""
        used = {self.values[name] for text in texts for name in names_in(text) if name in self.values}
        forms = used | {quote(value, safe="") for value in used} | {unquote(value) for value in used}
        return sorted((one for one in forms if len(one) >= _SHORTEST), key=lambda one: (-len(one), one))


def names_in(text: str) -> list[str]:
    """`rtsp://u:${DOCK_PASSWORD}@host` -> [`DOCK_PASSWORD`]."""
    return _NAME.findall(text)


def load_secrets(*, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Secrets:
    """The environment, and the secrets file: the one NIGHTJAR_SECRETS names, else `nightjar.secrets` in `folder`.

    The file holds `NAME=value` lines, `#` begins a comment line; only its owner may read it (mode 0600). Sealed values
    are opened.

    Raises:
        BadInput: the named file is missing, has another form, others may read it, or a sealed value has another key.
    """
    environment = os.environ if environ is None else environ
    named = environment.get(SECRETS_FILE_VARIABLE)
    path = Path(named) if named else None if folder is None else folder / SECRETS_FILE_NAME
    if path is None or (not named and not path.is_file()):
        return Secrets(
            dict(environment), f"the environment or a file {SECRETS_FILE_NAME} beside the site file (mode 0600)"
        )
    return Secrets({**_read(path), **environment}, f"the environment or {path.name}")


def keep_secret(path: Path, name: str, value: str) -> None:
    """Write or replace one value in a secrets file, encrypted; the other lines stay as they are. Mode 0600.

    Raises:
        BadInput: the key file cannot be used.
        OSError: the disk refuses; the file is as it was.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    kept = [line for line in lines if line.partition("=")[0].strip() != name]
    text = "\n".join([*kept, f"{name}={_vault().seal(value, about=name)}"]) + "\n"
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def redact(text: str, secrets: list[str] | None = None) -> str:
    """`text` without credentials: user and password of every address, secret query values, and the given secrets."""
    for secret in secrets or ():
        text = text.replace(secret, HIDDEN)
    return _ADDRESS.sub(lambda match: _redact_address(match[0]), text)


class RedactingFilter(logging.Filter):
    """Put on a handler, it removes credentials from messages and tracebacks before they are written."""

    def __init__(self, secrets: list[str] | None = None) -> None:
        super().__init__()
        self.secrets = secrets or []

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage(), self.secrets), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text, self.secrets)
        return True


def _read(path: Path) -> dict[str, str]:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"secrets file {path}: cannot be read ({type(error).__name__}); NAME=value lines, mode 0600"
        ) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise BadInput(f"secrets file {path}: mode {stat.S_IMODE(mode):04o} lets others read it: chmod 600 {path.name}")
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadInput(f"secrets file {path}:{number}: not NAME=value")
        values[match[1]] = _opened(match[1], match[2].strip())
    return values


def _opened(name: str, value: str) -> str:
    if not value.startswith(SEALED):
        return value
    return _vault().open(value, about=name)


def _vault() -> Vault:
    """Its key lies in the default data folder, whatever `--data` says, unless the environment names another: the file
    is read before a data folder is known, and by each camera's process."""
    from pipeline.access.vault import Vault
    from pipeline.folders import default_data

    return Vault(default_data() / "keys" / "secrets.key")


def _redact_address(address: str) -> str:
    """Everything up to the last @ is taken for credentials: a password may itself hold @, / or ?."""
    scheme, _, rest = address.partition("://")
    if "@" in rest:
        rest = f"{HIDDEN}@{rest.rpartition('@')[2]}"
    before, mark, query = rest.partition("?")
    if not mark:
        return f"{scheme}://{rest}"
    query, hash_mark, fragment = query.partition("#")
    pairs = [pair.partition("=") for pair in query.split("&")]
    shown = "&".join(f"{k}={HIDDEN}" if eq and unquote(k).lower() in _SECRET_KEYS else k + eq + v for k, eq, v in pairs)
    return f"{scheme}://{before}?{shown}{hash_mark}{fragment}"

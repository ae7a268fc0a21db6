"""A camera's password leaves the address that somebody typed and goes into the secrets file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, unquote

from pipeline.secrets import SECRETS_FILE_NAME, keep_secret
from pipeline.site.source import source_kind


def split_password(source: str, *, variable: str) -> tuple[str, str | None]:
    """An address whose password is replaced by `${variable}`, and the password as it is meant; None where there is
    none to hide. People paste passwords as they are, so everything up to the last `@` is theirs."""
    if source_kind(source) != "address" or "${" in source:
        return source, None
    before, at, host = source.rpartition("@")
    scheme, _, credentials = before.partition("://")
    if not at or ":" not in credentials:
        return source, None
    user, _, password = credentials.partition(":")
    return f"{scheme}://{quote(unquote(user), safe='')}:${{{variable}}}@{host}", unquote(password)


def variable_for(camera_id: str) -> str:
    """`gate 2` -> `GATE_2_PASSWORD`."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", camera_id).strip("_").upper() or "CAMERA"
    return f"{'_' if name[0].isdigit() else ''}{name}_PASSWORD"


def keep_password(folder: Path, variable: str, password: str) -> None:
    """Write or replace one line of the secrets file beside the site file, encrypted, mode 0600.

    Raises:
        BadInput: the key file cannot be used.
        OSError: the disk refuses.
    """
    keep_secret(folder / SECRETS_FILE_NAME, variable, password)

"""One alert as a file to hand over: its evidence, what the store says of it, a manifest of digests, a signature.

```
manifest.json   every file with its sha256 as it was when the file was written, and how it was found at export
manifest.sig    Ed25519 signature of manifest.json, base64
public_key.pem  the signer's public key: compare its fingerprint with the site's
alert.json      the alert with its reason, life and disposition; `custody` says who did what to it, exports included
snapshot.jpg clip.mp4 record.json   as far as there are any
READ_ME.txt     how to check it
```
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline import __version__
from pipeline.errors import BadInput
from pipeline.eventlog import utc_iso
from pipeline.evidence.archive import Member, write_archive
from pipeline.evidence.keys import SigningKey

FORMAT, VERSION = "nightjar-evidence", 1
MANIFEST, SIGNATURE, PUBLIC_KEY, ALERT, READ_ME = (
    "manifest.json", "manifest.sig", "public_key.pem", "alert.json", "READ_ME.txt",
)  # fmt: skip
State = Literal["whole", "altered", "missing"]

_HOW = """Evidence of alert {alert_id}, exported by Nightjar {version} at {when}.

Check:  nightjar evidence verify THIS_FILE.zip --key SITE_KEY.pem
It says which file was touched, if any. Signed by the key
  {fingerprint}
Ask the site for its key, or compare this fingerprint with what it says: a forger can put in a key of his own.
Without Nightjar: base64 -d manifest.sig > sig; openssl pkeyutl -verify -pubin -inkey SITE_KEY.pem -rawin \\
  -in manifest.json -sigfile sig;  then compare each sha256 in manifest.json with sha256sum of the file.
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into an export: each file's name and how it was found."""

    files: Mapping[str, State]
    sha256: str
    size: int

    @property
    def whole(self) -> bool:
        return all(state == "whole" for state in self.files.values())


def export(
    out: Path, *, alert: Mapping[str, Any], files: Iterable[Mapping[str, Any]], custody: Iterable[Mapping[str, Any]],
    folder: Path, key: SigningKey, actor: str, utc: float,
) -> Exported:  # fmt: skip
    """Write the export of one alert, whole or not at all. `files` are rows with `path` in `folder`, `sha256` as when
    written, `kind` and `media_type`. A file that is gone or no longer itself is exported all the same, and said so.

    Raises:
        BadInput: `out` cannot be written.
    """
    story = json.dumps({"alert": alert, "custody": list(custody)}, indent=1, sort_keys=True, ensure_ascii=False)
    rows, members, found = [_row(ALERT, story.encode(), "application/json")], [Member(ALERT, story.encode())], {}
    for item in files:
        name = Path(str(item["path"])).name
        path = folder / str(item["path"])
        row, state = _found(name, path, item)
        rows.append(row)
        found[name] = state
        members += [] if state == "missing" else [Member(name, path)]
    text = _HOW.format(
        alert_id=alert["alert_id"], version=__version__, when=utc_iso(utc, decimals=0),
        fingerprint=key.public.fingerprint,
    )  # fmt: skip
    rows.append(_row(READ_ME, text.encode(), "text/plain"))
    manifest = {
        "format": FORMAT, "version": VERSION, "alert_id": alert["alert_id"], "camera_id": alert["camera_id"],
        "exported_utc": utc_iso(utc), "exported_by": actor, "program": f"nightjar {__version__}",
        "key_fingerprint": key.public.fingerprint, "files": rows,
    }  # fmt: skip
    signed = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    first = [
        Member(MANIFEST, signed),
        Member(SIGNATURE, base64.b64encode(key.sign(signed)) + b"\n"),
        Member(PUBLIC_KEY, key.public.pem.encode()),
    ]
    digest, size = _write(out, [*first, *members, Member(READ_ME, text.encode())])
    return Exported(found, digest, size)


def _row(name: str, data: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {"name": name, "sha256": digest, "size": len(data), "media_type": media_type, "found": "whole"}


def _found(name: str, path: Path, item: Mapping[str, Any]) -> tuple[dict[str, Any], State]:
    state: State
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size: int | None = os.fstat(file.fileno()).st_size
        state = "whole" if digest == item["sha256"] else "altered"
    except OSError:
        state, size = "missing", None
    row = {
        "name": name, "sha256": item["sha256"], "size": size, "media_type": item["media_type"], "found": state,
        "kind": item["kind"], "stored_utc": utc_iso(float(item["stored_utc"])),
    }  # fmt: skip
    return row, state


def _write(out: Path, members: list[Member]) -> tuple[str, int]:
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w+b") as file:
            write_archive(file, members)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"--out {out}: {error.strerror}; give a file in a folder that can be written to") from None
    return digest, size

"""Time-based one-time passwords, RFC 6238 over RFC 4226: SHA-1, six digits, thirty seconds, as phone apps expect."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
DRIFT = 1
"""Steps a phone's clock may be off, either way."""
SECRET_BYTES = 20
"""RFC 4226, section 4: a shared secret of 160 bits is recommended."""


def new_secret() -> str:
    """A fresh secret in Base32, as it is typed into a phone."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int, *, digits: int = DIGITS) -> str:
    """The code of one step, by RFC 4226's dynamic truncation."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def accepted_step(secret: str, code: str, *, utc: float, after: int) -> int | None:
    """The step that `code` belongs to, or None. Steps up to `after` were used and are not taken again."""
    now = int(utc // STEP_S)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        right = hmac.compare_digest(code_at(secret, step).encode(), code.strip().replace(" ", "").encode())
        if right and step > after and found is None:
            found = step
    return found


def address(secret: str, *, name: str, site: str) -> str:
    """What a phone reads from a square code: `otpauth://totp/...`."""
    query = urlencode({"secret": secret, "issuer": site, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_S})
    return f"otpauth://totp/{quote(site)}:{quote(name)}?{query}"

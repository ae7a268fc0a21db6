"""The cookies of a session, as strict as browsers have them.

Under TLS the name begins with `__Host-` (RFC 6265bis, 4.1.3.2): no other host and no path can set or read it. Without
TLS, which is allowed on loopback alone, a browser takes neither that name nor `Secure`. The second cookie can be
read by our pages, which send it back in a header: another site can do neither.
"""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import Response

SESSION = "nightjar"
CSRF = "nightjar-csrf"
BEGUN = "nightjar-begun"
BEGUN_S = 600


def session_token(headers: Headers, *, secure: bool) -> str:
    """The token that a request's cookie holds, or nothing."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_named(SESSION, secure))
    except CookieError:
        return ""
    return found.value if found is not None and len(found.value) <= 100 else ""


def csrf_of(token: str) -> str:
    """What a page must send along with this session: known to who can read our cookie, and no way back to the token."""
    return hmac.new(token.encode(), b"nightjar csrf", hashlib.sha256).hexdigest()


def put(response: Response, token: str, *, secure: bool, lasts_s: float) -> None:
    """Give a browser its session."""
    for name, value, hidden in ((SESSION, token, True), (CSRF, csrf_of(token), False)):
        response.set_cookie(
            _named(name, secure), value, max_age=int(lasts_s), path="/", secure=secure, httponly=hidden,
            samesite="strict",
        )  # fmt: skip


def take_back(response: Response, *, secure: bool) -> None:
    for name, hidden in ((SESSION, True), (CSRF, False)):
        response.delete_cookie(_named(name, secure), path="/", secure=secure, httponly=hidden, samesite="strict")


def begun(headers: Headers, *, secure: bool) -> str:
    """What a browser that began a sign-in elsewhere brings back, or nothing."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_named(BEGUN, secure))
    except CookieError:
        return ""
    return found.value if found is not None and len(found.value) <= 100 else ""


def put_begun(response: Response, value: str, *, secure: bool) -> None:
    """`Lax`, because the way back from the provider is another site's link; good for nothing but one sign-in."""
    response.set_cookie(
        _named(BEGUN, secure), value, max_age=BEGUN_S, path="/", secure=secure, httponly=True, samesite="lax"
    )


def forget_begun(response: Response, *, secure: bool) -> None:
    response.delete_cookie(_named(BEGUN, secure), path="/", secure=secure, httponly=True, samesite="lax")


def _named(name: str, secure: bool) -> str:
    return f"__Host-{name}" if secure else name

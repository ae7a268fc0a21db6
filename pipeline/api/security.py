"""What every request must show, and what every answer says to browsers.

Two doors in a row. `Guard` wraps the whole app: it refuses foreign hosts and origins and bodies that are too long, and
adds the headers. `gate` stands before every route: it finds out who is asking, refuses a route that does not say what
it needs, and refuses what this person may not do; a browser's session must also show the token that only our own pages
can read (CSRF).

Loopback alone does not keep other web sites out: a page in the operator's browser may send requests here, or have its
name resolve to 127.0.0.1 (DNS rebinding). So the Host must be a name of this machine, and an Origin, where one is sent,
must be this very address.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.access.roles import LOCAL, Principal
from pipeline.api.cookies import csrf_of, session_token
from pipeline.api.deps import Need, Parts, need_of, parts_of
from pipeline.api.problems import problem
from pipeline.api.repeats import Kept
from pipeline.api.settings import Reach
from pipeline.api.strict import check_unknown, repeated

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SAFE_SITES = frozenset({"same-origin", "none"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
CSRF_HEADER = "x-nightjar-csrf"

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:",
        "media-src 'self' blob:", "connect-src 'self'", "font-src 'self'", "manifest-src 'self'", "worker-src 'self'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "object-src 'none'",
    )
)  # fmt: skip
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
STRICT_TRANSPORT = "max-age=31536000"
"""Only with a certificate of the site's own: with one that we made, a browser would let nobody past its warning."""


# -- before every route ----------------------------------------------------------------------------------------------


async def gate(request: Request) -> None:
    """Find out who is asking, and refuse what they may not do.

    Raises:
        HTTPException: 401 nobody is signed in, 403 they may not, 422 unknown parameters.
    """
    parts = parts_of(request)
    need = need_of(request.scope.get("endpoint"))
    if need is None:
        raise HTTPException(403, "this route does not say what it needs (@needs of pipeline.api.deps): refused")
    if need == "worker":
        return
    asking = asks(request.headers, parts)
    who = asking() if parts.access is None else await asyncio.to_thread(asking)
    request.state.who = who
    request.state.still = lambda: asking() == who
    _check_through_proxy(request, who)
    _check_csrf(request, parts, who, need)
    await _check_need(request, parts, who, need)
    await check_unknown(request)
    await repeated(request, parts, who)


def asks(headers: Headers, parts: Parts) -> Callable[[], Principal]:
    """Looks up, each time it is called, who holds what these headers show."""
    access = parts.access
    if access is None:
        return lambda: LOCAL
    token = session_token(headers, secure=parts.settings.reach.secure)
    scheme, _, key = headers.get("authorization", "").partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else ""
    return lambda: access.who(token=token, key=key)


def _check_through_proxy(request: Request, who: Principal) -> None:
    """Without accounts nobody may come in through a proxy that was put before loopback."""
    if who.kind == "open" and any(name in request.headers for name in FORWARDED):
        raise HTTPException(403, "this came through a proxy: start with --behind-proxy, which demands accounts")


def _check_csrf(request: Request, parts: Parts, who: Principal, need: Need) -> None:
    if who.kind != "session" or request.method in SAFE_METHODS or need == "public":
        return
    token = session_token(request.headers, secure=parts.settings.reach.secure)
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(), csrf_of(token).encode()):
        raise HTTPException(
            403, f"a change by a signed-in browser needs the header {CSRF_HEADER}, as our pages send it"
        )


async def _check_need(request: Request, parts: Parts, who: Principal, need: Need) -> None:
    if need == "public":
        return
    if who.kind == "nobody":
        raise HTTPException(401, "sign in, or send an API key", headers={"WWW-Authenticate": "Bearer"})
    if need != "signed_in" and need != "worker" and not who.may(need):
        await asyncio.to_thread(parts.views.refused, who, f"{request.method} {request.url.path}"[:200], need)
        raise HTTPException(403, f"{who.name} may not do this: it needs the permission {need}")


# -- around the whole app --------------------------------------------------------------------------------------------


class Guard:
    """ASGI middleware: hosts, origins, lengths and headers; and keeps first answers for repeats.

    `max_body_bytes` says for the beginnings of paths how long a request may be; the first that fits counts.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: Mapping[str, int], reach: Reach | None = None) -> None:
        self._app = app
        self._max_body = dict(max_body_bytes)
        self._reach = reach or Reach()
        self._names = LOOPBACK | {name.lower() for name in self._reach.names}
        if not self._reach.loopback:
            self._names |= {socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        taken = _Answer(state)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), str(scope["path"]))
            await taken.hear(message)
            await send(message)

        headers = Headers(scope=scope)
        most = next((most for start, most in self._max_body.items() if str(scope["path"]).startswith(start)), 0)
        refusal = self._refusal(headers, scope) or _too_long(headers, most)
        if refusal is not None:
            status, detail = refusal
            await problem(status, detail)(scope, receive, guarded)
            return
        try:
            await self._app(scope, _limited(receive, most), guarded)
        finally:
            await taken.end()

    def _refusal(self, headers: Headers, scope: Scope) -> tuple[int, str] | None:
        return refuse(
            headers, method=str(scope["method"]), scheme=str(scope.get("scheme", "http")), known=self._known_host
        )

    def _known_host(self, host: str) -> bool:
        name = _name(host)
        return name in self._names or (not self._reach.loopback and _is_address(name))

    def _add_headers(self, headers: MutableHeaders, path: str) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self._reach.tls and not self._reach.self_signed:
            headers.setdefault("strict-transport-security", STRICT_TRANSPORT)
        private = path.startswith(("/api/", "/internal/", "/metrics", "/healthz"))
        headers.setdefault("cache-control", "no-store" if private else "no-cache")


def _too_long(headers: Headers, most: int) -> tuple[int, str] | None:
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and len(length) < 20 and int(length) <= most:
        return None
    return 413, f"a request may have at most {most} bytes"


def refuse(
    headers: Headers, *, method: str, scheme: str = "http", known: Callable[[str], bool] | None = None
) -> tuple[int, str] | None:
    """Why a request is refused, as status and reason, or None where it is not."""
    host = headers.get("host", "")
    if len(headers.getlist("host")) != 1 or not (known or (lambda name: _name(name) in LOOPBACK))(host):
        return 403, "this Host is not a name of this machine; give --public-name NAME for others that lead here"
    origin = headers.get("origin")
    if origin is not None and not _same_place(origin, host, scheme):
        return 403, "another site may not call this API"
    if origin is None and method not in SAFE_METHODS and headers.get("sec-fetch-site", "none") not in SAFE_SITES:
        return 403, "another site may not call this API"
    return None


def _same_place(origin: str, host: str, scheme: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    wanted = {"http": ("http", "https"), "https": ("https",)}.get(scheme, ())
    return parts.scheme in wanted and parts.netloc.lower() == host.lower() and not parts.path.strip("/")


def _name(host: str) -> str:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    return "" if "@" in host or "/" in host or "\\" in host else (parts.hostname or "").rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _Answer:
    """Hears the answer to a request that may be repeated, and keeps it."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self._status = 0
        self._body = b""
        self._whole = False

    async def hear(self, message: Message) -> None:
        if "repeat" not in self._state:
            return
        if message["type"] == "http.response.start":
            self._status = int(message["status"])
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            self._whole = not message.get("more_body", False)
            if self._whole:
                await self.end()

    async def end(self) -> None:
        """Keep what succeeded; what failed may be tried again."""
        repeat = self._state.pop("repeat", None)
        if repeat is None:
            return
        repeats, name, longest = repeat
        good = self._whole and 200 <= self._status < 300 and len(self._body) <= longest
        kept = Kept(self._status, self._body.decode("utf-8", "replace")) if good else None
        await asyncio.to_thread(repeats.finish, name, kept)


def _limited(receive: Receive, most: int) -> Receive:
    """A body without a length, sent in pieces, is cut off where it gets too long."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"a request may have at most {most} bytes")
        return message

    return limited

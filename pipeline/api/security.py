"""What every request must show while no accounts exist, and what every answer says to browsers.

Loopback alone does not keep other web sites out: a page in the operator's browser may send requests here, or have its
name resolve to 127.0.0.1 (DNS rebinding). So the Host must be a loopback name, and an Origin, where one is sent, must
be this very address.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.api.problems import problem

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SAFE_SITES = frozenset({"same-origin", "none"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

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


class Guard:
    """ASGI middleware: refuses foreign hosts and origins and bodies that are too long, and adds the headers."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        self._app = app
        self._max_body = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), str(scope["path"]))
            await send(message)

        headers = Headers(scope=scope)
        refusal = refuse(headers, method=str(scope["method"])) or self._too_long(headers)
        if refusal is not None:
            status, detail = refusal
            await problem(status, detail)(scope, receive, guarded)
            return
        await self._app(scope, _limited(receive, self._max_body), guarded)

    def _too_long(self, headers: Headers) -> tuple[int, str] | None:
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) <= self._max_body:
            return None
        return 413, f"a request may have at most {self._max_body} bytes"


def refuse(headers: Headers, *, method: str) -> tuple[int, str] | None:
    """Why a request is refused, as status and reason, or None where it is not."""
    host = headers.get("host", "")
    if _name(host) not in LOOPBACK:
        return 403, "Host must be 127.0.0.1, localhost or [::1] while there are no accounts"
    origin = headers.get("origin")
    if origin is not None and (urlsplit(origin).scheme not in ("http", "https") or urlsplit(origin).netloc != host):
        return 403, "another site may not call this API"
    if origin is None and method not in SAFE_METHODS and headers.get("sec-fetch-site", "none") not in SAFE_SITES:
        return 403, "another site may not call this API"
    return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    private = path.startswith(("/api/", "/internal/", "/metrics", "/healthz"))
    headers.setdefault("cache-control", "no-store" if private else "no-cache")


def _limited(receive: Receive, most: int) -> Receive:
    """A body without a length, sent in pieces, is cut off where it gets too long."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                return {"type": "http.disconnect"}
        return message

    return limited

"""The pages of `pipeline/web`. They hold no data; whoever is not signed in is led to the sign-in page first.

Scripts, styles and pages are a few kilobytes each and asked for twenty at a time by a browser that starts: they are
held in memory, plain and compressed, instead of being opened in a thread each.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from pipeline.api.deps import Parts
from pipeline.api.security import asks

SIGN_IN = "/login.html"
HELD = (".js", ".css", ".html", ".svg")
LARGEST = 1 << 20


class Pages(StaticFiles):
    """Scripts and styles are served to anybody: they are the same in every installation."""

    def __init__(self, folder: Path, parts: Parts) -> None:
        super().__init__(directory=folder, html=True)
        self._parts = parts
        self._held: dict[str, _Held] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        reads = scope["method"] in ("GET", "HEAD")
        shown = path in (".", "") or path.endswith((".html", "/"))
        if shown and f"/{path}" != SIGN_IN and reads:
            who = await asyncio.to_thread(asks(Headers(scope=scope), self._parts))
            if who.kind == "nobody":
                back = "" if path in (".", "") else f"?next={quote('/' + path, safe='/')}"
                return RedirectResponse(SIGN_IN + back, status_code=303)
        held = self._hold("index.html" if path in (".", "") else path) if reads else None
        return await super().get_response(path, scope) if held is None else held.answer(Headers(scope=scope))

    def _hold(self, path: str) -> _Held | None:
        """The file as it is now, or None where it is not one of the small ones."""
        if not path.endswith(HELD):
            return None
        try:
            full, stat = self.lookup_path(path)
        except (OSError, ValueError):  # longer than names may be, or with what no name holds
            raise HTTPException(404) from None
        if stat is None or stat.st_size > LARGEST or not S_ISREG(stat.st_mode):
            return None
        stamp = (stat.st_mtime_ns, stat.st_size)
        held = self._held.get(full)
        if held is None or held.stamp != stamp:
            held = self._held[full] = _Held.read(Path(full), stamp)
        return held


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """One file in memory; `stamp` is its time and size when it was read."""

    stamp: tuple[int, int]
    media_type: str
    tag: str
    plain: bytes
    packed: bytes

    @classmethod
    def read(cls, path: Path, stamp: tuple[int, int]) -> _Held:
        body = path.read_bytes()
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        tag, packed = hashlib.sha256(body).hexdigest()[:24], gzip.compress(body, mtime=0)
        return cls(stamp=stamp, media_type=media_type, tag=tag, plain=body, packed=packed)

    def answer(self, headers: Headers) -> Response:
        """Compressed where the browser takes that, and nothing at all where it has this very file."""
        accepted = [one.partition(";")[0].strip() for one in headers.get("accept-encoding", "").split(",")]
        small = "gzip" in accepted and len(self.packed) < len(self.plain)
        told = {"ETag": f'"{self.tag}{"-gzip" if small else ""}"', "Vary": "Accept-Encoding"}
        if told["ETag"] in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=told)
        if small:
            told["Content-Encoding"] = "gzip"
        return Response(self.packed if small else self.plain, media_type=self.media_type, headers=told)

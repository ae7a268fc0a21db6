"""The pages of `pipeline/web`. They hold no data; whoever is not signed in is led to the sign-in page first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from pipeline.api.deps import Parts
from pipeline.api.security import asks

SIGN_IN = "/login.html"


class Pages(StaticFiles):
    """Scripts and styles are served to anybody: they are the same in every installation."""

    def __init__(self, folder: Path, parts: Parts) -> None:
        super().__init__(directory=folder, html=True)
        self._parts = parts

    async def get_response(self, path: str, scope: Scope) -> Response:
        shown = path in (".", "") or path.endswith((".html", "/"))
        if shown and f"/{path}" != SIGN_IN and scope["method"] in ("GET", "HEAD"):
            who = await asyncio.to_thread(asks(Headers(scope=scope), self._parts))
            if who.kind == "nobody":
                back = "" if path in (".", "") else f"?next={quote('/' + path, safe='/')}"
                return RedirectResponse(SIGN_IN + back, status_code=303)
        return await super().get_response(path, scope)

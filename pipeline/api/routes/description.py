"""The API's own description, for programs: OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from pipeline.api.deps import needs

router = APIRouter(tags=["description"])

SCHEMES = {
    "session": {
        "type": "apiKey", "in": "cookie", "name": "nightjar",
        "description": "a browser's session; `__Host-nightjar` under TLS; changes also need `X-Nightjar-CSRF`",
    },
    "key": {"type": "http", "scheme": "bearer", "description": "an API key, `nj_...`"},
}  # fmt: skip


@router.get("/openapi.json", include_in_schema=False)
@needs("public")
def openapi(request: Request) -> dict[str, Any]:
    """What can be asked for, of what shape. The program is public, and so is this."""
    document: dict[str, Any] = dict(request.app.openapi())
    document["components"] = document.get("components", {}) | {"securitySchemes": SCHEMES}
    document["security"] = [{"session": []}, {"key": []}]
    return document

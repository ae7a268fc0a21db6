"""Nothing unknown is passed over: a misspelt filter would show everything, a misspelt field would do nothing.

Query parameters and bodies that a route does not take are refused by name. Also here, because it looks at the same
request: a POST that was done before is answered as it was then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.exceptions import RequestValidationError

from pipeline.access.roles import Principal
from pipeline.api.deps import Parts
from pipeline.api.repeats import FORM, LONGEST_ANSWER, Repeated, repeat_id


async def check_unknown(request: Request) -> None:
    """Raises RequestValidationError: names what the route does not know."""
    queries, takes_body = _taken(request.scope["endpoint"])
    allowed = queries - set(request.scope.get("path_params", {}))
    faults = [_fault("query", name, allowed) for name in dict.fromkeys(request.query_params) if name not in allowed]
    if not takes_body and request.method not in ("GET", "HEAD"):
        faults += [_fault("body", name, set()) for name in _keys(await request.body())]
    if faults:
        raise RequestValidationError(faults)


async def repeated(request: Request, parts: Parts, who: Principal) -> None:
    """Before a POST with an `Idempotency-Key` is done.

    Raises:
        Repeated: it was done before. OtherBody, InHand: the key is not free. RequestValidationError: no such key.
    """
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST" or who.kind == "nobody":
        return
    if not FORM.fullmatch(key):
        message = "1 to 100 visible ASCII characters are allowed"
        raise RequestValidationError([{"loc": ("header", "idempotency-key"), "msg": message, "type": "value_error"}])
    name = repeat_id(who.name, str(request.url.path), key)
    kept = await asyncio.to_thread(parts.repeats.begin, name, await request.body())
    if kept is not None:
        raise Repeated(kept)
    request.state.repeat = (parts.repeats, name, LONGEST_ANSWER)


@lru_cache(maxsize=1024)
def _taken(endpoint: Any) -> tuple[frozenset[str], bool]:
    """The query parameters that a route and what it depends on take, and whether it takes a body."""
    whole = list(_flat(get_dependant(path="", call=endpoint)))
    names = {str(field.alias) for part in whole for field in part.query_params}
    return frozenset(names), any(part.body_params for part in whole)


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for part in dependant.dependencies:
        yield from _flat(part)


def _keys(body: bytes) -> list[str]:
    """What a body holds that nobody reads: its keys, or `(body)` where it has none. `{}` and nothing are nothing."""
    if not body.strip():
        return []
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ["(body)"]
    if isinstance(value, dict):
        return [str(name)[:80] for name in list(value)[:20]]
    return [] if value is None else ["(body)"]


def _fault(place: str, name: str, allowed: Collection[str]) -> dict[str, Any]:
    known = f"; known here: {', '.join(sorted(allowed))}" if allowed else "; this takes none"
    return {"loc": (place, name[:80]), "msg": f"unknown{known}", "type": "extra_forbidden"}

"""Asks a process of its own about recorded tracks; this side of it loads no library that the other side needs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pipeline.errors import BadInput

LIMIT_S = 60.0
"""A dry run that takes longer is ended: ask for fewer days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`candidate` is the changed text, `current` the running one; only rules that differ are judged."""

    task: Literal["dry_run", "past"] = "dry_run"
    name: str
    current: str
    candidate: str
    camera_id: str
    data: str
    since_utc: float
    until_utc: float


def ask(request: Request, *, limit_s: float = LIMIT_S) -> dict[str, Any]:
    """Run a request in a process of its own.

    Raises:
        BadInput: it cannot be judged, or takes longer than `limit_s`.
    """
    command = [sys.executable, "-m", "pipeline.editing.dry_run"]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=json.dumps(asdict(request)), capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadInput(f"the replay takes longer than {limit_s:.0f} s: ask for fewer days") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise BadInput("the replay failed; the log says why") from None
    if "fault" in answer:
        raise BadInput(str(answer["fault"]))
    return dict(answer)

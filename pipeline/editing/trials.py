"""Does a source give a picture, and if not, why? Asked of a process of its own: a camera's bytes are not trusted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT_S = 25.0
Polygon = Sequence[Sequence[float]]
FIXES = {
    "refused": "nothing listens there: is the camera on, and is the port right (RTSP is usually 554)?",
    "unauthorised": "the camera wants another user or password",
    "not_found": "the camera has no stream of that path; its manual or web page names it",
    "timed_out": "no answer: check the cable, the network and the address",
    "no_video": "it answers, but sends no video",
    "decoding_errors": "what it sends cannot be decoded as video",
}
"""What to look at, by the state of the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`picture` is a JPEG in base64; `problem` and `fix` are sentences for people and hold no credentials."""

    works: bool
    state: str = "running"
    problem: str = ""
    fix: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    codec: str = ""
    picture: str = ""


def try_source(source: str, *, masks: Sequence[Polygon] = (), limit_s: float = LIMIT_S) -> Trial:
    """Open `source`, an address with its password in it, a device or a file's whole path; `masks` normalised."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.editing.trial"], input=json.dumps({"source": source, "masks": masks}),
            capture_output=True, text=True, timeout=limit_s, check=False,
        )  # fmt: skip
        return Trial(**json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return Trial(
            works=False, state="timed_out", problem=f"no picture within {limit_s:.0f} s", fix=FIXES["timed_out"]
        )
    except (ValueError, TypeError):
        state = "decoding_errors"
        return Trial(works=False, state=state, problem="the process that tried it died", fix=FIXES[state])


def failed(state: str, problem: str) -> Trial:
    """A trial that gave no picture, with what to look at."""
    return Trial(works=False, state=state, problem=problem, fix=FIXES.get(state, ""))

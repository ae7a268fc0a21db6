"""What a camera's worker must remember to go on after a crash: one small file, replaced whole.

Goal: a restarted worker neither repeats nor forgets an alert. Everything after the last checkpoint is analysed again
from a file, and gives the same event keys; from a live camera it is bridged like an occlusion.
"""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """State after the frame at `pts` of run `run_id` of the source that `source` is a digest of.

    `sampler`, `tracker`, `engine`, `policy` and `clips` are the stages' own JSON states; `detector` its bytes or None.
    """

    source: str
    run_id: int
    pts: float
    utc: float
    ended: bool = False
    sampler: Any = None
    tracker: Any = None
    engine: Any = None
    policy: Any = None
    clips: list[Any] = field(default_factory=list)
    detector: bytes | None = None


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint; a reader sees the old or the new one, never half of either. Raises OSError."""
    value = asdict(checkpoint)
    value["v"] = VERSION
    if checkpoint.detector is not None:
        value["detector"] = base64.b64encode(checkpoint.detector).decode("ascii")
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(value), encoding="utf-8")
    fresh.replace(path)


def load(path: Path) -> Checkpoint | None:
    """The last checkpoint, or None where there is none or it cannot be used (which is logged)."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value.pop("v") != VERSION:
            raise ValueError("written by another version")
        if value["detector"] is not None:
            value["detector"] = base64.b64decode(value["detector"])
        return Checkpoint(**value)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("checkpoint %s is not usable and is ignored: %s", path.name, error)
        return None

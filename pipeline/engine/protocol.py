"""What a camera's process and its supervisor say to each other: one JSON object a line, versioned.

Down (the process's standard input): first a `Job`, then requests. Up (its standard output): statuses, pictures and
sights. When the input closes the supervisor is gone and the process ends, so no orphan keeps a camera. Logs go to
standard error. Nothing secret stands in the argument list: the site's text, with its addresses, travels in the job.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pipeline.errors import BadInput
from pipeline.types import CameraStatus, Person, Sight

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that one camera's process needs to know. `site_text` is the site file as it was when the run began.

    `data` is the data folder, `ingest_url` and `token` the way to the operators' store; `pace` plays a file as a
    live camera; `epoch` counts the starts of this camera's process, so that an older copy can be told apart.
    `ingest_certificate` is the PEM file that the store's API shows, empty without TLS.
    """

    camera_id: str
    site_text: str
    site_path: str
    data: str
    ingest_url: str
    token: str
    epoch: int
    pace: bool = False
    ingest_certificate: str = ""

    @property
    def data_folder(self) -> Path:
        return Path(self.data)

    def line(self) -> str:
        return json.dumps({"v": VERSION, "job": asdict(self)})

    @classmethod
    def parse(cls, line: str) -> Job:
        message = json.loads(line)
        if message.get("v") != VERSION or "job" not in message:
            raise BadInput(f"a camera process was given no job of version {VERSION}")
        return cls(**message["job"])


def status_line(status: CameraStatus, **more: float) -> str:
    """`more` adds plain numbers (tracks in sight, outbox depth) that only the status page shows."""
    return json.dumps({"v": VERSION, "status": asdict(status), "more": more})


def picture_line(jpeg: bytes | None) -> str:
    return json.dumps({"v": VERSION, "picture": None if jpeg is None else base64.b64encode(jpeg).decode("ascii")})


def sight_ask(for_s: float) -> str:
    """Asks a process to tell who stands where on every analysed frame; after `for_s` it falls silent by itself."""
    return json.dumps({"v": VERSION, "ask": "sight", "for_s": for_s})


def sight_line(sight: Sight) -> str:
    return json.dumps({"v": VERSION, "sight": asdict(sight)})


def parse_down(line: str) -> dict[str, Any]:
    """A request of the supervisor; empty where it is none that this process knows."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) and message.get("v") == VERSION else {}


def parse_up(line: str) -> dict[str, Any]:
    """One line from a process: `status` as `CameraStatus`, `sight` as `Sight`, or `picture` as bytes or None.

    Raises:
        ValueError: not a line of this protocol; the supervisor logs it and goes on.
    """
    message = json.loads(line)
    if not isinstance(message, dict) or message.get("v") != VERSION:
        raise ValueError("not a line of the camera protocol")
    if "status" in message:
        known = {f.name for f in fields(CameraStatus)}
        status = CameraStatus(**{k: v for k, v in message["status"].items() if k in known})
        return {"status": status, "more": message.get("more", {})}
    if "picture" in message:
        text = message["picture"]
        return {"picture": None if text is None else base64.b64decode(text)}
    if "sight" in message:
        return {"sight": _sight(message["sight"])}
    raise ValueError("a line of the camera protocol that says nothing")


def _sight(value: dict[str, Any]) -> Sight:
    people = tuple(Person(**(one | {"foot": tuple(one["foot"])})) for one in value["people"])
    return Sight(**(value | {"people": people}))

"""Where things lie: the data folder with all state, and the read-only files that come with Nightjar."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pipeline.errors import BadInput

MIRROR = "NIGHTJAR_MIRROR"
"""Names a folder that downloads are copied from on a closed network."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The one folder that holds all state. Every file in it has one writer, named here.

    | path | written by | connections |
    |---|---|---|
    | store.sqlite | the API's process | one |
    | outbox/CAMERA.sqlite | that camera's process | one |
    | tracks/CAMERA/ | that camera's process | - |
    | versions/ | the API's process; nothing in it is ever changed | - |
    | walks/ | the API's process, a file for each walk test | - |
    | inputs.json | the API's process, replaced whole; cameras look at it | - |
    | verdicts.json | the API's process, replaced whole; learners read it | - |
    | evidence/ | camera processes write, the API's process removes | - |
    | state/CAMERA.json, .view | that camera's process | - |
    | models/ | `nightjar models pull` and `add` | - |
    | routes/CAMERA.model | that camera's process, `nightjar routes fit` and the demo | - |
    | routes/CAMERA.held | that camera's process | - |
    | keys/ | whoever starts first; never altered | - |
    | inbox/ | commands ask the running service, which answers | - |
    """

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "store.sqlite"

    @property
    def evidence(self) -> Path:
        return self.root / "evidence"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def versions(self) -> Path:
        """Every state that the site file was in."""
        return self.root / "versions"

    @property
    def walks(self) -> Path:
        """The sheets of walk tests that ended."""
        return self.root / "walks"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def inputs(self) -> Path:
        return self.root / "inputs.json"

    @property
    def verdicts(self) -> Path:
        """How alerts ended, for those who learn from whom they were about."""
        return self.root / "verdicts.json"

    def outbox(self, camera_id: str) -> Path:
        return self.root / "outbox" / f"{camera_id}.sqlite"

    def tracks(self) -> Path:
        return self.root / "tracks"

    def checkpoint(self, camera_id: str) -> Path:
        return self.root / "state" / f"{camera_id}.json"

    def view(self, camera_id: str) -> Path:
        """What the camera usually sees, as its eye test learned it."""
        return self.root / "state" / f"{camera_id}.view"

    def route_model(self, camera_id: str) -> Path:
        return self.root / "routes" / f"{camera_id}.model"

    def routes_held(self, camera_id: str) -> Path:
        """Whose ways wait to be learned."""
        return self.root / "routes" / f"{camera_id}.held"

    def create(self) -> DataFolder:
        """Make the folders, readable by this user alone.

        Raises:
            BadInput: the folder cannot be made or written to.
        """
        try:
            for folder in ("", "outbox", "tracks", "evidence", "state", "models", "routes", "keys", "inbox"):
                (self.root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise BadInput(f"--data {self.root}: {error.strerror}; give a folder that can be written to") from None
        if not os.access(self.root, os.W_OK):
            raise BadInput(f"--data {self.root}: not writable; give a folder that can be written to")
        return self


def default_data() -> Path:
    """The data folder when `--data` is not given; the environment variable NIGHTJAR_DATA comes first."""
    chosen = os.environ.get("NIGHTJAR_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("nightjar", appauthor=False))


def shipped(name: str) -> Path:
    """A folder that comes with Nightjar, `models` or `sample_videos`, in a checkout or in an installed wheel.

    Raises:
        BadInput: this installation does not carry it.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / "_data" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise BadInput(f"this installation carries no {name!r}; reinstall Nightjar from its wheel or a full checkout")


def mirror_of(given: Path | None) -> Path | None:
    """The mirror folder that was given, else the environment's.

    Raises:
        BadInput: there is no such folder.
    """
    folder = given or (Path(os.environ[MIRROR]) if os.environ.get(MIRROR) else None)
    if folder is not None and not folder.is_dir():
        raise BadInput(f"mirror {folder}: no such folder; give one that holds the files")
    return folder

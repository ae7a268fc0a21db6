"""Shared fixtures: where the real footage lies, and what a missing tool means in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def absent(what: str) -> None:
    """Skip with a reason; under NIGHTJAR_REQUIRE_ASSETS=1 (CI) a missing asset or tool is a failure."""
    if os.environ.get("NIGHTJAR_REQUIRE_ASSETS") == "1":
        pytest.fail(f"{what} is absent and NIGHTJAR_REQUIRE_ASSETS=1")
    pytest.skip(f"{what} is absent")


@pytest.fixture(scope="session", autouse=True)
def _no_state_at_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What goes to the default data folder (keys above all) goes to a temporary one."""
    os.environ.setdefault("NIGHTJAR_DATA", str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real clips, annotations and weights beside the project."""
    folder = Path(os.environ.get("NIGHTJAR_ASSETS", ROOT.parent / "shared" / "assets"))
    if not folder.is_dir():
        absent(f"assets folder {folder.name}")
    return folder


@pytest.fixture(scope="session")
def tool():
    """`tool("redis-server")` gives a program's path, or skips."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            absent(f"program {name}")
        assert path is not None
        return path

    return find

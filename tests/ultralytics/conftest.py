"""These tests need the package: `make test-ultralytics` has an environment with it, `make test` passes them by."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.clock import SystemClock
from pipeline.video.source import open_source

collect_ignore_glob = ["test_*.py"] if find_spec("ultralytics") is None else []

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session", autouse=True)
def _torchvision_that_suppresses() -> None:
    """The package's predictor calls torchvision's `nms`, and a torchvision built for another torch does not import.

    The package has the same in plain torch, which it uses itself wherever torchvision was not imported.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        stand_in = ModuleType("torchvision")
        own = importlib.import_module("ultralytics.utils.nms").TorchNMS
        stand_in.ops = SimpleNamespace(nms=own.nms)  # type: ignore[attr-defined]
        sys.modules["torchvision"] = stand_in


@pytest.fixture(scope="session")
def picture() -> NDArray[np.uint8]:
    """A real frame, BGR uint8 (H, W, 3): a street of MOT17 where the assets are, one of a sample clip elsewhere."""
    assets = Path(os.environ.get("NIGHTJAR_ASSETS", ROOT.parent / "shared" / "assets"))
    streets = sorted((assets / "images" / "MOT17-05").glob("*.jpg"))
    if streets:
        return np.asarray(cv2.imread(str(streets[0])), np.uint8)
    clip = min((ROOT / "sample_videos").glob("*.mp4"))
    with open_source("test", str(clip), clock=SystemClock(), start_utc=0.0) as source:
        return np.array(next(iter(source.frames())).bgr())

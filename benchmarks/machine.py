"""What a result was measured on, and how measured values are summed up. Every result carries both."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SAMPLES = ROOT / "sample_videos"
ASSETS = Path(os.environ.get("NIGHTJAR_ASSETS", ROOT.parent / "shared" / "assets"))
MODEL = ASSETS / "models" / "yolox_nano_416.onnx"
CLIP = ASSETS / "videos" / "one-by-one-person-detection.mp4"
PACKAGES = ("numpy", "opencv-python", "av", "onnxruntime", "lap", "sqlalchemy", "fastapi", "uvicorn", "redis")


def describe() -> dict[str, Any]:
    """Processor, memory, system, versions, commit; `load` is the run queue of the last minute when it was asked."""
    return {
        "processor": _processor(), "cores": len(os.sched_getaffinity(0)), "memory_gib": _memory_gib(),
        "system": platform.platform(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 2),
        "commit": _git("rev-parse", "--short=12", "HEAD"), "changed_files": len(_git("status", "--short").splitlines()),
        "versions": {name: _version(name) for name in PACKAGES},
    }  # fmt: skip


def spread(values: Sequence[float], *, digits: int = 3) -> dict[str, Any]:
    """Median and range of rounds."""
    return {
        "median": round(statistics.median(values), digits),
        "range": [round(min(values), digits), round(max(values), digits)], "rounds": len(values),
    }  # fmt: skip


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the others do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def _memory_gib() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()

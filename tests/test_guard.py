"""Blindness is told once per cause, with since and until and the zones that nobody watches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from pipeline.guard import Guard
from pipeline.types import Frame
from pipeline.video.health import CameraHealth


class Luma:
    width, height = 160, 90

    def __init__(self, pixels: Any) -> None:
        self.pixels = pixels

    def luma(self) -> Any:
        return self.pixels


@dataclass
class Told:
    said: list[tuple[str, str, float, float]] = field(default_factory=list)
    why: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, code: str, change: str, *, since_utc: float, utc: float, why: Any) -> None:
        self.said.append((code, change, since_utc, utc))
        self.why.append(dict(why))


def frame(pts: float, pixels: Any) -> Frame:
    return Frame(camera_id="c", run_id=1, seq=int(pts * 5), pts=pts, utc=1000 + pts, picture=Luma(pixels))  # type: ignore[arg-type]


def guard(told: Told, **given: Any) -> Guard:
    return Guard(health=CameraHealth(), tell=told, zones=["bay"], needs_fps=given.get("needs_fps", 1.0))


def test_a_covered_camera_is_told_and_untold() -> None:
    rng = np.random.default_rng(1)
    scene = rng.integers(30, 220, (9, 16)).repeat(10, 0).repeat(10, 1).astype(np.float64)

    def noisy(base: Any) -> Any:
        return np.clip(base + rng.normal(0, 2, base.shape), 0, 255).astype(np.uint8)

    told = Told()
    eyes = guard(told)
    for step in range(30 * 5):
        eyes.look(frame(step / 5, noisy(scene)))
    assert eyes.ailments is None
    for step in range(30 * 5, 60 * 5):
        eyes.look(frame(step / 5, noisy(np.full_like(scene, 12))))
    assert eyes.ailments is not None
    assert "unguarded: bay" in eyes.ailments
    for step in range(60 * 5, 75 * 5):
        eyes.look(frame(step / 5, noisy(scene)))
    assert eyes.ailments is None
    changes = [(code, change) for code, change, _, _ in told.said]
    assert sorted(changes) == sorted({(code, change) for code, change in changes})
    starts = [(since, utc) for _, change, since, utc in told.said if change == "start"]
    assert starts
    for since, utc in starts:
        assert since == pytest.approx(1030, abs=2)
        assert utc - since <= 21
    assert all(why["unguarded"] == ["bay"] for why in told.why)


@pytest.mark.parametrize(
    ("word", "rates", "expected"),
    [
        ("fast enough", [(0, 5.0), (20, 5.0), (40, 2.0)], []),
        ("a slow moment", [(0, 5.0), (10, 0.5), (20, 0.5), (24, 5.0), (40, 0.5)], []),
        ("slow", [(0, 0.5), (10, 0.5), (16, 0.5), (30, 0.5)], [("too_slow", "start", 1000.0, 1016.0)]),
        (
            "slow and back",
            [(0, 0.5), (16, 0.5), (30, 3.0), (31, 3.0)],
            [("too_slow", "start", 1000.0, 1016.0), ("too_slow", "end", 1000.0, 1030.0)],
        ),
    ],
)
def test_rates(word: str, rates: list[tuple[float, float]], expected: list[Any]) -> None:
    told = Told()
    eyes = guard(told, needs_fps=2.0)
    for at, fps in rates:
        eyes.pace(fps, utc=1000 + at)
    assert told.said == expected

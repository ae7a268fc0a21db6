"""Which frames are analysed, and when the frames of a file that plays as a camera are due."""

from __future__ import annotations

from math import floor

from pipeline.clock import Clock

LATE_S = 1.0
"""A paced file that is behind by more than this leaves frames out, as a camera would."""


class Sampler:
    """Takes a frame whenever `floor((pts - pts0) * analyze_fps + 1e-6)` advances; the first one always.

    `resume_pts` is the last frame taken before a restart: the choice goes on as if there had been none.
    Comparing differences with `1 / fps` instead would lose a third of the frames at near-equal rates.

    Raises:
        ValueError: `analyze_fps` is not above zero.
    """

    def __init__(self, analyze_fps: float, *, resume_pts: float | None = None) -> None:
        if not analyze_fps > 0:
            raise ValueError(f"analyze_fps must be above 0, not {analyze_fps}")
        self._fps = analyze_fps
        self._pts0: float | None = None if resume_pts is None else 0.0
        self._taken = -1 if resume_pts is None else self._slot(resume_pts)

    def take(self, pts: float) -> bool:
        """Whether the frame at this media time is to be analysed."""
        if self._pts0 is None:
            self._pts0 = pts
        slot = self._slot(pts)
        if slot <= self._taken:
            return False
        self._taken = slot
        return True

    def _slot(self, pts: float) -> int:
        return floor((pts - (self._pts0 or 0.0)) * self._fps + 1e-6)


class Pacer:
    """Releases media time at the pace of the clock, counted from the first frame that it is shown."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._origin: float | None = None

    def wait(self, pts: float) -> bool:
        """Sleep until the frame is due; False where it is already more than a second late."""
        now = self._clock.monotonic()
        if self._origin is None:
            self._origin = now - pts
        ahead = self._origin + pts - now
        if ahead > 0:
            self._clock.sleep(ahead)
        return ahead >= -LATE_S

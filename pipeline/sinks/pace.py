"""How fast a sink may be used: so many sends at once, then one in a while, with all that has gathered (a digest)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Pace:
    """A bucket of `burst` sends that fills by one every `every_s` seconds (0: no limit)."""

    burst: int = 1
    every_s: float = 0.0
    _left: float = -1.0
    _at: float = 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until the next send; 0 where there may be one now. `now` is monotonic."""
        if self.every_s <= 0:
            return 0.0
        self._fill(now)
        return max(0.0, (1.0 - self._left) * self.every_s)

    def took(self, now: float) -> None:
        """One send was made."""
        if self.every_s > 0:
            self._fill(now)
            self._left -= 1.0

    def flooded(self, now: float) -> bool:
        """Whether what waits should go together: this is the last send for a while."""
        if self.every_s <= 0:
            return False
        self._fill(now)
        return self._left < 2.0

    def _fill(self, now: float) -> None:
        gained = float(self.burst) if self._left < -0.5 else (now - self._at) / self.every_s
        self._left = min(float(self.burst), max(0.0, self._left) + gained)
        self._at = now

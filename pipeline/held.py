"""Finished ways that wait to be learned, since an alert was about whoever walked them, in a file of the camera."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.verdicts import read_verdicts

log = logging.getLogger(__name__)

VERSION = 1
HOLD_S = 7 * 86_400.0
"""How long the end of an alert is waited for before learning from whom it was about."""
MOST = 1000
"""Of more than these the oldest are learned early; so many alerts in a week that nobody resolves tell nothing."""

Way = list[tuple[float, float, float]]
"""Wall time and place of each position."""


@dataclass(frozen=True, slots=True)
class Held:
    """A way, and the key of the alert about whoever walked it."""

    key: str
    way: Way

    @property
    def utc(self) -> float:
        """When they were last seen."""
        return self.way[-1][0]


class HeldBack:
    """The ways of one camera that wait. `view` names what they were seen by: those of another are forgotten.

    `verdicts` is the file that tells how alerts ended; without it all wait for `HOLD_S`.
    """

    def __init__(self, path: Path, *, view: str, verdicts: Path | None) -> None:
        self._path, self._view, self._verdicts = path, view, verdicts
        self._held: list[Held] = []
        self._kept = True

    def __len__(self) -> int:
        return len(self._held)

    def add(self, key: str, way: Way) -> None:
        """Hold a way back, for the alert of this key."""
        self._held.append(Held(key, [(round(t, 3), round(x, 5), round(y, 5)) for t, x, y in way]))
        self._kept = False

    def clear(self) -> None:
        """Forget all of them."""
        self._kept &= not self._held
        self._held = []

    def review(self, utc: float) -> list[Way]:
        """The ways that need wait no longer, in the order in which they came; those that were real are gone."""
        real = self._told()
        due, waiting = [], []
        for number, held in enumerate(self._held, start=1):
            known = real.get(held.key)
            if known is None and utc - held.utc < HOLD_S and len(self._held) - number < MOST:
                waiting.append(held)
            elif not known:
                due.append(held.way)
        self._kept &= len(waiting) == len(self._held)
        self._held = waiting
        return due

    def load(self) -> None:
        """Take up what a process before this one held; a damaged file costs learning, nothing else."""
        try:
            value = json.loads(self._path.read_text(encoding="utf-8"))
            if value["v"] == VERSION and value["view"] == self._view:
                self._held = [Held(one["key"], [(t, x, y) for t, x, y in one["way"]]) for one in value["held"]]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be used: %s", self._path.name, error)

    def save(self) -> None:
        """Replace the file where something is new; a disk that refuses costs learning, nothing else."""
        if self._kept:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        value = {"v": VERSION, "view": self._view, "held": [asdict(held) for held in self._held]}
        try:
            fresh.write_text(json.dumps(value), encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:
            log.warning("whom alerts were about cannot be kept for learning: %s", error.strerror)
            return
        self._kept = True

    def _told(self) -> dict[str, bool]:
        try:
            return {} if self._verdicts is None or not self._held else read_verdicts(self._verdicts)
        except (OSError, ValueError) as error:
            log.warning("it is not known how alerts ended: %s", error)
            return {}

"""A busy scene, the same for every seed: people who come, wander, stand, leave, and are lost by the tracker."""

from __future__ import annotations

import numpy as np

from rules.types import Tracks
from tests.rules.film import UTC0, Person, frame


class Wanderer:
    """Somebody who walks from place to place and stands at each for a while."""

    def __init__(self, chance: np.random.Generator, seconds: float) -> None:
        self.since = float(chance.uniform(0.0, 0.6 * seconds))
        self.until = self.since + float(chance.uniform(0.2, 0.8)) * seconds
        t, places = self.since, [chance.uniform(0.05, 0.95, 2)]
        self.knots: list[tuple[float, float, float]] = [(t, *map(float, places[0]))]
        while t < self.until:
            t += float(chance.uniform(1.0, 6.0))
            if chance.random() < 0.6:
                places.append(np.clip(places[-1] + chance.uniform(-0.25, 0.25, 2), 0.02, 0.98))
            self.knots.append((t, *map(float, places[-1])))

    def at(self, t: float) -> tuple[float, float] | None:
        if not self.since <= t <= self.until:
            return None
        ts = [k[0] for k in self.knots]
        return float(np.interp(t, ts, [k[1] for k in self.knots])), float(np.interp(t, ts, [k[2] for k in self.knots]))


def crowd(
    seed: int, *, people: int = 12, seconds: float = 40.0, fps: float = 5.0, trouble: bool = True
) -> list[Tracks]:
    """Frames of a busy scene. With trouble: lost boxes, new ids, predicted rows, frame gaps and a reconnect."""
    chance = np.random.default_rng(seed)
    everybody = [Wanderer(chance, seconds) for _ in range(people)]
    ids = list(range(1, people + 1))
    hidden = np.zeros(people)
    frames, run_id, offset = [], 1, 0.0
    reconnect = round(seconds * fps * 0.6) if trouble else -1
    for n in range(round(seconds * fps) + 1):
        t = n / fps
        if n == reconnect:
            run_id, offset = 2, t
            ids = [i + 1000 for i in ids]
        if trouble and chance.random() < 0.03:
            continue
        seen = []
        for who, person in enumerate(everybody):
            place = person.at(t)
            if trouble and hidden[who] <= 0 and chance.random() < 0.01:
                hidden[who] = float(chance.uniform(0.2, 6.0))
                if chance.random() < 0.5:
                    ids[who] = max(ids) + 1
            hidden[who] -= 1.0 / fps
            if place is not None and (hidden[who] <= 0 or chance.random() < 0.2):
                seen.append(Person(ids[who], *place, height=0.1 + 0.15 * place[1], observed=hidden[who] <= 0))
        frames.append(frame(t - offset, seen, run_id=run_id, utc=UTC0 + t))
    return frames

"""Anomalies injected into real tracks, as described in the accuracy reference: reversed, unused entry, empty region."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rules.routes import Track

Floats = NDArray[np.float64]
CELLS = 24
FAR = 0.1
"""An unused entry is at least so many scene diagonals from every start or end."""
EMPTY = 0.001
"""An empty cell is one that fewer than this share of tracks visit."""
ZONES, ONE_WAY = 12, 20


def load(path: Path, *, shortest: float = 0.0) -> list[Track]:
    """Tracks of an assets file whose length is above `shortest`."""
    rows = (json.loads(line) for line in path.read_text().splitlines())
    tracks = [Track(np.array(row["t"], np.float64), np.array(row["xy"], np.float64).reshape(-1, 2)) for row in rows]
    return [track for track in tracks if len(track) > 1 and walked(track.xy)[-1] > shortest]


def walked(xy: Floats) -> Floats:
    """Length walked up to each position."""
    return np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))


def even(xy: Floats, share: Floats) -> Floats:
    """Places at shares of the length."""
    length = walked(xy)
    return np.column_stack([np.interp(share * length[-1], length, xy[:, axis]) for axis in (0, 1)])


def backwards(track: Track) -> Track:
    """The same way from its end to its start."""
    return Track(track.t[-1] - track.t[::-1] + track.t[0], track.xy[::-1].copy())


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What of a scene is used: its border, where tracks start or end, and places inside it that nobody visits."""

    low: Floats
    high: Floats
    ends: Floats
    empty: Floats
    interval_s: float

    @classmethod
    def of(cls, tracks: list[Track]) -> Ground:
        """The ground of a whole set."""
        places = np.concatenate([track.xy for track in tracks])
        low, high = places.min(axis=0), places.max(axis=0)
        visits = np.zeros((CELLS, CELLS), int)
        for track in tracks:
            cell = (
                ((even(track.xy, np.linspace(0, 1, 100)) - low) / (high - low) * CELLS).astype(int).clip(0, CELLS - 1)
            )
            visits[tuple(np.unique(cell, axis=0).T)] += 1
        centres = low + (np.argwhere(visits < EMPTY * len(tracks)) + 0.5) / CELLS * (high - low)
        ends = np.concatenate([track.xy[[0, -1]] for track in tracks])
        interval = float(np.median(np.concatenate([np.diff(track.t) for track in tracks[:300]])))
        return cls(low, high, ends, centres[inside_hull(places, centres)], interval)

    def unused_entry(self, track: Track, rng: np.random.Generator) -> Track:
        """Straight from a border point far from every start or end to the middle of a track, then along it."""
        far = FAR * float(np.hypot(*(self.high - self.low)))
        while True:
            along, side = rng.random(), int(rng.integers(4))
            corner = np.array([(along, 0), (along, 1), (0, along), (1, along)][side])
            point = self.low + corner * (self.high - self.low)
            if np.hypot(*(self.ends - point).T).min() > far:
                return self._walked_at(track, np.vstack((point, even(track.xy, np.linspace(0.5, 1, 100)))))

    def empty_region(self, track: Track, rng: np.random.Generator) -> Track:
        """Bent by a quadratic Bezier between 25 % and 75 % of its length through an empty place."""
        start, end = even(track.xy, np.array([0.25, 0.75]))
        control = 2 * self.empty[rng.integers(len(self.empty))] - (start + end) / 2
        u = np.linspace(0, 1, 60)[:, None]
        bend = (1 - u) ** 2 * start + 2 * u * (1 - u) * control + u**2 * end
        before, after = np.linspace(0, 0.25, 30), np.linspace(0.75, 1, 30)
        return self._walked_at(track, np.vstack((even(track.xy, before), bend, even(track.xy, after))))

    def _walked_at(self, track: Track, xy: Floats) -> Track:
        """A new way at the track's own mean speed and the set's sampling interval."""
        speed = walked(track.xy)[-1] / max(float(track.t[-1] - track.t[0]), 1e-9)
        at = walked(xy) / speed
        t = np.arange(0.0, at[-1], self.interval_s)
        return Track(t, np.column_stack([np.interp(t, at, xy[:, axis]) for axis in (0, 1)]))


def inside_hull(places: Floats, asked: Floats) -> NDArray[np.bool_]:
    """Which of `asked` lie in the convex hull of `places` (a hull of 64 directions, which is close enough here)."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    outwards = np.column_stack((np.cos(angle), np.sin(angle)))
    return np.asarray(((asked @ outwards.T) <= (places @ outwards.T).max(axis=0)).all(axis=1))


def one_way(tracks: list[Track], rng: np.random.Generator) -> set[int]:
    """Indices of tracks between end zones (k-means) whose flow is at least twenty times the opposite one."""
    ends = np.concatenate([np.array([track.xy[0] for track in tracks]), np.array([track.xy[-1] for track in tracks])])
    centres = ends[rng.choice(len(ends), ZONES, replace=False)]
    for _ in range(30):
        zone = ((ends[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array([ends[zone == k].mean(axis=0) if (zone == k).any() else centres[k] for k in range(ZONES)])
    start, end = zone[: len(tracks)], zone[len(tracks) :]
    flow = np.zeros((ZONES, ZONES), int)
    np.add.at(flow, (start, end), 1)
    found = (start != end) & (flow[start, end] >= ONE_WAY * np.maximum(flow[end, start], 1))
    return set(np.flatnonzero(found).tolist())

"""How long do the rules take for a frame? 100 tracks, 20 zones, 10 rules, and how it grows with tracks and rules.

`python -m benchmarks.rules [--frames 300] [--json]`. Walkers cross the whole picture at 5 frames a second, so that
people enter and leave zones all the time. Medians over frames; growth is the ratio to half as many tracks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Sequence

import numpy as np

from rules.after_hours import AfterHours
from rules.base import Rule
from rules.engine import Engine
from rules.line_crossing import LineCrossing
from rules.loitering import Loitering
from rules.occupancy import Occupancy
from rules.route import ForbiddenRoute, SequenceRoute
from rules.types import Line, Tracks, Zone

WHO = {"site": "bench", "camera_id": "c"}


def zones(count: int) -> list[Zone]:
    """Hexagons all over the picture, each a twentieth of it or so, overlapping."""
    chance = np.random.default_rng(1)
    angle = np.linspace(0, 2 * np.pi, 7)[:-1]
    found = []
    for n, (x, y) in enumerate(chance.uniform(0.15, 0.85, (count, 2))):
        corners = zip(x + 0.13 * np.cos(angle), y + 0.13 * np.sin(angle), strict=True)
        found.append(Zone(f"z{n}", tuple((float(a), float(b)) for a, b in corners)))
    return found


def rules(kind: str, areas: Sequence[Zone]) -> list[Rule]:
    """`ten`: ten rules of all kinds over twenty zones. `every`: ten rules on each zone, two hundred in all."""
    if kind == "every":
        return [
            Loitering(**WHO, rule_id=f"{zone.zone_id}-{n}", zone=zone, dwell_s=20.0 + n)
            for zone in areas
            for n in range(10)
        ]
    a = list(areas)
    return [
        *(Loitering(**WHO, rule_id=f"loiter{n}", zone=a[n], dwell_s=20.0) for n in range(3)),
        Loitering(**WHO, rule_id="sum", zone=a[3], dwell_s=20.0, mode="cumulative", window_s=60.0),
        *(AfterHours(**WHO, rule_id=f"night{n}", zone=a[n], always=True, min_presence_s=8.0) for n in (4, 5)),
        LineCrossing(**WHO, rule_id="gate", line=Line("gate", ((0.2, 0.5), (0.8, 0.5)))),
        Occupancy(**WHO, rule_id="full", zone=a[6], over=20, for_s=5.0),
        SequenceRoute(**WHO, rule_id="order", sequence=a[7:14]),
        ForbiddenRoute(**WHO, rule_id="wrong", forbidden=list(itertools.pairwise(a[14:20]))),
    ]


def frames(tracks: int, count: int, *, fps: float = 5.0) -> list[Tracks]:
    """People who walk straight at .8 body heights a second and turn at the edges; one in fifty is lost each frame."""
    chance = np.random.default_rng(2)
    place = chance.uniform(0.05, 0.95, (tracks, 2))
    angle = chance.uniform(0, 2 * np.pi, tracks)
    step = 0.8 * 0.2 / fps * np.column_stack((np.cos(angle) / (16 / 9), np.sin(angle)))
    found = []
    for n in range(count):
        step = np.where((place + step < 0.02) | (place + step > 0.98), -step, step)
        place = place + step
        seen = chance.random(tracks) > 0.02
        xy = place[seen]
        xyxy = np.column_stack((xy[:, 0] - 0.03, xy[:, 1] - 0.2, xy[:, 0] + 0.03, xy[:, 1])).clip(0, 1)
        m = len(xy)
        found.append(
            Tracks(
                camera_id="c", run_id=1, pts=n / fps, utc=1.78e9 + n / fps, aspect=16 / 9,
                track_id=np.flatnonzero(seen) + 1, xyxy=xyxy.astype(np.float32), score=np.ones(m, np.float32),
                class_id=np.zeros(m, np.int32), observed=np.ones(m, np.bool_),
            )
        )  # fmt: skip
    return found


def median_ms(kind: str, tracks: int, count: int) -> float:
    """Median time of one frame, after a warm-up of a fifth of the frames."""
    engine = Engine(rules(kind, zones(20)))
    spent = []
    for one in frames(tracks, count):
        start = time.process_time()
        engine.update(one)
        spent.append(time.process_time() - start)
    return 1e3 * statistics.median(spent[count // 5 :])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = []
    for kind, label in (("ten", "10 rules, 20 zones"), ("every", "10 rules on each of 20 zones")):
        before = None
        for tracks in (25, 50, 100, 200, 400):
            ms = median_ms(kind, tracks, args.frames)
            growth = None if before is None else round(ms / before, 2)
            found.append({"rules": label, "tracks": tracks, "median_ms": round(ms, 3), "growth": growth})
            before = ms
            if not args.json:
                print(f"{label:30} {tracks:4} tracks  {ms:7.3f} ms a frame  x{growth or '-'}")
    if args.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

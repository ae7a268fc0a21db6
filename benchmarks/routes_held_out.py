"""`python -m benchmarks.routes_held_out`: learned routes on whole routes kept from them, and on one-way flows reversed.

In made-up scenes (`routes_worlds`) the truth is known. On the assets a route is a corridor of alike tracks; it and all
that come near its shape are left out of learning, and those alike are judged. Where a plaza is crossed every way, such
a route is hardly unusual: the share found says how much of it is.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.routes import LEVEL, PLANS, ROOT
from benchmarks.routes_injected import backwards, even, load
from benchmarks.routes_worlds import WORLDS, World
from pipeline.evaluate.routes import auc, delay
from rules.routes import RouteModel, Track

Floats = NDArray[np.float64]
CORE, CORE_MOST, NEAR = 0.05, 0.12, 0.1
"""Two tracks are of one route if they stay so near on average and everywhere, in extents; nearer than the last on
average, a track is no longer surely of another."""
LEAST = 12


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Scores, p-values and delays (infinite without an alarm) of some tracks, each (N,)."""

    score: Floats
    p_value: Floats
    late: Floats

    @classmethod
    def of(cls, model: RouteModel, tracks: list[Track]) -> Judged:
        rows = []
        for track in tracks:
            told = model.score_one(track, level=LEVEL)
            late = np.inf if told.alarm_t is None else delay(track.t, track.xy, told.alarm_t)
            rows.append((told.score, told.p_value, late))
        table = np.array(rows, np.float64).reshape(-1, 3)
        return cls(*table.T)

    @classmethod
    def joined(cls, parts: list[Judged]) -> Judged:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("score", "p_value", "late")))


def row(name: str, normal: Judged, strange: Judged) -> str:
    """One line of the table."""
    unusual = np.arange(len(normal.score) + len(strange.score)) >= len(normal.score)
    area = auc(np.concatenate((normal.score, strange.score)), unusual)
    found = [float((strange.late <= share).mean()) for share in (0.15, 0.4, 1.0)]
    alarms = float((normal.p_value <= LEVEL).mean())
    return (
        f"| {name} | {len(strange.score)} | {area:.3f} | {found[2]:.0%} | {found[0]:.0%} | {found[1]:.0%} | "
        f"{alarms:.1%} of {len(normal.score)} |"
    )


def made_up(world: World, count: int, *, seed: int = 0) -> Iterator[str]:
    """One-way routes walked backwards, and routes left out one by one."""
    rng = np.random.default_rng((seed, count))
    model = RouteModel.fitted(world.tracks(count, rng))
    wrong = [backwards(track) for route in world.one_way for track in world.of_route(route, 20, rng)]
    yield row(f"{world.name}, {count}: wrong way", Judged.of(model, world.tracks(400, rng)), Judged.of(model, wrong))
    normal, strange = [], []
    for route in world.routes[:6] if len(world.routes) > 2 else ():
        model = RouteModel.fitted(world.tracks(count, rng, without=route))
        normal.append(Judged.of(model, world.tracks(100, rng, without=route)))
        strange.append(Judged.of(model, world.of_route(route, 30, rng)))
    if normal:
        yield row(f"{world.name}, {count}: left out", Judged.joined(normal), Judged.joined(strange))


def left_out(tracks: list[Track], *, train: int, routes: int, seed: int = 0) -> tuple[Judged, Judged]:
    """Normal tracks, and those of the largest corridors, each judged by a model that has not seen its like."""
    rng = np.random.default_rng(seed)
    places = np.concatenate([track.xy for track in tracks])
    extent = float(np.hypot(*np.subtract(*np.percentile(places, (99.5, 0.5), axis=0))))
    shapes = np.array([even(track.xy, np.linspace(0, 1, 16)) for track in tracks]) / extent
    normal, strange = [], []
    for core, near in _corridors(shapes, rng, routes):
        others = rng.permutation(np.flatnonzero(~near)).tolist()
        model = RouteModel.fitted([tracks[i] for i in others[:train]])
        normal.append(Judged.of(model, [tracks[i] for i in others[train : train + 200]]))
        strange.append(Judged.of(model, [tracks[i] for i in rng.permutation(np.flatnonzero(core))[:40].tolist()]))
    return Judged.joined(normal), Judged.joined(strange)


def _corridors(
    shapes: Floats, rng: np.random.Generator, routes: int
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Largest first: the tracks of a route, and all that come near its shape; both bool (N,)."""
    long = np.flatnonzero(np.hypot(*np.diff(shapes, axis=1).transpose(2, 0, 1)).sum(axis=1) > 0.25)
    centres = rng.permutation(long)[:400]
    apart = {int(i): np.hypot(*(shapes - shapes[i]).transpose(2, 0, 1)) for i in centres}
    cores = {i: (off.mean(axis=1) <= CORE) & (off.max(axis=1) <= CORE_MOST) for i, off in apart.items()}
    taken = np.zeros(len(shapes), np.bool_)
    for i in sorted(cores, key=lambda i: -int(cores[i].sum())):
        if routes and not taken[i] and cores[i].sum() >= LEAST and taken[cores[i]].mean() <= 0.3:
            taken |= cores[i]
            routes -= 1
            yield cores[i], apart[i].mean(axis=1) <= NEAR


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, nargs="+", default=[240, 1000], help="tracks learned of made-up scenes")
    args = parser.parse_args()
    print("| set, tracks learned: judged | tracks | AUC | found at 1 % | by 15 % of the way | by 40 % | false alarms |")
    print("|---|---|---|---|---|---|---|")
    for make in WORLDS:
        for count in args.tracks:
            for line in made_up(make(), count):
                print(line, flush=True)
    assets = Path(os.environ.get("NIGHTJAR_ASSETS", ROOT.parent / "shared" / "assets")) / "trajectories"
    for name, train in (("Edinburgh 01Jul", 900), ("Grand Central", 2500)):
        tracks = load(assets / PLANS[name].file, shortest=PLANS[name].shortest)
        print(row(f"{name}, {train}: left out", *left_out(tracks, train=train, routes=5)), flush=True)


if __name__ == "__main__":
    main()

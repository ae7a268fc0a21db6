"""`python -m benchmarks.routes_held_out`: learned routes on whole routes kept from them, on wrong ways, on runners.

In made-up scenes (`routes_worlds`, `routes_streets`) the truth is known, also where a way parts from all known ones:
before that nothing can be told. On the assets a route is a corridor of alike tracks; it and all
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
from benchmarks.routes_streets import STREETS
from benchmarks.routes_worlds import WORLDS, Way, World
from pipeline.evaluate.routes import auc, delay
from rules.routes import RouteModel, Track

Floats = NDArray[np.float64]
CORE, CORE_MOST, NEAR = 0.05, 0.12, 0.1
"""Two tracks are of one route if they stay so near on average and everywhere, in extents; nearer than the last on
average, a track is no longer surely of another."""
LEAST = 12
RUNNING = 2.5
"""How many times as fast as people usually are somebody runs."""


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


def row(name: str, normal: Judged, strange: Judged, *, parting: Floats | None = None) -> str:
    """One line of the table; `parting` (N,) are the shares at which the strange tracks part from known ways."""
    unusual = np.arange(len(normal.score) + len(strange.score)) >= len(normal.score)
    area = auc(np.concatenate((normal.score, strange.score)), unusual)
    found = [float((strange.late <= share).mean()) for share in (0.15, 0.4, 1.0)]
    alarms = float((normal.p_value <= LEVEL).mean())
    past = "-" if parting is None else f"{float((strange.late - parting <= 0.15).mean()):.0%}"
    return (
        f"| {name} | {len(strange.score)} | {area:.3f} | {found[2]:.0%} | {found[0]:.0%} | {found[1]:.0%} | "
        f"{past} | {alarms:.1%} of {len(normal.score)} |"
    )


def made_up(world: World, count: int, *, seed: int = 0) -> Iterator[str]:
    """One-way routes walked backwards, usual ones run, and routes left out one by one."""
    rng = np.random.default_rng((seed, count))
    model = RouteModel.fitted(world.tracks(count, rng))
    usual = Judged.of(model, world.tracks(400, rng))
    wrong = [(way, backwards(track)) for way in _one_way(world) for track in world.along_way(way, 10, rng)]
    parting = np.array([world.parting(way.line[::-1], known=world.ways) for way, _ in wrong])
    name = f"{world.name}, {count}"
    yield row(f"{name}: wrong way", usual, Judged.of(model, [track for _, track in wrong]), parting=parting)
    runners = [Track(track.t / RUNNING, track.xy) for way in world.ways for track in world.along_way(way, 5, rng)]
    yield row(f"{name}: running", usual, Judged.of(model, runners))
    normal, strange, parts = [], [], []
    for route in world.routes[:6] if len(world.routes) > 2 else ():
        model = RouteModel.fitted(world.tracks(count, rng, without=route))
        normal.append(Judged.of(model, world.tracks(100, rng, without=route)))
        others = [way for way in world.ways if way.route != route]
        for way in (way for way in world.ways if way.route == route):
            strange.append(Judged.of(model, world.along_way(way, 15, rng)))
            parts += [world.parting(way.line, known=others)] * 15
    if normal:
        yield row(f"{name}: left out", Judged.joined(normal), Judged.joined(strange), parting=np.array(parts))


def _one_way(world: World) -> list[Way]:
    return [way for way in world.ways if way.route in world.one_way]


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
    parser.add_argument("--scene", nargs="+", help="only made-up scenes of these names")
    args = parser.parse_args()
    columns = "found at 1 % | by 15 % of the way | by 40 % | by 15 % past the parting | false alarms"
    print(f"| set, tracks learned: judged | tracks | AUC | {columns} |")
    print("|---|---|---|---|---|---|---|---|")
    for make in (*WORLDS, *STREETS):
        if args.scene and make().name not in args.scene:
            continue
        for count in args.tracks:
            for line in made_up(make(), count):
                print(line, flush=True)
    assets = Path(os.environ.get("NIGHTJAR_ASSETS", ROOT.parent / "shared" / "assets")) / "trajectories"
    for name, train in () if args.scene else (("Edinburgh 01Jul", 900), ("Grand Central", 2500)):
        tracks = load(assets / PLANS[name].file, shortest=PLANS[name].shortest)
        print(row(f"{name}, {train}: left out", *left_out(tracks, train=train, routes=5)), flush=True)


if __name__ == "__main__":
    main()

"""`python -m benchmarks.routes`: learned routes beside published scorers, on the assets with injected anomalies.

Prints rows of the shape of the accuracy reference. Every method gets the same tracks; the peers' threshold is the
conformal rank at 1 % on separate normal tracks, ours learns from these as well, and calibrates by leaving one out.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.routes_injected import Ground, backwards, load, one_way
from benchmarks.routes_peers import PEERS, POINTS, Shape
from pipeline.evaluate.routes import average_precision, delay, judged
from rules.routes import RouteModel, Track

LEVEL = 0.01
OURS = "**Nightjar**"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Plan:
    """How one set is divided."""

    file: str
    train: int
    calibrate: int
    normal: int
    injected: int
    repeats: int
    shortest: float = 0.0
    reverse: bool = False


PLANS = {
    "Edinburgh 01Jul": Plan("edinburgh_01jul.jsonl", 600, 250, 300, 30, 3),
    "Grand Central": Plan("grand_central.jsonl", 1500, 1000, 1000, 50, 2, shortest=300.0, reverse=True),
}

Judged = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]
"""Score, alarm, delay (nan without alarm), each (N,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One repeat: what to learn from, and what to judge, by kind; `normal` is one of them."""

    train: list[Track]
    calibrate: list[Track]
    judge: dict[str, list[Track]]


def divide(tracks: list[Track], plan: Plan, seed: int) -> Sample:
    """A repeat of a plan; anomalies are made of tracks that nobody learns from."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(tracks))
    ends = np.cumsum((plan.train, plan.calibrate, plan.normal))
    train, calibrate, normal = ([tracks[i] for i in part] for part in np.split(order[: ends[-1]], ends[:-1]))
    ground = Ground.of(tracks)
    pick = [normal[i] for i in rng.permutation(len(normal))[: plan.injected]]
    judge = {
        "normal": normal,
        "unused border entry": [ground.unused_entry(track, rng) for track in pick],
        "through an empty region": [ground.empty_region(track, rng) for track in pick],
    }
    if plan.reverse:
        flows = one_way(tracks, rng)
        single = [tracks[i] for i in order[ends[1] :] if int(i) in flows][: plan.injected]
        judge["reversed"] = [backwards(track) for track in pick]
        judge["reversed, one-way flows only"] = [backwards(track) for track in single]
    return Sample(train, calibrate, judge)


def peers(sample: Sample) -> dict[str, dict[str, Judged]]:
    """What each published scorer says with its conformal threshold, by name and kind; one track at a time for all."""
    shape = Shape(sample.train)
    scorers = {name: make(shape) for name, make in PEERS.items()}
    running: dict[str, dict[str, list[NDArray[np.float64]]]] = {name: {} for name in scorers}
    for kind, tracks in {"calibrate": sample.calibrate, **sample.judge}.items():
        for track in tracks:
            for name, score in scorers.items():
                running[name].setdefault(kind, []).append(score(track))
    return {name: _alarmed(said) for name, said in running.items()}


def _alarmed(said: dict[str, list[NDArray[np.float64]]]) -> dict[str, Judged]:
    calm = np.sort([one[-1] for one in said.pop("calibrate")])
    limit = calm[len(calm) - int(LEVEL * (len(calm) + 1))]
    found = {}
    for kind, scores in said.items():
        above = np.array(scores) > limit
        late = np.where(above.any(axis=1), above.argmax(axis=1) / (POINTS - 1), np.nan)
        found[kind] = np.array(scores)[:, -1], above[:, -1], late
    return found


def ours(sample: Sample) -> Callable[[Iterable[Track]], Judged]:
    """The learned model."""
    model = RouteModel.fitted([*sample.train, *sample.calibrate])

    def judge(tracks: Iterable[Track]) -> Judged:
        rows = []
        for track in tracks:
            verdict = model.score_one(track, level=LEVEL)
            late = np.nan if verdict.alarm_t is None else delay(track.t, track.xy, verdict.alarm_t)
            rows.append((verdict.score, verdict.p_value <= LEVEL, late))
        score, alarm, late_by = (np.array(column) for column in zip(*rows, strict=True))
        return score, alarm.astype(np.bool_), late_by

    return judge


def row(name: str, kind: str, method: str, repeats: list[dict[str, Judged]]) -> str:
    """One line of the table."""
    parts = []
    for found in repeats:
        normal, strange = found["normal"], found[kind]
        score = np.concatenate((normal[0], strange[0]))
        alarm = np.concatenate((normal[1], strange[1]))
        unusual = np.arange(len(score)) >= len(normal[0])
        result = judged(score=score, p_value=np.where(alarm, 0.0, 1.0), unusual=unusual).figures()
        late = strange[2][~np.isnan(strange[2])]
        parts.append(
            (result["auc"], average_precision(score, unusual), result["found"], result["false_alarms"], result["f1"],
             result["accuracy"], late.mean() if len(late) else np.nan)
        )  # fmt: skip
    table = np.array(parts, np.float64)
    mean = [float(column[~np.isnan(column)].mean()) if (~np.isnan(column)).any() else np.nan for column in table.T]
    late_text = "-" if np.isnan(mean[6]) else f"{mean[6]:.2f}"
    return (
        f"| {name}: {kind} | {method} | {mean[0]:.3f} ({table[:, 0].std():.3f}) | {mean[1]:.2f} | {mean[2]:.0%} | "
        f"{mean[3]:.1%} | {mean[4]:.2f} | {mean[5]:.3f} | {late_text} |"
    )


def cost(model_of: int, tracks: list[Track]) -> float:
    """Microseconds of processor time per update with so many tracks learned."""
    model = RouteModel.fitted([tracks[i % len(tracks)] for i in range(model_of)])
    asked = [(track.t.tolist(), track.xy.tolist()) for track in tracks[:300]]
    began = time.process_time()
    updates = 0
    for t, xy in asked:
        scorer = model.begin()
        for at, (x, y) in zip(t, xy, strict=True):
            scorer.update(x, y, at)
        updates += len(t)
    return (time.process_time() - began) / updates * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-ours", action="store_true", help="leave the published scorers out (minutes)")
    parser.add_argument("--cost", action="store_true", help="also time an update at 100, 1,000 and 4,000 tracks")
    args = parser.parse_args()
    assets = Path(os.environ.get("NIGHTJAR_ASSETS", ROOT.parent / "shared" / "assets")) / "trajectories"
    print("| set | method | AUC (sd) | AP | found at 1 % | real FA | F1 | accuracy | delay |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, plan in PLANS.items():
        tracks = load(assets / plan.file, shortest=plan.shortest)
        samples = [divide(tracks, plan, seed) for seed in range(plan.repeats)]
        found: dict[str, list[dict[str, Judged]]] = {}
        for sample in samples:
            judge = ours(sample)
            said = {} if args.only_ours else peers(sample)
            said[OURS] = {kind: judge(some) for kind, some in sample.judge.items()}
            for method, judged_by in said.items():
                found.setdefault(method, []).append(judged_by)
        for kind in samples[0].judge:
            if kind != "normal":
                for method, repeats in found.items():
                    print(row(name, kind, method, repeats), flush=True)
    if args.cost:
        tracks = load(assets / PLANS["Grand Central"].file, shortest=300.0)
        for count in (100, 1000, 4000):
            print(f"{count} tracks: {cost(count, tracks):.1f} us an update")


if __name__ == "__main__":
    main()

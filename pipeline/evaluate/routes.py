"""`nightjar score routes`: how well unusual tracks are told from normal ones, and whether the promised rate is kept.

SCORES is what `nightjar routes score` writes. TRUTH has a JSON line per track with `id` and a flag, true for unusual
ones. With the tracks themselves given, the delay is the share of an unusual track's length walked before its alarm.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadInput
from pipeline.evaluate.trajectories import read_tracks

Z95 = 1.959963984540054


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `score routes`."""
    parser = subparsers.add_parser(
        "routes", help="AUC, AP, found and false alarms of route scores", description=__doc__
    )
    parser.add_argument("--scores", type=Path, required=True, help="what `nightjar routes score` wrote")
    parser.add_argument("--truth", type=Path, required=True, help="JSON lines with id and the flag")
    parser.add_argument("--flag", default="unusual", help="key of the flag in TRUTH (unusual)")
    parser.add_argument("--tracks", type=Path, help="the tracks that were scored: gives the delay")
    parser.add_argument("--fps", type=float, help="frames a second, where --tracks has MOTChallenge rows")
    parser.add_argument("--level", type=float, default=0.01, help="p-value at or below which a track alarms (0.01)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Join the files by id and print the figures."""
    if not 0.0 < args.level < 1.0:
        raise BadInput(f"--level: {args.level:g}; allowed: between 0 and 1")
    scores = {_name(line["id"]): line for line in _lines(args.scores, ("id", "p_value", "score", "alarm_t"))}
    flags = {_name(line["id"]): bool(line[args.flag]) for line in _lines(args.truth, ("id", args.flag))}
    missing = [name for name in flags if name not in scores]
    if missing or not flags:
        raise BadInput(f"{args.scores}: no line for {missing[:3] or 'any track'} of {args.truth}; allowed: every id")
    rows = [scores[name] for name in flags]
    result = judged(
        score=np.array([row["score"] for row in rows], np.float64),
        p_value=np.array([row["p_value"] for row in rows], np.float64),
        unusual=np.array(list(flags.values()), np.bool_),
        level=args.level,
    )
    figures = result.figures()
    if args.tracks is not None:
        figures["delay"] = _delay(args, {name for name, flag in flags.items() if flag}, scores)
    text = "  ".join(f"{name} {_shown(value)}" for name, value in figures.items())
    print(json.dumps(figures) if args.json else text)  # noqa: T201
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteScore:
    """Counts at one level, and ranking figures that need none; a figure is None where it has no meaning."""

    normal: int
    unusual: int
    found: int
    false: int
    auc: float | None
    ap: float | None

    def figures(self) -> dict[str, Any]:
        """What accuracy.md's table of routes has, and the 95 % interval (Wilson, 1927) of the false-alarm rate."""
        low, high = wilson(self.false, self.normal)
        right = self.found + self.normal - self.false
        alarms = self.found + self.false
        return {
            "normal": self.normal, "unusual": self.unusual, "auc": self.auc, "ap": self.ap,
            "found": self.found / self.unusual if self.unusual else None,
            "false_alarms": self.false / self.normal if self.normal else None,
            "false_alarms_low": low, "false_alarms_high": high,
            "f1": 2 * self.found / (alarms + self.unusual) if alarms + self.unusual else None,
            "accuracy": right / (self.normal + self.unusual) if self.normal + self.unusual else None,
        }  # fmt: skip


def judged(
    *, score: NDArray[np.float64], p_value: NDArray[np.float64], unusual: NDArray[np.bool_], level: float = 0.01
) -> RouteScore:
    """Figures of tracks scored, all arrays (N,); larger scores are more unusual, p at or below `level` alarms."""
    alarm = p_value <= level
    return RouteScore(
        normal=int((~unusual).sum()), unusual=int(unusual.sum()), found=int((alarm & unusual).sum()),
        false=int((alarm & ~unusual).sum()), auc=auc(score, unusual), ap=average_precision(score, unusual),
    )  # fmt: skip


def auc(score: NDArray[np.float64], unusual: NDArray[np.bool_]) -> float | None:
    """The chance that an unusual track scores above a normal one, ties half; None without either kind."""
    high, low = int(unusual.sum()), int((~unusual).sum())
    if not high or not low:
        return None
    _, group, size = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2.0)[group]
    return float((rank[unusual].sum() - high * (high + 1) / 2.0) / (high * low))


def average_precision(score: NDArray[np.float64], unusual: NDArray[np.bool_]) -> float | None:
    """Precision averaged over recall, tied tracks taken together; None where nothing is unusual."""
    if not unusual.any():
        return None
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(unusual[order])
    last = np.flatnonzero(np.diff(score[order], append=np.nan))  # the last of each run of ties
    recall = hits[last] / unusual.sum()
    return float((np.diff(recall, prepend=0.0) * hits[last] / (last + 1)).sum())


def wilson(hits: int, trials: int) -> tuple[float | None, float | None]:
    """The 95 % interval of a rate (E. B. Wilson, JASA 22, 1927); None without trials."""
    if not trials:
        return None, None
    rate = hits / trials
    centre = rate + Z95**2 / (2 * trials)
    spread = Z95 * math.sqrt(rate * (1 - rate) / trials + Z95**2 / (4 * trials**2))
    scale = 1 + Z95**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def delay(t: NDArray[np.float64], xy: NDArray[np.float64], alarm_t: float) -> float:
    """The share of a track's length, [0, 1], walked by the first position at or after `alarm_t`."""
    walked = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
    at = int(np.argmax(t >= alarm_t))
    return float(walked[at] / walked[-1]) if walked[-1] > 0 else 1.0


def _delay(args: argparse.Namespace, wanted: set[str], scores: Mapping[str, Mapping[str, Any]]) -> float | None:
    delays = []
    for one in read_tracks(args.tracks, fps=args.fps):
        name = _name(one.track_id)
        if name in wanted and scores[name]["alarm_t"] is not None:
            delays.append(delay(one.track.t, one.track.xy, float(scores[name]["alarm_t"])))
    return float(np.mean(delays)) if delays else None


def _lines(path: Path, keys: Sequence[str]) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as text ({error})") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path}:{number}: not JSON ({error})") from error
        if not isinstance(value, dict) or any(key not in value for key in keys):
            raise BadInput(f"{path}:{number}: allowed: an object with {', '.join(keys)}")
        found.append(value)
    return found


def _name(track_id: Any) -> str:
    return json.dumps(track_id, sort_keys=True)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"

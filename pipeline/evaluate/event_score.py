"""Alarms against what was to be alarmed, in the manner of i-LIDS: windows, late ones and repeats told apart, bias.

The recall bias and the idea of a window follow the Home Office's i-LIDS evaluation as publicly described; the rest is
ours, so what comes out is an "i-LIDS-style F1", quoted with its window and bias, and never an i-LIDS score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["true", "late", "repeat", "false"]

BIASES = (0.65, 1.0, 60.0)
"""Recall bias a of F1: operational alerting, plain F1, and event recording, where a miss costs most."""
DAY_S = 86_400.0
ROUNDS = 2000
"""Bootstrap rounds; the seed is fixed, so the same files give the same interval."""


@dataclass(frozen=True, slots=True)
class Window:
    """How long before and after its onset an event may be alarmed, s. Both ends count."""

    before_s: float = 1.0
    after_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An event that is to be alarmed at `onset_utc`. It goes on until `end_utc`, where that is known.

    A rule, kind or zone that is None is not asked for.
    """

    camera_id: str | None
    kind: str | None
    rule_id: str | None
    zone_id: str | None
    onset_utc: float
    end_utc: float | None = None

    def fits(self, alarm: Alarm) -> bool:
        wanted = (self.camera_id, self.kind, self.rule_id, self.zone_id)
        given = (alarm.camera_id, alarm.kind, alarm.rule_id, alarm.zone_id)
        return all(want is None or want == have for want, have in zip(wanted, given, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An event as it was raised."""

    camera_id: str
    kind: str
    rule_id: str
    zone_id: str | None
    utc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Footage that was watched for so long, all that was due in it, and all that was raised."""

    name: str
    duration_s: float
    due: tuple[Due, ...]
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One clip: of each due event the index of its alarm and whether that was in time; of each alarm a verdict."""

    clip: Clip
    alarm_of: tuple[int | None, ...]
    verdicts: tuple[Verdict, ...]

    def count(self, verdict: Verdict) -> int:
        return self.verdicts.count(verdict)

    @property
    def missed(self) -> int:
        """Due events without an alarm in time, the late ones among them."""
        return len(self.clip.due) - self.count("true")

    @property
    def delays_s(self) -> list[float]:
        """Onset to alarm of what was alarmed in time."""
        pairs = zip(self.clip.due, self.alarm_of, strict=True)
        return [
            self.clip.alarms[at].utc - due.onset_utc
            for due, at in pairs
            if at is not None and self.verdicts[at] == "true"
        ]


def judge(clip: Clip, window: Window) -> Judged:
    """Match alarms with due events, greedily, one to one, by time.

    An alarm takes the earliest fitting event in whose window it lies. What is left over is late where it lies between
    a window and the event's end and nothing else alarmed that event; then a repeat of an event alarmed before; then
    false.
    """
    order = sorted(range(len(clip.alarms)), key=lambda at: clip.alarms[at].utc)
    dues = sorted(range(len(clip.due)), key=lambda at: clip.due[at].onset_utc)
    alarm_of: list[int | None] = [None] * len(clip.due)
    verdicts: list[Verdict] = ["false"] * len(clip.alarms)
    for verdict in ("true", "late"):
        for at in order:
            if verdicts[at] != "false":
                continue
            for due in dues:
                if alarm_of[due] is None and _lies(clip.alarms[at], clip.due[due], window, late=verdict == "late"):
                    alarm_of[due], verdicts[at] = at, verdict
                    break
    for at in order:
        if verdicts[at] == "false" and any(_repeats(clip, at, due, alarm_of[due], window) for due in dues):
            verdicts[at] = "repeat"
    return Judged(clip=clip, alarm_of=tuple(alarm_of), verdicts=tuple(verdicts))


def f1(recall: float, precision: float, bias: float) -> float:
    """`(a + 1) R P / (R + a P)`; 0 where both are 0. Bias 0 gives P, a large one R, and R = P = x gives x."""
    below = recall + bias * precision
    return (bias + 1.0) * recall * precision / below if below > 0.0 else 0.0


def figures(clips: Sequence[Judged]) -> dict[str, Any]:
    """All figures over the clips together; None where a figure has no meaning."""
    true, late, repeat, false = (sum(c.count(v) for c in clips) for v in ("true", "late", "repeat", "false"))
    missed, watched_s = sum(c.missed for c in clips), sum(c.clip.duration_s for c in clips)
    delays = [delay for c in clips for delay in c.delays_s]
    low, high = poisson(false)
    days = watched_s / DAY_S
    return {
        "clips": len(clips), "watched_s": round(watched_s, 3), "due": true + missed,
        "alarms": true + late + repeat + false, "true": true, "false": false, "missed": missed, "late": late,
        "repeats": repeat, **_rates(true, false, missed),
        "false_per_camera_day": _over(false, days), "false_per_camera_day_low": _over(low, days),
        "false_per_camera_day_high": _over(high, days),
        "delay_median_s": _percentile(delays, 50), "delay_p95_s": _percentile(delays, 95),
        "delay_min_s": min(delays, default=None), "delay_max_s": max(delays, default=None), **_bootstrap(clips),
    }  # fmt: skip


def poisson(count: int) -> tuple[float, float]:
    """The exact 95 % interval of the mean of which `count` was seen (F. Garwood, Biometrika 28, 1936)."""
    low = 0.0 if count == 0 else _solve(lambda mean: 1.0 - _poisson_at_most(count - 1, mean), 0.025, rising=True)
    return low, _solve(lambda mean: _poisson_at_most(count, mean), 0.025, rising=False)


def _lies(alarm: Alarm, due: Due, window: Window, *, late: bool) -> bool:
    if not due.fits(alarm):
        return False
    after_s = alarm.utc - due.onset_utc
    if late:
        return due.end_utc is not None and after_s > window.after_s and alarm.utc <= due.end_utc
    return -window.before_s <= after_s <= window.after_s


def _repeats(clip: Clip, at: int, due_at: int, first: int | None, window: Window) -> bool:
    due, alarm = clip.due[due_at], clip.alarms[at]
    if first is None or not due.fits(alarm):
        return False
    until = max(due.onset_utc + window.after_s, -math.inf if due.end_utc is None else due.end_utc)
    return due.onset_utc - window.before_s <= alarm.utc <= until


def _rates(true: int, false: int, missed: int) -> dict[str, Any]:
    recall = true / (true + missed) if true + missed else None
    precision = true / (true + false) if true + false else None
    biased = {
        f"f1_{bias:g}": None if recall is None else f1(recall, 0.0 if precision is None else precision, bias)
        for bias in BIASES
    }
    return {"recall": recall, "precision": precision, **biased}


def _bootstrap(clips: Sequence[Judged]) -> dict[str, Any]:
    """95 % intervals of recall, precision and F1 over clips drawn anew (B. Efron, Ann. Stat. 7, 1979); None for one."""
    names = ("recall", "precision", "f1")
    if len(clips) < 2:
        return {f"{name}_{side}": None for name in names for side in ("low", "high")}
    counts = np.array([(c.count("true"), c.count("false"), c.missed) for c in clips], np.float64)
    chosen = np.random.default_rng(0).integers(len(clips), size=(ROUNDS, len(clips)))
    true, false, missed = counts[chosen].sum(axis=1).T
    rates = (_share(true, true + missed), _share(true, true + false), _share(2 * true, 2 * true + false + missed))
    found = {}
    for name, values in zip(names, rates, strict=True):
        known = values[~np.isnan(values)]
        for side, percent in (("low", 2.5), ("high", 97.5)):
            found[f"{name}_{side}"] = float(np.percentile(known, percent)) if len(known) else None
    return found


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1.0), np.nan)


def _poisson_at_most(count: int, mean: float) -> float:
    """P(X <= count) for a Poisson variable."""
    if mean <= 0.0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def _solve(chance: Any, wanted: float, *, rising: bool) -> float:
    """Where a monotone function of the mean takes a value, by bisection."""
    low, high = 0.0, 1.0
    while (chance(high) < wanted) == rising:
        high *= 2.0
    for _ in range(100):
        middle = (low + high) / 2.0
        low, high = (middle, high) if (chance(middle) < wanted) == rising else (low, middle)
    return (low + high) / 2.0


def _percentile(values: Iterable[float], percent: float) -> float | None:
    known = list(values)
    return float(np.percentile(known, percent)) if known else None


def _over(count: float, days: float) -> float | None:
    return count / days if days > 0 else None

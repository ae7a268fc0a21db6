"""`nightjar score events`: alarms against ground truth: found, missed, late, repeated, false, and after how long.

An alarm is true from 1 s before to 10 s after its event falls due (--window); later, while its cause lasts, it is late
and the event counts as missed; further alarms of an event already alarmed are repeats and not false. Files are joined
by camera and wall time, in any order. Truth: a sample clip's CLIP.truth.json, or JSON lines, a clip and then what is
due in it: {"clip": "a", "camera_id": "c", "duration_s": 60, "start": "2026-11-22T10:00:00Z"} and {"t_s": 12.5,
"rule_id": "r", "until_s": 20}; start, until_s, kind, rule_id and zone_id may be left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import BadInput
from pipeline.evaluate.event_files import read_clips
from pipeline.evaluate.event_score import BIASES, Alarm, Due, Judged, Window, figures, judge
from pipeline.eventlog import utc_iso


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `score events`."""
    parser = subparsers.add_parser("events", help="found, missed and false alarms, and delays", description=__doc__)
    parser.add_argument("--truth", type=Path, required=True, nargs="+", metavar="FILE", help="what was to be alarmed")
    parser.add_argument("--events", type=Path, required=True, nargs="+", metavar="FILE", help="events.jsonl of analyze")
    parser.add_argument(
        "--window", type=float, nargs=2, default=(1.0, 10.0), metavar=("BEFORE", "AFTER"),
        help="seconds around an onset in which its alarm is true (1 10)",
    )  # fmt: skip
    parser.add_argument("--rule", nargs="+", default=[], metavar="ID", help="judge these rules only")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Join the files, judge and print."""
    if min(args.window) < 0:
        raise BadInput(f"--window {args.window[0]:g} {args.window[1]:g}: allowed: 0 or more")
    window = Window(*args.window)
    judged = [judge(clip, window) for clip in read_clips(args.truth, args.events, rules=args.rule)]
    print(json.dumps(as_json(judged, window)) if args.json else as_text(judged, window))  # noqa: T201
    return 0


def as_json(judged: Sequence[Judged], window: Window) -> dict[str, Any]:
    """All figures, of every clip too, and what was amiss."""
    return {
        "window_s": [window.before_s, window.after_s],
        **figures(judged),
        "by_clip": {one.clip.name: _short(one) for one in judged},
        "amiss": [line for one in judged for line in _amiss(one)],
    }


def as_text(judged: Sequence[Judged], window: Window) -> str:
    """The figures for people, and a line for all that was amiss."""
    found = figures(judged)
    biased = "   ".join(f"a = {bias:g}: {_shown(found[f'f1_{bias:g}'])}" for bias in BIASES)
    lines = [
        f"{found['clips']} clips, {found['watched_s'] / 3600:.2f} camera hours, window -{window.before_s:g} to "
        f"+{window.after_s:g} s",
        f"due {found['due']}   true {found['true']}   missed {found['missed']} (of these late {found['late']})   "
        f"false {found['false']}   repeats {found['repeats']}",
        f"recall {_shown(found['recall'])}{_between(found, 'recall')}   precision {_shown(found['precision'])}"
        f"{_between(found, 'precision')}",
        f"i-LIDS-style F1   {biased}{_between(found, 'f1')}",
        f"false alarms a camera day {_shown(found['false_per_camera_day'])} "
        f"({_shown(found['false_per_camera_day_low'])} to {_shown(found['false_per_camera_day_high'])}, 95 %)",
        f"delay median {_shown(found['delay_median_s'])} s, p95 {_shown(found['delay_p95_s'])} s",
    ]
    return "\n".join([*lines, *(f"  {line}" for one in judged for line in _amiss(one))])


def _short(one: Judged) -> dict[str, Any]:
    return {
        "due": len(one.clip.due), "true": one.count("true"), "missed": one.missed, "late": one.count("late"),
        "false": one.count("false"), "repeats": one.count("repeat"), "watched_s": round(one.clip.duration_s, 3),
        "delays_s": [round(delay, 3) for delay in one.delays_s],
    }  # fmt: skip


def _amiss(one: Judged) -> Iterator[str]:
    for due, at in zip(one.clip.due, one.alarm_of, strict=True):
        if at is None:
            yield f"missed: {one.clip.name}, {_name(due)}, due at {_clock(due.onset_utc)}"
        elif one.verdicts[at] == "late":
            after_s = one.clip.alarms[at].utc - due.onset_utc
            yield f"late: {one.clip.name}, {_name(due)}, {after_s:.1f} s after {_clock(due.onset_utc)}"
    for alarm, verdict in zip(one.clip.alarms, one.verdicts, strict=True):
        if verdict in ("false", "repeat"):
            yield f"{verdict}: {one.clip.name}, {_name(alarm)} at {_clock(alarm.utc)}"


def _name(event: Due | Alarm) -> str:
    return event.rule_id or event.kind or "any alarm"


def _clock(utc: float) -> str:
    return utc_iso(utc, decimals=1)


def _between(found: dict[str, Any], name: str) -> str:
    low, high = found[f"{name}_low"], found[f"{name}_high"]
    return "" if low is None else f" ({low:.2f} to {high:.2f} by clip)"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"

"""What `python -m benchmarks` runs: each part's command, what it needs, and the rows it adds to the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import ASSETS, CLIP, MODEL

Row = tuple[str, str, str]
"""What was asked, what was measured, what is aimed at (or empty)."""
Rows = Callable[[Any], Iterator[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One benchmark. `long` replaces `short` under --full; `command` stands for a module other than its name's.

    `limit_s` only ends what hangs. `markdown` parts print a table instead of JSON.
    """

    name: str
    rows: Rows
    short: tuple[str, ...] = ()
    long: tuple[str, ...] | None = None
    needs: tuple[Path, ...] = ()
    limit_s: float = 600.0
    command: tuple[str, ...] = ()
    markdown: bool = False

    def arguments(self, *, full: bool) -> tuple[str, ...]:
        return self.long if full and self.long is not None else self.short


def of(spread: dict[str, Any], unit: str = "") -> str:
    """A median with its range."""
    low, high = spread["range"]
    return f"{spread['median']:g}{unit} ({low:g} to {high:g})"


def pipeline_rows(found: Any) -> Iterator[Row]:
    ratio = {"median": found["ratio"], "range": found["ratio_range"]}
    same = {"median": found["fitted_ratio"], "range": found["fitted_ratio_range"]}
    yield "`analyze`, every frame, over decode + raw `session.run` of the file (one person)", f"{of(ratio)} x", "1.25 x"
    yield "the same over decode + raw `session.run` at the shape that it uses", f"{of(same)} x", "at most 1.10 x"
    limits = f"limits {found['limit_ms']} and {found['fitted_ms']} ms"
    yield "the same, CPU a frame", f"{found['ours_ms']} ms; {limits}", ""


def decode_rows(found: Any) -> Iterator[Row]:
    for name in ("frames", "luma, 1 in 5", "416 wide, 1 in 5"):
        yield f"frame path over bare decoding: {name}", f"{found[name]['over_bare']:.2f} x", ""


def idle_rows(found: Any) -> Iterator[Row]:
    goals = {"motion": "at most 1.3 x; 70 ms"}
    for name, ratio in found["over_decode"].items():
        cost = found["cpu_ms_per_video_s"][name]["median"]
        goal = goals.get(name, "")
        yield f"idle 1080p25 at 5 fps, {name}, over decoding", f"{of(ratio)} x; {cost:g} ms a second", goal


def start_rows(found: Any) -> Iterator[Row]:
    for name, row in found.items():
        memory = row["resident_mib"]["median"]
        yield f"cold start to first detections, {name}", f"{of(row['first_detections_s'], ' s')}; {memory:g} MiB", ""


def bench_rows(found: Any) -> Iterator[Row]:
    cameras = {kind: count for kind, count in found["cameras"].items() if count is not None}
    said = ", ".join(f"{count} {kind}" for kind, count in cameras.items())
    cost = ", ".join(f"{ms:g} ms {kind}" for kind, ms in found["cpu_ms_per_camera_s"].items() if ms is not None)
    size = "x".join(map(str, found["size"]))
    yield (
        f"cameras on {found['cores']} cores at 5 fps, {size} at {found['fps']:g} fps, {found['detector']}",
        f"{said} (CPU a second: {cost})", "",
    )  # fmt: skip


def tracking_rows(found: Any) -> Iterator[Row]:
    for name, sequences in found["quality"].items():
        for group in ("fixed cameras", "all"):
            row = sequences[group]
            figures = f"HOTA {row['HOTA']:.1f}, AssA {row['AssA']:.1f}, IDF1 {row['IDF1']:.1f}, IDSW {row['IDSW']:.0f}"
            held = f"; stays held {row['held_median']:.2f} / {row['held_p10']:.2f} / {row['held_08']:.0%}"
            yield f"tracking, {name}, {group}", figures + held, _TRACKING_GOALS.get((name, group), "")
    ours = found["speed_us"]["nightjar"]
    yield (
        "tracker, CPU a frame at 10 / 50 / 100 / 300 people",
        " / ".join(f"{us:.0f}" for us in ours.values()) + " us",
        "",
    )
    for name, times in found["speed_us"].items():
        if name != "nightjar":
            ratios = " / ".join(f"{times[n] / ours[n]:.1f}" for n in ours)
            yield f"the same, {name} over ours", f"{ratios} x", "3 x at 10, 8 x at 100"


_TRACKING_GOALS = {
    ("nightjar", "fixed cameras"): "best peer: HOTA 39.1, AssA 53.8, IDF1 44.5, IDSW 17",
    ("nightjar", "all"): "best peer: HOTA 46.4, AssA 52.8, IDF1 52.9, IDSW 102; held 0.83 / 0.55 / 55 %",
}
"""Best of accuracy.md's table on the same boxes, tuned settings included."""


def links_rows(found: Any) -> Iterator[Row]:
    for row in found:
        yield (
            f"joins of the same person, {row['sequence']}, {row['boxes']}",
            f"{row['right']} right, {row['wrong']} wrong of {row['lost']} lost", "",
        )  # fmt: skip


def rules_rows(found: Any) -> Iterator[Row]:
    for row in found:
        if row["tracks"] == 100:
            yield f"rules, 100 people, {row['rules']}", f"{row['median_ms']:.2f} ms a frame", ""


def replay_rows(found: Any) -> Iterator[Row]:
    cpu = " / ".join(f"{run['cpu_s']:g}" for run in found["runs"])
    wall = " / ".join(f"{run['wall_s']:g}" for run in found["runs"])
    same = "the same bytes twice" if found["same_bytes"] else "NOT the same bytes"
    aim = "under 60 s" if found["people"] == 50_000 else ""
    yield f"replay of {found['hours']:g} h with {found['people']} people", f"{wall} s ({cpu} s CPU), {same}", aim


def routes_rows(found: Any) -> Iterator[Row]:
    for cells in found:
        if "Nightjar" in cells[1]:
            yield (
                f"routes, {cells[0]}",
                f"AUC {cells[2]}, found {cells[4]} at {cells[5]} false",
                _ROUTE_GOALS.get(cells[0], ""),
            )


_ROUTE_GOALS = {
    "Edinburgh 01Jul: unused border entry": "at least 50 % (best peer 28 %)",
    "Edinburgh 01Jul: through an empty region": "at least 50 % (best peer 36 %)",
    "Grand Central: unused border entry": "at least 98 % (best peer 100 %)",
    "Grand Central: through an empty region": "at least 98 % (best peer 98 %)",
    "Grand Central: reversed": "(best peer 10 %)",
    "Grand Central: reversed, one-way flows only": "at least 40 % (best peer 20 %)",
}
"""accuracy.md, found at 1 %."""


def samples_rows(found: Any) -> Iterator[Row]:
    for detector in dict.fromkeys(row["detector"] for row in found):
        own = [row for row in found if row["detector"] == detector]
        wanted = sum(row["wanted"] for row in own)
        recall = sum(row["recall"] * row["wanted"] for row in own) / max(1, wanted)
        worst = min(row["recall"] for row in own)
        false = max(row["false_per_frame"] for row in own)
        yield (
            f"people found in {len(own)} sample clips, {detector}",
            f"{recall:.1%} of {wanted} (worst clip {worst:.1%}), at most {false:.2f} false a frame", "85 %, 0.1",
        )  # fmt: skip


def events_rows(found: Any) -> Iterator[Row]:
    for row in found["rows"]:
        if row["change"] not in ("5 fps", "1 fps", "50% lost"):
            continue
        delay = ""
        if row["delay_median_s"] is not None:
            delay = f"; delay {row['delay_median_s']:.2f} s, p95 {row['delay_p95_s']:.2f} s"
        repeats = f", {row['repeats']} repeats" if row["repeats"] else ""
        late = f", {row['late']} late" if row["late"] else ""
        yield (
            f"events, {row['set']}, {row['detector']}, {row['change']}",
            f"{row['true']} of {row['due']}, {row['false']} false{late}{repeats}{delay}; a day at most "
            f"{row['false_per_camera_day_high']:.0f} false by 95 %",
            "all, none false" if row["change"] == "5 fps" else "",
        )  # fmt: skip


def latency_rows(found: Any) -> Iterator[Row]:
    for name, asked in (("whole", "frame due to page"), ("raised", "raised to page")):
        row = found[name]
        goal = "p95 1000 ms, p99 2000 ms" if name == "whole" else ""
        yield (
            f"{asked}, embedded link, {row['alerts']} alerts",
            f"p50 {row['p50_ms']:.0f}, p95 {row['p95_ms']:.0f}, p99 {row['p99_ms']:.0f} ms; {row['missing']} missing",
            goal,
        )  # fmt: skip


def alerts_rows(found: Any) -> Iterator[Row]:
    for link in ("embedded", "redis"):
        row = found[link]
        said = row if isinstance(row, str) else f"{row['alerts_per_s']:.0f} a second"
        yield f"alerts sustained, outbox to store, {link} link", said, ""


def fan_out_rows(found: Any) -> Iterator[Row]:
    ours, bare = found["ours"], found["bare"]
    asked = f"feed to {found['clients']} pages at {found['rate_hz']:g} alerts a second"
    yield (
        f"{asked}, from commit",
        f"p50 {ours['p50_ms']:.1f}, p99 {ours['p99_ms']:.1f} ms; {ours['missing']:.0f} missing; a bare uvicorn in the "
        f"same run p50 {bare['p50_ms']:.1f}, p99 {bare['p99_ms']:.1f} ms", "p99 20 ms",
    )  # fmt: skip
    yield f"{asked}, p99 over bare, turn by turn", f"{of(found['p99_over_bare'])} x", "at most 1.5 x"
    yield (
        f"{asked}, server's CPU",
        f"{ours['cpu_us_per_message']:.0f} us a message; bare {bare['cpu_us_per_message']:.0f} us", "",
    )  # fmt: skip


def growth_rows(found: Any) -> Iterator[Row]:
    for name, unit in (("people", "people"), ("zones", "zones"), ("rules", "rules")):
        for series, points in found[name].items():
            (low_n, low), (high_n, high) = points[0], points[-1]
            yield f"growth: {series}, {low_n:g} to {high_n:g} {unit}", f"{low:.0f} to {high:.0f} us a frame", ""
    cameras = "; ".join(
        f"{n}: {row['cpu_ms_per_camera_s']:g} ms a second, {row['pss_mib_per_camera']:g} MiB"
        for n, row in found["cameras"].items()
    )
    yield "each of several cameras at once, motion", cameras, ""
    if found.get("hour_mib"):
        minutes = found["hour_mib"]
        yield "memory over an hour of media", f"{minutes[0][1]:g} to {minutes[-1][1]:g} MiB", "no growth"


def peers_rows(found: Any) -> Iterator[Row]:
    for name, clip in found["clips"].items():
        aim = "at most 1.15 x" if clip["people"] > 20 else "at most 1.10 x"
        followed = f"{clip['people']} followed"
        yield f"worker over decode + raw `session.run`: {name} ({followed})", f"{of(clip['ours_over_limit'])} x", aim
        yield f"of which: {name}", _shares(clip), ""
        yield f"the same, input of the picture's proportions: {name}", f"{of(clip['fitted_over_limit'])} x", ""
        for peer, row in clip["peers"].items():
            said = row.get("absent") or f"{of(row['over_ours'])} x ours ({row['people']} followed)"
            yield f"{peer} over ours: {name}", said, "at least 1.3 x"
            if "over_fitted" in row:
                yield f"{peer} over ours as cameras have it: {name}", f"{of(row['over_fitted'])} x ours", ""


def _shares(clip: Any) -> str:
    """Where a frame's time goes: what everybody pays, and what each adds."""
    limit, run = clip["limit_ms"]["median"], clip["run_ms"]["median"]
    others = {name: row["ms"]["median"] for name, row in clip["peers"].items() if "ms" in row}
    added = [f"{name} {ms - limit:.2f}" for name, ms in {"ours": clip["ours_ms"]["median"], **others}.items()]
    most = ", ".join(f"{name} {ms / limit:.2f} x" for name, ms in others.items())
    ceiling = f"; over the limit itself: {most}" if most else ""
    return f"decode {limit - run:.2f}, `session.run` {run:.2f}; beyond them {', '.join(added)} ms a frame{ceiling}"


_BENCH = ("-c", "import sys; from pipeline.cli import main; sys.exit(main(['bench', *sys.argv[1:], '--json']))")

PARTS = (
    Part(name="pipeline", rows=pipeline_rows, needs=(CLIP, MODEL), short=("--rounds", "2"), long=("--rounds", "5"),
         limit_s=1200),
    Part(name="peers", rows=peers_rows, short=("--rounds", "2", "--frames", "120"),
         long=("--rounds", "5", "--frames", "300"),
         needs=(CLIP, MODEL), limit_s=1200),
    Part(name="decode", rows=decode_rows, short=(str(CLIP),), needs=(CLIP,)),
    Part(name="idle", rows=idle_rows, short=("--seconds", "10", "--rounds", "3")),
    Part(name="start", rows=start_rows, short=("--rounds", "3")),
    Part(name="bench", rows=bench_rows, command=_BENCH, short=("--model", "motion", "--seconds", "30")),
    Part(name="bench with a model", rows=bench_rows, command=_BENCH, needs=(MODEL,),
         short=("--model", str(MODEL), "--seconds", "30")),
    Part(name="tracking", rows=tracking_rows, needs=(ASSETS / "mot",)),
    Part(name="links", rows=links_rows, needs=(ASSETS / "mot",)),
    Part(name="rules", rows=rules_rows, short=("--frames", "120"), long=("--frames", "300")),
    Part(name="replay", rows=replay_rows, short=("--people", "5000", "--hours", "2.4"), long=()),
    Part(name="routes", rows=routes_rows, short=("--only-ours",), long=(), needs=(ASSETS / "trajectories",),
         markdown=True, limit_s=1800),
    Part(name="samples", rows=samples_rows, limit_s=1200),
    Part(name="events", rows=events_rows, short=("--plots",), long=("--plots", "--full"), limit_s=1200),
    Part(name="latency", rows=latency_rows, short=("--seconds", "30"), long=("--seconds", "75", "--alerts", "1000")),
    Part(name="alerts", rows=alerts_rows),
    Part(name="fan_out", rows=fan_out_rows, long=("--turns", "20")),
    Part(name="growth", rows=growth_rows, short=("--plots",), long=("--plots", "--hour"), limit_s=1200),
)  # fmt: skip

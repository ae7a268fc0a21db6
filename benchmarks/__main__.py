"""All benchmarks in one run: `python -m benchmarks [--full] [--only NAME ...]`, which is `make bench`.

The short form takes under ten minutes on two idle cores. Each part runs in a process of its own, one after the other,
and gives JSON; together with the machine, the commit and the versions that is `results/latest.json`, and the table in
the README is made of it. A part whose data or peer is absent is listed with the reason, never guessed. With `--only`
the other parts keep what they had.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from typing import Any

from rich.console import Console

from benchmarks.machine import RESULTS, ROOT, describe
from benchmarks.suite import PARTS, Part
from pipeline.clock import SystemClock
from pipeline.eventlog import utc_iso

LATEST = RESULTS / "latest.json"
README = ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- made by python -m benchmarks -->", "<!-- end of what is made -->"
NO_TABLE_ROWS = ("|---", "| set |")


def run_part(part: Part, *, full: bool) -> dict[str, Any]:
    """Run one part; its result, or why there is none."""
    lacking = [path.name for path in part.needs if not path.exists()]
    if lacking:
        return {"status": "skipped", "reason": f"{', '.join(lacking)} of the assets absent"}
    if not part.command and importlib.util.find_spec(f"benchmarks.{part.name}") is None:
        return {"status": "skipped", "reason": f"benchmarks.{part.name} is not in this checkout"}
    ending = () if part.command or part.markdown else ("--json",)
    start = part.command or ("-m", f"benchmarks.{part.name}")
    command = [sys.executable, *start, *part.arguments(full=full), *ending]
    began = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=part.limit_s * (4 if full else 1), check=False
        )
    except subprocess.TimeoutExpired as late:
        return {"status": "failed", "reason": f"not done after {late.timeout:.0f} s"}
    seconds = round(time.monotonic() - began, 1)
    try:
        result = table(done.stdout) if part.markdown else json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        reason = (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]
        return {"status": "failed", "reason": reason[:300], "seconds": seconds}
    return {"status": "done", "seconds": seconds, "goals_met": done.returncode == 0, "result": result}


def table(text: str) -> list[list[str]]:
    """The cells of a Markdown table, without its head.

    Raises:
        ValueError: there is none.
    """
    rows = [line for line in text.splitlines() if line.startswith("|") and not line.startswith(NO_TABLE_ROWS)]
    if not rows:
        raise ValueError("no table")
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def in_words(latest: dict[str, Any]) -> str:
    """The README's part that is made: machine, one table, what is missing."""
    machine = latest["machine"]
    changed = " with uncommitted changes" if machine["changed_files"] else ""
    versions = machine["versions"]
    lines = [
        BEGIN,
        f"{'Full' if latest['full'] else 'Short'} run of {latest['utc'][:10]}, commit {machine['commit']}{changed}: "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']:g} GiB, Python {machine['python']}, "
        f"onnxruntime {versions['onnxruntime']}, PyAV {versions['av']}. {_quiet(latest)}",
        "",
        "| asked | measured | aim |",
        "|---|---|---|",
    ]
    missing = []
    for part in PARTS:
        found = latest["parts"].get(part.name, {"status": "skipped", "reason": "not run"})
        if found["status"] != "done":
            missing.append(f"- {part.name}: {found['status']}, {found['reason']}")
            continue
        try:
            lines += [f"| {asked} | {measured} | {aim} |" for asked, measured, aim in part.rows(found["result"])]
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            missing.append(f"- {part.name}: its result has another form than the table knows ({error!r})")
    return "\n".join([*lines, *(["", "Without a figure:", "", *missing] if missing else []), END])


def _quiet(latest: dict[str, Any]) -> str:
    """Whether the machine was idle when the run, or with --only any of the runs, began."""
    cores = latest["machine"]["cores"]
    load = max([latest["machine"]["load"], *(found.get("load", 0.0) for found in latest["parts"].values())])
    if load <= 0.5 * cores:
        return "Nothing else ran."
    return f"**Provisional: other work ran beside it (load {load:g} on {cores} cores at the start).**"


def write_readme(made: str) -> None:
    """Replace what was made before; the rest of the README stays."""
    text = README.read_text(encoding="utf-8") if README.exists() else f"# benchmarks/\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    README.write_text(before + made + rest.partition(END)[2], encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--full", action="store_true", help="the long forms, with published scorers and peers (an hour)"
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", choices=[part.name for part in PARTS])
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object on the last line")
    args = parser.parse_args()
    parts = [part for part in PARTS if not args.only or part.name in args.only]
    known = json.loads(LATEST.read_text(encoding="utf-8"))["parts"] if args.only and LATEST.exists() else {}
    latest = {"schema": 1, "utc": utc_iso(SystemClock().utc(), decimals=0), "full": args.full, "machine": describe()}
    console, began = Console(stderr=True), time.monotonic()
    for n, part in enumerate(parts, start=1):
        with console.status(f"[{n}/{len(parts)}] {part.name} ...", refresh_per_second=2):
            of_run = {key: latest["machine"][key] for key in ("commit", "load")}
            known[part.name] = {**run_part(part, full=args.full), **of_run}
        found = known[part.name]
        console.print(
            f"{n}/{len(parts)} {part.name}: {found['status']} {found.get('reason', '')} {found.get('seconds', '')}"
        )
    latest |= {"seconds": round(time.monotonic() - began, 1), "parts": known}
    RESULTS.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(latest, indent=1) + "\n", encoding="utf-8")
    made = in_words(latest)
    write_readme(made)
    print(json.dumps(latest) if args.json else made)
    return 1 if any(found["status"] == "failed" for found in known.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())

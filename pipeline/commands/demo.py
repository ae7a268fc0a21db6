"""`nightjar demo`: the sample site, its clips played as live cameras, every alert on the operator's page.

With `--headless` it ends by itself, prints what was expected and what came, and fails unless each expected event is
in the store exactly once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import webbrowser
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from pipeline.bootstrap import log_to_stderr
from pipeline.clock import Clock, SystemClock
from pipeline.commands.samples import lay_days
from pipeline.errors import BadInput
from pipeline.folders import DataFolder, shipped
from pipeline.service import Service
from pipeline.store.queries import AlertFilter
from pipeline.video.health import TOPICS

SYSTEM = "system"
PATIENCE_S = 60.0
"""How much longer than the longest clip a headless demo waits: a busy machine starts its workers late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One event that the sample footage is known to hold, by its truth file. `utc` is when it must be told; of what
    ails a camera (rule `system`), since when, and `ended_utc` until when it must say that it lasted."""

    camera_id: str
    kind: str
    rule_id: str
    zone_id: str | None
    utc: float
    tolerance_s: float
    ended_utc: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an expected event: how often it is in the store, and how far from its true time."""

    expected: Expected
    times: int
    off_s: float | None


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("demo", help="watch the sample site: clips played as live cameras")
    parser.add_argument("--headless", action="store_true", help="end by itself with a table; exit 1 if one is amiss")
    parser.add_argument("--port", type=int, default=8000, help="first port to try (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=None, help="keep the data in this folder (default: a fresh one)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--json", action="store_true", help="with --headless: one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    log_to_stderr("nightjar")
    samples = shipped("sample_videos")
    clock = SystemClock()
    fresh = args.data is None
    data = DataFolder(Path(tempfile.mkdtemp(prefix="nightjar-demo-")) if fresh else args.data.absolute())
    try:
        prepare(samples, data)
        service = Service(
            site_text=site_copy(data).read_text(encoding="utf-8"), site_path=str(samples / "site.yaml"),
            site_file=site_copy(data), data=data, clock=clock, port=args.port, any_port=True, pace=True,
        )  # fmt: skip
        with service:
            quiet = args.json
            if not quiet:
                _greet(service)
            return _watch(service, samples, clock, args) if args.headless else _serve(service, args)
    finally:
        if fresh:
            shutil.rmtree(data.root, ignore_errors=True)


def prepare(samples: Path, data: DataFolder) -> None:
    """A data folder for the sample site, with the synthetic day for dry runs and the routes that such days teach.

    Raises:
        BadInput: it was used before: clips that have been watched to their end are not watched again.
    """
    if data.store.exists():
        raise BadInput(f"--data {data.root}: was used before; the demo plays from the beginning: give a new folder")
    data.create()
    lay_days(samples, data)
    for model in sorted((samples / "routes").glob("*.model")):
        shutil.copy(model, data.route_model(model.stem))
    if not site_copy(data).exists():
        shutil.copyfile(samples / "site.yaml", site_copy(data))


def site_copy(data: DataFolder) -> Path:
    """The sample site as the demo's installers change it; the one that comes with Nightjar stays as it is."""
    return data.root / "site.yaml"


def expected_events(samples: Path) -> list[Expected]:
    """Every event in the truth files beside the clips, by time.

    Raises:
        BadInput: there are no truth files.
    """
    found = [_expected(json.loads(path.read_text())) for path in sorted(samples.glob("*.truth.json"))]
    if not found:
        raise BadInput(f"{samples}: no truth files; this installation is incomplete")
    return sorted((event for clip in found for event in clip), key=lambda event: (event.camera_id, event.utc))


def judge(expected: list[Expected], alerts: list[dict[str, Any]]) -> tuple[list[Outcome], list[dict[str, Any]]]:
    """Each expected event with what the store holds of it, and the alerts that nobody expected."""
    left = list(alerts)
    outcomes = []
    for event in expected:
        hits = [alert for alert in left if _is(alert, event)]
        left = [alert for alert in left if alert not in hits]
        off_s = min((_moment(alert) - event.utc for alert in hits), key=abs, default=None)
        outcomes.append(Outcome(expected=event, times=len(hits), off_s=off_s))
    return outcomes, left


def _is(alert: dict[str, Any], event: Expected) -> bool:
    if (alert["camera_id"], alert["rule_id"]) != (event.camera_id, event.rule_id):
        return False
    if event.ended_utc is not None:
        over = alert["kind"] == event.kind and alert["ended_utc"] is not None
        if not over or abs(alert["ended_utc"] - event.ended_utc) > event.tolerance_s:
            return False
    return abs(_moment(alert) - event.utc) <= event.tolerance_s


def _moment(alert: dict[str, Any]) -> float:
    """When an alert came; of what ails a camera, since when it lasts."""
    return float(alert["since_utc"] if alert["rule_id"] == SYSTEM else alert["utc"])


def _expected(truth: dict[str, Any]) -> list[Expected]:
    blind = [
        Expected(
            camera_id=truth["camera_id"], kind=e["kind"], rule_id=SYSTEM, zone_id=None, utc=_utc(e["since_utc"]),
            ended_utc=_utc(e["until_utc"]), tolerance_s=e["tolerance_s"],
        )
        for e in truth.get("expected_system", [])
    ]  # fmt: skip
    return blind + [
        Expected(
            camera_id=truth["camera_id"], kind=e["kind"], rule_id=e["rule_id"], zone_id=e["zone_id"],
            utc=_utc(e["utc"]), tolerance_s=e["tolerance_s"],
        )
        for e in [*truth["expected"], *truth.get("expected_with_routes", [])]
    ]  # fmt: skip


def _utc(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _greet(service: Service) -> None:
    cameras = len(service.site.cameras)
    print(f"Nightjar watches the sample site {service.site.name!r}: {cameras} cameras, played once at their own speed.")
    print("Detector: motion, which needs no model; alerts say 'movement'.")
    print(f"\n  Open {service.url}\n", flush=True)
    if service.access.open():
        print("Open to whoever sits at this machine: the demo has no accounts and cannot be reached from elsewhere.")


def _serve(service: Service, args: argparse.Namespace) -> int:
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    if not args.no_browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(service.url)
    print(f"Stop with Ctrl-C. What the demo stored {'goes with it' if args.data is None else 'stays'}.", flush=True)
    done.wait()
    return 0


def _watch(service: Service, samples: Path, clock: Clock, args: argparse.Namespace) -> int:
    expected = expected_events(samples)
    began = clock.monotonic()
    first_s = _wait(service, clock, limit_s=_longest_s(samples) + PATIENCE_S, quiet=args.json)
    alerts = all_alerts(service)
    outcomes, unexpected = judge(expected, alerts)
    good = all(outcome.times == 1 for outcome in outcomes)
    if args.json:
        print(json.dumps({
            "ok": good, "events": [asdict(outcome) for outcome in outcomes], "first_alert_s": first_s,
            "unexpected": [{k: a[k] for k in ("camera_id", "rule_id", "kind", "utc")} for a in unexpected],
            "seconds": round(clock.monotonic() - began, 1),
        }))  # fmt: skip
    else:
        _print_table(outcomes, unexpected, first_s)
    return 0 if good else 1


def all_alerts(service: Service) -> list[dict[str, Any]]:
    """Every alert in the store, those of rules on trial too; of the system's own, that a camera does not see."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = service.store.alerts(AlertFilter(trial="include"), limit=200, cursor=cursor)
        found += [alert for alert in page.items if alert["rule_id"] != SYSTEM or alert["kind"] in TOPICS]
        cursor = page.next_cursor
        if cursor is None:
            return found


def _longest_s(samples: Path) -> float:
    truths = [json.loads(path.read_text()) for path in samples.glob("*.truth.json")]
    return max(float(truth["frames"]) / float(truth["fps"]) for truth in truths)


def _wait(service: Service, clock: Clock, *, limit_s: float, quiet: bool) -> float | None:
    """Until every clip has ended and every message is stored; seconds to the first alert."""
    began, first_s = clock.monotonic(), None
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[alerts]} alerts"))
    with Progress(*columns, console=console, disable=quiet or not sys.stderr.isatty()) as progress:
        task = progress.add_task("watching", total=limit_s - PATIENCE_S, alerts=0)
        while clock.monotonic() - began < limit_s and not service.workers.finished():
            clock.sleep(0.25)
            count = sum(service.store.counts().values())
            if count and first_s is None:
                first_s = round(clock.monotonic() - began, 1)
            progress.update(task, completed=clock.monotonic() - began, alerts=count)
    clock.sleep(0.5)
    return first_s


def _print_table(outcomes: list[Outcome], unexpected: list[dict[str, Any]], first_s: float | None) -> None:
    table = Table(title="Expected events")
    for name in ("camera", "rule", "kind", "in the store", "off by", ""):
        table.add_column(name)
    for outcome in outcomes:
        event = outcome.expected
        off = "-" if outcome.off_s is None else f"{outcome.off_s:+.2f} s"
        mark = "ok" if outcome.times == 1 else "MISSING" if outcome.times == 0 else "REPEATED"
        table.add_row(event.camera_id, event.rule_id, event.kind, str(outcome.times), off, mark)
    Console(width=110).print(table)
    for alert in unexpected:
        print(f"not expected: {alert['camera_id']} {alert['rule_id']} ({alert['kind']})")
    if first_s is not None:
        print(f"First alert {first_s} s after the start.")

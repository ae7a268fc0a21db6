"""`nightjar erase --camera C --since T --until T --reason WHY`: take back what was kept of a camera and a time."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import inbox
from pipeline.clock import SystemClock
from pipeline.errors import BadInput, NightjarError, StoreError
from pipeline.folders import DataFolder, default_data
from pipeline.retention.erasure import erase
from pipeline.retention.request import Erasure
from pipeline.store.store import Store

PATIENCE_S = 300.0


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("erase", help="erase what was kept of a camera and a time, everywhere")
    parser.add_argument("--camera", action="append", required=True, metavar="ID", help="again for more; `all` for all")
    parser.add_argument("--since", required=True, metavar="T", help="ISO 8601 with a zone: 2026-11-22T21:00+01:00")
    parser.add_argument("--until", required=True, metavar="T", help="as --since; not included")
    parser.add_argument("--reason", required=True, help="why, for the audit trail")
    parser.add_argument("--include-held", action="store_true", help="also what is unresolved or was resolved as real")
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: by platform)")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    data = DataFolder((args.data or default_data()).absolute())
    if not data.store.is_file():
        raise BadInput(f"--data {data.root}: nothing is kept here; give the folder that `nightjar run` uses")
    if not args.reason.strip():
        raise BadInput("--reason: say why; it goes into the audit trail")
    wanted = Erasure(
        since_utc=_instant(args.since, "--since"), until_utc=_instant(args.until, "--until"),
        cameras=() if args.camera == ["all"] else tuple(args.camera), held_too=args.include_held,
        actor=f"{getpass.getuser()} (command line)", reason=args.reason.strip(),
    )  # fmt: skip
    if not wanted.since_utc < wanted.until_utc:
        raise BadInput(f"--since {args.since}: must lie before --until {args.until}")
    done = _erase(wanted, data)
    if args.json:
        print(json.dumps(done))
    else:
        _print(done)
    return 1 if done["faults"] else 0


def _erase(wanted: Erasure, data: DataFolder) -> dict[str, Any]:
    """By ourselves where no service runs; else the service is asked, since it owns the store and the cameras."""
    clock = SystemClock()
    try:
        store = Store(data.store, clock=clock)
    except StoreError:
        path = inbox.ask(data.inbox, "erase", asdict(wanted))
        answer = inbox.wait_for(path, clock=clock, within_s=PATIENCE_S)
        if answer is None:
            raise NightjarError("the running service did not answer; its log says why") from None
        if not answer["ok"]:
            raise (BadInput if answer["kind"] == "BadInput" else NightjarError)(answer["error"]) from None
        return dict(answer["erased"])
    with contextlib.closing(store):
        return erase(wanted, store=store, data=data, pause=_nobody).value()


@contextlib.contextmanager
def _nobody(camera_id: str) -> Iterator[None]:
    """No service, no camera processes."""
    yield


def _instant(text: str, argument: str) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise BadInput(f"{argument} {text}: a time with its zone is needed, as 2026-11-22T21:00+01:00 or ...Z")
    return when.timestamp()


def _print(done: dict[str, Any]) -> None:
    names = {
        "alerts": "alerts", "evidence_files": "evidence files", "track_frames": "frames of tracks",
        "checkpoints": "checkpoints", "routes": "learned routes", "views": "learned views",
        "outbox_messages": "messages on their way", "feed_rows": "feed rows", "dead_letters": "dead letters",
    }  # fmt: skip
    print(f"Erased of {', '.join(done['cameras']) or 'no camera'}:")
    for key, name in names.items():
        print(f"{done[key]:8}  {name}")
    for alert_id in done["held"]:
        print(f"kept: alert {alert_id}, unresolved or real (--include-held erases it too)", file=sys.stderr)
    for name in done["copies"]:
        print(f"not touched: {name}, a copy of the store as it was", file=sys.stderr)
    for fault in done["faults"]:
        print(f"nightjar: {fault}", file=sys.stderr)

"""`nightjar audit`: who did what, and whether the log was touched. It reads beside a running service."""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from pipeline.access.vault import Vault
from pipeline.errors import BadInput
from pipeline.folders import DataFolder, default_data
from pipeline.store import audit, heads


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("audit", help="who did what; whether the log was touched")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    verify = actions.add_parser("verify", help="check every row; exit 1 and name the row where one was touched")
    verify.add_argument("--head", metavar="ROW:HASH", help="a head noted elsewhere, as `audit head` printed it")
    head = actions.add_parser("head", help="print how far the log goes, to be noted elsewhere")
    show = actions.add_parser("show", help="rows, newest first")
    show.add_argument("--actor", help="who did it")
    show.add_argument("--action", help="what was done, such as 'signed in' or 'export'")
    show.add_argument("--target", help="to what, such as alert/ID or camera/dock")
    show.add_argument("--since", metavar="TIME", help="ISO 8601; without a zone it is UTC")
    show.add_argument("--until", metavar="TIME", help="ISO 8601; not included")
    show.add_argument("--limit", type=int, default=50, help="how many rows (default: %(default)s)")
    for action, run in ((verify, _verify), (head, _head), (show, _show)):
        action.add_argument("--data", type=Path, default=None, help="data folder (default: as `nightjar run`)")
        action.add_argument("--json", action="store_true", help="one JSON object or list on the last line")
        action.set_defaults(run=run)


def _verify(args: argparse.Namespace) -> int:
    data = _data(args)
    noted = heads.noted(data.root / "audit", sign=_sign(data))
    known = [one.head for one in noted if one.genuine]
    known += [_given(args.head)] if args.head else []
    with _reading(data) as connection:
        found = audit.faults(connection, known)
        end = audit.head(connection)
    forged = [one.file for one in noted if not one.genuine]
    if args.json:
        print(json.dumps({
            "ok": not found and not forged, "rows": end.id, "hash": end.hash, "heads": len(known), "forged": forged,
            "faults": [asdict(fault) for fault in found],
        }))  # fmt: skip
    else:
        for fault in found:
            print(f"row {fault.row}: {fault.what}")
        for name in forged:
            print(f"audit/{name}: not signed with this site's key, or damaged: it proves nothing")
        if not found and not forged:
            print(f"The audit log is whole: {end.id} rows, checked against {len(known)} heads noted earlier.")
    return 1 if found or forged else 0


def _head(args: argparse.Namespace) -> int:
    with _reading(_data(args)) as connection:
        end = audit.head(connection)
    print(json.dumps(asdict(end)) if args.json else f"{end.id}:{end.hash}")
    return 0


def _show(args: argparse.Namespace) -> int:
    if not 0 < args.limit <= 1_000_000:
        raise BadInput(f"--limit {args.limit}: 1 to 1000000 rows are allowed")
    wanted = audit.Wanted(
        actor=args.actor, action=args.action, target=args.target, since_utc=_time(args.since, "--since"),
        until_utc=_time(args.until, "--until"),
    )  # fmt: skip
    with _reading(_data(args)) as connection:
        rows = audit.read(connection, wanted, limit=args.limit)
    if args.json:
        print(json.dumps(rows))
        return 0
    table = Table("row", "when (UTC)", "who", "what", "to what", "more")
    for row in rows:
        when = datetime.fromtimestamp(row["utc"], UTC).strftime("%Y-%m-%d %H:%M:%S")
        more = ", ".join(f"{key} {value}" for key, value in row["detail"].items())
        table.add_row(str(row["id"]), when, row["actor"], row["action"], row["target"], more)
    Console(width=150).print(table)
    return 0


@contextlib.contextmanager
def _reading(data: DataFolder) -> Iterator[sa.Connection]:
    """The store, opened for reading only.

    Raises:
        BadInput: there is none, or it cannot be read.
    """
    if not data.store.is_file():
        raise BadInput(f"--data {data.root}: no store there; give the folder that `nightjar run` uses")
    address = f"file:{data.store}?mode=ro"
    engine = sa.create_engine("sqlite+pysqlite://", creator=lambda: sqlite3.connect(address, uri=True, timeout=10.0))
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise BadInput(f"{data.store}: {error.orig}") from None
    finally:
        engine.dispose()


def _data(args: argparse.Namespace) -> DataFolder:
    return DataFolder((args.data or default_data()).absolute())


def _sign(data: DataFolder) -> heads.Sign | None:
    vault = Vault(data.keys / "master.key")
    return vault.sign if vault.path.is_file() else None


def _given(text: str) -> audit.Head:
    number, colon, value = text.partition(":")
    if not (number.isascii() and number.isdigit() and colon and len(value) == 64):
        raise BadInput(f"--head {text!r}: ROW:HASH, as `nightjar audit head` prints it")
    return audit.Head(id=int(number), hash=value, utc=None)


def _time(text: str | None, name: str) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{name} {text!r}: ISO 8601, such as 2026-11-22T21:58:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

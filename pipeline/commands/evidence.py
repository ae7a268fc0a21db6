"""`nightjar evidence export | verify | key`: hand an alert's evidence over, and check what was handed over."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from pathlib import Path
from typing import Any

from pipeline import inbox
from pipeline.clock import SystemClock
from pipeline.errors import BadInput, StoreError
from pipeline.evidence.export import export
from pipeline.evidence.keys import read_public, signing_key
from pipeline.evidence.verify import verify
from pipeline.folders import DataFolder, default_data
from pipeline.store import audit
from pipeline.store.dossier import Dossier, read_dossier, reader
from pipeline.store.life import Unknown
from pipeline.store.store import Store


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("evidence", help="export an alert's evidence, signed, and check an export")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    one = actions.add_parser("export", help="write an alert's evidence as a signed zip file")
    one.add_argument("alert_id", metavar="ALERT_ID")
    one.add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="file to write")
    _data_and_json(one)
    one.set_defaults(run=run_export)
    two = actions.add_parser("verify", help="check an export: exit 0 whole, 1 touched, 2 no export")
    two.add_argument("file", type=Path, metavar="FILE.zip")
    two.add_argument("--key", type=Path, metavar="PEM", help="the site's public key (`nightjar evidence key`)")
    two.add_argument("--json", action="store_true", help="one JSON object on the last line")
    two.set_defaults(run=run_verify)
    three = actions.add_parser("key", help="write the site's public key, for whoever checks exports")
    three.add_argument("--out", type=Path, metavar="FILE.pem", help="file to write (default: print it)")
    _data_and_json(three)
    three.set_defaults(run=run_key)


def run_export(args: argparse.Namespace) -> int:
    data = _folder(args)
    clock, actor = SystemClock(), f"{_user()} (command line)"
    dossier = _dossier(data, args.alert_id)
    made = export(
        args.out, alert=dossier.alert, files=dossier.files, custody=dossier.custody, folder=data.evidence,
        key=signing_key(data.keys), actor=actor, utc=clock.utc(),
    )  # fmt: skip
    _audit(data, actor, args.alert_id, {"sha256": made.sha256, "files": dict(made.files)})
    for name, state in made.files.items():
        if state != "whole":
            print(f"nightjar: {name} of this alert is {state}; the export says so", file=sys.stderr)
    if args.json:
        print(json.dumps({"file": str(args.out), "sha256": made.sha256, "size": made.size, "files": dict(made.files)}))
    else:
        print(f"{args.out}: {len(made.files)} files of alert {args.alert_id}, sha256 {made.sha256}")
    return 0 if made.whole else 1


def run_verify(args: argparse.Namespace) -> int:
    report = verify(args.file, key=None if args.key is None else read_public(args.key))
    if args.json:
        value = {
            "ok": report.ok, "alert_id": report.alert_id, "exported_utc": report.exported_utc,
            "exported_by": report.exported_by, "key_fingerprint": report.fingerprint, "key_given": report.key_given,
            "files": report.files, "faults": report.faults,
        }  # fmt: skip
        print(json.dumps(value, ensure_ascii=False))
        return 0 if report.ok else 1
    for name, verdict in report.files.items():
        print(f"{verdict:10} {name}")
    for fault in report.faults:
        print(f"nightjar: {fault}", file=sys.stderr)
    if report.ok:
        who = "the given key" if report.key_given else "the key in the file: compare it with the site's, or give --key"
        print(f"whole: alert {report.alert_id}, exported {report.exported_utc} by {report.exported_by}")
        print(f"signed by {report.fingerprint} ({who})")
    return 0 if report.ok else 1


def run_key(args: argparse.Namespace) -> int:
    public = signing_key(_folder(args).keys).public
    if args.out is not None:
        try:
            args.out.write_text(public.pem, encoding="ascii")
        except OSError as error:
            raise BadInput(f"--out {args.out}: {error.strerror}") from None
    if args.json:
        print(json.dumps({"public_key": public.pem, "fingerprint": public.fingerprint}))
    else:
        print(f"{'' if args.out else public.pem}fingerprint {public.fingerprint}")
    return 0


def _dossier(data: DataFolder, alert_id: str) -> Dossier:
    try:
        with reader(data.store) as connection:
            return read_dossier(connection, alert_id)
    except Unknown as error:
        raise BadInput(f"{error} in {data.store}; the page and `GET /api/v1/alerts` list them") from None
    except StoreError as error:
        raise BadInput(f"--data: {error}") from None


def _audit(data: DataFolder, actor: str, alert_id: str, detail: dict[str, Any]) -> None:
    """Every export is on record: in the store where no service owns it, else by the service that does."""
    row: dict[str, Any] = {"actor": actor, "action": "export", "target": f"alert/{alert_id}", "detail": detail}
    clock = SystemClock()
    try:
        store = Store(data.store, clock=clock)
    except StoreError:
        path = inbox.ask(data.inbox, "audit", row)
        if inbox.wait_for(path, clock=clock, within_s=15.0) is None:
            print("nightjar: the running service did not take this export into its audit trail", file=sys.stderr)
        return
    try:
        with store.changing() as connection:
            audit.record(connection, utc=clock.utc(), **row)
    finally:
        store.close()


def _folder(args: argparse.Namespace) -> DataFolder:
    data = DataFolder((args.data or default_data()).absolute())
    if not data.root.is_dir():
        raise BadInput(f"--data {data.root}: no such folder; give the one that `nightjar run` uses")
    return data


def _data_and_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: by platform)")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown user"

"""`nightjar backup`: the data folder as one file, while Nightjar runs."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.backup import back_up
from pipeline.folders import DataFolder, default_data


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("backup", help="keep the data folder in one file; Nightjar may run meanwhile")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="tar file to write, mode 0600")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="data folder (default: per user)")
    parser.add_argument("--evidence", action="store_true", help="pictures and clips too; they can be many gigabytes")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    data = DataFolder((args.data or default_data()).absolute())
    with Console(stderr=True).status("copying") as status:
        kept = back_up(data, args.out, evidence=args.evidence, note=lambda name: status.update(f"copying {name}"))
    if args.json:
        print(json.dumps({"out": str(args.out), **asdict(kept)}))
    else:
        print(f"{args.out}: {kept.files} files, {kept.bytes / 1e6:.1f} MB. It holds keys and accounts: keep it safe.")
        print("The site file's versions are in it; the secrets file beside the site file is not.")
    return 0

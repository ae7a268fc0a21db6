"""`nightjar restore`: a data folder out of a backup."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.backup import restore
from pipeline.folders import DataFolder, default_data


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("restore", help="make a data folder out of a backup")
    parser.add_argument("backup", type=Path, metavar="FILE", help="what `nightjar backup` wrote")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="data folder (default: per user)")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    data = DataFolder((args.data or default_data()).absolute())
    kept = restore(args.backup, data)
    if args.json:
        print(json.dumps({"data": str(data.root), **asdict(kept)}))
    else:
        print(f"{data.root}: {kept.files} files, {kept.bytes / 1e6:.1f} MB, every checksum right.")
    return 0

"""`nightjar models list|pull|verify|add|export`: weights in the data folder. Only `pull` downloads anything."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.detect.adding import RANK, Wish, add
from pipeline.detect.catalog import Catalog, Entry, load_catalog
from pipeline.detect.families import FAMILIES
from pipeline.detect.pull import pull, state_of
from pipeline.detect.ultralytics import SIDE, export_onnx
from pipeline.errors import BadInput, ModelError
from pipeline.folders import MIRROR, DataFolder, default_data, mirror_of


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `models` and its verbs."""
    parser = subparsers.add_parser("models", help="weights: list, pull, verify, add, export", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    shown = verbs.add_parser("list", help="what is catalogued, and what of it is here")
    shown.set_defaults(run=run_list)
    pulled = verbs.add_parser("pull", help="fetch catalogued weights into the data folder, checked by sha256")
    pulled.add_argument("names", nargs="+", metavar="NAME", help="catalogued names")
    pulled.add_argument("--mirror", type=Path, metavar="DIR", help=f"copy from this folder instead (or {MIRROR})")
    pulled.set_defaults(run=run_pull)
    verified = verbs.add_parser("verify", help="check by sha256 what is here; exit code 1 where something is damaged")
    verified.add_argument("names", nargs="*", metavar="NAME", help="all without names")
    verified.set_defaults(run=run_verify)
    added = verbs.add_parser("add", help="catalogue an ONNX file of your own in the data folder")
    added.add_argument("path", type=Path, metavar="FILE.onnx")
    added.add_argument("--family", choices=sorted(FAMILIES), help="output layout, where the file does not say")
    added.add_argument("--labels", help="class names, comma-separated, in the model's order")
    added.set_defaults(run=run_add)
    exported = verbs.add_parser("export", help="make ONNX of Ultralytics weights and catalogue it")
    exported.add_argument("path", type=Path, metavar="MODEL.pt")
    exported.add_argument(
        "--imgsz", type=int, default=SIDE, help=f"input side in px, a multiple of 32 (default {SIDE})"
    )
    exported.add_argument(
        "--open-size", action="store_true", help="input of any proportions: less work on 16:9 pictures"
    )
    exported.add_argument("--end-to-end", action="store_true", help="the head without duplicates, where there is one")
    exported.set_defaults(run=run_export)
    for verb in (added, exported):
        verb.add_argument("--name", help="name in the catalogue (default: the file's)")
        verb.add_argument("--licence", help="licence to note (default: what the file says)")
        verb.add_argument("--rank", type=int, default=RANK, help=f"`auto` takes the highest present (default {RANK})")
    for verb in (shown, pulled, verified, added, exported):
        verb.add_argument("--data", type=Path, help="data folder")
        verb.add_argument("--json", action="store_true", help="one JSON list on the last line")


def run_list(args: argparse.Namespace) -> int:
    folder = _folder(args)
    rows = [_row(entry, folder) for entry in load_catalog(folder).entries]
    _show(rows, as_json=args.json)
    return 0


def run_pull(args: argparse.Namespace) -> int:
    entries = _chosen(load_catalog(_folder(args)), args.names)
    folder = DataFolder(args.data or default_data()).create().models
    for entry in entries:
        _pull_shown(entry, folder, mirror_of(args.mirror))
    _show([_row(entry, folder) for entry in entries], as_json=args.json)
    return 0


def run_verify(args: argparse.Namespace) -> int:
    folder = _folder(args)
    rows = [_row(entry, folder) for entry in _chosen(load_catalog(folder), args.names)]
    if not args.names:
        rows = [row for row in rows if row["state"] in ("present", "damaged")]
    _show(rows, as_json=args.json)
    wrong = ("damaged", "absent") if args.names else ("damaged",)
    return 1 if any(row["state"] in wrong for row in rows) else 0


def run_add(args: argparse.Namespace) -> int:
    labels = tuple(label.strip() for label in args.labels.split(",")) if args.labels else None
    return _add(
        args, args.path, Wish(name=args.name, family=args.family, labels=labels, licence=args.licence, rank=args.rank)
    )


def run_export(args: argparse.Namespace) -> int:
    if not args.path.is_file():
        raise ModelError(f"models export: {args.path}: no such file; give Ultralytics weights (.pt)")
    if args.imgsz < 32 or args.imgsz % 32:
        raise BadInput(f"--imgsz: {args.imgsz}; allowed: multiples of 32 from 32 on")
    with tempfile.TemporaryDirectory() as place:
        path = export_onnx(
            args.path, Path(place), side=args.imgsz, open_size=args.open_size, end_to_end=args.end_to_end
        )
        return _add(args, path, Wish(name=args.name or args.path.stem, licence=args.licence, rank=args.rank))


def _add(args: argparse.Namespace, path: Path, wish: Wish) -> int:
    folder = DataFolder(args.data or default_data()).create().models
    _show([_row(add(path, folder, wish), folder)], as_json=args.json)
    return 0


def _folder(args: argparse.Namespace) -> Path:
    return DataFolder(args.data or default_data()).models


def _chosen(catalog: Catalog, names: Sequence[str]) -> list[Entry]:
    return [catalog[name] for name in names] if names else list(catalog.entries)


def _pull_shown(entry: Entry, folder: Path, mirror: Path | None) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(entry.name, total=entry.bytes)
        pull(entry, folder, mirror=mirror, report=lambda done: bar.update(task, completed=done))


def _row(entry: Entry, folder: Path) -> dict[str, Any]:
    return {
        "name": entry.name, "state": state_of(entry, folder), "path": str(folder / entry.file), "url": entry.url,
        "sha256": entry.sha256, "bytes": entry.bytes, "licence": entry.licence, "origin": entry.origin,
        "family": entry.family, "input": list(entry.size), "labels": len(entry.labels), "rank": entry.rank,
        "measured": dict(entry.measured), "note": entry.note,
    }  # fmt: skip


def _show(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(list(rows)))
        return
    for row in rows:
        size = "-" if row["bytes"] is None else f"{row['bytes'] / 1e6:.1f} MB"
        print(
            f"{row['name']:<20} {row['state']:<10} {size:>9}  {row['family']:<16} {row['licence']:<14} {row['origin']}"
        )
    if not rows:
        print("no weights here; `nightjar models list` says what can be pulled")

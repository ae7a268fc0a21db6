"""`nightjar samples list|pull|render|days|preview`: the sample clips, public real ones, and drawing them anew."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import json
import sys
import tomllib
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from pipeline.errors import BadInput, ToolMissing
from pipeline.folders import MIRROR, DataFolder, default_data, mirror_of, shipped
from pipeline.site import load_site

CHUNK = 1 << 18
PACKAGE = "sample_videos"


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("samples", help="sample clips: list them, pull public ones, draw them anew")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    shown = verbs.add_parser("list", help="what there is, and whether each file is whole")
    shown.set_defaults(run=run_list)
    pulled = verbs.add_parser("pull", help="fetch the public real clips into the data folder, checked by sha256")
    pulled.add_argument("names", nargs="*", metavar="NAME", help="all without names")
    pulled.add_argument("--mirror", type=Path, metavar="DIR", help=f"copy from this folder instead (or {MIRROR})")
    pulled.add_argument("--data", type=Path, help="data folder")
    pulled.set_defaults(run=run_pull)
    drawn = verbs.add_parser("render", help="draw clips from their scene files (needs the render extra)")
    drawn.add_argument("names", nargs="*", metavar="CLIP", help="all without names")
    drawn.add_argument("--out", type=Path, help="folder to write to; default: the one that holds the samples")
    drawn.add_argument("--days", action="store_true", help="write the synthetic days and what they teach, draw nothing")
    drawn.add_argument("--verify", action="store_true", help="write nothing; compare the frames with the manifest")
    drawn.set_defaults(run=run_render)
    laid = verbs.add_parser(
        "days", help="lay the synthetic day into a data folder as track logs: for dry runs, replays"
    )
    laid.add_argument("--data", type=Path, help="data folder")
    laid.set_defaults(run=run_days)
    moving = verbs.add_parser("preview", help="watch a clip and keep its first alert as a moving picture (WebP)")
    moving.add_argument("--camera", metavar="ID", default="corridor", help="of the sample site (default: %(default)s)")
    moving.add_argument("--out", type=Path, metavar="FILE", help="default: alert.webp beside the samples")
    moving.set_defaults(run=run_preview)
    for verb in (shown, pulled, drawn, laid, moving):
        verb.add_argument("--json", action="store_true", help="one JSON list on the last line")


def load_manifest(folder: Path) -> dict[str, Any]:
    """The sample folder's manifest.

    Raises:
        BadInput: it is missing or is not TOML.
    """
    path = folder / "manifest.toml"
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise BadInput(f"{path}: missing; the sample folder should hold it") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not TOML: {error}") from None


def run_list(args: argparse.Namespace) -> int:
    folder = shipped("sample_videos")
    manifest = load_manifest(folder)
    rows = [{**entry, "state": state_of(folder / entry["file"], entry["sha256"])} for entry in manifest["clip"]]
    rows += [{**entry, "state": "public"} for entry in manifest.get("public", [])]
    for row in rows:
        size = f"{row['bytes'] / 1e6:.1f} MB" if "bytes" in row else "-"
        print(f"{row['name']:<28} {row['state']:<8} {size:>8}  {row['title']}")
    if args.json:
        print(json.dumps(rows))
    return 0 if all(row["state"] in ("whole", "public") for row in rows) else 1


def state_of(path: Path, sha256: str) -> str:
    """`whole`, `missing` or `differs`."""
    if not path.is_file():
        return "missing"
    return "whole" if digest_of(path) == sha256 else "differs"


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def chosen(entries: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """The entries of these names, all without names.

    Raises:
        BadInput: a name that is not listed.
    """
    known = {entry["name"]: entry for entry in entries}
    for name in names:
        if name not in known:
            raise BadInput(f"samples: no {name!r}; allowed: {', '.join(known)}")
    return [known[name] for name in names] if names else entries


def run_pull(args: argparse.Namespace) -> int:
    entries = chosen(load_manifest(shipped("sample_videos")).get("public", []), args.names)
    mirror = mirror_of(args.mirror)
    target = (args.data or default_data()) / "samples"
    target.mkdir(parents=True, exist_ok=True)
    rows = [pull(entry, target, mirror) for entry in entries]
    for row in rows:
        print(f"{row['name']:<28} {row['state']:<10} {row['path']}")
    if args.json:
        print(json.dumps(rows))
    return 0


def pull(entry: dict[str, Any], target: Path, mirror: Path | None) -> dict[str, Any]:
    """Fetch one file, from its address or from a mirror folder; kept only when its sha256 agrees.

    Raises:
        BadInput: it cannot be had, or differs from what the manifest says.
    """
    path = target / entry["file"]
    row = {"name": entry["name"], "path": str(path), "licence": entry["licence"], "credit": entry["credit"]}
    if state_of(path, entry["sha256"]) == "whole":
        return {**row, "state": "present"}
    partial = path.with_suffix(path.suffix + ".part")
    source = str(mirror / entry["file"]) if mirror is not None else entry["url"]
    try:
        with _opened(entry["name"], source, mirror) as incoming, partial.open("wb") as outgoing:
            while chunk := incoming.read(CHUNK):
                outgoing.write(chunk)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BadInput(
            f"{entry['name']}: {source}: {error}; a folder with {entry['file']} may be given by --mirror DIR"
        ) from None
    found = digest_of(partial)
    if found != entry["sha256"]:
        partial.unlink()
        raise BadInput(f"{entry['name']}: {source}: sha256 is {found}, allowed: {entry['sha256']}")
    partial.replace(path)
    return {**row, "state": "fetched"}


def _opened(name: str, source: str, mirror: Path | None) -> Any:
    if mirror is not None:
        return Path(source).open("rb")
    if not source.startswith(("https://", "http://")):
        raise BadInput(f"{name}: {source}: allowed: http or https addresses")
    return urllib.request.urlopen(source, timeout=30)  # noqa: S310


def run_render(args: argparse.Namespace) -> int:
    folder = shipped("sample_videos")
    if args.days:
        counts = import_from(folder, "renderer.lessons").write_lessons(args.out or folder)
        print(json.dumps([counts]) if args.json else "\n".join(f"{name}: {n} tracks" for name, n in counts.items()))
        return 0
    scenes = import_from(folder, "scenes").SCENES
    for name in args.names:
        if name not in scenes:
            raise BadInput(f"samples: no scene {name!r}; allowed: {', '.join(scenes)}")
    entries = {entry["name"]: entry for entry in load_manifest(folder)["clip"]} if args.verify else {}
    names = args.names or list(scenes)
    studio = load_studio(folder)
    rows = [_render(studio, folder, name, args, entries) for name in names]
    if args.json:
        print(json.dumps(rows))
    return 0 if all(row["same"] is not False for row in rows) else 1


def _render(
    studio: ModuleType, folder: Path, name: str, args: argparse.Namespace, entries: dict[str, Any]
) -> dict[str, Any]:
    target = args.out or folder
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task(name, total=None)
        step = _stepper(bar, task)
        if args.verify:
            digest, written = studio.digest(name, step), None
        else:
            target.mkdir(parents=True, exist_ok=True)
            digest, written = studio.render(name, target, folder, step), str(target / f"{name}.mp4")
    same = digest == entries[name]["frames_sha256"] if args.verify and name in entries else None
    said = {True: "same frames as the manifest says", False: "frames differ from the manifest", None: written or ""}[
        same
    ]
    print(f"{name}: {said}", file=sys.stderr)
    return {"name": name, "frames_sha256": digest, "same": same, "path": written}


def _stepper(bar: Progress, task: TaskID) -> Callable[[int, int], None]:
    return lambda done, total: bar.update(task, completed=done, total=total)


def run_days(args: argparse.Namespace) -> int:
    counts = lay_days(shipped("sample_videos"), DataFolder(args.data or default_data()).create())
    rows = [{"camera": name, "frames": frames, "laid": frames > 0} for name, frames in counts.items()]
    for row in rows:
        print(f"{row['camera']:<12} " + (f"{row['frames']} frames" if row["laid"] else "kept: there is a log already"))
    if args.json:
        print(json.dumps(rows))
    return 0


def lay_days(folder: Path, data: DataFolder) -> dict[str, int]:
    """The synthetic day of every view as that camera's track log; frames written, 0 where there was a log already."""
    daylog = import_from(folder, "renderer.daylog")
    return {view: daylog.lay_day(data.tracks(), folder, view) for view in daylog.CAMERAS}


def run_preview(args: argparse.Namespace) -> int:
    folder = shipped("sample_videos")
    cameras = load_site(folder / "site.yaml").cameras
    if args.camera not in cameras:
        raise BadInput(f"--camera {args.camera}: not in the sample site; allowed: {', '.join(cameras)}")
    target = args.out or folder / "alert.webp"
    try:
        import_from(folder, "renderer.preview").preview(folder, args.camera, target, _command)
    except ValueError as error:
        raise BadInput(f"samples preview: {error}; allowed: cameras with an alert in a zone") from None
    print(json.dumps([{"path": str(target), "bytes": target.stat().st_size}]) if args.json else str(target))
    return 0


def _command(arguments: list[str]) -> int:
    from pipeline.cli import main

    return main(arguments)


def load_studio(folder: Path) -> ModuleType:
    """The renderer.

    Raises:
        ToolMissing: the `render` extra is not installed.
    """
    try:
        return import_from(folder, "renderer.studio")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        raise ToolMissing("samples render: numba is not installed; pip install 'nightjar[render]'") from None


def import_from(folder: Path, name: str) -> ModuleType:
    """A module of the sample folder, wherever that lies: in a checkout or inside an installed wheel."""
    if PACKAGE not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[PACKAGE] = module
        spec.loader.exec_module(module)
    return importlib.import_module(f"{PACKAGE}.{name}")

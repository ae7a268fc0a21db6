"""`nightjar analyze VIDEO --site SITE --camera ID --out DIR`: one recording through a camera's stages, into files."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.analysis import FileOutput
from pipeline.bootstrap import build_worker, open_site_detector, route_model
from pipeline.clock import SystemClock
from pipeline.errors import BadInput, SourceError
from pipeline.eventlog import event_line
from pipeline.folders import DataFolder, default_data
from pipeline.replay import camera_of, start_of
from pipeline.rulebook import build_engine
from pipeline.site import load_site
from pipeline.track.mot import format_rows
from pipeline.types import Tracks
from pipeline.video.source import Source, open_source


def add_to(subparsers: Any) -> None:
    parser = subparsers.add_parser("analyze", help="one recording through a camera's stages, into files")
    parser.add_argument("video", type=Path, metavar="VIDEO", help="the recording")
    parser.add_argument("--site", type=Path, required=True, help="site file")
    parser.add_argument("--camera", required=True, metavar="ID", help="whose zones, rules and rates to use")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--start", help="wall time of the first frame, ISO 8601 (default: the camera's start)")
    parser.add_argument("--data", type=Path, default=None, help="data folder with pulled models and learned routes")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object on the last line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    site = load_site(args.site)
    camera_of(site, args.camera)
    start_utc = start_of(site, args.camera, args.start)
    if not args.video.is_file():
        raise BadInput(f"VIDEO {args.video}: no such file")
    data = DataFolder(args.data or default_data())
    detector = open_site_detector(site, data)
    engine = build_engine(site, args.camera, route_model=route_model(data, args.camera))
    began = time.process_time()
    try:
        with open_source(
            args.camera, str(args.video), clock=SystemClock(), start_utc=start_utc,
            masks=site.cameras[args.camera].masks, ring_s=0.0,
        ) as source, FileOutput(_folder(args.out), row_text=_rows, event_text=event_line) as output:  # fmt: skip
            worker = build_worker(site, args.camera, detector=detector, engine=engine, output=output)
            _follow(worker, source, quiet=not sys.stderr.isatty())
            worker.finish(reason="the recording ended")
    except SourceError as error:
        raise BadInput(f"VIDEO {args.video}: {error}") from None
    info = source.info
    summary = output.summary(
        video=args.video.name, camera=args.camera, detector=detector.name, fps=info.fps, width=info.width,
        height=info.height, frames=worker.frames_in, frames_analysed=worker.frames_done, damaged=source.damaged,
        cpu_s=round(time.process_time() - began, 3),
    )  # fmt: skip
    if args.json:
        print(json.dumps(summary))
    else:
        found = ", ".join(f"{n} {kind}" for kind, n in summary["events"].items()) or "no events"
        print(f"{args.video.name}: {summary['frames']} frames, {summary['tracks']} tracks, {found} -> {args.out}")
    return 0


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {path}: {error.strerror}; give a folder that can be written to") from None
    return path


def _rows(tracks: Tracks, frame: int, width: int, height: int) -> str:
    return format_rows(tracks, frame=frame, width=width, height=height)


def _follow(worker: Any, source: Source, *, quiet: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f} s"))
    console = Console(stderr=True, quiet=quiet)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=quiet) as progress:
        task = progress.add_task("analysing", total=source.info.duration_s or 0)
        for frame in source.frames():
            worker.follow(frame)
            if frame.seq % 25 == 0:
                progress.update(task, completed=frame.pts)

"""`nightjar track DETECTIONS`: follow people through a file of detections, without any picture."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import Progress

from pipeline.errors import BadInput
from pipeline.track import mot
from pipeline.track.mot import MotRows
from pipeline.track.tracker import Tracker, TrackerParams


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `track`."""
    parser = subparsers.add_parser(
        "track", help="detections in, tracks out, as MOTChallenge files", description=__doc__
    )
    parser.add_argument("detections", type=Path, help="MOTChallenge det.txt")
    parser.add_argument("--fps", type=float, help="frames a second (default: seqinfo.ini beside the file)")
    parser.add_argument(
        "--size", help="picture size, WxH px (default: seqinfo.ini beside the file, else the extent of the boxes)"
    )
    parser.add_argument("--out", type=Path, required=True, help="tracks.txt to write")
    parser.add_argument("--analyze-fps", type=float, help="analyse only so many frames a second (default: all)")
    parser.add_argument(
        "--lost-s", type=float, help=f"how long the hidden keep their id ({TrackerParams().lost_s:g} s)"
    )
    parser.add_argument("--fixed", action="store_true", help="the camera never moves: do not look for its movement")
    parser.add_argument("--json", action="store_true", help="print a summary as one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Track the file and write the tracks."""
    rows = mot.read_rows(args.detections)
    fps = args.fps if args.fps is not None else mot.sequence_number(args.detections, "frameRate")
    if fps is None or not (0 < fps < math.inf):
        raise BadInput("--fps: frames a second are needed, above 0 (there is no seqinfo.ini that tells them)")
    if args.analyze_fps is not None and not args.analyze_fps > 0:
        raise BadInput(f"--analyze-fps: {args.analyze_fps:g}; allowed: above 0")
    if args.lost_s is not None and not args.lost_s > 0:
        raise BadInput(f"--lost-s: {args.lost_s:g}; allowed: above 0 s")
    width, height = _size(args.size, args.detections, rows)
    given = {} if args.lost_s is None else {"lost_s": args.lost_s}
    params = TrackerParams(camera_moves=not args.fixed, **given)
    summary = track_file(
        rows, args.out, fps=fps, width=width, height=height, analyze_fps=args.analyze_fps, params=params
    )
    if args.json:
        print(json.dumps({"out": str(args.out), "fps": fps, "size": [width, height], **summary}))
    else:
        print(f"{args.out}: {summary['tracks']} tracks in {summary['frames']} frames, {summary['rows']} rows")
    return 0


def track_file(
    rows: MotRows, out: Path, *, fps: float, width: int, height: int, analyze_fps: float | None = None,
    params: TrackerParams | None = None,
) -> dict[str, int]:  # fmt: skip
    """Track `rows` online, frame by frame, and write `out`; returns how many frames, rows and tracks there were."""
    tracker = Tracker(params)
    last = rows.last_frame
    keep = mot.sampled(last, fps=fps, analyze_fps=analyze_fps)
    ids: set[int] = set()
    written = 0
    with _progress() as progress, _open(out) as file:
        task = progress.add_task("tracking", total=last)
        for frame, seen in mot.rows_to_detections(rows, last_frame=last):
            progress.advance(task)
            if not keep[frame - 1]:
                continue
            pts = (frame - 1) / fps
            tracks = tracker.update(seen, camera_id="", run_id=1, pts=pts, utc=pts, width=width, height=height)
            file.write(mot.format_rows(tracks, frame=frame, width=width, height=height))
            ids.update(tracks.track_id.tolist())
            written += len(tracks)
    return {"frames": int(keep.sum()), "rows": written, "tracks": len(ids)}


def _size(text: str | None, path: Path, rows: MotRows) -> tuple[int, int]:
    """Picture size: as told, else from seqinfo.ini, else the smallest picture that holds every box."""
    if text is not None:
        width, _, height = text.lower().partition("x")
        if not (width.isdigit() and height.isdigit() and int(width) > 0 and int(height) > 0):
            raise BadInput(f"--size: {text!r}; allowed: WxH in px, as 1920x1080")
        return int(width), int(height)
    told = mot.sequence_number(path, "imWidth"), mot.sequence_number(path, "imHeight")
    if told[0] and told[1]:
        return int(told[0]), int(told[1])
    if len(rows) == 0:
        return 1, 1
    far = (rows.tlwh[:, :2] + rows.tlwh[:, 2:]).max(axis=0)
    return max(1, math.ceil(far[0])), max(1, math.ceil(far[1]))


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise BadInput(f"--out {path}: cannot be written ({error.strerror})") from error


def _progress() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)

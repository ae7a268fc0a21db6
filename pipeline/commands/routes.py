"""`nightjar routes fit|score|show|note`: learn usual routes from finished tracks, judge others, look at what was
learned, and say what is meant to be."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track as progress

from pipeline.errors import BadInput
from pipeline.evaluate.trajectories import NamedTrack, read_tracks
from rules.routes import RouteModel, RouteParams

ENOUGH = 99
"""Tracks from which a p-value of 0.01 can be reached."""


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `routes` and its four actions."""
    parser = subparsers.add_parser("routes", help="learn usual routes, judge tracks, draw a model", description=__doc__)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    fit = actions.add_parser("fit", help="learn a model from finished tracks")
    fit.add_argument("tracks", type=Path, nargs="+", help="JSON lines with id, t, xy; or MOTChallenge rows")
    fit.add_argument("--out", type=Path, required=True, help="model file to write")
    fit.add_argument("--max-tracks", type=int, default=8192, help="tracks to remember at most (8192)")
    fit.set_defaults(run=run_fit)
    score = actions.add_parser("score", help="judge tracks by a model")
    score.add_argument("model", type=Path, help="file written by `routes fit`")
    score.add_argument("tracks", type=Path, help="JSON lines with id, t, xy; or MOTChallenge rows")
    score.add_argument("--out", type=Path, required=True, help="JSON lines to write: id, p_value, score, alarm_t")
    score.add_argument("--level", type=float, default=0.01, help="p-value at which alarm_t is set (0.01)")
    score.add_argument("--why", action="store_true", help="explain every track whose p-value falls to the level")
    score.set_defaults(run=run_score)
    show = actions.add_parser("show", help="draw a model's corridors")
    show.add_argument("model", type=Path, help="file written by `routes fit`")
    show.add_argument("--image", type=Path, help="picture to draw over, in whose pixels the model was fitted")
    show.add_argument("--out", type=Path, required=True, help="FILE.svg or FILE.png to write")
    show.set_defaults(run=run_show)
    note = actions.add_parser("note", help="name, accept or forbid a corridor of a model")
    note.add_argument("model", type=Path, help="file written by `routes fit`, or by a camera: DATA/routes/CAMERA.model")
    note.add_argument("corridor", help="its id, as `routes show` lists it")
    note.add_argument("--name", help="what to call it in alerts and pictures")
    word = note.add_mutually_exclusive_group()
    word.add_argument("--accept", dest="status", action="store_const", const="accepted", help="it is meant to be")
    word.add_argument(
        "--forbid", dest="status", action="store_const", const="forbidden", help="who walks it next is unusual"
    )
    word.add_argument("--clear", dest="status", action="store_const", const="learned", help="neither")
    note.set_defaults(run=run_note)
    for action in (fit, score):
        action.add_argument("--fps", type=float, help="frames a second of MOTChallenge rows")
    for action in (fit, score, show, note):
        action.add_argument("--json", action="store_true", help="print a summary as one JSON object")


def run_fit(args: argparse.Namespace) -> int:
    """Learn and write a model."""
    found = [one for path in args.tracks for one in read_tracks(path, fps=args.fps)]
    try:
        params = RouteParams(min_tracks=2, min_days=0.0, max_tracks=args.max_tracks)
        model = RouteModel.fitted((one.track for one in _shown(found, "learning")), params, unit="units")
    except ValueError as error:
        raise BadInput(f"{', '.join(map(str, args.tracks))}: {error}") from error
    if len(model) < ENOUGH:
        print(f"nightjar: {len(model)} tracks are too few for a p-value of 0.01 ({ENOUGH})", file=sys.stderr)
    _write(args.out, model.to_bytes())
    flows = model.corridors()
    _say(
        args,
        {
            "out": str(args.out), "tracks": len(found), "learned": len(model),
            "extent": model.scene and model.scene.extent,
            "corridors": [{"id": f.corridor_id, "name": f.name, "share": round(f.share, 4)} for f in flows],
        },
        f"{args.out}: learned from {len(model)} of {len(found)} tracks, {len(flows)} corridors",
    )  # fmt: skip
    return 0


def run_score(args: argparse.Namespace) -> int:
    """Judge every track of a file, as if it were walked just now."""
    if not 0.0 < args.level < 1.0:
        raise BadInput(f"--level: {args.level:g}; allowed: between 0 and 1")
    model = read_model(args.model)
    alarms = 0
    lines = []
    found = read_tracks(args.tracks, fps=args.fps)
    for one in _shown(found, "judging"):
        line = _judged(model, one, level=args.level, why=args.why)
        alarms += line["alarm_t"] is not None
        lines.append(json.dumps(line))
    _write(args.out, "".join(f"{line}\n" for line in lines).encode())
    _say(
        args,
        {"out": str(args.out), "tracks": len(found), "alarms": alarms, "level": args.level},
        f"{args.out}: {alarms} of {len(found)} tracks alarm at {args.level:g}",
    )
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Draw a model as SVG or PNG."""
    from pipeline.routes_picture import draw_png, draw_svg

    model = read_model(args.model)
    kinds = {".svg": draw_svg, ".png": draw_png}
    draw = kinds.get(args.out.suffix.lower())
    if draw is None:
        raise BadInput(f"--out: {args.out}; allowed: a file that ends in .svg or .png")
    _write(args.out, draw(model, image=args.image))
    flows = [
        {"id": f.corridor_id, "name": f.name, "share": round(f.share, 4), "tracks": f.tracks, "status": f.status,
         "half_width": round(f.half_width, 3), "line": f.line.round(2).tolist()}
        for f in model.corridors()
    ]  # fmt: skip
    text = "\n".join(f"{f['id']:>4}  {f['share']:6.1%}  {f['status']:>9}  {f['name']}" for f in flows)
    _say(args, {"out": str(args.out), "state": model.progress, "corridors": flows}, f"{args.out}\n{text}")
    return 0


def run_note(args: argparse.Namespace) -> int:
    """Keep an installer's word on a corridor in the model's own file."""
    model = read_model(args.model)
    flows = {flow.corridor_id: flow for flow in model.corridors()}
    flow = flows.get(args.corridor)
    if flow is None:
        raise BadInput(
            f"{args.corridor}: no corridor of {args.model}; allowed: {', '.join(flows) or 'none, it has none'}"
        )
    if args.name is not None and not args.name.strip():
        raise BadInput("--name: empty; allowed: some text")
    if args.name is None and args.status is None:
        raise BadInput("routes note: nothing to keep; allowed: --name, --accept, --forbid or --clear")
    model.note(args.corridor, name=args.name and args.name.strip(), status=args.status)
    flow = next(one for one in model.corridors() if one.corridor_id == args.corridor)
    _write(args.model, model.to_bytes())
    told = {"id": flow.corridor_id, "name": flow.name, "status": flow.status, "share": round(flow.share, 4)}
    _say(
        args,
        told,
        f"{flow.corridor_id}: {flow.name}, {flow.status}; a running camera judges by it after its next start",
    )
    return 0


def read_model(path: Path) -> RouteModel:
    """The model in a file.

    Raises:
        BadInput: no such file, or not a model.
    """
    try:
        return RouteModel.from_bytes(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}; allowed: a file written by `nightjar routes fit`") from error


def _judged(model: RouteModel, one: NamedTrack, *, level: float, why: bool) -> dict[str, Any]:
    scorer = model.begin()
    alarm_t: float | None = None
    for (x, y), t in zip(one.track.xy.tolist(), one.track.t.tolist(), strict=True):
        if scorer.update(x, y, t) <= level and alarm_t is None:
            alarm_t = t
    line = {"id": one.track_id, "p_value": scorer.p_value, "score": scorer.score, "alarm_t": alarm_t}
    return line | {"why": scorer.explain()} if why and alarm_t is not None else line


def _shown(found: list[NamedTrack], what: str) -> Iterator[NamedTrack]:
    """The tracks, with progress on stderr where a person watches."""
    console = Console(stderr=True)
    return iter(progress(found, description=what, console=console, disable=not console.is_terminal, transient=True))


def _write(path: Path, data: bytes) -> None:
    """All or nothing: a reader never sees half a file."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise BadInput(f"--out: {path} cannot be written ({error})") from error


def _say(args: argparse.Namespace, summary: dict[str, Any], text: str) -> None:
    print(json.dumps(summary) if args.json else text)

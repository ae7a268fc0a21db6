"""`nightjar score detections`: AP, AP50 and AR of people, as COCO defines them.

Truth and detections are MOTChallenge files (one pair, or a folder of sequence folders) or COCO's JSON: an annotation
file and a list of results. In MOTChallenge truth, rows that are flagged 0 and people on vehicles, static people,
distractors and reflections count neither way, as COCO's ignored objects do.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BadInput
from pipeline.evaluate import coco_files
from pipeline.evaluate.average_precision import Image, figures
from pipeline.evaluate.tracks import NEITHER_WAY
from pipeline.track import mot
from pipeline.track.mot import MotRows

SHOWN = ("AP", "AP50", "AP75", "AR")


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `score detections`."""
    parser = subparsers.add_parser("detections", help="AP, AP50 and AR of people as COCO has them")
    parser.add_argument("--gt", type=Path, required=True, help="gt.txt, COCO's JSON, or a folder of sequence folders")
    parser.add_argument(
        "--detections", type=Path, required=True,
        help="det.txt, COCO's results as JSON, or a folder with SEQUENCE.txt or SEQUENCE/det.txt",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print all figures as one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score one pair of files or a folder of sequences; print a table or one JSON object."""
    images = {pair.name: _read(pair) for pair in _pairs(args.gt, args.detections)}
    every = figures([image for part in images.values() for image in part])
    parts = {name: figures(part) for name, part in images.items()} if len(images) > 1 else {}
    if args.json:
        print(json.dumps({**every, "sequences": parts}))  # noqa: T201
    else:
        print(table({**parts, "all": every}))  # noqa: T201
    return 0


def table(scores: Mapping[str, Mapping[str, float | None]]) -> str:
    """Figures as text, one line a sequence, in percent."""
    names = max(map(len, scores))
    lines = [f"{'':{names}}" + "".join(f"{figure:>7}" for figure in SHOWN) + "  images  people  detections"]
    for name, values in scores.items():
        shares = [values[figure] for figure in SHOWN]
        cells = "".join("      -" if share is None else f"{100 * share:7.1f}" for share in shares)
        lines.append(f"{name:{names}}{cells}  {values['images']:6}  {values['people']:6}  {values['detections']:10}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two files of one sequence, or of one set of pictures."""

    name: str
    truth: Path
    found: Path


def _pairs(truth: Path, found: Path) -> list[Pair]:
    if not truth.is_dir():
        return [Pair(truth.parent.name or truth.name, truth, found)]
    pairs = []
    for folder in sorted(path for path in truth.iterdir() if path.is_dir()):
        gt = _first(folder / "gt.txt", folder / "gt" / "gt.txt")
        name = folder.name
        det = _first(found / f"{name}.txt", found / name / "det.txt", found / name / "det" / "det.txt")
        if gt is not None and det is not None:
            pairs.append(Pair(name, gt, det))
    if not pairs:
        raise BadInput(f"--gt {truth}: no folder NAME with gt.txt for which {found} holds NAME.txt or NAME/det.txt")
    return pairs


def _first(*paths: Path) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def _read(pair: Pair) -> list[Image]:
    coco = [path.suffix.lower() == ".json" for path in (pair.truth, pair.found)]
    if all(coco):
        return list(coco_files.read_images(pair.truth, pair.found))
    if any(coco):
        raise BadInput(f"{pair.truth} and {pair.found}: one is COCO's JSON and one is not; allowed: both or neither")
    return list(mot_images(mot.read_rows(pair.truth, keep_ignored=True), mot.read_rows(pair.found)))


def mot_images(truth: MotRows, found: MotRows) -> Iterable[Image]:
    """Frame by frame; `truth` must hold its ignored rows too. Only detections of people are looked at."""
    person = truth.class_id == 0
    ignored = (person & (truth.score == 0)) | [int(number) in NEITHER_WAY for number in truth.class_id]
    known = person | ignored
    truth, ignored, found = truth[known], ignored[known], found[found.class_id == 0]
    last = max(truth.last_frame, found.last_frame)
    for (_, here), (_, boxes) in zip(mot.by_frame(truth, last), mot.by_frame(found, last), strict=True):
        yield Image(
            truth=truth.tlwh[here], ignored=ignored[here], crowd=ignored[here] & False,
            found=found.tlwh[boxes], score=found.score[boxes],
        )  # fmt: skip

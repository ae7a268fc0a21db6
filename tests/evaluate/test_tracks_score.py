"""Tracking figures on cases that can be counted by hand, and on TrackEval 1.3.0's own answers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import BadInput
from pipeline.evaluate import mot_metrics, tracks
from pipeline.track import mot
from pipeline.track.mot import MotRows

Row = tuple[int, int, float]
"""Frame, id, left edge; every box is 10 px wide and 20 px high."""


def rows(cells: Sequence[Row], class_id: int = 0) -> MotRows:
    table = np.array(cells, np.float64).reshape(-1, 3)
    n = len(table)
    return MotRows(
        frame=table[:, 0].astype(np.int64), track_id=table[:, 1].astype(np.int64),
        tlwh=np.column_stack((table[:, 2], np.zeros(n), np.full(n, 10.0), np.full(n, 20.0))),
        score=np.ones(n), class_id=np.full(n, class_id), observed=np.ones(n, np.bool_),
    )  # fmt: skip


def joined(one: MotRows, other: MotRows) -> MotRows:
    columns = [name for name in MotRows.__slots__ if isinstance(getattr(one, name), np.ndarray)]
    return replace(one, **{name: np.concatenate((getattr(one, name), getattr(other, name))) for name in columns})


def figures(truth: MotRows, found: MotRows) -> dict[str, float | None]:
    return tracks.score(truth, found, fps=10).figures()


WALK = [(frame, 1, 5.0 * frame) for frame in range(1, 11)]


@pytest.mark.parametrize(
    ("word", "found", "expected"),
    [
        ("perfect", WALK, {"HOTA": 100, "MOTA": 100, "IDF1": 100, "IDSW": 0, "Frag": 0}),
        ("nothing found", [], {"HOTA": 0, "MOTA": 0, "IDF1": 0, "IDSW": 0, "Frag": 0}),
        # one switch half way: each id holds 5 of 10 frames, so AssA = 2 * 5 * (5 / 10) / 10 = 50 %
        (
            "id changes half way",
            [(f, 1 + (f > 5), x) for f, _, x in WALK],
            {"DetA": 100, "AssA": 50, "MOTA": 90, "IDF1": 50, "IDSW": 1},
        ),
        (
            "a gap of two frames, with a box elsewhere",
            [(f, 9, 500.0) if f in (5, 6) else (f, i, x) for f, i, x in WALK],
            {"MOTA": 60, "IDSW": 0, "Frag": 1},
        ),
        # as TrackEval has it: frames without any box end no run
        ("an empty gap", [r for r in WALK if r[0] not in (5, 6)], {"MOTA": 80, "IDSW": 0, "Frag": 0}),
        ("one false box", [*WALK, (3, 9, 500.0)], {"MOTA": 90, "IDF1": 100 * 10 / 10.5}),
        ("half beside it", [(f, i, x + 5) for f, i, x in WALK], {"MOTA": -100, "IDF1": 0}),
    ],
)
def test_figures_counted_by_hand(word: str, found: list[Row], expected: dict[str, float]) -> None:
    got = figures(rows(WALK), rows(found))
    assert {key: got[key] for key in expected} == pytest.approx(expected), word


def test_nobody_there() -> None:
    got = figures(rows([]), rows([]))
    assert (got["stays"], got["held_median"], got["IDSW"]) == (0, None, 0)


@pytest.mark.parametrize(
    ("word", "found", "held"),
    [
        ("one id throughout", WALK, 1.0),
        ("a gap that the same id bridges", [r for r in WALK if r[0] not in (4, 5, 6)], 1.0),
        ("second id for the last four frames", [(f, 1 + (f > 6), x) for f, _, x in WALK], 0.6),
        ("found late", [r for r in WALK if r[0] > 3], 0.7),
        ("never", [], 0.0),
    ],
)
def test_how_much_of_a_stay_one_id_held(word: str, found: list[Row], held: float) -> None:
    assert tracks.score(rows(WALK), rows(found), fps=10).held.tolist() == pytest.approx([held]), word


def test_only_people_whom_detections_cover_are_judged_by_their_stay() -> None:
    found = rows([r for r in WALK if r[0] > 5])
    assert len(tracks.score(rows(WALK), found, fps=10, detections=found).held) == 0
    assert len(tracks.score(rows(WALK), found, fps=10, detections=rows(WALK)).held) == 1


@pytest.mark.parametrize(("class_id", "false_boxes"), [(-7, 0), (-12, 0), (-8, 0), (-2, 0), (-3, 10)])
def test_distractors_count_neither_way(class_id: int, false_boxes: int) -> None:
    truth = joined(rows(WALK), rows([(f, 2, 900.0) for f, _, _ in WALK], class_id=class_id))
    found = rows(WALK + [(f, 2, 900.0) for f, _, _ in WALK])
    assert tracks.score(truth, found, fps=10).counts.clear_fp == false_boxes


def test_sequences_add_up() -> None:
    good, bad = tracks.score(rows(WALK), rows(WALK), fps=10), tracks.score(rows(WALK), rows([]), fps=10)
    both = tracks.sum_scores([good, bad]).figures()
    assert both["MOTA"] == pytest.approx(50)
    assert both["stays"] == 2


def test_an_id_twice_in_a_frame_is_refused() -> None:
    with pytest.raises(BadInput, match=r"id 1 .* frame 3"):
        figures(rows(WALK), rows([(3, 1, 0.0), (3, 1, 50.0)]))


def test_assignment_takes_the_greatest_total() -> None:
    row, column = mot_metrics.assign(np.array([[0.9, 0.8], [0.8, 0.0]]))
    assert sorted(zip(row.tolist(), column.tolist(), strict=True)) == [(0, 1), (1, 0)]


TRACKEVAL = {
    "MOT17-02": {"HOTA": 41.473683001009846, "DetA": 29.271349454465966, "AssA": 59.14675475616132,
                 "MOTA": 30.809716599190285, "IDF1": 48.924088463837414, "IDSW": 0, "Frag": 90},
    "TUD-Campus": {"HOTA": 53.471959244239244, "DetA": 49.77102355491407, "AssA": 57.76610965877686,
                   "MOTA": 57.66016713091921, "IDF1": 77.64705882352942, "IDSW": 0, "Frag": 20},
}  # fmt: skip
"""What TrackEval 1.3.0 says of detections that carry the id of the person they overlap (see benchmarks/README.md)."""


@pytest.mark.assets
@pytest.mark.parametrize("name", sorted(TRACKEVAL))
def test_figures_are_trackevals(assets: Path, name: str) -> None:
    folder = assets / "mot" / name
    truth = mot.read_rows(folder / "gt.txt", keep_ignored=True)
    found = oracle(mot.read_rows(folder / "gt.txt"), mot.read_rows(folder / "det.txt"))
    got = tracks.score(truth, found, fps=30).figures()
    assert {key: got[key] for key in TRACKEVAL[name]} == pytest.approx(TRACKEVAL[name], abs=1e-6)


def oracle(truth: MotRows, detections: MotRows) -> MotRows:
    """Detections with the id of the person of class 0 they overlap best, one to one; the others an id each."""
    truth = truth[truth.class_id == 0]
    last = max(truth.last_frame, detections.last_frame)
    ids = 100_000 + np.arange(len(detections))
    frames = zip(mot.by_frame(truth, last), mot.by_frame(detections, last), strict=True)
    for (_, people), (_, boxes) in frames:
        overlap = tracks.iou(truth.tlwh[people], detections.tlwh[boxes])
        overlap[overlap < 0.5] = 0.0
        row, column = mot_metrics.assign(overlap)
        good = overlap[row, column] > 0
        ids[boxes[column[good]]] = truth.track_id[people[row[good]]]
    names = {name: getattr(detections, name) for name in MotRows.__slots__}
    return MotRows(**{**names, "track_id": ids})


def write(path: Path, cells: Sequence[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{f},{i},{x + 1},1,10,20,1,-1,-1,-1\n" for f, i, x in cells))
    return path


def command(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    tracks.add_to(parser.add_subparsers())
    args = parser.parse_args(["tracks", *arguments])
    return int(args.run(args))


def test_command_on_one_file_and_on_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write(tmp_path / "gt" / name / "gt.txt", WALK)
        write(tmp_path / "out" / f"{name}.txt", WALK)
    one = ["--gt", str(tmp_path / "gt" / "a" / "gt.txt"), "--tracks", str(tmp_path / "out" / "a.txt")]
    assert command([*one, "--fps", "10", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["a"]["HOTA"] == pytest.approx(100)
    assert command(["--gt", str(tmp_path / "gt"), "--tracks", str(tmp_path / "out")]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["a", "b", "all"]


def test_command_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no folder NAME with gt\.txt"):
        command(["--gt", str(tmp_path), "--tracks", str(tmp_path)])
    with pytest.raises(BadInput, match="--fps"):
        command(["--gt", str(tmp_path), "--tracks", str(tmp_path), "--fps", "0"])

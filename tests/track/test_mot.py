"""MOTChallenge files: every form that is met in the wild, and read-back that is exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadInput
from pipeline.track import grid, mot
from pipeline.track.tracker import Tracker, TrackerParams
from pipeline.types import Tracks


def write(folder: Path, text: str) -> Path:
    path = folder / "rows.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("word", "text", "tlwh", "class_id", "score"),
    [
        ("MOT17 det", "1,-1,101,51,40,80,0.9\n", [100, 50, 40, 80], 0, 0.9),
        ("MOT15 det", "1,-1,101,51,40,80,0.9,-1,-1,-1\n", [100, 50, 40, 80], 0, 0.9),
        ("MOT17 gt person", "1,4,101,51,40,80,1,1,0.5\n", [100, 50, 40, 80], 0, 1.0),
        ("MOT17 gt static person", "1,4,101,51,40,80,1,7,0.5\n", [100, 50, 40, 80], -7, 1.0),
        ("MOT15 gt with world coordinates", "1,4,101,51,40,80,1,-3.2,7.1,0\n", [100, 50, 40, 80], 0, 1.0),
        ("ours, predicted bicycle", "1,4,101,51,40,80,0.9,2,0,-1\n", [100, 50, 40, 80], 1, 0.9),
    ],
)
def test_forms(tmp_path: Path, word: str, text: str, tlwh: list[float], class_id: int, score: float) -> None:
    rows = mot.read_rows(write(tmp_path, text))
    assert rows.tlwh.tolist() == [tlwh], word
    assert rows.class_id.tolist() == [class_id]
    assert rows.score.tolist() == [score]
    assert rows.observed.tolist() == [word != "ours, predicted bicycle"]


def test_ignored_truth_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "1,1,1,1,5,5,1,1,1\n1,2,1,1,5,5,0,1,1\n")
    assert len(mot.read_rows(path)) == 1
    assert mot.read_rows(path, keep_ignored=True).score.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("word", "columns", "expected"),
    [
        ("how much can be seen is told", "1,1,0.4", True),
        ("everybody is seen whole", "1,1,1", False),
        ("no visibility", "1,1,-1", False),
        ("somebody else's result", "0.9,-1,-1,-1", False),
        ("ours", "1,1,1,-1", False),
    ],
)
def test_who_annotated_it(tmp_path: Path, word: str, columns: str, expected: bool) -> None:
    rows = mot.read_rows(write(tmp_path, f"1,1,1,1,5,5,{columns}\n"))
    assert rows.annotated is expected
    assert rows[rows.frame == 1].annotated is expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,-1,1,1,5,5,0.9\n1,-1,1,x,5,5,0.9\n", ["line 2", "column 4", "'x'"]),
        ("1,-1,1,1,5,5,0.9\n\n0,-1,1,1,5,5,0.9\n", ["line 3", "frame 0", "from 1"]),
        ("1.5,-1,1,1,5,5,0.9\n", ["line 1", "frame 1.5"]),
        ("1,-1,1,1,nan,5,0.9\n", ["line 1", "column 5", "'nan'"]),
        ("1,-1,1,1,5,5\n", ["line 1", "6 columns"]),
        ("1,-1,1,1,5,5,0.9\n1,-1,1,1,5,5,0.9,-1\n", ["line 2", "8 columns where line 1 has 7"]),
        ("1 -1 1 1 5 5 0.9\n", ["line 1", "1 columns"]),
    ],
)
def test_faults_name_the_place(tmp_path: Path, text: str, told: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        mot.read_rows(write(tmp_path, text))
    assert all(part in str(caught.value) for part in ["rows.txt", *told]), caught.value


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nothing\.txt"):
        mot.read_rows(tmp_path / "nothing.txt")
    rows = mot.read_rows(write(tmp_path, "\n"))
    assert (len(rows), rows.last_frame) == (0, 0)
    assert [len(d) for _, d in mot.rows_to_detections(rows, last_frame=2)] == [0, 0]


@pytest.mark.parametrize(
    ("word", "scores", "unit"),
    [
        ("already in [0, 1]", [0.0, 0.4, 1.0], [0.0, 0.4, 1.0]),
        ("none given", [-1, -1], [1.0, 1.0]),
        ("one for all, not -1", [2.5, 2.5, 2.5], [1.0, 1.0, 1.0]),
        ("one for all, in [0, 1]", [0.3, 0.3], [1.0, 1.0]),
        ("logits", [-1.0, 0.5, 2.0], [0.1, 0.7, 1.0]),
        ("percent", [0, 25, 50, 60, 100], [0.1, 0.4, 0.7, 0.82, 1.0]),
        ("a long tail", [-0.5, -0.3, -0.1, 1.0, 9.0], [0.1, 0.4, 0.7, 1.0, 1.0]),
        ("a cautious detector", [0.05, 0.1, 0.3, 0.6, 0.6], [0.083, 0.167, 0.5, 1.0, 1.0]),
        ("a cautious one, one freak", [0.1, 0.2] * 100 + [0.6], [0.5, 1.0] * 100 + [1.0]),
        ("cautious, nearly all zero", [0.0] * 200 + [0.4], [0.0] * 200 + [1.0]),
        ("one sure detection", [0.1, 0.7], [0.1, 0.7]),
        ("mostly one score", [2.0, 2.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_scores_of_any_range(tmp_path: Path, word: str, scores: list[float], unit: list[float]) -> None:
    rows = mot.read_rows(write(tmp_path, "".join(f"1,-1,1,1,5,5,{score}\n" for score in scores)))
    assert mot.unit_scores(rows) == pytest.approx(unit, abs=0.02), word


@pytest.mark.parametrize("factor", [0.3, 0.6, 1.0, 100.0])
def test_somebody_is_followed_whatever_the_scale_of_the_scores(tmp_path: Path, factor: float) -> None:
    lines = [f"{n},-1,{10 + n},11,20,50,{(0.8 + 0.01 * (n % 5)) * factor}\n" for n in range(1, 21)]
    rows, tracker = mot.read_rows(write(tmp_path, "".join(lines))), Tracker()
    told = [
        tracker.update(seen, camera_id="a", run_id=1, pts=n / 10, utc=n / 10, width=640, height=480)
        for n, seen in mot.rows_to_detections(rows)
    ]
    assert {track_id for tracks in told for track_id in tracks.track_id.tolist()} == {1}


def test_the_ends_of_the_scale_are_the_trackers_defaults() -> None:
    assert (TrackerParams().low_score, TrackerParams().birth_score) == (mot.FAINT, mot.SURE)


def test_detections_of_unsorted_rows_come_frame_by_frame(tmp_path: Path) -> None:
    rows = mot.read_rows(write(tmp_path, "3,-1,11,21,5,5,0.9\n1,-1,1,1,5,5,0.8\n3,-1,31,21,0,5,0.7\n"))
    got = dict(mot.rows_to_detections(rows))
    assert {frame: len(d) for frame, d in got.items()} == {1: 1, 2: 0, 3: 1}
    assert got[3].xyxy.tolist() == [[10, 20, 15, 25]]


@pytest.mark.parametrize(
    ("fps", "analyze_fps", "frames"),
    [
        (10, None, [1, 2, 3, 4, 5, 6]),
        (10, 5, [1, 3, 5]),
        (30, 10, [1, 4]),
        (25, 10, [1, 4, 6]),
        (10, 30, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_sampling_law(fps: float, analyze_fps: float | None, frames: list[int]) -> None:
    taken = mot.sampled(6, fps=fps, analyze_fps=analyze_fps)
    assert (np.flatnonzero(taken) + 1).tolist() == frames


boxes = st.tuples(*[st.floats(-50, 4000, allow_nan=False) for _ in range(4)])


@given(
    raw=st.lists(boxes, max_size=8),
    size=st.sampled_from([(640, 480), (1920, 1080), (768, 432), (3840, 2160), (101, 77)]),
    scores=st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
def test_written_tracks_are_read_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, raw: list[tuple[float, ...]], size: tuple[int, int], scores: list[float]
) -> None:
    width, height = size
    corners = np.array(raw, np.float64).reshape(-1, 4)
    xyxy = np.hstack((np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])))
    n = len(xyxy)
    tracks = Tracks(
        camera_id="dock", run_id=1, pts=0.0, utc=5.0, aspect=width / height,
        track_id=np.arange(1, n + 1),
        xyxy=grid.normalise(grid.snap(xyxy, width=width, height=height), width=width, height=height),
        score=grid.snap_score(np.array(scores[:n], np.float64)),
        class_id=np.arange(n, dtype=np.int32),
        observed=np.arange(n) % 2 == 0,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("mot") / "tracks.txt"
    path.write_text(mot.format_rows(tracks, frame=1, width=width, height=height))
    rows = mot.read_rows(path)
    (back,) = mot.rows_to_tracks(
        rows, camera_id="dock", fps=10, width=width, height=height, start_utc=5.0, last_frame=1
    )  # fmt: skip
    for name in ("track_id", "xyxy", "score", "class_id", "observed"):
        np.testing.assert_array_equal(getattr(back, name), getattr(tracks, name), err_msg=name)


def test_replay_yields_empty_frames_and_media_time(tmp_path: Path) -> None:
    rows = mot.read_rows(write(tmp_path, "3,7,11,21,50,80,0.9,1,1,-1\n"))
    frames = list(
        mot.rows_to_tracks(
            rows, camera_id="a", fps=10, width=640, height=480, analyze_fps=5, start_utc=100.0, last_frame=5
        )
    )
    assert [(round(t.pts, 6), round(t.utc, 6), len(t)) for t in frames] == [
        (0, 100, 0),
        (0.2, 100.2, 1),
        (0.4, 100.4, 0),
    ]


@pytest.mark.assets
def test_public_files(assets: Path) -> None:
    for folder in sorted((assets / "mot").iterdir()):
        for name in ("det.txt", "gt.txt"):
            assert len(mot.read_rows(folder / name)) > 300

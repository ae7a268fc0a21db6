"""`nightjar track`: from public detections to a file that anybody's tools read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.track import mot


def detections(folder: Path, *, score: str = "0.9") -> Path:
    path = folder / "det.txt"
    path.write_text("".join(f"{f},-1,{100 + 4 * f},50,40,100,{score},-1,-1,-1\n" for f in range(1, 31)))
    return path


def test_one_walker_is_one_track(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "tracks.txt"
    code = main(["track", str(detections(tmp_path)), "--fps", "10", "--size", "640x480", "--out", str(out), "--json"])
    assert code == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["tracks"], summary["frames"], summary["rows"]) == (1, 30, 29)
    rows = mot.read_rows(out)
    assert set(rows.track_id.tolist()) == {1}
    assert rows.observed.all()


def test_sequence_info_tells_rate_and_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nframeRate=14\nimWidth=640\nimHeight=480\n")
    assert main(["track", str(detections(tmp_path)), "--out", str(tmp_path / "t.txt"), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["fps"], summary["size"]) == (14.0, [640, 480])


def test_fewer_frames_are_analysed_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "t.txt"
    assert main(["track", str(detections(tmp_path)), "--fps", "10", "--analyze-fps", "5", "--out", str(out)]) == 0
    assert set((mot.read_rows(out).frame % 2).tolist()) == {1}


def test_the_same_file_twice_is_equal_byte_for_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        main(["track", str(detections(tmp_path)), "--fps", "10", "--out", str(tmp_path / name)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_detections_give_no_tracks(tmp_path: Path) -> None:
    (tmp_path / "det.txt").write_text("")
    assert main(["track", str(tmp_path / "det.txt"), "--fps", "10", "--out", str(tmp_path / "t.txt")]) == 0
    assert (tmp_path / "t.txt").read_text() == ""


@pytest.mark.parametrize(
    ("word", "arguments", "told"),
    [
        ("no rate", [], "--fps"),
        ("no such rate", ["--fps", "0"], "--fps"),
        ("bad size", ["--fps", "10", "--size", "big"], "WxH"),
        ("bad wait", ["--fps", "10", "--lost-s", "-1"], "--lost-s"),
        ("bad sampling", ["--fps", "10", "--analyze-fps", "0"], "--analyze-fps"),
    ],
)
def test_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, arguments: list[str], told: str
) -> None:
    assert main(["track", str(detections(tmp_path)), "--out", str(tmp_path / "t.txt"), *arguments]) == 2, word
    assert told in capsys.readouterr().err


def test_a_bad_row_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = detections(tmp_path, score="high")
    assert main(["track", str(path), "--fps", "10", "--out", str(tmp_path / "t.txt")]) == 2
    assert "line 1, column 7" in capsys.readouterr().err


@pytest.mark.assets
def test_public_detections_are_followed_at_least_as_well_as_recorded(assets: Path, tmp_path: Path) -> None:
    from pipeline.evaluate import tracks

    folder = assets / "mot" / "MOT17-02"
    assert main(["track", str(folder / "det.txt"), "--out", str(tmp_path / "t.txt")]) == 0
    truth = mot.read_rows(folder / "gt.txt", keep_ignored=True)
    figures = tracks.score(truth, mot.read_rows(tmp_path / "t.txt"), fps=30).figures()
    assert figures["HOTA"] > 40.5
    assert figures["IDF1"] > 44
    assert figures["IDSW"] < 20

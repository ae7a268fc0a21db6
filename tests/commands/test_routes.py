"""`nightjar routes fit|score|show` and `nightjar score routes`, from file to file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from pipeline import cli
from pipeline.commands.routes import read_model
from pipeline.evaluate import routes

STRANGE = ["turns back", 7]


def lines(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """People who walk a corridor of 640x480 px from left to right, or half as often back, on their side each."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(count):
        t = np.arange(0.0, 24.0, 0.5)
        x = np.linspace(20.0, 620.0, len(t)) + rng.normal(0.0, 2.0, len(t))
        back = i % 3 == 2
        y = (200.0 if back else 300.0) + rng.normal(0.0, 12.0) + rng.normal(0.0, 2.0, len(t))
        xy = np.column_stack((x[::-1] if back else x, y))
        out.append({"id": f"p{i}", "t": t.round(3).tolist(), "xy": xy.round(2).tolist()})
    return out


def strange() -> list[dict[str, Any]]:
    t = [i * 0.5 for i in range(60)]
    turning = [[20.0 + 12.0 * i, 300.0] if i < 30 else [380.0, 300.0 - 8.0 * (i - 30)] for i in range(60)]
    wrong = [[620.0 - 10.0 * i, 300.0] for i in range(60)]
    return [{"id": name, "t": t, "xy": xy} for name, xy in zip(STRANGE, (turning, wrong), strict=True)]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("routes")
    tracks = write(folder / "tracks.jsonl", lines(240))
    assert cli.main(["routes", "fit", str(tracks), "--out", str(folder / "model")]) == 0
    return folder / "model"


def test_scores_echo_ids_and_alarm_while_walked(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [*lines(60, seed=1), *strange()]
    tracks = write(tmp_path / "mixed.jsonl", rows)
    out = tmp_path / "scores.jsonl"
    assert cli.main(["routes", "score", str(model), str(tracks), "--out", str(out), "--why", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    found = {json.dumps(line["id"]): line for line in read(out)}
    assert [line["id"] for line in read(out)] == [row["id"] for row in rows]
    assert summary["tracks"] == 62
    assert summary["alarms"] == sum(line["alarm_t"] is not None for line in found.values())
    turned, wrong = (found[json.dumps(name)] for name in STRANGE)
    assert turned["p_value"] <= 0.01
    assert 14.0 < turned["alarm_t"] < 20.0
    assert wrong["p_value"] <= 0.01
    assert wrong["alarm_t"] < 6.0
    assert wrong["why"]["view"] == "direction"
    assert turned["why"]["corridor"] == "left -> right"
    assert sum(line["alarm_t"] is not None for line in found.values()) <= 5
    assert all((line["alarm_t"] is not None) == (line["p_value"] <= 0.01) for line in found.values())


def test_scoring_is_scored(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*lines(60, seed=1), *strange()]
    tracks = write(tmp_path / "mixed.jsonl", rows)
    truth = write(tmp_path / "truth.jsonl", [{"id": row["id"], "unusual": row["id"] in STRANGE} for row in rows])
    scores = tmp_path / "scores.jsonl"
    cli.main(["routes", "score", str(model), str(tracks), "--out", str(scores)])
    capsys.readouterr()
    arguments = ["--scores", str(scores), "--truth", str(truth), "--tracks", str(tracks), "--json"]
    parser = argparse.ArgumentParser()
    routes.add_to(parser.add_subparsers())
    args = parser.parse_args(["routes", *arguments])
    assert args.run(args) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (figures["normal"], figures["unusual"], figures["found"]) == (60, 2, 1.0)
    assert figures["auc"] > 0.95
    assert 0.1 < figures["delay"] < 0.6
    assert figures["false_alarms_low"] <= figures["false_alarms"] <= figures["false_alarms_high"]


def test_mot_rows_give_foot_points(tmp_path: Path) -> None:
    rows = [
        f"{int(t * 10) + 1},{number},{x - 20 + 1:.2f},{y - 90 + 1:.2f},40,90,1,-1,-1,-1\n"
        for number, line in enumerate(lines(60))
        for t, (x, y) in zip(line["t"], line["xy"], strict=True)
    ]
    tracks = tmp_path / "tracks.txt"
    tracks.write_text("".join(rows))
    out = tmp_path / "model"
    assert cli.main(["routes", "fit", str(tracks), "--out", str(out), "--fps", "10"]) == 0
    names = {flow.name: flow for flow in read_model(out).corridors()}
    assert names["left -> right"].line[:, 1].mean() == pytest.approx(300.0, abs=8.0)
    assert cli.main(["routes", "fit", str(tracks), "--out", str(out)]) == 2


@pytest.mark.parametrize("over", [False, True], ids=["plain", "over a picture"])
def test_a_model_is_drawn(model: Path, tmp_path: Path, over: bool) -> None:
    picture = tmp_path / "scene.png"
    cv2.imwrite(str(picture), np.full((480, 640, 3), 90, np.uint8))
    image = ["--image", str(picture)] if over else []
    assert cli.main(["routes", "show", str(model), *image, "--out", str(tmp_path / "m.svg")]) == 0
    assert cli.main(["routes", "show", str(model), *image, "--out", str(tmp_path / "m.png")]) == 0
    text = (tmp_path / "m.svg").read_text()
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert text.count("left -&gt; right: 66.") == 2
    drawn = cv2.imread(str(tmp_path / "m.png"))
    assert drawn is not None
    if over:
        assert drawn.shape == (480, 640, 3)
    coloured = (drawn.max(axis=2).astype(int) - drawn.min(axis=2)) > 60
    assert 0.005 < coloured.mean() < 0.5


def test_an_installer_names_forbids_and_accepts(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.model"
    own.write_bytes(model.read_bytes())

    def note(*words: str) -> dict[str, Any]:
        assert cli.main(["routes", "note", str(own), "c2", *words, "--json"]) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return told

    assert note("--name", " to the desk ") == {"id": "c2", "name": "to the desk", "status": "learned", "share": 0.3333}
    tracks, out = write(tmp_path / "t.jsonl", lines(30, seed=1)), tmp_path / "scores"
    alarms = []
    for word, status in (("--accept", "accepted"), ("--forbid", "forbidden"), ("--clear", "learned")):
        told = note(word)
        assert (told["name"], told["status"]) == ("to the desk", status)
        cli.main(["routes", "score", str(own), str(tracks), "--out", str(out), "--json"])
        alarms.append(json.loads(capsys.readouterr().out.splitlines()[-1])["alarms"])
    assert alarms[1] >= 9
    assert alarms[0] == alarms[2] <= 2
    cli.main(["routes", "show", str(own), "--out", str(tmp_path / "m.svg")])
    assert "to the desk" in (tmp_path / "m.svg").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": 1, "t": [0], "xy": [[0, 0]]\n', "not JSON"),
        ('{"id": 1, "t": [0]}\n', "missing"),
        ('{"id": 1, "t": [0, 1], "xy": [[0, 0]]}\n', "a track needs"),
        ('{"id": 1, "t": ["x"], "xy": [[0, 0]]}\n', "jsonl:1: a list of numbers"),
        ('{"id": 1, "t": ["1"], "xy": [[0, 0]]}\n', "a list of numbers"),
        ('{"id": 1, "t": [true], "xy": [[0, 0]]}\n', "a list of numbers"),
        ('{"id": 1, "t": [1%s], "xy": [[0, 0]]}\n' % ("0" * 400), "a list of numbers"),
        ('{"id": 1, "t": [0], "xy": [[0, 0, 0]]}\n', "a list of pairs of numbers"),
        ('{"id": 1, "t": [0, 1], "xy": [0, 0, 1, 1]}\n', "a list of pairs of numbers"),
        ('{"id": 1, "t": [0, 1], "xy": [[0, 0], [null, 1]]}\n', "a list of pairs of numbers"),
        ('{"id": 1, "t": [0, 1], "xy": [[0, 0], [1]]}\n', "jsonl:1"),
        ('{"id": 1, "t": [0], "xy": [[0, 0]]}\n\n{"id": 2}\n', "jsonl:3"),
        ("[]\n", "jsonl:1"),
        ('{"id": 1, "t": [NaN], "xy": [[0, 0]]}\n', "finite"),
        ('{"id": 1, "t": [0, 1], "xy": [[0, 0], [1, 1]]}\n', "cannot judge routes yet"),
        ("", "jsonl:1: there is no track"),
        ("\n \n", "jsonl:1: there is no track"),
    ],
    ids=[
        "not JSON",
        "no xy",
        "lengths",
        "no number",
        "a number in quotes",
        "true",
        "beyond all numbers",
        "three numbers",
        "flat",
        "null",
        "ragged",
        "third line",
        "a list",
        "not a number",
        "one track",
        "empty",
        "blank",
    ],
)
def test_bad_tracks_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    tracks = tmp_path / "tracks.jsonl"
    tracks.write_text(text)
    assert cli.main(["routes", "fit", str(tracks), "--out", str(tmp_path / "model")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "tracks.jsonl" in error
    assert not (tmp_path / "model").exists()


def test_awkward_tracks_are_judged(model: Path, tmp_path: Path) -> None:
    (usual,) = lines(1, seed=4)
    mixed = [*range(1, 48, 2), *range(0, 48, 2)]
    rows = [
        {**usual, "id": 7},
        {**usual, "id": "7"},
        {**usual, "id": {"camera": "a", "n": 1}, "t": [usual["t"][i] for i in mixed], "xy": [usual["xy"][i] for i in mixed]},
        {**usual, "id": 7, "t": [t for t in usual["t"] for _ in (0, 1)], "xy": [p for p in usual["xy"] for _ in (0, 1)]},
        {"id": None, "t": [3.0], "xy": [[100.0, 300.0]]},
        {"id": "nowhere", "t": [], "xy": []},
        {"id": "stands", "t": [1, 2, 3], "xy": [[100, 300]] * 3, "note": "kept out of the scores"},
        {"id": "far away", "t": list(range(40)), "xy": [[1e7 + i * 1e4, -1e7] for i in range(40)]},
        {"id": "farther", "t": list(range(40)), "xy": [[1e7 + i * 1e4, -1e7 + i * 1e3] for i in range(40)]},
    ]  # fmt: skip
    tracks = tmp_path / "tracks.jsonl"
    tracks.write_text("\ufeff" + "\n\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    out = tmp_path / "scores.jsonl"
    assert cli.main(["routes", "score", str(model), str(tracks), "--out", str(out)]) == 0
    found = read(out)
    assert [line["id"] for line in found] == [row["id"] for row in rows]
    assert all(set(line) == {"id", "p_value", "score", "alarm_t"} for line in found)
    assert all(0.0 < line["p_value"] <= 1.0 for line in found)
    assert len({(line["p_value"], line["score"]) for line in found[:4]}) == 1
    assert [line["p_value"] for line in found[4:7]] == [1.0, 1.0, 1.0]
    assert all(line["alarm_t"] in row["t"] for line, row in zip(found[7:], rows[7:], strict=True))


def test_beyond_the_smallest_rank_tracks_are_still_told_apart(model: Path, tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        xy = [[20.0 + 12.0 * k, 300.0 - (0.5 * i) * k] for k in range(50)]
        rows.append({"id": i, "t": [0.5 * k for k in range(50)], "xy": xy})
    out = tmp_path / "scores.jsonl"
    assert cli.main(["routes", "score", str(model), str(write(tmp_path / "t", rows)), "--out", str(out)]) == 0
    odd = [line for line in read(out) if line["p_value"] < 1 / 240]
    assert len(odd) >= 6
    assert len({line["score"] for line in odd}) == len({line["p_value"] for line in odd}) >= len(odd) - 1
    by_score = sorted(odd, key=lambda line: line["score"])
    assert [line["p_value"] for line in by_score] == sorted((line["p_value"] for line in odd), reverse=True)


def test_mot_rows_echo_their_numbers_and_name_a_bad_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tracks, out = tmp_path / "tracks.txt", tmp_path / "scores.jsonl"
    row = "{},9,{},210,40,90,1,-1,-1,-1\n"
    tracks.write_text("".join(row.format(i + 1, 20 + 12 * i) for i in reversed(range(40))))
    command = ["routes", "score", str(model), str(tracks), "--out", str(out), "--fps", "2"]
    assert cli.main(command) == 0
    (line,) = read(out)
    assert line["id"] == 9
    tracks.write_text(row.format(1, 20) + "2,9,nan,1,1,1,1,-1,-1,-1\n")
    assert cli.main(command) == 2
    assert "tracks.txt, line 2, column 3" in capsys.readouterr().err


def test_too_few_tracks_are_said_to_be_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tracks = write(tmp_path / "few.jsonl", lines(20))
    assert cli.main(["routes", "fit", str(tracks), "--out", str(tmp_path / "model")]) == 0
    assert "too few" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["score", "MODEL", "absent.jsonl", "--out", "x"],
        ["score", "absent", "TRACKS", "--out", "x"],
        ["score", "TRACKS", "TRACKS", "--out", "x"],
        ["score", "MODEL", "TRACKS", "--out", "x", "--level", "1.5"],
        ["score", "MODEL", "TRACKS", "--out", "absent/x"],
        ["show", "MODEL", "--out", "x.gif"],
        ["show", "MODEL", "--out", "x.svg", "--image", "absent.png"],
        ["fit", "TRACKS", "--out", "x", "--max-tracks", "1"],
        ["note", "MODEL", "c99", "--accept"],
        ["note", "MODEL", "c1"],
        ["note", "MODEL", "c1", "--name", " "],
        ["note", "absent", "c1", "--accept"],
    ],
    ids=[
        "no tracks",
        "no model",
        "not a model",
        "level",
        "no folder",
        "kind of picture",
        "no picture",
        "max tracks",
        "no corridor",
        "nothing said",
        "no name",
        "no model to note",
    ],
)
def test_bad_arguments_exit_with_2(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    named = {"MODEL": str(model), "TRACKS": str(write(tmp_path / "t.jsonl", lines(5)))}
    assert cli.main(["routes", *(named.get(argument, argument) for argument in arguments)]) == 2

"""`nightjar replay` and `why`: exact events from rows, the same bytes twice, times, comparisons, explanations."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.commands.replay import compare
from pipeline.replay import parse_size
from pipeline.track.log import TrackLog
from pipeline.track.mot import read_rows, rows_to_tracks
from rules.types import Event

SITE = """\
site: {name: Depot, timezone: Europe/Brussels}
calendars: {working: {open: {mon-fri: ["06:00-22:00"]}}}
cameras:
  dock:
    source: dock.mp4
    start: 2026-11-23T21:59:50
    analyze_fps: 5
    zones: {bay: {polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}}
    rules:
      - {id: loiter, kind: loitering, zone: bay, dwell_s: 4}
      - {id: night, kind: after_hours, zone: bay, calendar: working}
"""


def gt_rows(spans: dict[int, tuple[int, int]], *, kind: int = 1, flag: int = 1) -> str:
    """People by id who stand in the bay from a frame to a frame, as rows of a gt.txt: 10 px from each other's feet."""
    rows = []
    for i, (first, last) in spans.items():
        rows += [f"{n},{i},{100 + 150 * i},300,40,100,{flag},{kind},1.0" for n in range(first, last + 1)]
    return "".join(f"{row}\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    (tmp_path / "gt.txt").write_text(gt_rows({1: (11, 100), 2: (151, 161)}), encoding="utf-8")
    return tmp_path


def replayed(folder: Path, *more: str, site: str = "site.yaml", code: int = 0) -> list[dict[str, Any]]:
    arguments = ["replay", str(folder / site), "--camera", "dock", "--tracks", str(folder / "gt.txt")]
    out = folder / "events.jsonl"
    assert main([*arguments, "--fps", "10", "--size", "1000x500", "--out", str(out), *more]) == code
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    return [(event["rule_id"], event["state"], event["pts"]) for event in events]


def test_events_come_at_the_analysed_frame_on_which_they_are_true(folder: Path) -> None:
    """Frame 11 is second 1; every second frame is analysed; the bay closes at 22:00:00, second 10 of the clip."""
    events = replayed(folder)
    assert told(events) == [
        ("loiter", "start", 5.0), ("loiter", "end", 9.8),
    ]  # fmt: skip


def test_a_line_has_the_documented_keys_in_order(folder: Path) -> None:
    events = replayed(folder, "--start", "2026-11-22T21:58:00+01:00")
    assert list(events[0]) == [
        "kind", "state", "rule_id", "camera_id", "zone_id", "track_ids", "pts", "since_utc", "utc", "score", "why",
        "key", "run_id", "rule_version",
    ]  # fmt: skip
    night = next(event for event in events if event["rule_id"] == "night")
    assert (night["since_utc"], night["utc"]) == ("2026-11-22T20:58:01.000Z", "2026-11-22T20:58:03.000Z")
    assert night["why"]["calendar"] == "closed: no hours on sun"


def test_a_start_without_an_offset_is_local_to_the_site(folder: Path) -> None:
    a = replayed(folder, "--start", "2026-11-22T21:58:00")
    b = replayed(folder, "--start", "2026-11-22T21:58:00+01:00")
    assert a == b


def test_twice_is_the_same_to_the_byte(folder: Path) -> None:
    replayed(folder, "--start", "2026-11-22T21:58:00")
    first = (folder / "events.jsonl").read_bytes()
    replayed(folder, "--start", "2026-11-22T21:58:00")
    assert (folder / "events.jsonl").read_bytes() == first
    assert first.count(b"\n") >= 4


@pytest.mark.parametrize(("visible", "events"), [("1.0", [("loiter", "start", 5.0)]), ("0.7", [])])
def test_annotated_people_are_never_taken_for_each_other(
    folder: Path, visible: str, events: list[tuple[str, str, float]]
) -> None:
    """Two ids at one place, 3 s each: one person lost and found, unless people annotated them as two."""
    rows = [f"{n},1,250,300,40,100,1,1,{visible}" for n in range(11, 41)]
    rows += [f"{n},2,250,300,40,100,1,1,1.0" for n in range(46, 76)]
    (folder / "gt.txt").write_text("\n".join(rows), encoding="utf-8")
    assert [one for one in told(replayed(folder)) if one[1] == "start"] == events


@pytest.mark.parametrize(("kind", "flag"), [(7, 1), (1, 0)])
def test_other_classes_and_ignored_rows_are_nobody(folder: Path, kind: int, flag: int) -> None:
    (folder / "gt.txt").write_text(gt_rows({1: (11, 100)}, kind=kind, flag=flag), encoding="utf-8")
    assert replayed(folder) == []


@pytest.mark.parametrize(("columns", "events"), [(",-1,-1,-1", 2), (",1,1,-1", 2), (",1,0,-1", 0), (",3,1,-1", 0)])
def test_results_and_our_own_rows_are_read(folder: Path, columns: str, events: int) -> None:
    """Other people's results; ours: seen, predicted only, and a car."""
    rows = "".join(f"{n},1,250,300,40,100,0.9{columns}\n" for n in range(11, 101))
    (folder / "gt.txt").write_text(rows, encoding="utf-8")
    assert len(replayed(folder)) == events


def test_empty_frames_at_the_end_are_taken_from_the_summary(folder: Path) -> None:
    """The same events, but more frames: an end is dated to the last frame inside either way."""
    events = replayed(folder)
    digest = hashlib.sha256((folder / "gt.txt").read_bytes()).hexdigest()
    summary = {"tracks_sha256": digest, "frames": 1000}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    assert replayed(folder) == events


def test_a_summary_of_other_tracks_is_not_believed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = []
    digest = hashlib.sha256((folder / "gt.txt").read_bytes()).hexdigest()
    for value in ("{", '{"frames": 1000}', json.dumps({"tracks_sha256": "0", "frames": 1000}),
                  json.dumps({"tracks_sha256": digest, "frames": 1000})):  # fmt: skip
        (folder / "summary.json").write_text(value, encoding="utf-8")
        replayed(folder, "--json")
        frames.append(json.loads(capsys.readouterr().out.splitlines()[-1])["frames_analysed"])
    assert frames == [81, 81, 81, 500]


def test_no_tracks_give_no_events(folder: Path) -> None:
    (folder / "gt.txt").write_text("", encoding="utf-8")
    assert replayed(folder) == []


def test_json_counts_what_was_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replayed(folder, "--json")
    value = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (value["events"], value["frames_analysed"], value["camera"]) == ({"loitering": 1}, 81, "dock")


def test_against_another_site_says_what_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other site is stricter about loitering; both see the same night."""
    (folder / "other.yaml").write_text(SITE.replace("dwell_s: 4", "dwell_s: 3"), encoding="utf-8")
    (folder / "gt.txt").write_text(gt_rows({1: (11, 100), 2: (11, 46)}), encoding="utf-8")
    replayed(folder, "--against", str(folder / "other.yaml"), "--json", "--start", "2026-11-22T21:58:00")
    value = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (value["added"], value["kept"]) == ([], 3)
    assert [(event["rule_id"], event["track_ids"]) for event in value["removed"]] == [("loiter", [2])]
    assert [(event["rule_id"], event["by_s"]) for event in value["moved"]] == [("loiter", 1.0)]
    replayed(folder, "--against", str(folder / "other.yaml"), "--start", "2026-11-22T21:58:00")
    out = capsys.readouterr().out
    assert "0 added, 1 removed" in out
    assert "loiter  +1.000 s" in out


def event(rule_id: str, since: float, ids: tuple[int, ...], *, later: float = 2.0) -> Event:
    return Event(
        kind="loitering", state="start", rule_id=rule_id, rule_version="v", camera_id="c", run_id=1, track_ids=ids,
        zone_id="z", since_utc=since, utc=since + later, pts=since + later, score=1.0, why={}, key="k",
    )  # fmt: skip


def test_episodes_are_matched_one_to_one() -> None:
    ours = [event("a", 0.0, (1,)), event("a", 0.0, (2,)), event("b", 0.0, (1,)), event("a", 9.0, (1,))]
    theirs = [event("a", 0.0, (2,), later=3.0), event("a", 0.2, (1,)), event("a", 9.6, (1,))]
    difference = compare(ours, theirs)
    assert [(a.track_ids, b.track_ids) for a, b in difference.kept] == [((1,), (1,)), ((2,), (2,))]
    assert [(e.rule_id, e.since_utc) for e in difference.added] == [("b", 0.0), ("a", 9.0)]
    assert [e.since_utc for e in difference.removed] == [9.6]


def test_many_episodes_are_matched_as_few_are() -> None:
    """The quick look-up finds what comparing everything with everything finds."""
    chance = random.Random(3)
    ours, theirs = (
        [
            event(chance.choice("ab"), round(chance.uniform(0, 20), 2), (chance.randrange(3),), later=chance.random())
            for _ in range(120)
        ]
        for _ in range(2)
    )
    left, kept = list(theirs), []
    for one in ours:
        alike = [o for o in left if o.rule_id == one.rule_id and o.track_ids == one.track_ids]
        alike = [o for o in alike if abs(o.since_utc - one.since_utc) <= 0.5]
        if alike:
            best = min(alike, key=lambda o: abs(o.since_utc - one.since_utc) + abs(o.utc - one.utc))
            left.remove(best)
            kept.append((one, best))
    difference = compare(ours, theirs)
    assert difference.kept == kept
    assert difference.removed == left
    assert len(kept) > 40


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--camera", "door"], "--camera 'door': the site has dock"),
        (["--fps", "0"], "--fps 0.0: frames a second"),
        (["--fps", "fast"], "--fps fast: frames a second of the source, above 0 and at most 1000"),
        (["--fps", "nan"], "--fps nan: frames a second"),
        (["--size", "1000"], "--size 1000: two whole numbers"),
        (["--size", "0x500"], "--size 0x500"),
        (["--start", "yesterday"], "--start yesterday: a time like"),
        (["--start", "0001-01-01T00:00:00+14:00"], "a time of the years 1900 to 2999"),
        (["--tracks", "none.txt"], "--tracks none.txt: no such file"),
        (["--start", "2026-03-29T02:30:00"], "--start 2026-03-29T02:30:00: a time like"),
    ],
)
def test_what_cannot_be_used_is_said(
    folder: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replayed(folder, *given, code=2) == []
    assert said in capsys.readouterr().err


def test_a_calendar_needs_a_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SITE.replace("    start: 2026-11-23T21:59:50\n", "")
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    replayed(folder, code=2)
    assert "--start: rule night asks a calendar" in capsys.readouterr().err
    plain = "\n".join(line for line in text.splitlines() if "night" not in line)
    (folder / "site.yaml").write_text(plain, encoding="utf-8")
    assert replayed(folder)[0]["utc"] == "1970-01-01T00:00:05.000Z"


def test_a_folder_that_cannot_be_written_to_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replayed(folder, "--out", str(folder / "none" / "events.jsonl"), code=2)
    assert "--out" in capsys.readouterr().err


def test_sizes() -> None:
    assert parse_size("1920x1080") == parse_size("1920X1080") == (1920, 1080)


@pytest.mark.parametrize("where", ["tracks/dock", "tracks", "."])
def test_a_track_log_gives_the_events_of_its_file(folder: Path, where: str) -> None:
    rows = read_rows(folder / "gt.txt")
    log = TrackLog(folder / "tracks", "dock")
    start = datetime.fromisoformat("2026-11-22T20:58:00+00:00").timestamp()
    for tracks in rows_to_tracks(
        rows, camera_id="dock", fps=10, width=1000, height=500, analyze_fps=5, start_utc=start
    ):
        log.append(tracks)
    log.close()
    from_file = replayed(folder, "--start", "2026-11-22T21:58:00")
    assert len(from_file) >= 4
    assert replayed(folder, "--tracks", str(folder / where)) == from_file
    part = replayed(folder, "--tracks", str(folder / where), "--until", "2026-11-22T21:58:04")
    assert told(part) == [("night", "start", 3.0), ("night", "end", 3.8)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--tracks", "."], "holds no track log of camera dock"),
        (["--until", "2026-11-22T21:58:04"], "only with a track log"),
        (["--routes", "none.model"], "--routes none.model: cannot be read"),
    ],
)
def test_logs_and_models_that_are_not_there_are_said(
    folder: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    replayed(folder, *given, code=2)
    assert said in capsys.readouterr().err


def test_bytes_that_are_no_routes_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "x.model").write_bytes(b"nothing of the kind")
    replayed(folder, "--routes", str(folder / "x.model"), code=2)
    assert "not a learned route model" in capsys.readouterr().err


@pytest.mark.assets
def test_real_people_replay_alike_twice_and_at_any_length(tmp_path: Path, assets: Path) -> None:
    """MOT17-02, annotated people: byte-equal twice; every alarm when the person has been there for two seconds."""
    gt = assets / "mot" / "MOT17-02" / "gt.txt"
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    out = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for path in out:
        arguments = ["replay", str(tmp_path / "site.yaml"), "--camera", "dock", "--tracks", str(gt), "--out", str(path)]
        assert main([*arguments, "--fps", "30", "--size", "1920x1080", "--start", "2026-11-22T21:58:00"]) == 0
    assert out[0].read_bytes() == out[1].read_bytes()
    events = [json.loads(line) for line in out[0].read_text(encoding="utf-8").splitlines()]
    starts = {tuple(e["track_ids"]): e["pts"] for e in events if e["rule_id"] == "night" and e["state"] == "start"}
    expected = _two_seconds_inside(gt)
    assert len(expected) >= 20
    assert {ids: pts for ids, pts in starts.items() if len(ids) == 1}.items() <= expected.items()
    assert len(starts) == len(expected)


def _two_seconds_inside(gt: Path) -> dict[tuple[int], float]:
    """By hand: of every sixth frame, when each pedestrian's foot has been in the left half for two seconds."""
    since: dict[int, float] = {}
    last: dict[int, float] = {}
    fired: dict[tuple[int], float] = {}
    rows = sorted(tuple(map(float, line.split(","))) for line in gt.read_text(encoding="utf-8").splitlines())
    for frame, i, left, _top, width, _height, flag, kind, _seen in rows:
        if (frame - 1) % 6 or not flag or kind != 1 or left - 1 + width / 2 > 960:
            continue
        t = (frame - 1) / 30
        if t - last.get(int(i), -9.0) > 2.0 + 1e-6:
            since[int(i)] = t
        last[int(i)] = t
        if t - since[int(i)] >= 2.0 - 1e-6:
            fired.setdefault((int(i),), round(t, 6))
    return fired

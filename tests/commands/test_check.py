"""`nightjar check`: exit codes, the summary, the calendar's armed intervals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli import main

SITE = """\
site: {name: Depot, timezone: Europe/Brussels}
calendars:
  working:
    open: {mon-fri: ["06:00-22:00"], sat: ["08:00-14:00"]}
    holidays: {country: BE}
  idle: {open: {}}
cameras:
  dock:
    source: rtsp://admin:${DOCK_PW}@10.0.0.9/main
    zones:
      bay: {polygon: [[0.1, 0.5], [0.6, 0.5], [0.6, 0.95]]}
      yard: {polygon: [[0.1, 0.1], [0.6, 0.1], [0.6, 0.4]]}
    lines: {gate: {points: [[0.2, 0.8], [0.8, 0.8]]}}
    rules:
      - {id: loiter, kind: loitering, zone: bay, dwell_s: 120, active: {calendar: working, when: closed}}
      - {id: night, kind: after_hours, zone: bay, calendar: working}
      - {id: out, kind: line_crossing, line: gate, direction: left}
      - {id: crowd, kind: occupancy, zone: bay, over: 3}
      - {id: usual, kind: unusual_route, false_alarms_per_week: 1, min_tracks: 50}
      - {id: way, kind: unusual_route, corridor: {points: [[0, 0.5], [1, 0.5]], width_bh: 2}}
      - {id: order, kind: unusual_route, sequence: [bay, yard], within_s: 60}
      - {id: wrong, kind: unusual_route, forbidden: [[yard, bay]]}
  gate: {source: none.mp4}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCK_PW", "hunter2")
    path = tmp_path / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    return path


def test_a_good_site_is_summed_up(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(site)]) == 0
    out = capsys.readouterr().out
    assert "OK" in out
    assert "2 with 2 zones and 1 lines" in out
    assert "1 after_hours, 1 line_crossing, 1 loitering, 1 occupancy, 4 unusual_route" in out
    assert "hunter2" not in out


def test_what_is_worth_a_look_is_a_warning(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(site), "--json"]) == 0
    value = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert value["ok"] is True
    assert value["warnings"] == [
        "calendar idle: no rule asks it",
        "calendar idle: never open in the weekly hours",
        "camera gate: no rules, so no alerts",
        "camera gate: file none.mp4 is not there",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SITE.replace("zone: bay, calendar", "zone: bya, calendar"), "site.yaml:16: cameras.dock.rules[1].zone: bya"),
        (SITE.replace("${DOCK_PW}", "${NOT_SET}"), "site.yaml:9: cameras.dock.source: ${NOT_SET} is not set"),
        (
            SITE.replace("min_tracks: 50", "min_tracks: 1"),
            "site.yaml:19: cameras.dock.rules[4] (usual): need 2 <= min_tracks",
        ),
        (SITE.replace("dwell_s: 120", "dwell_s: 120, mode: cumulative"), "mode: cumulative together with window_s"),
    ],
)
def test_faults_go_to_stderr_with_exit_code_2(
    site: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text(text, encoding="utf-8")
    assert main(["check", str(site)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err


def test_zones_without_rules_and_files_without_a_start_are_warnings(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'site: {name: s, timezone: UTC}\ncalendars: {w: {open: {mon: ["06:00-07:00"]}}}\ncameras:\n  a:\n'
    text += "    source: site.yaml\n    zones: {z: {polygon: [[0, 0], [1, 0], [1, 1]]}}\n"
    text += "    rules: [{id: n, kind: after_hours, calendar: w}]\n"
    site.write_text(text, encoding="utf-8")
    assert main(["check", str(site)]) == 0
    out = capsys.readouterr().out
    assert "camera a: no rule uses zone z" in out
    assert "camera a: a file without start, and rules that ask a calendar" in out
    site.write_text("site: {name: s, timezone: UTC}\ncameras: {}\n", encoding="utf-8")
    assert main(["check", str(site)]) == 0
    assert "no cameras yet" in capsys.readouterr().out


def test_a_password_in_the_file_is_a_warning(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.write_text(SITE.replace("${DOCK_PW}", "S3cret"), encoding="utf-8")
    assert main(["check", str(site)]) == 0
    out = capsys.readouterr().out
    assert "camera dock: its password stands in the file" in out
    assert "S3cret" not in out


def intervals(site: Path, capsys: pytest.CaptureFixture[str], first: str, days: int) -> list[dict[str, str]]:
    code = main(["check", str(site), "--calendar", "working", "--from", first, "--days", str(days), "--json"])
    assert code == 0
    value: list[dict[str, str]] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return value


def test_armed_intervals_are_merged_in_order_and_clipped(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fortnight in which the clocks go forward, on the 29th."""
    found = intervals(site, capsys, "2026-03-27", 4)
    assert [(one["from"], one["to"]) for one in found] == [
        ("2026-03-26T23:00:00Z", "2026-03-27T05:00:00Z"),
        ("2026-03-27T21:00:00Z", "2026-03-28T07:00:00Z"),
        ("2026-03-28T13:00:00Z", "2026-03-30T04:00:00Z"),
        ("2026-03-30T20:00:00Z", "2026-03-30T22:00:00Z"),
    ]
    assert found[2]["why"] == (
        "closed since 14:00 (sat 08:00-14:00); closed: no hours on sun; closed until 06:00 (mon-fri 06:00-22:00)"
    )


def test_a_holiday_is_named(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (only,) = intervals(site, capsys, "2026-12-25", 1)
    assert (only["from"], only["to"]) == ("2026-12-24T23:00:00Z", "2026-12-25T23:00:00Z")
    assert only["why"] == "closed: holiday 2026-12-25 Christmas Day"


def test_intervals_are_printed_in_local_time_and_utc(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(site), "--calendar", "working", "--from", "2026-03-27", "--days", "1"]) == 0
    out = capsys.readouterr().out
    assert "Fri 2026-03-27 22:00 - Sat 2026-03-28 00:00   2026-03-27T21:00:00Z - 2026-03-27T23:00:00Z    2.00 h" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--calendar", "none", "--from", "2026-03-27"], "--calendar none: the site has working, idle"),
        (["--calendar", "working"], "--from is missing"),
        (["--calendar", "working", "--from", "27.3.2026"], "--from 27.3.2026: a date like"),
        (["--calendar", "working", "--from", "2026-02-30"], "a date like"),
        (["--calendar", "working", "--from", "9999-12-30"], "allowed are dates of the years 1900 to 2999"),
        (["--calendar", "working", "--from", "0001-01-01"], "allowed are dates of the years 1900 to 2999"),
        (
            ["--calendar", "working", "--from", "2026-03-27", "--days", "0"],
            "--days 0: allowed are whole numbers from 1 to 3660",
        ),
        (["--calendar", "working", "--from", "2026-03-27", "--days", "two"], "--days two: allowed are whole numbers"),
        (["--from", "2026-03-27"], "only together with --calendar"),
    ],
)
def test_other_arguments_are_refused(
    site: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(site), *arguments]) == 2
    assert said in capsys.readouterr().err

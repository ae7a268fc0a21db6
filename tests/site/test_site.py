"""What a good site file means: the design's example, defaults, YAML 1.2, times, sources, severities."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.errors import SiteError
from pipeline.secrets import Secrets
from pipeline.site import Site, load_site, parse_site
from pipeline.site.calendars import HolidayTable, build_calendar
from pipeline.site.document import read_document
from pipeline.site.source import is_live, source_kind

DESIGN = """\
site: {name: Depot North, timezone: Europe/Brussels}
calendars:
  working:
    open: {mon-fri: ["06:00-22:00"], sat: ["08:00-14:00"]}     # may cross midnight; belongs to the day it starts
    holidays: {country: BE, extra: ["2026-12-24"]}
    exceptions: [{date: "2026-11-27", open: ["06:00-24:00"], note: stock count}]
    visits: [{name: cleaners, days: tue, hours: "22:00-23:30", zones: [bay], max_people: 3}]
detector: {model: auto, score: 0.35}
cameras:
  dock:
    source: clips/dock.mp4
    start: 2026-11-22T21:58:00+01:00
    analyze_fps: 5
    zones: {bay: {polygon: [[0.1, 0.5], [0.6, 0.5], [0.6, 0.95], [0.1, 0.95]], risk: high}}
    lines: {gate: {points: [[0.2, 0.8], [0.8, 0.8]]}}
    masks: [[[0.8, 0], [1, 0], [1, 0.2], [0.8, 0.2]]]
    ignore: [[[0, 0], [0.2, 0], [0.2, 0.3], [0, 0.3]]]
    rules:
      - {id: bay-loiter, kind: loitering, zone: bay, dwell_s: 120, active: {calendar: working, when: closed}}
      - {id: bay-night, kind: after_hours, zone: bay, calendar: working, min_presence_s: 2}
      - {id: dock-route, kind: unusual_route, false_alarms_per_week: 1, trial: true}
      - {id: gate-out, kind: line_crossing, line: gate, direction: left}
alerts: {link: embedded}
"""


@pytest.fixture
def design() -> Site:
    return parse_site(DESIGN, "depot/site.yaml")


def small(camera: str = "{source: a.mp4}", *, timezone: str = "Europe/Brussels") -> Site:
    return parse_site(f"site: {{name: s, timezone: {timezone}}}\ncameras:\n  a: {camera}\n", "site.yaml")


def test_the_example_of_the_design_is_read(design: Site) -> None:
    dock = design.cameras["dock"]
    assert (design.name, design.timezone, design.folder) == ("Depot North", "Europe/Brussels", Path("depot"))
    assert [rule.kind for rule in dock.rules] == ["loitering", "after_hours", "unusual_route", "line_crossing"]
    assert dock.zone("bay").risk == "high"
    assert dock.line("gate").points == ((0.2, 0.8), (0.8, 0.8))
    assert dock.rule("bay-night").min_presence_s == 2.0
    assert design.start_utc("dock") == datetime(2026, 11, 22, 20, 58, tzinfo=UTC).timestamp()
    with pytest.raises(KeyError):
        dock.rule("none")


def test_everything_but_site_and_cameras_may_be_left_out() -> None:
    site = parse_site("site: {name: s, timezone: UTC}\ncameras: {}\n", "site.yaml")
    assert (site.detector.model, site.detector.score, site.alerts.link) == ("auto", 0.35, "embedded")
    assert site.cameras == {}


def test_defaults_of_a_camera_and_its_rules() -> None:
    zones, rule = "{z: {polygon: [[0, 0], [1, 0], [1, 1]]}}", "{id: r, kind: loitering, zone: z, dwell_s: 9}"
    site = small(f"{{source: a.mp4, zones: {zones}, rules: [{rule}]}}")
    a, rule = site.cameras["a"], site.cameras["a"].rules[0]
    assert (a.analyze_fps, a.masks, a.start, site.start_utc("a")) == (5.0, (), None, None)
    assert (rule.grace_s, rule.bridge_s, rule.mode, rule.min_people, rule.cooldown_s) == (
        2.0,
        10.0,
        "continuous",
        1,
        60.0,
    )
    assert (rule.classes, rule.class_ids, rule.trial, rule.severity) == (("person",), (0,), False, "medium")


@pytest.mark.parametrize(
    ("kind", "risk", "severity"),
    [
        ("loitering, zone: z, dwell_s: 1", "low", "low"),
        ("loitering, zone: z, dwell_s: 1", "medium", "medium"),
        ("loitering, zone: z, dwell_s: 1", "high", "high"),
        ("after_hours, zone: z, always: true", "low", "medium"),
        ("after_hours, zone: z, always: true", "high", "high"),
        ("after_hours, always: true", "low", "high"),
        ("occupancy, zone: z, over: 3", "high", "medium"),
        ("occupancy, zone: z, over: 3", "low", "low"),
        ("unusual_route, sequence: [z, y]", "low", "high"),
        ("loitering, zone: z, dwell_s: 1, severity: low", "high", "low"),
    ],
)
def test_severity_comes_from_kind_and_risk_unless_it_is_given(kind: str, risk: str, severity: str) -> None:
    polygon = "polygon: [[0, 0], [1, 0], [1, 1]]"
    zones = f"{{z: {{{polygon}, risk: {risk}}}, y: {{{polygon}, risk: high}}}}"
    site = small(f"{{source: a.mp4, zones: {zones}, rules: [{{id: r, kind: {kind}}}]}}")
    assert site.cameras["a"].rules[0].severity == severity


@pytest.mark.parametrize(("given", "trial"), [("", True), (", trial: false", False), (", trial: true", True)])
def test_a_learned_route_is_in_trial_until_it_is_accepted(given: str, trial: bool) -> None:
    site = small(f"{{source: a.mp4, rules: [{{id: r, kind: unusual_route, false_alarms_per_week: 1{given}}}]}}")
    assert site.cameras["a"].rules[0].trial is trial
    assert site.cameras["a"].rules[0].learned


def test_nothing_in_a_site_can_be_set(design: Site) -> None:
    with pytest.raises(ValidationError):
        design.cameras["dock"].analyze_fps = 3  # type: ignore[misc]


def test_a_site_survives_a_copy_and_a_process(design: Site) -> None:
    again = pickle.loads(pickle.dumps(copy.deepcopy(design)))
    assert again == design
    assert again.folder == design.folder


def test_yaml_is_1_2() -> None:
    root = read_document(
        "NO: no\ntime: 22:00\nday: 2026-01-01\noctal: 0o17\nzero: 017\nf: 1e3\nn: ~\nb: true\nq: 'true'\n", "x"
    )
    assert root.value == {
        "NO": "no", "time": "22:00", "day": "2026-01-01", "octal": 15, "zero": 17, "f": 1000.0, "n": None, "b": True,
        "q": "true",
    }  # fmt: skip
    assert [root.children[key].line for key in ("NO", "q")] == [1, 9]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T21:58:00+01:00", "2026-11-22T20:58:00"),
        ("2026-11-22T20:58:00Z", "2026-11-22T20:58:00"),
        ("2026-11-22 21:58", "2026-11-22T20:58:00"),
        ("2026-07-01T12:00:00.250", "2026-07-01T10:00:00.250"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00"),  # twice that night: the first pass
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00"),
    ],
)
def test_a_start_without_an_offset_is_local(text: str, utc: str) -> None:
    expected = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()
    assert small(f"{{source: a.mp4, start: {text}}}").start_utc("a") == expected


@pytest.mark.parametrize(
    ("text", "kind", "live"),
    [
        ("rtsp://10.0.0.9/main", "address", True),
        ("RTSPS://u:p@cam.local:322/x?y=1", "address", True),
        ("http://10.0.0.9:8080/clip.mp4", "address", True),
        ("/dev/video0", "device", True),
        ("device:2", "device", True),
        ("${CAMERA}", "secret", True),
        ("clips/dock 1.mp4", "file", False),
        ("C:\\clips\\dock.mp4", "file", False),
        ("rtsp://u:${PW}@${HOST}:${PORT}/x", "address", True),
    ],
)
def test_sources_are_told_apart(text: str, kind: str, live: bool) -> None:
    assert (source_kind(text), is_live(text)) == (kind, live)


@pytest.mark.parametrize(
    "text", ["", " ", "ftp://h/x", "file:///a.mp4", "rtsp://", "rtsp:10.0.0.9", "device:x", "a\0b", "http://h:port/x"]
)
def test_other_sources_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an address with rtsp://"):
        source_kind(text)


def test_relative_files_are_seen_from_the_site_files_folder(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(DESIGN, encoding="utf-8-sig")
    site = load_site(tmp_path / "site.yaml")
    assert site.source_of("dock", Secrets()) == str(tmp_path / "clips/dock.mp4")


def test_secrets_are_filled_in_and_not_shown() -> None:
    site = small("{source: 'rtsp://admin:${PW}@10.0.0.9/x'}")
    assert site.source_of("a", Secrets({"PW": "hunter 2"})) == "rtsp://admin:hunter%202@10.0.0.9/x"
    with pytest.raises(SiteError, match="PW"):
        site.source_of("a", Secrets())
    plain = small("{source: 'rtsp://admin:hunter2@10.0.0.9/x'}")
    assert "hunter2" not in repr(plain)
    assert plain.cameras["a"].shown_source == "rtsp://***@10.0.0.9/x"


def test_a_secret_that_is_no_source_is_refused() -> None:
    with pytest.raises(SiteError, match=r"cameras\.a\.source"):
        small("{source: '${URL}'}").source_of("a", Secrets({"URL": "ftp://h/x"}))


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="cannot be read"):
        load_site(tmp_path / "none.yaml")
    with pytest.raises(SiteError, match="cannot be read"):
        load_site(tmp_path)
    (tmp_path / "b.yaml").write_bytes(b"site: 1\nname: \xff\n")
    with pytest.raises(SiteError, match=r"b\.yaml:2: .*UTF-8"):
        load_site(tmp_path / "b.yaml")


def test_a_calendar_is_built_as_written(design: Site) -> None:
    calendar = build_calendar("working", design.calendars["working"], design.timezone)

    def at(text: str) -> float:
        return datetime.fromisoformat(text).timestamp()

    assert calendar.is_open(at("2026-11-26T06:00:00+01:00"))
    assert calendar.is_open(at("2026-11-27T23:30:00+01:00"))
    assert calendar.reason(at("2026-12-25T12:00:00+01:00")) == "closed: holiday 2026-12-25 Christmas Day"
    assert calendar.reason(at("2027-05-06T12:00:00+02:00")) == "closed: holiday 2027-05-06 Ascension Day"
    assert calendar.reason(at("2026-12-24T12:00:00+01:00")) == "closed: holiday 2026-12-24 (own date)"
    assert [v.name for v in calendar.visits_at(at("2026-11-24T22:30:00+01:00"), "bay")] == ["cleaners"]


def test_overrides_are_local_times() -> None:
    text = DESIGN.replace(
        "    visits:",
        "    overrides: [{kind: armed, from: 2026-11-26T12:00, until: 2026-11-26T13:00, note: away}]\n    visits:",
    )
    site = parse_site(text, "site.yaml")
    calendar = build_calendar("working", site.calendars["working"], site.timezone)
    at = datetime.fromisoformat("2026-11-26T12:30:00+01:00").timestamp()
    assert calendar.reason(at) == "armed until 2026-11-26 13:00: away"
    assert not calendar.is_open(at)


def test_holidays_do_not_speak_the_machines_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "nl")
    monkeypatch.setenv("LANG", "nl_BE.UTF-8")
    names = HolidayTable("BE", None)(2031)
    assert "Christmas Day" in names.values()
    assert {day.year for day in names} == {2031}


def test_regional_holidays_are_told_apart() -> None:
    scotland, england = (HolidayTable("GB", region)(2026).values() for region in ("SCT", "ENG"))
    assert any("Andrew" in name for name in scotland)
    assert not any("Andrew" in name for name in england)

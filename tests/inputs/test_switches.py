"""Inputs over calendars: which wins, for whom, until when; and that a replay is told what was told live."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.inputs.entry import EFFECTS, Entry, read_entries, write_entries
from pipeline.inputs.switches import JOURNAL, LiveSwitches, SwitchedCalendar, Switches, read_journal
from pipeline.replay import LoggedTracks
from pipeline.replay import replay as replayed
from pipeline.rulebook import build_engine, calendar_of
from pipeline.site import parse_site
from pipeline.track.log import TrackLog
from rules.types import Tracks

SITE = """
site: {name: Depot, timezone: UTC}
calendars: {working: {open: {mon-fri: ["06:00-22:00"]}}}
cameras:
  dock:
    source: dock.mp4
    zones: {bay: {polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}, door: {polygon: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}}
    rules:
      - {id: bay-night, kind: after_hours, zone: bay, calendar: working, min_presence_s: 2}
      - {id: door-night, kind: after_hours, zone: door, calendar: working, min_presence_s: 2}
"""
NIGHT = 1_795_305_600.0  # Sunday 2026-11-22 00:00 UTC: closed
OPEN_DAY = NIGHT + 36 * 3600  # Monday noon: open


def entry(name="i1", *, number=1, kind="late_working", start=NIGHT, end=NIGHT + 3600, **scope):
    given = {"calendar": "working", "camera_id": None, "zone_id": None, "note": ""}
    return Entry(
        input_id=name, number=number, kind=kind, effect=EFFECTS[kind], from_utc=start, until_utc=end, **(given | scope)
    )  # fmt: skip


@pytest.fixture
def site():
    return parse_site(SITE, "site.yaml")


@pytest.fixture
def over(site):
    """`over(*entries)` is the working calendar with them on it, as a rule of zone bay on camera dock sees it."""

    def make(*entries, camera="dock", zones=("bay",)):
        return SwitchedCalendar(calendar_of(site, "working"), Switches(entries), camera_id=camera, zones=zones)

    return make


def test_without_inputs_it_is_the_calendar(site, over):
    plain, laid = calendar_of(site, "working"), over()
    for hour in range(72):
        utc = NIGHT + hour * 3600.0
        assert (laid.is_open(utc), laid.reason(utc)) == (plain.is_open(utc), plain.reason(utc))


@pytest.mark.parametrize(
    ("kind", "utc", "is_open"),
    [
        ("panel_set", OPEN_DAY, False), ("panel_unset", NIGHT, True), ("late_working", NIGHT, True),
        ("early_opening", NIGHT, True), ("on_test", NIGHT, True), ("badge", NIGHT, False), ("note", OPEN_DAY, True),
    ],
)  # fmt: skip
def test_kinds(over, kind, utc, is_open):
    laid = over(entry(kind=kind, start=utc, end=utc + 60, note="stock count"))
    assert laid.is_open(utc) is is_open
    assert f"{kind.replace('_', ' ')} until" in laid.reason(utc)
    assert "stock count" in laid.reason(utc)


def test_it_ends_by_itself(over):
    laid = over(entry(end=NIGHT + 100))
    assert [laid.is_open(NIGHT + t) for t in (-0.1, 0.0, 99.9, 100.0)] == [False, True, True, False]


def test_the_last_one_wins_and_the_one_before_comes_back(over):
    laid = over(entry("a", end=NIGHT + 900), entry("b", number=2, kind="panel_set", start=NIGHT + 300, end=NIGHT + 600))
    assert [laid.is_open(NIGHT + t) for t in (0, 299, 300, 599, 600, 899, 900)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


SCOPES = [
    ("everything", {}, "dock", ("bay",), True),
    ("every calendar", {"calendar": None}, "dock", ("bay",), True),
    ("another calendar", {"calendar": "shop"}, "dock", ("bay",), False),
    ("this camera", {"camera_id": "dock"}, "dock", ("bay",), True),
    ("another camera", {"camera_id": "gate"}, "dock", ("bay",), False),
    ("this zone", {"zone_id": "bay"}, "dock", ("bay",), True),
    ("another zone", {"zone_id": "door"}, "dock", ("bay",), False),
    ("a zone, of a rule on the whole picture", {"zone_id": "bay"}, "dock", (), False),
]


@pytest.mark.parametrize(("word", "scope", "camera", "zones", "meant"), SCOPES, ids=[row[0] for row in SCOPES])
def test_scope(over, word, scope, camera, zones, meant):
    assert over(entry(**scope), camera=camera, zones=zones).is_open(NIGHT) is meant


# -- the worker's side ---------------------------------------------------------------------------------------------


class Cameras:
    """A camera's switches, with the file that the API's process writes."""

    def __init__(self, folder, utc):
        self.path, self.journal = folder / "inputs.json", folder / "tracks" / "dock" / JOURNAL
        self.clock = FakeClock(utc=utc)
        self.switches = self.born()

    def born(self):
        return LiveSwitches(self.path, journal=self.journal, clock=self.clock)

    def tell(self, *entries):
        write_entries(self.path, entries)

    def look(self, after_s=1.0, *, off_s=0.0):
        self.clock.advance(after_s)
        self.switches.look(self.clock.utc() + off_s)

    def known(self):
        return [(e.input_id, e.from_utc - NIGHT, e.until_utc - NIGHT) for e in read_journal(self.journal)]


@pytest.fixture
def cameras(tmp_path):
    return Cameras(tmp_path, NIGHT)


def test_nothing_is_told_and_nothing_is_written(cameras):
    cameras.look()
    assert not cameras.switches
    assert not cameras.journal.exists()


def test_it_takes_effect_with_the_next_frame(cameras):
    cameras.tell(entry())
    cameras.look()
    assert cameras.known() == [("i1", 1.0, 3600.0)], "not before it was heard of"


def test_one_for_later_waits_for_its_time(cameras):
    cameras.tell(entry(start=NIGHT + 600))
    cameras.look()
    assert cameras.known() == [("i1", 600.0, 3600.0)]


def test_ended_early_it_ends_with_the_next_frame(cameras):
    cameras.tell(entry())
    cameras.look(10)
    cameras.tell(entry(end=NIGHT + 50))
    cameras.look(60)
    assert cameras.known() == [("i1", 10.0, 70.0)]
    assert cameras.switches.switch_at(NIGHT + 69, calendar="working", camera_id="dock", zones=()) is not None
    assert cameras.switches.switch_at(NIGHT + 70, calendar="working", camera_id="dock", zones=()) is None


def test_one_that_is_over_is_not_taken_up(cameras):
    cameras.tell(entry(end=NIGHT + 5))
    cameras.look(10)
    assert cameras.known() == []


def test_a_worker_that_starts_again_knows_what_it_knew_and_says_nothing_twice(cameras):
    cameras.tell(entry())
    cameras.look(10)
    cameras.switches = cameras.born()
    cameras.look(10)
    assert cameras.known() == [("i1", 10.0, 3600.0)]
    assert len(cameras.journal.read_text().splitlines()) == 1


def test_a_recording_has_its_own_time(cameras):
    """Footage of last week, played now: until 22:00 means an hour of its time."""
    cameras.tell(entry())
    cameras.look(10, off_s=-7 * 86_400.0)
    assert cameras.known() == [("i1", 10.0 - 7 * 86_400.0, 3600.0 - 7 * 86_400.0)]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"v": 99, "entries": []}', '{"v": 1, "entries": [{}]}'])
def test_a_file_that_cannot_be_read_changes_nothing(cameras, text):
    cameras.tell(entry())
    cameras.look()
    cameras.path.write_text(text)
    cameras.look()
    assert cameras.known() == [("i1", 1.0, 3600.0)]


def test_a_torn_line_of_the_journal_is_left_out(cameras):
    cameras.tell(entry())
    cameras.look()
    with cameras.journal.open("a") as file:
        file.write('{"input_id": "half')
    assert [e.input_id for e in read_journal(cameras.journal)] == ["i1"]


def test_looking_is_cheap_when_nothing_is_new(cameras, monkeypatch):
    cameras.tell(entry())
    cameras.look()
    monkeypatch.setattr("pipeline.inputs.switches.read_entries", lambda path: 1 / 0)
    for _ in range(10):
        cameras.look(1.0)


def test_file_round_trip(tmp_path):
    entries = [entry(), entry("b", number=2, kind="badge", note="Tür 7: späte Lieferung")]
    write_entries(tmp_path / "inputs.json", entries)
    assert read_entries(tmp_path / "inputs.json") == entries
    assert read_entries(tmp_path / "none") == []


# -- live and replayed ---------------------------------------------------------------------------------------------


def person(utc, x):
    box = np.array([[x - 0.02, 0.4, x + 0.02, 0.6]], np.float32)
    return Tracks(
        camera_id="dock", run_id=1, pts=utc - NIGHT, utc=utc, aspect=1.5, track_id=np.array([1]), xyxy=box,
        score=np.array([0.9], np.float32), class_id=np.array([0], np.int32), observed=np.array([True]),
    )  # fmt: skip


def test_what_rules_said_live_they_say_at_every_replay(cameras, site, tmp_path):
    """Somebody stands in each zone through the night while people set, unset and end inputs."""
    log = TrackLog(tmp_path / "tracks", "dock")
    engine = build_engine(site, "dock", switches=cameras.switches)
    told = {
        20: [entry("late", end=NIGHT + 90, zone_id="bay")],
        50: [entry("late", end=NIGHT + 90, zone_id="bay"), entry("set", number=2, kind="panel_set", end=NIGHT + 500)],
        80: [entry("set", number=2, kind="panel_set", end=NIGHT + 80)],
        110: [entry("unset", number=3, kind="panel_unset", end=NIGHT + 150, note="guard on his round")],
    }
    live = []
    for step in range(200 * 5):
        utc = NIGHT + step / 5.0
        if step % 5 == 0 and step // 5 in told:
            cameras.tell(*told[step // 5])
        cameras.clock.advance(utc - cameras.clock.utc())
        tracks = person(utc, 0.25 if step % 500 < 250 else 0.75)
        log.append(tracks)
        cameras.switches.look(utc)
        live += engine.update(tracks)
    live += engine.close(utc=NIGHT + 200.0, reason="the recording ended")
    log.close()
    footage = LoggedTracks("dock", TrackLog(tmp_path / "tracks", "dock"), -1e18, 1e18)
    again = build_engine(site, "dock", switches=footage.switches)
    events = [event for events in replayed(again, footage.tracks(5.0)) for event in events]
    assert [(e.key, e.state, e.utc, dict(e.why)) for e in events] == [
        (e.key, e.state, e.utc, dict(e.why)) for e in live
    ]
    assert len(live) >= 4
    plain = build_engine(site, "dock")
    without = [event for events in replayed(plain, footage.tracks(5.0)) for event in events]
    assert [(e.state, e.utc) for e in without] != [(e.state, e.utc) for e in live], "the inputs did change something"
    reasons = [e.why["calendar"] for e in live]
    assert "panel set until 2026-11-22 00:08" in reasons, "also for one that was ended early"
    assert not any("late working" in reason or "unset" in reason for reason in reasons), "no alert while disarmed"


def test_entries_are_values():
    assert replace(entry(), note="x") != entry()

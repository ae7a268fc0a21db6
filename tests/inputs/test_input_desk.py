"""Inputs as the API takes them: checked, audited, idempotent, written for the cameras."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from pipeline.clock import FakeClock
from pipeline.errors import BadInput
from pipeline.inputs.desk import LONGEST_S, Inputs, Told
from pipeline.inputs.entry import read_entries
from pipeline.site import parse_site
from pipeline.store import audit
from pipeline.store.life import Conflict, Unknown
from pipeline.store.schema import audit as audit_table
from pipeline.store.store import Store

SITE = """
site: {name: Depot, timezone: UTC}
calendars: {CALENDARS}
cameras:
  dock: {source: dock.mp4, zones: {bay: {polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}}}
  gate: {source: gate.mp4}
"""
ONE = 'working: {open: {mon-fri: ["06:00-22:00"]}}'


class Made:
    def __init__(self, folder, calendars=ONE):
        self.clock = FakeClock(utc=1_795_305_600.0)
        self.path = folder / "inputs.json"
        self.store = Store(folder / "store.sqlite", clock=self.clock)
        self.site = parse_site(SITE.replace("CALENDARS", calendars), "site.yaml")
        self.desk = Inputs(self.store, self.site, path=self.path)

    def audited(self):
        with self.store.changing() as connection:
            rows = connection.execute(sa.select(audit_table).order_by(audit_table.c.id)).all()
            assert audit.broken_row(connection) is None
            return [(row.actor, row.action, row.target) for row in rows]


@pytest.fixture
def made(tmp_path):
    one = Made(tmp_path)
    yield one
    one.store.close()


def test_taken_audited_and_written(made):
    view = made.desk.take(Told(kind="late_working", for_s=3600, who="J. Doe", note="stock count"), actor="panel")
    assert (view["effect"], view["calendar"], view["state"]) == ("disarm", "working", "active")
    (entry,) = read_entries(made.path)
    assert entry.until_utc - entry.from_utc == 3600
    assert "Doe" not in made.path.read_text(), "who stays in the audit"
    assert made.audited() == [("panel", "input", f"input/{view['input_id']}")]
    assert [one["input_id"] for one in made.desk.current()] == [view["input_id"]]


def test_the_same_again_is_the_same(made):
    told = Told(kind="panel_set", for_s=60, input_id="p-1")
    first = made.desk.take(told, actor="panel")
    made.clock.advance(5)
    assert made.desk.take(told, actor="panel") == first
    assert len(made.audited()) == 1
    with pytest.raises(Conflict):
        made.desk.take(Told(kind="panel_unset", for_s=60, input_id="p-1"), actor="panel")


def test_over_by_itself(made):
    made.desk.take(Told(kind="panel_set", for_s=60), actor="panel")
    made.clock.advance(61)
    assert made.desk.current() == []


def test_ended_now(made):
    view = made.desk.take(Told(kind="panel_set", for_s=600), actor="panel")
    made.clock.advance(10)
    assert made.desk.end(view["input_id"], actor="jane")["state"] == "over"
    assert read_entries(made.path)[0].until_utc == made.clock.utc()
    assert made.desk.end(view["input_id"], actor="jane")["state"] == "over"
    assert [action for _, action, _ in made.audited()] == ["input", "end_input"]
    with pytest.raises(Unknown):
        made.desk.end("none", actor="jane")


WRONG = [
    ("another kind", {"kind": "fire", "for_s": 60}, "late_working"),
    ("another calendar", {"kind": "panel_set", "calendar": "shop", "for_s": 60}, "the site has working"),
    ("another camera", {"kind": "badge", "camera_id": "door", "for_s": 60}, "the site has dock, gate"),
    ("another zone", {"kind": "badge", "zone_id": "yard", "for_s": 60}, "the site has bay"),
    (
        "a zone of another camera",
        {"kind": "badge", "camera_id": "gate", "zone_id": "bay", "for_s": 60},
        "the site has none",
    ),
    ("no end", {"kind": "panel_set"}, "one of until and for_s"),
    ("two ends", {"kind": "panel_set", "until_utc": 2e9, "for_s": 60}, "one of until and for_s"),
    ("over before it begins", {"kind": "panel_set", "until_utc": 1_795_305_599.0}, "must end after"),
    ("for ever", {"kind": "panel_set", "for_s": LONGEST_S + 1}, "within 31 days"),
]


@pytest.mark.parametrize(("word", "told", "said"), WRONG, ids=[row[0] for row in WRONG])
def test_what_cannot_be_is_refused_with_what_can(made, word, told, said):
    with pytest.raises(BadInput, match=said):
        made.desk.take(Told(**told), actor="panel")
    assert made.audited() == []
    assert read_entries(made.path) == []


@pytest.mark.parametrize(
    ("calendars", "said"), [("", "none to arm"), (f"{ONE}, shop: {{open: {{}}}}", "working, shop")]
)
def test_which_calendar_must_be_clear(tmp_path, calendars, said):
    one = Made(tmp_path, calendars)
    with pytest.raises(BadInput, match=said):
        one.desk.take(Told(kind="panel_set", for_s=60), actor="panel")
    one.desk.take(Told(kind="badge", for_s=60), actor="panel")
    one.store.close()


def test_a_restart_writes_the_file_anew(made):
    made.desk.take(Told(kind="panel_set", for_s=60), actor="panel")
    made.path.unlink()
    again = Inputs(made.store, made.site, path=made.path)
    assert len(read_entries(made.path)) == 1
    assert again.hours("working").is_open(made.clock.utc()) is False


def test_hours_follow_what_is_told(made):
    hours = made.desk.hours("working")
    now = made.clock.utc()
    assert hours.is_open(now) is False
    made.desk.take(Told(kind="panel_unset", for_s=60), actor="panel")
    assert hours.is_open(now) is True


def test_a_file_that_cannot_be_written_is_told_in_the_log_and_kept_in_the_store(made, caplog):
    made.path.unlink()
    made.path.mkdir()
    made.desk.take(Told(kind="panel_set", for_s=60), actor="panel")
    assert len(made.desk.current()) == 1
    assert "cannot be written" in caplog.text

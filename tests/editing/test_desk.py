"""One document, in versions, from page and file alike."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pipeline.clock import FakeClock
from pipeline.editing.changes import Changes
from pipeline.editing.desk import Conflict, SiteDesk
from pipeline.editing.versions import Versions, difference
from pipeline.errors import SiteError
from pipeline.site import Site

SITE = """\
site: {name: Depot, timezone: UTC}
calendars:
  working: {open: {mon-fri: ["06:00-22:00"]}}
  spare: {open: {}}
cameras:
  dock:
    source: dock.mp4
    zones: {bay: {polygon: [[0.1, 0.5], [0.6, 0.5], [0.6, 0.95]]}}
    rules: [{id: linger, kind: loitering, zone: bay, dwell_s: 60}]
  yard:
    source: yard.mp4
    zones: {all: {polygon: [[0, 0], [1, 0], [1, 1]]}}
    rules: [{id: night, kind: after_hours, zone: all, calendar: working}]
"""


class Bench:
    """A desk over a file, and what it applied."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "site.yaml"
        self.path.write_text(SITE)
        self.folder = folder
        self.applied: list[Changes] = []
        self.desk = self.open()

    def open(self) -> SiteDesk:
        return SiteDesk(
            self.path, name=str(self.path), versions=Versions(self.folder / "versions"), clock=FakeClock(utc=1000.0),
            apply=self.apply,
        )  # fmt: skip

    def apply(self, text: str, site: Site, touched: Changes) -> None:
        self.applied.append(touched)

    def with_dwell(self, seconds: float) -> str:
        document = self.desk.document()
        rules = document.get("cameras", "dock", "rules")
        rules[0]["dwell_s"] = seconds
        document.put(rules, "cameras", "dock", "rules")
        return document.text()

    def save(self, text: str) -> None:
        self.desk.save(text, seen=self.desk.version.digest, actor="ines")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_only_the_changed_camera_is_touched(bench: Bench) -> None:
    bench.save(bench.with_dwell(90))
    assert bench.applied == [Changes((), (), ("dock",))]
    assert bench.path.read_text() == SITE.replace("dwell_s: 60", "dwell_s: 90")


@pytest.mark.parametrize(
    ("old", "new", "touched"),
    [
        ("06:00-22:00", "05:00-22:00", Changes((), (), ("yard",))),
        ("spare: {open: {}}", "spare: {open: {sat: ['08:00-09:00']}}", Changes((), (), ())),
        ("timezone: UTC", "timezone: Europe/Paris", Changes((), (), ("dock", "yard"))),
        ("name: Depot", "name: Other", Changes((), (), ("dock", "yard"))),
        ("  dock:\n", "  quay:\n", Changes(("quay",), ("dock",), ())),
    ],
    ids=["a calendar that one asks", "a calendar that nobody asks", "time zone", "name", "another id"],
)
def test_what_touches_whom(bench: Bench, old: str, new: str, touched: Changes) -> None:
    bench.save(SITE.replace(old, new))
    assert bench.applied == [touched]


def test_a_bad_one_is_refused_whole(bench: Bench) -> None:
    with pytest.raises(SiteError, match="dwell_s"):
        bench.save(bench.with_dwell(-1))
    assert bench.path.read_text() == SITE
    assert bench.applied == []
    assert len(bench.desk.versions()) == 1


def test_two_installers_do_not_overwrite_each_other(bench: Bench) -> None:
    seen, mine, theirs = bench.desk.version.digest, bench.with_dwell(70), bench.with_dwell(80)
    bench.desk.save(theirs, seen=seen, actor="tom", note="longer")
    with pytest.raises(Conflict, match=r"version 2 \(tom: longer\) came in between"):
        bench.desk.save(mine, seen=seen, actor="ines")
    assert bench.desk.site.cameras["dock"].rules[0].dwell_s == 80  # type: ignore[union-attr]


def test_an_edit_in_the_file_is_taken_up_and_comes_before_a_page_that_has_not_seen_it(bench: Bench) -> None:
    seen = bench.desk.version.digest
    bench.path.write_text(SITE.replace("dwell_s: 60", "dwell_s: 45"))
    with pytest.raises(Conflict, match="file: edited in the file"):
        bench.desk.save(SITE.replace("dwell_s: 60", "dwell_s: 99"), seen=seen, actor="ines")
    assert bench.applied == [Changes((), (), ("dock",))]
    assert [version.actor for version in bench.desk.versions()] == ["file", "file"]


def test_a_file_with_faults_changes_nothing_until_it_is_mended(bench: Bench) -> None:
    bench.path.write_text(SITE.replace("dwell_s: 60", "dwell: 60"))
    assert bench.desk.take_up() is None
    assert "dwell" in (bench.desk.fault or "")
    with pytest.raises(Conflict, match="mend it first"):
        bench.save(bench.with_dwell(70))
    bench.path.write_text(SITE)
    bench.desk.take_up()
    assert bench.desk.fault is None
    assert bench.applied == []


def test_versions_roll_back_to_the_very_file(bench: Bench) -> None:
    bench.save(bench.with_dwell(90))
    saved = bench.desk.roll_back(1, seen=bench.desk.version.digest, actor="ines")
    assert bench.path.read_text() == SITE
    assert (saved.version.number, saved.version.note) == (3, "back to version 1")
    with pytest.raises(KeyError):
        bench.desk.roll_back(9, seen=saved.version.digest, actor="ines")


def test_a_restart_knows_the_versions_and_what_was_edited_meanwhile(bench: Bench) -> None:
    bench.save(bench.with_dwell(90))
    assert bench.open().version.number == 2
    bench.path.write_text(SITE)
    again = bench.open()
    assert (again.version.number, again.version.note) == (3, "edited in the file")


def test_versions_are_for_this_user_alone(bench: Bench) -> None:
    for path in (bench.folder / "versions").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_disk_that_refuses_leaves_the_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.editing.desk.write_whole", full)
    with pytest.raises(OSError, match="No space"):
        bench.save(bench.with_dwell(90))
    assert bench.path.read_text() == SITE
    assert bench.applied == []


def test_differences_show_no_password() -> None:
    lines = difference("source: rtsp://u:old1@h/x\n", "source: rtsp://u:s3cret@h/x\n")
    assert lines
    assert "s3cret" not in "\n".join(lines)
    assert "old1" not in "\n".join(lines)

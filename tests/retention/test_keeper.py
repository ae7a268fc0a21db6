"""Nothing lies longer than its time, nothing that is held goes before it, and alerts never stop (goal P2)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline import inbox
from pipeline.alerts.evidence import FULL, EvidenceFolder
from pipeline.clock import SystemClock
from pipeline.errors import SiteError
from pipeline.site import parse_site
from pipeline.store import keeping
from pipeline.store.schema import audit, feed, messages, sinks
from pipeline.track.log import TrackLog

HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("word", "resolved", "after_s", "there"),
    [
        ("nuisance, just before its time", "nuisance", 71.9 * HOUR, True),
        ("nuisance, past its time", "nuisance", 72.1 * HOUR, False),
        ("authorised, past its time", "authorised", 72.1 * HOUR, False),
        ("could not be verified, past its time", "could_not_verify", 72.1 * HOUR, False),
        ("real, past the time of others", "real", 300 * DAY, True),
        ("real, past the legal cap", "real", 365.1 * DAY, False),
        ("unresolved, past the time of others", None, 300 * DAY, True),
        ("unresolved, past the legal cap", None, 365.1 * DAY, False),
    ],
)
def test_evidence_has_its_time(place: Any, word: str, resolved: str | None, after_s: float, there: bool) -> None:
    path = place.alert("k1", resolved=resolved)
    place.clock.advance(after_s)
    place.keeper().run_once()
    assert path.exists() is there, word
    assert bool((place.store.alert("k1") or {}).get("evidence")) is there, word


def test_time_runs_from_the_resolution_and_not_from_the_alert(place: Any) -> None:
    path = place.alert("k1")
    place.clock.advance(100 * DAY)
    place.store.resolve("k1", actor="ann", disposition="nuisance")
    place.clock.advance(71 * HOUR)
    place.keeper().run_once()
    assert path.exists()
    place.clock.advance(2 * HOUR)
    place.keeper().run_once()
    assert not path.exists()
    assert not path.parent.exists()


def test_an_escalation_after_the_resolution_holds_the_files_of_its_alert(place: Any) -> None:
    path = place.alert("k1", resolved="nuisance")
    place.clock.advance(HOUR)
    worse = place.message("k1", change="update")
    worse = worse.model_copy(update={"body": worse.body.model_copy(update={"severity": "high"})})
    place.store.ingest([worse])
    assert len(place.store.alerts().items) == 2
    place.clock.advance(80 * HOUR)
    place.keeper().run_once()
    assert path.exists()


def test_files_of_no_alert_go_and_those_just_written_stay(place: Any) -> None:
    kept = place.alert("k1")
    old, new = place.data.evidence / place.file("lost").path, place.data.evidence / place.file("fresh").path
    os.utime(old, (place.clock.utc() - 74 * HOUR,) * 2)
    os.utime(new, (place.clock.utc() - 1 * HOUR,) * 2)
    os.utime(kept, (place.clock.utc() - 74 * HOUR,) * 2)
    place.keeper().run_once()
    assert [path.exists() for path in (kept, old, new)] == [True, False, True]


def test_a_quota_takes_nuisance_first_and_what_is_held_never(place: Any) -> None:
    fates = ["real", None, "authorised", "no_person", "nuisance", "nuisance"]
    paths = {}
    for number, fate in enumerate(fates):
        place.clock.advance(60)
        paths[number] = place.alert(f"k{number}", size=100_000, resolved=fate)
    keeper = place.keeper(evidence_gb=0.0004)
    keeper.run_once()
    assert [paths[n].exists() for n in range(6)] == [True, True, True, False, False, False]
    assert keeper.latest.evidence_bytes == 300_000
    assert place.system() == []


def test_where_only_held_evidence_is_left_pictures_stop_and_alerts_go_on(place: Any) -> None:
    held = [place.alert(f"k{n}", size=100_000) for n in range(3)]
    keeper = place.keeper(evidence_gb=0.0002)
    keeper.run_once()
    keeper.run_once()
    assert all(path.exists() for path in held)
    assert place.system() == [("evidence_quota", False)]
    folder = EvidenceFolder(place.data.evidence, reserve_bytes=0)
    assert not folder.has_room()
    assert folder.write_snapshot("k9", b"jpeg") is None
    place.store.ingest([place.message("k9")])
    assert place.store.alert("k9")["evidence"] == []
    for number in range(3):
        place.store.resolve(f"k{number}", actor="ann", disposition="nuisance")
    keeper.run_once()
    assert place.system() == [("evidence_quota", True)]
    assert folder.has_room()
    assert not (place.data.evidence / FULL).exists()


def test_a_warning_outlives_a_restart_of_the_service(place: Any) -> None:
    place.alert("k1", size=95_000)
    place.keeper(evidence_gb=0.0001).run_once()
    place.keeper(evidence_gb=0.0001).run_once()
    assert place.system() == [("evidence_quota", False)]


def test_track_logs_go_by_day_and_one_being_written_stays(place: Any, frame: Callable[..., Any]) -> None:
    now = place.clock.utc()
    with TrackLog(place.data.tracks(), "dock 1/2") as log:
        for back in (40, 31.5, 20, 0):
            log.append(frame(now - back * DAY, "dock 1/2"))
    for number, path in enumerate(sorted((place.data.tracks() / "dock%201%2F2").iterdir())):
        at = now if number == 1 else now - 35 * DAY
        os.utime(path, (at, at))
    swept = place.keeper().run_once()
    assert swept.removed == {"track log segments": 1}
    left = [round((now - t.utc) / DAY, 1) for t in TrackLog(place.data.tracks(), "dock 1/2").read(0, now + 1)]
    assert left == [31.5, 20, 0]


def count(place: Any, table: sa.Table) -> int:
    with place.store.changing() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)))


def test_history_is_forgotten_and_alerts_stay_until_theirs(place: Any) -> None:
    place.alert("old", resolved="nuisance")
    place.clock.advance(31 * DAY)
    place.alert("new")
    place.keeper().run_once()
    assert place.store.alert("old")["evidence"] == []
    assert count(place, feed) == 2
    assert count(place, messages) == 2
    place.clock.advance(340 * DAY)
    place.keeper().run_once()
    assert place.store.alert("old") is None
    assert place.store.incident("i-old") is None
    assert place.store.alert("new") is not None


def test_numbers_of_the_feed_go_on_where_they_were(place: Any) -> None:
    place.alert("k1")
    before = place.store.feed_seq()
    place.clock.advance(31 * DAY)
    place.keeper().run_once()
    place.alert("k2")
    assert place.store.feed_seq() == before + 2


def test_changes_that_a_sink_has_not_come_to_wait_for_it(place: Any) -> None:
    place.alert("k1")
    with place.store.changing() as connection:
        connection.execute(sa.insert(sinks).values(sink="hook", cursor=1))
    place.clock.advance(31 * DAY)
    place.keeper().run_once()
    assert [change.feed_seq for change in place.store.feed_after(0)] == [2]
    place.clock.advance(31 * DAY)
    place.keeper().run_once()
    assert place.store.feed_after(0) == []


def test_one_kind_of_data_that_refuses_does_not_keep_the_others(
    place: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = place.alert("k1", resolved="nuisance")
    place.clock.advance(80 * HOUR)

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(keeping, "known_paths", refuse)
    swept = place.keeper().run_once()
    assert not path.exists()
    assert swept.removed["evidence files past their time"] == 1
    assert "retention: orphans" in caplog.text


def test_a_path_that_leads_out_is_left_alone(place: Any, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_text("keep me")
    place.alert("k1", resolved="nuisance")
    from pipeline.store.schema import evidence

    with place.store.changing() as connection:
        connection.execute(sa.update(evidence).values(path="../../precious"))
    place.clock.advance(80 * HOUR)
    place.keeper().run_once()
    assert outside.exists()


def test_requests_of_commands_are_answered(place: Any) -> None:
    row = {"actor": "ann", "action": "export", "target": "alert/k1", "detail": {"sha256": "x"}}
    good = inbox.ask(place.data.inbox, "audit", row)
    bad = inbox.ask(place.data.inbox, "dance", {})
    (place.data.inbox / "junk.ask").write_text("{")
    keeper = place.keeper()
    keeper.start()
    clock = SystemClock()
    assert inbox.wait_for(good, clock=clock, within_s=10) == {"ok": True}
    answer = inbox.wait_for(bad, clock=clock, within_s=10)
    assert answer is not None
    assert not answer["ok"]
    assert not good.exists()
    with place.store.changing() as connection:
        assert connection.execute(sa.select(audit.c.action)).scalar_one() == "export"
    keeper.stop()
    assert (place.data.inbox / "junk.bad").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB, where this user may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, check=False
    ) if shutil.which("mount") else None  # fmt: skip
    if made is None or made.returncode != 0:
        pytest.skip("this user may not mount a small disk; the quota's tests cover the same at the port")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_costs_pictures_and_never_alerts(place: Any, small_disk: Path) -> None:
    """The evidence folder lies on a disk of its own that fills up: alerts are stored, without files."""
    place.data.evidence.rmdir()
    place.data.evidence.symlink_to(small_disk)
    folder = EvidenceFolder(place.data.evidence, reserve_bytes=0)
    written = [folder.write_snapshot(f"k{n}", bytes(600_000)) for n in range(6)]
    assert [item is not None for item in written] == [True, True, True, False, False, False]
    assert not list(small_disk.rglob("*.part"))
    place.store.ingest([place.message(f"k{n}") for n in range(6)])
    assert len(place.store.alerts().items) == 6
    keeper = place.keeper()
    keeper._reserve_bytes = 500_000
    keeper.run_once()
    assert place.system() == [("evidence_disk", False)]
    (small_disk / "k0/k0/snapshot.jpg").unlink()
    keeper.run_once()
    assert place.system() == [("evidence_disk", True)]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("retention: {evidence_h: 0}", "evidence_h"),
        ("retention: {evidence_h: -5}", "evidence_h"),
        ("retention: {feed_days: 2}", "feed_days"),
        ("retention: {evidence: 72}", "evidence"),
        ("retention: 72", "retention"),
    ],
)
def test_bad_settings_are_named(line: str, named: str) -> None:
    with pytest.raises(SiteError, match=named):
        parse_site(f"site: {{name: A, timezone: UTC}}\ncameras: {{}}\n{line}\n", "site.yaml")


def test_settings_of_the_site_file() -> None:
    site = parse_site("site: {name: A, timezone: UTC}\ncameras: {}\nretention: {evidence_h: 24, tracks_days: 7}\n", "s")
    assert (site.retention.evidence_h, site.retention.tracks_days, site.retention.held_days) == (24, 7, 365)

"""From the operator's word to the learner: what ended as real is told to the cameras that learn, and to no other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipeline.alerts.message import Message, alert_message
from pipeline.clock import FakeClock
from pipeline.feedback import BACK_S, Feedback
from pipeline.site import Site, parse_site
from pipeline.store.life import Disposition
from pipeline.store.store import Store
from pipeline.types import Alert, Event
from pipeline.verdicts import read_verdicts

CAMERAS = """
site: {name: depot, timezone: Europe/Brussels}
cameras:
  yard: {source: a.mp4, rules: [{id: usual, kind: unusual_route, false_alarms_per_week: 1}]}
  dock: {source: b.mp4}
"""


def message(key: str, *, camera_id: str = "yard", utc: float) -> Message:
    event = Event(
        kind="unusual_route", state="start", rule_id="usual", rule_version="v1", camera_id=camera_id, run_id=1,
        track_ids=(1,), zone_id=None, since_utc=utc, utc=utc, pts=1.0, score=0.5, why={}, key=key,
    )  # fmt: skip
    alert = Alert(
        alert_id=key, incident_id=key, severity="low", state="new", trial=False, detector="yolox", event=event
    )
    return alert_message(alert, raised_utc=utc)


@pytest.fixture
def site() -> Site:
    return parse_site(CAMERAS, "site.yaml")


@pytest.fixture
def store(tmp_path: Path):
    made = Store(tmp_path / "store.sqlite", clock=FakeClock())
    yield made
    made.close()


def end(store: Store, key: str, disposition: Disposition) -> None:
    store.resolve(key, actor="anna", disposition=disposition)


def test_only_what_is_resolved_is_told_and_only_of_cameras_that_learn(store: Store, site: Site, tmp_path: Path) -> None:
    feedback = Feedback(store, site, path=tmp_path / "verdicts.json")
    now = store.clock.utc()
    feedback.tell()
    assert read_verdicts(tmp_path / "verdicts.json") == {}
    old = now - BACK_S - 10
    store.ingest([message(key, utc=now) for key in ("k1", "k2", "open")] + [message("old", utc=old)])
    store.ingest([message("dock", camera_id="dock", utc=now)])
    end(store, "k1", "real")
    end(store, "k2", "nuisance")
    for key in ("dock", "old"):
        end(store, key, "real")
    feedback.tell()
    assert read_verdicts(tmp_path / "verdicts.json") == {"k1": True, "k2": False}


def test_while_it_runs_a_resolution_reaches_the_file(store: Store, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    store.ingest([message("k1", utc=store.clock.utc())])
    end(store, "k1", "real")
    feedback = Feedback(store, site, path=path)
    feedback.start()
    feedback.start()
    patience = time.monotonic() + 20.0
    while not path.exists() and time.monotonic() < patience:
        time.sleep(0.01)
    feedback.stop()
    feedback.stop()
    assert read_verdicts(path) == {"k1": True}
    assert store._listeners == []


def test_a_site_that_learns_nothing_writes_nothing(store: Store, tmp_path: Path) -> None:
    text = CAMERAS.replace(", rules: [{id: usual, kind: unusual_route, false_alarms_per_week: 1}]", "")
    feedback = Feedback(store, parse_site(text, "site.yaml"), path=tmp_path / "v")
    feedback.start()
    feedback.stop()
    assert not (tmp_path / "v").exists()


def test_a_disk_that_refuses_is_tried_again(store: Store, site: Site, tmp_path: Path) -> None:
    feedback = Feedback(store, site, path=tmp_path / "absent" / "verdicts.json")
    feedback.tell()
    (tmp_path / "absent").mkdir()
    feedback.tell()
    assert read_verdicts(tmp_path / "absent" / "verdicts.json") == {}

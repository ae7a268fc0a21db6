"""Events become alerts with evidence: what is posted when, and what a refusing disk costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.announce import Announcer, Cut
from pipeline.types import Alert, Event, Evidence, Frame, Tracks


class Blank:
    width, height = 64, 36


def event(state: str = "start", *, pts: float = 20.0, dwell_s: float = 8.0, key: str = "k1") -> Event:
    return Event(
        kind="loitering", state=state, rule_id="r", rule_version="1", camera_id="c", run_id=1, track_ids=(1,),  # type: ignore[arg-type]
        zone_id="z", since_utc=1000 + pts - dwell_s, utc=1000 + pts, pts=pts, score=0.9, why={}, key=key,
    )  # fmt: skip


def seen(pts: float, *, run_id: int = 1) -> tuple[Frame, Tracks]:
    frame = Frame(camera_id="c", run_id=run_id, seq=int(pts * 10), pts=pts, utc=1000 + pts, picture=Blank())  # type: ignore[arg-type]
    return frame, Tracks.empty(camera_id="c", run_id=run_id, pts=pts, utc=1000 + pts, aspect=16 / 9)


@dataclass
class Posted:
    alerts: list[Alert] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    starts: list[float | None] = field(default_factory=list)

    def alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def evidence(self, alert_id: str, evidence: Evidence) -> None:
        self.files.append((alert_id, evidence.kind))
        self.starts.append(evidence.start_utc)


@dataclass
class Drawn:
    folder: Path
    room: bool = True

    def watch(self, tracks: Tracks) -> None:
        pass

    def snapshot(self, alert: Alert, frame: Frame, tracks: Tracks) -> Evidence | None:
        return Evidence(kind="snapshot", path="s.jpg", sha256="0" * 64, media_type="image/jpeg") if self.room else None

    def record(self, alert: Alert, tracks: Tracks) -> Evidence | None:
        return (
            Evidence(kind="record", path="r.json", sha256="0" * 64, media_type="application/json")
            if self.room
            else None
        )

    def clip_path(self, alert_id: str) -> Path:
        return self.folder / f"{alert_id}.mp4"

    def clip(self, alert_id: str, sha256: str) -> Evidence:
        return Evidence(kind="clip", path="c.mp4", sha256=sha256, media_type="video/mp4")

    def has_room(self) -> bool:
        return self.room


class Cuts:
    def __init__(self, *, sha256: str | None = "1" * 64) -> None:
        self.asked: list[tuple[float, float]] = []
        self.sha256 = sha256

    def __call__(self, since_pts: float, until_pts: float, path: Path) -> Cut | None:
        self.asked.append((since_pts, until_pts))
        return None if self.sha256 is None else Cut(self.sha256, since_pts)


class NoLog:
    def append(self, tracks: Tracks) -> None:
        pass


def alert_of(event: Event) -> Alert:
    return Alert(
        alert_id=event.key, incident_id="i", severity="high", state="new", trial=False, detector="motion", event=event
    )


def announcer(tmp_path: Path, cuts: Cuts, *, room: bool = True) -> tuple[Announcer, Posted]:
    posted = Posted()
    made = Announcer(apply=alert_of, post=posted, draw=Drawn(tmp_path, room), track_log=NoLog(), cutter=lambda: cuts)
    return made, posted


@pytest.mark.parametrize(
    ("word", "pts", "dwell_s", "since", "until"),
    [
        ("from where it began", 20.0, 8.0, 12.0, 30.0),
        ("at most 60 s back", 300.0, 200.0, 240.0, 310.0),
        ("never before the stream", 3.0, 8.0, 0.0, 13.0),
    ],
)
def test_clip_spans(tmp_path: Path, word: str, pts: float, dwell_s: float, since: float, until: float) -> None:
    cuts = Cuts()
    made, posted = announcer(tmp_path, cuts)
    made.analysed(*seen(pts), [event(pts=pts, dwell_s=dwell_s)])
    made.analysed(*seen(until - 0.2), [])
    assert cuts.asked == []
    made.analysed(*seen(until), [])
    made.flush()
    assert cuts.asked == [(since, until)]
    assert posted.files == [("k1", "clip")]


def test_a_clip_says_when_its_first_picture_was_taken(tmp_path: Path) -> None:
    made, posted = announcer(tmp_path, Cuts())
    told = event(pts=20.0, dwell_s=8.0)
    made.analysed(*seen(20), [told])
    made.closed([])
    made.flush()
    assert posted.starts == [told.utc - 8.0]


def test_alert_goes_out_with_its_picture_and_later_states_without(tmp_path: Path) -> None:
    made, posted = announcer(tmp_path, Cuts())
    made.analysed(*seen(20), [event()])
    made.analysed(*seen(25), [event("update", pts=25)])
    made.closed([event("end", pts=26)])
    made.flush()
    assert [(a.event.state, [e.kind for e in a.evidence]) for a in posted.alerts] == [
        ("start", ["snapshot", "record"]), ("update", []), ("end", []),
    ]  # fmt: skip
    assert made.raised == 1


def test_a_full_disk_costs_the_picture_never_the_alert(tmp_path: Path) -> None:
    cuts = Cuts()
    made, posted = announcer(tmp_path, cuts, room=False)
    made.analysed(*seen(20), [event()])
    made.closed([])
    made.flush()
    assert [a.evidence for a in posted.alerts] == [()]
    assert (cuts.asked, posted.files) == ([], [])


def test_a_clip_that_cannot_be_cut_is_not_announced(tmp_path: Path) -> None:
    made, posted = announcer(tmp_path, Cuts(sha256=None))
    made.analysed(*seen(20), [event()])
    made.closed([])
    made.flush()
    assert posted.files == []


def test_a_new_connection_cuts_what_the_old_one_still_holds(tmp_path: Path) -> None:
    cuts = Cuts()
    made, _ = announcer(tmp_path, cuts)
    made.analysed(*seen(20), [event()])
    made.analysed(*seen(0.2, run_id=2), [])
    made.flush()
    assert cuts.asked == [(12.0, 30.0)]


def test_pending_clips_survive_a_restart(tmp_path: Path) -> None:
    made, _ = announcer(tmp_path, Cuts())
    made.analysed(*seen(20), [event()])
    saved: list[dict[str, Any]] = made.pending()
    cuts = Cuts()
    again, posted = announcer(tmp_path, cuts)
    again.restore(saved)
    again.analysed(*seen(30), [])
    again.flush()
    assert cuts.asked == [(12.0, 30.0)]
    assert posted.files == [("k1", "clip")]


def test_the_learner_hears_whom_alerts_are_about(tmp_path: Path) -> None:
    class Learner:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def watch(self, tracks: Tracks) -> None:
            self.seen.append("watch")

        def suspect(self, event: Event) -> None:
            self.seen.append(event.key)

    learner = Learner()
    said = {"told": True, "held back by the policy": False}
    made = Announcer(
        apply=lambda event: alert_of(event) if said[event.key] else None, post=Posted(), draw=Drawn(tmp_path, True),
        track_log=NoLog(), cutter=Cuts, learner=learner,
    )  # fmt: skip
    for key in said:
        made.closed([event(key=key)])
    assert learner.seen == ["told"]

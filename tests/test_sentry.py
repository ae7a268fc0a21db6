"""One alert for one cause, in ten seconds, told once and ended once, whatever restarts meanwhile (I1, Cameras 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.clock import FakeClock
from pipeline.errors import StoreError
from pipeline.sentry import LOOK_S, OpenEpisode, Post, Sentry, network_of
from pipeline.types import CameraStatus


class Yard:
    """Cameras that report every half second, as their processes do, and everything that was told of them."""

    def __init__(self, names: list[str], *, network: str = "10.0.9.0/24", before: list[OpenEpisode] | None = None):
        self.clock = FakeClock()
        self.posts = {name: Post(network=network, zones=[f"{name}-bay"]) for name in names}
        self.state: dict[str, Any] = dict.fromkeys(names, "running")
        self.frame_utc: dict[str, float | None] = dict.fromkeys(names, self.clock.utc())
        self.reports: dict[str, CameraStatus] = {}
        self.told: list[tuple[str, str, list[str], float]] = []
        self.whys: list[dict[str, Any]] = []
        self.refusing = False
        self.sentry = self.new(before or [])

    def new(self, before: list[OpenEpisode]) -> Sentry:
        return Sentry(self.posts, status=self.status, tell=self.tell, clock=self.clock, before=before)

    def status(self) -> list[CameraStatus]:
        return list(self.reports.values())

    def tell(self, *, code: str, since_utc: float, change: str, camera_id: str, **why: Any) -> None:
        if self.refusing:
            raise StoreError("the disk is full")
        assert code == "camera_down"
        self.told.append((change, camera_id, why["away"], since_utc))
        self.whys.append(why)

    def run(self, seconds: float) -> None:
        for step in range(round(seconds / LOOK_S)):
            self.clock.advance(LOOK_S)
            now = self.clock.utc()
            for name, state in self.state.items():
                if state == "running":
                    self.frame_utc[name] = now
                if step % 2 == 0 and state != "hung":
                    self._report(name, state, now)
            self.sentry.run_once()

    def _report(self, name: str, state: str, now: float) -> None:
        frame_utc = self.frame_utc[name]
        error = None if state == "running" else f"camera {name} does not answer"
        self.reports[name] = CameraStatus(
            camera_id=name, state=state, fps_done=5.0, frame_age_s=None if frame_utc is None else now - frame_utc,  # type: ignore[arg-type]
            error=error, utc=now,
        )  # fmt: skip

    @property
    def changes(self) -> list[str]:
        return [change for change, *_ in self.told]


@pytest.mark.parametrize("state", ["timed_out", "refused", "no_video", "decoding_errors", "crashed", "hung"])
def test_told_once_within_ten_seconds_of_the_last_picture_and_ended_once(state: str) -> None:
    yard = Yard(["dock"])
    yard.run(20)
    lost_utc = yard.clock.utc()
    yard.state["dock"] = state
    yard.run(8.5)
    assert yard.told == []
    yard.run(1.5)
    assert yard.changes == ["start"]
    assert yard.told[0][3] == pytest.approx(lost_utc, abs=1.0)
    assert yard.whys[0]["unguarded"] == {"dock": ["dock-bay"]}
    assert yard.whys[0]["topic"] == "tns1:VideoSource/SignalLoss"
    yard.run(3600)
    yard.state["dock"] = "running"
    yard.run(2)
    assert yard.changes == ["start", "end"]
    yard.run(60)
    assert yard.changes == ["start", "end"]


def test_a_short_loss_is_none() -> None:
    yard = Yard(["dock"])
    for _ in range(20):
        yard.state["dock"] = "timed_out"
        yard.run(7)
        yard.state["dock"] = "running"
        yard.run(10)
    assert yard.told == []


@pytest.mark.parametrize(("word", "spread_s"), [("all at once", 0.0), ("as their time-outs run out", 0.5)])
def test_a_switch_that_dies_is_one_alert_and_not_sixteen(word: str, spread_s: float) -> None:
    names = [f"c{n:02}" for n in range(16)]
    yard = Yard(names)
    yard.run(20)
    for name in names:
        yard.state[name] = "timed_out"
        yard.run(spread_s)
    yard.run(60)
    assert yard.changes.count("start") == 1, word
    assert sorted(yard.told[-1][2]) == names
    assert "16 cameras" in yard.whys[-1]["sentence"]
    for name in names:
        yard.state[name] = "running"
        yard.run(1)
    yard.run(3)
    assert yard.changes.count("start") == 1
    assert yard.changes.count("end") == 1
    assert yard.changes[-1] == "end"


def test_cameras_lost_at_different_times_or_places_are_different_causes() -> None:
    yard = Yard(["a", "b", "c"])
    yard.posts["c"] = replace(yard.posts["c"], network="10.0.8.0/24")
    yard.run(20)
    yard.state["a"] = yard.state["c"] = "timed_out"
    yard.run(30)
    yard.state["b"] = "timed_out"
    yard.run(30)
    assert [(change, away) for change, _, away, _ in yard.told] == [
        ("start", ["a"]),
        ("start", ["c"]),
        ("start", ["b"]),
    ]


def test_one_that_comes_back_and_goes_again_is_a_new_episode() -> None:
    yard = Yard(["a", "b"])
    yard.run(20)
    yard.state.update(a="timed_out", b="timed_out")
    yard.run(30)
    yard.state["a"] = "running"
    yard.run(60)
    yard.state["a"] = "timed_out"
    yard.run(30)
    assert [(change, away) for change, _, away, _ in yard.told] == [
        ("start", ["a", "b"]), ("update", ["b"]), ("start", ["a"])
    ]  # fmt: skip


def test_a_camera_that_never_gave_a_picture() -> None:
    yard = Yard(["dock"])
    yard.frame_utc["dock"] = None
    yard.state["dock"] = "misconfigured"
    yard.run(8)
    assert yard.told == []
    yard.run(2)
    assert yard.changes == ["start"]


def test_loading_takes_a_minute_at_most() -> None:
    yard = Yard(["dock"])
    yard.frame_utc["dock"] = None
    yard.state["dock"] = "starting"
    yard.run(58)
    assert yard.told == []
    yard.run(4)
    assert yard.changes == ["start"]


def test_a_process_that_starts_anew_in_time_is_no_loss_and_one_that_does_not_is_told_from_its_last_picture() -> None:
    yard = Yard(["dock"])
    yard.run(3600)
    for away_s, told in ((6, []), (12, ["start", "end"])):
        lost_utc = yard.clock.utc()
        yard.state["dock"], yard.frame_utc["dock"] = "starting", None
        yard.run(away_s)
        yard.state["dock"] = "running"
        yard.run(30)
        assert yard.changes == told
    assert yard.told[0][3] == pytest.approx(lost_utc, abs=0.6)


def test_a_file_that_has_ended_is_no_loss() -> None:
    yard = Yard(["dock"])
    yard.state["dock"] = "ended"
    yard.run(600)
    assert yard.told == []


def test_what_the_store_did_not_take_is_told_again() -> None:
    yard = Yard(["dock"])
    yard.run(5)
    yard.state["dock"] = "timed_out"
    yard.refusing = True
    yard.run(30)
    assert yard.told == []
    yard.refusing = False
    yard.run(1)
    assert yard.changes == ["start"]
    yard.refusing, yard.state["dock"] = True, "running"
    yard.run(10)
    yard.refusing = False
    yard.run(1)
    assert yard.changes == ["start", "end"]


@pytest.mark.parametrize(
    ("word", "still_away", "expected"), [("still away", True, []), ("back meanwhile", False, ["end"])]
)
def test_an_episode_goes_on_over_a_restart_of_the_service(word: str, still_away: bool, expected: list[str]) -> None:
    before = OpenEpisode("a", 1000.0, {"cameras": ["a", "gone"], "away": ["a", "gone"], "network": "10.0.9.0/24"})
    yard = Yard(["a"], before=[before])
    if still_away:
        yard.state["a"], yard.frame_utc["a"] = "timed_out", None
    yard.run(60)
    assert yard.changes == expected, word
    if expected:
        assert yard.told[0][3] == 1000.0


def test_an_episode_of_a_camera_that_is_configured_no_more_ends() -> None:
    yard = Yard(["a"], before=[OpenEpisode("gone", 1000.0, {})])
    yard.run(1)
    assert [told[:2] for told in yard.told] == [("end", "gone")]


def test_cameras_come_and_go_while_it_runs() -> None:
    yard = Yard(["a"])
    yard.run(20)
    yard.state["b"], yard.frame_utc["b"] = "refused", None
    yard.sentry.watch({**yard.posts, "b": Post(network="10.0.9.0/24")})
    yard.run(12)
    assert [told[:3] for told in yard.told] == [("start", "b", ["b"])]
    yard.sentry.watch(yard.posts)
    yard.run(1)
    assert yard.changes == ["start", "end"]
    yard.sentry.watch({})
    yard.state["a"] = "refused"
    yard.run(30)
    assert yard.changes == ["start", "end"]


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("rtsp://u:p@10.0.9.7:554/main", "10.0.9.0/24"),
        ("rtsp://[2001:db8::5]/x", "2001:db8::/64"),
        ("rtsp://cam.example/x", "host cam.example"),
        ("clips/yard.mp4", "camera dock"),
        ("/dev/video0", "camera dock"),
        ("rtsp://[bad/x", "camera dock"),
    ],
)
def test_networks(source: str, network: str) -> None:
    assert network_of("dock", source) == network

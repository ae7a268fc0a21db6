"""Usual routes are learned while a camera is watched, kept, and judged by only after a restart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.bootstrap import route_model, view_key
from pipeline.folders import DataFolder
from pipeline.held import HeldBack
from pipeline.learning import GONE_S, KEEP_S, RENEW_S, RouteLearner
from pipeline.site import parse_site
from pipeline.types import Event, Tracks
from pipeline.verdicts import write_verdicts
from rules.routes import RouteModel, RouteParams

PARAMS = RouteParams(min_tracks=5, min_days=0.0)


def frame(utc: float, people: dict[int, tuple[float, float]], *, run_id: int = 1) -> Tracks:
    n = len(people)
    xyxy = np.array([(x - 0.02, y - 0.2, x + 0.02, y) for x, y in people.values()], np.float32).reshape(n, 4)
    return Tracks(
        camera_id="c", run_id=run_id, pts=utc - 1000, utc=utc, aspect=16 / 9,
        track_id=np.array(list(people), np.int64), xyxy=xyxy, score=np.ones(n, np.float32),
        class_id=np.zeros(n, np.int32), observed=np.ones(n, np.bool_),
    )  # fmt: skip


def walk(learner: RouteLearner, *, people: int, start: float = 1000.0) -> float:
    """So many people cross the picture one after the other, 10 s each with 15 s between."""
    utc = start
    for person in range(people):
        for step in range(50):
            learner.watch(frame(utc, {person + 1: (0.1 + 0.016 * step, 0.6 + 0.0001 * person)}))
            utc += 0.2
        for _ in range(75):
            learner.watch(frame(utc, {}))
            utc += 0.2
    learner.settle()
    return utc


def test_a_model_grows_and_asks_for_a_restart_once_it_has_seen_enough(tmp_path: Path) -> None:
    learner = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS)
    utc = walk(learner, people=4)
    assert not learner.wants_restart(utc)
    utc = walk(learner, people=2, start=utc)
    assert learner.wants_restart(utc)
    learner.close()
    assert RouteModel.from_bytes((tmp_path / "c.model").read_bytes()).learned == 6


def test_a_ready_model_is_renewed_once_a_day(tmp_path: Path) -> None:
    learner = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS)
    utc = walk(learner, people=8)
    learner.close()
    again = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS)
    later = walk(again, people=1, start=utc)
    assert not again.wants_restart(later)
    assert again.wants_restart(utc + RENEW_S)


def test_another_view_starts_anew(tmp_path: Path) -> None:
    learner = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS)
    walk(learner, people=6)
    learner.close()
    assert RouteLearner(tmp_path / "c.model", key="moved", params=PARAMS).progress.startswith("learning, 0 of 5")


def test_a_damaged_file_is_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "c.model").write_bytes(b"rubbish")
    learner = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS)
    assert learner.progress.startswith("learning, 0 of 5")


def test_a_connection_ends_every_track(tmp_path: Path) -> None:
    learner = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS)
    for step in range(10):
        learner.watch(frame(1000 + step * 0.2, {1: (0.1 + 0.05 * step, 0.5)}))
    learner.watch(frame(1003, {1: (0.9, 0.5)}, run_id=2))
    learner.close()
    assert RouteModel.from_bytes((tmp_path / "c.model").read_bytes()).learned == 1


def alert_about(*track_ids: int, key: str, run_id: int = 1) -> Event:
    return Event(
        kind="unusual_route", state="start", rule_id="r", rule_version="v", camera_id="c", run_id=run_id,
        track_ids=track_ids, zone_id=None, since_utc=1000.0, utc=1000.0, pts=0.0, score=0.5, why={}, key=key,
    )  # fmt: skip


def crossing(learner: RouteLearner, start: float, *, suspect: Event | None = None) -> float:
    """One person crosses and is gone; half-way an alert may be raised about them."""
    for step in range(50):
        learner.watch(frame(start + step * 0.2, {1: (0.1 + 0.016 * step, 0.6)}))
        if step == 25 and suspect is not None:
            learner.suspect(suspect)
    utc = start + 10.0 + GONE_S
    learner.watch(frame(utc, {}))
    learner.settle()
    return utc


def learned(tmp_path: Path) -> int:
    path = tmp_path / "c.model"
    return RouteModel.from_bytes(path.read_bytes()).learned if path.exists() else 0


def test_whom_an_alert_was_about_is_learned_unless_it_was_real(tmp_path: Path) -> None:
    verdicts = tmp_path / "verdicts.json"
    learner = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS, verdicts=verdicts)
    utc = crossing(learner, 1000.0)
    utc = crossing(learner, utc + 5.0, suspect=alert_about(1, key="real"))
    utc = crossing(learner, utc + 5.0, suspect=alert_about(1, key="nuisance"))
    utc = crossing(learner, utc + 5.0, suspect=alert_about(1, key="another run", run_id=7))
    learner.close()
    assert learned(tmp_path) == 2
    again = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS, verdicts=verdicts)
    write_verdicts(verdicts, {"real": True, "nuisance": False})
    again.watch(frame(utc + 5.0, {}))
    again.watch(frame(utc + 5.0 + KEEP_S, {}))
    again.settle()
    assert learned(tmp_path) == 3
    again.close()
    week = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS, verdicts=verdicts)
    week.watch(frame(utc + 30 * 86_400.0, {}))
    week.close()
    assert learned(tmp_path) == 3


def test_the_next_person_is_nobodys_suspect(tmp_path: Path) -> None:
    learner = RouteLearner(tmp_path / "c.model", key="view", params=PARAMS)
    utc = crossing(learner, 1000.0, suspect=alert_about(1, 99, key="k"))
    crossing(learner, utc + 5.0)
    learner.close()
    assert learned(tmp_path) == 1


def test_what_an_installer_says_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.model"
    learner = RouteLearner(path, key="view", params=PARAMS)
    utc = walk(learner, people=8)
    learner.close()
    again = RouteLearner(path, key="view", params=PARAMS)
    again.watch(frame(utc, {}))
    again.settle()
    noted = RouteModel.from_bytes(path.read_bytes())
    noted.note("c1", name="to the door", status="forbidden")
    path.write_bytes(noted.to_bytes())
    walk(again, people=2, start=utc)
    again.close()
    kept = RouteModel.from_bytes(path.read_bytes())
    assert kept.learned == 10
    assert [(flow.name, flow.status) for flow in kept.corridors()] == [("to the door", "forbidden")]


def test_a_moved_camera_teaches_nothing_until_its_view_is_accepted_and_then_all_is_new(tmp_path: Path) -> None:
    path = tmp_path / "c.model"
    learner = RouteLearner(path, key="view", params=PARAMS)
    utc = walk(learner, people=8)
    learner.close()
    again = RouteLearner(path, key="view", params=PARAMS)
    utc = crossing(again, utc + 5.0, suspect=alert_about(1, key="k"))
    again.moved = lambda: True
    utc = crossing(again, utc + 5.0)
    assert again.progress.endswith("8 tracks")
    again.moved = lambda: False
    assert not again.wants_restart(utc)
    again.start_anew()
    again.settle()
    assert again.wants_restart(utc)
    assert again.progress.startswith("learning, 0 of 5")
    assert not path.exists()
    walk(again, people=1, start=utc + 5.0)
    again.close()
    assert learned(tmp_path) == 1
    assert not HeldBack(path.with_suffix(".held"), view="view", verdicts=None).review(utc + 30 * 86_400.0)


def test_a_model_without_a_key_becomes_that_of_its_camera(tmp_path: Path) -> None:
    path = tmp_path / "c.model"
    learner = RouteLearner(path, key="", params=PARAMS)
    utc = walk(learner, people=6)
    learner.close()
    adopted = RouteLearner(path, key="view", params=PARAMS)
    walk(adopted, people=1, start=utc)
    adopted.close()
    assert RouteModel.from_bytes(path.read_bytes()).key == "view"


@pytest.mark.parametrize(
    ("word", "camera", "detector"),
    [
        ("address", "{source: b.mp4}", "yolox"),
        ("mask", "{source: a.mp4, masks: [[[0, 0], [1, 0], [1, 1]]]}", "yolox"),
        ("detector", "{source: a.mp4}", "motion"),
    ],
)
def test_what_was_learned_of_another_view_is_not_judged_by(
    tmp_path: Path, word: str, camera: str, detector: str
) -> None:
    def key_of(text: str, detector: str) -> str:
        site = parse_site(f"site: {{name: s, timezone: UTC}}\ncameras:\n  c: {text}\n", "site.yaml")
        return view_key(site.cameras["c"], detector)

    key, other = key_of("{source: a.mp4}", "yolox"), key_of(camera, detector)
    assert key == key_of("{source: a.mp4, rules: []}", "yolox")
    data = DataFolder(tmp_path).create()
    assert route_model(data, "c", key=key) is None
    learner = RouteLearner(data.route_model("c"), key=key, params=PARAMS)
    walk(learner, people=6)
    learner.close()
    assert route_model(data, "c", key=key) is not None
    assert route_model(data, "c") is not None
    assert route_model(data, "c", key=other) is None, word

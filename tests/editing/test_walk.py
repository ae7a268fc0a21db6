"""Walk tests: what feet reach is ticked, whatever calendars say; each ends by itself and leaves a sheet."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.clock import FakeClock, SystemClock
from pipeline.editing.walk import Met, Steps, Walk, targets_of
from pipeline.editing.walks import AT_ONCE, Walks
from pipeline.errors import BadInput
from pipeline.reports.walk import walk_report
from pipeline.site import parse_site
from pipeline.types import Person, Sight, Tracks, sight_of

SITE = parse_site(
    """
site: {name: Test, timezone: UTC}
cameras:
  dock:
    source: x.mp4
    zones: {bay: {polygon: [[0.2, 0.4], [0.8, 0.4], [0.8, 0.9], [0.2, 0.9]]}}
    lines: {gate: {points: [[0.1, 0.2], [0.9, 0.2]]}}
  yard:
    source: y.mp4
    zones: {lawn: {polygon: [[0, 0], [1, 0], [1, 1]]}}
  bare: {source: z.mp4}
""",
    "site.yaml",
)


def sight(seq: int, *feet: tuple[float, float], utc: float | None = None, camera: str = "dock") -> Sight:
    people = tuple(Person(track_id=i, foot=foot, height_px=80.0 + i) for i, foot in enumerate(feet))
    at = 1000.0 + seq if utc is None else utc
    return Sight(camera_id=camera, seq=seq, utc=at, width=640, height=360, people=people)


def steps(camera: str = "dock") -> Steps:
    walk = Walk(
        walk_id="w", actor="ann", begun_utc=1000.0, until_utc=2000.0, version=3, targets=targets_of(SITE, camera),
        cameras=[Met(camera_id=camera)],
    )  # fmt: skip
    return Steps(walk, camera, SITE)


@pytest.mark.parametrize(
    ("walked", "reached"),
    [
        pytest.param([], {}, id="nobody"),
        pytest.param([(0.1, 0.95)], {}, id="beside the zone"),
        pytest.param([(0.5, 0.5)], {"bay": None}, id="in the zone at once"),
        pytest.param([(0.5, 0.1), (0.5, 0.3)], {"gate": "right"}, id="down over the line"),
        pytest.param([(0.5, 0.3), (0.5, 0.1)], {"gate": "left"}, id="up over the line"),
        pytest.param([(0.95, 0.1), (0.95, 0.3)], {}, id="past the end of the line"),
        pytest.param([(0.5, 0.1), (0.5, 0.3), (0.5, 0.5)], {"gate": "right", "bay": None}, id="both"),
    ],
)
def test_feet_tick(walked, reached):
    walk = steps()
    for seq, foot in enumerate(walked):
        walk.see(sight(seq, foot))
    ticked = {one.name: one.way for one in walk.walk.targets if one.reached_utc is not None}
    assert ticked == reached
    assert [one.name for one in walk.reached] == list(reached)


def test_a_gap_in_what_was_seen_crosses_no_line():
    walk = steps()
    walk.see(sight(0, (0.5, 0.1), utc=1000.0))
    walk.see(sight(1, (0.5, 0.3), utc=1010.0))
    assert walk.reached == []


def test_the_first_tick_counts_and_heights_are_kept():
    walk = steps()
    walk.see(sight(0, (0.5, 0.5), (0.6, 0.6)))
    walk.see(sight(5, (0.3, 0.5)))
    (bay,) = walk.reached
    assert (bay.reached_utc, bay.foot, bay.height_px) == (1000.0, (0.5, 0.5), 80.0)
    met = walk.walk.cameras[0]
    assert (met.frames, met.least_px, met.most_px, met.width) == (2, 80.0, 81.0, 640)


def test_a_process_that_began_anew_is_followed():
    walk = steps()
    assert [one.seq for one in walk.new([sight(7), sight(8)])] == [7, 8]
    walk.see(sight(8))
    assert [one.seq for one in walk.new([sight(7), sight(8), sight(9)])] == [9]
    assert [one.seq for one in walk.new([sight(1), sight(2)])] == [1, 2]


def test_a_predicted_box_ticks_nothing():
    tracks = Tracks(
        camera_id="dock", run_id=1, pts=0.0, utc=5.0, aspect=16 / 9, track_id=np.array([4, 5]),
        xyxy=np.array([[0.4, 0.2, 0.6, 0.7], [0.0, 0.0, 0.1, 0.5]], np.float32), score=np.ones(2, np.float32),
        class_id=np.zeros(2, np.int32), observed=np.array([True, False]),
    )  # fmt: skip
    (person,) = sight_of(tracks, seq=1, width=640, height=360).people
    assert person == Person(track_id=4, foot=(0.5, 0.7), height_px=180.0)


@pytest.fixture
def walks(tmp_path: Path):
    told: dict[str, list[Sight]] = {"dock": [], "yard": []}
    walks = Walks(tmp_path / "walks", sights=lambda camera: told[camera], clock=SystemClock())
    walks.told = told  # type: ignore[attr-defined]
    yield walks
    walks.stop()


def until(what, *, within_s: float = 60.0):
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def begin(walks: Walks, *, minutes: float = 5.0, cameras: tuple[str, ...] = ("dock", "yard")) -> str:
    return walks.begin(SITE, version=3, cameras=cameras, minutes=minutes, actor="ann").walk_id


def test_a_walk_is_followed_told_and_kept(walks: Walks):
    walk_id = begin(walks)
    walks.told["dock"].append(sight(1, (0.5, 0.5)))  # type: ignore[attr-defined]
    mark: dict[str, int] = {}
    heard: list[str] = []

    def listen() -> bool:
        heard.extend(name for name, _ in walks.changes(walk_id, mark))
        return "reached" in heard

    until(listen)
    assert heard == ["sight", "reached"]
    assert walks.changes(walk_id, mark) == []
    ended = walks.end(walk_id, actor="ann", note="ladder at the bay")
    assert (ended["ended_by"], ended["note"]) == ("ann", "ladder at the bay")
    assert {one["name"]: one["reached_utc"] for one in ended["targets"]} == {"bay": 1001.0, "gate": None, "lawn": None}
    ((name, value),) = walks.changes(walk_id, mark)
    assert (name, value["walk_id"]) == ("end", walk_id)
    assert [one["walk_id"] for one in walks.listed()] == [walk_id]
    assert walks.end(walk_id, actor="bob")["ended_by"] == "ann"


def test_a_walk_ends_by_itself(walks: Walks):
    walk_id = begin(walks, minutes=0.005)
    until(lambda: walks.get(walk_id)["ended_utc"] is not None)
    assert walks.get(walk_id)["ended_by"] == "itself"


def test_a_camera_that_is_taken_out_meanwhile_is_no_fault(walks: Walks):
    walk_id = begin(walks)
    del walks.told["dock"]  # type: ignore[attr-defined]
    walks.told["yard"].append(sight(1, (0.9, 0.1), camera="yard"))  # type: ignore[attr-defined]
    until(lambda: walks.get(walk_id)["targets"][2]["reached_utc"] is not None)


@pytest.mark.parametrize(
    ("cameras", "minutes", "words"),
    [(("bare",), 5.0, "draw them first"), (("dock",), 0.0, "minutes"), (("dock",), 1e9, "minutes")],
)
def test_what_cannot_be_walked(walks: Walks, cameras, minutes, words):
    with pytest.raises(BadInput, match=words):
        begin(walks, minutes=minutes, cameras=cameras)


def test_few_at_once(walks: Walks):
    for _ in range(AT_ONCE):
        begin(walks)
    with pytest.raises(BadInput, match="going on already"):
        begin(walks)


@pytest.mark.parametrize("walk_id", ["", "nothing", "../site", "a/b"])
def test_no_such_walk(walks: Walks, walk_id: str):
    with pytest.raises(KeyError):
        walks.get(walk_id)


def test_a_damaged_sheet_hides_no_other(tmp_path: Path):
    walks = Walks(tmp_path, sights=lambda camera: [], clock=FakeClock(utc=5.0))
    (tmp_path / "bad.json").write_text("{")
    assert walks.listed() == []


def test_the_sheet_says_what_was_not_reached():
    walk = steps()
    walk.see(sight(0, (0.5, 0.5)))
    pdf = walk_report(walk.walk.value(), site="Depot", timezone="UTC")
    assert pdf.startswith(b"%PDF-")
    whole = steps("yard")
    whole.see(sight(0, (0.9, 0.1), camera="yard"))
    assert len(walk_report(whole.walk.value(), site="Depot", timezone="UTC")) > 500

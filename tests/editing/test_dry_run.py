"""What a change would have raised, on recorded tracks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.editing.asking import Request, ask
from pipeline.editing.dry_run import judge
from pipeline.editing.past import GRID, LEAST_STEPS, MOST_STEPS, PATHS, Ways, look_back
from pipeline.errors import BadInput
from pipeline.folders import DataFolder
from pipeline.site import parse_site
from pipeline.track.log import TrackLog
from pipeline.types import Tracks

START = 1_795_000_000.0
SITE = """\
site: {name: Depot, timezone: UTC}
cameras:
  dock:
    source: dock.mp4
    zones:
      bay: {polygon: [[0.4, 0.4], [0.8, 0.4], [0.8, 1.0], [0.4, 1.0]]}
    rules:
      - {id: linger, kind: loitering, zone: bay, dwell_s: 20, grace_s: 1, bridge_s: 0}
      - {id: never, kind: after_hours, zone: bay, always: true, min_presence_s: 100}
"""
STAYS = (5.0, 15.0, 30.0, 50.0)


def frame(utc: float, people: list[tuple[int, float, float]]) -> Tracks:
    xyxy = np.array([(x - 0.02, y - 0.2, x + 0.02, y) for _, x, y in people], np.float32).reshape(-1, 4)
    n = len(people)
    return Tracks(
        camera_id="dock", run_id=1, pts=utc - START, utc=utc, aspect=16 / 9,
        track_id=np.array([i for i, _, _ in people], np.int64), xyxy=xyxy, score=np.full(n, 0.9, np.float32),
        class_id=np.zeros(n, np.int32), observed=np.ones(n, np.bool_),
    )  # fmt: skip


def evening(gap_s: float = 120.0) -> Iterator[Tracks]:
    """One person after the other stands in the bay, for each of STAYS; long pauses between."""
    utc = START
    for number, stay in enumerate(STAYS, start=1):
        for _ in range(int(gap_s * 5)):
            yield frame(utc, [])
            utc += 0.2
        for _ in range(int(stay * 5) + 1):
            yield frame(utc, [(number, 0.6, 0.7)])
            utc += 0.2
    for _ in range(200):
        yield frame(utc, [])
        utc += 0.2


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data").create()


def judged(new: str, data: DataFolder) -> dict:
    return judge(parse_site(SITE, "s"), parse_site(new, "s"), "dock", evening(), data=data)


def test_more_alarms_with_a_shorter_dwell_each_with_its_way(data: DataFolder) -> None:
    report = judged(SITE.replace("dwell_s: 20", "dwell_s: 10"), data)
    (rule,) = report["rules"]
    assert (rule["rule_id"], rule["now"], rule["then"]) == ("linger", 2, 3)
    assert [round(one["utc"] - one["since_utc"]) for one in rule["added"]] == [10]
    assert rule["added"][0]["trail"][-1] == (0.6, 0.7)
    assert rule["removed"] == []
    assert report["unchanged"] == ["never"]


def test_fewer_with_a_longer_one(data: DataFolder) -> None:
    (rule,) = judged(SITE.replace("dwell_s: 20", "dwell_s: 40"), data)["rules"]
    assert (rule["now"], rule["then"], len(rule["removed"])) == (2, 1, 1)


def test_the_slider_counts_stays_by_length(data: DataFolder) -> None:
    (rule,) = judged(SITE.replace("dwell_s: 20", "dwell_s: 10"), data)["rules"]
    assert rule["curve_key"] == "dwell_s"
    for threshold, alarms in rule["curve"]:
        assert alarms == sum(stay >= threshold for stay in STAYS), threshold


def test_a_zone_that_moves_away_takes_its_alarms_along(data: DataFolder) -> None:
    moved = SITE.replace("[[0.4, 0.4], [0.8, 0.4], [0.8, 1.0], [0.4, 1.0]]", "[[0.0, 0.4], [0.2, 0.4], [0.2, 1.0]]")
    rules = {rule["rule_id"]: rule for rule in judged(moved, data)["rules"]}
    assert (rules["linger"]["now"], rules["linger"]["then"]) == (2, 0)
    assert (rules["never"]["now"], rules["never"]["then"]) == (0, 0)


def test_a_new_rule_and_one_that_goes(data: DataFolder) -> None:
    new = SITE.replace("id: linger", "id: stand")
    rules = {rule["rule_id"]: (rule["now"], rule["then"]) for rule in judged(new, data)["rules"]}
    assert rules == {"linger": (2, 0), "stand": (0, 2)}


def test_no_change_judges_nothing(data: DataFolder) -> None:
    report = judged(SITE, data)
    assert report["rules"] == []
    assert report["unchanged"] == ["linger", "never"]


def test_skimming_a_log_changes_no_alarm(data: DataFolder) -> None:
    with TrackLog(data.tracks(), "dock") as log:
        for one in evening():
            log.append(one)
    whole = list(log.read(0.0, 2 * START))
    fewer = list(log.skim(0.0, 2 * START, every_s=0.4, empty_every_s=1.0))
    assert len(fewer) < 0.35 * len(whole)
    current, candidate = parse_site(SITE, "s"), parse_site(SITE.replace("dwell_s: 20", "dwell_s: 10"), "s")
    for frames in (whole, fewer):
        (rule,) = judge(current, candidate, "dock", frames, data=data)["rules"]
        assert (rule["now"], rule["then"]) == (2, 3)


def test_in_a_process_of_its_own_over_a_log(data: DataFolder) -> None:
    with TrackLog(data.tracks(), "dock") as log:
        for one in evening(gap_s=5.0):
            log.append(one)
    request = Request(
        name="s", current=SITE, candidate=SITE.replace("dwell_s: 20", "dwell_s: 10"), camera_id="dock",
        data=str(data.root), since_utc=START - 1, until_utc=START + 86_400,
    )  # fmt: skip
    assert ask(request)["rules"][0]["then"] == 3
    past = ask(replace(request, task="past"))
    assert past["tracks"] == len(STAYS)
    assert sum(map(sum, past["heat"])) == pytest.approx(sum(STAYS), abs=len(STAYS) + 1)
    with pytest.raises(BadInput, match="the site has dock"):
        ask(replace(request, camera_id="gate"))
    with pytest.raises(BadInput, match="fewer days"):
        ask(request, limit_s=0.01)


def test_the_past_tells_how_tall_people_are_where_they_stand() -> None:
    past = look_back(evening())
    row = int(0.7 * GRID[1])
    assert past.height_of_row[row] == pytest.approx(0.2, abs=1e-3)
    assert past.height_of_row[0] is None
    assert past.heat[row][int(0.6 * GRID[0])] > 90
    assert len(past.paths) == len(STAYS)
    assert all(len(way) <= MOST_STEPS for way in past.paths)


@pytest.mark.parametrize("people", [0, 1, PATHS, PATHS + 1, 30 * PATHS])
def test_of_many_ways_some_are_shown_evenly_over_the_time(people: int) -> None:
    ways = Ways()
    for who in range(people):
        for second in range(40):
            ways.step((1, who), (who / 10_000, second / 100))
    shown = ways.some()
    assert len(shown) == min(people, PATHS)
    assert all((way[0][1], way[-1][1]) == (0.0, 0.39) and len(way) == MOST_STEPS for way in shown)
    if people > PATHS:
        starts = [way[0][0] for way in shown]
        assert starts == sorted(starts)
        assert min(starts) < 0.1 * people / 10_000
        assert max(starts) > 0.9 * people / 10_000


def test_who_was_hardly_seen_has_no_way() -> None:
    ways = Ways()
    for second in range(LEAST_STEPS - 1):
        ways.step((1, 1), (0.5, second / 10))
    assert ways.some() == []


def test_nothing_recorded_is_nothing_raised(data: DataFolder) -> None:
    candidate = parse_site(SITE.replace("dwell_s: 20", "dwell_s: 10"), "s")
    report = judge(parse_site(SITE, "s"), candidate, "dock", [], data=data)
    assert report["since_utc"] is None
    assert (report["rules"][0]["now"], report["rules"][0]["then"]) == (0, 0)

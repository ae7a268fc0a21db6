"""Every event at the exact time and none extra, against a second opinion in plain Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.track.mot import read_rows, rows_to_tracks
from rules.after_hours import AfterHours
from rules.line_crossing import LineCrossing
from rules.loitering import Loitering
from rules.types import Line, Tracks, Zone
from tests.rules import oracle
from tests.rules.crowd import crowd
from tests.rules.film import WHO, play

QUAD = ((0.15, 0.25), (0.7, 0.2), (0.8, 0.8), (0.3, 0.9))
A, B = (0.15, 0.55), (0.85, 0.45)


def alarms(
    frames: list[Tracks], *, dwell_s: float, grace_s: float, bridge_s: float, polygon: oracle.Polygon = QUAD
) -> tuple[set[object], set[object]]:
    """(ours, theirs): id, alarm and end of each stay."""
    rule = Loitering(**WHO, zone=Zone("z", tuple(polygon)), dwell_s=dwell_s, grace_s=grace_s, bridge_s=bridge_s)
    events = play(rule, frames)
    ends = {e.key: round(e.pts, 4) for e in events if e.state == "end"}
    ours: set[object] = {(e.track_ids[0], round(e.pts, 4), ends[e.key]) for e in events if e.state == "start"}
    found = oracle.loitering(frames, polygon, dwell_s=dwell_s, grace_s=grace_s, bridge_s=bridge_s)
    return ours, {(i, round(alarm, 4), round(last, 4)) for i, _, alarm, last in found}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000), fps=st.sampled_from([2.0, 5.0, 12.5]), dwell_s=st.floats(0.3, 8.0),
    grace_s=st.sampled_from([0.0, 0.5, 2.0, 4.0]),
)  # fmt: skip
def test_loitering_of_perfect_tracks(seed: int, fps: float, dwell_s: float, grace_s: float) -> None:
    """Nobody is ever lost: neither opinion has anything to bridge."""
    frames = crowd(seed, people=5, seconds=20.0, fps=fps, trouble=False)
    ours, theirs = alarms(frames, dwell_s=dwell_s, grace_s=grace_s, bridge_s=0.0)
    assert ours == theirs


def with_holes(frames: list[Tracks], share: float, seed: int) -> list[Tracks]:
    """The same tracks with rows missing for a while, ids kept."""
    chance = np.random.default_rng(seed)
    missing_until: dict[int, float] = {}
    found = []
    for tracks in frames:
        keep = []
        for track_id in tracks.track_id.tolist():
            if missing_until.get(track_id, 0.0) <= tracks.pts and chance.random() < share:
                missing_until[track_id] = tracks.pts + float(chance.choice([0.3, 1.0, 2.5, 6.0, 12.0]))
            keep.append(missing_until.get(track_id, 0.0) <= tracks.pts)
        rows = np.array(keep, np.bool_)
        found.append(
            Tracks(
                camera_id="dock", run_id=1, pts=tracks.pts, utc=tracks.utc, aspect=tracks.aspect,
                track_id=tracks.track_id[rows], xyxy=tracks.xyxy[rows], score=tracks.score[rows],
                class_id=tracks.class_id[rows], observed=tracks.observed[rows],
            )
        )  # fmt: skip
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000), dwell_s=st.floats(0.3, 12.0), grace_s=st.sampled_from([0.0, 1.0, 2.0]),
    bridge_s=st.sampled_from([0.0, 1.0, 3.0, 10.0]),
)  # fmt: skip
def test_loitering_of_tracks_with_holes(seed: int, dwell_s: float, grace_s: float, bridge_s: float) -> None:
    """One person at a time, so that nobody could be taken for another."""
    frames = with_holes(crowd(seed, people=1, seconds=40.0, trouble=False), 0.05, seed)
    ours, theirs = alarms(frames, dwell_s=dwell_s, grace_s=grace_s, bridge_s=bridge_s)
    assert ours == theirs


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), fps=st.sampled_from([2.0, 5.0, 12.5]))
def test_crossings_of_perfect_tracks(seed: int, fps: float) -> None:
    """The first crossing of everybody is the oracle's first, and we add none to the oracle's."""
    frames = crowd(seed, people=6, seconds=20.0, fps=fps, trouble=False)
    ours = [
        (e.track_ids[0], e.pts, e.why["direction"]) for e in play(LineCrossing(**WHO, line=Line("l", (A, B))), frames)
    ]
    theirs = oracle.crossings(frames, A, B, bridge_s=10.0)
    assert set(ours) <= set(theirs)
    for track_id in {i for i, _, _ in theirs}:
        assert [c for c in ours if c[0] == track_id][:1] == [c for c in theirs if c[0] == track_id][:1]


FIXED = {"MOT17-02": (1920, 1080, 30.0), "TUD-Campus": (640, 480, 25.0)}
CARRIED = {"MOT17-05": (640, 480, 14.0), "MOT17-10": (1920, 1080, 30.0), "MOT17-11": (1920, 1080, 30.0)}
SEQUENCES = FIXED | CARRIED
CLIPS = sorted((Path(__file__).resolve().parents[2] / "sample_videos").glob("*.gt.txt"))


def annotated(folder: Path, name: str, fps: float) -> list[Tracks]:
    """Real annotated people as tracks at an analysis rate."""
    width, height, rate = SEQUENCES[name]
    rows = np.loadtxt(folder / "mot" / name / "gt.txt", delimiter=",")
    if name.startswith("MOT17"):
        rows = rows[(rows[:, 6] == 1) & (rows[:, 7] == 1)]
    frames, taken = [], -1
    for number in range(1, int(rows[:, 0].max()) + 1):
        pts = (number - 1) / rate
        if int(pts * fps + 1e-6) == taken:
            continue
        taken = int(pts * fps + 1e-6)
        row = rows[rows[:, 0] == number]
        x, y, w, h = row[:, 2] - 1, row[:, 3] - 1, row[:, 4], row[:, 5]
        box = np.column_stack((x / width, y / height, (x + w) / width, (y + h) / height))
        n = len(row)
        frames.append(
            Tracks(
                camera_id="dock", run_id=1, pts=pts, utc=1.78e9 + pts, aspect=width / height,
                track_id=row[:, 1].astype(np.int64), xyxy=box.clip(0, 1).astype(np.float32),
                score=np.ones(n, np.float32), class_id=np.zeros(n, np.int32), observed=np.ones(n, np.bool_),
            )
        )  # fmt: skip
    return frames


def zones(frames: list[Tracks], count: int, *, seed: int) -> list[list[tuple[float, float]]]:
    """Convex polygons about where people walk."""
    chance = np.random.default_rng(seed)
    feet = np.concatenate([tracks.foot for tracks in frames])
    found: list[list[tuple[float, float]]] = []
    for x, y in feet[chance.integers(0, len(feet), count)]:
        angle = np.sort(chance.uniform(0, 2 * np.pi, 6))
        wide, high = chance.uniform(0.06, 0.35), chance.uniform(0.06, 0.3)
        corners = zip(x + wide * np.cos(angle), y + high * np.sin(angle), strict=True)
        polygon = [(float(np.clip(a, 0, 1)), float(np.clip(b, 0, 1))) for a, b in corners]
        found.append(list(dict.fromkeys(polygon)))
    return [polygon for polygon in found if len(polygon) > 2]


@pytest.mark.assets
@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("fps", [2.0, 5.0, 30.0])
def test_real_people(assets: Path, name: str, fps: float) -> None:
    """Annotated people, every rule at its defaults: each stay and each presence at the exact time, none extra."""
    frames = annotated(assets, name, fps)
    found, hurry = 0, 1.0 if name == "MOT17-02" else 0.25  # TUD-Campus lasts three seconds
    for n, zone in enumerate(zones(frames, 6, seed=5)):
        dwell_s, grace_s = ((1.0, 0.0), (2.0, 1.0), (5.0, 2.0))[n % 3]
        ours, theirs = alarms(frames, dwell_s=dwell_s * hurry, grace_s=grace_s, bridge_s=10.0, polygon=zone)
        assert ours == theirs
        present, expected = presences(frames, zone, min_presence_s=2.0 * hurry)
        assert present == expected
        found += len(theirs) + len(expected)
    assert found > (40 if name == "MOT17-02" else 5)


@pytest.mark.assets
@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("seed", range(6))
def test_real_people_by_any_settings(assets: Path, name: str, seed: int) -> None:
    """Zones, limits and rates drawn at random, before cameras that stand and that are carried: no difference at all."""
    chance = np.random.default_rng(seed)
    frames = annotated(assets, name, float(chance.choice([2.0, 3.0, 5.0, 7.5, 10.0, 14.0])))
    found = 0
    for zone in zones(frames, 8, seed=100 + seed):
        dwell_s = float(np.round(chance.uniform(0.2, 6.0), 2))
        grace_s, bridge_s = float(chance.choice([0.0, 0.4, 2.0, 5.0])), float(chance.choice([0.0, 2.0, 10.0, 60.0]))
        ours, theirs = alarms(frames, dwell_s=dwell_s, grace_s=grace_s, bridge_s=bridge_s, polygon=zone)
        assert ours == theirs
        present, expected = presences(frames, zone, min_presence_s=float(chance.choice([0.0, 0.5, 1.0, 2.0, 3.3])))
        assert present == expected
        found += len(theirs) + len(expected)
    assert found > 5


@pytest.mark.parametrize("clip", CLIPS, ids=lambda path: path.name.partition(".")[0])
@pytest.mark.parametrize("fps", [2.0, 5.0, 12.5])
def test_rendered_people(clip: Path, fps: float) -> None:
    """The truth of our own clips."""
    rows = rows_to_tracks(read_rows(clip), camera_id="dock", fps=12.5, width=640, height=360, analyze_fps=fps)
    frames, found = list(rows), 0
    for n, zone in enumerate(zones(frames, 5, seed=3)):
        ours, theirs = alarms(frames, dwell_s=(1.0, 4.0, 10.0)[n % 3], grace_s=2.0, bridge_s=10.0, polygon=zone)
        assert ours == theirs
        present, expected = presences(frames, zone, min_presence_s=2.0)
        assert present == expected
        found += len(theirs) + len(expected)
    assert found > 1


def presences(
    frames: list[Tracks], zone: list[tuple[float, float]], *, min_presence_s: float
) -> tuple[set[tuple[int, float]], set[tuple[int, float]]]:
    """(ours, theirs): id and alarm of each presence past `min_presence_s` in a forbidden zone."""
    rule = AfterHours(**WHO, zone=Zone("z", tuple(zone)), always=True, min_presence_s=min_presence_s)
    ours = {(e.track_ids[-1], round(e.pts, 4)) for e in play(rule, frames) if e.state == "start"}
    return ours, {(i, round(pts, 4)) for i, pts in oracle.after_hours(frames, zone, min_presence_s=min_presence_s)}


@pytest.mark.assets
@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("fps", [2.0, 5.0, 30.0])
def test_real_people_over_a_line(assets: Path, name: str, fps: float) -> None:
    """The first crossing of everybody is the oracle's first; who crosses once is told of once; we add none."""
    frames = annotated(assets, name, fps)
    chance = np.random.default_rng(5)
    feet = np.concatenate([tracks.foot for tracks in frames])
    wrong = total = 0
    for _ in range(4):
        middle, angle = feet[chance.integers(len(feet))] + 0.003, chance.uniform(0, np.pi)
        step = 0.3 * np.array((np.cos(angle), np.sin(angle)))
        a, b = (tuple(map(float, np.clip(middle + sign * step, 0, 1))) for sign in (-1, 1))
        line = Line("l", ((a[0], a[1]), (b[0], b[1])))
        ours = {
            (e.track_ids[0], round(e.pts, 4), e.why["direction"]) for e in play(LineCrossing(**WHO, line=line), frames)
        }
        theirs = {(i, round(pts, 4), side) for i, pts, side in oracle.crossings(frames, *line.points, bridge_s=10.0)}
        crossed = {i for i, _, _ in theirs}
        wrong += len(ours - theirs) + sum(first(ours, i) != first(theirs, i) for i in crossed)
        total += len(crossed)
    assert total > 5
    assert wrong == 0


def first(crossings: set[tuple[int, float, str]], track_id: int) -> tuple[int, float, str] | None:
    return min((c for c in crossings if c[0] == track_id), key=lambda c: c[1], default=None)

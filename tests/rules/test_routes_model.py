"""The learned model on a small junction: four ways, one of them walked in one direction only."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from rules.routes import RouteModel, RouteParams, RouteScorer, Track
from rules.routes.archive import pack, unpack
from rules.routes.reason import KEPT, Trail

GATES = {"west": (0.0, 5.0), "east": (20.0, 5.0), "north": (10.0, -5.0), "south": (10.0, 15.0)}
WAYS = [("west", "east"), ("east", "west"), ("west", "north"), ("north", "west"), ("south", "east")]
"""South to east is one-way, and nobody walks between north and south or north and east."""
ZONES = {"yard": [(-2.0, 3.0), (2.0, 3.0), (2.0, 7.0), (-2.0, 7.0)]}


def walked(
    places: list[tuple[float, float]], rng: np.random.Generator, *, hz: float = 4.0, speed: float = 1.4
) -> Track:
    """From place to place with a sway, at `hz` positions a second."""
    points = np.array(places) + rng.normal(0.0, 0.25, (len(places), 2))
    at = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    t = np.arange(0.0, at[-1] / speed, 1.0 / hz)
    xy = np.column_stack([np.interp(t * speed, at, points[:, axis]) for axis in (0, 1)])
    return Track(t, xy + rng.normal(0.0, 0.03, xy.shape))


def way(start: str, end: str, rng: np.random.Generator, *, hz: float = 4.0, speed: float | None = None) -> Track:
    pace = float(rng.normal(1.4, 0.12)) if speed is None else speed
    return walked([GATES[start], (10.0, 5.0), GATES[end]], rng, hz=hz, speed=pace)


def usual(count: int, seed: int = 0, **kind: float) -> list[Track]:
    rng = np.random.default_rng(seed)
    return [way(*WAYS[i % len(WAYS)], rng, **kind) for i in range(count)]


@pytest.fixture(scope="module")
def model() -> RouteModel:
    return RouteModel.fitted(usual(250, seed=1), unit="m")


def entering_at_a_corner(rng: np.random.Generator) -> Track:
    return walked([(1.0, 13.0), (10.0, 5.0), GATES["east"]], rng)


UNUSUAL: dict[str, tuple[set[str], Callable[[np.random.Generator], Track]]] = {
    "wrong way": ({"direction"}, lambda rng: way("east", "south", rng)),
    "left-out route": ({"direction", "turn", "origin", "path"}, lambda rng: way("north", "east", rng)),
    "unused entry": ({"place", "origin"}, entering_at_a_corner),
    "running": ({"pace"}, lambda rng: way("west", "east", rng, speed=6.0)),
    "at twice the pace": ({"pace"}, lambda rng: way("west", "east", rng, speed=2.8)),
    "outside all the way": ({"place", "outside"}, lambda rng: walked([(2.0, 14.0), (1.0, 8.5), (9.0, 10.0)], rng)),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_ways_are_found_and_named(model: RouteModel, name: str) -> None:
    views, make = UNUSUAL[name]
    rng = np.random.default_rng(5)
    tracks = [make(rng) for _ in range(20)]
    verdicts = [model.score_one(track) for track in tracks]
    assert sum(verdict.p_value <= 0.01 for verdict in verdicts) >= 18
    scorer = model.begin()
    for (x, y), t in zip(tracks[0].xy.tolist(), tracks[0].t.tolist(), strict=True):
        scorer.update(x, y, t)
    assert scorer.explain()["view"] in views


def slipped(rng: np.random.Generator) -> Track:
    """A usual way with one step into the bushes."""
    return walked([GATES["west"], (7.0, 5.0), (8.0, 8.0), (9.0, 5.0), GATES["east"]], rng)


def test_the_longer_outside_the_more_surprising() -> None:
    rng = np.random.default_rng(12)
    model = RouteModel.fitted([*usual(249, seed=12), slipped(rng)], unit="m")
    aside = [GATES["west"], (5.0, 5.0), (5.0, 12.0), (9.0, 13.0), (10.0, 10.0)]
    ways = {"usual": way("west", "east", rng), "slip": slipped(rng), "long": walked(aside, rng)}
    outside = {name: told(model.begin(), track)["views"]["outside"] for name, track in ways.items()}
    assert outside["usual"] == 0.0 < outside["slip"] < outside["long"]


def test_beginning_where_nobody_begins_is_unusual_but_not_of_who_was_there_already(model: RouteModel) -> None:
    rng = np.random.default_rng(4)
    tracks = [walked([(4.5, 5.0), (10.0, 5.0), GATES["east"]], rng) for _ in range(10)]
    p = {}
    for entered in (True, False):
        scorers = [model.begin(entered=entered) for _ in tracks]
        for scorer, track in zip(scorers, tracks, strict=True):
            told(scorer, track)
        p[entered] = [scorer.p_value for scorer in scorers]
    assert max(p[True]) <= 0.01
    assert np.median(p[False]) > 0.1
    scorer = model.begin()
    assert told(scorer, tracks[0])["text"] == "came from where hardly anyone comes who walks here"


def test_usual_ways_are_left_alone(model: RouteModel) -> None:
    p = np.array([model.score_one(track).p_value for track in usual(400, seed=9)])
    assert np.mean(p <= 0.01) <= 0.03
    assert np.mean(p <= 0.2) == pytest.approx(0.2, abs=0.08)


def test_both_directions_of_a_two_way_route_are_usual(model: RouteModel) -> None:
    rng = np.random.default_rng(11)
    p = [model.score_one(way("east", "west", rng)).p_value for _ in range(20)]
    assert np.median(p) > 0.1


def test_the_p_value_only_falls_and_the_alarm_is_when_it_reaches_the_level(model: RouteModel) -> None:
    track = way("east", "south", np.random.default_rng(3))
    scorer = model.begin()
    p = [scorer.update(x, y, t) for (x, y), t in zip(track.xy.tolist(), track.t.tolist(), strict=True)]
    assert p[0] == 1.0
    assert all(later <= earlier for earlier, later in pairwise(p))
    verdict = model.score_one(track)
    assert verdict.p_value == p[-1]
    assert verdict.alarm_t == track.t[int(np.argmax(np.array(p) <= 0.01))]
    assert verdict.alarm_t < 0.8 * track.t[-1]


@pytest.mark.parametrize("hz", [2.0, 5.0, 10.0])
def test_the_sampling_rate_changes_little(model: RouteModel, hz: float) -> None:
    p = np.array([model.score_one(track).p_value for track in usual(150, seed=4, hz=hz)])
    assert np.mean(p <= 0.01) <= 0.04
    assert np.median(p) == pytest.approx(0.5, abs=0.2)
    wrong = [model.score_one(way("east", "south", np.random.default_rng(i), hz=hz)).p_value for i in range(10)]
    assert max(wrong) <= 0.02


@pytest.mark.parametrize(
    "track",
    [Track.of([], []), Track.of([1.0], [(3.0, 4.0)]), Track.of(range(50), [(3.0, 4.0)] * 50)],
    ids=["no position", "one position", "stands"],
)
def test_who_goes_nowhere_takes_no_route(model: RouteModel, track: Track) -> None:
    assert model.score_one(track) == (1.0, 0.0, None) or model.score_one(track).p_value == 1.0
    assert model.begin().explain()["p_value"] == 1.0


def test_what_lies_in_a_gap_is_not_held_against_a_track(model: RouteModel) -> None:
    track = way("west", "east", np.random.default_rng(6))
    half = len(track) // 2
    late = np.concatenate((track.t[:half], track.t[half:] + 100.0))
    moved = np.concatenate((track.xy[:half], track.xy[::-1][: len(track) - half]))
    assert model.score_one(Track(late, moved)).p_value > 0.02
    assert model.score_one(Track(track.t, moved)).p_value <= 0.02


def test_positions_a_quarter_of_a_minute_apart_are_no_gaps() -> None:
    slow = [Track(track.t * 60.0, track.xy) for track in usual(150)]
    model = RouteModel.fitted(slow)
    assert model.scene is not None
    assert model.scene.gap_s == pytest.approx(75.0)
    wrong = way("east", "south", np.random.default_rng(3))
    assert model.score_one(Track(wrong.t * 60.0, wrong.xy)).p_value <= 0.01


def test_far_outside_the_scene_is_unusual(model: RouteModel) -> None:
    track = Track.of(range(40), [(1000.0 + i, -1000.0) for i in range(40)])
    assert model.score_one(track).p_value < 0.01


def told(scorer: RouteScorer, track: Track) -> dict[str, object]:
    for (x, y), t in zip(track.xy.tolist(), track.t.tolist(), strict=True):
        scorer.update(x, y, t)
    return scorer.explain(body_height=1.7)


def test_the_explanation_names_the_corridor_that_was_left(model: RouteModel) -> None:
    rng = np.random.default_rng(2)
    track = walked([GATES["west"], (6.0, 5.0), (6.0, 14.0)], rng)
    why = told(model.begin(), track)
    assert json.loads(json.dumps(why)) == why
    assert why["backwards"] is False
    assert str(why["corridor"]).startswith("left")
    assert 4.0 < why["left_at"][0] < 8.0  # type: ignore[index]
    assert 2.0 < why["left_pts"] < 8.0  # type: ignore[operator]
    assert 6.0 < why["off_m"] < 10.0  # type: ignore[operator]
    assert why["off_bh"] == pytest.approx(why["off_m"] / 1.7, abs=0.01)  # type: ignore[operator]


def test_the_explanation_says_backwards(model: RouteModel) -> None:
    why = told(model.begin(), way("east", "south", np.random.default_rng(8)))
    assert why["text"]
    rng = np.random.default_rng(8)
    back = walked([(19.0, 5.0), (10.5, 5.5), (10.0, 14.0)], rng)
    assert told(model.begin(), back)["view"] in ("direction", "turn", "path")


def test_nothing_is_said_before_there_is_enough() -> None:
    model = RouteModel(RouteParams(min_tracks=20, min_days=7.0))
    assert (model.ready, model.progress) == (False, "learning, 0 of 20 tracks, 0.0 of 7 days")
    for i, track in enumerate(usual(25)):
        model.learn_one(track, utc=i * 3600.0)
    assert not model.ready
    assert model.progress == "learning, 25 of 20 tracks, 1.0 of 7 days"
    with pytest.raises(ValueError, match="learning, 25 of 20"):
        model.begin()
    assert model.corridors() == []
    assert model.sample(5) == []
    model.learn_one(usual(1)[0], utc=7 * 86_400.0)
    assert model.ready
    assert model.progress == "trial, learned from 26 tracks"
    model.accepted = True
    assert model.progress.startswith("accepted")
    assert model.begin().p_value == 1.0


def test_false_alarms_a_week_become_a_level() -> None:
    model = RouteModel(RouteParams(min_tracks=2, min_days=0.0))
    with pytest.raises(ValueError, match="not known"):
        model.level(false_alarms_per_week=1.0)
    for i, track in enumerate(usual(57)):
        model.learn_one(track, utc=i * 86_400.0 / 8)
    assert model.tracks_per_week() == pytest.approx(57.0)
    assert model.level(false_alarms_per_week=1.0) == pytest.approx(1 / 57)
    assert model.level(false_alarms_per_week=1000.0) == 1.0
    with pytest.raises(ValueError, match="above 0"):
        model.level(false_alarms_per_week=0.0)


def test_a_new_way_becomes_usual_and_an_old_one_is_forgotten() -> None:
    model = RouteModel(RouteParams(min_tracks=50, min_days=0.0, max_tracks=120))
    for track in usual(120):
        model.learn_one(track)
    new = [way("north", "east", np.random.default_rng(100 + i)) for i in range(150)]
    before = model.score_one(new[0]).p_value
    for track in new[1:]:
        model.learn_one(track)
    assert len(model) == 120
    after = [model.score_one(track).p_value for track in new[:5]]
    assert before <= 0.02
    assert np.median(after) > 0.1


def test_learning_one_by_one_ends_near_learning_at_once() -> None:
    tracks = usual(160)
    grown = RouteModel(RouteParams(min_tracks=60, min_days=0.0))
    for track in tracks[:60]:
        grown.learn_one(track)
    grown.calibrate()
    for track in tracks[60:]:
        grown.learn_one(track)
    grown.calibrate()
    whole = RouteModel.fitted(tracks)
    assert len(grown) == len(whole) == 160
    fresh = usual(60, seed=3)
    p = np.array([(grown.score_one(track).p_value, whole.score_one(track).p_value) for track in fresh])
    assert np.corrcoef(p.T)[0, 1] > 0.9


def test_waiting_tracks_are_bounded_too() -> None:
    model = RouteModel(RouteParams(min_tracks=10, min_days=1.0, max_tracks=10))
    for track in usual(25):
        model.learn_one(track, utc=0.0)
    assert len(model) == 10


def test_still_tracks_are_part_of_the_rate() -> None:
    stands = Track.of(range(5), [(3.0, 4.0)] * 5)
    moving = usual(150)
    busy = RouteModel.fitted([*moving, *[stands] * 150])
    quiet = RouteModel.fitted(moving)
    assert (busy.still, quiet.still) == (150, 0)
    track = usual(1, seed=50)[0]
    assert busy.score_one(track).p_value < quiet.score_one(track).p_value
    busy.learn_one(stands)
    assert busy.still == 151


@pytest.mark.parametrize("stage", ["empty", "waiting", "fitted"])
def test_a_model_read_back_is_the_very_same(stage: str) -> None:
    model = RouteModel(RouteParams(min_tracks=30, min_days=0.0), key="cam-1/yolox")
    if stage != "empty":
        for i, track in enumerate(usual(40)):
            model.learn_one(track, utc=i * 100.0)
    if stage == "fitted":
        model.calibrate()
        model.note("c1", name="main", status="forbidden")
    again = RouteModel.from_bytes(model.to_bytes())
    assert again.to_bytes() == model.to_bytes()
    assert (again.key, again.progress, again.days) == (model.key, model.progress, model.days)
    if stage == "fitted":
        for one in (model, again):
            one.learn_one(usual(1, seed=77)[0])
        track = way("north", "east", np.random.default_rng(1))
        assert again.score_one(track) == model.score_one(track)
        assert [flow.name for flow in again.corridors()] == [flow.name for flow in model.corridors()]


@pytest.mark.parametrize("lacks", ["what loads quickly", "a statistic"])
def test_files_of_older_programs_are_read(model: RouteModel, lacks: str) -> None:
    head, arrays = unpack(model.to_bytes())
    if lacks == "a statistic":
        arrays["maxima"] = arrays["maxima"][:, 1:]
    else:
        kept = ("walks", "walk_lengths", "maxima", "raw", "raw_lengths")
        arrays = {name: arrays[name] for name in kept}
        del head["flow_count"]
    again = RouteModel.from_bytes(pack(head, arrays))
    for track in usual(20, seed=12):
        told, expected = again.score_one(track), model.score_one(track)
        assert (told.p_value, told.alarm_t) == (expected.p_value, expected.alarm_t)
        assert told.score == pytest.approx(expected.score)
    assert [flow.name for flow in again.corridors()] == [flow.name for flow in model.corridors()]


@pytest.mark.parametrize(
    "data",
    [b"", b"not a model", pack({}, {})[:-30], pack({"format": 99}, {}), pack({}, {})],
    ids=["empty", "text", "cut", "newer", "lacks everything"],
)
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="model of routes"):
        RouteModel.from_bytes(data)


def test_an_archive_gives_back_what_it_got() -> None:
    head, arrays = unpack(pack({"a": 1}, {"b": np.arange(3)}))
    assert head["a"] == 1
    assert arrays["b"].tolist() == [0, 1, 2]


def test_corridors_have_direction_share_and_names(model: RouteModel) -> None:
    flows = model.corridors(zones=ZONES)
    assert [flow.corridor_id for flow in flows] == [f"c{i + 1}" for i in range(len(flows))]
    assert sum(flow.share for flow in flows) > 0.8
    names = {flow.name for flow in flows}
    assert {"yard -> right", "right -> yard"} <= names
    along = next(flow for flow in flows if flow.name == "yard -> right")
    assert along.line[0, 0] < 2.0 < 18.0 < along.line[-1, 0]
    assert along.share == pytest.approx(0.2, abs=0.05)
    assert 0.2 < along.half_width < 1.5


def test_an_installers_word_stays_when_corridors_are_drawn_anew() -> None:
    model = RouteModel.fitted(usual(120))
    first = model.corridors()[0]
    model.note(first.corridor_id, name="deliveries", status="accepted")
    for track in usual(64, seed=2):
        model.learn_one(track)
    named = [flow for flow in model.corridors() if flow.name == "deliveries"]
    assert len(named) == 1
    assert named[0].status == "accepted"
    with pytest.raises(KeyError):
        model.note("c99")


def test_a_forbidden_corridor_is_unusual_and_new_walkers_do_not_make_it_usual() -> None:
    model = RouteModel.fitted(usual(250))
    rng = np.random.default_rng(1)
    tracks = [way("south", "east", rng) for _ in range(20)]
    before = [model.score_one(track).p_value for track in tracks]
    flow = next(flow for flow in model.corridors() if flow.name == "bottom -> right")
    model.note(flow.corridor_id, status="forbidden")
    assert np.median(before) > 0.2
    assert np.mean([model.score_one(track).p_value <= 0.01 for track in tracks]) >= 0.9
    for track in tracks:
        model.learn_one(track)
    assert np.mean([model.score_one(way("south", "east", rng)).p_value <= 0.01 for _ in range(10)]) >= 0.9
    usual_p = [model.score_one(track).p_value for track in usual(20, seed=5) if track.xy[0, 1] < 12.0]
    assert np.median(usual_p) > 0.1


def test_a_scene_without_long_tracks_has_no_corridors() -> None:
    rng = np.random.default_rng(0)
    spots = rng.uniform(0.0, 100.0, (30, 2))
    model = RouteModel.fitted([Track.of([0.0, 1.0], [tuple(p), tuple(p + 3.0)]) for p in spots])
    assert model.corridors() == []
    assert "corridor" not in told(model.begin(), Track.of(range(9), [(i * 5.0, 0.0) for i in range(9)]))


def test_a_trail_is_bounded() -> None:
    trail = Trail()
    for i in range(10 * KEPT):
        trail.add(float(i), 0.0, float(i))
    assert len(trail.places) <= KEPT
    assert trail.places[0][0] == 0.0
    assert trail.places[-1][0] > 9 * KEPT


@pytest.mark.parametrize(
    "params",
    [{"min_tracks": 1}, {"min_tracks": 50, "max_tracks": 40}, {"max_tracks": 20_000}, {"min_days": -1.0}],
    ids=["too few", "more than kept", "too many", "negative days"],
)
def test_parameters_out_of_range(params: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="min_tracks"):
        RouteParams(**params)  # type: ignore[arg-type]


def test_too_few_tracks_to_fit() -> None:
    with pytest.raises(ValueError, match="cannot judge"):
        RouteModel.fitted(usual(1))

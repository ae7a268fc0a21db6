"""Matching of alarms with due events against cases worked by hand, and the formulas at their limits."""

from __future__ import annotations

import math

import pytest

from pipeline.evaluate.event_score import Alarm, Clip, Due, Window, f1, figures, judge, poisson

ANY = {"camera_id": "c", "kind": "loitering", "rule_id": "r", "zone_id": "z"}


def due(onset: float, end: float | None = None, **changed: str | None) -> Due:
    return Due(**{**ANY, **changed}, onset_utc=onset, end_utc=end)


def alarm(utc: float, **changed: str | None) -> Alarm:
    return Alarm(**{**ANY, **changed}, utc=utc)


def clip(dues: list[Due], alarms: list[Alarm], duration_s: float = 100.0) -> Clip:
    return Clip(name="clip", duration_s=duration_s, due=tuple(dues), alarms=tuple(alarms))


# dues as onset or (onset, end); alarms by time; then true, false, missed, late, repeats, by the rules of the docstring
CASES = {
    "nothing due, nothing raised": ([], [], 0, 0, 0, 0, 0),
    "nothing due, one raised": ([], [5], 0, 1, 0, 0, 0),
    "one due, nothing raised": ([5], [], 0, 0, 1, 0, 0),
    "on time": ([5], [5], 1, 0, 0, 0, 0),
    "first instant of the window": ([5], [4], 1, 0, 0, 0, 0),
    "just before the window": ([5], [3.99], 0, 1, 1, 0, 0),
    "last instant of the window": ([5], [15], 1, 0, 0, 0, 0),
    "after the window, end unknown": ([5], [15.01], 0, 1, 1, 0, 0),
    "late, while it lasts": ([(5, 40)], [39], 0, 0, 1, 1, 0),
    "late, on its last instant": ([(5, 40)], [40], 0, 0, 1, 1, 0),
    "after it ended": ([(5, 40)], [40.1], 0, 1, 1, 0, 0),
    "ends within the window": ([(5, 7)], [12], 1, 0, 0, 0, 0),
    "a second alarm in the window": ([5], [6, 9], 1, 0, 0, 0, 1),
    "repeats while it lasts, and one after": ([(5, 40)], [6, 20, 30, 41], 1, 1, 0, 0, 2),
    "a repeat of a late one": ([(5, 40)], [20, 30], 0, 0, 1, 1, 1),
    "two due, two raised, both in both windows": ([5, 8], [9, 10], 2, 0, 0, 0, 0),
    "the alarm goes to the older event": ([5, 12], [11.5], 1, 0, 1, 0, 0),
    "one alarm cannot serve two": ([5, 5], [6], 1, 0, 1, 0, 0),
    "a spare alarm is late for the event missed": ([(5, 60), 30], [31, 35], 1, 0, 1, 1, 0),
    "alarms out of order": ([5, 50], [51, 6], 2, 0, 0, 0, 0),
    "true, late, repeat and false at once": ([5, (30, 60), 80], [1, 6, 7, 45, 70], 1, 2, 2, 1, 1),
}


@pytest.mark.parametrize(("dues", "alarms", "true", "false", "missed", "late", "repeats"), CASES.values(), ids=CASES)
def test_cases_worked_by_hand(
    dues: list, alarms: list[float], true: int, false: int, missed: int, late: int, repeats: int
) -> None:
    wanted = [due(*one) if isinstance(one, tuple) else due(one) for one in dues]
    found = judge(clip(wanted, [alarm(t) for t in alarms]), Window())
    counts = (found.count("true"), found.count("false"), found.missed, found.count("late"), found.count("repeat"))
    assert counts == (true, false, missed, late, repeats)
    assert sum(found.count(v) for v in ("true", "late", "repeat", "false")) == len(alarms)


@pytest.mark.parametrize(
    ("wanted", "given", "fits"),
    [
        ({}, {}, True),
        ({}, {"rule_id": "other"}, False),
        ({}, {"zone_id": None}, False),
        ({}, {"camera_id": "other"}, False),
        ({}, {"kind": "after_hours"}, False),
        ({"rule_id": None, "kind": None, "zone_id": None}, {"rule_id": "other", "kind": "any", "zone_id": "y"}, True),
        ({"zone_id": None}, {"rule_id": "other"}, False),
    ],
    ids=["same", "rule", "zone", "camera", "kind", "not asked for", "rule still asked for"],
)
def test_what_fits(wanted: dict[str, str | None], given: dict[str, str | None], fits: bool) -> None:
    found = judge(clip([due(5, **wanted)], [alarm(6, **given)]), Window())
    assert found.verdicts == (("true",) if fits else ("false",))


def test_an_alarm_of_another_rule_is_no_repeat() -> None:
    assert judge(clip([due(5)], [alarm(6), alarm(7, rule_id="other")]), Window()).verdicts == ("true", "false")


@pytest.mark.parametrize("bias", [0.0, 0.65, 1.0, 60.0, 1e9])
@pytest.mark.parametrize("x", [0.0, 0.25, 1.0])
def test_equal_recall_and_precision_are_the_f1_at_every_bias(bias: float, x: float) -> None:
    assert f1(x, x, bias) == pytest.approx(x)


def test_bias_goes_from_precision_to_recall() -> None:
    recall, precision = 0.9, 0.3
    assert f1(recall, precision, 0.0) == pytest.approx(precision)
    assert f1(recall, precision, 1.0) == pytest.approx(2 * 0.9 * 0.3 / 1.2)
    assert f1(recall, precision, 0.65) == pytest.approx(1.65 * 0.27 / (0.9 + 0.65 * 0.3))
    assert f1(recall, precision, 60.0) == pytest.approx(61 * 0.27 / (0.9 + 60 * 0.3))
    assert f1(recall, precision, 1e12) == pytest.approx(recall)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (2, 0.2422, 7.2247), (10, 4.7954, 18.3904), (100, 81.3640, 121.6270)],
)
def test_interval_of_a_count(count: int, low: float, high: float) -> None:
    """Values of the printed tables (Garwood, 1936)."""
    assert poisson(count) == (pytest.approx(low, abs=2e-4), pytest.approx(high, abs=2e-3))


def test_figures_over_clips() -> None:
    clips = [
        judge(clip([due(10), due(50)], [alarm(10.5), alarm(12)], duration_s=43_200), Window()),
        judge(clip([due(10)], [alarm(11.5), alarm(60)], duration_s=43_200), Window()),
    ]
    found = figures(clips)
    assert (found["due"], found["alarms"]) == (3, 4)
    assert (found["true"], found["false"], found["missed"], found["repeats"]) == (2, 1, 1, 1)
    assert found["recall"] == found["precision"] == found["f1_1"] == pytest.approx(2 / 3)
    assert found["false_per_camera_day"] == pytest.approx(1.0)
    assert found["false_per_camera_day_low"] == pytest.approx(0.0253, abs=1e-4)
    assert found["delay_median_s"] == pytest.approx(1.0)
    assert (found["delay_min_s"], found["delay_max_s"]) == (0.5, 1.5)
    assert found["recall_low"] == pytest.approx(0.5)
    assert found["recall_high"] == pytest.approx(1.0)


def test_late_alarms_have_no_delay() -> None:
    found = figures([judge(clip([due(5, 60)], [alarm(30)]), Window())])
    assert found["delay_median_s"] is found["delay_p95_s"] is None
    assert (found["recall"], found["precision"], found["f1_60"]) == (0.0, None, 0.0)


@pytest.mark.parametrize(
    ("dues", "alarms", "recall", "precision", "plain"),
    [([], [], None, None, None), ([5], [], 0.0, None, 0.0), ([], [5], None, 0.0, None), ([5], [5], 1.0, 1.0, 1.0)],
    ids=["nothing", "only missed", "only false", "all"],
)
def test_figures_without_meaning_are_none(
    dues: list[float], alarms: list[float], recall: float | None, precision: float | None, plain: float | None
) -> None:
    found = figures([judge(clip([due(t) for t in dues], [alarm(t) for t in alarms]), Window())])
    assert (found["recall"], found["precision"], found["f1_1"]) == (recall, precision, plain)
    assert found["recall_low"] is None


def test_no_clips() -> None:
    found = figures([])
    assert found["false_per_camera_day"] is found["recall"] is None
    assert found["due"] == 0


def test_the_window_is_a_choice() -> None:
    wide, narrow = Window(before_s=5, after_s=60), Window(before_s=0, after_s=0)
    one = clip([due(10)], [alarm(60)])
    assert judge(one, wide).verdicts == ("true",)
    assert judge(one, narrow).verdicts == ("false",)
    assert judge(clip([due(10)], [alarm(10)]), narrow).verdicts == ("true",)
    assert not math.isnan(figures([judge(one, wide)])["delay_p95_s"])

"""Figures of route scores against worked examples."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import BadInput
from pipeline.evaluate import routes


@pytest.mark.parametrize(
    ("score", "unusual", "auc", "ap"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0, 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0.0, (1 / 3 + 2 / 4) / 2),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5, 0.5),
        ([3, 2, 1], [1, 0, 1], 0.5, (1 + 2 / 3) / 2),
        ([1, 2], [0, 0], None, None),
        ([1, 2], [1, 1], None, 1.0),
        ([], [], None, None),
    ],
    ids=["perfect", "upside down", "all tied", "one of two", "none unusual", "all unusual", "empty"],
)
def test_ranking_figures(score: list[float], unusual: list[int], auc: float | None, ap: float | None) -> None:
    s, u = np.array(score, np.float64), np.array(unusual, np.bool_)
    assert routes.auc(s, u) == (auc if auc is None else pytest.approx(auc))
    assert routes.average_precision(s, u) == (ap if ap is None else pytest.approx(ap))


def test_counts_at_a_level() -> None:
    result = routes.judged(
        score=np.array([5.0, 4.0, 3.0, 2.0, 1.0]), p_value=np.array([0.001, 0.01, 0.011, 0.5, 1.0]),
        unusual=np.array([True, False, True, False, False]),
    )  # fmt: skip
    figures = result.figures()
    assert (result.found, result.false) == (1, 1)
    assert figures["f1"] == pytest.approx(0.5)
    assert figures["accuracy"] == pytest.approx(3 / 5)
    assert figures["false_alarms"] == pytest.approx(1 / 3)


def test_no_track_has_no_figures() -> None:
    figures = routes.judged(score=np.zeros(0), p_value=np.zeros(0), unusual=np.zeros(0, np.bool_)).figures()
    assert figures["found"] is figures["false_alarms"] is figures["f1"] is figures["accuracy"] is None


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 0, None, None), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (10, 1000, 0.00544, 0.0183)],
    ids=["none", "no hit", "all", "one in a hundred"],
)
def test_interval_of_a_rate(hits: int, trials: int, low: float | None, high: float | None) -> None:
    found = routes.wilson(hits, trials)
    assert (
        found == (low, high) if low is None else found == (pytest.approx(low, abs=2e-4), pytest.approx(high, abs=2e-4))
    )


def test_delay_is_a_share_of_the_way() -> None:
    xy = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [4.0, 0.0]])
    t = np.arange(4.0)
    assert [routes.delay(t, xy, at) for at in (0.0, 1.5, 3.0)] == [0.0, 0.75, 1.0]
    assert routes.delay(t, np.zeros((4, 2)), 1.0) == 1.0


def arguments(folder: Path, **changed: object) -> argparse.Namespace:
    kept = {"scores": folder / "s", "truth": folder / "t", "flag": "unusual", "tracks": None, "fps": None,
            "level": 0.01, "json": True}  # fmt: skip
    return argparse.Namespace(**{**kept, **changed})


SCORE = {"id": 1, "p_value": 0.001, "score": 3.0, "alarm_t": 2.0}


@pytest.mark.parametrize(
    ("scores", "truth", "changed"),
    [
        ("{", '{"id": 1, "unusual": true}', {}),
        ("[1]", '{"id": 1, "unusual": true}', {}),
        (json.dumps(SCORE), '{"id": "1", "unusual": true}', {}),
        (json.dumps(SCORE), '{"id": 1}', {}),
        (json.dumps(SCORE), "", {}),
        (json.dumps(SCORE), '{"id": 1, "unusual": true}', {"level": 0.0}),
        (json.dumps(SCORE), '{"id": 1, "unusual": true}', {"scores": Path("absent")}),
    ],
    ids=["not JSON", "not an object", "other id", "no flag", "no truth", "level", "no file"],
)
def test_bad_input_is_named(tmp_path: Path, scores: str, truth: str, changed: dict[str, object]) -> None:
    (tmp_path / "s").write_text(scores)
    (tmp_path / "t").write_text(truth)
    with pytest.raises(BadInput):
        routes.run(arguments(tmp_path, **changed))


def test_text_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s").write_text(json.dumps(SCORE) + "\n\n")
    (tmp_path / "t").write_text('{"id": 1, "unusual": true}\n')
    assert routes.run(arguments(tmp_path, json=False)) == 0
    assert "found 1  false_alarms -" in capsys.readouterr().out

"""The moving picture of an alert: what is drawn when, and the one that the README shows."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.cli import main
from sample_videos.renderer import preview as module
from sample_videos.renderer.preview import BAR, FPS, TRACK, preview
from sample_videos.renderer.truth import load_site, read_rows

SAMPLES = Path(__file__).resolve().parents[2] / "sample_videos"
DUE_S, BEFORE_S, AFTER_S, BEGUN_S = 20.0, 3.0, 2.0, 18.0


def analyze(arguments: list[str]) -> int:
    """As the command would: somebody stands in the dock's zone; the alert is due at DUE_S."""
    place = Path(arguments[arguments.index("--out") + 1])
    frames = range(round(BEGUN_S * 12.5), round(30 * 12.5), 2)
    (place / "tracks.txt").write_text("".join(f"{i + 1},7,340,180,30,80,0.9,1,1,-1\n" for i in frames))
    event = {
        "kind": "after_hours", "state": "start", "rule_id": "apron-night", "camera_id": "dock", "zone_id": "apron",
        "track_ids": [7], "pts": DUE_S, "since_utc": "2026-11-21T22:40:12Z", "utc": "2026-11-21T22:40:20Z",
        "why": {"presence_s": 8.0, "threshold_s": 8.0},
    }  # fmt: skip
    (place / "events.jsonl").write_text(json.dumps(event) + "\n")
    return 0


def played(path: Path) -> list[np.ndarray]:
    done, film = cv2.imreadanimation(str(path))
    assert done
    return [frame[..., :3] for frame in film.frames]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BEFORE_S", BEFORE_S)
        patch.setattr(module, "AFTER_S", AFTER_S)
        return played(preview(SAMPLES, "dock", tmp_path_factory.mktemp("preview") / "alert.webp", analyze))


def amber(picture: np.ndarray) -> int:
    return int((np.abs(picture.astype(int) - TRACK).max(2) < 40).sum())


def test_it_shows_what_came_before_and_after(frames: list[np.ndarray]) -> None:
    assert len(frames) == pytest.approx((BEFORE_S + AFTER_S) * FPS, abs=2)


def test_the_card_comes_with_the_alert(frames: list[np.ndarray]) -> None:
    panels = [frame[BAR:-60, -280:] for frame in frames]
    due = round(BEFORE_S * FPS)
    assert max(amber(panel) for panel in panels[: due - 3]) == 0
    assert min(amber(panel) for panel in panels[due + 5 :]) > 200


def test_who_is_followed_is_marked_only_while_followed(frames: list[np.ndarray]) -> None:
    picture = lambda i: frames[i][BAR : BAR + 360, 12:652]  # noqa: E731
    begun = round((BEFORE_S - DUE_S + BEGUN_S) * FPS)
    assert amber(picture(begun + 3)) > amber(picture(begun - 3)) + 100


def test_a_camera_without_alerts_is_refused(tmp_path: Path) -> None:
    def silent(arguments: list[str]) -> int:
        analyze(arguments)
        (Path(arguments[arguments.index("--out") + 1]) / "events.jsonl").write_text("")
        return 0

    with pytest.raises(ValueError, match="no alert"):
        preview(SAMPLES, "dock", tmp_path / "alert.webp", silent)
    assert not list(tmp_path.iterdir())


def test_an_unknown_camera_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "preview", "--camera", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_the_shipped_one_moves_and_is_small() -> None:
    path = SAMPLES / "alert.webp"
    assert path.stat().st_size < 2_000_000
    shown = played(path)
    assert len(shown) > 60
    assert amber(shown[-1][BAR:-60, -280:]) > 200 > amber(shown[0][BAR:-60, -280:])


def test_the_one_that_the_readme_shows_follows_one_person_by_one_id() -> None:
    """Not only at the alert: over the whole moving picture the amber corners are on the loiterer, and nobody else."""
    watched = module.watch(SAMPLES, load_site(SAMPLES), "corridor", main)
    assert len(watched.event["track_ids"]) == 1
    truth = read_rows(SAMPLES / "corridor_day.gt.txt")
    begin, end = watched.event["pts"] - module.BEFORE_S, watched.event["pts"] + module.AFTER_S
    times = module.watched_times(watched)
    mine = watched.rows[(watched.rows[:, 1] == watched.event["track_ids"][0]) & (times >= begin) & (times <= end)]
    assert len(mine) > 40
    for row in mine:
        there = truth[(truth[:, 0] == row[0]) & (truth[:, 8] > 0.3)]
        middle = row[2:4] + row[4:6] / 2
        aside = np.abs(there[:, 2:4] + there[:, 4:6] / 2 - middle) / there[:, 4:6]
        assert there[(aside < 0.5).all(1), 1].tolist() in ([2.0], [])

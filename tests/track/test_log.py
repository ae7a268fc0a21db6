"""The track log: exact, in order, and harmed by a crash by no more than the frame being written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.track.log import TrackLog
from pipeline.types import Tracks

NOON = 1_780_000_000.0 - 1_780_000_000.0 % 86_400 + 43_200
DAY = 86_400.0


def frame(utc: float, n: int = 2, *, run_id: int = 1, seed: int = 0) -> Tracks:
    rng = np.random.default_rng(seed)
    return Tracks(
        camera_id="dock/1", run_id=run_id, pts=utc - NOON + 100, utc=utc, aspect=16 / 9,
        track_id=rng.integers(1, 2**40, n), xyxy=rng.random((n, 4), np.float32), score=rng.random(n, np.float32),
        class_id=rng.integers(0, 80, n, np.int32), observed=rng.random(n) < 0.5,
    )  # fmt: skip


def same(one: Tracks, other: Tracks) -> bool:
    names = ("track_id", "xyxy", "score", "class_id", "observed")
    return (one.camera_id, one.run_id, one.pts, one.utc, one.aspect) == (
        other.camera_id, other.run_id, other.pts, other.utc, other.aspect,
    ) and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)  # fmt: skip


def everything(log: TrackLog) -> list[Tracks]:
    return list(log.read(-1e12, 1e12))


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(0, 5), max_size=12), seed=st.integers(0, 1000))
def test_what_is_appended_is_read_back(tmp_path_factory: pytest.TempPathFactory, counts: list[int], seed: int) -> None:
    folder = tmp_path_factory.mktemp("log")
    frames = [frame(NOON + i / 10, n, seed=seed + i) for i, n in enumerate(counts)]
    with TrackLog(folder, "dock/1") as log:
        for tracks in frames:
            log.append(tracks)
        live = everything(log)
    again = everything(TrackLog(folder, "dock/1"))
    assert len(live) == len(again) == len(frames)
    assert all(same(*pair) for pair in zip(frames, live, strict=True))
    assert all(same(*pair) for pair in zip(frames, again, strict=True))


def test_nothing_was_logged_yet(tmp_path: Path) -> None:
    assert everything(TrackLog(tmp_path, "dock/1")) == []
    assert TrackLog(tmp_path, "dock/1").prune(NOON) == 0


@pytest.mark.parametrize(
    ("word", "since", "until", "expected"),
    [("half open", 0.0, 0.2, 2), ("empty span", 0.1, 0.1, 0), ("before", -9.0, 0.0, 0), ("after", 9.0, 99.0, 0)],
)
def test_a_span_of_time(tmp_path: Path, word: str, since: float, until: float, expected: int) -> None:
    with TrackLog(tmp_path, "dock/1") as log:
        for i in range(5):
            log.append(frame(NOON + i / 10))
        assert len(list(log.read(NOON + since, NOON + until))) == expected, word


@pytest.mark.parametrize("lost", [1, 7, 30, 75])
def test_a_torn_tail_costs_one_frame_and_is_written_over(tmp_path: Path, lost: int) -> None:
    with TrackLog(tmp_path, "dock/1") as log:
        for i in range(3):
            log.append(frame(NOON + i))
    (path,) = (tmp_path / "dock%2F1").glob("*.tracks")
    path.write_bytes(path.read_bytes()[:-lost])
    with TrackLog(tmp_path, "dock/1") as log:
        assert [t.utc - NOON for t in everything(log)] == [0, 1]
        log.append(frame(NOON + 9))
        assert [t.utc - NOON for t in everything(log)] == [0, 1, 9]


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    with TrackLog(tmp_path, "dock/1") as log:
        for i in range(3):
            log.append(frame(NOON + i))
    (path,) = (tmp_path / "dock%2F1").glob("*.tracks")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert [t.utc - NOON for t in everything(TrackLog(tmp_path, "dock/1"))] == [0]


def test_days_are_packed_and_pruned(tmp_path: Path) -> None:
    with TrackLog(tmp_path, "dock/1") as log:
        for day in range(3):
            for i in range(50):
                log.append(frame(NOON + day * DAY + i, 0))
    names = sorted(path.name for path in (tmp_path / "dock%2F1").iterdir())
    assert [name.partition(".")[2] for name in names] == ["tracks.z", "tracks.z", "tracks"]
    log = TrackLog(tmp_path, "dock/1")
    assert len(everything(log)) == 150
    assert len(list(log.read(NOON + DAY, NOON + 2 * DAY))) == 50
    assert log.prune(NOON + DAY) == 1
    assert everything(log)[0].utc == NOON + DAY


def test_a_wall_clock_that_steps_back_keeps_the_order_of_arrival(tmp_path: Path) -> None:
    utcs = [NOON + DAY, NOON, NOON + DAY + 1]
    with TrackLog(tmp_path, "dock/1") as log:
        for utc in utcs:
            log.append(frame(utc))
        assert [t.utc for t in everything(log)] == utcs


def test_an_interrupted_packing_counts_nothing_twice(tmp_path: Path) -> None:
    with TrackLog(tmp_path, "dock/1") as log:
        log.append(frame(NOON))
        raw = next((tmp_path / "dock%2F1").glob("*.tracks"))
        content = raw.read_bytes()
        log.append(frame(NOON + DAY))
    raw.write_bytes(content)
    assert len(everything(TrackLog(tmp_path, "dock/1"))) == 2


def test_cameras_do_not_mix(tmp_path: Path) -> None:
    with TrackLog(tmp_path, "dock/1") as log:
        log.append(frame(NOON))
    assert everything(TrackLog(tmp_path, "gate")) == []


def test_where_the_newest_day_ends(tmp_path: Path) -> None:
    with TrackLog(tmp_path, "dock") as log:
        assert log.ends_utc() is None
        log.append(frame(3 * 86_400.0 + 5.0))
        log.append(frame(4 * 86_400.0 + 5.0))
        assert log.ends_utc() == 5 * 86_400.0


def test_skimming_keeps_one_frame_a_while_and_fewer_without_anybody(tmp_path: Path) -> None:
    with TrackLog(tmp_path, "dock") as log:
        for i in range(100):
            log.append(frame(1000.0 + i * 0.1, n=1 if i < 50 else 0))
        kept = [one.utc for one in log.skim(0.0, 2000.0, every_s=0.5, empty_every_s=2.0)]
    assert kept[:11] == pytest.approx([1000.0 + 0.5 * i for i in range(11)])
    assert kept[11:] == pytest.approx([1007.0, 1009.0])

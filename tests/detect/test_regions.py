"""Regions: packing is exact, small people are found, stillness is cheap, and whoever moves is seen on every frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.detect import DetectorSpec, open_detector
from pipeline.detect.base import Detector
from pipeline.detect.boxes import iou
from pipeline.detect.cue import MotionCue
from pipeline.detect.packing import GAP, View, cover, cut, from_piece, pack
from pipeline.detect.regions import RegionDetector, one_each, steadied
from pipeline.types import Detections
from tests.detect.pictures import frame

SIZE = (416, 416)
RED = (0, 0, 255)


class RedFinder:
    """A model that finds red blocks of at least 20 px: small ones only where they are shown large enough."""

    name = "red"
    people = True
    notes: tuple[str, ...] = ()
    score = 0.3
    size = SIZE
    seen = True

    def detect_pixels(self, bgr: NDArray[np.uint8]) -> Detections:
        if not self.seen:
            return Detections.empty()
        red = ((bgr[..., 2] > 150) & (bgr[..., 1] < 90)).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(red)
        boxes = [(x, y, x + w, y + h) for x, y, w, h, _ in stats[1:] if h >= 20]
        n = len(boxes)
        return Detections(
            np.asarray(boxes, np.float32).reshape(n, 4), np.full(n, 0.9, np.float32), np.zeros(n, np.int32)
        )


def scene(*blocks: tuple[int, int, int, int], width: int = 1920, height: int = 1080) -> NDArray[np.uint8]:
    picture = np.full((height, width, 3), 120, np.uint8)
    for x, y, w, h in blocks:
        cv2.rectangle(picture, (x, y), (x + w - 1, y + h - 1), RED, -1)
    return picture


def block(x: int, y: int, w: int, h: int) -> NDArray[np.float32]:
    return np.asarray([(x, y, x + w, y + h)], np.float32)


def test_is_a_detector() -> None:
    assert isinstance(RegionDetector(RedFinder()), Detector)


def test_at_least_one_sheet() -> None:
    with pytest.raises(ValueError, match="sheets"):
        RegionDetector(RedFinder(), sheets=0)


def test_a_small_block_is_found_closer_than_the_whole_picture_shows_it() -> None:
    detector, picture = RegionDetector(RedFinder()), scene((1500, 700, 25, 60))
    assert len(RedFinder().detect_pixels(np.asarray(cv2.resize(picture, (416, 234)), np.uint8))) == 0
    found = detector.detect(frame(picture, pts=0.0))
    assert iou(block(1500, 700, 25, 60), found.xyxy).max() > 0.7


def test_a_still_scene_costs_under_a_tenth_of_the_runs() -> None:
    detector = RegionDetector(RedFinder())
    for index in range(100):
        detector.detect(frame(scene(), pts=index / 5))
    assert detector.runs <= 10


def test_who_moves_is_seen_on_every_frame() -> None:
    detector = RegionDetector(RedFinder())
    detector.detect(frame(scene(), pts=0.0))
    for index in range(1, 40):
        x = 100 + 30 * index
        found = detector.detect(frame(scene((x, 500, 60, 160)), pts=index / 5))
        assert iou(block(x, 500, 60, 160), found.xyxy).max(initial=0.0) > 0.7, index


def test_who_stands_still_stays_and_is_looked_at_again() -> None:
    detector, picture = RegionDetector(RedFinder()), scene((900, 400, 60, 160))
    for index in range(600):
        found = detector.detect(frame(picture, pts=index / 5))
        assert len(found) == 1
    assert detector.runs < 200


def test_a_look_that_finds_nobody_there_any_more_ends_it() -> None:
    finder = RedFinder()
    detector, picture = RegionDetector(finder), scene((900, 400, 60, 160))
    detector.detect(frame(picture, pts=0.0))
    finder.seen = False
    left = [len(detector.detect(frame(picture, pts=1.0 + index / 5))) for index in range(30)]
    assert left[0] == 1
    assert left[-1] == 0


def test_who_has_left_is_not_repeated() -> None:
    detector = RegionDetector(RedFinder())
    detector.detect(frame(scene((900, 400, 60, 160)), pts=0.0))
    assert len(detector.detect(frame(scene(), pts=0.2))) == 0


def test_a_new_connection_begins_afresh() -> None:
    detector = RegionDetector(RedFinder())
    detector.detect(frame(scene((900, 400, 60, 160)), pts=5.0))
    assert len(detector.detect(frame(scene(), pts=0.0))) == 0


def test_runs_stay_within_the_budget() -> None:
    random, detector = np.random.default_rng(1), RegionDetector(RedFinder(), sheets=2)
    for index in range(20):
        blocks = [(int(x), int(y), 30, 80) for x, y in random.uniform((0, 0), (1800, 900), (25, 2))]
        before = detector.runs
        detector.detect(frame(scene(*blocks), pts=index / 5))
        assert detector.runs - before <= 2


@pytest.mark.parametrize(
    ("picture", "sheets"), [((1920, 1080), 1), ((1920, 1080), 2), ((640, 480), 2), ((300, 200), 2), ((400, 3000), 3)]
)
def test_cover_shows_every_pixel(picture: tuple[int, int], sheets: int) -> None:
    pieces = cover(picture, size=SIZE, sheets=sheets, overlap=80.0)
    shown = np.zeros((picture[1], picture[0]), bool)
    for piece in pieces:
        x1, y1, x2, y2 = piece.rect
        shown[int(np.ceil(y1)) : round(y2), int(np.ceil(x1)) : round(x2)] = True
    assert shown.all()
    assert {piece.sheet for piece in pieces} <= set(range(sheets))


views = st.builds(
    lambda x, y, w, h, s: View((x, y, x + w, y + h), s),
    st.integers(0, 900), st.integers(0, 900), st.integers(8, 400), st.integers(8, 400), st.sampled_from([0.25, 0.5, 1.0]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(views, max_size=12))
def test_packed_pieces_lie_inside_and_apart(wanted: list[View]) -> None:
    pieces = pack(wanted, size=SIZE, sheets=2)
    if pieces is None:
        return
    assert len(pieces) == len(wanted)
    for index, a in enumerate(pieces):
        assert a.left + a.width <= SIZE[0]
        assert a.top + a.height <= SIZE[1]
        for b in pieces[index + 1 :]:
            beside = a.left + a.width + GAP <= b.left or b.left + b.width + GAP <= a.left
            above = a.top + a.height + GAP <= b.top or b.top + b.height + GAP <= a.top
            assert a.sheet != b.sheet or beside or above


def test_what_does_not_fit_is_said() -> None:
    assert pack([View((0, 0, 400, 400), 1.0)] * 3, size=SIZE, sheets=2) is None


def test_a_box_comes_back_to_where_it_was() -> None:
    piece = pack([View((1000.0, 500.0, 1400.0, 900.0), 0.5)], size=SIZE, sheets=1)
    assert piece is not None
    found = Detections(np.asarray([(50, 50, 100, 150)], np.float32), np.ones(1, np.float32), np.zeros(1, np.int32))
    back, cut_off = from_piece(found, piece[0], picture=(1920, 1080))
    assert back.xyxy.tolist() == [[1100.0, 600.0, 1200.0, 800.0]]
    assert not cut_off.any()


def test_a_box_at_an_inner_edge_is_cut_off_and_one_at_the_border_is_not() -> None:
    left, right = cut(View((0.0, 0.0, 800.0, 400.0), 1.0), size=SIZE, overlap=20.0)
    assert (left.rect[0], right.rect[2]) == (0.0, 800.0)
    piece = (pack([left], size=SIZE, sheets=1) or [])[0]
    found = Detections(
        np.asarray([(0, 10, 50, 100), (380, 10, 416, 100)], np.float32), np.ones(2, np.float32), np.zeros(2, np.int32)
    )
    _, cut_off = from_piece(found, piece, picture=(800, 400))
    assert cut_off.tolist() == [False, True]


def test_half_a_person_left_by_a_cut_goes_with_the_whole() -> None:
    boxes = np.asarray([(0, 0, 100, 200), (0, 0, 40, 200), (300, 0, 400, 200)], np.float32)
    found = Detections(boxes, np.asarray([0.6, 0.9, 0.5], np.float32), np.zeros(3, np.int32))
    kept = one_each(found, np.asarray([False, True, True]), closer=False)
    assert sorted(kept.tolist()) == [0, 2]


def test_the_cue_sees_what_moves_and_not_what_stays() -> None:
    cue, random = MotionCue(), np.random.default_rng(0)
    grey = np.full((540, 960), 120, np.uint8)
    for index in range(10):
        noisy = np.clip(grey + random.normal(0, 2, grey.shape), 0, 255).astype(np.uint8)
        assert cue.look(noisy, index / 5) == []
    moved = grey.copy()
    moved[200:300, 400:440] = 30
    ((x1, y1, x2, y2),) = cue.look(moved, 2.0)
    assert x1 <= 400 <= 440 <= x2
    assert y1 <= 200 <= 300 <= y2


def test_a_poor_look_costs_half_of_what_it_loses_and_a_better_one_counts_in_full() -> None:
    boxes = np.concatenate((block(0, 0, 40, 100), block(200, 0, 40, 100), block(400, 0, 40, 100)))
    before = Detections(boxes[:2], np.asarray([0.8, 0.3], np.float32), np.zeros(2, np.int32))
    now = Detections(boxes, np.asarray([0.4, 0.6, 0.5], np.float32), np.zeros(3, np.int32))
    assert steadied(now, before).score == pytest.approx([0.6, 0.6, 0.5])
    other = Detections(boxes[:2], np.asarray([0.8, 0.3], np.float32), np.ones(2, np.int32))
    assert steadied(now, other).score == pytest.approx([0.4, 0.6, 0.5])
    assert len(steadied(Detections.empty(), before)) == 0


def test_nobody_known_and_nothing_moving_asks_nothing_of_the_model() -> None:
    detector = RegionDetector(RedFinder())
    detector.detect(frame(scene(), pts=0.0))
    before = detector.runs
    for index in range(1, 45):
        assert len(detector.detect(frame(scene(), pts=index / 5))) == 0
    assert detector.runs == before


class Scales(RegionDetector):
    """Notes how large each piece was shown."""

    def _run_sheets(self, frame, pieces):  # type: ignore[no-untyped-def]
        self.shown = {round(piece.scale, 2) for piece in pieces}
        return super()._run_sheets(frame, pieces)


def test_of_many_the_tall_are_shrunk_before_the_small() -> None:
    """The tall ones would need more than two inputs at what they are worth; the small one is still shown as it is."""
    tall = [(60 + 300 * index, 500, 90, 240) for index in range(6)]
    detector = Scales(RedFinder())
    for index in range(4):
        moved = [(x + 8 * index, y, w, h) for x, y, w, h in tall]
        detector.detect(frame(scene(*moved, (900 + 8 * index, 100, 25, 60)), pts=index / 5))
    assert 1.0 in detector.shown
    assert min(detector.shown) < 0.5


def test_a_small_picture_that_moves_as_a_whole_is_always_looked_at_as_a_whole() -> None:
    detector, random = Scales(RedFinder()), np.random.default_rng(3)
    for index in range(6):
        noise = np.repeat(np.repeat(random.integers(0, 80, (24, 32, 3), np.uint8), 20, axis=0), 20, axis=1)
        detector.detect(frame(noise, pts=index / 5))
        assert len(detector.shown) == 1
        assert min(detector.shown) > 0.7


@pytest.mark.assets
def test_regions_of_a_real_model_find_people_that_the_whole_picture_misses(assets: Path) -> None:
    """MOT17-10: people of 60-200 px in 1080p. Measured with benchmarks/detection.py: AP50 .70 against .46."""
    spec = {"model": str(assets / "models" / "yolox_nano_416.onnx"), "score": 0.3}
    plain, regions = open_detector(DetectorSpec(**spec)), open_detector(DetectorSpec(**spec, regions=True))
    rows = np.loadtxt(assets / "images" / "MOT17-10" / "gt.txt", delimiter=",")
    met = {"plain": 0, "regions": 0}
    for index, path in enumerate(sorted((assets / "images" / "MOT17-10").glob("*.jpg"))):
        picture = frame(np.asarray(cv2.imread(str(path)), np.uint8), pts=index / 10)
        true = rows[(rows[:, 0] == index + 1) & (rows[:, 6] > 0)][:, 2:6].astype(np.float32)
        true[:, 2:] += true[:, :2]
        for name, detector in (("plain", plain), ("regions", regions)):
            found = detector.detect(picture)
            met[name] += int((iou(true, found.xyxy[found.class_id == 0]).max(axis=1, initial=0.0) > 0.5).sum())
    assert met["regions"] > 1.2 * met["plain"]

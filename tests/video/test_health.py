"""Blind cameras are found in time, and cameras that merely see little are left alone (reliability.md, I4 and I5)."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.video.health import TOPICS, CameraHealth, HealthParams, StillnessWatch
from pipeline.video.source import open_source

RATE = 2.0


def yard(height=144, width=256):
    """A scene with walls, doors, a fence and a paved ground, brightness 40 to 220. uint8 (H, W)."""
    scene = np.full((height, width), 150, np.float32)
    scene[height // 2 :] = 95
    for x in range(10, width, 45):
        cv2.rectangle(scene, (x, 30), (x + 22, height // 2), 60 + (x * 7) % 120, -1)
        cv2.rectangle(scene, (x + 5, 40), (x + 17, 60), 210, -1)
    for x in range(0, width, 16):
        cv2.line(scene, (x, height), (width // 2 + (x - width // 2) // 3, height // 2), 130, 1)
    for y in range(height // 2 + 8, height, 14):
        cv2.line(scene, (0, y), (width, y), 70, 1)
    return cv2.GaussianBlur(scene, (3, 3), 0)


def seen(scene, rng, *, sigma=1.0):
    return np.clip(scene + rng.normal(0, sigma, scene.shape), 0, 255).astype(np.uint8)


def walker(scene, pts):
    """Somebody walks to and fro."""
    with_person = scene.copy()
    height, width = scene.shape
    x = int(abs((pts * 12) % (2 * width) - width))
    cv2.rectangle(with_person, (x, height // 2 - 10), (x + 14, height // 2 + 40), 30, -1)
    return with_person


def watch(pictures, *, params=None):
    """Findings of a series of (pts, uint8 picture)."""
    health = CameraHealth(params)
    return [finding for pts, luma in pictures for finding in health.update(luma, pts)]


def story(change, *, seconds, at=60.0, sigma=1.0, rate=RATE):
    """A minute of the yard with somebody about, then `change(scene, seconds since)` of it."""
    rng, scene = np.random.default_rng(0), yard()
    for index in range(int(seconds * rate)):
        pts = index / rate
        now = walker(scene, pts)
        yield pts, seen(now if pts < at else change(now, pts - at), rng, sigma=sigma)


def shifted(share_x, share_y=0.0):
    def change(scene, _):
        height, width = scene.shape
        move = np.array([[1, 0, share_x * width], [0, 1, share_y * height]], np.float32)
        return cv2.warpAffine(scene, move, (width, height), borderMode=cv2.BORDER_REFLECT)

    return change


AILMENTS = [
    ("lens cap", lambda scene, _: np.full_like(scene, 17), "dark", 20.5),
    ("night without light", lambda scene, _: (scene - 16) * 0.06 + 16, "dark", 20.5),
    ("torch into the lens", lambda scene, _: np.full_like(scene, 250), "bright", 20.5),
    ("paper over it", lambda scene, _: np.full_like(scene, 140), "covered", 20.5),
    ("paint", lambda scene, _: 120 + np.linspace(-30, 30, scene.shape[1]) + 0 * scene, "covered", 20.5),
    ("film that shimmers", lambda scene, _: 0.12 * scene + 110, "covered", 20.5),
    ("torch that veils", lambda scene, _: 0.1 * scene + 205, "covered", 20.5),
    ("a sack over most", lambda scene, _: np.where(np.arange(scene.shape[1]) < 240, 90.0, scene), "covered", 20.5),
    ("out of focus", lambda scene, _: cv2.GaussianBlur(scene, (0, 0), 2.5), "defocused", 30.0),
    ("far out of focus", lambda scene, _: cv2.GaussianBlur(scene, (0, 0), 4), "defocused", 30.0),
    ("nudged aside", shifted(0.03), "moved", 30.0),
    ("nudged down", shifted(0.0, 0.04), "moved", 30.0),
    ("turned away", shifted(0.3, 0.1), "moved", 30.0),
    ("upside down", lambda scene, _: scene[::-1, ::-1], "moved", 30.0),
]  # fmt: skip


@pytest.mark.parametrize(("word", "change", "kind", "within_s"), AILMENTS)
def test_found_once_in_time_and_with_its_beginning(word, change, kind, within_s):
    found = watch(story(change, seconds=130))
    assert [(f.kind, f.state) for f in found] == [(kind, "start")], word
    assert found[0].since_pts == pytest.approx(60.0, abs=1.0)
    assert found[0].pts - 60.0 <= within_s
    assert found[0].topic == TOPICS[kind]
    assert found[0].topic.startswith("tns1:VideoSource/")


def test_a_black_picture_that_never_changes_is_one_cause():
    """Tape over the lens, behind an encoder that leaves nothing of the noise: dark, and not frozen as well."""
    before = list(story(None, seconds=60))
    black = np.full_like(before[0][1], 16)
    found = watch([*before, *((60.0 + index / RATE, black) for index in range(int(60 * RATE)))])
    assert [(f.kind, f.state) for f in found] == [("dark", "start")]


def test_the_time_to_covered_is_the_sites_to_choose():
    change = AILMENTS[3][1]
    found = watch(story(change, seconds=80), params=HealthParams(covered_s=5.0))
    assert found[0].pts - 60.0 <= 6.0


def lasting(change, seconds):
    return lambda scene, since: change(scene, since) if since < seconds else scene


@pytest.mark.parametrize(("word", "change", "kind", "within_s"), AILMENTS[:-1])
def test_it_ends_when_the_camera_sees_again(word, change, kind, within_s):
    found = watch(story(lasting(change, 50), seconds=125))
    assert [(f.kind, f.state) for f in found] == [(kind, "start"), (kind, "end")], word
    assert found[1].pts == pytest.approx(110.0, abs=5.0)


def ramp(scene, since):
    """Dusk over three minutes down to a seventh of the light, and dawn."""
    share = max(1 / 7, 1 - since / 180) if since < 240 else min(1.0, 1 / 7 + (since - 240) / 180)
    return (scene - 16) * share + 16


def infrared(scene, _):
    """Lights out, infrared on: flat, grainy, and other things are bright."""
    return np.power(scene / 255.0, 0.5) * 110 + 30 + np.random.default_rng(1).normal(0, 3, scene.shape)


def lorry(scene, since):
    """For 15 s a lorry stands in two thirds of the picture."""
    return np.where(np.arange(scene.shape[1]) < 200, 180.0, scene) if 5 < since < 20 else scene


def crowd(scene, since):
    full = scene.copy()
    for person in range(12):
        x, y = int(since * 9 + person * 53) % 300, 70 + (person * 23) % 60
        cv2.rectangle(full, (x, y), (x + 14, y + 45), 25 + person * 15, -1)
    return full


@pytest.mark.parametrize(
    ("word", "change", "seconds"),
    [
        ("dusk and dawn", ramp, 520),
        ("lights out with infrared", infrared, 180),
        ("clouds", lambda scene, since: (scene - 16) * (0.7 + 0.3 * np.cos(since / 5)) + 16, 180),
        ("a lorry passes", lorry, 120),
        ("a shift of people", crowd, 180),
        ("brighter", lambda scene, _: np.minimum(scene * 1.3, 245), 120),
        ("vibration", lambda scene, since: shifted(0.002 * np.sin(since * 9))(scene, since), 120),
    ],
)
def test_nothing_is_found_where_nothing_is_wrong(word, change, seconds):
    found = watch(story(change, seconds=seconds, rate=1.0))
    assert [f.kind for f in found if f.kind != "dark" or change is not ramp] == [], word


@pytest.mark.slow
@pytest.mark.parametrize(("word", "first", "then"), [("larger", 640, 1920), ("smaller", 1920, 640)])
@pytest.mark.parametrize("restart", [False, True])
def test_pictures_of_another_size_are_not_out_of_focus(word, first, then, restart):
    """A lens that is not quite sharp at full size: the same scene looks sharper where it is scaled down."""
    rng = np.random.default_rng(0)
    big = np.full((1080, 1920), 120, np.float32)
    for _ in range(150):
        x, y = int(rng.integers(0, 1900)), int(rng.integers(0, 1060))
        size = (int(x + rng.integers(20, 300)), int(y + rng.integers(20, 200)))
        cv2.rectangle(big, (x, y), size, float(rng.integers(40, 220)), -1)
    big = cv2.GaussianBlur(big, (0, 0), 4)
    scenes = {1920: big, 640: cv2.resize(big, (640, 360), interpolation=cv2.INTER_AREA)}
    health, found = CameraHealth(), []
    for index in range(120):
        if index == 60 and restart:
            kept, health = health.state(), CameraHealth()
            health.restore(kept)
        found += health.update(seen(scenes[first if index < 60 else then], rng), float(index))
    assert found == [], word


@pytest.mark.slow
def test_half_an_hour_of_a_noisy_still_scene():
    rng, scene = np.random.default_rng(2), yard()
    assert watch((float(index), seen(scene, rng)) for index in range(1800)) == []


def test_lights_out_and_blind_is_dark_and_nothing_else():
    found = watch(story(lambda scene, _: (scene - 16) * 0.03 + 16, seconds=120))
    assert [f.kind for f in found] == ["dark"]


def test_a_moved_camera_stays_moved_until_the_view_is_accepted():
    rng, scene = np.random.default_rng(0), yard()
    health = CameraHealth()
    turned = shifted(0.3, 0.1)(scene, 0)
    kinds = [f.kind for i in range(500) for f in health.update(seen(scene if i < 60 else turned, rng), float(i))]
    assert kinds == ["moved"]
    assert health.ailing() == ("moved",)
    health.accept()
    after = [f for i in range(500, 560) for f in health.update(seen(turned, rng), float(i))]
    assert [(f.kind, f.state) for f in after] == [("moved", "end")]
    assert health.ailing() == ()


@pytest.mark.parametrize(("word", "clock"), [("bare", False), ("with a clock that goes on", True)])
def test_a_frozen_picture_is_known_in_ten_seconds(word, clock):
    rng, scene = np.random.default_rng(0), yard()

    def pictures():
        last = None
        for index in range(200):
            last = seen(scene, rng) if index < 100 else last
            shown = last.copy()
            if clock:
                cv2.putText(shown, f"{index}", (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1)
            yield index / RATE, shown

    found = watch(pictures())
    assert [(f.kind, f.state) for f in found] == [("frozen", "start")], word
    assert found[0].pts - 49.5 <= 10.0
    assert found[0].since_pts == pytest.approx(49.5, abs=0.6)


def test_a_camera_that_never_showed_anything_else_is_frozen_in_ten_seconds():
    picture = seen(yard(), np.random.default_rng(0))
    found = watch((index / 5, picture) for index in range(100))
    assert found[0].kind == "frozen"
    assert found[0].pts <= 10.0


def test_a_camera_that_leaves_out_frames_of_a_still_scene_is_not_frozen():
    picture = seen(yard(), np.random.default_rng(0))
    assert watch((index * 4.0, picture) for index in range(200)) == []


def test_the_end_of_a_freeze_is_told():
    rng, scene = np.random.default_rng(0), yard()
    held = seen(scene, rng)
    pictures = ((i / RATE, held if 100 <= i < 160 else seen(scene, rng)) for i in range(200))
    assert [f.state for f in watch(pictures)] == ["start", "end"]


def encoded(tmp_path, scene, *, fps, seconds, frozen_after, options, sigma=1.0):
    """Decoded brightness of a noisy still scene that went through an encoder; frozen before it from some second on."""
    rng, height, width = np.random.default_rng(3), *scene.shape
    grey = np.full((height // 2, width), 128, np.uint8)
    with av.open(tmp_path / "still.mp4", "w") as out:
        stream = out.add_stream("libx264", rate=fps, options={"preset": "veryfast", **options})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(fps * seconds):
            if index <= fps * frozen_after:
                picture = np.vstack([seen(scene, rng, sigma=sigma), grey])
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with open_source("dock", str(tmp_path / "still.mp4"), clock=FakeClock()) as source:
        for frame in source.frames():
            yield frame.pts, frame.luma()


ENCODERS = [
    ("sharp, short groups", {"crf": "23", "g": "20"}),
    ("coarse, short groups", {"crf": "30", "g": "20"}),
    ("coarse, long groups", {"crf": "30", "g": "50"}),
    ("sharp, endless groups", {"crf": "23", "g": "250"}),
]


@pytest.mark.parametrize(("word", "options"), ENCODERS)
def test_an_encoder_that_smooths_noise_away_is_not_a_frozen_camera(tmp_path, word, options):
    pictures = encoded(tmp_path, yard(), fps=10, seconds=90, frozen_after=90, options=options)
    assert watch(pictures) == [], word


@pytest.mark.parametrize(("word", "options"), ENCODERS[:1])
def test_a_sensor_that_freezes_behind_an_encoder_is_known_in_ten_seconds(tmp_path, word, options):
    pictures = encoded(tmp_path, yard(), fps=10, seconds=60, frozen_after=30, options=options)
    found = watch(pictures)
    assert [f.kind for f in found] == ["frozen"], word
    assert found[0].pts - 30.0 <= 10.0


def test_stillness_that_turned_out_alive_makes_the_watch_patient():
    rng, watch_it = np.random.default_rng(0), StillnessWatch()
    scene = yard()
    for _ in range(30):
        watch_it.update(seen(scene, rng), 0.5)
    lively = watch_it.limit_s
    held = seen(scene, rng)
    for _ in range(12):
        watch_it.update(held, 0.5)
    watch_it.update(seen(scene, rng), 0.5)
    assert lively == 6.0
    assert watch_it.longest_s == 5.5
    assert watch_it.limit_s == pytest.approx(13.75)


@pytest.mark.assets
@pytest.mark.parametrize("name", ["one-by-one-person-detection.mp4", "bottle-detection.mp4", "car-detection.mp4"])
def test_nothing_is_wrong_with_real_cameras(assets, name):
    with open_source("dock", str(assets / "videos" / name), clock=FakeClock()) as source:
        assert watch((f.pts, f.luma()) for f in source.frames()) == []


REAL = [
    ("black", lambda luma: np.full_like(luma, 17), "dark", 21.0),
    ("grey", lambda luma: np.full_like(luma, 128), "covered", 21.0),
    ("defocused", lambda luma: cv2.GaussianBlur(luma, (0, 0), 3), "defocused", 30.0),
    ("moved", lambda luma: np.roll(luma, luma.shape[1] // 25, axis=1), "moved", 30.0),
    ("turned", lambda luma: shifted(0.25, 0.1)(luma, 0), "moved", 30.0),
    ("upside down", lambda luma: luma[::-1, ::-1], "moved", 30.0),
]


@pytest.mark.assets
@pytest.mark.parametrize(("word", "change", "kind", "within_s"), REAL)
def test_tampering_with_a_real_clip_is_found(assets, word, change, kind, within_s):
    """`one-by-one`: people come and go the whole time; tampering begins at 40 s."""
    rng = np.random.default_rng(0)
    with open_source("dock", str(assets / "videos" / "one-by-one-person-detection.mp4"), clock=FakeClock()) as source:
        pictures = (
            (f.pts, f.luma() if f.pts < 40 else seen(change(f.luma()).astype(np.float32), rng))
            for f in source.frames()
            if f.pts < 75 and f.seq % 5 == 0
        )
        found = watch(pictures)
    assert [(f.kind, f.state) for f in found] == [(kind, "start")], word
    assert found[0].pts - 40.0 <= within_s

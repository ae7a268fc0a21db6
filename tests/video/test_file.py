"""Files as sources: every frame, in order, and the same again after a restart."""

import random
from itertools import pairwise

import av
import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.errors import SourceError
from pipeline.video.source import open_source


def open_file(path, **how):
    return open_source("dock", str(path), clock=how.pop("clock", FakeClock(utc=1000.0)), **how)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_every_frame_in_order(make_clip, b_frames):
    with open_file(make_clip(frames=60, b_frames=b_frames), start_utc=500.0, run_id=7) as source:
        frames = list(source.frames())
    assert [f.seq for f in frames] == list(range(60))
    assert [f.pts for f in frames] == pytest.approx([i / 10 for i in range(60)])
    assert [f.utc - f.pts for f in frames] == pytest.approx([500.0] * 60)
    assert {(f.camera_id, f.run_id, f.width, f.height) for f in frames} == {("dock", 7, 96, 64)}
    assert (source.info.fps, source.info.live, source.info.duration_s) == (10.0, False, 6.0)
    assert (source.dropped, source.damaged) == (0, 0)


def test_without_a_start_the_first_frame_is_now(make_clip):
    with open_file(make_clip(frames=3)) as source:
        assert next(iter(source.frames())).utc == 1000.0


@pytest.mark.parametrize(("resume_pts", "first"), [(0.0, 1), (2.0, 21), (2.05, 21), (5.8, 59), (-1.0, 0)])
def test_resuming_goes_on_as_if_nothing_had_happened(make_clip, resume_pts, first):
    clip = make_clip(frames=60, b_frames=2)
    with open_file(clip, start_utc=500.0) as source:
        whole = [(f.seq, f.pts, f.utc, f.luma().tobytes()) for f in source.frames()]
    with open_file(clip, start_utc=500.0, resume_pts=resume_pts) as source:
        rest = [(f.seq, f.pts, f.utc, f.luma().tobytes()) for f in source.frames()]
    assert rest == whole[first:]


def test_resuming_at_the_end_gives_nothing_and_is_no_error(make_clip):
    with open_file(make_clip(frames=60), resume_pts=99.0) as source:
        assert list(source.frames()) == []


def test_paced_frames_come_when_they_are_due(make_clip):
    clock = FakeClock(utc=1000.0)
    with open_file(make_clip(frames=60), pace=True, clock=clock) as source:
        late = [clock.utc() - f.utc for f in source.frames()]
    assert late == pytest.approx([0.0] * 60, abs=1e-6)


def test_a_paced_file_leaves_frames_out_when_its_consumer_is_late_but_changes_no_time(make_clip):
    clock = FakeClock(utc=1000.0)
    with open_file(make_clip(frames=60), pace=True, clock=clock) as source:
        seen = []
        for frame in source.frames():
            seen.append(frame)
            clock.advance(2.5 if frame.seq == 9 else 0.0)
    assert [f.seq for f in seen] == [*range(10), *range(24, 60)]
    assert all(f.pts == pytest.approx(f.seq / 10) and f.utc == pytest.approx(1000 + f.pts) for f in seen)
    assert source.dropped == 60 - len(seen)


@pytest.fixture
def unreadable(tmp_path, make_clip):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    (tmp_path / "cut.mp4").write_bytes(make_clip(frames=60).read_bytes()[:500])
    with av.open(tmp_path / "sound.wav", "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.rate = 8000
        out.mux(stream.encode(sound))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("absent.mp4", "not_found"),
        ("empty.mp4", "no_video"),
        ("text.mp4", "no_video"),
        ("cut.mp4", "no_video"),
        ("sound.wav", "no_video"),
        (".", "no_video"),
    ],
)
def test_what_cannot_be_read_says_why(unreadable, name, state):
    with pytest.raises(SourceError, match="camera dock") as caught:
        open_file(unreadable / name)
    assert caught.value.state == state
    assert str(unreadable) not in str(caught.value)


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_never_crash_and_never_show_a_smeared_picture_as_clean(make_clip, tmp_path, seed):
    clip = make_clip(frames=120, gop=10, suffix="ts")
    with open_file(clip) as source:
        right = {round(f.pts, 3): f.luma().copy() for f in source.frames()}
    data = bytearray(clip.read_bytes())
    rng = random.Random(seed)
    for _ in range(3):
        start = rng.randrange(len(data) // 4, len(data) // 2)
        for at in range(start, start + 40):
            data[at] ^= rng.randrange(1, 256)
    damaged = tmp_path / "damaged.ts"
    damaged.write_bytes(data)
    with open_file(damaged) as source:
        frames = list(source.frames())
    assert all(b.pts > a.pts for a, b in pairwise(frames))
    assert frames[-1].pts == pytest.approx(11.9)
    shown = [np.abs(f.luma().astype(int) - right[round(f.pts, 3)]).mean() for f in frames if round(f.pts, 3) in right]
    assert np.mean(np.array(shown) > 2.0) < 0.1


def test_a_file_of_nothing_but_damage_is_an_error(make_clip, tmp_path, scripted):
    data = bytearray(make_clip(frames=40, gop=40, suffix="ts").read_bytes())
    for at in range(188 * 6, len(data)):
        if at % 188 >= 12:
            data[at] = (at * 7919) % 256
    (tmp_path / "noise.ts").write_bytes(data)
    with pytest.raises(SourceError) as caught, open_file(tmp_path / "noise.ts") as source:
        assert list(source.frames()) == []
    assert caught.value.state in ("decoding_errors", "no_video")


def test_a_change_of_resolution_in_mid_stream_goes_on(make_clip, tmp_path):
    small = make_clip(frames=30, suffix="h264").read_bytes()
    large = make_clip(frames=30, width=192, height=128, first=30, suffix="h264").read_bytes()
    path = tmp_path / "two.h264"
    path.write_bytes(small + large)
    with open_file(path) as source:
        frames = [(f.width, f.height, f.bgr().shape, f.pts) for f in source.frames()]
        clip = source.ring.cut(0.0, 100.0, tmp_path / "clip.mp4")
    assert [f[0] for f in frames] == [96] * 30 + [192] * 30
    assert {f[2] for f in frames} == {(64, 96, 3), (128, 192, 3)}
    assert all(b[3] > a[3] for a, b in pairwise(frames))
    assert clip.start_pts == pytest.approx(frames[30][3])
    with av.open(clip.path) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (192, 128)
        assert sum(1 for _ in file.decode(video=0)) == 30


@pytest.mark.assets
@pytest.mark.parametrize(("name", "count"), [("one-by-one-person-detection.mp4", 1394), ("car-detection.mp4", 377)])
def test_real_clips_whole(assets, name, count):
    with open_file(assets / "videos" / name) as source:
        frames = [(f.seq, f.pts) for f in source.frames()]
    assert [seq for seq, _ in frames] == list(range(count))
    assert all(b > a for (_, a), (_, b) in pairwise(frames))

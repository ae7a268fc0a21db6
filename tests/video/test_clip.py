"""Clips cut from the ring: the camera's own packets, from the right keyframe, playable, or a reason why not."""

import hashlib
import threading
from fractions import Fraction

import av
import numpy as np
import pytest

from pipeline.clock import FakeClock
from pipeline.video.clip import NoClip
from pipeline.video.masks import Masks, plane
from pipeline.video.ring import PacketRing
from pipeline.video.source import open_source

CORNER = [[0.5, 0.0], [1.0, 0.0], [1.0, 0.5], [0.5, 0.5]]


def read(path, **how):
    """A source whose file has been read to its end; closed, as a worker's is when the last clip is cut."""
    with open_source("dock", str(path), clock=FakeClock(), **how) as source:
        frames = {round(f.pts, 3): f.luma().copy() for f in source.frames()}
    return source, frames


def pictures(path):
    with av.open(path) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        return [(f.time, plane(f, 0).copy()) for f in file.decode(video=0)]


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv"])
@pytest.mark.parametrize(
    ("since", "until", "start"), [(2.0, 4.0, 2.0), (2.5, 4.0, 2.0), (0.0, 1.0, 0.0), (5.9, 9.0, 5.0)]
)
def test_from_the_keyframe_at_or_before(make_clip, tmp_path, b_frames, suffix, since, until, start):
    source, frames = read(make_clip(frames=60, b_frames=b_frames, suffix=suffix))
    clip = source.ring.cut(since, until, tmp_path / "clip.mp4")
    shown = pictures(clip.path)
    assert clip.start_pts == pytest.approx(start)
    assert not clip.encoded_again
    assert shown[0][0] == pytest.approx(0.0, abs=1e-3)
    assert clip.frames == len(shown)
    assert clip.duration_s == pytest.approx(len(shown) / 10, abs=0.02)
    assert clip.start_pts + clip.duration_s >= min(until, 5.9)
    for time, luma in shown:
        assert np.array_equal(luma, frames[round(start + time, 3)])
    assert clip.sha256 == hashlib.sha256(clip.path.read_bytes()).hexdigest()
    assert clip.size == clip.path.stat().st_size
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_the_index_comes_first_so_that_a_browser_starts_at_once(make_clip, tmp_path):
    source, _ = read(make_clip(frames=60))
    data = source.ring.cut(0, 6, tmp_path / "clip.mp4").path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_packets_are_the_cameras_own(make_clip, tmp_path):
    source, _ = read(make_clip(frames=60, b_frames=2))
    clip = source.ring.cut(0, 6, tmp_path / "clip.mp4")

    def sent(path):
        with av.open(path) as file:
            return [bytes(p) for p in file.demux(video=0) if p.size]

    assert sent(clip.path) == sent(make_clip(frames=60, b_frames=2))


def test_two_overlapping_clips_do_not_disturb_each_other(make_clip, tmp_path):
    source, _ = read(make_clip(frames=60))
    first = source.ring.cut(0, 4, tmp_path / "a.mp4")
    source.ring.cut(2, 6, tmp_path / "b.mp4")
    again = source.ring.cut(0, 4, tmp_path / "c.mp4")
    assert again.sha256 == first.sha256


def test_with_masks_the_original_packets_never_reach_the_disk(make_clip, tmp_path):
    original = make_clip(frames=60)
    source, _ = read(original, masks=[CORNER])
    clip = source.ring.cut(2.5, 4.0, tmp_path / "clip.mp4")
    assert clip.encoded_again
    assert clip.start_pts == pytest.approx(2.5)
    shown = pictures(clip.path)
    assert len(shown) == 16
    assert all(luma[:30, 52:].max() <= 24 for _, luma in shown)
    with av.open(original) as file:
        packets = [bytes(p) for p in file.demux(video=0) if p.size > 64]
    data = clip.path.read_bytes()
    assert not any(packet[8:] in data for packet in packets)


def test_a_codec_that_browsers_do_not_play_is_encoded_again(make_clip, tmp_path):
    source, _ = read(make_clip(frames=30, codec="mjpeg", suffix="avi"))
    clip = source.ring.cut(1.0, 2.0, tmp_path / "clip.mp4")
    assert clip.encoded_again
    assert len(pictures(clip.path)) == 11


def ring_of(make_clip, **how):
    """An empty ring with the parameters of a clip, and the clip's packets."""
    file = av.open(make_clip(frames=300))
    ring = PacketRing(file.streams.video[0], time_base=file.streams.video[0].time_base, masks=Masks(), **how)
    return ring, [p for p in file.demux(video=0) if p.size]


def test_the_ring_holds_what_it_promises_and_forgets_the_rest(make_clip):
    ring, packets = ring_of(make_clip, ring_s=5.0)
    for packet in packets:
        ring.append(packet)
        if ring.span_s >= 5.0:
            assert ring.span_s <= 5.0 + 1.0 + 1e-6
    assert ring.span_s >= 5.0
    assert ring.size == sum(p.size for p in packets[-round(ring.span_s * 10) - 1 :])


def test_memory_is_bounded_in_bytes_too(make_clip):
    ring, packets = ring_of(make_clip, ring_s=1e9, max_bytes=20_000)
    for packet in packets:
        ring.append(packet)
        assert ring.size <= 20_000
    assert ring.span_s > 0


def test_one_group_larger_than_the_bound_is_let_go(make_clip, tmp_path):
    ring, packets = ring_of(make_clip, ring_s=10.0, max_bytes=100)
    for packet in packets:
        ring.append(packet)
        assert ring.size <= 100
    assert isinstance(ring.cut(0, 1, tmp_path / "clip.mp4"), NoClip)


def test_nothing_before_the_first_keyframe_is_kept(make_clip):
    ring, packets = ring_of(make_clip, ring_s=10.0)
    for packet in packets[1:10]:
        ring.append(packet)
    assert (ring.size, ring.span_s) == (0, 0.0)


@pytest.mark.parametrize("where", ["no/such/folder/clip.mp4", "file/clip.mp4"])
def test_what_cannot_be_written_is_said_and_leaves_nothing(make_clip, tmp_path, where):
    (tmp_path / "file").touch()
    source, _ = read(make_clip(frames=60))
    assert isinstance(source.ring.cut(0, 2, tmp_path / where), NoClip)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_costs_the_clip_only(make_clip, tmp_path):
    source, _ = read(make_clip(frames=60))
    (tmp_path / "clip.mp4.part").symlink_to("/dev/full")
    assert isinstance(source.ring.cut(0, 2, tmp_path / "clip.mp4"), NoClip)
    assert list(tmp_path.iterdir()) == []


def test_damaged_packets_do_not_stop_a_masked_clip(make_clip, tmp_path):
    ring, packets = ring_of(make_clip, ring_s=100.0)
    ring._masks = Masks([CORNER])
    for index, packet in enumerate(packets):
        if index % 7 == 3:
            noise = av.Packet(bytes(packet)[:5] + b"\xff" * (packet.size - 5))
            noise.pts, noise.dts, noise.time_base = packet.pts, packet.dts, packet.time_base
            packet = noise
        ring.append(packet)
    clip = ring.cut(0, 30, tmp_path / "clip.mp4")
    assert len(pictures(clip.path)) > 50


def test_cutting_while_the_camera_goes_on(make_clip, tmp_path):
    ring, packets = ring_of(make_clip, ring_s=10.0)
    for packet in packets[:100]:
        ring.append(packet)
    rest = threading.Thread(target=lambda: [ring.append(packet) for packet in packets[100:]])
    rest.start()
    clips = [ring.cut(8.0, 9.0, tmp_path / f"{i}.mp4") for i in range(10)]
    rest.join()
    assert all(isinstance(clip, NoClip) or pictures(clip.path) for clip in clips)


def test_times_are_counted_from_the_first_frame(make_clip, tmp_path):
    ring, packets = ring_of(make_clip, ring_s=100.0)
    offset = 1000 / packets[0].time_base
    for packet in packets:
        packet.pts += int(offset)
        packet.dts += int(offset)
        ring.append(packet)
    ring.origin_s = 1000.0
    assert ring.cut(3.0, 5.0, tmp_path / "clip.mp4").start_pts == pytest.approx(3.0)
    assert packets[0].time_base == Fraction(1, 10240)

"""Evidence files: whole, named by the alert alone, and never worth an alert."""

import hashlib
import json
import subprocess

import numpy as np
import pytest

from pipeline.alerts import drawing
from pipeline.alerts.drawing import draw_snapshot, encode_jpeg
from pipeline.alerts.evidence import EvidenceFolder, manifest

ALERT = "0a1b2c3d4e5f60718293a4b5c6"


@pytest.fixture
def folder(tmp_path):
    return EvidenceFolder(tmp_path, reserve_bytes=0)


def test_a_snapshot_is_written_whole_with_its_digest(folder, tmp_path):
    made = folder.write_snapshot(ALERT, b"jpeg")
    path = tmp_path / made.path
    assert (made.kind, made.path, made.media_type) == ("snapshot", f"0a/{ALERT}/snapshot.jpg", "image/jpeg")
    assert path.read_bytes() == b"jpeg"
    assert made.sha256 == hashlib.sha256(b"jpeg").hexdigest()
    assert [entry.name for entry in path.parent.iterdir()] == ["snapshot.jpg"]
    assert folder.check(made) == "whole"


def test_equal_records_have_equal_digests(folder, tmp_path):
    one = folder.write_record(ALERT, {"why": {"dwell_s": 8.0, "zone": "Bürohof"}, "a": [1, 2]})
    two = folder.write_record(ALERT, {"a": [1, 2], "why": {"zone": "Bürohof", "dwell_s": 8.0}})
    assert one == two
    assert json.loads((tmp_path / one.path).read_text())["why"]["zone"] == "Bürohof"


def test_a_retry_writes_over_the_same_file(folder, tmp_path):
    folder.write_snapshot(ALERT, b"one")
    made = folder.write_snapshot(ALERT, b"two")
    assert (tmp_path / made.path).read_bytes() == b"two"


def test_the_clip_has_its_place_before_it_is_there(folder, tmp_path):
    path = folder.clip_path(ALERT)
    assert path == tmp_path / "0a" / ALERT / "clip.mp4"
    assert path.parent.is_dir()
    made = folder.clip(ALERT, "ff" * 32)
    assert folder.check(made) == "missing"
    path.write_bytes(b"other")
    assert folder.check(made) == "altered"


@pytest.mark.parametrize("alert_id", ["", ".", "..", "../x", "a/b", "a\x00b", "é", "a" * 129])
def test_an_id_is_never_a_way_out_of_the_folder(folder, alert_id):
    with pytest.raises(ValueError, match="alert id"):
        folder.write_snapshot(alert_id, b"")
    with pytest.raises(ValueError, match="alert id"):
        folder.clip_path(alert_id)


def test_a_folder_that_cannot_be_made_costs_the_picture_only(tmp_path):
    (tmp_path / "file").touch()
    folder = EvidenceFolder(tmp_path / "file", reserve_bytes=0)
    assert folder.write_snapshot(ALERT, b"jpeg") is None
    assert folder.write_record(ALERT, {}) is None
    assert folder.clip_path(ALERT).name == "clip.mp4"


def test_a_full_disk_costs_the_picture_only_and_leaves_no_half_file(folder, tmp_path):
    path = folder.clip_path(ALERT).with_name("snapshot.jpg.part")
    path.symlink_to("/dev/full")
    assert folder.write_snapshot(ALERT, b"jpeg") is None
    assert list(path.parent.iterdir()) == []


def test_evidence_leaves_room_for_the_outbox(tmp_path):
    folder = EvidenceFolder(tmp_path, reserve_bytes=2**62)
    assert not folder.has_room()
    assert folder.write_snapshot(ALERT, b"jpeg") is None


def test_the_manifest_is_what_sha256sum_checks(folder, tmp_path, tool):
    items = [folder.write_snapshot(ALERT, b"jpeg"), folder.write_record(ALERT, {"a": 1})]
    (tmp_path / "manifest").write_text(manifest(items))
    command = [tool("sha256sum"), "--check", "--strict", "manifest"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / items[0].path).write_bytes(b"jpeG")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    assert manifest([]) == ""


SCENE = np.full((270, 480, 3), 90, np.uint8)
BAY = [[0.2, 0.4], [0.8, 0.4], [0.8, 0.9], [0.2, 0.9]]


def changed(**what):
    drawn = draw_snapshot(SCENE, **what)
    return np.argwhere((drawn[:270] != SCENE).any(axis=2))[:, ::-1] / (480, 270)


def test_nothing_to_draw_is_the_scene_itself():
    drawn = draw_snapshot(SCENE)
    assert np.array_equal(drawn, SCENE)
    assert drawn is not SCENE


@pytest.mark.parametrize(
    ("word", "what", "inside"),
    [
        ("zone", {"zone": BAY}, (0.2, 0.4, 0.8, 0.9)),
        ("line", {"line": [[0.1, 0.1], [0.9, 0.1]]}, (0.1, 0.1, 0.9, 0.1)),
        ("path", {"paths": [[[0.1, 0.9], [0.5, 0.5]]]}, (0.1, 0.5, 0.5, 0.9)),
        ("box", {"boxes": [[0.4, 0.3, 0.5, 0.8]]}, (0.4, 0.3, 0.5, 0.8)),
        ("others", {"others": np.array([[0.4, 0.3, 0.5, 0.8]], np.float32)}, (0.4, 0.3, 0.5, 0.8)),
    ],
)
def test_marks_are_where_they_belong(word, what, inside):
    where = changed(**what)
    margin = 0.08
    assert len(where) > 20, word
    assert (where >= np.array(inside[:2]) - margin).all(), word
    assert (where <= np.array(inside[2:]) + margin).all(), word


@pytest.mark.parametrize("paths", [[], [[]], [[[0.5, 0.5]]]])
def test_a_path_of_fewer_than_two_points_is_no_path(paths):
    assert len(changed(paths=paths)) == 0


def test_words_never_cover_the_scene_and_are_broken_to_fit():
    long = "Movement stayed in Bürohof for 2 min 05 s, limit 2 min; hidden for 4 s of it " * 3
    short = draw_snapshot(SCENE, caption=["Movement"])
    tall = draw_snapshot(SCENE, caption=[long, "Depot North", ""])
    assert np.array_equal(short[:270], SCENE)
    assert np.array_equal(tall[:270], SCENE)
    assert 270 < short.shape[0] < tall.shape[0]
    assert short[270:].max() > 200
    assert tall[270:, -10:].max() < 60


def test_one_word_wider_than_the_picture_ends_all_the_same():
    assert draw_snapshot(SCENE, caption=["x" * 500]).shape[1] == 480


def test_masks_are_black_under_everything():
    drawn = draw_snapshot(SCENE, masks=[[[0, 0], [0.2, 0], [0.2, 0.2], [0, 0.2]]])
    assert drawn[:50, :90].max() == 0


def test_an_opencv_without_fonts_still_writes(monkeypatch):
    monkeypatch.delattr(drawing.cv2, "FontFace", raising=False)
    assert draw_snapshot(SCENE, caption=["Bürohof für 2 min"])[270:].max() > 150


def test_jpeg_round_trip():
    assert encode_jpeg(draw_snapshot(SCENE, zone=BAY)).startswith(b"\xff\xd8")

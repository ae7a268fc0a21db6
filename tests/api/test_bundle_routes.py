"""Evidence of cameras and a time as one file: signed exports, or pictures in which nobody can be told apart."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from pipeline.alerts.evidence import EvidenceFolder
from pipeline.alerts.message import Message, evidence_message
from pipeline.evidence.blur import blurred, boxes_of
from pipeline.evidence.verify import verify
from pipeline.store.schema import audit
from pipeline.types import Tracks

NOISE = np.random.default_rng(3).integers(0, 255, (220, 320, 3), np.uint8)  # 180 lines of scene, a strip of 40
JPEG = bytes(cv2.imencode(".jpg", NOISE, (cv2.IMWRITE_JPEG_QUALITY, 95))[1])


def tracks(*boxes: tuple[float, float, float, float], utc: float = 1000.0) -> Tracks:
    n = len(boxes)
    return Tracks(
        camera_id="dock", run_id=1, pts=0.0, utc=utc, aspect=320 / 180, track_id=np.arange(n, dtype=np.int64),
        xyxy=np.array(boxes, np.float32).reshape(n, 4), score=np.ones(n, np.float32), class_id=np.zeros(n, np.int32),
        observed=np.ones(n, np.bool_),
    )  # fmt: skip


def keep(api: Any, message: Callable[..., Message], key: str, **more: Any) -> None:
    made = message(key, **more)
    kept = EvidenceFolder(api.folder / "evidence", reserve_bytes=0).write_snapshot(key, JPEG)
    assert kept is not None
    api.store.ingest([
        made, evidence_message(alert_id=key, camera_id=made.camera_id, evidence=kept, raised_utc=1.0)
    ])  # fmt: skip


def ask(api: Any, **more: Any) -> Any:
    return api.client.post("/api/v1/exports", json={"since": 0, "until": 4e9, **more})


def opened(answer: Any) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    bundle = zipfile.ZipFile(io.BytesIO(answer.content))
    return bundle, json.loads(bundle.read("index.json"))


def exports_on_record(api: Any) -> list[str]:
    with api.store.changing() as connection:
        rows = connection.execute(sa.select(audit.c.target).where(audit.c.action == "export")).all()
    return [row.target for row in rows]


def test_every_alert_is_in_it_signed_and_on_record(api, message, wait, tmp_path):
    for key in ("k1", "k2"):
        keep(api, message, key)
    bundle, index = opened(ask(api))
    assert sorted(one["alert_id"] for one in index["alerts"]) == ["k1", "k2"]
    assert {one["file"] for one in index["alerts"]} == set(bundle.namelist()) - {"index.json"}
    for one in index["alerts"]:
        path = tmp_path / one["file"]
        path.write_bytes(bundle.read(one["file"]))
        assert verify(path).ok
    assert sorted(exports_on_record(api)) == ["alert/k1", "alert/k2"]
    wait(lambda: not list(api.folder.glob("export-*")), within_s=60.0)


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"since": 0, "until": 1}, 422), ({"cameras": ["roof"]}, 422), ({"since": 9, "until": 1}, 422),
        ({"since": "yesterday"}, 422), ({"what": 1}, 422), ({"since": -1e300}, 422),
        ({"until": 1e300}, 422), ({"since": "0001-01-01T00:00:00+14:00"}, 422), ({"cameras": ["dock"]}, 200),
    ],
)  # fmt: skip
def test_what_is_asked(api, message, wait, wanted, status):
    keep(api, message, "k1")
    assert ask(api, **wanted).status_code == status
    wait(lambda: not list(api.folder.glob("export-*")), within_s=60.0)


def test_blurred_pictures_of_whom_we_know(make_api, message):
    read: list[tuple[str, float, float]] = []

    def known(camera, since, until):
        read.append((camera, since, until))
        return [tracks((0.4, 0.2, 0.6, 0.9))]

    api = make_api(tracks=known)
    keep(api, message, "k1")
    bundle, index = opened(ask(api, blurred=True))
    assert index["alerts"][0]["file"] == "k1.jpg"
    picture = cv2.imdecode(np.frombuffer(bundle.read("k1.jpg"), np.uint8), cv2.IMREAD_COLOR)
    assert detail(picture[60:140, 140:180]) < 0.2 * detail(NOISE[60:140, 140:180])
    assert detail(picture[:12]) > 0.5 * detail(NOISE[:12])
    assert read[0][0] == "dock"
    assert exports_on_record(api) == ["alert/k1"]


@pytest.mark.parametrize("known", [None, lambda *_: []])
def test_no_track_no_picture(make_api, message, known):
    api = make_api(tracks=known)
    keep(api, message, "k1")
    bundle, index = opened(ask(api, blurred=True))
    assert bundle.namelist() == ["index.json"]
    assert "nobody knows whom to blur" in index["alerts"][0]["left_out"]
    assert exports_on_record(api) == []


def detail(picture: np.ndarray) -> float:
    """How much neighbours differ."""
    return float(np.abs(np.diff(picture.astype(np.float64), axis=1)).mean())


def test_boxes_lie_in_the_scene_above_the_strip():
    picture = cv2.imdecode(
        np.frombuffer(blurred(JPEG, np.array([[0, 0, 1, 1]], np.float32), aspect=320 / 180), np.uint8), 1
    )
    assert picture.shape == NOISE.shape
    assert detail(picture[:180]) < 0.2 * detail(NOISE[:180])
    assert detail(picture[185:]) > 0.5 * detail(NOISE[185:])


@pytest.mark.parametrize(
    "box", [(0.2, 0.2, 0.2, 0.2), (1.2, 1.2, 1.4, 1.4), (-1, -1, -0.5, -0.5), (0.9999, 0.9999, 1, 1)]
)
def test_boxes_of_nobody_change_little(box):
    same = cv2.imdecode(np.frombuffer(blurred(JPEG, np.array([box], np.float32), aspect=320 / 180), np.uint8), 1)
    assert detail(same) > 0.5 * detail(NOISE)


def test_the_empty_and_the_broken():
    assert boxes_of([]) is None
    found = boxes_of([tracks(), tracks((0, 0, 1, 1))])
    assert found is not None
    assert found[0].shape == (1, 4)
    with pytest.raises(ValueError):
        blurred(b"no picture", np.zeros((0, 4), np.float32), aspect=1.0)

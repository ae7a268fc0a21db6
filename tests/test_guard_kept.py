"""What the guard knows outlives its process and its connection; a moved camera offers its new view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.guard import Guard
from pipeline.types import Frame
from pipeline.video.health import CameraHealth, HealthParams


class Luma:
    width, height = 256, 144

    def __init__(self, pixels: Any) -> None:
        self.pixels = pixels

    def luma(self) -> Any:
        return self.pixels


def yard(seed: int = 0) -> Any:
    rng, scene = np.random.default_rng(seed), np.full((144, 256), 120, np.float32)
    for _ in range(60):
        x, y = rng.integers(0, 230), rng.integers(0, 120)
        cv2.rectangle(scene, (int(x), int(y)), (int(x + rng.integers(8, 40)), int(y + rng.integers(8, 30))),
                      float(rng.integers(40, 220)), -1)  # fmt: skip
    return cv2.GaussianBlur(scene, (3, 3), 0)


class Silent:
    """A sensor without noise."""

    def normal(self, mean: float, deviation: float, shape: Any) -> Any:
        return np.zeros(shape)


class Camera:
    """A camera in one process after the other, with everything that was told of it."""

    def __init__(self, path: Path, *, params: HealthParams | None = None) -> None:
        self.path, self.params = path, params
        self.rng = np.random.default_rng(1)
        self.told: list[tuple[str, str, float]] = []
        self.whys: list[dict[str, Any]] = []
        self.offered: list[float] = []
        self.utc = 1000.0
        self.run_id = 0
        self.start()

    def start(self, *, key: str = "dock") -> None:
        self.guard = Guard(
            health=CameraHealth(self.params), tell=self._tell, zones=["bay"], needs_fps=1.0, path=self.path, key=key,
            offer=lambda frame, since_utc: self.offered.append(since_utc),
        )  # fmt: skip
        self.connect()

    def connect(self) -> None:
        self.run_id += 1
        self.pts = 0.0

    def restart(self, *, killed: bool = False) -> None:
        if not killed:
            self.guard.keep()
        self.start()

    def see(self, scene: Any, seconds: int) -> None:
        for _ in range(seconds):
            pixels = np.clip(scene + self.rng.normal(0, 1.5, scene.shape), 0, 255).astype(np.uint8)
            self.guard.look(
                Frame(camera_id="c", run_id=self.run_id, seq=0, pts=self.pts, utc=self.utc, picture=Luma(pixels))  # type: ignore[arg-type]
            )
            self.pts += 1.0
            self.utc += 1.0

    def _tell(self, code: str, change: str, *, since_utc: float, utc: float, why: Any) -> None:
        self.told.append((code, change, since_utc))
        self.whys.append(dict(why))

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [told[:2] for told in self.told]


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path / "dock.view")


SCENE, TURNED, DARK = yard(), yard(7), np.full((144, 256), 17, np.float32)


def test_a_camera_turned_while_nobody_looked_is_found_after_the_restart(camera: Camera) -> None:
    camera.see(SCENE, 60)
    camera.restart()
    began = camera.utc
    camera.see(TURNED, 40)
    assert camera.changes == [("moved", "start")]
    assert camera.told[0][2] == pytest.approx(began, abs=2)
    assert camera.offered == [camera.told[0][2]]


def test_the_view_is_kept_every_few_seconds_for_a_process_that_is_killed(camera: Camera) -> None:
    camera.see(SCENE, 25)
    camera.restart(killed=True)
    camera.see(TURNED, 40)
    assert camera.changes == [("moved", "start")]


@pytest.mark.parametrize(("word", "scene", "code"), [("dark", DARK, "dark"), ("turned", TURNED, "moved")])
@pytest.mark.parametrize("seen_s", [3, 12, 18])
def test_a_killed_process_has_its_count_gone_on_with(
    camera: Camera, word: str, scene: Any, code: str, seen_s: int
) -> None:
    camera.see(SCENE, 30)
    began = camera.utc
    camera.see(scene, seen_s)
    camera.restart(killed=True)
    camera.see(scene, 40 - seen_s)
    assert camera.changes == [(code, "start")]
    assert camera.told[0][2] == pytest.approx(began, abs=2)
    camera.see(SCENE, 10)
    assert camera.changes == [(code, "start"), (code, "end")]


def test_a_picture_that_stands_still_is_counted_over_a_restart(camera: Camera) -> None:
    camera.see(SCENE, 26)
    frozen = np.clip(SCENE + camera.rng.normal(0, 1.5, SCENE.shape), 0, 255).astype(np.uint8)
    camera.rng = Silent()  # type: ignore[assignment]
    began = camera.utc
    camera.see(frozen, 5)
    camera.restart(killed=True)
    camera.see(frozen, 4)  # less than the 6 s after which a lively camera stands still
    assert camera.changes == [("frozen", "start")]
    assert camera.told[0][2] == pytest.approx(began, abs=2)


def test_what_was_told_is_not_told_again_and_is_ended_by_the_next_process(camera: Camera) -> None:
    camera.see(SCENE, 60)
    camera.see(DARK, 30)
    camera.restart(killed=True)
    assert camera.guard.ailments is not None
    camera.see(DARK, 120)
    assert camera.changes == [("dark", "start")]
    camera.see(SCENE, 10)
    assert camera.changes == [("dark", "start"), ("dark", "end")]
    assert camera.told[1][2] == camera.told[0][2]


def test_a_moved_camera_is_moved_over_a_restart_until_its_view_is_accepted(camera: Camera) -> None:
    camera.see(SCENE, 60)
    camera.see(TURNED, 40)
    assert camera.guard.moved
    assert camera.whys[0]["tamper"]
    assert camera.whys[0]["zones_uncertain"] == ["bay"]
    camera.restart(killed=True)
    assert camera.guard.moved
    camera.see(TURNED, 60)
    assert camera.changes == [("moved", "start")]
    camera.guard.accept()
    camera.see(TURNED, 60)
    assert camera.changes == [("moved", "start"), ("moved", "end")]
    assert not camera.guard.moved
    camera.see(SCENE, 40)
    assert camera.changes[2:] == [("moved", "start")]


def test_a_new_connection_counts_from_zero_and_the_guard_goes_on(camera: Camera) -> None:
    camera.see(SCENE, 600)
    camera.connect()
    began = camera.utc
    camera.see(DARK, 30)
    assert camera.changes == [("dark", "start")]
    assert camera.told[0][2] == pytest.approx(began, abs=1)


def test_a_pause_between_connections_is_no_time_of_darkness(camera: Camera) -> None:
    camera.see(SCENE, 60)
    for _ in range(10):
        camera.see(DARK, 1)
        camera.connect()
        camera.utc += 3600
        camera.see(SCENE, 5)
    assert camera.changes == []


@pytest.mark.parametrize(
    ("word", "content"),
    [
        ("empty", b""),
        ("no header", b"\x00\x01\x02"),
        ("another version", b'{"v":99,"key":"dock","since":{}}\n'),
        ("another view", b'{"v":1,"key":"gate","since":{"moved":1.0}}\n'),
        ("no arrays", b'{"v":1,"key":"dock","since":{"moved":1.0},"utc":1}\nPK\x03\x04nothing'),
        ("a header that lies", b'{"v":1,"key":"dock","since":7,"utc":1}\n'),
    ],
)
def test_a_file_that_cannot_be_used_is_begun_anew(tmp_path: Path, word: str, content: bytes) -> None:
    (tmp_path / "dock.view").write_bytes(content)
    camera = Camera(tmp_path / "dock.view")
    assert camera.guard.ailments is None, word
    camera.see(SCENE, 60)
    camera.see(TURNED, 40)
    assert camera.changes == [("moved", "start")], word


def test_a_disk_that_refuses_costs_the_memory_only(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "gone" / "dock.view")
    camera.see(SCENE, 60)
    camera.see(DARK, 30)
    assert camera.changes == [("dark", "start")]


def test_a_camera_that_sways_by_itself_is_never_told_to_have_moved(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "dock.view", params=HealthParams(aim=False))
    camera.see(SCENE, 60)
    camera.see(TURNED, 60)
    assert camera.changes == []


def test_the_time_to_covered_is_the_sites(tmp_path: Path) -> None:
    camera = Camera(tmp_path / "dock.view", params=HealthParams(covered_s=5.0))
    camera.see(SCENE, 60)
    camera.see(DARK, 8)
    assert camera.changes == [("dark", "start")]

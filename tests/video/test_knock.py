"""A camera that is back is seen within seconds, however long it was away."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.clock import FakeClock
from pipeline.errors import SourceError
from pipeline.video import reconnect
from pipeline.video.knock import Doorbell, knocker
from pipeline.video.reconnect import Reconnector


def at_once(task: Callable[[], None]) -> None:
    task()


@pytest.mark.parametrize(
    ("word", "answers", "opens_at"),
    [
        ("away all the time", lambda t: False, None),
        ("there all along, with another trouble", lambda t: True, None),
        ("back after 11 s", lambda t: t >= 11, 13.6),
        ("gone only after the first knock", lambda t: t < 1 or t >= 20, None),
        ("flapping", lambda t: int(t) % 4 >= 2, 3.6),
    ],
)
def test_a_door_that_was_shut_and_opens(word: str, answers: Callable[[float], bool], opens_at: float | None) -> None:
    now = 0.0
    bell = Doorbell(lambda: answers(now), now_s=0.0, rng=random.Random(1), run=at_once)
    while not bell.opened(now) and now < 30:
        now += 0.5
    assert (None if now >= 30 else now) == (opens_at if opens_at is None else pytest.approx(opens_at, abs=1.5)), word


class Camera:
    """Away until `back_s`, and honest to whoever knocks."""

    def __init__(self, clock: FakeClock, back_s: float, state: Any = "refused") -> None:
        self.clock, self.back_s, self.state = clock, back_s, state
        self.opened_s: float | None = None
        self.asked = 0

    def there(self) -> bool:
        return self.clock.monotonic() >= self.back_s

    def connect(self, run_id: int) -> Any:
        self.asked += 1
        if not self.there():
            raise SourceError("camera dock", state=self.state)
        self.opened_s = self.clock.monotonic()
        return type("Source", (), {"close": lambda self: None})()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("back_s", [3.0, 47.0, 3605.0, 86_400.0])
def test_back_within_five_seconds_after_any_time(seed: int, back_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    camera = Camera(clock, back_s)
    monkeypatch.setattr(reconnect, "Doorbell", lambda *a, **k: Doorbell(*a, **k, run=at_once))
    again = Reconnector(
        camera.connect, clock=clock, rng=random.Random(seed), report=lambda *_: None, stop=lambda: False,
        knock=camera.there,
    )  # fmt: skip
    next(again.runs())
    assert camera.opened_s is not None
    assert camera.opened_s - back_s <= 4.0
    assert camera.asked <= 12 + back_s / 10


def test_a_camera_that_said_no_is_not_asked_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    camera = Camera(clock, 30.0, state="unauthorised")
    again = Reconnector(
        camera.connect, clock=clock, rng=random.Random(1), report=lambda *_: None, stop=lambda: False,
        knock=lambda: 1 / 0 > 0,
    )  # fmt: skip
    next(again.runs())
    assert camera.opened_s is not None
    assert camera.opened_s >= 60.0


@pytest.fixture
def door() -> Iterator[Callable[[bytes | None], int]]:
    """`door(answer)` listens on a port and answers so; None says nothing."""
    listeners = []

    def start(answer: bytes | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            try:
                visitor, _ = listener.accept()
                with visitor:
                    if visitor.recv(1000).startswith(b"OPTIONS rtsp://127.0.0.1:") and answer is not None:
                        visitor.sendall(answer)
                    else:
                        threading.Event().wait(1.5)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("word", "answer", "there"),
    [
        ("an RTSP server", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", True),
        ("one that wants a password even for this", b"RTSP/1.0 401 Unauthorized\r\n\r\n", True),
        ("something else", b"HTTP/1.1 400 Bad Request\r\n\r\n", False),
        ("a frozen one", None, False),
    ],
)
def test_who_answers(door: Any, word: str, answer: bytes | None, there: bool) -> None:
    knock = knocker(f"rtsp://ops:S3cret@127.0.0.1:{door(answer)}/main")
    assert knock is not None
    assert knock() is there, word


def test_a_long_name_and_a_foreign_one_are_asked_without_a_fault() -> None:
    for host in ("a" * 60 + ".invalid", "kamera-hof-süd.invalid", "x" * 300):
        knock = knocker(f"rtsp://{host}/main")
        assert knock is None or not knock()


def test_nobody_there() -> None:
    knock = knocker("rtsp://127.0.0.1:1/main")
    assert knock is not None
    assert not knock()


@pytest.mark.parametrize("source", ["clip.mp4", "/dev/video0", "rtsp://[bad", "rtsp:///x", "rtsp://host:99999/x"])
def test_what_is_no_address_has_no_door(source: str) -> None:
    assert knocker(source) is None

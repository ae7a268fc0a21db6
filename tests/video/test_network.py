"""Addresses: what each refusal is called, and that no message ever holds a password (finding 7)."""

import logging
import socket
import threading
import traceback
from itertools import pairwise
from urllib.parse import quote

import numpy as np
import pytest

from pipeline.clock import FakeClock, SystemClock
from pipeline.errors import SourceError
from pipeline.video.connection import check_address, is_live, place_of
from pipeline.video.source import open_source


class Answers:
    """A server on loopback that answers every request with the same bytes, or says nothing at all."""

    def __init__(self, reply):
        self._reply = reply
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(caller,), daemon=True).start()

    def _answer(self, caller):
        with caller:
            try:
                while data := caller.recv(4096):
                    if self._reply is None:
                        continue
                    number = next((line for line in data.split(b"\r\n") if line.startswith(b"CSeq")), b"CSeq: 1")
                    for part in self._reply(number):
                        caller.sendall(part)
            except OSError:
                return

    def close(self):
        self._socket.close()


@pytest.fixture
def answers():
    servers = []

    def start(reply):
        servers.append(Answers(reply))
        return servers[-1].port

    yield start
    for server in servers:
        server.close()


def status(protocol, line):
    return lambda number: [f"{protocol} {line}\r\n".encode() + number + b"\r\nContent-Length: 0\r\n\r\n"]


def state_of(source, *, timeout_s=1.0):
    with pytest.raises(SourceError) as caught:
        open_source("dock", source, clock=SystemClock(), timeout_s=timeout_s)
    return caught.value.state


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("401 Unauthorized", "unauthorised"),
        ("403 Forbidden", "unauthorised"),
        ("404 Not Found", "not_found"),
        ("400 Bad Request", "refused"),
        ("453 Not Enough Bandwidth", "refused"),
        ("500 Internal Server Error", "refused"),
        ("503 Service Unavailable", "refused"),
    ],
)
@pytest.mark.parametrize(("scheme", "protocol"), [("rtsp", "RTSP/1.0"), ("http", "HTTP/1.1")])
def test_each_answer_has_its_state(answers, scheme, protocol, line, state):
    assert state_of(f"{scheme}://127.0.0.1:{answers(status(protocol, line))}/main") == state


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_black_hole_times_out(answers, scheme):
    assert state_of(f"{scheme}://127.0.0.1:{answers(None)}/main", timeout_s=0.5) == "timed_out"


@pytest.mark.parametrize(
    "source", ["rtsp://127.0.0.1:1/main", "http://127.0.0.1:1/main", "rtsp://no.such.invalid/main"]
)
def test_nobody_there_is_refused(source):
    assert state_of(source) == "refused"


@pytest.mark.parametrize("source", ["/dev/video987", "/dev/null/video0", "device:987"])
def test_an_absent_device(source):
    assert state_of(source) in ("not_found", "refused", "no_video")


def jpeg_pictures(make_clip):
    import av

    with av.open(make_clip(frames=30, codec="mjpeg", suffix="avi")) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.size]


def test_motion_jpeg_over_http_is_timed_by_its_arrival(answers, make_clip, tmp_path):
    pictures = jpeg_pictures(make_clip)
    pause = threading.Event()

    def reply(_):
        yield b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
        for picture in pictures * 20:
            yield b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture + b"\r\n"
            pause.wait(0.02)

    clock = SystemClock()
    with open_source("dock", f"http://127.0.0.1:{answers(reply)}/live", clock=clock) as source:
        frames = source.frames()
        seen = [next(frames) for _ in range(40)]
        clip = source.ring.cut(0.0, seen[-1].pts, tmp_path / "clip.mp4")
    drift = [(b.pts - a.pts) - (b.utc - a.utc) for a, b in pairwise(seen[5:])]
    assert abs(np.median(drift)) < 0.005
    assert clip.encoded_again


PASSWORDS = [
    "S3cret-dot.dot", "p@ss@w0rd7", "co:lon:s", "100%25sure", "50%off", "sl/ash", "que?ry=x", "ha#sh", "am&per=sand",
    "spa ce", "ümläut-ß", "${NAME}'\"`;|",
]  # fmt: skip


@pytest.fixture
def refusing(answers):
    """Addresses at which each kind of failure waits."""
    return {
        "refused": "127.0.0.1:1",
        "unauthorised": f"127.0.0.1:{answers(status('RTSP/1.0', '401 Unauthorized'))}",
        "server error": f"127.0.0.1:{answers(status('RTSP/1.0', '500 Oops'))}",
        "nonsense": f"127.0.0.1:{answers(lambda _: [b'nonsense' * 100])}",
    }


def everything_said(error):
    """Text of an error, its arguments, its trace and all that it was raised from."""
    seen, texts = error, []
    while seen is not None:
        texts += [str(seen), repr(seen), repr(seen.args), *traceback.format_exception(seen)]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


@pytest.mark.parametrize("user", ["ops.admin", "", "user@corp"])
@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("where", ["userinfo", "userinfo, not encoded", "query"])
def test_no_password_is_ever_said(refusing, capfd, caplog, user, password, where):
    caplog.set_level(logging.DEBUG)
    for host in refusing.values():
        source = {
            "userinfo": f"rtsp://{quote(user, safe='')}:{quote(password, safe='')}@{host}/main",
            "userinfo, not encoded": f"rtsp://{user}:{password}@{host}/main",
            "query": f"rtsp://{host}/main?usr={quote(user)}&pwd={quote(password, safe='')}",
        }[where]
        with pytest.raises(SourceError) as caught:
            open_source("dock", source, clock=SystemClock(), timeout_s=0.1)
        printed = capfd.readouterr()
        said = "\n".join((everything_said(caught.value), printed.out, printed.err, caplog.text))
        for secret in (password, quote(password, safe=""), *(part for part in password.split("@") if len(part) > 3)):
            assert secret not in said
        assert "dock" in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://admin:pa/ss@10.0.0.9/main", "rtsp://admin:pa?ss@10.0.0.9/main", "rtsp://admin:pa#ss@10.0.0.9/main",
        "rtsp://admin:1234/abc@10.0.0.9/main", "rtsp://", "rtsp:///main",
        "rtsp://10.0.0.9:port/main", "rtsp://[::1/main", "http://:80/x",
    ],
)  # fmt: skip
def test_an_address_without_a_usable_host_is_not_tried(source):
    with pytest.raises(SourceError, match="%40") as caught:
        check_address("dock", source)
    assert caught.value.state == "misconfigured"
    assert "pa" not in str(caught.value).replace("camera", "").replace("password", "")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("rtsp://admin:x@10.0.0.9/main", "camera dock at 10.0.0.9"),
        ("rtsp://10.0.0.9:8554/main?usr=a&pwd=b", "camera dock at 10.0.0.9:8554"),
        ("rtsp://a@b#c@host/main", "camera dock"),
        ("rtsp://admin:pa/ss@host/main", "camera dock"),
        ("/dev/video0", "camera dock"),
        ("/var/secret place/yard.mp4", "camera dock (yard.mp4)"),
    ],
)
def test_what_a_message_says_of_a_place(source, said):
    assert place_of("dock", source) == said


@pytest.mark.parametrize(
    ("source", "live"),
    [("rtsp://x/y", True), ("RTSPS://x/y", True), ("https://x/y", True), ("/dev/video0", True), ("device:0", True),
     ("yard.mp4", False),
     ("file:///tmp/yard.mp4", False), ("C:/yard.mp4", False)],
)  # fmt: skip
def test_what_counts_as_live(source, live):
    assert is_live(source) is live


def test_fake_clock_is_enough_for_a_file(make_clip):
    with open_source("dock", f"file:{make_clip(frames=3)}", clock=FakeClock()) as source:
        assert len(list(source.frames())) == 3

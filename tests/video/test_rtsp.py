"""A real RTSP server on loopback: opened, refused, killed, stopped, thawed (issue 5, Cameras 2 and 4)."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import av
import pytest

from pipeline.clock import SystemClock
from pipeline.errors import SourceError
from pipeline.video.source import open_source

SCRIPT = Path(__file__).with_name("rtsp_server.py")
CLOCK = SystemClock()

pytestmark = [pytest.mark.rtsp, pytest.mark.slow]


def free_port():
    """Below the range that clients are given ports from, where a connection to a dead server may meet itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@pytest.fixture(scope="module")
def system_python(tool):
    """Debian's own interpreter, for which `gi` is built; the environment's own would be found first otherwise."""
    tool("gst-launch-1.0")
    for folder in ("/usr/bin", "/usr/local/bin"):
        python = Path(folder) / "python3"
        if (
            python.exists()
            and subprocess.run([python, "-c", IMPORTS], capture_output=True, check=False).returncode == 0
        ):
            return str(python)
    return tool("gst-rtsp-server for Python (gir1.2-gst-rtsp-server-1.0, python3-gi)")


IMPORTS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@pytest.fixture
def serve(system_python):
    """`serve(port, ...)` starts the server and gives its process once it listens."""
    with ExitStack() as stack:

        def start(port, *arguments):
            command = [system_python, str(SCRIPT), "--port", str(port), *arguments]
            server = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
            stack.callback(server.kill)
            assert server.stdout.readline() == b"ready\n"
            return server

        yield start


def opened(port, *, user="", path="cam1"):
    return open_source("dock", f"rtsp://{user}127.0.0.1:{port}/{path}", clock=CLOCK)


def take(source, count):
    frames = source.frames()
    return [next(frames) for _ in range(count)]


def refusal(port, **how):
    with pytest.raises(SourceError) as caught:
        opened(port, **how)
    return caught.value


def ending(source):
    """What ends a source, and after how many seconds."""
    began_s = CLOCK.monotonic()
    with pytest.raises(SourceError) as caught:
        for _ in source.frames():
            pass
    return caught.value.state, CLOCK.monotonic() - began_s


def test_frames_times_and_a_clip(serve, tmp_path):
    port = free_port()
    serve(port)
    with opened(port) as source:
        seen = take(source, 60)
        clip = source.ring.cut(seen[-1].pts - 2.5, seen[-1].pts, tmp_path / "clip.mp4")
    assert (source.info.width, source.info.height, source.info.live, source.info.codec) == (320, 240, True, "h264")
    assert all(0 < b.pts - a.pts < 2.0 for a, b in pairwise(seen))  # a busy machine's reader takes the latest only
    late = seen[25:]  # the first second arrives at once, after probing
    assert late[-1].pts - late[0].pts == pytest.approx(late[-1].utc - late[0].utc, abs=0.3)
    assert len({frame.luma().tobytes() for frame in seen}) > 50
    assert not clip.encoded_again
    with av.open(clip.path) as file:
        assert sum(1 for _ in file.decode(video=0)) == clip.frames >= 30


def test_a_slow_detector_sees_fresh_frames(serve):
    port = free_port()
    serve(port)
    with opened(port) as source:
        frames, ages = source.frames(), []
        for _ in range(15):
            time.sleep(0.2)
            ages.append(next(frames).utc)
            ages[-1] = CLOCK.utc() - ages[-1]
    assert sorted(ages)[int(0.95 * len(ages))] < 0.3
    assert source.dropped > 10


def test_passwords_and_paths(serve):
    port = free_port()
    serve(port, "--user", "ops.admin", "--password", "p@ss:w/rd")
    assert refusal(port).state == "unauthorised"
    wrong = refusal(port, user="ops.admin:wr0ng@")
    assert wrong.state == "unauthorised"
    assert "wr0ng" not in str(wrong)
    with opened(port, user="ops.admin:p%40ss%3Aw%2Frd@") as source:
        assert len(take(source, 3)) == 3


def test_a_path_that_is_not_there(serve):
    port = free_port()
    serve(port)
    assert refusal(port, path="cam9").state == "not_found"


def test_killed_known_at_once_and_back_soon(serve):
    port = free_port()
    server = serve(port)
    with opened(port) as source:
        take(source, 5)
        server.kill()
        state, after_s = ending(source)
    assert state == "no_video"
    assert after_s < 10.0
    server.wait(timeout=10)
    tried_s = CLOCK.monotonic()
    while refusal(port).state != "refused":  # the kernel takes a moment to let go of a killed server's sockets
        assert CLOCK.monotonic() - tried_s < 10.0
    serve(port)
    began_s = CLOCK.monotonic()
    with opened(port) as source:
        take(source, 1)
    assert CLOCK.monotonic() - began_s < 10.0


def test_stopped_known_in_ten_seconds_and_read_again_after_the_thaw(serve):
    port = free_port()
    server = serve(port)
    with opened(port) as source:
        take(source, 5)
        os.kill(server.pid, signal.SIGSTOP)
        state, after_s = ending(source)
        assert state == "timed_out"
        assert after_s < 10.0
        assert refusal(port).state == "timed_out"
    os.kill(server.pid, signal.SIGCONT)
    began_s = CLOCK.monotonic()
    with opened(port) as source:
        take(source, 1)
    assert CLOCK.monotonic() - began_s < 5.0

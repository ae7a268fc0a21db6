"""S7: what somebody signed in may not make the service connect to, however it is written; and that nothing is sent."""

from __future__ import annotations

import socket

import pytest

from pipeline.access.addresses import check_camera_address
from pipeline.errors import BadInput

NAMES = {
    "camera.example": ["10.0.0.9"], "both.example": ["10.0.0.9", "127.0.0.1"], "rebound.example": ["127.0.0.1"],
    "meta.example": ["169.254.169.254"], "six.example": ["fe80::1%eth0"], "mapped.example": ["::ffff:127.0.0.1"],
}  # fmt: skip


def lookup(host, port, **_):
    """Numbers as the system reads them, names as they are here."""
    if host in NAMES:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in NAMES[host]]
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


@pytest.fixture
def no_packet(monkeypatch):
    """Any attempt to connect or send fails the test."""

    def refuse(*_):
        raise AssertionError("a packet was sent")

    for name in ("connect", "connect_ex", "sendto", "send", "sendall"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.mark.parametrize(
    "source",
    [
        "http://127.0.0.1/", "http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/",
        "http://0/", "http://0.0.0.0:8000/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
        "rtsp://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
        "http://[fe80::1]/", "rtsp://224.0.0.1/", "rtsp://255.255.255.255/", "http://rebound.example/",
        "http://both.example/", "http://meta.example/", "http://six.example/", "http://mapped.example/",
        "http://camera.example@127.0.0.1/", "http://127.0.0.1#@camera.example/", "http://a@b@camera.example/",
        "http://camera.example\\@127.0.0.1/", "http://127.0.0.1 @camera.example/", "http://\u2460\u2461\u2467.0.0.1/",
        "file:///etc/passwd", "concat:/etc/passwd|x", "gopher://camera.example/", "ftp://camera.example/",
        "exec:reboot", "data:text/plain,x", "udp://camera.example:1", "rtmp://camera.example/", "/etc/passwd",
        "subfile,,start,0,end,0,,:/etc/passwd", "http://", "http:///x", "rtsp://nowhere.example/", "",
        "http://camera.example/${AWS_SECRET_ACCESS_KEY}", "${SECRET}", "rtsp://u:${OTHER_PASSWORD}@camera.example/",
        "http://camera.example:99999/", "http://[::1", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_refused_before_any_packet(no_packet, source):
    with pytest.raises(BadInput):
        check_camera_address(source, lookup=lookup)


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://10.0.0.9/main", "rtsp://user:p%40ss@camera.example:8554/a?b=c", "rtsps://192.168.1.4/x",
        "http://camera.example/mjpeg", "https://[fd12::9]/snapshot", "RTSP://172.16.0.2/", "rtsp://u:p@10.0.0.9/x@y",
    ],
)  # fmt: skip
def test_cameras_are_allowed(no_packet, source):
    check_camera_address(source, lookup=lookup)


def test_a_refusal_does_not_repeat_the_password():
    with pytest.raises(BadInput) as refused:
        check_camera_address("rtsp://user:geheim@127.0.0.1/", lookup=lookup)
    assert "geheim" not in str(refused.value)

"""Whether a camera that was away is there again, asked cheaply while the next attempt is still some time off.

A back-off of up to 30 s spares cameras and networks, but a camera that is back should be seen within 5 s. So while
waiting its door is knocked at every two seconds: a TCP connection, and for RTSP one OPTIONS request (RFC 2326, 10.1),
which needs no password and starts no stream. What counts is a door that was shut and opens: one that answers all along
has another trouble, for which the back-off stands.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

EVERY_S = 2.0
SPREAD_S = 1.0
"""Cameras behind one switch come back a little apart."""
TIMEOUT_S = 1.0
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def knocker(source: str) -> Callable[[], bool] | None:
    """Knocks at an address once, within two seconds; None for files, devices and what is no address."""
    try:
        parts = urlsplit(source)
        host, scheme = parts.hostname, parts.scheme.lower()
        port = parts.port or _PORTS.get(scheme, 0)
    except ValueError:
        return None
    if not host or scheme not in _PORTS:
        return None
    shown = f"[{host}]" if ":" in host else host
    request = f"OPTIONS rtsp://{shown}:{port}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: nightjar\r\n\r\n".encode()

    def knock() -> bool:
        with contextlib.suppress(OSError, UnicodeError), socket.create_connection((host, port), TIMEOUT_S) as door:
            if scheme != "rtsp":
                return True
            door.settimeout(TIMEOUT_S)
            door.sendall(request)
            return door.recv(5) == b"RTSP/"
        return False

    return knock


def in_thread(task: Callable[[], None]) -> None:
    """A name look-up may hang for longer than anybody waits: it costs a thread, not the wait."""
    threading.Thread(target=task, name="knock", daemon=True).start()


class Doorbell:
    """One wait's worth of knocking. `opened` is asked often; it is True once a door that was shut has opened."""

    def __init__(
        self, knock: Callable[[], bool], *, now_s: float, rng: random.Random,
        run: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:  # fmt: skip
        self._knock = knock
        self._rng = rng
        self._run = run
        self._next_s: float = now_s
        self._asking = False
        self._was_shut = False
        self._given_up = False
        self._opens_s: float | None = None
        self._answer: bool | None = None

    def opened(self, now_s: float) -> bool:
        if self._opens_s is not None:
            return now_s >= self._opens_s
        answer, self._answer = self._answer, None
        if answer is False:
            self._was_shut = True
        elif answer and not self._was_shut:
            self._given_up = True
        elif answer:
            self._opens_s = now_s + self._rng.uniform(0.0, SPREAD_S)
        if not self._given_up and not self._asking and self._opens_s is None and now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self._asking = True
            self._run(self._ask)
        return False

    def _ask(self) -> None:
        self._answer = self._knock()
        self._asking = False

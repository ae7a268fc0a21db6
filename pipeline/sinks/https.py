"""One HTTPS request to an address of the site file: no redirects, no proxy, a deadline for the whole of it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import BadInput
from pipeline.sinks.address import Lookup, Network, connect
from pipeline.sinks.base import Away

_MOST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the number of seconds in Retry-After where one is given, and the beginning of the body."""

    status: int
    retry_after_s: float | None
    text: str


class Endpoint:
    """Where requests go. `url` is https://HOST[:PORT]/PATH with its secrets filled in; it is never shown.

    `lookup` resolves names; tests hand in one that lies.

    Raises, when made:
        BadInput: no https address, or a file of certificates that cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        where: str,
        allow: Sequence[Network] = (),
        ca_file: Path | None = None,
        timeout_s: float = 10.0,
        lookup: Lookup = socket.getaddrinfo,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username is not None:
            raise BadInput(f"{where}: an address like https://host/path, without a user, is allowed")
        self.host, self.port = parts.hostname, parts.port or 443
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._allow, self._timeout_s, self._lookup = tuple(allow), timeout_s, lookup
        self._tls = tls_context(ca_file, where=where)

    @property
    def shown(self) -> str:
        """Where it goes, for people: the path may hold a token and is left out."""
        return f"https://{self.host}{'' if self.port == 443 else f':{self.port}'}/"

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One POST over a connection of its own.

        Raises:
            Away: no connection, no trust in its certificate, or no answer in time.
        """
        raw = connect(self.host, self.port, allow=self._allow, timeout_s=self._timeout_s, lookup=self._lookup)
        wrapped = self._tls.wrap_socket(raw, server_hostname=self.host, do_handshake_on_connect=False)
        watchdog = threading.Timer(self._timeout_s, _cut, (wrapped,))
        watchdog.start()
        try:
            wrapped.do_handshake()
            return self._exchange(wrapped, body, headers)
        except ssl.SSLCertVerificationError as error:
            raise Away(f"{self.host}: its certificate is not trusted: {error.verify_message}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = watchdog.finished.is_set() or isinstance(error, TimeoutError)
            raise Away(f"{self.host}: {f'no answer in {self._timeout_s:g} s' if late else _words(error)}") from None
        finally:
            watchdog.cancel()
            wrapped.close()

    def _exchange(self, wrapped: ssl.SSLSocket, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self._timeout_s)
        connection.sock = wrapped
        connection.request("POST", self._path, body=body, headers={**headers, "Connection": "close"})
        response = connection.getresponse()
        text = response.read(_MOST_ANSWER).decode("utf-8", "replace")
        return Answer(response.status, _seconds(response.headers.get("Retry-After")), text)


def tls_context(ca_file: Path | None, *, where: str) -> ssl.SSLContext:
    """TLS 1.2 or newer, names checked, against the system's certificates or those of a file.

    Raises:
        BadInput: the file cannot be read or holds none.
    """
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"{where}: ca_file {ca_file}: {type(error).__name__}; a file of PEM certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _cut(wrapped: ssl.SSLSocket) -> None:
    """End a conversation that takes too long, however slowly it drips: under TLS, which may be waited in."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(wrapped, socket.SHUT_RDWR)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 7 else None


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__

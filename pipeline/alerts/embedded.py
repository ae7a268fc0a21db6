"""The link without a broker: messages go to the API's ingest address over loopback, and its reply is the store's
commit."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from pipeline.alerts.message import Envelope, Receipt
from pipeline.errors import BadInput, DeliveryError
from pipeline.failpoint import failpoint

TIMEOUT_S = 10.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class EmbeddedLink:
    """`url` is the API's address, as http://127.0.0.1:8000; `token` what it was started with. One kept connection.
    Over https the API must show exactly the `certificate` (a PEM file), whoever signed it.

    Raises, when made:
        BadInput: another scheme than http or https, or a host that is not this machine.
    """

    name = "embedded"

    def __init__(self, url: str, token: str, *, timeout_s: float = TIMEOUT_S, certificate: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname not in LOOPBACK:
            raise BadInput(f"ingest address {url!r}: http or https on {', '.join(LOOPBACK)} is allowed")
        self._path = parts.path.rstrip("/") + "/internal/ingest" if "/internal/" not in parts.path else parts.path
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout_s)
        if parts.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                parts.hostname, parts.port or 443, timeout=timeout_s, context=_pinned(certificate)
            )

    def deliver(self, batch: Sequence[Envelope]) -> Receipt:
        """See `Link`. A connection that the API has closed meanwhile is opened anew once: delivering twice is safe."""
        body = json.dumps(
            {"version": 1, "messages": [{"id": e.message_id, "text": e.text, "after": e.after} for e in batch]}
        )
        reused = self._connection.sock is not None
        try:
            return self._post(body)
        except DeliveryError:
            if not reused:
                raise
        return self._post(body)

    def close(self) -> None:
        self._connection.close()

    def _post(self, body: str) -> Receipt:
        try:
            self._connection.request("POST", self._path, body=body.encode(), headers=self._headers)
            response = self._connection.getresponse()
            failpoint("link.after_send")
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DeliveryError(f"the API does not answer: {error or type(error).__name__}") from None
        if response.status != 200:
            raise DeliveryError(f"the API answered {response.status}")
        return _receipt(answer)


def _pinned(certificate: str) -> ssl.SSLContext:
    """Trusts this one certificate, under whatever name: the API is on this machine, and its name may be any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context


def _receipt(answer: bytes) -> Receipt:
    try:
        value = json.loads(answer)
        return Receipt(frozenset(map(str, value["committed"])), frozenset(map(str, value["stale"])))
    except (ValueError, KeyError, TypeError):
        raise DeliveryError("the API gave an answer that cannot be read") from None

"""A sink that posts each notice to an HTTPS address, signed, so that the other end knows who wrote it and when.

`X-Nightjar-Signature: v1=HEX` is HMAC-SHA256 of `TIMESTAMP.BODY` with the shared secret; `X-Nightjar-Timestamp` is
seconds since the epoch at this try, so that an old request cannot be played again. `Idempotency-Key` is the same at
every try. What the other end answers decides what becomes of the notice, as the table in the README says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from pipeline.clock import Clock
from pipeline.sinks.base import Away, Refused
from pipeline.sinks.https import Answer, Endpoint
from pipeline.sinks.notice import Notice

NOT_US = frozenset({401, 402, 403, 404, 405, 407, 408, 410, 421, 423, 425, 429, 502, 503, 504, 509, 521, 522, 523})
"""Answers that say nothing about the notice: a wrong address or password, or a receiver that is busy or mended."""
_PATIENCE_S = 300.0


class Webhook:
    """Implements `Sink`. `secret` signs; `bearer`, where given, is sent as an authorisation."""

    most = 1

    def __init__(self, endpoint: Endpoint, *, secret: str, clock: Clock, bearer: str | None = None) -> None:
        self._endpoint, self._secret, self._bearer, self._clock = endpoint, secret.encode(), bearer, clock

    def send(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            body = notice.body()
            judge(self._endpoint.post(body, self._headers(notice, body)))

    def tend(self) -> bool:
        """Nothing stays open."""
        return False

    def close(self) -> None:
        """Nothing is open."""

    def _headers(self, notice: Notice, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock.utc()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "nightjar",
            "Idempotency-Key": notice.notice_id,
            "X-Nightjar-Timestamp": timestamp,
            "X-Nightjar-Signature": f"v1={signature(self._secret, timestamp, body)}",
        }
        return headers if self._bearer is None else {**headers, "Authorization": f"Bearer {self._bearer}"}


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over the time, a full stop, and the body."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def judge(answer: Answer) -> None:
    """Raises Away or Refused for every answer but 2xx."""
    if 200 <= answer.status < 300:
        return
    if 300 <= answer.status < 400:
        raise Away(f"it answers {answer.status}: redirects are not followed")
    if answer.status in NOT_US:
        after_s = None if answer.retry_after_s is None else min(answer.retry_after_s, _PATIENCE_S)
        raise Away(f"it answers {answer.status}", after_s=after_s)
    raise Refused(f"it answers {answer.status}")

"""A sink that publishes to an MQTT 5 broker with QoS 1: a notice counts as delivered when the broker acknowledged it.

`TOPIC/availability` is a retained `online`, and the broker itself writes `offline` there when this process dies (its
last will). Notices go to `TOPIC/alerts/CAMERA/KIND`. After any fault the session is thrown away and opened anew, so
that the client library never sends on its own what the runner is going to send again.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pipeline.sinks.base import Away, Refused
from pipeline.sinks.notice import Notice

KEEPALIVE_S = 15
"""The broker tells of our death after one and a half of these."""
REFUSES_THIS = frozenset({0x80, 0x83, 0x95, 0x99})
"""PUBACK reasons that are about the message: unspecified, implementation, too large, payload format (MQTT 5, 3.4.2)."""
UNHEARD = 0x10
_OVERHEAD = 1024
_FAILURE = 0x80


class Mqtt:
    """Implements `Sink`. One session, opened at need and kept open."""

    most = 1

    def __init__(
        self,
        host: str,
        port: int,
        *,
        topic: str,
        client_id: str,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._host, self._port, self._topic, self._client_id = host, port, topic, client_id
        self._username, self._password, self._tls, self._timeout_s = username, password, tls, timeout_s
        self._session: _Session | None = None

    def send(self, notices: Sequence[Notice]) -> str | None:
        session = self._open()
        remark = None
        for notice in notices:
            body = notice.body()
            if len(body) + _OVERHEAD > session.largest:
                raise Refused(f"{len(body)} bytes; the broker takes {session.largest}")
            topic = f"{self._topic}/alerts/{level(notice.camera_id)}/{level(str(notice.alert['kind']))}"
            remark = self._publish(session, topic, body, notice.notice_id)
        return remark

    def say(self, topic: str, value: Mapping[str, Any]) -> None:
        """Publish a retained JSON value at `TOPIC/topic`; where no session is open now, nothing. From any thread."""
        session = self._session
        if session is not None and session.alive:
            session.client.publish(f"{self._topic}/{topic}", json.dumps(value).encode(), qos=1, retain=True)

    def tend(self) -> bool:
        return self._open().alive

    def close(self) -> None:
        """Say that nobody will publish any more: a will is only for those who die."""
        session, self._session = self._session, None
        if session is not None:
            session.goodbye(f"{self._topic}/availability", self._timeout_s)

    def _open(self) -> _Session:
        if self._session is not None and self._session.alive:
            return self._session
        self._drop()
        session = _Session(self._client_id, will=f"{self._topic}/availability")
        if self._username is not None:
            session.client.username_pw_set(self._username, self._password)
        if self._tls is not None:
            session.client.tls_set_context(self._tls)
        session.connect(self._host, self._port, self._timeout_s)
        self._session = session
        self._publish(session, f"{self._topic}/availability", b"online", None, retain=True)
        return session

    def _publish(
        self, session: _Session, topic: str, body: bytes, notice_id: str | None, *, retain: bool = False
    ) -> str | None:
        try:
            return session.publish(topic, body, notice_id, retain=retain, timeout_s=self._timeout_s)
        except Away:
            self._drop()
            raise

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()


class _Session:
    """One connection to the broker, with the library's thread behind it."""

    def __init__(self, client_id: str, *, will: str) -> None:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5, reconnect_on_failure=False
        )
        self.client.will_set(will, b"offline", qos=1, retain=True)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_publish = self._on_publish
        self.largest = 1 << 28
        self.alive = False
        self._greeted = threading.Event()
        self._refusal: str | None = None
        self._reasons: dict[int, ReasonCode] = {}

    def connect(self, host: str, port: int, timeout_s: float) -> None:
        """Raises Away."""
        self.client.connect_timeout = timeout_s
        try:
            self.client.connect(host, port, keepalive=KEEPALIVE_S, clean_start=True)
        except (OSError, ValueError) as error:
            words = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or type(error).__name__
            raise Away(f"broker {host}:{port}: {words}") from None
        self.client.loop_start()
        if not self._greeted.wait(timeout_s) or not self.alive:
            self.end()
            raise Away(f"broker {host}:{port}: {self._refusal or 'does not answer'}")

    def publish(self, topic: str, body: bytes, notice_id: str | None, *, retain: bool, timeout_s: float) -> str | None:
        """Raises Away or Refused."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if notice_id is not None:
            properties.ContentType = "application/json"
            properties.UserProperty = ("id", notice_id)
        sent = self.client.publish(topic, body, qos=1, retain=retain, properties=properties)
        try:
            sent.wait_for_publish(timeout_s)
        except (RuntimeError, ValueError):
            raise Away("the broker has hung up") from None
        if not sent.is_published():
            raise Away("the broker acknowledges nothing")
        reason = self._reasons.pop(sent.mid, None)
        if reason is not None and reason.value >= _FAILURE:
            kind = Refused if reason.value in REFUSES_THIS else Away
            raise kind(f"the broker says: {reason}")
        return "the broker has it, and nobody subscribes" if reason is not None and reason.value == UNHEARD else None

    def goodbye(self, topic: str, timeout_s: float) -> None:
        if self.alive:
            said = self.client.publish(topic, b"offline", qos=1, retain=True)
            try:
                said.wait_for_publish(min(timeout_s, 2.0))
            except (RuntimeError, ValueError):
                self.alive = False
        self.client.disconnect()
        self.client.loop_stop()

    def end(self) -> None:
        """Hang up without a word, so that the broker publishes the will."""
        self.alive = False
        connection = self.client.socket()
        if connection is not None:
            connection.close()
        self.client.loop_stop()

    def _on_connect(
        self, client: paho.Client, data: Any, flags: Any, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self.alive = not reason.is_failure
        self._refusal = str(reason)
        self.largest = getattr(properties, "MaximumPacketSize", None) or self.largest
        self._greeted.set()

    def _on_disconnect(self, client: paho.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        self.alive = False
        self._greeted.set()

    def _on_publish(self, client: paho.Client, data: Any, mid: int, reason: Any, properties: Any) -> None:
        self._reasons[mid] = reason


def level(text: str) -> str:
    """One level of a topic: the characters that topics give a meaning are replaced."""
    return "".join("-" if one in "/+#\0" else one for one in text) or "-"

"""The other ends of sinks, real ones on loopback: an HTTPS server, Debian's mosquitto, an SMTP server."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from paho.mqtt.enums import CallbackAPIVersion

from pipeline.alerts.message import Message, alert_message
from pipeline.clock import SystemClock
from pipeline.sinks.base import Sink
from pipeline.sinks.https import Endpoint, tls_context
from pipeline.sinks.mail import Mail, Mailbox
from pipeline.sinks.mqtt import Mqtt
from pipeline.sinks.notice import Notice
from pipeline.sinks.webhook import Webhook
from pipeline.types import Alert, Event

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))
SECRET = "the-shared-Secret"
PASSWORD = "S3cret:pa@ss/word"
TIMEOUT_S = 3.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def make_message(
    key: str, *, state: str = "start", utc: float = 1000.0, camera: str = "dock", **changes: object
) -> Message:
    """An alert message of a loitering rule; `changes` are fields of the alert."""
    event = Event(
        kind="loitering", state=state, rule_id="bay-loiter", rule_version="v1", camera_id=camera, run_id=1,
        track_ids=(7,), zone_id="bay", since_utc=utc - 120, utc=utc, pts=120.0, score=0.9,
        why={"dwell_s": 121.0, "threshold_s": 120.0}, key=key,
    )  # fmt: skip
    fields: dict[str, object] = {
        "alert_id": key, "incident_id": f"incident-{key}", "severity": "medium", "state": "new", "trial": False,
        "detector": "motion", "subject": "movement", "event": event,
    }  # fmt: skip
    return alert_message(Alert(**(fields | changes)), raised_utc=SystemClock().utc())  # type: ignore[arg-type]


def make_notice(key: str = "k1", *, number: int = 1, camera: str = "dock", **changes: Any) -> Notice:
    alert = {
        "alert_id": key, "incident_id": f"incident-{key}", "continues": None, "camera_id": camera, "zone_id": "bay",
        "rule_id": "bay-loiter", "rule_version": "v1", "kind": "loitering", "severity": "high", "state": "new",
        "system": False, "subject": "person", "detector": "yolox", "score": 0.9, "track_ids": [7],
        "sentence": "Person stayed in bay for 121 s", "why": {"dwell_s": 121.0, "threshold_s": 120.0},
        "since_utc": 880.0, "utc": 1000.0, "updated_utc": 1000.0, "ended_utc": None, "disposition": None,
        "evidence": [], "acknowledged_by": "Jane", "note": "a private remark",
    }  # fmt: skip
    return Notice(f"id-{key}-{number}", number, "new", "Depot North", alert | changes)


@dataclass(frozen=True)
class Certificates:
    """An authority of our own, and files of it."""

    authority: trustme.CA
    folder: Path

    @property
    def ca_file(self) -> Path:
        path = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(path))
        return path

    def issue(self, *names: str) -> trustme.LeafCert:
        return self.authority.issue_cert(*names)

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.issue(*names).configure_cert(context)
        return context


@dataclass
class HookServer:
    """An HTTPS server that keeps what it was sent. `answers` are used up one by one, then it answers 200."""

    certificates: Certificates
    port: int = field(default_factory=free_port)
    names: tuple[str, ...] = ("hooks.test", "127.0.0.1")
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    always: int = 200

    def start(self) -> None:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answers.pop(0) if outer.answers else outer.always
                outer.requests.append(({k.lower(): v for k, v in self.headers.items()} | {"path": self.path}, body))
                if 200 <= status < 300:
                    outer.taken.append(self.headers.get("Idempotency-Key", ""))
                self.send_response(status)
                for name, value in outer.extra.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None: ...

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that does not trust us goes away in the middle."""

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.socket = self.certificates.server(*self.names).wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __post_init__(self) -> None:
        self.taken: list[str] = []
        self.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def endpoint(self, **options: Any) -> Endpoint:
        given: dict[str, Any] = {"allow": LOOPBACK, "ca_file": self.certificates.ca_file, "timeout_s": TIMEOUT_S}
        return Endpoint(f"https://127.0.0.1:{self.port}/hook/token", where="test", **(given | options))


@dataclass
class Broker:
    """mosquitto on loopback, with a subscriber that keeps what comes. `lines` are added to its configuration."""

    program: str
    folder: Path
    lines: tuple[str, ...] = ("allow_anonymous true",)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.messages: list[tuple[str, bytes, Any]] = []
        self.config = self.folder / f"mosquitto-{self.port}.conf"
        text = [f"listener {self.port} 127.0.0.1", "persistence false", "max_packet_size 20000", *self.lines]
        text += ["user root"] if os.geteuid() == 0 else []  # it would become another, who cannot read our folder
        self.config.write_text("\n".join(text) + "\n")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self.program, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._listens)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    @contextlib.contextmanager
    def listening(self, topic: str = "#") -> Iterator[list[tuple[str, bytes, Any]]]:
        """A subscriber; what it hears, as (topic, payload, message)."""
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        ready = threading.Event()
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _client, _data, one: self.messages.append((one.topic, one.payload, one))
        client.connect("127.0.0.1", self.port)
        client.subscribe(topic, qos=1)
        client.loop_start()
        assert ready.wait(5)
        try:
            yield self.messages
        finally:
            client.disconnect()
            client.loop_stop()

    def mqtt(self, **options: Any) -> Mqtt:
        given: dict[str, Any] = {"topic": "nightjar/depot", "client_id": "test", "timeout_s": TIMEOUT_S}
        return Mqtt("127.0.0.1", self.port, **(given | options))


class MailServer:
    """An SMTP server with STARTTLS and a password. `answers` are used up one by one for whole mails."""

    def __init__(self, certificates: Certificates, *, starttls: bool = True) -> None:
        self.certificates, self.starttls, self.port = certificates, starttls, free_port()
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.bad_boxes: set[str] = set()
        self.start()

    def start(self) -> None:
        outer = self
        context = self.certificates.server("127.0.0.1") if self.starttls else None

        def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
            return AuthResult(success=(data.login, data.password) == (b"desk", PASSWORD.encode()), handled=True)

        class Handler:
            async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
                if address in outer.bad_boxes:
                    return "550 no such box"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
                answer = outer.answers.pop(0) if outer.answers else "250 OK"
                if answer.startswith("250"):
                    outer.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
                return answer

        class Made(Controller):
            def factory(self) -> SMTP:
                return SMTP(
                    self.handler, tls_context=context, require_starttls=context is not None, hostname="mail.test",
                    authenticator=check, auth_required=context is not None, auth_require_tls=context is not None,
                )  # fmt: skip

        self.controller = Made(Handler(), hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        self.controller.stop(no_assert=True)

    def mail(self, **options: Any) -> Mail:
        given: dict[str, Any] = {
            "host": "127.0.0.1", "port": self.port, "security": "starttls", "sender": "nightjar@depot.test",
            "to": ("guard@depot.test",), "tls": tls_context(self.certificates.ca_file, where="test"),
            "username": "desk", "password": PASSWORD, "timeout_s": TIMEOUT_S,
        }  # fmt: skip
        return Mail(Mailbox(**(given | options)), clock=SystemClock(), timezone="Europe/Brussels")


class End:
    """One kind of sink with its other end, under one handle for the contract suite."""

    def __init__(self, kind: str, sink: Sink, end: Any, stack: contextlib.ExitStack) -> None:
        self.kind, self.sink, self.end = kind, sink, end
        self._stack = stack

    def received(self) -> list[str]:
        """The ids of what arrived, in order of arrival."""
        if self.kind == "webhook":
            return list(self.end.taken)
        if self.kind == "email":
            return [name for mail in self.end.mails for name in str(mail["X-Nightjar-Id"]).split()]
        return [json.loads(body)["id"] for topic, body, _ in self.end.messages if "/alerts/" in topic]

    def too_much(self) -> Notice:
        """A notice that the other end refuses."""
        if self.kind == "webhook":
            self.end.answers = [413]
        if self.kind == "email":
            self.end.answers = ["554 refused"]
        return make_notice("big", number=99, why={"reason": "x" * 30_000})

    def impostor(self) -> Sink:
        """The same sink with a wrong password, or a wrong token."""
        if self.kind == "webhook":
            self.end.answers = [401]
            return Webhook(self.end.endpoint(), secret=SECRET, clock=SystemClock(), bearer="wrong-Token")
        if self.kind == "email":
            return self.end.mail(password="wrong-Token")
        other = self._stack.enter_context(locked_broker(self.end))
        return other.mqtt(username="desk", password="wrong-Token")

    def stop(self) -> None:
        self.end.stop()

    def start(self) -> None:
        self.end.start()
        if self.kind == "mqtt":
            self._stack.enter_context(self.end.listening())


@contextlib.contextmanager
def locked_broker(broker: Broker, *more: str) -> Iterator[Broker]:
    """A broker that wants a password."""
    passwords = broker.folder / "passwords"
    program = Path(broker.program).with_name("mosquitto_passwd")
    tool = program if program.exists() else Path("/usr/bin/mosquitto_passwd")
    subprocess.run([str(tool), "-c", "-b", str(passwords), "desk", PASSWORD], check=True, capture_output=True)
    passwords.chmod(0o644)
    made = Broker(broker.program, broker.folder, (f"password_file {passwords}", "allow_anonymous false", *more))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(trustme.CA(), tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def hooks(certificates: Certificates) -> Iterator[HookServer]:
    made = HookServer(certificates)
    yield made
    with contextlib.suppress(OSError):
        made.stop()


@pytest.fixture
def broker(tool: Callable[[str], str], tmp_path: Path) -> Iterator[Broker]:
    tmp_path.chmod(0o755)
    made = Broker(tool("mosquitto"), tmp_path)
    yield made
    made.stop()


@pytest.fixture
def mails(certificates: Certificates) -> Iterator[MailServer]:
    made = MailServer(certificates)
    yield made
    made.stop()


@pytest.fixture(params=["webhook", "mqtt", "email"])
def end(request: pytest.FixtureRequest) -> Iterator[End]:
    with contextlib.ExitStack() as stack:
        if request.param == "webhook":
            hooks = request.getfixturevalue("hooks")
            sink: Sink = Webhook(hooks.endpoint(), secret=SECRET, clock=SystemClock(), bearer="right-Token")
            made = End("webhook", sink, hooks, stack)
        elif request.param == "mqtt":
            broker = request.getfixturevalue("broker")
            stack.enter_context(broker.listening())
            made = End("mqtt", broker.mqtt(), broker, stack)
        else:
            mails = request.getfixturevalue("mails")
            made = End("email", mails.mail(), mails, stack)
        yield made
        made.sink.close()


@pytest.fixture
def notice() -> Callable[..., Notice]:
    return make_notice


@pytest.fixture
def message() -> Callable[..., Message]:
    return make_message


@pytest.fixture
def wait() -> Callable[..., None]:
    return wait_for

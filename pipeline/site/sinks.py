"""The sinks of a site file: who is told elsewhere, of what, and how. Passwords stand as `${NAME}` and nothing else."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo, field_validator

from pipeline.secrets import Secrets
from pipeline.site.document import Node
from pipeline.site.faults import Fault, choice, fault_at
from pipeline.site.fields import Count, Flag, Number, Part, Positive
from pipeline.site.rules import Active
from pipeline.types import Severity

_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}")
_TOPIC = re.compile(r"[^/+#\0\s][^+#\0\s]*[^/+#\0\s]|[^/+#\0\s]")
_MAILBOX = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,250}")

Told = Literal["new", "escalated", "again", "ended", "acknowledged", "resolved"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _secret(text: str) -> str:
    if not _REFERENCE.fullmatch(text):
        raise ValueError("${NAME} alone, whose value is in the environment or in the secrets file")
    return text


def _https(text: str) -> str:
    try:
        parts = urlsplit(text)
        fine = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("an address like https://host/path, without a user; ${NAME} may stand in its path")
    return text


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("a name or address of a host, without a scheme")
    return text


def _topic(text: str) -> str:
    if not _TOPIC.fullmatch(text) or len(text) > 200 or "//" in text:
        raise ValueError("levels like nightjar/depot-north, without + and #")
    return text


def _mailbox(text: str) -> str:
    if not _MAILBOX.fullmatch(text):
        raise ValueError("an address like desk@example.org")
    return text


def _network(value: Any) -> Network:
    if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return value
    try:
        return ipaddress.ip_network(str(value))
    except ValueError:
        raise ValueError("a network like 10.1.0.0/16 or an address") from None


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _some(changes: tuple[Told, ...]) -> tuple[Told, ...]:
    if not changes:
        raise ValueError("at least one change")
    return changes


Changes = Annotated[tuple[Told, ...], AfterValidator(_some)]
Secret = Annotated[str, AfterValidator(_secret)]
Https = Annotated[str, AfterValidator(_https)]
Host = Annotated[str, AfterValidator(_host)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Topic = Annotated[str, AfterValidator(_topic)]
Address = Annotated[str, AfterValidator(_mailbox)]
Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Networks = Annotated[tuple[Annotated[Network, PlainValidator(_network)], ...], BeforeValidator(_one_or_many)]


class OnlyConfig(Part):
    """One condition on the alerts of which a sink is told; all that it names must hold."""

    min_severity: Severity = "low"
    cameras: Names = ()
    zones: Names = ()
    rules: Names = ()
    kinds: Names = ()
    system: Flag | None = None
    active: Active | None = None


class SinkBase(Part):
    """What every sink has. Without `only` it is told of every alert. After `attempts` refusals, or when it is
    `keep_h` hours old and was tried all the while, a message is a dead letter."""

    only: tuple[OnlyConfig, ...] = ()
    changes: Changes = ("new", "escalated", "ended", "acknowledged", "resolved")
    attempts: Count = 8
    keep_h: Positive = 24.0
    timeout_s: Number = Field(default=10.0, ge=1, le=60)
    ca_file: str | None = None

    def secret_texts(self) -> list[str]:
        """Every text that may hold `${NAME}`."""
        return []


class WebhookConfig(SinkBase):
    kind: Literal["webhook"]
    url: Https = Field(repr=False)
    secret: Secret = Field(repr=False)
    bearer: Secret | None = Field(default=None, repr=False)
    allow_private: Networks = ()

    def secret_texts(self) -> list[str]:
        return [text for text in (self.url, self.secret, self.bearer) if text is not None]


class MqttConfig(SinkBase):
    """`tls` is on unless the file says otherwise; without it no password is sent."""

    kind: Literal["mqtt"]
    host: Host
    tls: Flag = True
    port: Port | None = None
    topic: Topic = "nightjar"
    username: str | None = Field(default=None, min_length=1)
    password: Secret | None = Field(default=None, repr=False)

    @field_validator("password")
    @classmethod
    def _covered(cls, password: str | None, info: ValidationInfo) -> str | None:
        if password is not None and not info.data.get("tls", True):
            raise ValueError("a password only with tls: true: it would be readable on the way")
        if password is not None and info.data.get("username") is None:
            raise ValueError("password together with username")
        return password

    def secret_texts(self) -> list[str]:
        return [] if self.password is None else [self.password]


class EmailConfig(SinkBase):
    """At most `burst` mails one after the other, then one every `digest_s` seconds with all that came meanwhile."""

    kind: Literal["email"]
    host: Host
    security: Literal["starttls", "tls", "none"] = "starttls"
    port: Port | None = None
    from_: Address = Field(alias="from")
    to: Annotated[tuple[Address, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
    username: str | None = Field(default=None, min_length=1)
    password: Secret | None = Field(default=None, repr=False)
    changes: Changes = ("new", "escalated")
    burst: Count = 5
    digest_s: Positive = 60.0

    @field_validator("password")
    @classmethod
    def _covered(cls, password: str | None, info: ValidationInfo) -> str | None:
        if password is not None and info.data.get("security") == "none":
            raise ValueError("a password only with security: starttls or tls: it would be readable on the way")
        if password is not None and info.data.get("username") is None:
            raise ValueError("password together with username")
        return password

    def secret_texts(self) -> list[str]:
        return [] if self.password is None else [self.password]


SinkConfig = Annotated[WebhookConfig | MqttConfig | EmailConfig, Field(discriminator="kind")]


class PushConfig(Part):
    """A dead man's push: an outside monitor raises its alarm where it does not come. `fail_url`, where given, is used
    instead of `url` while something is wrong here."""

    url: Https = Field(repr=False)
    fail_url: Https | None = Field(default=None, repr=False)
    every_s: Number = Field(default=60.0, ge=1, le=86_400)
    timeout_s: Number = Field(default=10.0, ge=1, le=60)
    allow_private: Networks = ()
    ca_file: str | None = None

    def secret_texts(self) -> list[str]:
        return [text for text in (self.url, self.fail_url) if text is not None]


class BeatConfig(Part):
    """A retained message at `TOPIC/heartbeat` of an MQTT sink."""

    sink: str
    every_s: Number = Field(default=30.0, ge=1, le=86_400)


class HeartbeatConfig(Part):
    push: PushConfig | None = None
    mqtt: BeatConfig | None = None


def ca_path(text: str | None, folder: Path) -> Path | None:
    """A file of certificates, as seen from the site file's folder."""
    return None if text is None else folder / text


def filled(config_text: str | None, secrets: Secrets, *, where: str) -> str | None:
    """A text with its `${NAME}` filled in. Raises SiteError where one has no value."""
    return None if config_text is None else secrets.fill(config_text, where=where)


def sink_faults(root: Node) -> Iterator[Fault]:
    """Names in sinks and heartbeat that nothing bears."""
    cameras = _mapping(root.value.get("cameras"))
    known = {
        "cameras": [*cameras, "-"],
        "zones": sorted({zone for one in cameras.values() for zone in _mapping(_mapping(one).get("zones"))}),
        "rules": sorted({str(rule.get("id")) for one in cameras.values() for rule in _rules(one)} | {"system"}),
    }
    calendars = list(_mapping(root.value.get("calendars")))
    sinks = _mapping(root.value.get("sinks"))
    for name, sink in sinks.items():
        for number, only in enumerate(_sequence(_mapping(sink).get("only"))):
            here = ("sinks", name, "only", number)
            yield from _only(root, here, _mapping(only), known)
            calendar = _mapping(_mapping(only).get("active")).get("calendar")
            if isinstance(calendar, str) and calendar not in calendars:
                yield fault_at(root, (*here, "active", "calendar"), choice(calendars, what="calendar", got=calendar))
    beat = _mapping(_mapping(root.value.get("heartbeat")).get("mqtt")).get("sink")
    brokers = [name for name, sink in sinks.items() if _mapping(sink).get("kind") == "mqtt"]
    if isinstance(beat, str) and beat not in brokers:
        yield fault_at(root, ("heartbeat", "mqtt", "sink"), choice(brokers, what="MQTT sink", got=beat))


def _only(
    root: Node, here: tuple[str | int, ...], only: dict[str, Any], known: dict[str, list[str]]
) -> Iterator[Fault]:
    for key, names in known.items():
        value = only.get(key)
        listed = _sequence(value)
        for at, name in enumerate((value,) if isinstance(value, str) else listed):
            if isinstance(name, str) and name not in names:
                place = (*here, key) if isinstance(value, str) else (*here, key, at)
                yield fault_at(root, place, choice(names, what=key.removesuffix("s"), got=name))


def _rules(camera: Any) -> list[dict[str, Any]]:
    return [_mapping(rule) for rule in _sequence(_mapping(camera).get("rules"))]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else ()

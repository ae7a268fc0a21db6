"""The sinks of a site file, made of its models and secrets."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from pipeline.clock import Clock
from pipeline.rulebook import calendar_of
from pipeline.secrets import Secrets
from pipeline.sinks.address import Lookup
from pipeline.sinks.base import Sink
from pipeline.sinks.https import Endpoint, tls_context
from pipeline.sinks.mail import Mail, Mailbox
from pipeline.sinks.mqtt import Mqtt
from pipeline.sinks.pace import Pace
from pipeline.sinks.routing import Only, Route
from pipeline.sinks.runner import Outlet
from pipeline.sinks.webhook import Webhook
from pipeline.site import Site
from pipeline.site.rules import Active as ActiveConfig
from pipeline.site.sinks import EmailConfig, MqttConfig, OnlyConfig, SinkBase, WebhookConfig, ca_path, filled
from rules.base import Active, Schedule

MAIL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
Hours = Callable[[str], Schedule]


def build_outlets(
    site: Site, secrets: Secrets, *, clock: Clock, hours: Hours | None = None, lookup: Lookup = socket.getaddrinfo
) -> list[Outlet]:
    """Every sink of the site, in its order. `hours` gives a calendar by name, where not as the file has it.

    Raises:
        SiteError: a `${NAME}` without a value.
        BadInput: an address or a file of certificates that cannot be used.
    """
    hours = hours or (lambda name: calendar_of(site, name))
    outlets = []
    for name, config in site.sinks.items():
        sink, target = _make(site, name, config, secrets, clock, lookup)
        route = Route(frozenset(config.changes), tuple(_only(one, hours) for one in config.only))
        pace = Pace(config.burst, config.digest_s) if isinstance(config, EmailConfig) else Pace()
        outlets.append(
            Outlet(
                name=name, kind=config.kind, sink=sink, route=route, target=target, attempts=config.attempts,
                keep_s=config.keep_h * 3600.0, pace=pace, hidden=tuple(secrets.of(config.secret_texts())),
            )
        )  # fmt: skip
    return outlets


def _make(site: Site, name: str, config: SinkBase, secrets: Secrets, clock: Clock, lookup: Lookup) -> tuple[Sink, str]:
    where = f"sinks.{name}"
    authorities = ca_path(config.ca_file, site.folder)
    if isinstance(config, WebhookConfig):
        endpoint = Endpoint(
            secrets.fill(config.url, where=f"{where}.url"), where=f"{where}.url", allow=config.allow_private,
            ca_file=authorities, timeout_s=config.timeout_s, lookup=lookup,
        )  # fmt: skip
        secret = secrets.fill(config.secret, where=f"{where}.secret")
        bearer = filled(config.bearer, secrets, where=f"{where}.bearer")
        return Webhook(endpoint, secret=secret, bearer=bearer, clock=clock), endpoint.shown
    if isinstance(config, MqttConfig):
        port = config.port or (8883 if config.tls else 1883)
        broker = Mqtt(
            config.host, port, topic=config.topic, client_id=_client_id(site.name, name), username=config.username,
            password=filled(config.password, secrets, where=f"{where}.password"), timeout_s=config.timeout_s,
            tls=tls_context(authorities, where=where) if config.tls else None,
        )  # fmt: skip
        return broker, f"{config.host}:{port} {config.topic}"
    assert isinstance(config, EmailConfig)
    port = config.port or MAIL_PORTS[config.security]
    box = Mailbox(
        host=config.host, port=port, security=config.security, sender=config.from_, to=config.to,
        tls=None if config.security == "none" else tls_context(authorities, where=where), username=config.username,
        password=filled(config.password, secrets, where=f"{where}.password"), timeout_s=config.timeout_s,
    )  # fmt: skip
    return Mail(box, clock=clock, timezone=site.timezone), ", ".join(config.to)


def _only(config: OnlyConfig, hours: Hours) -> Only:
    return Only(
        min_severity=config.min_severity, cameras=frozenset(config.cameras), zones=frozenset(config.zones),
        rules=frozenset(config.rules), kinds=frozenset(config.kinds), system=config.system,
        active=_active(config.active, hours),
    )  # fmt: skip


def _active(config: ActiveConfig | None, hours: Hours) -> Active | None:
    return None if config is None else Active(hours(config.calendar), config.when)


def _client_id(site: str, name: str) -> str:
    """The same at every start, so that a broker ends what is left of an older session."""
    return f"nightjar-{re.sub(r'[^A-Za-z0-9-]', '-', site)[:40]}-{re.sub(r'[^A-Za-z0-9-]', '-', name)[:40]}"

"""Sinks as a site file has them: what is refused, what is built, and that no password is shown."""

from __future__ import annotations

import json

import pytest

from pipeline.clock import FakeClock
from pipeline.errors import SiteError
from pipeline.secrets import Secrets
from pipeline.sinks.build import build_outlets
from pipeline.site import parse_site

SITE = """
site: {name: Depot North, timezone: Europe/Brussels}
calendars: {working: {open: {mon-fri: ["06:00-22:00"]}}}
cameras:
  dock:
    source: rtsp://10.0.0.9/main
    zones: {bay: {polygon: [[0.1, 0.5], [0.6, 0.5], [0.6, 0.95], [0.1, 0.95]]}}
    rules: [{id: bay-loiter, kind: loitering, zone: bay, dwell_s: 120}]
"""
SINKS = """
sinks:
  room:
    kind: webhook
    url: "https://hooks.example.org/in/${HOOK_TOKEN}"
    secret: ${HOOK_SECRET}
    allow_private: 10.1.0.0/16
    only:
      - {min_severity: high, cameras: dock, zones: [bay], rules: bay-loiter, active: {calendar: working, when: closed}}
      - {system: true}
  bus: {kind: mqtt, host: broker.local, username: desk, password: "${MQTT_PASSWORD}", topic: nightjar/north}
  desk: {kind: email, host: mail.local, from: a@depot.test, to: guard@depot.test, username: u, password: "${MAIL}"}
heartbeat:
  push: {url: "https://monitor.example.org/${PING}", every_s: 30}
  mqtt: {sink: bus}
"""
SECRETS = Secrets(
    {"HOOK_TOKEN": "tok-S3cret", "HOOK_SECRET": "hmac-S3cret", "MQTT_PASSWORD": "mq-S3cret", "MAIL": "ma-S3cret"}
)


def test_all_three_are_built_with_their_routes():
    site = parse_site(SITE + SINKS, "site.yaml")
    room, bus, desk = build_outlets(site, SECRETS, clock=FakeClock())
    assert [(o.name, o.kind, o.target) for o in (room, bus, desk)] == [
        ("room", "webhook", "https://hooks.example.org/"),
        ("bus", "mqtt", "broker.local:8883 nightjar/north"),
        ("desk", "email", "guard@depot.test"),
    ]
    assert len(room.route.only) == 2
    assert "ended" in bus.route.told
    assert set(desk.route.told) == {"new", "escalated"}
    assert (desk.pace.burst, desk.pace.every_s) == (5, 60.0)


def test_no_password_is_shown_anywhere():
    site = parse_site(SITE + SINKS, "site.yaml")
    outlets = build_outlets(site, SECRETS, clock=FakeClock())
    shown = repr(site) + json.dumps([o.target for o in outlets])
    assert "S3cret" not in shown
    assert "HOOK_SECRET" not in repr(site.sinks["room"])
    assert {"hmac-S3cret", "tok-S3cret"} <= set(outlets[0].hidden)


def test_a_secret_without_a_value_is_named():
    site = parse_site(SITE + SINKS, "site.yaml")
    with pytest.raises(SiteError, match="HOOK_TOKEN"):
        build_outlets(site, Secrets({}), clock=FakeClock())


WRONG = [
    ("a password written down", "bus: {kind: mqtt, host: b, username: u, password: hunter2}", "${NAME}"),
    ("a secret written down", "h: {kind: webhook, url: 'https://h/', secret: hunter2}", "${NAME}"),
    ("no secret", "h: {kind: webhook, url: 'https://h/'}", "sinks.h.secret"),
    ("http", "h: {kind: webhook, url: 'http://h/hunter2', secret: '${S}'}", "https://host/path"),
    ("a user in the address", "h: {kind: webhook, url: 'https://u:hunter2@h/', secret: '${S}'}", "without a user"),
    ("no kind", "h: {url: 'https://h/'}", "kind"),
    ("another kind", "h: {kind: pigeon}", "webhook"),
    ("an unknown key", "h: {kind: mqtt, host: b, qos: 1}", "unknown key"),
    ("a password without TLS", "b: {kind: mqtt, host: b, tls: false, username: u, password: '${P}'}", "tls: true"),
    ("a password without a user", "b: {kind: mqtt, host: b, password: '${P}'}", "username"),
    ("a password in clear mail", "m: {kind: email, host: h, security: none, from: a@b, to: c@d, username: u, password: '${P}'}", "starttls"),
    ("a topic with a wildcard", "b: {kind: mqtt, host: b, topic: 'a/#'}", "without + and #"),
    ("a mailbox that is none", "m: {kind: email, host: h, from: nobody, to: c@d}", "desk@example.org"),
    ("two mailboxes in one", "m: {kind: email, host: h, from: a@b, to: 'c@d, e@f'}", "desk@example.org"),
    ("an unknown camera", "b: {kind: mqtt, host: b, only: [{cameras: duck}]}", "did you mean dock?"),
    ("an unknown zone", "b: {kind: mqtt, host: b, only: [{zones: [bay, bai]}]}", "did you mean bay?"),
    ("an unknown rule", "b: {kind: mqtt, host: b, only: [{rules: bay-loitr}]}", "did you mean bay-loiter?"),
    ("an unknown calendar", "b: {kind: mqtt, host: b, only: [{active: {calendar: workin, when: open}}]}", "did you mean working?"),
    ("a network that is none", "h: {kind: webhook, url: 'https://h/', secret: '${S}', allow_private: ten}", "10.1.0.0/16"),
    ("no attempts", "b: {kind: mqtt, host: b, attempts: 0}", "1 or more"),
    ("a port that is none", "b: {kind: mqtt, host: b, port: 70000}", "65535"),
    ("a change that is none", "b: {kind: mqtt, host: b, changes: [born]}", "new"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "text", "said"), WRONG, ids=[row[0] for row in WRONG])
def test_faults_name_the_line_and_what_is_allowed_and_no_password(word, text, said):
    with pytest.raises(SiteError) as caught:
        parse_site(f"{SITE}sinks:\n  {text}\n", "site.yaml")
    assert said in str(caught.value)
    assert "site.yaml:10: sinks." in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("heartbeat: {mqtt: {sink: bus}}", "unknown MQTT sink"),
        ("heartbeat: {push: {url: 'http://x/'}}", "https://host/path"),
        ("heartbeat: {push: {url: 'https://x/', every_s: 0}}", "1 or more"),
    ],
)
def test_faults_of_the_heartbeat(text, said):
    with pytest.raises(SiteError, match="heartbeat") as caught:
        parse_site(SITE + text, "site.yaml")
    assert said in str(caught.value)

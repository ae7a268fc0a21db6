"""The heartbeat of a site file, made of its models and secrets."""

from __future__ import annotations

import socket
from collections.abc import Callable

from pipeline.clock import Clock
from pipeline.health import Health
from pipeline.heartbeat.heart import Beat, Heart, Push, Word
from pipeline.secrets import Secrets
from pipeline.sinks.address import Lookup
from pipeline.sinks.desk import Sinks
from pipeline.sinks.https import Endpoint
from pipeline.site import Site
from pipeline.site.sinks import PushConfig, ca_path


def build_heart(
    site: Site, secrets: Secrets, *, sinks: Sinks, health: Callable[[], Health], clock: Clock,
    lookup: Lookup = socket.getaddrinfo,
) -> Heart:  # fmt: skip
    """A heart with the beats that the site file has, or none.

    Raises:
        SiteError: a `${NAME}` without a value.
        BadInput: an address or a file of certificates that cannot be used.
    """
    beats: dict[str, Beat] = {}
    push, word = build_push(site, secrets, lookup=lookup), site.heartbeat.mqtt
    if push is not None:
        beats["push"] = push
    if word is not None:
        broker = sinks.broker(word.sink)
        assert broker is not None, "the site file was checked"
        beats["mqtt"] = Word(say=broker.say, every_s=word.every_s, site=site.name)
    return Heart(beats, health, clock)


def build_push(site: Site, secrets: Secrets, *, lookup: Lookup = socket.getaddrinfo) -> Push | None:
    """The dead man's push, where the site has one. Raises as `build_heart`."""
    push = site.heartbeat.push
    if push is None:
        return None
    well = _endpoint(site, push, push.url, "heartbeat.push.url", secrets, lookup)
    ill = None
    if push.fail_url is not None:
        ill = _endpoint(site, push, push.fail_url, "heartbeat.push.fail_url", secrets, lookup)
    return Push(well=well, ill=ill, every_s=push.every_s, site=site.name)


def _endpoint(site: Site, push: PushConfig, url: str, where: str, secrets: Secrets, lookup: Lookup) -> Endpoint:
    return Endpoint(
        secrets.fill(url, where=where), where=where, allow=push.allow_private,
        ca_file=ca_path(push.ca_file, site.folder), timeout_s=push.timeout_s, lookup=lookup,
    )  # fmt: skip

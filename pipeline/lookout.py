"""Makes the service's sentry: which network each camera hangs on, and what was told before this start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.clock import Clock
from pipeline.errors import BadInput
from pipeline.secrets import load_secrets
from pipeline.sentry import CODE, OpenEpisode, Post, Sentry, network_of
from pipeline.site import Site
from pipeline.store.keeping import open_alerts
from pipeline.store.store import Store
from pipeline.types import CameraStatus


def build_sentry(site: Site, store: Store, status: Callable[[], Sequence[CameraStatus]], *, clock: Clock) -> Sentry:
    """A sentry over all cameras of a site, whose alerts go into the store."""
    with store.changing() as connection:
        before = [OpenEpisode(*row) for row in open_alerts(connection, CODE)]
    return Sentry(posts_of(site), status=status, tell=store.raise_system, clock=clock, before=before)


def posts_of(site: Site) -> dict[str, Post]:
    """What each camera hangs on, from its address with secrets filled in, and which zones it watches."""
    secrets = load_secrets(folder=site.folder)
    posts = {}
    for camera_id, camera in site.cameras.items():
        try:
            network = network_of(camera_id, site.source_of(camera_id, secrets))
        except BadInput:
            network = f"camera {camera_id}"  # its process says what is wrong with the address
        posts[camera_id] = Post(network=network, zones=list(camera.zones))
    return posts

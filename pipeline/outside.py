"""What a running site has to do with the world outside: sinks, inputs and a heartbeat, started and stopped as one."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pipeline.api.outbound import Outside
from pipeline.clock import Clock
from pipeline.feedback import Feedback
from pipeline.folders import DataFolder
from pipeline.health import HealthCheck, Workers
from pipeline.heartbeat.build import build_heart, build_push
from pipeline.inputs.desk import Inputs
from pipeline.secrets import RedactingFilter, Secrets, load_secrets
from pipeline.sinks.build import build_outlets
from pipeline.sinks.desk import Sinks
from pipeline.sinks.runner import Outlet
from pipeline.site import Site
from pipeline.store.store import Store


class World:
    """Made of a site and its running parts. `queue` tells of a broker's trouble between workers and store.

    Raises, when made:
        SiteError: a `${NAME}` of a sink or of the heartbeat has no value.
        BadInput: an address or a file of certificates that cannot be used.
    """

    def __init__(
        self, site: Site, store: Store, workers: Workers, *, data: DataFolder, clock: Clock,
        queue: Callable[[], str | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._site, self._clock = site, clock
        self.inputs = Inputs(store, site, path=data.inputs)
        secrets = load_secrets(folder=site.folder)
        outlets = self._outlets(site, secrets)
        self.sinks = Sinks(outlets, store, site=site.name, clock=clock)
        self.health = HealthCheck(
            store, workers, clock=clock, folder=data.root, queue=queue,
            failing_sinks=lambda: [one.name for one in self.sinks.status() if one.state == "failing"],
        )  # fmt: skip
        self._feedback = Feedback(store, site, path=data.verdicts)
        self._heart = build_heart(site, secrets, sinks=self.sinks, health=self.health, clock=clock)

    def outside(self) -> Outside:
        """What the API is handed."""
        return Outside(sinks=self.sinks, inputs=self.inputs, health=self.health)

    def start(self) -> None:
        self.sinks.start()
        self._heart.start()
        self._feedback.start()

    def stop(self) -> None:
        """First silence, then what the sinks have in hand."""
        self._heart.stop()
        self._feedback.stop()
        self.sinks.stop()

    def change_site(self, site: Site) -> None:
        """Go on with a changed site. Where its sinks or its heartbeat cannot be used, all of them stay as they were.

        Raises:
            BadInput: as when made.
        """
        self.inputs.change_site(site)
        parts = ("site", "calendars", "sinks", "heartbeat")
        if all(getattr(self._site, part) == getattr(site, part) for part in parts):
            return
        secrets = load_secrets(folder=site.folder)
        outlets = self._outlets(site, secrets)
        build_push(site, secrets)
        self._heart.stop()
        self.sinks.change(outlets, site=site.name)
        self._heart = build_heart(site, secrets, sinks=self.sinks, health=self.health, clock=self._clock)
        self._heart.start()
        self._site = site

    def _outlets(self, site: Site, secrets: Secrets) -> list[Outlet]:
        outlets = build_outlets(site, secrets, clock=self._clock, hours=self.inputs.hours)
        push = site.heartbeat.push
        hidden = {text for outlet in outlets for text in outlet.hidden}
        hidden |= set(secrets.of(push.secret_texts())) if push is not None else set()
        if hidden:
            for handler in logging.getLogger().handlers:
                handler.addFilter(RedactingFilter(sorted(hidden, key=len, reverse=True)))
        return outlets

"""What a running site has to do with the world outside: sinks, inputs and a heartbeat, started and stopped as one."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pipeline.api.outbound import Outside
from pipeline.clock import Clock
from pipeline.feedback import Feedback
from pipeline.folders import DataFolder
from pipeline.health import HealthCheck, Workers
from pipeline.heartbeat.build import build_heart
from pipeline.inputs.desk import Inputs
from pipeline.secrets import RedactingFilter, load_secrets
from pipeline.sinks.build import build_outlets
from pipeline.sinks.desk import Sinks
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
        secrets = load_secrets(folder=site.folder)
        self.inputs = Inputs(store, site, path=data.inputs)
        outlets = build_outlets(site, secrets, clock=clock, hours=self.inputs.hours)
        self.sinks = Sinks(outlets, store, site=site.name, clock=clock)
        self.health = HealthCheck(
            store, workers, clock=clock, folder=data.root, queue=queue,
            failing_sinks=lambda: [one.name for one in self.sinks.status() if one.state == "failing"],
        )  # fmt: skip
        self._feedback = Feedback(store, site, path=data.verdicts)
        self._heart = build_heart(site, secrets, sinks=self.sinks, health=self.health, clock=clock)
        push = site.heartbeat.push
        hidden = {text for outlet in outlets for text in outlet.hidden}
        hidden |= set(secrets.of(push.secret_texts())) if push is not None else set()
        if hidden:
            for handler in logging.getLogger().handlers:
                handler.addFilter(RedactingFilter(sorted(hidden, key=len, reverse=True)))

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

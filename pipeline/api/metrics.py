"""Figures for Prometheus, in a registry of the app's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from pipeline.api.control import Control
from pipeline.store.intake import Taken
from pipeline.store.store import Store
from pipeline.types import CameraStatus

DELAYS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 600)


class Metrics:
    """Counts what the store takes, and looks at cameras and store when asked."""

    def __init__(self, store: Store, control: Control, clients: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._alerts = Counter(
            "nightjar_alerts", "Alerts stored since the start", ["camera", "kind", "severity", "mode"],
            registry=self.registry,
        )  # fmt: skip
        self._refused = Counter(
            "nightjar_messages_refused", "Messages sent to the dead letters", ["reason"], registry=self.registry
        )
        self._repeats = Counter(
            "nightjar_messages_repeated", "Messages delivered again and taken once", registry=self.registry
        )
        self._delay = Histogram(
            "nightjar_delivery_seconds", "From raised by the worker to stored", buckets=DELAYS_S, registry=self.registry
        )
        self.registry.register(_Gauges(store, control, clients))
        store.on_taken(self.taken)

    def taken(self, taken: Taken) -> None:
        """Count one committed batch."""
        for camera, kind, severity, mode in taken.alerts:
            self._alerts.labels(camera, kind, severity, mode).inc()
        for delay_s in taken.delays_s:
            self._delay.observe(max(0.0, delay_s))
        self._repeats.inc(taken.repeats)
        self._refused.labels("stale").inc(len(taken.stale))
        self._refused.labels("poison").inc(taken.poison)

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)


class _Gauges:
    """Figures that are read when somebody looks."""

    def __init__(self, store: Store, control: Control, clients: Callable[[], int]) -> None:
        self._store = store
        self._control = control
        self._clients = clients

    def collect(self) -> Iterable[Metric]:
        yield _single("nightjar_feed_clients", "Open live feeds", self._clients())
        counts = self._store.counts()
        yield _single("nightjar_feed_seq", "Number of the newest change in the feed", counts["feed_seq"])
        yield _single("nightjar_dead_letters", "Messages kept as dead letters", counts["dead_letters"])
        open_alerts = GaugeMetricFamily("nightjar_alerts_now", "Alerts in the store", labels=["state"])
        for state in ("new", "acknowledged", "resolved", "shelved"):
            open_alerts.add_metric([state], counts.get(f"alerts_{state}", 0))
        yield open_alerts
        yield from self._cameras(self._control.status())

    def _cameras(self, statuses: list[CameraStatus]) -> Iterable[Metric]:
        for name, text, value in (
            ("nightjar_camera_up", "1 while frames come in", lambda s: s.state in ("running", "ended")),
            ("nightjar_camera_fps_in", "Frames decoded a second", lambda s: s.fps_in),
            ("nightjar_camera_fps_done", "Frames analysed a second", lambda s: s.fps_done),
            (
                "nightjar_camera_dropped_frames",
                "Frames not analysed because a newer one was there",
                lambda s: s.dropped,
            ),
            ("nightjar_camera_frame_age_seconds", "Age of the last analysed frame", lambda s: s.frame_age_s),
        ):
            family = GaugeMetricFamily(name, text, labels=["camera"])
            for status in statuses:
                found = value(status)
                if found is not None:
                    family.add_metric([status.camera_id], float(found))
            yield family
        yield from self._outboxes(statuses)

    def _outboxes(self, statuses: list[CameraStatus]) -> Iterable[Metric]:
        told = self._store.statuses()
        depth = GaugeMetricFamily("nightjar_outbox_messages", "Messages that wait in the outbox", labels=["camera"])
        lag = GaugeMetricFamily("nightjar_outbox_lag_seconds", "Age of the oldest waiting message", labels=["camera"])
        for status in statuses:
            numbers = self._control.numbers(status.camera_id)
            link = told.get(status.camera_id)
            depth.add_metric([status.camera_id], numbers.get("outbox_depth", link.outbox_depth if link else 0))
            lag.add_metric([status.camera_id], numbers.get("outbox_lag_s", link.outbox_lag_s if link else 0.0))
        yield depth
        yield lag


def _single(name: str, text: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family

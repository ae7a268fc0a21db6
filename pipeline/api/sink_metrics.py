"""Figures of the sinks for Prometheus, read when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

View = Callable[[], list[dict[str, Any]]]

_GAUGES: tuple[tuple[str, str, Callable[[dict[str, Any]], float]], ...] = (
    ("nightjar_sink_up", "1 while the sink works", lambda v: float(v["state"] == "working")),
    ("nightjar_sink_waiting", "Notices that wait for this sink", lambda v: float(v["waiting"])),
    ("nightjar_sink_behind", "Changes of the feed that this sink has not looked at", lambda v: float(v["behind"])),
    ("nightjar_sink_lag_seconds", "Age of the oldest notice that waits", lambda v: float(v["lag_s"])),
    ("nightjar_sink_dead_letters", "Notices that were given up", lambda v: float(v["dead"])),
)


class SinkMetrics:
    """A collector for a registry. `view` is `Sinks.view`."""

    def __init__(self, view: View) -> None:
        self._view = view

    def collect(self) -> Iterable[Metric]:
        views = self._view()
        for name, text, value in _GAUGES:
            family = GaugeMetricFamily(name, text, labels=["sink", "kind"])
            for view in views:
                family.add_metric([view["name"], view["kind"]], value(view))
            yield family
        delivered = CounterMetricFamily("nightjar_sink_delivered", "Notices delivered", labels=["sink", "kind"])
        for view in views:
            delivered.add_metric([view["name"], view["kind"]], float(view["delivered"]))
        yield delivered

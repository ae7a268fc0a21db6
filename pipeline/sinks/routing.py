"""Which notices go to which sink: by severity, camera, zone, rule, kind and the hours of a calendar."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.alerts.policy import LEVELS
from pipeline.sinks.notice import Notice
from pipeline.types import Severity
from rules.base import Active


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """One condition: all that it names must hold; what is empty or None asks for nothing."""

    min_severity: Severity = "low"
    cameras: Collection[str] = ()
    zones: Collection[str] = ()
    rules: Collection[str] = ()
    kinds: Collection[str] = ()
    system: bool | None = None
    active: Active | None = None

    def holds(self, notice: Notice) -> bool:
        alert = notice.alert
        named = (
            (self.cameras, alert["camera_id"]), (self.zones, alert.get("zone_id")), (self.rules, alert["rule_id"]),
            (self.kinds, alert["kind"]),
        )  # fmt: skip
        return (
            LEVELS.index(alert["severity"]) >= LEVELS.index(self.min_severity)
            and all(not wanted or value in wanted for wanted, value in named)
            and (self.system is None or bool(alert["system"]) is self.system)
            and (self.active is None or self.active.on(float(alert["utc"])))
        )


@dataclass(frozen=True, slots=True)
class Route:
    """What one sink is told: the changes in `told`, of alerts for which one of the conditions holds (none: of all)."""

    told: Collection[str]
    only: Sequence[Only] = ()

    def wants(self, notice: Notice) -> bool:
        return notice.told in self.told and (not self.only or any(one.holds(notice) for one in self.only))

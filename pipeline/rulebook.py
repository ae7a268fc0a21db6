"""Site models -> pure rules: the one place that knows both."""

from __future__ import annotations

from typing import Any

from pipeline.errors import SiteError
from pipeline.inputs.switches import SwitchedCalendar, Switches
from pipeline.site import Site
from pipeline.site.calendars import build_calendar
from pipeline.site.models import CameraConfig
from pipeline.site.rules import (
    AfterHours,
    LineCrossing,
    Loitering,
    Occupancy,
    RuleBase,
    RuleConfig,
    UnusualRoute,
)
from rules import after_hours, line_crossing, loitering, occupancy
from rules.base import Active, Rule
from rules.calendar import Calendar
from rules.engine import Engine
from rules.route import Corridor, unusual_route
from rules.routes import RouteModel, RouteParams


def build_engine(
    site: Site, camera_id: str, *, route_model: RouteModel | None = None, switches: Switches | None = None,
    exact_ids: bool = False,
) -> Engine:  # fmt: skip
    """One camera's rules in the order of the site file. `route_model` serves its learned routes; None: none learned.
    `switches` are the inputs that lie over its calendars. `exact_ids`: people annotated the tracks (`rules.engine`).

    Raises:
        SiteError: a rule whose settings do not go together.
    """
    camera = site.cameras[camera_id]
    names = {name for rule in camera.rules for name in rule.calendar_names()}
    book = _Book(site, camera_id, camera, {name: calendar_of(site, name) for name in sorted(names)}, route_model)
    book.switches = switches
    rules: list[Rule] = []
    for number, config in enumerate(camera.rules):
        try:
            rules.append(book.rule(config))
        except ValueError as error:
            raise SiteError(f"cameras.{camera_id}.rules[{number}] ({config.id}): {error}") from None
    return Engine(rules, exact_ids=exact_ids)


def calendar_of(site: Site, name: str) -> Calendar:
    """The pure calendar of that name. Raises KeyError where the site has none."""
    return build_calendar(name, site.calendars[name], site.timezone)


class _Book:
    """One camera's parts, for the rules that are built of them."""

    def __init__(
        self,
        site: Site,
        camera_id: str,
        camera: CameraConfig,
        calendars: dict[str, Calendar],
        route_model: RouteModel | None,
    ) -> None:
        self.site, self.camera_id, self.camera = site, camera_id, camera
        self.calendars, self.route_model = calendars, route_model
        self.switches: Switches | None = None

    def rule(self, config: RuleConfig) -> Rule:
        common = self._common(config)
        match config:
            case Loitering():
                return self._loitering(config, common)
            case AfterHours():
                return self._after_hours(config, common)
            case UnusualRoute():
                return self._route(config, common)
            case LineCrossing():
                return self._line_crossing(config, common)
            case Occupancy():
                return self._occupancy(config, common)

    def _calendar(self, name: str, config: RuleBase) -> Calendar | SwitchedCalendar:
        """A calendar as this rule sees it: an input may be meant for its zones only."""
        if self.switches is None:
            return self.calendars[name]
        zones = config.zone_names()
        return SwitchedCalendar(self.calendars[name], self.switches, camera_id=self.camera_id, zones=zones)

    def _common(self, config: RuleBase) -> dict[str, Any]:
        active = config.active
        return {
            "site": self.site.name,
            "camera_id": self.camera_id,
            "rule_id": config.id,
            "classes": config.class_ids,
            "active": None if active is None else Active(self._calendar(active.calendar, config), active.when),
        }

    def _loitering(self, config: Loitering, common: dict[str, Any]) -> Rule:
        return loitering.Loitering(
            **common,
            zone=self.camera.zone(config.zone),
            dwell_s=config.dwell_s,
            mode=config.mode,
            window_s=config.window_s,
            grace_s=config.grace_s,
            bridge_s=config.bridge_s,
            radius_bh=config.radius_bh,
            min_people=config.min_people,
            escalate_s=config.escalate_s,
            closed_dwell_s=config.closed_dwell_s,
            calendar=None if config.calendar is None else self._calendar(config.calendar, config),
        )

    def _after_hours(self, config: AfterHours, common: dict[str, Any]) -> Rule:
        calendar = None if config.calendar is None else self._calendar(config.calendar, config)
        return after_hours.AfterHours(
            **common,
            zone=None if config.zone is None else self.camera.zone(config.zone),
            calendar=calendar,
            always=config.always,
            min_presence_s=config.min_presence_s,
            straggler_grace_s=config.straggler_grace_s,
            visits=calendar,
        )

    def _line_crossing(self, config: LineCrossing, common: dict[str, Any]) -> Rule:
        return line_crossing.LineCrossing(**common, line=self.camera.line(config.line), direction=config.direction)

    def _occupancy(self, config: Occupancy, common: dict[str, Any]) -> Rule:
        return occupancy.Occupancy(
            **common, zone=self.camera.zone(config.zone), over=config.over, under=config.under, for_s=config.for_s
        )

    def _route(self, config: UnusualRoute, common: dict[str, Any]) -> Rule:
        """Where nothing has been learned, an empty model says how far it has come and raises nothing."""
        model: Any = None
        if config.learned:
            given = {} if config.min_tracks is None else {"min_tracks": config.min_tracks}
            model = self.route_model or RouteModel(RouteParams(min_days=config.min_days, **given))
        corridor = config.corridor
        return unusual_route(
            **common,
            model=model,
            false_alarms_per_week=config.false_alarms_per_week or 1.0,
            corridor=None if corridor is None else Corridor(corridor.points, corridor.width_bh),
            off_s=config.off_s,
            sequence=[self.camera.zone(name) for name in config.sequence or ()],
            within_s=config.within_s,
            forbidden=[(self.camera.zone(a), self.camera.zone(b)) for a, b in config.forbidden or ()],
        )

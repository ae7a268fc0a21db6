"""The rules of a site file, one model a kind, exactly as the table in the design has them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pipeline.site.classes import CLASS_NAMES, class_id
from pipeline.site.desk import Procedure
from pipeline.site.fields import Count, Flag, Id, NotNegative, Part, Polyline, Positive, Whole, nearest
from pipeline.types import Severity

MODES = ("continuous", "cumulative")


class Active(Part):
    """A rule that works only while a calendar is open, or only while it is closed."""

    calendar: str
    when: Literal["open", "closed"]


class RuleBase(Part):
    """What every rule has. `severity` is filled from kind and zone risk where the file does not say."""

    id: Id
    classes: tuple[str, ...] = Field(default=("person",), min_length=1)
    severity: Severity = "medium"
    active: Active | None = None
    trial: Flag = False
    cooldown_s: NotNegative = 60.0
    procedure: Procedure | None = None

    @field_validator("classes")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CLASS_NAMES:
                raise ValueError(f"class names such as person, car, truck, dog{nearest(name, CLASS_NAMES)}")
        if len(set(names)) != len(names):
            raise ValueError("each class once")
        return names

    @property
    def class_ids(self) -> tuple[int, ...]:
        return tuple(class_id(name) for name in self.classes)

    def zone_names(self) -> tuple[str, ...]:
        """Every zone that the rule names."""
        zone = getattr(self, "zone", None)
        return () if zone is None else (zone,)

    def calendar_names(self) -> tuple[str, ...]:
        """Every calendar that the rule asks."""
        own = getattr(self, "calendar", None)
        asked = () if own is None else (own,)
        return asked if self.active is None else (*asked, self.active.calendar)


class Loitering(RuleBase):
    kind: Literal["loitering"]
    zone: str
    dwell_s: Positive
    mode: Literal["continuous", "cumulative"] = "continuous"
    window_s: Positive | None = None
    grace_s: NotNegative = 2.0
    bridge_s: NotNegative = 10.0
    radius_bh: Positive | None = None
    min_people: Count = 1
    escalate_s: tuple[Positive, ...] = ()
    calendar: str | None = None
    closed_dwell_s: Positive | None = None

    @field_validator("window_s")
    @classmethod
    def _window(cls, window_s: float | None, info: ValidationInfo) -> float | None:
        if window_s is not None and info.data.get("mode") == "continuous":
            raise ValueError("window_s only with mode: cumulative")
        if window_s is not None and window_s <= info.data.get("dwell_s", 0.0):
            raise ValueError(f"longer than dwell_s ({info.data['dwell_s']:g})")
        return window_s

    @field_validator("escalate_s")
    @classmethod
    def _steps(cls, steps: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        dwell_s = info.data.get("dwell_s", 0.0)
        if any(later <= earlier for earlier, later in zip((dwell_s, *steps), steps, strict=False)):
            raise ValueError(f"total dwells in rising order, each longer than dwell_s ({dwell_s:g})")
        return steps

    @field_validator("closed_dwell_s")
    @classmethod
    def _with_calendar(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and "calendar" in info.data and info.data["calendar"] is None:
            raise ValueError("closed_dwell_s together with calendar")
        return value

    @model_validator(mode="after")
    def _together(self) -> Loitering:
        if self.mode == "cumulative" and self.window_s is None:
            raise ValueError("mode: cumulative together with window_s")
        if self.calendar is not None and self.closed_dwell_s is None:
            raise ValueError("calendar together with closed_dwell_s")
        return self


class AfterHours(RuleBase):
    kind: Literal["after_hours"]
    zone: str | None = None
    calendar: str | None = None
    always: Flag = False
    min_presence_s: NotNegative = 2.0
    straggler_grace_s: NotNegative = 0.0

    @model_validator(mode="after")
    def _one_of(self) -> AfterHours:
        if (self.calendar is None) == (not self.always):
            raise ValueError("one of calendar: NAME or always: true")
        if self.always and self.straggler_grace_s:
            raise ValueError("straggler_grace_s only with a calendar: a zone that is always forbidden never closes")
        return self


class Corridor(Part):
    """The way people are meant to walk: a polyline and how many body heights beside it still belong to it."""

    points: Polyline
    width_bh: Positive


class UnusualRoute(RuleBase):
    """Learned (`false_alarms_per_week`), or drawn: `corridor`, `sequence` or `forbidden`. One of them."""

    kind: Literal["unusual_route"]
    false_alarms_per_week: Positive | None = None
    min_tracks: Count | None = None
    min_days: NotNegative = 7.0
    corridor: Corridor | None = None
    off_s: Positive = 2.0
    sequence: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    within_s: Positive | None = None
    forbidden: Annotated[tuple[tuple[str, str], ...], Field(min_length=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _learned_in_trial(cls, data: Any) -> Any:
        """A learned route starts in trial; `trial: false` is an installer's acceptance."""
        if isinstance(data, dict) and data.get("false_alarms_per_week") is not None and "trial" not in data:
            return {**data, "trial": True}
        return data

    @field_validator("sequence")
    @classmethod
    def _different(cls, zones: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if zones is not None and len(set(zones)) != len(zones):
            raise ValueError("different zones, in the order in which they are passed")
        return zones

    @field_validator("forbidden")
    @classmethod
    def _from_one_to_another(cls, pairs: tuple[tuple[str, str], ...] | None) -> tuple[tuple[str, str], ...] | None:
        if pairs is not None and any(a == b for a, b in pairs):
            raise ValueError("pairs of two different zones, [from, to]")
        return pairs

    @model_validator(mode="after")
    def _one_way(self) -> UnusualRoute:
        given = [name for name in _ROUTE_WAYS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(_ROUTE_WAYS)}")
        for name in self.model_fields_set & set(_ROUTE_EXTRAS):
            if _ROUTE_EXTRAS[name] != given[0]:
                raise ValueError(f"{name} only with {_ROUTE_EXTRAS[name]}")
        return self

    @property
    def learned(self) -> bool:
        return self.false_alarms_per_week is not None

    def zone_names(self) -> tuple[str, ...]:
        return (*(self.sequence or ()), *(zone for pair in self.forbidden or () for zone in pair))


_ROUTE_WAYS = ("false_alarms_per_week", "corridor", "sequence", "forbidden")
_ROUTE_EXTRAS = {
    "min_tracks": "false_alarms_per_week",
    "min_days": "false_alarms_per_week",
    "off_s": "corridor",
    "within_s": "sequence",
}


class LineCrossing(RuleBase):
    kind: Literal["line_crossing"]
    line: str
    direction: Literal["left", "right", "both"] = "both"


class Occupancy(RuleBase):
    kind: Literal["occupancy"]
    zone: str
    over: Annotated[Whole, Field(ge=0)] | None = None
    under: Count | None = None
    for_s: NotNegative = 0.0

    @model_validator(mode="after")
    def _one_of(self) -> Occupancy:
        if (self.over is None) == (self.under is None):
            raise ValueError("exactly one of over, under")
        return self


RuleConfig = Annotated[Loitering | AfterHours | UnusualRoute | LineCrossing | Occupancy, Field(discriminator="kind")]

_BASE_SEVERITY: dict[str, int] = {
    "loitering": 1, "after_hours": 2, "unusual_route": 1, "line_crossing": 0, "occupancy": 0,
}  # fmt: skip
_RISK_STEP = {"low": -1, "medium": 0, "high": 1}
_LEVELS: tuple[Severity, ...] = ("low", "medium", "high")


def default_severity(kind: str, risk: str) -> Severity:
    """After-hours presence is high, loitering and routes medium, the rest low; a zone's risk moves it by one step."""
    return _LEVELS[min(2, max(0, _BASE_SEVERITY[kind] + _RISK_STEP[risk]))]

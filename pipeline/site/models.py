"""The whole site as frozen models. Cross references between parts are checked in `checks.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from pipeline.errors import SiteError
from pipeline.secrets import Secrets, redact
from pipeline.site.calendars import CalendarConfig
from pipeline.site.desk import DeskConfig, Procedure
from pipeline.site.fields import Id, Instant, Number, Part, Polygon, Polyline, Positive, ZoneName, to_utc
from pipeline.site.retention import RetentionConfig
from pipeline.site.rules import RuleConfig, default_severity
from pipeline.site.sinks import HeartbeatConfig, SinkConfig
from pipeline.site.source import absolute_source, source_kind
from rules.types import Line, Zone

Provider = Literal["cpu", "openvino", "cuda", "tensorrt"]
"""What may run a model, where it is installed."""


class SiteInfo(Part):
    name: str = Field(min_length=1, max_length=120)
    timezone: ZoneName


class ZoneConfig(Part):
    polygon: Polygon
    risk: Literal["low", "medium", "high"] = "medium"
    procedure: Procedure | None = None


class LineConfig(Part):
    points: Polyline


class DetectorConfig(Part):
    """`model`: a catalogued name, a path, `motion` or `auto`; `family` only for a model nobody knows.

    `regions` lets a model look where something moves or somebody is; only for cameras that stand still. `providers`
    are tried in order. `threads` are each camera's own: one, so that cameras do not fight for cores.
    """

    model: str = Field(default="auto", min_length=1)
    score: Number = Field(default=0.35, gt=0, le=1)
    family: str | None = None
    regions: bool = False
    providers: tuple[Provider, ...] = ("cpu",)
    threads: int = Field(default=1, ge=1, le=64)

    @field_validator("providers")
    @classmethod
    def _once(cls, providers: tuple[Provider, ...]) -> tuple[Provider, ...]:
        if not providers or len(set(providers)) < len(providers):
            raise ValueError("at least one provider, and each once")
        return providers


class AlertsConfig(Part):
    """Where alerts go: the operators' store beside the workers, or a Redis stream."""

    link: str = Field(default="embedded", repr=False)

    @field_validator("link")
    @classmethod
    def _link(cls, text: str) -> str:
        if text != "embedded" and not (text.startswith(("redis://", "rediss://")) and _host(text)):
            raise ValueError("embedded, or an address like redis://host:6379/0")
        return text


class CameraConfig(Part):
    """One camera. `source` may hold `${NAME}`; `start` is the wall time of a file's first frame; `moves` says that it
    sways, pans or is carried, which the tracker then looks for. `source` is analysed; clips are cut from
    `evidence_source`, the camera's main stream, where there is one. `hardware` is the device that decodes: `off`,
    `auto`, or one such as `cuda`, `vaapi`, `qsv`. `covered_s` is how long the picture may be covered or dark."""

    source: str = Field(repr=False)
    evidence_source: str | None = Field(default=None, repr=False)
    hardware: str = Field(default="off", pattern=r"^[a-z][a-z0-9]{1,15}$")
    start: Instant | None = None
    analyze_fps: Positive = Field(default=5.0, le=120)
    moves: bool = False
    zones: dict[Id, ZoneConfig] = Field(default_factory=dict)
    lines: dict[Id, LineConfig] = Field(default_factory=dict)
    masks: tuple[Polygon, ...] = ()
    ignore: tuple[Polygon, ...] = ()
    covered_s: Number = Field(default=20.0, ge=5, le=600)
    purpose: str | None = None
    rules: tuple[RuleConfig, ...] = ()

    @field_validator("source")
    @classmethod
    def _source(cls, text: str) -> str:
        source_kind(text)
        return text

    @field_validator("evidence_source")
    @classmethod
    def _live_only(cls, text: str | None) -> str | None:
        if text is not None and source_kind(text) not in ("address", "secret"):
            raise ValueError("an address such as rtsp://camera/main: a file or a device has one stream")
        return text

    @field_validator("start")
    @classmethod
    def _files_only(cls, start: Instant | None, info: ValidationInfo) -> Instant | None:
        source = info.data.get("source", "")
        if start is not None and (source.startswith("rtsp") or source_kind(source or "-") == "device"):
            raise ValueError("start only where the source is a file: a live camera has the clock's time")
        return start

    @field_validator("rules")
    @classmethod
    def _severities(cls, rules: tuple[RuleConfig, ...], info: ValidationInfo) -> tuple[RuleConfig, ...]:
        zones: dict[str, ZoneConfig] = info.data.get("zones", {})
        return tuple(rule if "severity" in rule.model_fields_set else _with_severity(rule, zones) for rule in rules)

    @property
    def shown_source(self) -> str:
        """The source without credentials, for people and logs."""
        return redact(self.source)

    def rule(self, rule_id: str) -> RuleConfig:
        """Raises KeyError where the camera has no such rule."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def zone(self, zone_id: str) -> Zone:
        config = self.zones[zone_id]
        return Zone(zone_id, config.polygon, config.risk)

    def line(self, line_id: str) -> Line:
        return Line(line_id, self.lines[line_id].points)


class Site(Part):
    """One site, as its file has it. `folder` is where the file lies: relative sources are seen from there."""

    site: SiteInfo
    calendars: dict[Id, CalendarConfig] = Field(default_factory=dict)
    detector: DetectorConfig = DetectorConfig()
    cameras: dict[Id, CameraConfig]
    alerts: AlertsConfig = AlertsConfig()
    desk: DeskConfig = DeskConfig()
    sinks: dict[Id, SinkConfig] = Field(default_factory=dict)
    heartbeat: HeartbeatConfig = HeartbeatConfig()
    retention: RetentionConfig = RetentionConfig()
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def name(self) -> str:
        return self.site.name

    @property
    def timezone(self) -> str:
        return self.site.timezone

    def placed(self, folder: Path) -> Site:
        """The same site, its file lying in `folder`."""
        placed = self.model_copy()
        placed._folder = folder
        return placed

    def source_of(self, camera_id: str, secrets: Secrets) -> str:
        """The address or path to open, secrets filled in. Keep it out of logs; `shown_source` is for those.

        Raises:
            SiteError: a `${NAME}` that neither the environment nor the secrets file has, or that gives no source.
        """
        where = f"cameras.{camera_id}.source"
        text = secrets.fill(self.cameras[camera_id].source, where=where)
        try:
            return absolute_source(text, self.folder)
        except ValueError as error:
            raise SiteError(f"{where}: {redact(text)}: allowed: {error}") from None

    def evidence_source_of(self, camera_id: str, secrets: Secrets) -> str | None:
        """The address that clips are cut from, secrets filled in, or None. Keep it out of logs.

        Raises:
            SiteError: a `${NAME}` without a value.
        """
        text = self.cameras[camera_id].evidence_source
        return None if text is None else secrets.fill(text, where=f"cameras.{camera_id}.evidence_source")

    def start_utc(self, camera_id: str) -> float | None:
        """Wall time of a file's first frame, seconds since the epoch; None where the file does not say."""
        start = self.cameras[camera_id].start
        return None if start is None else to_utc(start, self.timezone)


def _with_severity(rule: RuleConfig, zones: dict[str, ZoneConfig]) -> RuleConfig:
    risks = [zones[name].risk for name in rule.zone_names() if name in zones]
    risk = max(risks, key=["low", "medium", "high"].index, default="medium")
    return rule.model_copy(update={"severity": default_severity(rule.kind, risk)})


def _host(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False

"""From a rule's fact to the message to a person: severity, trial, and which incident it belongs to.

One incident per rule, zone and stay. A stay lasts while somebody's episode is open there, and for `cooldown_s` of
event time after the last of them; what begins in that time joins the incident and is never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from pipeline.alerts.message import digest, plain
from pipeline.types import Alert, Event, Severity

LEVELS: tuple[Severity, ...] = get_args(Severity)
INSTANT = frozenset({"line_crossing"})
"""Kinds whose events only start: nothing stays open, so only the cooldown folds them. An event that begins the
moment it is told (somebody passed from one zone to another) is one of those too."""
DEGRADED = "found by movement alone, which cannot tell people from things"
LONGEST_STAY_S = 12 * 3600.0
"""An episode that nothing was heard of for this long (its end was lost in a crash) keeps no incident open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePolicy:
    """What policy needs to know of one configured rule."""

    id: str
    kind: str
    severity: Severity = "medium"
    trial: bool = False
    cooldown_s: float = 0.0
    zone_id: str | None = None
    needs_people: bool = False
    """Where only movement is seen, what this rule says is marked as degraded."""


@dataclass(slots=True)
class _Episode:
    """One person's stay under one rule: how severe it has become, and what was last said of it and when."""

    incident_id: str
    severity: Severity
    threshold_s: float
    utc: float
    state: str
    said: str


@dataclass(slots=True)
class _Stay:
    """The latest incident of one rule and zone."""

    incident_id: str
    utc: float
    open: set[str] = field(default_factory=set)


class Policy:
    """One camera's policy. `detector_kind` is `model` or `motion`; with the latter an alert says movement."""

    def __init__(
        self,
        *,
        site_name: str,
        camera_id: str,
        rules: Sequence[RulePolicy],
        detector_name: str,
        detector_kind: str,
    ) -> None:
        self.site_name = site_name
        self.camera_id = camera_id
        self._rules = {rule.id: rule for rule in rules}
        self._detector = detector_name
        self._subject: Literal["person", "movement"] = "movement" if detector_kind == "motion" else "person"
        self._stays: dict[tuple[str, str | None], _Stay] = {}
        self._episodes: dict[str, _Episode] = {}

    def apply(self, event: Event) -> Alert | None:
        """The alert for an event; None only where the same event was applied before.

        An event of a rule that is not configured (any more) is passed on at medium severity rather than dropped.
        """
        rule = self._rules.get(event.rule_id) or RulePolicy(id=event.rule_id, kind=event.kind)
        known = self._episodes.get(event.key)
        if known is not None and _repeats(known, event):
            return None
        severity = _severity(rule, event, known)
        if rule.needs_people and self._subject == "movement":
            event = replace(event, why={**event.why, "degraded": DEGRADED})
        stay = self._stay(rule, event, known)
        if event.state == "end" or event.kind in INSTANT or event.since_utc >= event.utc:
            stay.open.discard(event.key)
        else:
            stay.open.add(event.key)
        stay.utc = max(stay.utc, event.utc)
        incident_id = known.incident_id if known is not None else stay.incident_id
        self._episodes[event.key] = _Episode(
            incident_id, severity, _threshold_s(event), event.utc, event.state, _said(event)
        )
        self._forget(event.utc)
        return Alert(
            alert_id=event.key, incident_id=incident_id, severity=severity, state="new", trial=rule.trial,
            detector=self._detector, event=event, subject=self._subject,
        )  # fmt: skip

    def _stay(self, rule: RulePolicy, event: Event, known: _Episode | None) -> _Stay:
        place = (event.rule_id, event.zone_id)
        stay = self._stays.get(place)
        if stay is not None and known is not None and known.incident_id == stay.incident_id:
            return stay
        if stay is None or not self._lasts(stay, rule, event):
            incident_id = known.incident_id if known is not None else digest("incident", event.key)
            stay = _Stay(incident_id, event.utc)
            self._stays[place] = stay
        return stay

    def _lasts(self, stay: _Stay, rule: RulePolicy, event: Event) -> bool:
        if any(abs(event.utc - self._episodes[key].utc) <= LONGEST_STAY_S for key in stay.open & self._episodes.keys()):
            return True
        return abs(event.utc - stay.utc) <= rule.cooldown_s if rule.cooldown_s > 0 else False

    def _forget(self, utc: float) -> None:
        """Ended episodes are kept for a while, so that a repeat after a restart is recognised."""
        old = [key for key, e in self._episodes.items() if abs(utc - e.utc) > LONGEST_STAY_S]
        for key in old:
            del self._episodes[key]

    def state(self) -> dict[str, Any]:
        """A JSON value from which `restore` continues exactly, also in another process."""
        return {
            "version": 1,
            "stays": [
                {"rule": rule, "zone": zone, "incident": s.incident_id, "utc": s.utc, "open": sorted(s.open)}
                for (rule, zone), s in self._stays.items()
            ],
            "episodes": {
                key: [e.incident_id, e.severity, e.threshold_s, e.utc, e.state, e.said]
                for key, e in self._episodes.items()
            },
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state()`.

        Raises:
            ValueError: not a state of this version.
        """
        if state.get("version") != 1:
            raise ValueError(f"policy state of version {state.get('version')!r}, not 1")
        self._stays = {(s["rule"], s["zone"]): _Stay(s["incident"], s["utc"], set(s["open"])) for s in state["stays"]}
        self._episodes = {key: _Episode(*fields) for key, fields in state["episodes"].items()}


def _severity(rule: RulePolicy, event: Event, known: _Episode | None) -> Severity:
    """The rule's severity, one level up for each escalation; it never falls within an episode.

    An escalation is an update whose `why` says its `escalation` (1 for the first) or a longer `threshold_s`.
    """
    base = rule.severity if known is None else known.severity
    if event.state != "update":
        return base
    level = event.why.get("escalation")
    if isinstance(level, int) and not isinstance(level, bool):
        return max(base, _up(rule.severity, level), key=LEVELS.index)
    longer = known is None or _threshold_s(event) > known.threshold_s > 0
    return _up(base, 1) if longer else base


def _up(severity: Severity, levels: int) -> Severity:
    return LEVELS[min(LEVELS.index(severity) + max(0, levels), len(LEVELS) - 1)]


def _threshold_s(event: Event) -> float:
    value = event.why.get("threshold_s")
    return float(value) if isinstance(value, int | float) else 0.0


def _said(event: Event) -> str:
    return digest(event.state, f"{event.utc:.3f}", repr(sorted(plain(event.why).items())))


def _repeats(known: _Episode, event: Event) -> bool:
    """True where this was applied before: a second start, or what is no later than the last that was said. Two
    escalations of one frame are two."""
    if event.state == "start" or _said(event) == known.said:
        return True
    order = ("start", "update", "end")
    return event.utc < known.utc or (event.utc == known.utc and order.index(event.state) < order.index(known.state))

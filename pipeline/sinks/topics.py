"""ONVIF's names for what happened (Analytics Service Specification, annex A; Core, 9.12 for devices).

There is no standard topic for presence out of hours or an unusual way: these are the base detector with our rule's
name, as ONVIF's rule engine has it. What has no counterpart at all bears a topic of our own namespace, `nj:`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

RULES: Mapping[str, str] = {
    "loitering": "tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering",
    "after_hours": "tns1:RuleEngine/FieldDetector/ObjectsInside",
    "unusual_route": "tns1:RuleEngine/FieldDetector/ObjectsInside",
    "line_crossing": "tns1:RuleEngine/LineDetector/Crossed",
    "occupancy": "tns1:RuleEngine/CountAggregation/OccupancyCounter",
}
SYSTEM: Mapping[str, str] = {
    "camera_down": "tns1:VideoSource/SignalLoss",
    "disk": "tns1:Device/HardwareFailure/StorageFailure",
    "store_damaged": "tns1:Device/HardwareFailure/StorageFailure",
    "outbox_damaged": "tns1:Device/HardwareFailure/StorageFailure",
}
CLASSES: Mapping[str, str] = {"person": "Human"}


def topic_of(kind: str, why: Mapping[str, Any]) -> str:
    """The topic of an alert of this kind; a system alert may name its own in `why`."""
    named = why.get("topic")
    if isinstance(named, str) and named.startswith("tns1:"):
        return named
    return RULES.get(kind) or SYSTEM.get(kind) or f"nj:System/{kind}"


def onvif(alert: Mapping[str, Any], *, ended: bool) -> dict[str, Any]:
    """Topic, UtcTime, Source and Data as in ONVIF's JSON events. Times are xs:dateTime, durations xs:duration."""
    why = alert.get("why") or {}
    kind = str(alert["kind"])
    source = {"VideoSource": alert["camera_id"], "Rule": alert["rule_id"]}
    if alert.get("zone_id"):
        source["Field"] = alert["zone_id"]
    return {
        "topic": topic_of(kind, why),
        "UtcTime": _time(float(alert["utc"])),
        "Source": source,
        "Data": _data(kind, alert, why, ended=ended),
    }


def _data(kind: str, alert: Mapping[str, Any], why: Mapping[str, Any], *, ended: bool) -> dict[str, Any]:
    ids = alert.get("track_ids") or []
    who: dict[str, Any] = {"ObjectId": ids[0]} if ids else {}
    if alert.get("subject") in CLASSES and not alert.get("system"):
        who["ClassTypes"] = CLASSES[alert["subject"]]
    if kind == "loitering":
        limit = {"TimeThreshold": f"PT{why['threshold_s']:g}S"} if _number(why.get("threshold_s")) else {}
        return {**who, "Since": _time(float(alert["since_utc"])), **limit}
    if kind == "line_crossing":
        return {**who, "Direction": why.get("direction")}
    if kind == "occupancy":
        return {"Count": why.get("people")}
    if kind in RULES:
        return {**who, "IsInside": not ended}
    return {"State": not ended}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time(utc: float) -> str:
    return datetime.fromtimestamp(utc, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

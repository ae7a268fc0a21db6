"""A shift in figures: how much came, how fast it was handled, what caused it, and for how long somebody was watching.

Load is that of the desk, never of a named person. EEMUA 191 takes about one alarm in ten minutes as what one operator
can handle for long, and ten in ten minutes as a flood.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from statistics import median
from typing import Any

import sqlalchemy as sa

from pipeline.store.desk_rules import DeskRules
from pipeline.store.schema import alerts, floods, handovers
from pipeline.store.views import alert_views

BIN_S = 600.0
BLIND = ("unguarded", "camera_down", "frozen", "dark", "bright", "covered", "defocused", "moved", "too_slow")
"""System alerts during which a camera's zones are not watched."""
WORST = 10
Span = tuple[float, float]


def hand_over(connection: sa.Connection, *, actor: str, note: str, utc: float) -> dict[str, Any]:
    """Keep a note for the next shift, with what is open now."""
    query = sa.select(alerts.c.alert_id).where(
        alerts.c.state.in_(("new", "acknowledged", "shelved")), alerts.c.trial.is_(False)
    )
    found = alert_views(connection, list(connection.scalars(query.order_by(alerts.c.utc))))
    names = (
        "alert_id", "incident_id", "camera_id", "zone_id", "rule_id", "kind", "severity", "state", "sentence", "utc",
        "claimed_by",
    )  # fmt: skip
    data = [{name: view[name] for name in names} for view in found]
    values = {"utc": utc, "actor": actor, "note": note, "data": json.dumps(data, separators=(",", ":"))}
    made = connection.execute(sa.insert(handovers).values(values)).inserted_primary_key
    assert made is not None
    return {"handover_id": made[0], "utc": utc, "actor": actor, "note": note, "open": data}


def list_handovers(connection: sa.Connection, *, limit: int) -> list[dict[str, Any]]:
    """The latest hand-overs first."""
    query = sa.select(handovers).order_by(handovers.c.handover_id.desc()).limit(limit)
    return [
        {"handover_id": row.handover_id, "utc": row.utc, "actor": row.actor, "note": row.note,
         "open": json.loads(row.data)}
        for row in connection.execute(query)
    ]  # fmt: skip


def figures(
    connection: sa.Connection,
    *,
    since_utc: float,
    until_utc: float,
    now_utc: float,
    rules: DeskRules,
    only: Collection[str] | None = None,
) -> dict[str, Any]:
    """All figures of [since, until), as JSON values; what has not happened yet is left out of shares of time. `only`
    limits them to these cameras."""
    end = max(since_utc, min(until_utc, now_utc))
    span = (alerts.c.stored_utc >= since_utc) & (alerts.c.stored_utc < until_utc) & alerts.c.trial.is_(False)
    if only is not None:
        span = span & alerts.c.camera_id.in_(only)
    rows = connection.execute(sa.select(alerts).where(span)).all()
    return {
        "since_utc": since_utc,
        "until_utc": until_utc,
        "alerts": len(rows),
        "by_severity": {level: sum(row.severity == level for row in rows) for level in ("high", "medium", "low")},
        "by_state": dict(Counter(row.state for row in rows)),
        "by_disposition": dict(Counter(row.disposition for row in rows if row.disposition)),
        "load": _load([row.stored_utc for row in rows], since_utc, end, rules),
        "flood_s": round(_overlap(_floods(connection, end), since_utc, end), 1),
        "response": _response(rows),
        "worst_rules": _worst(rows),
        "guarded": [one for one in _guarded(connection, since_utc, end) if only is None or one["camera_id"] in only],
    }


def _load(times: Sequence[float], since: float, end: float, rules: DeskRules) -> dict[str, Any]:
    bins = [0] * max(1, -int(-(end - since) // BIN_S))
    for utc in times:
        bins[min(len(bins) - 1, max(0, int((utc - since) // BIN_S)))] += 1
    mean = len(times) / max(1.0, (end - since) / BIN_S)
    word = "manageable" if mean <= 1 else "demanding" if mean <= 2 else "too much"
    return {
        "bin_s": BIN_S, "bins": bins, "per_10_min": round(mean, 2), "most_in_10_min": max(bins),
        "flooded_bins": sum(count >= rules.flood_from for count in bins), "judged": word,
    }  # fmt: skip


def _response(rows: Sequence[sa.Row[Any]]) -> dict[str, Any]:
    taken = sorted(row.acknowledged_utc - row.stored_utc for row in rows if row.acknowledged_utc is not None)
    done = sorted(row.resolved_utc - row.stored_utc for row in rows if row.resolved_utc is not None)
    return {
        "acknowledged": len(taken),
        "acknowledge_median_s": _rounded(median(taken) if taken else None),
        "acknowledge_p95_s": _rounded(_high(taken)),
        "resolved": len(done),
        "resolve_median_s": _rounded(median(done) if done else None),
        "resolve_p95_s": _rounded(_high(done)),
        "escalated": sum(row.escalated_utc is not None for row in rows),
        "shelved": sum(row.shelf_id is not None for row in rows),
    }


def _worst(rows: Sequence[sa.Row[Any]]) -> list[dict[str, Any]]:
    places: dict[tuple[str, str, str | None], list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        places[row.camera_id, row.rule_id, row.zone_id].append(row)
    ranked = sorted(places.items(), key=lambda item: -len(item[1]))[:WORST]
    return [
        {"camera_id": camera, "rule_id": rule, "zone_id": zone, "alerts": len(found),
         "real": sum(row.disposition == "real" for row in found),
         "nuisance": sum(row.disposition in ("nuisance", "no_person") for row in found)}
        for (camera, rule, zone), found in ranked
    ]  # fmt: skip


def _guarded(connection: sa.Connection, since: float, end: float) -> list[dict[str, Any]]:
    """Per camera that was ever blind in the span: for how long, and the share of time that it watched."""
    blind = (alerts.c.system.is_(True)) & alerts.c.kind.in_(BLIND) & (alerts.c.since_utc < end)
    ongoing = (alerts.c.ended_utc.is_(None)) | (alerts.c.ended_utc > since)
    spans: dict[str, list[Span]] = defaultdict(list)
    for row in connection.execute(sa.select(alerts).where(blind & ongoing)):
        spans[row.camera_id].append((row.since_utc, end if row.ended_utc is None else row.ended_utc))
    return [
        {"camera_id": camera, "blind_s": round(lost, 1), "share": round(1 - lost / (end - since), 4)}
        for camera, found in sorted(spans.items())
        if (lost := _overlap(found, since, end)) > 0 and end > since
    ]


def _floods(connection: sa.Connection, end: float) -> list[Span]:
    return [
        (row.from_utc, end if row.until_utc is None else row.until_utc) for row in connection.execute(sa.select(floods))
    ]


def _overlap(spans: Iterable[Span], since: float, end: float) -> float:
    """Seconds of [since, end] that the union of the spans covers."""
    total, reached = 0.0, since
    for begin, until in sorted(spans):
        begin, until = max(begin, reached), min(until, end)
        if until > begin:
            total += until - begin
            reached = until
    return total


def _high(values: Sequence[float]) -> float | None:
    """The 95th percentile, nearest rank."""
    return values[min(len(values) - 1, int(0.95 * len(values)))] if values else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

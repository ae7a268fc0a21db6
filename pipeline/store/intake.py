"""What happens to a message when the operators' store takes it. All of a batch is one transaction of the caller.

Each id is taken once. What cannot be read, or comes from an older start of a camera's worker, goes whole to the dead
letters and counts as taken, so that it holds up nothing. A message whose predecessor never arrived is left with its
sender, so that a camera's order holds also behind a link that lost something.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from pipeline.alerts.message import (
    AlertBody,
    BadMessage,
    Envelope,
    EvidenceBody,
    EvidenceItem,
    Message,
    Receipt,
    StatusBody,
    SystemBody,
    digest,
    parse_message,
    system_alert_id,
    system_message,
)
from pipeline.alerts.sentence import sentence
from pipeline.store import calls, flood, incidents, shelving
from pipeline.store.desk_rules import DeskRules
from pipeline.store.feed import publish
from pipeline.store.prepared import Prepared, insert_into, savepoint
from pipeline.store.schema import alerts, cameras, dead_letters, epochs, evidence, messages
from pipeline.types import Severity

SEEN = Prepared(sa.select(messages.c.kind).where(messages.c.message_id == sa.bindparam("message_id")))
MARK = insert_into(messages)
EPOCH = Prepared(sa.select(epochs.c.epoch).where(epochs.c.camera_id == sa.bindparam("camera_id")))
LATEST = Prepared(
    sa.select(alerts)
    .where(alerts.c.event_key == sa.bindparam("event_key"))
    .order_by(alerts.c.part.desc())
    .limit(sa.literal_column("1"))
)
ADD = insert_into(alerts)
NEW_ALERT = {
    "state": "new", "acknowledged_by": None, "acknowledged_utc": None, "resolved_by": None, "resolved_utc": None,
    "disposition": None, "note": None, "claimed_by": None, "claimed_utc": None, "claim_until_utc": None,
    "called": 0, "called_utc": None, "due_utc": None, "escalated_utc": None, "grouped": False, "shelf_id": None,
}  # fmt: skip
CHANGED = ("severity", "updated_utc", "ended_utc", "why", "sentence", "track_ids", "score")
SET = Prepared(sa.update(alerts).where(alerts.c.alert_id == sa.bindparam("of")), columns=CHANGED)

LEVELS: tuple[Severity, ...] = ("low", "medium", "high")
POISON = (BadMessage, ValueError, KeyError, TypeError, sa.exc.IntegrityError, sa.exc.DataError)
NO_CAMERA = "-"
"""The camera of system alerts that belong to none."""


@dataclass(slots=True)
class Taken:
    """What one batch did: ids that are safe now, and figures for the metrics."""

    rules: DeskRules = field(default_factory=DeskRules)
    committed: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    poison: int = 0
    repeats: int = 0
    missing: int = 0
    alerts: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(camera, kind, severity, "trial" or "live") of each new alert."""
    delays_s: list[float] = field(default_factory=list)
    statuses: dict[str, StatusBody] = field(default_factory=dict)

    def receipt(self) -> Receipt:
        return Receipt(frozenset(self.committed), frozenset(self.stale))


def take(connection: sa.Connection, batch: Sequence[Envelope], *, utc: float, rules: DeskRules) -> Taken:
    """Take a batch in its order. `rules` say what is shelved, folded and called out.

    Raises:
        sqlalchemy.exc.DBAPIError: the store's disk refuses; nothing of the batch was taken.
    """
    taken = Taken(rules=rules)
    for envelope in batch:
        if _seen(connection, envelope.message_id):
            taken.repeats += 1
            taken.committed.add(envelope.message_id)
        else:
            _one(connection, envelope, utc, taken)
    return taken


def _one(connection: sa.Connection, envelope: Envelope, utc: float, taken: Taken) -> None:
    try:
        message = parse_message(envelope.text)
        if message.message_id != envelope.message_id:
            raise BadMessage(f"message_id: {message.message_id!r} in an envelope of {envelope.message_id!r}")
        if _is_stale(connection, message, utc):
            _refuse(connection, message, envelope, utc, taken)
            return
        if envelope.after and not _seen(connection, envelope.after):
            taken.missing += 1
            return
        with savepoint(connection):
            _apply(connection, message, utc, taken)
        taken.committed.add(envelope.message_id)
    except POISON as error:
        bury_poison(connection, envelope, str(error), utc, taken)


def _refuse(connection: sa.Connection, message: Message, envelope: Envelope, utc: float, taken: Taken) -> None:
    """Keep what a leftover copy of a worker sent, but not as taken: its successor may well send the same id."""
    _bury(connection, envelope, kind="stale", reason=f"epoch {message.epoch} is over", utc=utc)
    taken.stale.add(envelope.message_id)
    taken.committed.add(envelope.message_id)


def _apply(connection: sa.Connection, message: Message, utc: float, taken: Taken) -> None:
    body = message.body
    if isinstance(body, StatusBody):
        taken.statuses[message.camera_id] = body
        return
    if isinstance(body, AlertBody):
        _alert(connection, message, _from_rule(message, body), body.evidence, utc, taken)
    elif isinstance(body, SystemBody):
        _alert(connection, message, _from_system(message, body), [], utc, taken)
    else:
        _evidence(connection, message, body, utc)
    _mark(connection, message, kind=body.kind, utc=utc)


def _is_stale(connection: sa.Connection, message: Message, utc: float) -> bool:
    current = EPOCH.value(connection, camera_id=message.camera_id)
    if current is not None and message.epoch < current:
        connection.execute(
            sa.update(epochs).where(epochs.c.camera_id == message.camera_id).values(stale=epochs.c.stale + 1)
        )
        return True
    if current is None or message.epoch > current:
        remember_epoch(connection, message.camera_id, message.epoch, utc)
    return False


def remember_epoch(connection: sa.Connection, camera_id: str, epoch: int, utc: float) -> None:
    """From now on, messages of older epochs of this camera are refused."""
    row = insert(epochs).values(camera_id=camera_id, epoch=epoch, granted_utc=utc)
    connection.execute(row.on_conflict_do_update(["camera_id"], set_={"epoch": epoch, "granted_utc": utc}))


# -- alerts -------------------------------------------------------------------------------------------------------


def _from_rule(message: Message, body: AlertBody) -> dict[str, Any]:
    return {
        "event_key": body.alert_id, "origin_id": body.incident_id, "change": body.change,
        "camera_id": message.camera_id, "rule_id": body.rule_id, "rule_version": body.rule_version,
        "kind": body.rule_kind, "zone_id": body.zone_id, "severity": body.severity, "system": False,
        "trial": body.trial, "detector": body.detector, "subject": body.subject, "run_id": body.run_id,
        "track_ids": json.dumps(body.track_ids), "since_utc": body.since_utc, "utc": body.utc, "pts": body.pts,
        "score": body.score, "why": body.why,
    }  # fmt: skip


def _from_system(message: Message, body: SystemBody) -> dict[str, Any]:
    key = system_alert_id(message.camera_id, body)
    return {
        "event_key": key, "origin_id": digest("incident", key), "change": body.change, "camera_id": message.camera_id,
        "rule_id": "system", "rule_version": "1", "kind": body.code, "zone_id": body.zone_id,
        "severity": body.severity, "system": True, "trial": False, "detector": "", "subject": "person", "run_id": 0,
        "track_ids": "[]", "since_utc": body.since_utc, "utc": body.utc, "pts": 0.0, "score": 1.0, "why": body.why,
    }  # fmt: skip


def _alert(
    connection: sa.Connection,
    message: Message,
    told: dict[str, Any],
    items: Sequence[EvidenceItem],
    utc: float,
    taken: Taken,
) -> None:
    change = told.pop("change")
    row = _latest_part(connection, told["event_key"])
    raises = row is not None and LEVELS.index(told["severity"]) > LEVELS.index(row.severity)
    if row is None or (row.state == "resolved" and change == "update" and raises):
        _new(connection, message, told, row, utc, taken, ended=change == "end")
        row = _latest_part(connection, told["event_key"])
        assert row is not None
        _attach(connection, row.alert_id, items, utc)
        publish(connection, row.alert_id, change="new", utc=utc, announce="new" if row.called else None)
        return
    _attach(connection, row.alert_id, items, utc)
    if change != "start":
        _change(connection, row, told, change, utc)
        worse = raises or (change == "update" and _people(told["why"]) > _people(json.loads(row.why)))
        _tell(connection, row, told, change=change, worse=worse and not told["trial"], utc=utc, rules=taken.rules)


def _tell(
    connection: sa.Connection, row: sa.Row[Any], told: dict[str, Any], *, change: str, worse: bool, utc: float,
    rules: DeskRules,
) -> None:  # fmt: skip
    """Show a change. What has become worse calls again, and is new again unless somebody works on it; what is shelved
    stays so up to the severity that the shelf is for."""
    shelved = row.state == "shelved" and shelving.holds(connection, told, utc=utc) is not None
    if not worse or shelved or row.state == "resolved":
        publish(connection, row.alert_id, change=change, utc=utc)
    elif row.claimed_by is not None:
        publish(connection, row.alert_id, change=change, utc=utc, announce="raised")
    else:
        calls.call_anew(connection, row, change=change, utc=utc, rules=rules, announce="raised")


def _people(why: Mapping[str, Any]) -> int:
    """How many people a reason speaks of; 0 where it does not say."""
    people = why.get("people")
    return people if isinstance(people, int) and not isinstance(people, bool) else 0


def _new(
    connection: sa.Connection,
    message: Message,
    told: dict[str, Any],
    before: sa.Row[Any] | None,
    utc: float,
    taken: Taken,
    *,
    ended: bool,
) -> None:
    origin_id = told.pop("origin_id")
    part = 0 if before is None else before.part + 1
    alert_id = told["event_key"] if part == 0 else digest("part", told["event_key"], str(part))
    incident_id = incidents.join(connection, origin_id, told, utc=utc)
    words = sentence(
        kind=told["kind"], subject=told["subject"], zone_id=told["zone_id"], camera_id=told["camera_id"],
        why=told["why"],
    )  # fmt: skip
    values = NEW_ALERT | told | _standing(connection, told, utc, taken.rules) | {
        "alert_id": alert_id, "part": part, "incident_id": incident_id, "updated_utc": utc,
        "ended_utc": told["utc"] if ended else None, "why": json.dumps(told["why"]), "sentence": words,
        "raised_utc": message.raised_utc, "stored_utc": utc, "epoch": message.epoch, "seq": message.seq,
    }  # fmt: skip
    ADD.run(connection, **values)
    incidents.refresh(connection, incident_id, utc=utc)
    taken.alerts.append((told["camera_id"], told["kind"], told["severity"], "trial" if told["trial"] else "live"))
    taken.delays_s.append(utc - message.raised_utc)


def _standing(connection: sa.Connection, told: dict[str, Any], utc: float, rules: DeskRules) -> dict[str, Any]:
    """How a new alert comes onto the desk: called out, counted in a row that stands already, or on a shelf."""
    if told["trial"]:
        return {}
    shelf_id = shelving.holds(connection, told, utc=utc)
    if shelf_id is not None:
        return {"state": "shelved", "shelf_id": shelf_id}
    grouped = flood.grouped(connection, told, utc=utc, rules=rules)
    called = 0 if grouped else 1
    return {"grouped": grouped, "called": called, "called_utc": utc, "due_utc": utc + rules.again_s}


def _change(connection: sa.Connection, row: sa.Row[Any], told: dict[str, Any], change: str, utc: float) -> None:
    severity = max(told["severity"], row.severity, key=LEVELS.index)
    words = sentence(kind=row.kind, subject=row.subject, zone_id=row.zone_id, camera_id=row.camera_id, why=told["why"])
    values = {
        "severity": severity, "updated_utc": utc, "ended_utc": told["utc"] if change == "end" else None,
        "why": json.dumps(told["why"]), "sentence": words, "track_ids": told["track_ids"], "score": told["score"],
    }  # fmt: skip
    SET.run(connection, of=row.alert_id, **values)
    incidents.refresh(connection, row.incident_id, utc=utc)


def _latest_part(connection: sa.Connection, event_key: str) -> sa.Row[Any] | None:
    return LATEST.row(connection, event_key=event_key)


# -- evidence -----------------------------------------------------------------------------------------------------


def _evidence(connection: sa.Connection, message: Message, body: EvidenceBody, utc: float) -> None:
    _attach(connection, body.alert_id, [body.item], utc)
    row = connection.execute(sa.select(alerts).where(alerts.c.alert_id == body.alert_id)).first()
    if row is not None:
        publish(connection, body.alert_id, change="evidence", utc=utc)


def _attach(connection: sa.Connection, alert_id: str, items: Sequence[EvidenceItem], utc: float) -> None:
    """Evidence may come before its alert does, and again with other bytes: the latest digest counts."""
    for item in items:
        row = insert(evidence).values(
            evidence_id=secrets.token_urlsafe(18), alert_id=alert_id, stored_utc=utc, **item.model_dump()
        )
        changed = {"sha256": item.sha256, "media_type": item.media_type, "stored_utc": utc, "start_utc": item.start_utc}
        connection.execute(row.on_conflict_do_update(["alert_id", "kind", "path"], set_=changed))


# -- what was taken and what could not be -------------------------------------------------------------------------


def _seen(connection: sa.Connection, message_id: str) -> bool:
    return SEEN.row(connection, message_id=message_id) is not None


def _mark(connection: sa.Connection, message: Message, *, kind: str, utc: float) -> None:
    MARK.run(
        connection, message_id=message.message_id, camera_id=message.camera_id, epoch=message.epoch, seq=message.seq,
        kind=kind, raised_utc=message.raised_utc, stored_utc=utc,
    )  # fmt: skip


def _bury(connection: sa.Connection, envelope: Envelope, *, kind: str, reason: str, utc: float) -> None:
    connection.execute(
        sa.insert(dead_letters).values(
            message_id=envelope.message_id, utc=utc, kind=kind, reason=reason[:500], text=envelope.text
        )
    )


def bury_poison(connection: sa.Connection, envelope: Envelope, reason: str, utc: float, taken: Taken) -> None:
    """Keep it whole, say so in a system alert, and let the rest go on."""
    taken.poison += 1
    taken.committed.add(envelope.message_id)
    _bury(connection, envelope, kind="poison", reason=reason, utc=utc)
    MARK.run(
        connection, message_id=envelope.message_id, camera_id=NO_CAMERA, epoch=0, seq=0, kind="poison",
        raised_utc=utc, stored_utc=utc,
    )  # fmt: skip
    why = {"message_id": envelope.message_id[:80], "reason": reason[:300]}
    note = system_message(
        camera_id=NO_CAMERA, code="dead_letter", change="start", since_utc=utc, utc=utc, raised_utc=utc, why=why
    )
    if not _seen(connection, note.message_id):
        _apply(connection, note, utc, taken)


def remember_status(connection: sa.Connection, camera_id: str, status: StatusBody, *, utc: float) -> None:
    """Keep a camera's latest status, so that it is known after a restart of the API."""
    text = status.model_dump_json()
    row = insert(cameras).values(camera_id=camera_id, status=text, updated_utc=utc)
    connection.execute(row.on_conflict_do_update(["camera_id"], set_={"status": text, "updated_utc": utc}))

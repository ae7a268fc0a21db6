"""The tables of the operators' store. Every change here comes with a migration beside it.

Times are seconds since the epoch, UTC. JSON columns hold text. A row of `feed` is one visible change and is never
altered: clients resume by its number.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()


def _name(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, primary_key=primary_key)


def _utc(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float, nullable=nullable)


messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", sa.Text, primary_key=True),
    _name("camera_id"),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    _name("kind"),
    _utc("raised_utc"),
    _utc("stored_utc"),
)
"""Every message taken, so that it is taken once; `kind` also says `poison` or `stale`."""

epochs = sa.Table(
    "epochs",
    metadata,
    sa.Column("camera_id", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    _utc("granted_utc"),
    sa.Column("stale", sa.Integer, nullable=False, server_default="0"),
)
"""The latest start of each camera's worker; messages of an older one are refused and counted."""

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("incident_id", sa.Text, primary_key=True),
    _name("origin_id"),
    sa.Column("part", sa.Integer, nullable=False),
    _name("camera_id"),
    _name("rule_id"),
    _name("zone_id", nullable=True),
    _name("kind"),
    _name("severity"),
    _name("state"),
    sa.Column("trial", sa.Boolean, nullable=False),
    _utc("since_utc"),
    _utc("utc"),
    _utc("updated_utc"),
    sa.Column("alert_count", sa.Integer, nullable=False),
    sa.UniqueConstraint("origin_id", "part"),
    sa.Index("incidents_order", "since_utc", "incident_id"),
)
"""Alerts of one stay. `origin_id` is what the worker named it; part 1 and on follow a resolved part of that name."""

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("alert_id", sa.Text, primary_key=True),
    _name("event_key"),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("incident_id", sa.Text, sa.ForeignKey("incidents.incident_id"), nullable=False),
    _name("camera_id"),
    _name("rule_id"),
    _name("rule_version"),
    _name("kind"),
    _name("zone_id", nullable=True),
    _name("severity"),
    _name("state"),
    sa.Column("system", sa.Boolean, nullable=False),
    sa.Column("trial", sa.Boolean, nullable=False),
    _name("detector"),
    _name("subject"),
    sa.Column("run_id", sa.Integer, nullable=False),
    _name("track_ids"),
    _utc("since_utc"),
    _utc("utc"),
    _utc("updated_utc"),
    _utc("ended_utc", nullable=True),
    sa.Column("pts", sa.Float, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    _name("why"),
    _name("sentence"),
    _utc("raised_utc"),
    _utc("stored_utc"),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    _name("acknowledged_by", nullable=True),
    _utc("acknowledged_utc", nullable=True),
    _name("resolved_by", nullable=True),
    _utc("resolved_utc", nullable=True),
    _name("disposition", nullable=True),
    _name("note", nullable=True),
    _name("claimed_by", nullable=True),
    _utc("claimed_utc", nullable=True),
    _utc("claim_until_utc", nullable=True),
    sa.Column("called", sa.Integer, nullable=False, server_default="0"),
    _utc("called_utc", nullable=True),
    _utc("due_utc", nullable=True),
    _utc("escalated_utc", nullable=True),
    sa.Column("grouped", sa.Boolean, nullable=False, server_default="0"),
    sa.Column("shelf_id", sa.Integer, nullable=True),
    sa.UniqueConstraint("event_key", "part"),
    sa.Index("alerts_order", "utc", "alert_id"),
    sa.Index("alerts_stored", "stored_utc"),
    sa.Index("alerts_due", "due_utc"),
    sa.Index("alerts_place", "camera_id", "rule_id", "zone_id", "state"),
    sa.Index("alerts_incident", "incident_id"),
    sa.Index("alerts_open", "state", "trial"),
)
"""Messages to a person. `event_key` is the id that the worker gave; later parts are escalations after a resolution."""

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("evidence_id", sa.Text, primary_key=True),
    _name("alert_id"),
    _name("kind"),
    _name("path"),
    _name("sha256"),
    _name("media_type"),
    _utc("stored_utc"),
    _utc("start_utc", nullable=True),
    sa.UniqueConstraint("alert_id", "kind", "path"),
)
"""Files in the evidence folder. `evidence_id` is random: it says nothing about the path."""

feed = sa.Table(
    "feed",
    metadata,
    sa.Column("feed_seq", sa.Integer, primary_key=True, autoincrement=True),
    _utc("utc"),
    _name("change"),
    _name("alert_id"),
    _name("camera_id"),
    sa.Column("trial", sa.Boolean, nullable=False),
    sa.Column("announce", sa.Boolean, nullable=False),
    _name("data"),
    sqlite_autoincrement=True,
)
"""One row a visible change, with the alert as it was then. Numbers only rise and are never given twice."""

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _name("message_id"),
    _utc("utc"),
    _name("kind"),
    _name("reason"),
    _name("text"),
)
"""What could not be taken, whole, so that nothing is thrown away: `poison` or `stale`."""

cameras = sa.Table(
    "cameras",
    metadata,
    sa.Column("camera_id", sa.Text, primary_key=True),
    _name("status"),
    _utc("updated_utc"),
)
"""The latest status that came over the link, as JSON; written when the state changes."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _utc("utc"),
    _name("actor"),
    _name("action"),
    _name("target"),
    _name("detail"),
    _name("hash"),
)
"""Who did what. Each row's hash covers the row before it, so that a changed row shows."""

sinks = sa.Table(
    "sinks",
    metadata,
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("cursor", sa.Integer, nullable=False),
    _utc("failing_utc", nullable=True),
)
"""How far each sink has come in the feed: everything up to `cursor` is settled. `failing_utc`: since when it fails."""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("feed_seq", sa.Integer, primary_key=True, autoincrement=False),
    _name("notice_id"),
    _name("alert_id"),
    _name("told"),
    _name("state"),
    sa.Column("attempts", sa.Integer, nullable=False),
    _utc("first_utc"),
    _utc("utc"),
    _name("remark"),
    sa.Index("deliveries_alert", "alert_id"),
    sa.Index("deliveries_state", "sink", "state"),
)
"""To whom a change of an alert was sent, and whether it arrived: waiting, delivered or dead."""

inputs = sa.Table(
    "inputs",
    metadata,
    sa.Column("input_id", sa.Text, primary_key=True),
    _name("kind"),
    _name("effect"),
    _name("calendar", nullable=True),
    _name("camera_id", nullable=True),
    _name("zone_id", nullable=True),
    _utc("from_utc"),
    _utc("until_utc"),
    _name("who"),
    _name("note"),
    _name("actor"),
    _utc("utc"),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Index("inputs_until", "until_utc"),
)
"""What other systems told: a panel set or unset, a badge, late working. `effect` is arm, disarm or annotate; the later
`number` wins. Ending one early moves its `until_utc`."""

shelves = sa.Table(
    "shelves",
    metadata,
    sa.Column("shelf_id", sa.Integer, primary_key=True, autoincrement=True),
    _name("camera_id"),
    _name("rule_id"),
    _name("zone_id", nullable=True),
    _name("severity"),
    _name("reason"),
    _name("actor"),
    _utc("from_utc"),
    _utc("until_utc"),
    _utc("ended_utc", nullable=True),
    _name("ended_by", nullable=True),
    sqlite_autoincrement=True,
)
"""A rule in a zone kept off the desk for a while; `severity` is the highest that stays there."""

floods = sa.Table(
    "floods",
    metadata,
    sa.Column("flood_id", sa.Integer, primary_key=True, autoincrement=True),
    _utc("from_utc"),
    _utc("until_utc", nullable=True),
)
"""When alerts came too fast for one desk; `until_utc` is null while it lasts."""

ticks = sa.Table(
    "ticks",
    metadata,
    sa.Column("incident_id", sa.Text, primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    _name("actor"),
    _utc("utc"),
)
"""Steps of the site's protocol that were done in an incident."""

confirmations = sa.Table(
    "confirmations",
    metadata,
    sa.Column("incident_id", sa.Text, primary_key=True),
    sa.Column("actor", sa.Text, primary_key=True),
    _utc("utc"),
)
"""Who else looked at an incident and agreed."""

handovers = sa.Table(
    "handovers",
    metadata,
    sa.Column("handover_id", sa.Integer, primary_key=True, autoincrement=True),
    _utc("utc"),
    _name("actor"),
    _name("note"),
    _name("data"),
)
"""One shift to the next: what was open then, as JSON, and a note."""

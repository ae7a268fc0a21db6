"""The first schema: messages, alerts, incidents, feed, evidence, epochs, dead letters, cameras, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _real(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=null)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    _delivery()
    _alerts()
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        _real("utc"), _text("actor"), _text("action"), _text("target"), _text("detail"), _text("hash"),
    )  # fmt: skip


def _delivery() -> None:
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), primary_key=True),
        _text("camera_id"), _whole("epoch"), _whole("seq"), _text("kind"), _real("raised_utc"), _real("stored_utc"),
    )  # fmt: skip
    op.create_table(
        "epochs",
        sa.Column("camera_id", sa.Text(), primary_key=True),
        _whole("epoch"),
        _real("granted_utc"),
        sa.Column("stale", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        _text("message_id"), _real("utc"), _text("kind"), _text("reason"), _text("text"),
    )  # fmt: skip
    op.create_table(
        "cameras", sa.Column("camera_id", sa.Text(), primary_key=True), _text("status"), _real("updated_utc")
    )
    op.create_table(
        "feed",
        sa.Column("feed_seq", sa.Integer(), primary_key=True, autoincrement=True),
        _real("utc"), _text("change"), _text("alert_id"), _text("camera_id"), _flag("trial"), _flag("announce"),
        _text("data"),
        sqlite_autoincrement=True,
    )  # fmt: skip


def _alerts() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.Text(), primary_key=True),
        _text("origin_id"), _whole("part"), _text("camera_id"), _text("rule_id"), _text("zone_id", null=True),
        _text("kind"), _text("severity"), _text("state"), _flag("trial"), _real("since_utc"), _real("utc"),
        _real("updated_utc"), _whole("alert_count"),
        sa.UniqueConstraint("origin_id", "part"),
    )  # fmt: skip
    op.create_index("incidents_order", "incidents", ["since_utc", "incident_id"])
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text(), primary_key=True),
        _text("event_key"), _whole("part"),
        sa.Column("incident_id", sa.Text(), sa.ForeignKey("incidents.incident_id"), nullable=False),
        _text("camera_id"), _text("rule_id"), _text("rule_version"), _text("kind"), _text("zone_id", null=True),
        _text("severity"), _text("state"), _flag("system"), _flag("trial"), _text("detector"), _text("subject"),
        _whole("run_id"), _text("track_ids"), _real("since_utc"), _real("utc"), _real("updated_utc"),
        _real("ended_utc", null=True), _real("pts"), _real("score"), _text("why"), _text("sentence"),
        _real("raised_utc"), _real("stored_utc"), _whole("epoch"), _whole("seq"),
        _text("acknowledged_by", null=True), _real("acknowledged_utc", null=True),
        _text("resolved_by", null=True), _real("resolved_utc", null=True),
        _text("disposition", null=True), _text("note", null=True),
        sa.UniqueConstraint("event_key", "part"),
    )  # fmt: skip
    op.create_index("alerts_order", "alerts", ["utc", "alert_id"])
    op.create_index("alerts_incident", "alerts", ["incident_id"])
    op.create_index("alerts_open", "alerts", ["state", "trial"])
    op.create_table(
        "evidence",
        sa.Column("evidence_id", sa.Text(), primary_key=True),
        _text("alert_id"), _text("kind"), _text("path"), _text("sha256"), _text("media_type"), _real("stored_utc"),
        sa.UniqueConstraint("alert_id", "kind", "path"),
    )  # fmt: skip


def downgrade() -> None:
    raise NotImplementedError("there is no way back to before the first schema; restore a backup")

"""Sinks with their cursors and deliveries, and what other systems tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _real(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "sinks",
        sa.Column("sink", sa.Text(), primary_key=True),
        sa.Column("cursor", sa.Integer(), nullable=False),
        _real("failing_utc", null=True),
    )
    op.create_table(
        "deliveries",
        sa.Column("sink", sa.Text(), primary_key=True),
        sa.Column("feed_seq", sa.Integer(), primary_key=True, autoincrement=False),
        _text("notice_id"), _text("alert_id"), _text("told"), _text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _real("first_utc"), _real("utc"), _text("remark"),
    )  # fmt: skip
    op.create_index("deliveries_alert", "deliveries", ["alert_id"])
    op.create_index("deliveries_state", "deliveries", ["sink", "state"])
    op.create_table(
        "inputs",
        sa.Column("input_id", sa.Text(), primary_key=True),
        _text("kind"), _text("effect"), _text("calendar", null=True), _text("camera_id", null=True),
        _text("zone_id", null=True), _real("from_utc"), _real("until_utc"), _text("who"), _text("note"),
        _text("actor"), _real("utc"),
        sa.Column("number", sa.Integer(), nullable=False, unique=True),
    )  # fmt: skip
    op.create_index("inputs_until", "inputs", ["until_utc"])


def downgrade() -> None:
    op.drop_table("inputs")
    op.drop_table("deliveries")
    op.drop_table("sinks")

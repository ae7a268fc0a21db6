"""The control room: claims, repeated calls, shelves, floods, protocols and hand-overs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=True)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=True)


def _real(name: str, *, null: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=null)


def upgrade() -> None:
    for column in (
        _text("claimed_by", null=True), _real("claimed_utc", null=True), _real("claim_until_utc", null=True),
        sa.Column("called", sa.Integer(), nullable=False, server_default="0"), _real("called_utc", null=True),
        _real("due_utc", null=True), _real("escalated_utc", null=True),
        sa.Column("grouped", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("shelf_id", sa.Integer(), nullable=True),
    ):  # fmt: skip
        op.add_column("alerts", column)
    op.create_index("alerts_stored", "alerts", ["stored_utc"])
    op.create_index("alerts_due", "alerts", ["due_utc"])
    op.create_index("alerts_place", "alerts", ["camera_id", "rule_id", "zone_id", "state"])
    op.create_table(
        "shelves",
        _number("shelf_id"), _text("camera_id"), _text("rule_id"), _text("zone_id", null=True), _text("severity"),
        _text("reason"), _text("actor"), _real("from_utc"), _real("until_utc"), _real("ended_utc", null=True),
        _text("ended_by", null=True),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table("floods", _number("flood_id"), _real("from_utc"), _real("until_utc", null=True))
    op.create_table("ticks", _key("incident_id"), _key("step"), _text("actor"), _real("utc"))
    op.create_table("confirmations", _key("incident_id"), _key("actor"), _real("utc"))
    op.create_table("handovers", _number("handover_id"), _real("utc"), _text("actor"), _text("note"), _text("data"))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")

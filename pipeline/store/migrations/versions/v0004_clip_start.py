"""When a clip's first picture was taken, so that tracks can be drawn over it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("start_utc", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("evidence", "start_utc")

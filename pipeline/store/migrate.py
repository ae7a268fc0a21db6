"""Brings a store's file to this program's schema when it is opened. The steps lie in `migrations/versions/`."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from pipeline.errors import StoreError

FOLDER = Path(__file__).resolve().parent / "migrations"


def revision(connection: sa.Connection) -> str | None:
    """The schema a file has, or None for a new one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The schema that this program writes."""
    head = ScriptDirectory(str(FOLDER)).get_current_head()
    assert head is not None
    return head


def upgrade(connection: sa.Connection, *, path: Path) -> None:
    """Run the missing steps in the caller's transaction: all of them, or none.

    Raises:
        StoreError: a newer program wrote this file.
    """
    known = {step.revision for step in ScriptDirectory(str(FOLDER)).walk_revisions()}
    found = revision(connection)
    if found is not None and found not in known:
        raise StoreError(f"{path} has schema {found}, which this program does not know; use the newer program")
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""Statements compiled once. Building one with SQLAlchemy costs 0.3 to 1 ms each time, and a message takes a dozen."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

DIALECT = sqlite.dialect(paramstyle="named")


class Prepared:
    """A statement with its parameters named, as `bindparam` or as an insert's columns named them.

    Rows come as SQLite gives them: booleans are 0 and 1.
    """

    def __init__(self, statement: sa.ClauseElement, *, columns: tuple[str, ...] | None = None) -> None:
        compiled = statement.compile(dialect=DIALECT, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        self._fixed = {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required and bind.value is not None
        }

    def run(self, connection: sa.Connection, **values: Any) -> sa.CursorResult[Any]:
        """Run it."""
        return connection.exec_driver_sql(self._sql, self._fixed | values)

    def row(self, connection: sa.Connection, **values: Any) -> sa.Row[Any] | None:
        """The first row, or None."""
        return self.run(connection, **values).first()

    def value(self, connection: sa.Connection, **values: Any) -> Any:
        """The first row's first value, or None."""
        row = self.row(connection, **values)
        return None if row is None else row[0]


def insert_into(table: sa.Table) -> Prepared:
    """Insert one row, all columns but a number that SQLite gives itself."""
    names = tuple(c.name for c in table.columns if not (c.primary_key and isinstance(c.type, sa.Integer)))
    return Prepared(sa.insert(table), columns=names)

"""Statements run by the driver behave as SQLAlchemy's own do: named rows, its errors, one transaction."""

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from pipeline.store.prepared import Prepared, insert_into, savepoint

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
)
ADD = insert_into(things)
ONE = Prepared(sa.select(things).where(things.c.name == sa.bindparam("name")))
ALL = Prepared(sa.select(things.c.name).order_by(things.c.name))


@pytest.fixture
def connection():
    engine = sa.create_engine("sqlite+pysqlite://", poolclass=StaticPool, connect_args={"isolation_level": None})
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        things.create(connection)
        connection.commit()
        yield connection
    engine.dispose()


def names(connection):
    return [row.name for row in ALL.run(connection)]


def half(connection):
    """Two rows, of which the second is refused where `a` is there."""
    with savepoint(connection):
        ADD.run(connection, name="b", size=2)
        ADD.run(connection, name="a", size=2)


def test_rows_have_names_and_none_is_none(connection):
    with connection.begin():
        ADD.run(connection, name="a", size=3)
        row = ONE.row(connection, name="a")
        assert row is not None
        assert (row.name, row[1], dict(row._mapping)) == ("a", 3, {"name": "a", "size": 3})
        assert ONE.value(connection, name="a") == "a"
        assert ONE.row(connection, name="b") is None
        assert ONE.value(connection, name="b") is None


def test_what_is_refused_raises_sqlalchemys_own_error(connection):
    with connection.begin():
        ADD.run(connection, name="a", size=3)
        with pytest.raises(sa.exc.IntegrityError, match="UNIQUE"):
            ADD.run(connection, name="a", size=4)
        with pytest.raises(sa.exc.IntegrityError, match="NOT NULL"):
            ADD.run(connection, name="b", size=None)
        assert names(connection) == ["a"]


def test_a_savepoint_undoes_what_was_done_inside_and_nothing_else(connection):
    with connection.begin():
        ADD.run(connection, name="a", size=1)
        with pytest.raises(sa.exc.IntegrityError):
            half(connection)
        with savepoint(connection):
            ADD.run(connection, name="c", size=3)
    assert names(connection) == ["a", "c"]


def test_a_transaction_taken_back_takes_its_savepoints_along(connection):
    with connection.begin() as transaction:
        with savepoint(connection):
            ADD.run(connection, name="a", size=1)
        transaction.rollback()
    assert names(connection) == []

"""Every view of evidence and of a live picture is on record: one row a look, not one a request."""

from __future__ import annotations

import pytest

from pipeline.access.roles import ROLES, Principal
from pipeline.api.views import SAME_LOOK_S, Views
from pipeline.clock import FakeClock
from pipeline.errors import StoreError
from pipeline.store import audit
from pipeline.store.store import Store

ANNA = Principal(name="anna", kind="session", role="viewer", permissions=ROLES["viewer"], session="s1")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(tmp_path, clock):
    store = Store(tmp_path / "store.sqlite", clock=clock)
    yield store
    store.close()


def rows(store):
    with store.changing() as connection:
        found = audit.read(connection, audit.Wanted(), limit=100)
    return [(row["actor"], row["action"], row["target"], row["detail"].get("session")) for row in reversed(found)]


def test_a_look_is_one_row_however_often_the_picture_is_fetched(store, clock):
    views = Views(store)
    for _ in range(100):
        views.saw(ANNA, "camera/dock")
        clock.advance(2.0)
    assert rows(store) == [("anna", "viewed", "camera/dock", "s1")]
    clock.advance(SAME_LOOK_S)
    views.saw(ANNA, "camera/dock")
    assert len(rows(store)) == 2


def test_another_thing_another_person_another_session(store):
    views = Views(store)
    bert = Principal(name="bert", kind="session", session="s2")
    again = Principal(name="anna", kind="session", session="s3")
    for who, what in ((ANNA, "camera/dock"), (ANNA, "evidence/e1"), (bert, "camera/dock"), (again, "camera/dock")):
        views.saw(who, what)
    assert [row[3] for row in rows(store)] == ["s1", "s1", "s2", "s3"]


def test_no_picture_without_its_row(store, monkeypatch):
    """A disk that refuses the row refuses the picture; the next try writes it."""
    views = Views(store)
    monkeypatch.setattr(audit, "record", _refuse)
    with pytest.raises(StoreError):
        views.saw(ANNA, "camera/dock")
    monkeypatch.undo()
    views.saw(ANNA, "camera/dock")
    assert len(rows(store)) == 1


def _refuse(*_, **__):
    raise StoreError("disk full")

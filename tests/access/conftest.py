"""A data folder with accounts, a clock that is told, and hashes cheap enough for a table of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.access import accounts
from pipeline.access.access import Access
from pipeline.access.passwords import Hasher
from pipeline.clock import FakeClock

PASSWORD = "quiet-harbour-lamp-7"
QUICK = Hasher(memory_kib=64, passes=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def access(tmp_path: Path, clock: FakeClock) -> Iterator[Access]:
    access = Access(tmp_path, clock=clock, hasher=QUICK)
    yield access
    access.close()


@pytest.fixture
def make(access):
    """`make("anna", "operator", ["dock"])` adds an account with the test password."""

    def _make(name, role="operator", cameras=None, password=PASSWORD):
        hashed = access.hasher.hash(password)
        accounts.add(access.book, name=name, role=role, cameras=cameras, password_hash=hashed, actor="test")
        access.forget()
        return name

    return _make


@pytest.fixture
def sign_in(access):
    def _sign_in(name, *, password=PASSWORD, code="", address="10.0.0.5"):
        return access.sign_in(name=name, password=password, code=code, address=address)

    return _sign_in

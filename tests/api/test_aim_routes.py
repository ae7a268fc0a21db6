"""A moved camera's view is accepted by somebody, which is on record."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.store.schema import audit


@pytest.mark.parametrize(
    ("word", "camera", "status"), [("runs", "dock", 202), ("does not run", "gate", 409), ("unknown", "roof", 404)]
)
def test_accepting_a_view(api: Any, word: str, camera: str, status: int) -> None:
    def accept(camera_id: str) -> bool:
        return {"dock": True, "gate": False}[camera_id]

    api.control.accept_view = accept
    answer = api.client.post(f"/api/v1/cameras/{camera}/accept-view")
    assert answer.status_code == status, word
    with api.store.changing() as connection:
        rows = connection.execute(sa.select(audit).where(audit.c.action == "accept_view")).all()
    assert [row.target for row in rows] == (["camera/dock"] if status == 202 else [])

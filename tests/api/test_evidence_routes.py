"""Evidence by opaque id: the right file, its parts, and never one from outside the folder."""

from __future__ import annotations

import hashlib

import pytest

from pipeline.alerts.message import evidence_message
from pipeline.types import Evidence

CLIP = bytes(range(256)) * 40


@pytest.fixture
def keep(api, message):
    """Store an alert with a file at `path`; its evidence id."""

    def _keep(path, *, data=CLIP, write=True):
        if write:
            target = api.folder / "evidence" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        item = Evidence(kind="clip", path=path, sha256=hashlib.sha256(data).hexdigest(), media_type="video/mp4")
        api.store.ingest(
            [message("a"), evidence_message(alert_id="a", camera_id="dock", evidence=item, raised_utc=1.0)]
        )
        return api.client.get("/api/v1/alerts/a").json()["evidence"][0]["evidence_id"]

    return _keep


def test_whole_file(api, keep):
    evidence_id = keep("dock/a.mp4")
    answer = api.client.get(f"/api/v1/evidence/{evidence_id}")
    assert answer.content == CLIP
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "a.mp4" not in str(answer.headers)
    assert "dock" not in evidence_id


@pytest.mark.parametrize(
    ("word", "wanted", "status", "part"),
    [
        ("the middle", "bytes=100-199", 206, CLIP[100:200]),
        ("the end", "bytes=-10", 206, CLIP[-10:]),
        ("from there on", "bytes=10000-", 206, CLIP[10000:]),
        ("beyond it", "bytes=999999-", 416, None),
    ],
)
def test_parts(api, keep, word, wanted, status, part):
    answer = api.client.get(f"/api/v1/evidence/{keep('dock/a.mp4')}", headers={"Range": wanted})
    assert answer.status_code == status
    if part is not None:
        assert answer.content == part


@pytest.mark.parametrize("path", ["../store.sqlite", "/etc/passwd", "dock/../../store.sqlite", ".", "dock"])
def test_a_path_that_leads_out_gives_nothing(api, keep, path):
    (api.folder / "evidence" / "dock").mkdir()
    assert api.client.get(f"/api/v1/evidence/{keep(path, write=False)}").status_code == 404


def test_links_lead_nowhere(api, keep):
    (api.folder / "secret").write_bytes(b"secret")
    (api.folder / "evidence" / "a.mp4").symlink_to(api.folder / "secret")
    (api.folder / "evidence" / "there").symlink_to(api.folder)
    assert api.client.get(f"/api/v1/evidence/{keep('a.mp4', write=False)}").status_code == 404
    for path in ("there/secret",):
        assert api.client.get(f"/api/v1/evidence/{keep(path, write=False)}").status_code == 404


def test_a_file_that_is_gone(api, keep):
    evidence_id = keep("dock/a.mp4")
    (api.folder / "evidence" / "dock" / "a.mp4").unlink()
    answer = api.client.get(f"/api/v1/evidence/{evidence_id}")
    assert answer.status_code == 404
    assert str(api.folder) not in answer.text


@pytest.mark.parametrize("evidence_id", ["none", "..", "%2e%2e%2fstore.sqlite", "a" * 500])
def test_unknown_ids(api, evidence_id):
    assert api.client.get(f"/api/v1/evidence/{evidence_id}").status_code == 404

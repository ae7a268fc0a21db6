"""Walk tests over the API: begun, followed as events, ended, on record, and nobody sees cameras of others in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.editing.walks import Walks
from pipeline.site import parse_site
from pipeline.types import Person, Sight
from tests.access.test_live import Site, wait

ZONE = "zones: {bay: {polygon: [[0.2, 0.4], [0.8, 0.4], [0.8, 0.9]]}}"
SITE = parse_site(
    f"site: {{name: T, timezone: UTC}}\ncameras:\n  dock: {{source: x.mp4, {ZONE}}}\n  gate: {{source: y.mp4, {ZONE}}}",
    "site.yaml",
)


class Setup:
    """The service's part of walks, over a site of two cameras."""

    def __init__(self, folder: Path, clock) -> None:
        self.told: dict[str, list[Sight]] = {"dock": [], "gate": []}
        self.kept = Walks(folder / "walks", sights=self.told.__getitem__, clock=clock)
        self.walk, self.walks, self.walk_changes = self.kept.get, self.kept.listed, self.kept.changes
        self.end_walk = self.kept.end

    def document(self):
        return {"cameras": {"dock": {}, "gate": {}}}

    def begin_walk(self, cameras, *, minutes, actor):
        return self.kept.begin(SITE, version=1, cameras=cameras, minutes=minutes, actor=actor).value()

    def stand(self, camera: str) -> None:
        person = Person(track_id=1, foot=(0.6, 0.5), height_px=90.0)
        self.told[camera].append(Sight(camera_id=camera, seq=1, utc=5.0, width=640, height=360, people=(person,)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    for name, role, cameras in (
        ("anna", "admin", None), ("ivan", "installer", None), ("iris", "installer", ["dock"]),
        ("otto", "auditor", None), ("vera", "viewer", None), ("gina", "installer", ["roof"]),
    ):  # fmt: skip
        site.add(name, role, cameras)
    site.app.state.setup = site.setup = Setup(tmp_path, site.store.clock)  # type: ignore[attr-defined]
    yield site
    site.setup.kept.stop()  # type: ignore[attr-defined]
    site.stop()


def heard(client, walk_id: str, last: str) -> list[tuple[str, dict]]:
    """Events of a walk up to the first called `last`."""
    events: list[tuple[str, dict]] = []
    with client.stream("GET", f"/api/v1/setup/walks/{walk_id}/live", timeout=60) as answer:
        assert answer.status_code == 200
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                events.append((name, json.loads(line[6:])))
                if name == last:
                    return events
    raise AssertionError(f"no {last}: {events}")


def test_an_installer_walks(site):
    ivan = site.browser("ivan")
    walk = ivan.post("/api/v1/setup/walks", json={"minutes": 5}).json()
    assert [one["camera_id"] for one in walk["cameras"]] == ["dock", "gate"]
    site.setup.stand("gate")
    told = heard(ivan, walk["walk_id"], "reached")
    assert [name for name, _ in told if name != "beat"] == ["walk", "sight", "reached"]
    assert told[-1][1]["camera_id"] == "gate"
    assert told[-1][1]["height_px"] == 90.0
    again = heard(ivan, walk["walk_id"], "reached")  # a phone that was away is told all that it missed
    assert again[-1][1] == told[-1][1]
    ended = ivan.post(f"/api/v1/setup/walks/{walk['walk_id']}/end", json={"note": "gate first"}).json()
    assert (ended["ended_by"], ended["note"]) == ("ivan", "gate first")
    assert heard(ivan, walk["walk_id"], "end")[-1][1]["walk_id"] == walk["walk_id"]
    sheet = ivan.get(f"/api/v1/setup/walks/{walk['walk_id']}/sheet.pdf")
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF-")
    actions = [row[1] for row in site.audited() if row[0] == "ivan"]
    assert [one for one in actions if one.startswith(("walk", "export"))] == [
        "walk test begun", "walk test ended", "export",
    ]  # fmt: skip


def test_who_may(site):
    ivan = site.browser("ivan")
    walk_id = ivan.post("/api/v1/setup/walks", json={}).json()["walk_id"]
    assert site.browser("otto").get(f"/api/v1/setup/walks/{walk_id}").status_code == 200
    for name in ("otto", "vera"):
        other = site.browser(name)
        assert other.post("/api/v1/setup/walks", json={}).status_code == 403
        assert other.post(f"/api/v1/setup/walks/{walk_id}/end", json={}).status_code == 403
        assert other.get(f"/api/v1/setup/walks/{walk_id}/live").status_code == 403


def test_other_cameras_are_not_in_it(site):
    ivan, iris, gina = (site.browser(name) for name in ("ivan", "iris", "gina"))
    walk_id = ivan.post("/api/v1/setup/walks", json={}).json()["walk_id"]
    site.setup.stand("gate")
    wait(lambda: any(one["reached_utc"] for one in ivan.get(f"/api/v1/setup/walks/{walk_id}").json()["targets"]))
    site.setup.stand("dock")
    assert "gate" not in json.dumps(heard(iris, walk_id, "reached"))
    assert "gate" not in iris.get(f"/api/v1/setup/walks/{walk_id}").text
    assert "gate" not in iris.get("/api/v1/setup/walks").text
    for path in ("", "/sheet.pdf", "/live"):
        assert gina.get(f"/api/v1/setup/walks/{walk_id}{path}").status_code == 404
    assert gina.get("/api/v1/setup/walks").json() == {"items": []}
    assert gina.post(f"/api/v1/setup/walks/{walk_id}/end", json={}).status_code == 404
    assert iris.post("/api/v1/setup/walks", json={"cameras": ["gate"]}).status_code == 404
    mine = iris.post("/api/v1/setup/walks", json={}).json()
    assert [one["camera_id"] for one in mine["cameras"]] == ["dock"]


def test_what_is_refused(site):
    ivan = site.browser("ivan")
    for body in ({"minutes": 0}, {"minutes": 1e6}, {"what": 1}, {"cameras": [""]}):
        assert ivan.post("/api/v1/setup/walks", json=body).status_code == 422, body
    assert ivan.get("/api/v1/setup/walks/none").status_code == 404
    twice = ivan.post("/api/v1/setup/walks", json={"cameras": ["dock", "dock"]}).json()
    assert len(twice["cameras"]) == len(twice["targets"]) == 1


def test_a_revoked_session_hears_no_more(site):
    ivan = site.browser("ivan")
    walk_id = ivan.post("/api/v1/setup/walks", json={}).json()["walk_id"]
    with ivan.stream("GET", f"/api/v1/setup/walks/{walk_id}/live", timeout=60) as answer:
        lines = answer.iter_lines()
        next(lines)
        site.browser("anna").post("/api/v1/accounts/ivan/sign-out", json=None)
        assert not any("event: end" in line for line in lines)  # the stream ends, the walk goes on
    assert site.setup.walk(walk_id)["ended_utc"] is None

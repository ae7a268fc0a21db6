"""A running site is changed over its API, as an installer's page does it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.folders import DataFolder, shipped
from pipeline.service import Service

SITE = """\
site: {name: Depot, timezone: UTC}
detector: {model: motion}
calendars:
  working: {open: {mon-fri: ["06:00-22:00"]}}
cameras:
  corridor:
    source: CLIPS/corridor_day.mp4   # by the racks
    start: 2026-11-18T10:00:00Z
    zones: {racks: {polygon: [[0.5, 0.5], [0.5, 0.9], [0.9, 0.9], [0.9, 0.5]]}}
    rules: [{id: linger, kind: loitering, zone: racks, dwell_s: 26}]
  fence:
    source: CLIPS/fence_rain.mp4
    start: 2026-11-18T10:00:00Z
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    path = tmp_path / "site.yaml"
    path.write_text(SITE.replace("CLIPS", str(shipped("sample_videos"))))
    with Service(
        site_text=path.read_text(), site_path=str(path), data=DataFolder(tmp_path / "data"), clock=SystemClock(),
        port=8420, any_port=True, pace=True,
    ) as service:  # fmt: skip
        yield service


def asked(
    service: Service, path: str, *, method: str = "GET", body: Any = None, seen: str | None = None
) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", "Origin": service.url, "X-Nightjar-CSRF": "1"}
    if seen is not None:
        headers["If-Match"] = f'"{seen}"'
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.url + "/api/v1/setup" + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def until(what: Callable[[], bool], *, why: str) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)


def states(service: Service) -> dict[str, str]:
    return {status.camera_id: status.state for status in service.workers.status()}


def test_an_installer_changes_a_camera_and_nobody_else_notices(service: Service, tmp_path: Path) -> None:
    until(lambda: states(service) == {"corridor": "running", "fence": "running"}, why="they did not start")
    before = {name: service.workers.pid(name) for name in ("corridor", "fence")}
    _, document = asked(service, "/document")
    camera, digest = document["cameras"]["corridor"], document["digest"]
    camera["zones"]["door"] = {"polygon": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]]}
    camera["rules"][0]["dwell_s"] = 40

    assert asked(service, "/cameras/corridor", method="PUT", body={"values": camera})[0] == 428
    bad = {**camera, "rules": [{"id": "x", "kind": "loitering", "zone": "nowhere", "dwell_s": 1}]}
    status, problem = asked(service, "/cameras/corridor", method="PUT", body={"values": bad}, seen=digest)
    assert status == 422
    assert "nowhere" in problem["detail"]

    body = {"values": camera, "note": "as agreed"}
    status, saved = asked(service, "/cameras/corridor", method="PUT", body=body, seen=digest)
    assert (status, saved["altered"], saved["number"]) == (200, ["corridor"], 2)
    assert "dwell_s: 40" in (tmp_path / "site.yaml").read_text()
    assert "# by the racks" in (tmp_path / "site.yaml").read_text()
    until(
        lambda: (
            service.workers.pid("corridor") not in (None, before["corridor"])
            and states(service)["corridor"] == "running"
        ),
        why="the changed camera did not come back",
    )
    assert service.workers.pid("fence") == before["fence"]
    assert "door" in service.site.cameras["corridor"].zones

    assert asked(service, "/cameras/corridor", method="PUT", body=body, seen=digest)[0] == 409
    _, lines = asked(service, "/versions/2/difference")
    assert any("dwell_s: 40" in line for line in lines["lines"])
    status, back = asked(service, "/versions/1/restore", method="POST", seen=saved["digest"])
    assert (status, back["number"], back["note"]) == (200, 3, "back to version 1")
    assert "dwell_s: 26" in (tmp_path / "site.yaml").read_text()

    status, gone = asked(service, "/cameras/fence", method="DELETE", seen=back["digest"])
    assert (status, gone["removed"]) == (200, ["fence"])
    assert list(states(service)) == ["corridor"]
    (tmp_path / "site.yaml").write_text((tmp_path / "site.yaml").read_text().replace("dwell_s: 26", "dwell_s: 33"))
    until(lambda: service.site.cameras["corridor"].rules[0].dwell_s == 33, why="the file's edit was not taken up")  # type: ignore[union-attr]


def test_what_an_installer_asks_before_saving(service: Service) -> None:
    _, document = asked(service, "/document")
    camera = document["cameras"]["corridor"]
    camera["rules"][0]["dwell_s"] = 10
    status, report = asked(service, "/dry-runs", method="POST", body={"camera_id": "corridor", "values": camera})
    assert (status, report["rules"][0]["rule_id"]) == (200, "linger")
    status, past = asked(service, "/cameras/corridor/past?days=31")
    assert (status, past["columns"]) == (200, 64)
    _, closed = asked(service, "/calendars/working/closed?first=2026-11-21&days=2")
    assert len(closed["items"]) == 1  # a weekend
    assert asked(service, "/calendars/none/closed?first=2026-11-21")[0] == 404
    assert asked(service, "/trials", method="POST", body={"camera_id": "fence"})[1]["works"] is True
    assert asked(service, "/trials", method="POST", body={"source": "/etc/passwd"})[0] == 422
    status, trial = asked(service, "/trials", method="POST", body={"source": "rtsp://u:pa$sw0rd@127.0.0.1:9/x"})
    assert (status, trial["works"], trial["state"]) == (200, False, "refused")
    assert "pa$sw0rd" not in json.dumps(trial)


def test_a_new_camera_keeps_its_password_out_of_the_site_file(service: Service, tmp_path: Path) -> None:
    digest = asked(service, "/document")[1]["digest"]
    values = {"source": "rtsp://admin:s3cr@t!@127.0.0.1:9/main", "zones": {}, "rules": []}
    status, saved = asked(service, "/cameras/gate", method="PUT", body={"values": values}, seen=digest)
    assert (status, saved["added"]) == (200, ["gate"])
    assert "s3cr" not in (tmp_path / "site.yaml").read_text()
    assert (tmp_path / "nightjar.secrets").stat().st_mode & 0o777 == 0o600
    until(lambda: states(service).get("gate") == "refused", why="the new camera was not tried")
    _, document = asked(service, "/document")
    assert "s3cr" not in json.dumps(document)
    camera = document["cameras"]["gate"] | {"purpose": "the gate"}
    status, _ = asked(service, "/cameras/gate", method="PUT", body={"values": camera}, seen=document["digest"])
    assert status == 200
    assert "${GATE_PASSWORD}" in (tmp_path / "site.yaml").read_text()

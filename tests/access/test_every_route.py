"""S1: every route, for every role, on cameras of one's own and on others. A new route is in here by itself: it fails
until it says what it needs, and where it shows something of a camera, until it asks whose camera that is."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from pipeline.access import accounts, sessions
from pipeline.access.access import Access
from pipeline.access.passwords import Hasher
from pipeline.access.roles import PERMISSIONS, ROLES, SITE_WIDE
from pipeline.alerts.message import alert_message, evidence_message
from pipeline.api.app import build_app
from pipeline.api.cookies import csrf_of
from pipeline.api.deps import need_of
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings, CameraInfo
from pipeline.store.store import Store
from pipeline.types import Alert, CameraStatus, Event, Evidence

OWN, FOREIGN = "dock", "gate"
MOUNTED = {"/"}
STREAMS = {"/api/v1/feed"}
"""Never ends; what it shows is tested in test_live.py."""


class TwoCameras:
    """A control with a picture of each camera."""

    def status(self):
        return [CameraStatus(camera_id=name, state="running") for name in (OWN, FOREIGN)]

    def picture(self, camera_id):
        return b"\xff\xd8" + camera_id.encode()

    def restart(self, camera_id):
        raise AssertionError("restarted")

    def numbers(self, camera_id):
        return {}


class Document:
    """What changes a site, of which only the document is there; what is asked of the other camera is a fault."""

    def document(self):
        return {
            "number": 1, "utc": 1.0, "actor": "x", "note": "", "digest": "d", "fault": None, "site": {},
            "cameras": {OWN: {"source": "rtsp://10.0.0.9/"}, FOREIGN: {"source": "rtsp://10.0.0.8/"}},
            "calendars": {}, "detector": {},
        }  # fmt: skip

    def versions(self):
        return []

    def __getattr__(self, name):
        def asked(*given, **_):
            assert FOREIGN not in given, f"{name} reached with a camera of somebody else"
            raise KeyError(name)

        return asked


def message(camera: str):
    event = Event(
        kind="loitering", state="start", rule_id=f"{camera}-rule", rule_version="1", camera_id=camera, run_id=1,
        track_ids=(1,), zone_id="bay", since_utc=900.0, utc=1000.0, pts=1.0, score=0.9, why={"dwell_s": 121.0},
        key=f"alert-{camera}",
    )  # fmt: skip
    alert = Alert(
        alert_id=f"alert-{camera}", incident_id=f"incident-{camera}", severity="high", state="new", trial=False,
        detector="motion", subject="person", event=event,
    )  # fmt: skip
    return alert_message(alert, raised_utc=1000.0)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """An app with alerts and evidence of two cameras, and an account for every role, limited and not."""
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "evidence").mkdir()
    store = Store(folder / "store.sqlite")
    for camera in (OWN, FOREIGN):
        (folder / "evidence" / f"{camera}.jpg").write_bytes(camera.encode())
        item = Evidence(kind="snapshot", path=f"{camera}.jpg", sha256="0" * 64, media_type="image/jpeg")
        store.ingest([
            message(camera),
            evidence_message(alert_id=f"alert-{camera}", camera_id=camera, evidence=item, raised_utc=1.0),
        ])  # fmt: skip
    access = Access(folder, clock=store.clock, hasher=Hasher(memory_kib=64, passes=1))
    for role in ROLES:
        accounts.add(access.book, name=role, role=role, cameras=None, password_hash="x", actor="test")
        if role != "admin":
            accounts.add(access.book, name=f"{role}-dock", role=role, cameras=[OWN], password_hash="x", actor="test")
    settings = ApiSettings(
        site_name="x", timezone="UTC", token="worker-token", evidence=folder / "evidence",
        cameras=[CameraInfo(camera_id=OWN), CameraInfo(camera_id=FOREIGN)],
    )  # fmt: skip
    app = build_app(store, settings=settings, control=TwoCameras(), access=access)
    app.state.setup = Document()
    server = make_server(app, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        yield Site(app, client, access, store)
    server.should_exit = True
    thread.join(10)
    access.close()
    store.close()


class Site:
    def __init__(self, app, client, access, store):
        self.app, self.client, self.access, self.store = app, client, access, store
        self.tokens = {None: ""}
        self.evidence = {
            camera: store.alert(f"alert-{camera}")["evidence"][0]["evidence_id"] for camera in (OWN, FOREIGN)
        }

    def ask(self, method, path, *, account=None, json=None):
        if account not in self.tokens:
            self.tokens[account] = sessions.begin(
                self.access.book, account, address="-", agent="-", second_factor=False
            )[0]
        token = self.tokens[account]
        headers = {"Cookie": f"nightjar={token}", "X-Nightjar-CSRF": csrf_of(token)} if token else {}
        return self.client.request(method, path, headers=headers, json=json)

    def fill(self, path, camera):
        """A route's path with the ids of things of one camera."""
        values = {
            "alert_id": f"alert-{camera}", "incident_id": f"incident-{camera}", "camera_id": camera,
            "evidence_id": self.evidence[camera], "name": "viewer", "key_id": "0" * 12,
        }  # fmt: skip
        return re.sub(r"{(\w+)}", lambda m: values.get(m[1], "1"), path)


def routes(app):
    """(method, path, endpoint) of every route but the mounted pages."""
    for context in iter_route_contexts(app.routes):
        if context.path in MOUNTED or not getattr(context, "methods", None):
            continue
        for method in sorted(set(context.methods) - {"HEAD", "OPTIONS"}):
            yield method, context.path, context.endpoint


def test_every_route_says_what_it_needs(site):
    found = list(routes(site.app))
    assert len(found) >= 35
    silent = [f"{method} {path}" for method, path, endpoint in found if need_of(endpoint) is None]
    assert silent == []
    known = {*PERMISSIONS, "public", "signed_in", "worker"}
    assert {need_of(endpoint) for _, _, endpoint in found} <= known


def test_what_is_public_is_listed_here(site):
    """What anybody may ask for without being anybody; think twice before adding to it."""
    public = {f"{method} {path}" for method, path, endpoint in routes(site.app) if need_of(endpoint) == "public"}
    assert public == {
        "GET /healthz", "GET /docs", "GET /api/v1/openapi.json", "GET /api/v1/session", "POST /api/v1/session",
        "POST /api/v1/session/link", "POST /api/v1/session/link/look", "GET /api/v1/session/oidc",
        "GET /api/v1/session/oidc/back", "GET /api/v1/session/oidc/offer",
    }  # fmt: skip


def test_a_route_that_says_nothing_is_refused_to_everybody(site):
    def forgotten():
        return "secret"

    site.app.router.routes.insert(0, _route("/forgotten", forgotten))
    try:
        for account in (None, *ROLES):
            answer = site.ask("GET", "/forgotten", account=account)
            assert answer.status_code == 403
            assert "secret" not in answer.text
    finally:
        del site.app.router.routes[0]


def _route(path, endpoint):
    from fastapi import APIRouter, Depends

    from pipeline.api.security import gate

    router = APIRouter(dependencies=[Depends(gate)])
    router.get(path)(endpoint)
    return router.routes[0]


@pytest.mark.parametrize("account", [None, *ROLES, *(f"{role}-dock" for role in ROLES if role != "admin")])
def test_each_role_gets_what_it_needs_and_no_more(site, account):
    """A body that no route knows makes sure that nothing is done: who may, is told that it is unknown (422)."""
    role = (account or "").removesuffix("-dock")
    limited = bool(account) and account.endswith("-dock")
    wrong = []
    for method, path, endpoint in routes(site.app):
        need = need_of(endpoint)
        if need == "worker" or path in STREAMS:
            continue
        may = need == "public" or (account is not None and (need == "signed_in" or need in ROLES[role]))
        may = may and not (limited and need in SITE_WIDE)
        body = None if method == "GET" else {"no_route_knows_this": 1}
        answer = site.ask(method, site.fill(path, OWN), account=account, json=body)
        status = answer.status_code
        if limited and status == 403 and "limited to cameras" in answer.text:
            continue  # it asks for the whole site
        refused = status in (401, 403) and not (need == "signed_in" and account is not None)
        if may == refused or (not may and status != (401 if account is None else 403)) or status >= 500:
            wrong.append(f"{method} {path} needs {need}: {status}")
    assert wrong == []


def test_an_auditor_changes_nothing(site):
    """Only one's own session and password."""
    for method, path, endpoint in routes(site.app):
        if method != "GET" and need_of(endpoint) in ROLES["auditor"]:
            assert need_of(endpoint) in ("view", "export"), f"{method} {path}"
            assert path.endswith(("/export", "/exports")), f"{method} {path} changes something for an auditor"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_things_of_other_cameras_do_not_exist(site, role):
    """CVE-2026-33470: what was loaded is checked, in every route that takes an id."""
    wrong = []
    schemas = site.app.openapi()
    for method, path, _ in routes(site.app):
        if not re.search(r"{(alert_id|incident_id|camera_id|evidence_id)}", path) or path in STREAMS:
            continue
        body = example(schemas, path, method)
        answer = site.ask(method, site.fill(path, FOREIGN), account=f"{role}-dock", json=body)
        if answer.status_code not in (403, 404):
            wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
    assert site.store.alert(f"alert-{FOREIGN}")["state"] == "new"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_lists_do_not_name_other_cameras(site, role):
    """Every GET without an id; also with the other camera asked for by name."""
    for method, path, endpoint in routes(site.app):
        if method != "GET" or "{" in path or path in STREAMS or path == "/api/v1/openapi.json":
            continue
        for query in ("", f"?camera={FOREIGN}", f"?text={FOREIGN}", f"?incident=incident-{FOREIGN}"):
            answer = site.ask("GET", path + query, account=f"{role}-dock")
            said = (
                answer.text.replace(query.partition("=")[2] or "\0", "") if answer.status_code == 422 else answer.text
            )
            assert FOREIGN not in said, f"{path}{query} for {role}: {answer.text[:300]} ({need_of(endpoint)})"


def test_own_things_are_there(site):
    for path in (
        f"/api/v1/alerts/alert-{OWN}", f"/api/v1/incidents/incident-{OWN}", f"/api/v1/cameras/{OWN}",
        f"/api/v1/cameras/{OWN}/picture", f"/api/v1/evidence/{site.evidence[OWN]}",
    ):  # fmt: skip
        assert site.ask("GET", path, account="viewer-dock").status_code == 200, path
    items = site.ask("GET", "/api/v1/alerts", account="viewer-dock").json()["items"]
    assert [item["camera_id"] for item in items] == [OWN]
    cameras = site.ask("GET", "/api/v1/site", account="viewer-dock").json()["cameras"]
    assert [camera["camera_id"] for camera in cameras] == [OWN]


def test_workers_come_in_by_their_token_alone(site):
    for method, path, endpoint in routes(site.app):
        if need_of(endpoint) == "worker":
            for account in (None, *ROLES):
                assert site.ask(method, path, account=account, json={"camera_id": OWN}).status_code == 401, path


def example(document, path, method):
    """A body that the route takes, as far as its schema says: required fields, the first choice of each."""
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return _example(document, content.get("schema")) if content else None


def _example(document, schema):
    if "$ref" in schema:
        return _example(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return _example(document, schema["anyOf"][0])
    if schema.get("type") == "object":
        return {name: _example(document, schema["properties"][name]) for name in schema.get("required", [])}
    if schema.get("type") == "array":
        return [_example(document, schema["items"])] * schema.get("minItems", 0)
    number = max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
    return {"string": "x" * max(10, schema.get("minLength", 1)), "boolean": True}.get(schema.get("type"), number)

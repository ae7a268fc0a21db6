"""Other web sites, other names, other machines: refused. Every answer carries its headers."""

from __future__ import annotations

import pytest

from pipeline.api.security import HEADERS
from pipeline.api.server import make_server
from pipeline.api.settings import Reach, check_bind
from pipeline.errors import BadInput


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}", "127.0.0.1"]
)
def test_loopback_names_are_served(api, host):
    assert api.client.get("/healthz", headers={"Host": host.format(port=api.port)}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "192.168.1.2:8000", "localhost.evil.example", "0.0.0.0", "[::1", "@"],
)
def test_foreign_names_are_refused(api, host):
    """A page whose name resolves to 127.0.0.1 (DNS rebinding) gets nothing."""
    for path in ("/", "/api/v1/alerts", "/api/v1/feed", "/metrics"):
        assert api.client.get(path, headers={"Host": host}).status_code in (400, 403)


@pytest.mark.parametrize(
    ("word", "headers"),
    [
        ("another site", {"Origin": "https://evil.example"}),
        ("a file or a sandboxed frame", {"Origin": "null"}),
        ("another port of this machine", {"Origin": "http://127.0.0.1:1"}),
        ("another scheme", {"Origin": "ftp://{here}"}),
        ("a page of ours with a path", {"Origin": "http://{here}/x"}),
        ("our name as a user of theirs", {"Origin": "http://{here}@evil.example"}),
        ("ours with more behind it", {"Origin": "http://{here}.evil.example"}),
        ("no origin at all", {"Origin": ""}),
        ("no address", {"Origin": "http://[::1"}),
        ("another site in the same breath", {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}),
        ("a form without an origin", {"Sec-Fetch-Site": "cross-site"}),
        ("another port, without an origin", {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_other_sites_change_nothing(api, message, word, headers):
    api.store.ingest([message("a")])
    headers = {name: value.format(here=f"127.0.0.1:{api.port}") for name, value in headers.items()}
    answer = api.client.post("/api/v1/alerts/a/acknowledge", json={}, headers=headers)
    assert answer.status_code == 403
    assert api.store.alert("a")["state"] == "new"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{port}", None])
def test_our_own_page_may(api, message, origin):
    api.store.ingest([message("a")])
    headers = {"Sec-Fetch-Site": "same-origin"} | ({"Origin": origin.format(port=api.port)} if origin else {})
    assert api.client.post("/api/v1/alerts/a/acknowledge", json={}, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/alerts", "/api/v1/alerts/none", "/nothing", "/metrics"])
def test_every_answer_carries_the_headers(api, path):
    headers = api.client.get(path).headers
    for name, value in HEADERS.items():
        assert headers[name] == value
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "server" not in headers


def test_policy_allows_no_inline_script_and_no_other_site():
    policy = HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'none'" in policy


def test_refusals_carry_the_headers(api):
    answer = api.client.get("/", headers={"Host": "evil.example"})
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_bodies_are_bounded(make_api):
    api = make_api(max_body_bytes=1000)
    path = "/api/v1/alerts/a/resolve"
    body = b'{"disposition": "real", "note": "' + b"x" * 2000 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert api.client.post(path, content=body, headers=headers).status_code == 413
    in_pieces = api.client.post(path, content=iter([body[:600], body[600:]]), headers=headers)
    assert in_pieces.status_code in (400, 413, 422)


@pytest.mark.parametrize(("path", "most"), [("/api/v1/alerts/a/resolve", 1 << 20), ("/internal/ingest", 8 << 20)])
def test_what_people_send_is_short_and_what_workers_send_may_be_long(api, path, most):
    """S8."""
    headers = {"Content-Type": "application/json"}
    assert api.client.post(path, content=b" " * most, headers=headers).status_code != 413
    assert api.client.post(path, content=b" " * (most + 1), headers=headers).status_code == 413


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_binding_beyond_loopback_in_the_clear_is_refused_with_the_reason(api, host):
    """S2."""
    with pytest.raises(BadInput, match="in the clear"):
        make_server(api.app, host=host)


@pytest.mark.parametrize(
    "reach", [Reach(host="0.0.0.0", proxies=("127.0.0.1",)), Reach(host="127.0.0.1", proxies=("127.0.0.1",))], ids=str
)
def test_without_accounts_only_this_machine_is_served(make_api, reach):
    with pytest.raises(BadInput, match="without accounts"):
        make_api(reach=reach)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_may_be_bound(host):
    check_bind(Reach(host=host))


@pytest.mark.parametrize(
    ("word", "method", "path", "body", "named"),
    [
        ("a misspelt filter", "GET", "/api/v1/alerts?camrea=dock", None, "camrea"),
        ("a filter that another route has", "GET", "/api/v1/cameras?severity=high", None, "severity"),
        ("two of them", "GET", "/api/v1/alerts?x=1&limit=5&y=2", None, "y"),
        ("who did it", "POST", "/api/v1/alerts/a/acknowledge", {"by": "eve"}, "by"),
        ("a list where nothing is taken", "POST", "/api/v1/alerts/a/acknowledge", [1], "(body)"),
        ("no JSON where nothing is taken", "POST", "/api/v1/alerts/a/acknowledge", b"by=eve", "(body)"),
        ("who did it, in a body", "POST", "/api/v1/alerts/a/resolve", {"disposition": "real", "by": "eve"}, "by"),
        ("a route's own path parameter", "GET", "/api/v1/alerts/a?alert_id=b", None, "alert_id"),
        ("figures", "GET", "/metrics?name[]=up", None, "name[]"),
    ],
)
def test_what_is_unknown_is_refused_by_name(api, message, word, method, path, body, named):
    api.store.ingest([message("a")])
    given = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
    answer = api.client.request(method, path, **given)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert any(error["loc"][-1] == named for error in answer.json()["errors"])
    assert api.store.alert("a")["state"] == "new"


@pytest.mark.parametrize("body", [b"", b"{}", b" ", b"null"])
def test_nothing_may_be_said_with_a_body(api, message, body):
    api.store.ingest([message("a")])
    assert api.client.post("/api/v1/alerts/a/acknowledge", content=body).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/alerts", "/api/v1/cameras/dock/picture", "/"])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host"])
def test_open_mode_is_not_reached_through_a_proxy(api, header, path):
    if path != "/":  # the page itself holds nothing
        assert api.client.get(path, headers={header: "203.0.113.9"}).status_code == 403


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Bearer the-token-of-this-start-and-more", "Basic x"])
def test_only_workers_deliver(api, message, token):
    one = message("a")
    body = {"version": 1, "messages": [{"id": one.message_id, "text": one.text()}]}
    answer = api.client.post("/internal/ingest", json=body, headers={"Authorization": token} if token else {})
    assert answer.status_code == 401
    assert api.store.counts()["alerts"] == 0
    assert api.client.post("/internal/epoch", json={"camera_id": "dock"}).status_code == 401


def test_page_is_served_and_nothing_above_it(api):
    page = api.client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for path in ("/../app.py", "/%2e%2e/api/app.py", "/..%2fapi%2fapp.py", "/js/%2e%2e/%2e%2e/cli.py"):
        assert api.client.get(path).status_code in (404, 400)

"""Other web sites, other names, other machines: refused. Every answer carries its headers."""

from __future__ import annotations

import pytest

from pipeline.api.security import HEADERS
from pipeline.api.server import make_server
from pipeline.api.settings import check_bind
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


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_binding_beyond_loopback_is_refused_with_the_reason(api, host):
    with pytest.raises(BadInput, match="no accounts yet"):
        make_server(api.app, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_may_be_bound(host):
    check_bind(host)


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

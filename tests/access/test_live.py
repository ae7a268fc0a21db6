"""A browser, a program and an attacker at a running API with accounts: cookies, CSRF, feeds, limits, repeats."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from pathlib import Path

import httpx
import pytest

from pipeline.access import accounts, api_keys, sessions
from pipeline.access.access import Access
from pipeline.access.passwords import Hasher
from pipeline.access.throttle import PER_ACCOUNT
from pipeline.alerts.message import alert_message
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings, CameraInfo, Reach
from pipeline.store import audit
from pipeline.store.store import Store
from pipeline.types import Alert, Event

PASSWORD = "quiet-harbour-lamp-7"
QUICK = Hasher(memory_kib=64, passes=1)


class Site:
    """A running API over two cameras, with an administrator `anna` and an operator `bert`."""

    def __init__(self, folder: Path, **settings: object) -> None:
        (folder / "evidence").mkdir(exist_ok=True)
        self.clients: list[httpx.Client] = []
        self.store = Store(folder / "store.sqlite")
        reach = settings.get("reach", Reach())
        self.access = Access(folder, clock=self.store.clock, hasher=QUICK, loopback=reach.loopback)
        self.settings = ApiSettings(
            site_name="Depot", timezone="UTC", token="t", evidence=folder / "evidence", heartbeat_s=0.2,
            cameras=[CameraInfo(camera_id="dock"), CameraInfo(camera_id="gate")], **settings,
        )  # fmt: skip
        self.app = build_app(self.store, settings=self.settings, access=self.access)
        self.server = make_server(self.app, host="127.0.0.1", port=0)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        wait(lambda: self.server.started)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def add(self, name: str, role: str, cameras: list[str] | None = None) -> None:
        hashed = QUICK.hash(PASSWORD)
        accounts.add(self.access.book, name=name, role=role, cameras=cameras, password_hash=hashed, actor="test")
        self.access.forget()

    def browser(self, name: str | None = None) -> httpx.Client:
        """A client that keeps cookies and sends what our pages send."""
        client = self.client()
        if name is not None:
            answer = client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.headers["X-Nightjar-CSRF"] = client.cookies["nightjar-csrf"]
        return client

    def client(self, **given: object) -> httpx.Client:
        self.clients.append(httpx.Client(base_url=self.url, timeout=10, **given))
        return self.clients[-1]

    def raise_alert(self, camera: str, key: str) -> None:
        event = Event(
            kind="loitering", state="start", rule_id="r", rule_version="1", camera_id=camera, run_id=1, track_ids=(1,),
            zone_id="bay", since_utc=1.0, utc=2.0, pts=1.0, score=0.9, why={"dwell_s": 121.0}, key=key,
        )  # fmt: skip
        alert = Alert(
            alert_id=key, incident_id=f"i-{key}", severity="high", state="new", trial=False, detector="motion",
            subject="person", event=event,
        )  # fmt: skip
        self.store.ingest([alert_message(alert, raised_utc=1.0)])

    def audited(self) -> list[tuple[str, str, str]]:
        with self.store.changing() as connection:
            rows = audit.read(connection, audit.Wanted(), limit=100)
        return [(row["actor"], row["action"], row["target"]) for row in reversed(rows)]

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()
        for client in self.clients:
            client.close()
        self.access.close()
        self.store.close()


def wait(condition, within_s: float = 10.0) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def make_site(tmp_path):
    made = []

    def _make(**settings):
        made.append(Site(tmp_path, **settings))
        return made[-1]

    yield _make
    for site in made:
        site.stop()


@pytest.fixture
def site(make_site):
    site = make_site()
    site.add("anna", "admin")
    site.add("bert", "operator", ["dock"])
    return site


def test_open_until_there_is_an_account_then_closed_everywhere(make_site):
    site = make_site()
    client = site.browser()
    assert client.get("/api/v1/session").json()["kind"] == "open"
    assert client.get("/").status_code == 200
    site.add("anna", "admin")
    for path in ("/api/v1/alerts", "/api/v1/cameras", "/api/v1/feed", "/metrics", "/api/v1/audit"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
    assert client.get("/healthz").json() == {"ok": True}


def test_from_the_open_page_the_first_account_is_an_administrators(make_site):
    site = make_site()
    client = site.browser()
    assert client.post("/api/v1/accounts", json={"name": "bert", "role": "viewer"}).status_code == 422
    assert client.get("/api/v1/session").json()["kind"] == "open"
    made = client.post("/api/v1/accounts", json={"name": "anna", "role": "admin"})
    assert made.status_code == 201
    assert client.get("/api/v1/alerts").status_code == 401
    entered = client.post("/api/v1/session/link", json={"token": made.json()["link"], "password": PASSWORD})
    assert (entered.json()["name"], entered.json()["role"]) == ("anna", "admin")
    assert client.get("/api/v1/alerts").status_code == 200


def test_pages_lead_to_the_sign_in_page(site):
    client = site.browser()
    answer = client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login.html")
    assert client.get("/index.html").headers["location"] == "/login.html?next=/index.html"
    page = client.get("/login.html")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert " style=" not in page.text
    assert client.get("/js/login.js").status_code == 200
    assert site.browser("anna").get("/").status_code == 200


@pytest.mark.parametrize("secure", [False, True])
def test_cookies_are_strict(make_site, secure):
    site = make_site(reach=Reach(proxies=("127.0.0.1",))) if secure else make_site()
    site.add("anna", "admin")
    answer = site.browser().post("/api/v1/session", json={"name": "anna", "password": PASSWORD})
    session, csrf = answer.headers.get_list("set-cookie")
    assert session.startswith("__Host-nightjar=" if secure else "nightjar=")
    assert csrf.startswith("__Host-nightjar-csrf=" if secure else "nightjar-csrf=")
    for cookie in (session, csrf):
        words = {word.strip().lower() for word in cookie.split(";")}
        assert {"samesite=strict", "path=/"} <= words
        assert ("secure" in words) == secure
        assert not any(word.startswith("domain") for word in words)
    assert "httponly" in session.lower()
    assert "httponly" not in csrf.lower()
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("word", "headers", "status"),
    [
        ("as our pages send it", {}, 200),
        ("without the token", {"X-Nightjar-CSRF": ""}, 403),
        ("with another", {"X-Nightjar-CSRF": "0" * 64}, 403),
        ("with letters that are none", {"X-Nightjar-CSRF": "\u00e9".encode("latin-1")}, 403),
        ("from another site", {"Origin": "https://evil.example"}, 403),
        ("from a sandbox", {"Origin": "null"}, 403),
    ],
)
def test_a_change_needs_the_token_of_the_session(site, word, headers, status):
    site.raise_alert("dock", "a")
    client = site.browser("bert")
    answer = client.post("/api/v1/alerts/a/acknowledge", headers=headers)
    assert answer.status_code == status, answer.text
    assert site.store.alert("a")["state"] == ("acknowledged" if status == 200 else "new")
    assert client.get("/api/v1/alerts", headers=headers if "Origin" not in headers else {}).status_code == 200


def test_a_key_is_no_cookie_and_needs_no_token(site):
    site.raise_alert("dock", "a")
    text, key = api_keys.make(
        site.access.book, account="bert", label="panel", permissions=["operate", "view"], days=1, actor="anna"
    )
    client = site.client(headers={"Authorization": f"Bearer {text}"})
    assert client.post("/api/v1/alerts/a/acknowledge").json()["acknowledged_by"] == "bert/panel"
    assert client.get("/api/v1/session").json()["permissions"] == ["operate", "view"]
    assert client.get("/api/v1/alerts/a/export").status_code == 403
    assert (
        client.post("/api/v1/session/password", json={"old": PASSWORD, "new": "another-harbour-9"}).status_code == 403
    )
    accounts.change(site.access.book, "bert", role="viewer", actor="anna")
    site.access.forget()
    assert client.get("/api/v1/session").json()["permissions"] == ["view"]
    api_keys.revoke(site.access.book, key.key_id, actor="anna")
    site.access.forget()
    assert client.get("/api/v1/alerts").status_code == 401
    with_cookie = site.browser("anna")
    assert with_cookie.get("/api/v1/alerts", headers={"Authorization": f"Bearer {text}"}).status_code == 401


def test_keys_end(site, monkeypatch):
    text, _ = api_keys.make(site.access.book, account="anna", label="x", permissions=["view"], days=1e-7, actor="anna")
    time.sleep(0.02)
    client = site.client(headers={"Authorization": f"Bearer {text}"})
    assert client.get("/api/v1/alerts").status_code == 401


class Feed:
    """A live feed that is read in a thread of its own."""

    def __init__(self, client: httpx.Client) -> None:
        self.text, self.open, self.ended_at = "", threading.Event(), 0.0
        self._client = client
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.open.wait(10)

    def _read(self) -> None:
        with self._client.stream("GET", "/api/v1/feed?after=0", timeout=30) as answer:
            assert answer.status_code == 200
            self.open.set()
            for part in answer.iter_text():
                self.text += part
        self.ended_at = time.monotonic()

    def ended(self, within_s: float) -> bool:
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def alerts(self) -> list[str]:
        lines = [line[6:] for line in self.text.splitlines() if line.startswith("data: ") and "alert_id" in line]
        return [json.loads(line)["alert_id"] for line in lines]


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("signed out", lambda site, client: client.delete("/api/v1/session")),
        ("by an administrator", lambda site, client: site.browser("anna").post("/api/v1/accounts/bert/sign-out")),
        ("by a command", lambda site, client: sessions.end_all(site.access.book, "bert", actor="console")),
        ("other cameras", lambda site, client: accounts.change(site.access.book, "bert", cameras=["gate"], actor="x")),
        ("switched off", lambda site, client: accounts.change(site.access.book, "bert", disabled=True, actor="x")),
    ],
)
def test_the_feed_of_a_revoked_session_closes_within_five_seconds(site, word, change):
    """S10."""
    client = site.browser("bert")
    feed, other = Feed(client), Feed(site.browser("anna"))
    change(site, client)
    assert feed.ended(5.0), "still open"
    assert client.get("/api/v1/alerts").status_code == 401
    assert not other.ended(0.5)


def test_an_open_feed_closes_when_the_first_account_is_made(make_site):
    site = make_site()
    feed = Feed(site.browser())
    site.add("anna", "admin")
    assert feed.ended(5.0)


def test_the_feed_shows_cameras_of_ones_own(site):
    site.raise_alert("gate", "old-gate")
    site.raise_alert("dock", "old-dock")
    limited, whole = Feed(site.browser("bert")), Feed(site.browser("anna"))
    site.raise_alert("gate", "new-gate")
    site.raise_alert("dock", "new-dock")
    wait(lambda: "new-dock" in limited.alerts() and len(whole.alerts()) == 4)
    assert limited.alerts() == ["old-dock", "new-dock"]
    assert "gate" not in limited.text


def test_sign_ins_are_throttled_with_the_wait_told(site):
    client = site.browser()
    for _ in range(PER_ACCOUNT):
        assert client.post("/api/v1/session", json={"name": "anna", "password": "wrong"}).status_code == 401
    answer = client.post("/api/v1/session", json={"name": "anna", "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("trusted", [False, True])
def test_the_address_of_a_client_is_believed_of_a_trusted_proxy_alone(make_site, trusted):
    site = make_site(reach=Reach(proxies=("127.0.0.1",) if trusted else ("203.0.113.1",)))
    site.add("anna", "admin")
    client = site.browser()
    client.post("/api/v1/session", json={"name": "anna", "password": PASSWORD}, headers={"X-Forwarded-For": "10.9.9.9"})
    assert sessions.listed(site.access.book)[0].address == ("10.9.9.9" if trusted else "127.0.0.1")


@pytest.mark.parametrize(
    ("word", "host", "status"),
    [
        ("the name that it was given", "nightjar.example.org", 401),
        ("with a port", "nightjar.example.org:8443", 401),
        ("in capitals", "NIGHTJAR.example.org", 401),
        ("an address", "192.0.2.7:8000", 401),
        ("an IPv6 address", "[2001:db8::7]", 401),
        ("a name that was made to point here", "evil.example", 403),
        ("a name around it", "nightjar.example.org.evil.example", 403),
        ("a user before it", "nightjar.example.org@evil.example", 403),
        ("nothing", "", 403),
    ],
)
def test_names_beyond_loopback(make_site, word, host, status):
    site = make_site(reach=Reach(proxies=("127.0.0.1",), names=frozenset({"nightjar.example.org"})))
    answer = site.browser().get("/api/v1/alerts", headers={"Host": host})
    assert answer.status_code in ((status,) if host else (400, 403)), answer.text


def test_everything_about_access_is_on_record(site):
    site.raise_alert("dock", "a")
    client = site.browser("bert")
    site.browser().post("/api/v1/session", json={"name": "bert", "password": "wrong"})
    client.post("/api/v1/alerts/a/acknowledge")
    client.post("/api/v1/cameras/dock/restart")
    client.delete("/api/v1/session")
    wait(lambda: ("bert", "signed out") in [row[:2] for row in site.audited()])
    found = site.audited()
    assert {row[1] for row in found if row[0] == "bert"} == {
        "acknowledged", "refused", "signed in", "sign-in failed", "signed out",
    }  # fmt: skip
    assert ("bert", "refused", "POST /api/v1/cameras/dock/restart") in found
    assert PASSWORD not in str(found)
    with site.store.changing() as connection:
        assert audit.faults(connection) == []


def test_the_same_post_is_done_once(site):
    client = site.browser("anna")
    body = {"account": "anna", "label": "panel", "permissions": ["view"]}
    first = client.post("/api/v1/keys", json=body, headers={"Idempotency-Key": "k-1"})
    again = client.post("/api/v1/keys", json=body, headers={"Idempotency-Key": "k-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(client.get("/api/v1/keys").json()["items"]) == 1
    other = client.post("/api/v1/keys", json=body | {"label": "other"}, headers={"Idempotency-Key": "k-1"})
    assert other.status_code == 422
    assert client.post("/api/v1/keys", json=body, headers={"Idempotency-Key": "k-2"}).json() != first.json()
    assert client.post("/api/v1/keys", json=body, headers={"Idempotency-Key": "x" * 101}).status_code == 422
    assert first.json()["text"] not in site.access.book.path.read_bytes().decode("latin-1")


def test_what_failed_may_be_tried_again(site):
    client = site.browser("anna")
    headers = {"Idempotency-Key": "k-1"}
    assert client.post("/api/v1/accounts", json={"name": "carl", "role": "nobody"}, headers=headers).status_code == 422
    good = {"name": "carl", "role": "viewer"}
    made = client.post("/api/v1/accounts", json=good, headers=headers)
    assert made.status_code == 201
    assert client.post("/api/v1/accounts", json=good, headers=headers).json() == made.json()
    assert client.post("/api/v1/accounts", json=good).status_code == 409


def test_a_repeat_does_not_outlive_the_right(site):
    """The kept answer of a key is for who may still make keys."""
    site.add("carl", "admin")
    client = site.browser("carl")
    body = {"account": "carl", "label": "panel", "permissions": ["view"]}
    headers = {"Idempotency-Key": "k-1"}
    assert client.post("/api/v1/keys", json=body, headers=headers).status_code == 201
    accounts.change(site.access.book, "carl", role="viewer", actor="anna")
    site.access.forget()
    assert client.post("/api/v1/keys", json=body, headers=headers).status_code == 401
    assert site.browser("carl").post("/api/v1/keys", json=body, headers=headers).status_code == 403
    anna = site.browser("anna").post("/api/v1/keys", json=body, headers=headers)
    assert "idempotency-replayed" not in anna.headers


def test_two_administrators_do_not_overwrite_each_other(site):
    client = site.browser("anna")
    seen = client.get("/api/v1/accounts/bert")
    etag = seen.headers["etag"]
    assert client.patch("/api/v1/accounts/bert", json={"role": "viewer"}).status_code == 428
    first = client.patch("/api/v1/accounts/bert", json={"role": "viewer"}, headers={"If-Match": etag})
    assert (first.status_code, first.json()["role"]) == (200, "viewer")
    late = client.patch("/api/v1/accounts/bert", json={"cameras": None}, headers={"If-Match": etag})
    assert late.status_code == 412
    assert client.get("/api/v1/accounts/bert").json()["cameras"] == ["dock"]
    again = client.patch("/api/v1/accounts/bert", json={"cameras": None}, headers={"If-Match": first.headers["etag"]})
    assert again.json()["cameras"] is None


def test_own_account_by_the_page(site):
    from pipeline.access import totp

    client, other = site.browser("bert"), site.browser("bert")
    assert len(client.get("/api/v1/session/all").json()["items"]) == 2
    refused = client.post("/api/v1/session/second-factor", json={"password": "wrong"})
    assert refused.status_code == 401
    begun = client.post("/api/v1/session/second-factor", json={"password": PASSWORD}).json()
    assert begun["address"].startswith("otpauth://totp/Depot:bert?secret=")
    code = totp.code_at(begun["secret"], int(site.store.clock.utc() // totp.STEP_S))
    confirmed = client.post("/api/v1/session/second-factor/confirm", json={"code": code})
    assert confirmed.status_code == 200
    assert len(set(confirmed.json()["codes"])) == 10
    assert client.get("/api/v1/session/second-factor").json() == {"on": True, "recovery_codes_left": 10}
    answer = site.browser().post("/api/v1/session", json={"name": "bert", "password": PASSWORD})
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:nightjar:code-needed")
    assert client.post("/api/v1/session/second-factor/drop", json={"password": PASSWORD}).status_code == 204
    assert client.post("/api/v1/session/password", json={"old": PASSWORD, "new": "short"}).status_code == 422
    new = {"old": PASSWORD, "new": "another-harbour-9"}
    assert client.post("/api/v1/session/password", json=new).status_code == 204
    assert client.get("/api/v1/alerts").status_code == 200
    assert other.get("/api/v1/alerts").status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/api/v1/accounts", "/api/v1/accounts/anna", "/api/v1/keys", "/api/v1/session", "/api/v1/session/all"],
)
def test_no_answer_holds_a_hash_or_a_secret(site, path):
    client = site.browser("anna")
    api_keys.make(site.access.book, account="anna", label="x", permissions=["view"], days=1, actor="anna")
    text = client.get(path).text
    for word in ("argon2", "_hash", "sealed:", client.cookies["nightjar"]):
        assert word not in text


@pytest.mark.parametrize(
    ("word", "body", "kind"),
    [
        ("a lone surrogate", b'{"name": "\\ud800", "password": "x"}', "application/json"),
        ("a NUL", b'{"name": "a\\u0000b", "password": "x"}', "application/json"),
        ("no UTF-8", b'{"name": "\xff\xfe", "password": "x"}', "application/json"),
        ("cut off", b'{"name": "an', "application/json"),
        ("nested 100,000 deep", b"[" * 100_000 + b"]" * 100_000, "application/json"),
        ("a number without an end", b'{"name": "x", "password": ' + b"9" * 5000 + b"}", "application/json"),
        ("not a number", b'{"name": "x", "password": NaN}', "application/json"),
        ("a form", b"name=anna&password=x", "application/x-www-form-urlencoded"),
        ("parts", b"--x\r\n\r\nname\r\n--x--", "multipart/form-data; boundary=x"),
        ("no kind", b'{"name": "x", "password": "y"}', ""),
        ("plain text, as a form of another site can send it", b'{"name": "x", "password": "y"}', "text/plain"),
        ("the key twice", b'{"name": "anna", "name": "x", "password": "y"}', "application/json"),
        ("a password of a megabyte", b'{"name": "anna", "password": "' + b"x" * (1 << 20) + b'"}', "application/json"),
    ],
)
def test_hostile_bodies(site, word, body, kind):
    """S8."""
    answer = site.browser().post("/api/v1/session", content=body, headers={"Content-Type": kind} if kind else {})
    assert answer.status_code in (400, 401, 413, 415, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/alerts?since=1e999", "/api/v1/alerts?text=%00", "/api/v1/alerts?text=%ff%fe", "/api/v1/alerts/%00",
        "/api/v1/alerts?cursor=%00", "/api/v1/alerts?limit=99999999999999999999999", "/api/v1/alerts/" + "x" * 5000,
        "/api/v1/feed?after=99999999999999999999999", "/api/v1/audit?before=99999999999999999999",
        "/api/v1/alerts?since=-1e300", "/api/v1/accounts/%00", "/api/v1/evidence/%2e%2e%2f%2e%2e", "/%00", "/js/%00.js",
        "/api/v1/cameras/%ff/picture", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_hostile_addresses(site, path):
    answer = site.browser("anna").get(path)
    assert answer.status_code in (200, 303, 400, 404, 414, 422), answer.text


def encodings():
    """60 ways to write `../` (S6)."""
    dots = ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "..;", "%20..", "%ef%bc%8e%ef%bc%8e"]
    slashes = ["/", "%2f", "%5c", "%252f", "\\", "%c0%af"]
    return [f"{dot}{slash}" for dot in dots for slash in slashes]


def test_traversal_gives_nothing(site):
    """S6: 60 encodings under every place that serves files: no byte from outside."""
    assert len(encodings()) == 60
    (site.settings.evidence.parent / "secret.txt").write_text("the secret")
    cookie = f"nightjar={site.browser('anna').cookies['nightjar']}"
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)) as line:
        for step in encodings():
            for base, target in (("/api/v1/evidence/", "secret.txt"), ("/js/", "api/app.py"), ("/", "etc/passwd")):
                line.putrequest("GET", base + step * 3 + target)  # as it is: other clients tidy it up
                line.putheader("Cookie", cookie)
                line.endheaders()
                answer = line.getresponse()
                text = answer.read().decode("utf-8", "replace")
                assert answer.status in (303, 400, 404), (base, step, target, answer.status)
                for word in ("the secret", "def build_app", "root:", "SQLite format"):
                    assert word not in text


def test_wrong_keys_and_cookies_are_nobody(site):
    text, _ = api_keys.make(site.access.book, account="anna", label="x", permissions=["view"], days=1, actor="anna")
    wrong = [
        "", "Bearer", f"Basic {text}", f"Bearer {text}x", f"Bearer {text[:-1]}", f"Bearer {text.upper()}",
        f"Bearer {text} {text}", "Bearer nj_000000000000_" + "A" * 43, "Bearer t", f"bearer  {text[:20]}",
    ]  # fmt: skip
    for header in wrong:
        assert site.client(headers={"Authorization": header}).get("/api/v1/alerts").status_code == 401, header
    for cookie in ("", "nightjar=", "nightjar=x", "nightjar=" + "A" * 43, "__Host-nightjar=x", "nightjar", "a" * 9000):
        assert site.client(headers={"Cookie": cookie}).get("/api/v1/alerts").status_code in (401, 431), cookie
    assert site.client(headers={"Authorization": f"bearer {text}"}).get("/api/v1/alerts").status_code == 200

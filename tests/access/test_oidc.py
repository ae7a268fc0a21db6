"""Signing in at a provider: the way there and back, every check of the token, and whom it makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pipeline.access import accounts
from pipeline.access.oidc.config import OidcConfig, read_oidc, safe_address
from pipeline.access.oidc.flow import Flow
from pipeline.access.oidc.jws import BadToken, UnknownKey, verified
from pipeline.access.oidc.provider import Provider
from pipeline.clock import SystemClock
from pipeline.errors import BadInput
from pipeline.secrets import Secrets
from tests.access.provider import Signer, TestProvider, b64
from tests.access.test_live import Site, wait

ALL = ("RS256", "PS256", "ES256", "EdDSA")
SIGNER = Signer()


@pytest.fixture
def provider() -> Iterator[TestProvider]:
    provider = TestProvider(utc=SystemClock().utc)
    yield provider
    provider.stop()


@pytest.fixture
def site(tmp_path: Path, provider: TestProvider) -> Iterator[Site]:
    site = Site(tmp_path)
    site.add("anna", "admin")
    config = OidcConfig(
        issuer=provider.url, client_id="nightjar", client_secret="s3cret", public_url=site.url, name="Depot login",
        grants=[
            {"value": "guards", "role": "viewer", "cameras": ["dock"]},
            {"value": "operators", "role": "operator"},
        ],
    )  # fmt: skip
    site.app.state.oidc = Flow(Provider(config, clock=site.store.clock), clock=site.store.clock)
    yield site
    site.app.state.oidc.provider.close()
    site.stop()


def go(site: Site, client: httpx.Client, *, after: str = "/") -> httpx.Response:
    """There and back, as a browser does; the answer of the way back."""
    there = client.get("/api/v1/session/oidc", params={"after": after})
    assert there.status_code == 303
    back = httpx.get(there.headers["location"])
    return client.get(back.headers["location"])


def problem(answer: httpx.Response) -> str | None:
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["location"]).query).get("problem", [None])[0]


def name_of(client: httpx.Client) -> str:
    return client.get("/api/v1/session").json()["name"]


def test_there_and_back(site, provider):
    client = site.client()
    assert client.get("/api/v1/session/oidc/offer").json() == {"name": "Depot login"}
    answer = go(site, client, after="/wall.html")
    assert answer.headers["location"] == "/login.html?next=%2Fwall.html"
    session = client.get("/api/v1/session").json()
    assert (session["name"], session["role"], session["cameras"]) == ("olga", "operator", None)
    (asked,) = provider.asked
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{site.url}/api/v1/session/oidc/back"
    assert len(asked["state"]) >= 32
    assert len(asked["nonce"]) >= 32
    assert provider.forms[0]["authorization"].startswith("Basic ")
    wanted = {"account added", "identity linked", "signed in"}
    wait(lambda: wanted <= {row[1] for row in site.audited()}, within_s=60.0)
    assert not accounts.find(site.access.book, "olga").has_password


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "https://evil.example"}, id="another issuer"),
        pytest.param({"aud": "other"}, id="another client"),
        pytest.param({"aud": ["nightjar", "other"]}, id="several clients without azp"),
        pytest.param({"aud": ["nightjar", "other"], "azp": "other"}, id="given to another"),
        pytest.param({"azp": "other"}, id="azp of another"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"nonce": "wrong"}, id="another nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"exp": 1_000}, id="run out"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": True}, id="an end that is no number"),
        pytest.param({"iat": 9e12}, id="of a time to come"),
        pytest.param({"iat": None}, id="no time"),
        pytest.param({"nbf": 9e12}, id="not yet"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": ""}, id="an empty somebody"),
        pytest.param({"groups": ["cleaners"]}, id="no role"),
        pytest.param({"groups": None}, id="no groups"),
        pytest.param({"groups": {"operators": 1}}, id="groups that are no list"),
        pytest.param({"preferred_username": "anna"}, id="the name of a local account"),
        pytest.param({"preferred_username": "../x"}, id="a name that will not do"),
        pytest.param({"preferred_username": "system"}, id="a reserved name"),
    ],
)
def test_tokens_that_let_nobody_in(site, provider, claims):
    provider.claims = claims
    client = site.client()
    assert problem(go(site, client)) == "refused"
    assert name_of(client) == ""
    failures = site.access.book.rows("SELECT 1 FROM to_audit WHERE action = 'sign-in failed'")
    assert failures or ("-", "sign-in failed", "provider") in site.audited()


@pytest.mark.parametrize("alg", ALL)
def test_algorithms(site, provider, alg):
    provider.alg = alg
    client = site.client()
    assert problem(go(site, client)) is None
    assert name_of(client) == "olga"


def test_clock_skew_of_a_minute(site, provider):
    now = site.store.clock.utc()
    provider.claims = {"exp": now - 30, "iat": now + 30}
    client = site.client()
    assert problem(go(site, client)) is None


def test_the_state_is_used_once_and_by_the_browser_that_has_it(site, provider):
    client, thief = site.client(), site.client()
    there = client.get("/api/v1/session/oidc")
    back = httpx.get(there.headers["location"]).headers["location"]
    assert problem(thief.get(back)) == "refused"  # without the cookie; and the state is spent by it
    assert problem(client.get(back)) == "refused"
    assert name_of(client) == name_of(thief) == ""
    assert provider.forms == []


@pytest.mark.parametrize(
    "query",
    ["", "?state=x&code=y", "?error=access_denied&state=x", "?code=y", "?state=" + "x" * 1999 + "&code=y"],
)
def test_ways_back_that_were_never_begun(site, query):
    assert problem(site.client().get(f"/api/v1/session/oidc/back{query}")) == "refused"


def test_another_issuer_on_the_way_back(site, provider):
    client = site.client()
    back = httpx.get(client.get("/api/v1/session/oidc").headers["location"]).headers["location"]
    assert problem(client.get(f"{back}&iss=https://evil.example")) == "refused"


def test_pages_of_others_are_not_gone_to(site, provider):
    for after in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        answer = go(site, site.client(), after=after)
        assert answer.headers["location"] == "/login.html?next=%2F", after


def test_what_the_provider_says_since_counts(site, provider):
    client = site.client()
    go(site, client)
    provider.claims = {"groups": ["guards"], "preferred_username": "olga2"}
    again = site.client()
    go(site, again)
    session = again.get("/api/v1/session").json()
    assert (session["name"], session["role"], session["cameras"]) == ("olga", "viewer", ["dock"])
    assert name_of(client) == "", "what was begun with the old role is over"
    provider.claims = {"groups": []}
    assert problem(go(site, site.client())) == "refused"
    assert name_of(again) == "", "no role any more: nothing goes on"


def test_an_account_that_is_off_stays_off(site, provider):
    go(site, site.client())
    accounts.change(site.access.book, "olga", actor="anna", disabled=True)
    client = site.client()
    assert problem(go(site, client)) == "refused"
    assert name_of(client) == ""


def test_before_there_is_an_administrator_nobody_comes_in(tmp_path, provider):
    from pipeline.api.settings import Reach

    site = Site(tmp_path, reach=Reach(host="127.0.0.1", proxies=("127.0.0.1",)))
    config = OidcConfig(
        issuer=provider.url, client_id="nightjar", public_url=site.url,
        grants=[{"value": "operators", "role": "operator"}],
    )  # fmt: skip
    flow = Flow(Provider(config, clock=site.store.clock), clock=site.store.clock)
    begun = flow.begin(after="/")
    back = parse_qs(urlsplit(httpx.get(begun.address).headers["location"]).query)
    identity, _ = flow.end(state=back["state"][0], code=back["code"][0], browser=begun.browser, issuer=None)
    with pytest.raises(Exception, match="administrator"):
        site.access.enter_as(identity, address="::1")
    flow.provider.close()
    site.stop()


@pytest.mark.parametrize(
    "discovery",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/t"}, {"jwks_uri": None}],
)
def test_a_provider_that_is_not_itself(site, provider, discovery):
    provider.discovery = discovery
    assert problem(site.client().get("/api/v1/session/oidc")) == "provider"


def test_a_provider_that_is_gone(site, provider):
    client = site.client()
    back = httpx.get(client.get("/api/v1/session/oidc").headers["location"]).headers["location"]
    provider.stop()
    assert problem(client.get(back)) == "provider"


def test_without_a_provider(site):
    site.app.state.oidc, kept = None, site.app.state.oidc
    assert site.client().get("/api/v1/session/oidc").status_code == 404
    assert site.client().get("/api/v1/session/oidc/offer").json() == {"name": None}
    site.app.state.oidc = kept


# -- tokens -----------------------------------------------------------------------------------------------------------


def test_a_sound_token():
    for alg in ALL:
        assert verified(SIGNER.sign({"a": 1}, alg=alg), SIGNER.keys(), algorithms=ALL) == {"a": 1}


def unsigned(head: dict) -> str:
    import json

    return f"{b64(json.dumps(head).encode())}.{b64(b'{}')}."


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(unsigned({"alg": "none"}), id="none"),
        pytest.param(unsigned({"alg": "None", "kid": "k1"}), id="none in another spelling"),
        pytest.param(SIGNER.sign({}, head={"alg": "HS256"}), id="a shared secret"),
        pytest.param(SIGNER.sign({}, head={"crit": ["exp"]}), id="an extension"),
        pytest.param(SIGNER.sign({}, alg="RS256", head={"alg": "PS256"}), id="another padding"),
        pytest.param(Signer().sign({}), id="another's key of the same id"),
        pytest.param(SIGNER.sign({})[:-8], id="cut off"),
        pytest.param(SIGNER.sign({}).replace(".", "..", 1), id="another form"),
        pytest.param("a.b.c", id="no token"),
        pytest.param("x" * 20_000, id="too long"),
        pytest.param("é.é.é", id="no ASCII"),
    ],
)
def test_tokens_that_nobody_signed(token):
    with pytest.raises(BadToken):
        verified(token, SIGNER.keys(), algorithms=ALL)


def test_an_algorithm_that_is_not_allowed_here():
    with pytest.raises(BadToken):
        verified(SIGNER.sign({}, alg="ES256"), SIGNER.keys(), algorithms=("RS256",))


def test_a_changed_body():
    head, _, signature = SIGNER.sign({"groups": ["guards"]}).split(".")
    with pytest.raises(BadToken):
        verified(f"{head}.{b64(b'{}')}.{signature}", SIGNER.keys(), algorithms=ALL)


def test_a_short_key():
    weak = Signer(bits=1024)
    with pytest.raises(BadToken):
        verified(weak.sign({}), weak.keys(), algorithms=ALL)


def test_new_keys_are_read_again(site, provider):
    from pipeline.access.oidc import provider as module

    go(site, site.client())
    provider.signer = Signer(kid="k2")
    held = site.app.state.oidc.provider
    held._keys = (held._keys[0] - module.KEYS_AGAIN_S - 1, held._keys[1])
    client = site.client()
    assert problem(go(site, client)) is None
    assert name_of(client) == "olga"
    with pytest.raises(UnknownKey):
        verified(Signer(kid="k3").sign({}), provider.signer.keys(), algorithms=ALL)


# -- configuration ----------------------------------------------------------------------------------------------------

GOOD = """
issuer = "https://login.example.org/realms/depot"
client_id = "nightjar"
client_secret = "${OIDC_SECRET}"
public_url = "https://nightjar.example.org"
[[grants]]
value = "operators"
role = "operator"
"""


def test_a_configuration(tmp_path):
    path = tmp_path / "oidc.toml"
    path.write_text(GOOD)
    config = read_oidc(path, Secrets(values={"OIDC_SECRET": "s"}))
    assert config.client_secret == "s"
    assert config.redirect_uri == "https://nightjar.example.org/api/v1/session/oidc/back"
    assert "s" not in repr(config).split("client_secret")[-1][:3]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('role = "operator"', 'role = "admin"', id="no administrators"),
        pytest.param("https://login", "http://login", id="in the clear"),
        pytest.param("https://login.example.org/realms/depot", "https://u:p@login.example.org", id="credentials"),
        pytest.param('client_id = "nightjar"', 'client_id = "nightjar"\nalgorithms = ["none"]', id="none"),
        pytest.param('client_id = "nightjar"', 'client_id = "nightjar"\nalgorithms = ["HS256"]', id="shared secret"),
        pytest.param('client_id = "nightjar"', 'client_id = "nightjar"\nscopes = ["profile"]', id="no openid"),
        pytest.param('client_id = "nightjar"', 'clientid = "nightjar"', id="misspelt"),
        pytest.param("[[grants]]", "[[grant]]", id="no grants"),
        pytest.param("issuer =", "issuer", id="no TOML"),
    ],
)
def test_configurations_that_are_refused(tmp_path, old, new):
    path = tmp_path / "oidc.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(BadInput, match="--oidc"):
        read_oidc(path, Secrets(values={"OIDC_SECRET": "s"}))


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://x.org", True), ("http://127.0.0.1:8/x", True), ("http://[::1]/", True), ("http://x.org", False),
        ("http://localhost.evil.org", False), ("http://127.0.0.1@evil.org/", False), ("ftp://x", False), ("", False),
        ("https://", False), ("https://[", False),
    ],
)  # fmt: skip
def test_addresses(address, safe):
    assert safe_address(address) is safe

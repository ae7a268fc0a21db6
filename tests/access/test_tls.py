"""`--tls self`, certificates of one's own, and who may bind what (S2)."""

from __future__ import annotations

import argparse
import hashlib
import ssl
import threading
import time

import httpx
import pytest

from pipeline.access.access import Access
from pipeline.access.certificate import RENEW_DAYS, own_certificate, read_certificate
from pipeline.access.passwords import Hasher
from pipeline.alerts.embedded import EmbeddedLink
from pipeline.alerts.message import Envelope
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings, Reach, check_bind
from pipeline.clock import FakeClock, SystemClock
from pipeline.errors import BadInput, DeliveryError
from pipeline.folders import DataFolder
from pipeline.reach import add_reach, reach_of
from pipeline.store.store import Store

DAY_S = 86_400.0


def told(*arguments, data):
    parser = argparse.ArgumentParser()
    add_reach(parser)
    return reach_of(parser.parse_args(arguments), DataFolder(data), SystemClock())


def test_a_fresh_start_binds_to_this_machine_alone(tmp_path):
    reach, certificate = told(data=tmp_path)
    assert (reach.host, reach.loopback, reach.tls, certificate) == ("127.0.0.1", True, False, None)


@pytest.mark.parametrize(
    ("word", "arguments", "good"),
    [
        ("in the clear", ["--host", "0.0.0.0"], False),
        ("a certificate of our own", ["--host", "0.0.0.0", "--tls", "self"], True),
        ("a proxy on this machine", ["--host", "127.0.0.1", "--behind-proxy"], True),
        ("a proxy elsewhere", ["--host", "10.0.0.4", "--behind-proxy", "10.0.0.2"], True),
    ],
)
def test_beyond_loopback(tmp_path, word, arguments, good):
    reach, _ = told(*arguments, data=tmp_path)
    assert not reach.loopback
    if good:
        check_bind(reach)
    else:
        with pytest.raises(BadInput, match="--tls self"):
            check_bind(reach)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tls", "cert.pem"],
        ["--tls", "none.pem,none.key"],
        ["--behind-proxy", "proxy.example"],
        ["--public-name", "https://x.example"],
        ["--public-name", ""],
    ],
)
def test_what_will_not_do_is_said(tmp_path, arguments):
    with pytest.raises(BadInput):
        told(*arguments, data=tmp_path)


def test_our_own_certificate_is_kept_and_renewed(tmp_path):
    clock = FakeClock(SystemClock().utc())
    first = own_certificate(tmp_path, host="0.0.0.0", names=("box.example",), utc=clock.utc())
    assert {"localhost", "127.0.0.1", "::1", "box.example"} <= set(first.names)
    assert first.key.stat().st_mode & 0o777 == 0o600
    der = ssl.PEM_cert_to_DER_cert(first.path.read_text())
    assert first.fingerprint.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert own_certificate(tmp_path, host="0.0.0.0", names=("box.example",), utc=clock.utc()) == first
    other = own_certificate(tmp_path, host="0.0.0.0", names=("new.example",), utc=clock.utc())
    assert other.fingerprint != first.fingerprint
    late = other.expires_utc - (RENEW_DAYS - 1) * DAY_S
    assert own_certificate(tmp_path, host="0.0.0.0", names=("new.example",), utc=late).fingerprint != other.fingerprint


def test_a_key_of_another_certificate_is_refused(tmp_path):
    one = own_certificate(tmp_path / "one", host="127.0.0.1", names=(), utc=SystemClock().utc())
    two = own_certificate(tmp_path / "two", host="127.0.0.1", names=(), utc=SystemClock().utc())
    with pytest.raises(BadInput, match="does not belong"):
        read_certificate(one.path, two.key)


@pytest.fixture
def served(tmp_path):
    """An API over TLS with our own certificate: its port, and the certificate."""
    certificate = own_certificate(tmp_path / "keys", host="127.0.0.1", names=(), utc=SystemClock().utc())
    (tmp_path / "evidence").mkdir()
    store = Store(tmp_path / "store.sqlite")
    reach = Reach(host="127.0.0.1", certificate=certificate.path, key=certificate.key, self_signed=True)
    access = Access(tmp_path, clock=store.clock, hasher=Hasher(memory_kib=64, passes=1))
    settings = ApiSettings(site_name="x", timezone="UTC", token="t", evidence=tmp_path / "evidence", reach=reach)
    server = make_server(build_app(store, settings=settings, access=access), port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1], certificate
    server.should_exit = True
    thread.join(10)
    access.close()
    store.close()


def test_served_over_tls(served):
    port, certificate = served
    context = ssl.create_default_context(cafile=str(certificate.path))
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=context) as client:
        answer = client.get("/healthz")
    assert answer.json()["ok"] is True
    assert "strict-transport-security" not in answer.headers
    old = ssl.create_default_context(cafile=str(certificate.path))
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=old) as client:
        assert client.get("/healthz").status_code == 200


def test_a_worker_trusts_this_certificate_and_no_other(served, tmp_path):
    port, certificate = served
    link = EmbeddedLink(f"https://127.0.0.1:{port}", "t", certificate=str(certificate.path))
    assert link.deliver([]).committed == frozenset()
    link.close()
    other = own_certificate(tmp_path / "other", host="127.0.0.1", names=(), utc=SystemClock().utc())
    wrong = EmbeddedLink(f"https://127.0.0.1:{port}", "t", certificate=str(other.path))
    with pytest.raises(DeliveryError, match=r"(?i)certificate"):
        wrong.deliver([Envelope("a", "{}")])
    wrong.close()

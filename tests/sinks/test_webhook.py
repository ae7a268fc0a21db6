"""What a webhook promises beside the contract: who signed, where it may go, how long it may take."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time

import pytest

from pipeline.clock import FakeClock, SystemClock
from pipeline.errors import BadInput
from pipeline.sinks.address import Forbidden, connect, permitted
from pipeline.sinks.base import Away, Refused
from pipeline.sinks.https import Endpoint
from pipeline.sinks.webhook import Webhook

SECRET = "the-shared-Secret"


@pytest.fixture
def hook(hooks):
    return Webhook(hooks.endpoint(), secret=SECRET, clock=SystemClock())


def test_signature_time_and_id_are_as_the_readme_says(hooks, notice):
    clock = FakeClock(utc=1_780_000_000.7)
    Webhook(hooks.endpoint(), secret=SECRET, clock=clock, bearer="Token").send([notice("a")])
    ((headers, body),) = hooks.requests
    signed = hmac.new(SECRET.encode(), b"1780000000." + body, hashlib.sha256).hexdigest()
    assert headers["x-nightjar-signature"] == f"v1={signed}"
    assert headers["x-nightjar-timestamp"] == "1780000000"
    assert headers["idempotency-key"] == json.loads(body)["id"] == "id-a-1"
    assert headers["authorization"] == "Bearer Token"
    assert headers["path"] == "/hook/token"


def test_payload_has_the_onvif_topic_and_nobodys_name(hooks, hook, notice):
    hook.send([notice("a")])
    value = json.loads(hooks.requests[0][1])
    assert value["version"] == 1
    assert value["onvif"]["topic"] == "tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering"
    assert value["onvif"]["Source"] == {"VideoSource": "dock", "Rule": "bay-loiter", "Field": "bay"}
    assert value["onvif"]["Data"] == {
        "ObjectId": 7, "ClassTypes": "Human", "Since": "1970-01-01T00:14:40.000Z", "TimeThreshold": "PT120S"
    }  # fmt: skip
    assert value["alert"]["sentence"] == "Person stayed in bay for 121 s"
    assert "Jane" not in str(value)
    assert "private remark" not in str(value)


ANSWERS = [
    (200, None), (201, None), (202, None), (204, None),
    (301, Away), (302, Away), (307, Away), (308, Away),
    (401, Away), (403, Away), (404, Away), (408, Away), (410, Away), (429, Away), (502, Away), (503, Away), (504, Away),
    (400, Refused), (409, Refused), (413, Refused), (415, Refused), (422, Refused), (500, Refused), (501, Refused),
]  # fmt: skip


@pytest.mark.parametrize(("status", "error"), ANSWERS, ids=[str(status) for status, _ in ANSWERS])
def test_answers(hooks, hook, notice, status, error):
    hooks.answers = [status]
    if error is None:
        hook.send([notice("a")])
        return
    with pytest.raises(error, match=str(status)):
        hook.send([notice("a")])


def test_redirects_are_not_followed(hooks, hook, notice):
    hooks.answers, hooks.extra = [302], {"Location": f"https://127.0.0.1:{hooks.port}/elsewhere"}
    with pytest.raises(Away, match="redirects are not followed"):
        hook.send([notice("a")])
    assert [headers["path"] for headers, _ in hooks.requests] == ["/hook/token"]


def test_it_waits_as_long_as_it_is_asked_to(hooks, hook, notice):
    hooks.answers, hooks.extra = [503, 429], {"Retry-After": "7"}
    with pytest.raises(Away) as caught:
        hook.send([notice("a")])
    assert caught.value.after_s == 7.0
    hooks.extra = {"Retry-After": "999999"}
    with pytest.raises(Away) as caught:
        hook.send([notice("a")])
    assert caught.value.after_s == 300.0


@pytest.mark.parametrize(
    ("word", "options"),
    [("an unknown authority", {"ca_file": None}), ("another name", {"lookup": "other.test"})],
)
def test_certificates_are_checked(hooks, notice, word, options):
    if "lookup" in options:
        endpoint = Endpoint(
            f"https://other.test:{hooks.port}/", where="test", allow=hooks.endpoint()._allow,
            ca_file=hooks.certificates.ca_file, lookup=lambda host, port, **_: socket.getaddrinfo("127.0.0.1", port),
        )  # fmt: skip
    else:
        endpoint = hooks.endpoint(**options)
    with pytest.raises(Away, match="certificate"):
        Webhook(endpoint, secret=SECRET, clock=SystemClock()).send([notice("a")])
    assert hooks.requests == []


PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "240.0.0.1", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "2002:7f00:1::", "2002:c0a8:101::1", "2001:db8::1", "2001:0:7f00:1::1", "::127.0.0.1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address):
    assert not permitted(address, ())


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    assert permitted(address, ())


def test_the_allow_list_opens_its_networks_and_no_other():
    from ipaddress import ip_network

    allow = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert permitted("10.1.2.3", allow)
    assert permitted("::ffff:10.1.2.3", allow)
    assert permitted("fd00::5", allow)
    assert not permitted("10.2.0.1", allow)
    assert not permitted("127.0.0.1", allow)


WAYS_TO_SAY_LOOPBACK = [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0",
]


@pytest.mark.parametrize("host", WAYS_TO_SAY_LOOPBACK)
def test_loopback_is_never_reached_however_it_is_written(hooks, notice, host):
    """Judged is what the name resolves to, not how it looks."""
    endpoint = Endpoint(f"https://{host}:{hooks.port}/", where="test", timeout_s=2.0)
    with pytest.raises(Away) as caught:
        Webhook(endpoint, secret=SECRET, clock=SystemClock()).send([notice("a")])
    assert isinstance(caught.value, Forbidden) or "resolved" in str(caught.value)
    assert hooks.requests == []


def test_a_name_that_changes_its_mind_is_asked_once(hooks):
    """DNS rebinding: public when it is looked at, private when it is connected to. There is no second look-up."""
    asked = []

    def lookup(host, port, **_):
        asked.append(host)
        address = "192.0.43.10" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with pytest.raises(Away) as caught:
        connect("rebind.test", hooks.port, timeout_s=0.3, lookup=lookup)
    assert not isinstance(caught.value, Forbidden)
    assert asked == ["rebind.test"]
    with pytest.raises(Forbidden):
        connect("rebind.test", hooks.port, timeout_s=0.3, lookup=lookup)
    assert hooks.requests == []


def test_of_several_addresses_only_those_allowed_are_connected_to(hooks):
    tried = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: tried.append(listener.accept()), daemon=True).start()
        answer = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, listener.getsockname()[1])) for one in ("127.0.0.1",)
        ]
        with pytest.raises(Forbidden):
            connect("both.test", 1, timeout_s=0.5, lookup=lambda *_, **__: answer)
        time.sleep(0.05)
        assert tried == []


def test_an_answer_that_drips_is_cut_off(certificates, notice):
    """One byte now and then keeps each read alive; the deadline is for the whole."""
    context = certificates.server("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip():
            raw, _ = listener.accept()
            try:
                with context.wrap_socket(raw, server_side=True) as wrapped:
                    for _ in range(200):
                        wrapped.sendall(b"H")
                        time.sleep(0.1)
            except OSError:
                return

        threading.Thread(target=drip, daemon=True).start()
        from ipaddress import ip_network

        endpoint = Endpoint(
            f"https://127.0.0.1:{listener.getsockname()[1]}/", where="test", timeout_s=1.0,
            allow=(ip_network("127.0.0.0/8"),), ca_file=certificates.ca_file,
        )  # fmt: skip
        began = time.monotonic()
        with pytest.raises(Away, match=r"no answer in 1 s|BadStatusLine"):  # cut before or in the first line
            Webhook(endpoint, secret=SECRET, clock=SystemClock()).send([notice("a")])
        assert time.monotonic() - began < 8.0


@pytest.mark.parametrize(
    "url", ["http://host/S3cret", "https:///S3cret", "https://u:S3cret@host/", "ftp://host/S3cret"]
)
def test_bad_addresses_are_refused_without_repeating_them(url):
    with pytest.raises(BadInput) as caught:
        Endpoint(url, where="sinks.hook.url")
    assert "S3cret" not in str(caught.value)


def test_the_shown_address_has_no_path(hooks):
    assert "token" not in hooks.endpoint().shown

"""What the MQTT sink promises beside the contract: availability, also when we die, and TLS with a password."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from pipeline.sinks.https import tls_context
from pipeline.sinks.mqtt import level
from tests.sinks.conftest import PASSWORD, locked_broker

LIVING = """
import sys, time
from pipeline.sinks.mqtt import Mqtt
sink = Mqtt("127.0.0.1", int(sys.argv[1]), topic="nightjar/depot", client_id="living")
sink.tend()
print("up", flush=True)
time.sleep(60)
"""


def said(messages, topic):
    return [payload for name, payload, _ in messages if name == topic]


def test_topics_quality_and_properties(broker, notice, wait):
    with broker.listening() as messages:
        sink = broker.mqtt()
        sink.send([notice("a")])
        wait(lambda: len(messages) == 2)
        sink.close()
        (_, online, first), (topic, body, one) = messages[:2]
    assert (first.topic, online) == ("nightjar/depot/availability", b"online")
    assert topic == "nightjar/depot/alerts/dock/loitering"
    assert one.qos == 1
    assert not one.retain
    assert one.properties.UserProperty == [("id", "id-a-1")]
    assert one.properties.ContentType == "application/json"
    assert json.loads(body)["alert"]["alert_id"] == "a"


def test_availability_is_kept_by_the_broker_and_taken_back_at_the_end(broker, wait):
    sink = broker.mqtt()
    sink.tend()
    with broker.listening("nightjar/depot/availability") as messages:
        wait(lambda: said(messages, "nightjar/depot/availability") == [b"online"])
        assert messages[0][2].retain, "whoever comes later hears it too"
        sink.close()
        wait(lambda: said(messages, "nightjar/depot/availability") == [b"online", b"offline"])


def test_killed_the_broker_tells_of_our_death(broker, wait):
    with broker.listening("nightjar/depot/availability") as messages:
        process = subprocess.Popen([sys.executable, "-c", LIVING, str(broker.port)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        wait(lambda: said(messages, "nightjar/depot/availability") == [b"online"])
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        wait(lambda: said(messages, "nightjar/depot/availability") == [b"online", b"offline"])


def test_a_session_that_breaks_is_opened_anew(broker, notice, wait):
    sink = broker.mqtt()
    sink.tend()
    broker.stop()
    broker.start()
    wait(lambda: not sink._session.alive)
    with broker.listening() as messages:
        sink.send([notice("a")])
        wait(lambda: len(said(messages, "nightjar/depot/alerts/dock/loitering")) == 1)
    sink.close()


def test_nobody_listens_is_remarked(broker, notice):
    sink = broker.mqtt()
    assert sink.send([notice("a")]) == "the broker has it, and nobody subscribes"
    sink.close()


def test_tls_and_a_password(broker, certificates, notice, tmp_path):
    leaf = certificates.issue("127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    with locked_broker(broker) as locked:
        locked.stop()
        text = locked.config.read_text()
        locked.config.write_text(text + f"certfile {tmp_path / 'cert.pem'}\nkeyfile {tmp_path / 'key.pem'}\n")
        locked.start()
        sink = locked.mqtt(tls=tls_context(certificates.ca_file, where="test"), username="desk", password=PASSWORD)
        sink.send([notice("a")])
        sink.close()


def test_a_word_beside_the_alerts(broker, wait):
    sink = broker.mqtt()
    sink.say("heartbeat", {"ok": True})
    sink.tend()
    with broker.listening("nightjar/depot/heartbeat") as messages:
        sink.say("heartbeat", {"ok": True})
        wait(lambda: [json.loads(payload) for _, payload, _ in messages] == [{"ok": True}])
    sink.close()


@pytest.mark.parametrize(("text", "one"), [("dock", "dock"), ("a/b", "a-b"), ("+", "-"), ("#x\0", "-x-"), ("", "-")])
def test_a_level_holds_nothing_that_topics_give_a_meaning(text, one):
    assert level(text) == one


def test_threads_do_not_pile_up(broker, notice):
    import threading

    sink = broker.mqtt()
    sink.tend()
    before = threading.active_count()
    for _ in range(10):
        sink._drop()
        sink.tend()
    time.sleep(0.1)
    assert threading.active_count() <= before + 1
    sink.close()

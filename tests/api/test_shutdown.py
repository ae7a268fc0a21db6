"""SIGTERM ends the API's process in seconds, with exit code 0, although feeds are open."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

import httpx

SCRIPT = """
import sys
from pathlib import Path
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings
from pipeline.store.store import Store
folder = Path(sys.argv[1])
store = Store(folder / "store.sqlite")
settings = ApiSettings(site_name="x", timezone="UTC", token="t", evidence=folder)
make_server(build_app(store, settings=settings), port=int(sys.argv[2])).run()
store.close()
"""


def test_sigterm(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path), str(port)])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            until = time.monotonic() + 30
            while True:
                try:
                    client.get("/healthz")
                    break
                except httpx.ConnectError:
                    assert time.monotonic() < until
                    time.sleep(0.05)
            with client.stream("GET", "/api/v1/feed") as feed:
                parts = feed.iter_raw()
                assert b"beat" in next(parts)
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=5.0) == 0
                for _ in parts:
                    pass
    finally:
        process.kill()
        process.wait()

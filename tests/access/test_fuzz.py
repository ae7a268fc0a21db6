"""S14: whatever a program sends, made from the API's own description, is answered and never a fault of the server."""

from __future__ import annotations

import os
import threading
import time
import warnings

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from pipeline.access import accounts, api_keys
from pipeline.access.access import Access
from pipeline.access.passwords import Hasher
from pipeline.access.roles import PERMISSIONS
from pipeline.api.app import build_app
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings, CameraInfo
from pipeline.store.store import Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its dependencies' own
    import schemathesis

EXAMPLES = 8
"""A route; `python -m pytest tests/access/test_fuzz.py` with NIGHTJAR_FUZZ=1000 looks longer."""
ENDLESS = "/api/v1/feed"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """An API with an administrator, her key, and a camera; the key may do everything."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "evidence").mkdir()
    store = Store(folder / "store.sqlite")
    access = Access(folder, clock=store.clock, hasher=Hasher(memory_kib=64, passes=1))
    accounts.add(access.book, name="anna", role="admin", cameras=None, password_hash="x", actor="test")
    key, _ = api_keys.make(access.book, account="anna", label="fuzz", permissions=PERMISSIONS, days=1, actor="test")
    app = build_app(
        store,
        settings=ApiSettings(
            site_name="x",
            timezone="UTC",
            token="t",
            evidence=folder / "evidence",
            cameras=[CameraInfo(camera_id="dock")],
        ),
        access=access,
    )
    server = make_server(app, port=0, log_level="critical")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield app, f"http://127.0.0.1:{port}", key
    server.should_exit = True
    thread.join(10)
    access.close()
    store.close()


def operations():
    """Every operation of the description, told apart by name."""
    app = build_app_for_names()
    paths = app.openapi()["paths"]
    return sorted(
        f"{method.upper()} {path}" for path, methods in paths.items() for method in methods if path != ENDLESS
    )


def build_app_for_names():
    from pathlib import Path
    from typing import cast

    class Nothing:
        clock = None

        def on_taken(self, watcher):
            pass

    settings = ApiSettings(site_name="x", timezone="UTC", token="t", evidence=Path(), web=Path("/nowhere"))
    return build_app(cast(Store, Nothing()), settings=settings)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", operations())
def test_no_request_is_a_fault_of_the_server(api, name, mode):
    app, url, key = api
    method, path = name.split(" ")
    operation = schemathesis.openapi.from_dict(app.openapi())[path][method]
    try:
        cases = operation.as_strategy(generation_mode=mode)
        examples = int(os.environ.get("NIGHTJAR_FUZZ", EXAMPLES))

        @given(case=cases)
        @settings(
            max_examples=examples,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],
            derandomize="NIGHTJAR_FUZZ" not in os.environ,
        )
        def fuzz(case):
            sent = case.as_transport_kwargs(base_url=url)
            answer = client.request(
                sent["method"], sent["url"], params=sent.get("params"), json=sent.get("json"), content=_content(sent),
                headers={**_ascii(sent.get("headers")), "Authorization": f"Bearer {key}"},
            )  # fmt: skip
            assert answer.status_code != 500, f"{case.as_curl_command()}\n{answer.text}"
            if answer.status_code >= 400:
                assert "json" in answer.headers["content-type"], case.as_curl_command()

        with httpx.Client(timeout=20, follow_redirects=False) as client:
            fuzz()
    except (schemathesis.core.errors.SchemathesisError, Unsatisfiable):
        if mode is schemathesis.GenerationMode.NEGATIVE:
            return  # an operation without any parameter cannot be asked wrongly
        raise


def _content(sent):
    data = sent.get("data")
    return data if isinstance(data, (bytes, str)) else None


def _ascii(headers):
    """Headers as HTTP carries them: others are refused by the client library, not by us."""
    return {
        k: v
        for k, v in (headers or {}).items()
        if str(k).isascii() and str(v).isascii() and "\n" not in str(v) and "\r" not in str(v)
    }

"""Serves the app with uvicorn, and stops within seconds although feeds are open."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Generator
from dataclasses import replace

import uvicorn
from fastapi import FastAPI

from pipeline.api.deps import Parts
from pipeline.api.settings import check_bind
from pipeline.errors import BadInput

GRACE_S = 3


class Server(uvicorn.Server):
    """uvicorn waits for open responses before it tells the app to shut down, and a feed never ends by itself: so the
    feeds are ended first. A signal ends `serve` and is not raised again, so that the process can exit with 0."""

    def __init__(self, config: uvicorn.Config, parts: Parts) -> None:
        super().__init__(config)
        self._parts = parts

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._parts.hub.close()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def make_server(app: FastAPI, *, host: str | None = None, port: int = 8000, log_level: str = "warning") -> Server:
    """A server for `build_app`'s app; `run()` blocks until SIGINT or SIGTERM, or `should_exit` is set.

    Raises:
        BadInput: others could reach it in the clear.
    """
    parts: Parts = app.state.parts
    reach = parts.settings.reach if host is None else replace(parts.settings.reach, host=host)
    check_bind(reach)
    if parts.access is None and not reach.loopback:
        raise BadInput(f"--host {reach.host}: an API without accounts serves this machine only")
    config = uvicorn.Config(
        app, host=reach.host, port=port, log_level=log_level, access_log=False, server_header=False,
        timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=75, lifespan="on", ws="none",
        proxy_headers=bool(reach.proxies), forwarded_allow_ips=list(reach.proxies),
        ssl_certfile=reach.certificate, ssl_keyfile=reach.key,
    )  # fmt: skip
    if reach.tls:
        config.load()
        assert config.ssl is not None
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return Server(config, parts)

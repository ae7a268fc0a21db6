"""A running Nightjar on one machine: the operators' store, the API with its pages, and one process per camera."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from dataclasses import replace
from pathlib import Path

from pipeline import __version__
from pipeline.access import links
from pipeline.access.access import Access
from pipeline.access.oidc.config import OidcConfig
from pipeline.access.oidc.flow import Flow
from pipeline.access.oidc.provider import Provider
from pipeline.alerts.consumer import Consumer
from pipeline.api.app import build_app
from pipeline.api.deps import Parts
from pipeline.api.server import make_server
from pipeline.api.settings import ApiSettings, CameraInfo, Reach, check_bind, is_loopback
from pipeline.clock import Clock
from pipeline.deskbook import build_desk_rules
from pipeline.editing.changes import Changes
from pipeline.editing.desk import SiteDesk
from pipeline.editing.setup import Setup
from pipeline.editing.versions import Versions
from pipeline.engine.local import LocalHost
from pipeline.engine.protocol import Job
from pipeline.errors import BadInput, NightjarError, StoreError
from pipeline.evidence.keys import signing_key
from pipeline.folders import DataFolder
from pipeline.lookout import build_sentry, posts_of
from pipeline.outside import World
from pipeline.past import track_reader
from pipeline.retention.keeper import Keeper
from pipeline.secrets import load_secrets
from pipeline.site import Site, parse_site
from pipeline.store.store import Store, new_token

log = logging.getLogger(__name__)

PORTS_TRIED = 20
STARTED_WITHIN_S = 15.0
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with


class Service:
    """Start, use, stop; also as a context manager. `url` is where the page is.

    `pace` plays files as live cameras. With `any_port` the next free port is taken where `port` is in use. `reach` says
    who can reach it; without it, `host` in the clear.

    Raises, when made:
        BadInput: the site has faults, or the data folder, its store or the port cannot be used.
    """

    def __init__(
        self,
        *,
        site_text: str,
        site_path: str,
        data: DataFolder,
        clock: Clock,
        host: str = "127.0.0.1",
        reach: Reach | None = None,
        port: int = 8000,
        any_port: bool = False,
        pace: bool = False,
        site_file: Path | None = None,
        oidc: OidcConfig | None = None,
    ) -> None:
        self.reach = reach or Reach(host=host)
        check_bind(self.reach)
        self.site = parse_site(site_text, site_path)
        self._sockets = _bind_all(self.reach.host, port, any_port=any_port)
        bound = self._sockets[0].getsockname()[1]
        self.url = _url(self.reach, _shown_host(self.reach.host), bound)
        try:
            self.store = Store(data.create().store, clock=clock)
            self.access = Access(data.root, clock=clock, loopback=self.reach.loopback)
        except StoreError as error:
            self._close_sockets()
            raise BadInput(f"--data {data.root}: {error}; stop the other one, or give a folder of its own") from None
        except BaseException:
            self._close_sockets()
            raise
        token = new_token()
        self._clock = clock
        self._job = Job(
            camera_id="", site_text=site_text, site_path=site_path, data=str(data.root),
            ingest_url=_url(self.reach, _own_address(self.reach.host), bound), token=token, epoch=0, pace=pace,
            ingest_certificate=str(self.reach.certificate or ""),
        )  # fmt: skip
        address = load_secrets(folder=self.site.folder).fill(self.site.alerts.link, where="alerts.link")
        self._consumer = None if address == "embedded" else Consumer(address, self.store, clock)
        self.workers = LocalHost(self._jobs(), clock=clock, new_epoch=self.store.new_epoch)
        settings = ApiSettings(
            site_name=self.site.name, timezone=self.site.timezone, token=token, evidence=data.evidence,
            cameras=camera_infos(self.site), version=__version__, reach=self.reach, desk=build_desk_rules(self.site),
            calendars=tuple(self.site.calendars), video_url=self.site.desk.video_url, tracks=track_reader(data),
        )  # fmt: skip
        signing_key(data.keys)
        self.keeper = Keeper(self.store, data, self.site.retention, pause=self.workers.held, clock=clock)
        self._sentry = build_sentry(self.site, self.store, self.workers.status, clock=clock)
        queue = (lambda: None) if self._consumer is None else self._consumer.trouble
        self.world = World(self.site, self.store, self.workers, data=data, clock=clock, queue=queue)
        app = build_app(
            self.store, control=self.workers, settings=settings, access=self.access, outside=self.world.outside()
        )
        app.state.eraser = self.keeper
        self._provider = None if oidc is None else Provider(oidc, clock=clock)
        app.state.oidc = None if self._provider is None else Flow(self._provider, clock=clock)
        self._app = app
        self._setup: Setup | None = None
        self._desk = self._open_desk(site_file or Path(site_path), data)
        self._server = make_server(app, port=bound)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": self._sockets}, name="api")

    def start(self) -> None:
        """Serve, then watch: workers start once the API takes their alerts.

        Raises:
            NightjarError: the API did not come up.
        """
        self._thread.start()
        until = self._clock.monotonic() + STARTED_WITHIN_S
        while not self._server.started:
            if not self._thread.is_alive() or self._clock.monotonic() > until:
                raise NightjarError("the API did not come up; the log says why")
            self._clock.sleep(0.02)
        if self._consumer is not None:
            self._consumer.start()
        self.world.start()
        self.workers.start()
        self.keeper.start()
        self._sentry.start()
        if self._desk is not None:
            self._desk.start()

    def stop(self) -> None:
        """Let the workers hand over what they hold, then stop serving."""
        if self._desk is not None:
            self._desk.stop()
        if self._setup is not None:
            self._setup.stop()
        self._sentry.stop()
        self.keeper.stop()
        self.workers.stop()
        if self._consumer is not None:
            self._consumer.stop()
        self.world.stop()
        self._server.should_exit = True
        with contextlib.suppress(RuntimeError):
            self._thread.join(timeout=10.0)
        if self._provider is not None:
            self._provider.close()
        self.access.close()
        self.store.close()

    def setup_link(self) -> str | None:
        """A fresh link to make the first account, good once; None where there is an account."""
        if not self.access.no_account():
            return None
        return f"{self.url}/login.html#link={links.make(self.access.book, account=None, actor='console')}"

    def _jobs(self) -> list[Job]:
        return [replace(self._job, camera_id=camera_id) for camera_id in self.site.cameras]

    def _open_desk(self, path: Path, data: DataFolder) -> SiteDesk | None:
        """The desk at which the site is changed while it runs; a site that came from no file cannot be."""
        if not path.is_file():
            return None
        versions = Versions(data.versions)
        desk = SiteDesk(path, name=self._job.site_path, versions=versions, clock=self._clock, apply=self._apply)
        self._setup = self._app.state.setup = Setup(desk, data=data, clock=self._clock, sights=self.workers.sights)
        return desk

    def _apply(self, text: str, site: Site, touched: Changes) -> None:
        """Go on with a changed site: cameras that it touches start anew, the pages and the desk judge by it at once.
        Where workers deliver (`alerts.link`) and retention stay as they were until the next start."""
        self.site, self._job = site, replace(self._job, site_text=text)
        self.workers.update(self._jobs(), anew={*touched.added, *touched.altered})
        self._sentry.watch(posts_of(site))
        try:
            self.world.change_site(site)
        except BadInput as error:
            log.error("sinks and heartbeat stay as they were: %s", error)
        parts: Parts = self._app.state.parts
        settings = replace(
            parts.settings, site_name=site.name, timezone=site.timezone, cameras=camera_infos(site),
            desk=build_desk_rules(site), video_url=site.desk.video_url,
            calendars=tuple(site.calendars),
        )  # fmt: skip
        self.store.desk_rules = settings.desk
        self._app.state.parts = replace(parts, settings=settings)
        log.warning(
            "the site was changed: cameras added %s, removed %s, started anew %s",
            *(", ".join(some) or "none" for some in (touched.added, touched.removed, touched.altered)),
        )

    def _close_sockets(self) -> None:
        for listener in self._sockets:
            listener.close()

    def __enter__(self) -> Service:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def camera_infos(site: Site) -> list[CameraInfo]:
    """What the pages draw over each camera's picture; never an address."""
    return [
        CameraInfo(
            camera_id=camera_id,
            name=camera_id,
            purpose=camera.purpose or "",
            zones={name: {"polygon": zone.polygon, "risk": zone.risk} for name, zone in camera.zones.items()},
            lines={name: {"points": line.points} for name, line in camera.lines.items()},
            rules=[
                {"id": rule.id, "kind": rule.kind, "severity": rule.severity, "trial": rule.trial,
                 "zones": list(rule.zone_names())}
                for rule in camera.rules
            ],
        )
        for camera_id, camera in site.cameras.items()
    ]  # fmt: skip


def _bind_all(host: str, port: int, *, any_port: bool) -> list[socket.socket]:
    """The address that people use and, where that is not it, loopback for the workers."""
    listeners = [_bind(host, port, any_port=any_port)]
    if not is_loopback(host) and host not in EVERYWHERE:
        try:
            listeners.append(_bind("127.0.0.1", listeners[0].getsockname()[1], any_port=False))
        except BadInput:
            listeners[0].close()
            raise
    return listeners


def _url(reach: Reach, host: str, port: int) -> str:
    return f"{'https' if reach.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _own_address(host: str) -> str:
    """Where the workers of this machine deliver."""
    if is_loopback(host):
        return host
    return "::1" if host == "::" else "127.0.0.1"


def _shown_host(host: str) -> str:
    return socket.gethostname() if host in EVERYWHERE else host


def _bind(host: str, port: int, *, any_port: bool) -> socket.socket:
    if not 0 < port < 65536:
        raise BadInput(f"--port {port}: a number from 1 to 65535 is allowed")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(65536, port + (PORTS_TRIED if any_port else 1))):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError:
            listener.close()
            continue
        return listener
    last = f" to {port + PORTS_TRIED - 1}" if any_port else ""
    raise BadInput(f"--port {port}{last}: in use on {host}; give a free port")

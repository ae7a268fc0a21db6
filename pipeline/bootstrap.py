"""The one place that picks implementations: a site and a data folder in, a camera's stages out."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import cv2

from pipeline import tamper
from pipeline.alerts.embedded import EmbeddedLink
from pipeline.alerts.link import Link
from pipeline.alerts.message import (
    SystemBody,
    alert_message,
    evidence_message,
    status_message,
    system_alert_id,
    system_message,
)
from pipeline.alerts.outbox import Outbox
from pipeline.alerts.policy import Policy, RulePolicy
from pipeline.alerts.redis import RedisLink
from pipeline.alerts.relay import Relay
from pipeline.announce import Announcer, Cut, Cutter
from pipeline.camera import Camera
from pipeline.clock import Clock
from pipeline.detect import Detector, DetectorSpec, open_detector
from pipeline.detect.wanted import Wanted
from pipeline.engine.protocol import Job
from pipeline.errors import BadInput
from pipeline.folders import DataFolder
from pipeline.guard import Guard
from pipeline.inputs.switches import JOURNAL, LiveSwitches, SwitchedCalendar, Switches
from pipeline.learning import RouteLearner
from pipeline.rulebook import build_engine, calendar_of
from pipeline.secrets import RedactingFilter, Secrets, load_secrets
from pipeline.site import CameraConfig, Site, parse_site
from pipeline.site.rules import UnusualRoute
from pipeline.snapshot import Snapshots, live_picture
from pipeline.tamper import TamperRules, presence_rule
from pipeline.track.log import TrackLog
from pipeline.track.tracker import Tracker, TrackerParams
from pipeline.types import Alert, CameraStatus, Evidence, Frame
from pipeline.video.clip import ClipInfo
from pipeline.video.evidence_stream import EvidenceStream, open_evidence
from pipeline.video.hardware import choose as choose_hardware
from pipeline.video.health import CameraHealth, HealthParams
from pipeline.video.pacing import Sampler
from pipeline.video.source import Source, open_source
from pipeline.worker import Inputs, Output, Rules, Worker
from rules.base import Schedule
from rules.engine import Engine
from rules.routes import RouteModel, RouteParams
from rules.types import PERSON

log = logging.getLogger(__name__)

FAINT_SCORE = 0.1
"""A detection below the site's score begins nothing, but from here on it carries on somebody who was followed."""
UNPROVEN_S = 0.5
"""Somebody new may be missed for two frames at 5 a second before the second sight. With both, all six alarms of the
one-by-one clip come within 0.3 s (YOLOX-nano); without, one came 0.9 s late."""


def open_site_detector(site: Site, data: DataFolder) -> Detector:
    """The detector that a site asks for. Nothing is downloaded.

    `detector.threads` holds for all work on this process's pictures: OpenCV's own threads, as many as there are cores,
    wait by spinning, which costs more than they save on pictures this small.

    Raises:
        ModelError: it is unknown, absent or damaged.
    """
    chosen = site.detector
    cv2.setNumThreads(chosen.threads)
    model = chosen.model
    if model not in ("auto", "motion") and (site.folder / model).is_file():
        model = str(site.folder / model)
    spec = DetectorSpec(
        model=model, score=min(FAINT_SCORE, chosen.score), family=chosen.family, regions=chosen.regions,
        providers=chosen.providers, threads=chosen.threads, classes=_watched(site),
    )  # fmt: skip
    return open_detector(spec, models_folder=data.models)


def _watched(site: Site) -> tuple[int, ...]:
    """The classes that a site's rules name, and people."""
    rules = [rule for camera in site.cameras.values() for rule in camera.rules]
    return tuple(sorted({class_id for rule in rules for class_id in rule.class_ids} | {PERSON}))


def build_worker(
    site: Site, camera_id: str, *, detector: Detector, engine: Rules, output: Output,
    inputs: Inputs | None = None,
) -> Worker:  # fmt: skip
    """The stages of one camera in a row, for live cameras and `analyze` alike."""
    config = site.cameras[camera_id]
    classes = {class_id for rule in config.rules for class_id in rule.class_ids} | {PERSON}
    score = site.detector.score
    return Worker(
        camera_id=camera_id,
        sampler=Sampler(config.analyze_fps),
        detector=Wanted(detector, classes=sorted(classes), ignore=config.ignore),
        tracker=Tracker(TrackerParams(birth_score=score, unproven_s=UNPROVEN_S, camera_moves=config.moves)),
        engine=engine,
        output=output,
        inputs=inputs,
    )


def build_learner(site: Site, camera_id: str, *, data: DataFolder, key: str) -> RouteLearner | None:
    """Learns this camera's usual routes, where one of its rules wants them."""
    learned = [rule for rule in site.cameras[camera_id].rules if isinstance(rule, UnusualRoute) and rule.learned]
    if not learned:
        return None
    given = {} if learned[0].min_tracks is None else {"min_tracks": learned[0].min_tracks}
    params = RouteParams(min_days=learned[0].min_days, **given)
    return RouteLearner(data.route_model(camera_id), key=key, params=params, verdicts=data.verdicts)


def route_model(data: DataFolder, camera_id: str, *, key: str | None = None) -> RouteModel | None:
    """What was learned of this camera, or None; with a key nothing that was learned of another view or detector."""
    path = data.route_model(camera_id)
    if not path.is_file():
        return None

    try:
        model = RouteModel.from_bytes(path.read_bytes())
    except ValueError as error:
        raise BadInput(f"{path}: not a learned route model: {error}") from None
    return None if key is not None and model.key not in ("", key) else model


def build_camera(job: Job, *, clock: Clock) -> Camera:
    """Everything that one camera's process holds.

    Raises:
        BadInput: the site, its secrets, its model or its source cannot be used; the message holds no credential.
    """
    site = parse_site(job.site_text, job.site_path)
    config = site.cameras[job.camera_id]
    data = DataFolder(job.data_folder)
    secrets = load_secrets(folder=site.folder)
    source_text = site.source_of(job.camera_id, secrets)
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactingFilter(secrets.of([config.source, config.evidence_source or "", site.alerts.link])))
    detector = open_site_detector(site, data)
    delivery = _Delivery(job, link=_link(job, link_address(site, secrets), clock), data=data, clock=clock)
    track_log = TrackLog(data.tracks(), job.camera_id)
    camera: Camera

    main_address = site.evidence_source_of(job.camera_id, secrets)
    main = (
        None if main_address is None
        else open_evidence(job.camera_id, main_address, clock=clock, masks=config.masks)
    )  # fmt: skip
    hardware = choose_hardware(config.hardware)

    def cutter() -> Cutter:
        assert camera.source is not None
        latest = camera.worker.latest
        shift_s = 0.0 if latest is None else latest[0].utc - latest[0].pts
        return _cutter(camera.source, main=main, shift_s=shift_s)

    seen_by = view_key(config, detector.name)
    learner = build_learner(site, job.camera_id, data=data, key=seen_by)
    inputs = LiveSwitches(data.inputs, journal=track_log.folder / JOURNAL, clock=clock)
    routes = route_model(data, job.camera_id, key=seen_by)
    engine = build_engine(site, job.camera_id, route_model=routes, switches=inputs)
    watched = watched_rules(site, job.camera_id, engine, switches=inputs)
    policy = build_policy(site, job.camera_id, detector, engine)
    snapshots = Snapshots(site, job.camera_id, folder=data.evidence)
    announcer = Announcer(
        apply=policy.apply, post=delivery, track_log=track_log, cutter=cutter, learner=learner,
        draw=snapshots,
    )  # fmt: skip
    worker = build_worker(site, job.camera_id, detector=detector, engine=watched, output=announcer, inputs=inputs)

    def connect(run_id: int, resume_pts: float | None) -> Source:
        return open_source(
            job.camera_id, source_text, clock=clock, run_id=run_id, start_utc=site.start_utc(job.camera_id),
            pace=job.pace, resume_pts=resume_pts, masks=config.masks, hardware=hardware,
        )  # fmt: skip

    camera = Camera(
        camera_id=job.camera_id, clock=clock, worker=worker, announcer=announcer, delivery=delivery,
        stages={"tracker": worker.tracker, "engine": worker.engine, "policy": policy, "detector": worker.detector},
        connect=connect, new_sampler=lambda pts: Sampler(config.analyze_fps, resume_pts=pts),
        draw_picture=lambda frame, tracks: live_picture(frame, tracks, config),
        checkpoint_path=data.checkpoint(job.camera_id), source_text=source_text, detector_name=detector.name,
        close_log=track_log.close, learner=learner, notes=detector.notes,
        guard=Guard(
            health=CameraHealth(HealthParams(covered_s=config.covered_s, aim=not config.moves)), tell=delivery.system,
            zones=list(config.zones), needs_fps=max((rule.needs.min_fps for rule in engine.rules), default=0.0),
            path=data.view(job.camera_id), key=view_key(config, "view"),
            offer=lambda frame, since_utc: delivery.offer_view(snapshots, frame, since_utc),
        ),
    )  # fmt: skip
    watched.moved = lambda: camera.guard.moved
    if learner is not None:
        learner.moved = watched.moved
    for note in (*detector.notes, *filter(None, [hardware.note])):
        log.warning("camera %s: %s", job.camera_id, note)
    log.info("camera %s: detector %s", job.camera_id, detector.name)
    return camera


def view_key(config: CameraConfig, seen_by: str) -> str:
    """Names what something was learned from: another address, mask or detector sees something else."""
    text = repr((config.source, config.masks, config.ignore, seen_by))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def watched_rules(site: Site, camera_id: str, engine: Engine, *, switches: Switches | None = None) -> TamperRules:
    """A camera's rules, and presence while closed for when it was moved. Closed is what any of its rules' calendars
    calls so, else any of the site's; without calendars, always."""
    named = sorted({name for rule in site.cameras[camera_id].rules for name in rule.calendar_names()})
    plain = [calendar_of(site, name) for name in named or sorted(site.calendars)]
    calendars: list[Schedule] = [*plain]
    if switches is not None:
        calendars = [SwitchedCalendar(calendar, switches, camera_id=camera_id, zones=()) for calendar in plain]
    return TamperRules(engine, presence_rule(site=site.name, camera_id=camera_id, calendars=calendars))


def build_policy(site: Site, camera_id: str, detector: Detector, engine: Engine) -> Policy:
    """Severity, trial and incidents of one camera's rules; those that need people are degraded by movement alone."""
    careful = {rule.rule_id for rule in engine.rules if rule.needs.people}
    rules = [
        RulePolicy(
            id=rule.id, kind=rule.kind, severity=rule.severity, trial=rule.trial, cooldown_s=rule.cooldown_s,
            zone_id=next(iter(rule.zone_names()), None), needs_people=rule.id in careful,
        )
        for rule in site.cameras[camera_id].rules
    ]  # fmt: skip
    rules.append(RulePolicy(id=tamper.RULE_ID, kind="after_hours", severity="high"))
    return Policy(
        site_name=site.name, camera_id=camera_id, rules=rules, detector_name=detector.name, detector_kind=detector.kind
    )


def link_address(site: Site, secrets: Secrets) -> str:
    """`embedded`, or the broker's address with its secrets filled in: keep it out of logs."""
    return secrets.fill(site.alerts.link, where="alerts.link")


def _link(job: Job, address: str, clock: Clock) -> Link:
    if address == "embedded":
        return EmbeddedLink(job.ingest_url, job.token, certificate=job.ingest_certificate)
    return RedisLink(address, camera_id=job.camera_id, epoch=job.epoch, clock=clock)


class _Delivery:
    """The outbox with its relay, in the words of `Announcer` and `Camera`."""

    def __init__(self, job: Job, *, link: Link, data: DataFolder, clock: Clock) -> None:
        self._camera_id = job.camera_id
        self._epoch = job.epoch
        self._clock = clock
        self._outbox = Outbox(data.outbox(job.camera_id), camera_id=job.camera_id, epoch=job.epoch, clock=clock)
        self._link = link
        self._relay = Relay(self._outbox, link, clock)
        self._relay.start()

    def alert(self, alert: Alert) -> None:
        self._outbox.put(alert_message(alert, raised_utc=self._clock.utc()))

    def evidence(self, alert_id: str, evidence: Evidence) -> None:
        now = self._clock.utc()
        self._outbox.put(
            evidence_message(alert_id=alert_id, camera_id=self._camera_id, evidence=evidence, raised_utc=now)
        )

    def system(
        self, code: str, change: Literal["start", "end"], *, since_utc: float, utc: float, why: Mapping[str, Any]
    ) -> None:
        self._outbox.put(
            system_message(
                camera_id=self._camera_id, code=code, change=change, since_utc=since_utc, utc=utc,
                raised_utc=self._clock.utc(), why=why,
            )
        )  # fmt: skip

    def offer_view(self, snapshots: Snapshots, frame: Frame, since_utc: float) -> None:
        """The picture of a moved camera, with its zones as they lie now, beside the alert that says so."""
        moved = system_message(
            camera_id=self._camera_id, code="moved", change="start", since_utc=since_utc, utc=since_utc,
            raised_utc=since_utc,
        )  # fmt: skip
        assert isinstance(moved.body, SystemBody)
        alert_id = system_alert_id(self._camera_id, moved.body)
        picture = snapshots.view(alert_id, frame)
        if picture is not None:
            self.evidence(alert_id, picture)

    def tell(self, status: CameraStatus) -> None:
        """Over a broker a status is not sent: the supervisor hears it, and each would stay for as long as an alert."""
        if self._link.name != "embedded":
            return
        now = self._relay.status()
        message = status_message(status, raised_utc=self._clock.utc(), outbox_depth=now.depth, outbox_lag_s=now.lag_s)
        self._relay.tell(message.model_copy(update={"epoch": self._epoch}))

    def numbers(self) -> dict[str, float]:
        now = self._relay.status()
        return {"outbox_depth": float(now.depth), "outbox_lag_s": now.lag_s}

    def superseded(self) -> bool:
        return self._relay.status().stale > 0

    def close(self) -> None:
        self._relay.stop()
        self._outbox.close()


def _cutter(source: Source, *, main: EvidenceStream | None, shift_s: float) -> Cutter:
    """Cuts from the main stream where there is one that holds the time, else from the analysed one. `shift_s` is wall
    time less media time of the analysed stream."""

    def cut(since_pts: float, until_pts: float, path: Path) -> Cut | None:
        if main is not None:
            whole = main.cut(since_pts + shift_s, until_pts + shift_s, path)
            if isinstance(whole, ClipInfo):
                return Cut(whole.sha256, whole.start_pts - shift_s)
            log.warning("clip from the analysed stream: %s", whole.reason)
        made = source.ring.cut(since_pts, until_pts, path)
        if isinstance(made, ClipInfo):
            return Cut(made.sha256, made.start_pts)
        log.warning("no clip: %s", made.reason)
        return None

    return cut


def log_to_stderr(name: str, *, verbose: bool = False) -> None:
    """Log lines for people, credentials removed before they are written."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {name}: %(levelname)s: %(message)s", "%H:%M:%S"))
    handler.addFilter(RedactingFilter())
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler], force=True)

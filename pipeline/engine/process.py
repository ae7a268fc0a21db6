"""A camera's own process: `python -m pipeline.engine.process`, told what to do on its standard input.

It opens the source, follows it with the worker, reconnects with back-off and never gives up; a thread reports how it
is doing. It ends when its input closes, when its file has ended, or when a newer copy of it has taken over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import sys
import threading
from typing import IO

from pipeline.bootstrap import build_camera, log_to_stderr
from pipeline.camera import Camera
from pipeline.clock import SystemClock
from pipeline.engine.protocol import Job, parse_down, picture_line, sight_line, status_line
from pipeline.errors import NightjarError, SourceError
from pipeline.types import CameraState, CameraStatus, Frame, sight_of
from pipeline.video.knock import knocker
from pipeline.video.reconnect import Reconnector
from pipeline.video.source import Source

log = logging.getLogger(__name__)

REPORT_S = 0.5
CHECKPOINT_S = 2.0
LONGEST_SIGHT_S = 30.0
"""Who walks the site asks again before this is over; nobody has to say when it ends."""
STUCK_S = 20.0
"""A loop that has not moved for this long while it should be watching stops reporting, so that it is restarted."""


class CameraProcess:
    """The loop around the worker: connect, follow, checkpoint, report, reconnect."""

    def __init__(self, camera: Camera, *, out: IO[str]) -> None:
        self.camera = camera
        self.clock = camera.clock
        self.stopping = threading.Event()
        self.state: CameraState = "starting"
        self.error: str | None = None
        self._out = out
        self._out_lock = threading.Lock()
        self._picture_wanted = threading.Event()
        self._accept_wanted = threading.Event()
        self._sight_until = -1.0
        self._moved_at = self._saved_at = self.clock.monotonic()
        self._frame_s: float | None = None
        self._counted = (self._moved_at, 0, 0)
        self._rates = (0.0, 0.0)

    def run(self) -> None:
        """Until the supervisor hangs up, the file ends, or a newer copy of this worker exists."""
        reporter = threading.Thread(target=self._report, name="report", daemon=True)
        reporter.start()
        reconnector = Reconnector(
            self.camera.open, clock=self.clock, rng=random.Random(), report=self._enter,  # noqa: S311
            stop=self._stop, first_run_id=self.camera.first_run_id, knock=knocker(self.camera.source_text),
        )  # fmt: skip
        if not self.camera.ended:
            for source in reconnector.runs():
                try:
                    if self._follow_to_the_end(source):
                        self.camera.finish()
                        break
                except SourceError as error:
                    reconnector.failed(error)
                    log.warning("camera %s: %s", self.camera.camera_id, error)
        if self.camera.ended:
            self._enter("ended", None)
        else:
            self.camera.save()
        self.stopping.set()
        reporter.join(timeout=5.0)
        self._say(picture_line(self.camera.picture()))
        self.camera.close()
        self._say(status_line(self.status()))

    def _stop(self) -> bool:
        self._moved_at = self.clock.monotonic()
        return self.stopping.is_set()

    def _follow_to_the_end(self, source: Source) -> bool:
        """Follow one connection; True once a file has been seen to its end."""
        for frame in source.frames():
            if self.stopping.is_set():
                return False
            self._follow(frame)
        return not source.info.live

    def _follow(self, frame: Frame) -> None:
        self._moved_at = self.clock.monotonic()
        camera = self.camera
        before, raised = camera.worker.frames_done, camera.announcer.raised
        camera.worker.follow(frame)
        if camera.worker.frames_done == before:
            return
        self._frame_s = self._moved_at
        if self._accept_wanted.is_set():
            self._accept_wanted.clear()
            camera.accept_view()
        camera.guard.look(frame)
        if camera.announcer.raised > raised or self._moved_at - self._saved_at >= CHECKPOINT_S:
            camera.save()
            self._saved_at = self._moved_at
            if camera.wants_restart():
                log.info("camera %s: starting anew to judge by what was learned", camera.camera_id)
                self.stopping.set()
        if self._picture_wanted.is_set():
            self._picture_wanted.clear()
            self._say(picture_line(camera.picture()))
        if self._moved_at < self._sight_until:
            self._tell_sight(frame)
        if camera.delivery.superseded():
            log.error("camera %s: a newer copy of this worker runs; this one ends", camera.camera_id)
            self.stopping.set()

    def _tell_sight(self, frame: Frame) -> None:
        worker = self.camera.worker
        if worker.latest is not None:
            sight = sight_of(worker.latest[1], seq=worker.frames_done, width=frame.width, height=frame.height)
            self._say(sight_line(sight))

    def listen(self, lines: IO[str]) -> None:
        """Requests of the supervisor; the end of its input is the end of this process's work."""
        for line in lines:
            asked = parse_down(line)
            match asked.get("ask"):
                case "accept_view":
                    self._accept_wanted.set()
                case "sight":
                    lasts_s = min(LONGEST_SIGHT_S, float(asked.get("for_s", 0.0)))
                    self._sight_until = self.clock.monotonic() + lasts_s
                case "picture" if self.state == "running":
                    self._picture_wanted.set()
                case "picture":
                    self._say(picture_line(self.camera.picture()))
                case _:
                    continue
        self.stopping.set()

    def status(self) -> CameraStatus:
        now = self.clock.utc()
        running = self.state == "running"
        return CameraStatus(
            camera_id=self.camera.camera_id,
            state=self.state,
            fps_in=round(self._rates[0], 2) if running else 0.0,
            fps_done=round(self._rates[1], 2) if running else 0.0,
            dropped=self.camera.dropped(),
            frame_age_s=None if self._frame_s is None else round(self.clock.monotonic() - self._frame_s, 3),
            error=self.error or self.camera.guard.ailments,
            detector="; ".join((self.camera.detector_name, *self.camera.notes)),
            utc=now,
        )

    def _enter(self, state: CameraState, error: str | None) -> None:
        self.state, self.error = state, error
        self._moved_at = self.clock.monotonic()

    def _report(self) -> None:
        while True:
            now = self.clock.monotonic()
            if self.state != "running" or now - self._moved_at <= STUCK_S:
                try:
                    self._report_once(now)
                except Exception:  # a thread's edge: the camera goes on, the next report may succeed
                    log.exception("camera %s: no report", self.camera.camera_id)
            if self.stopping.wait(REPORT_S):
                return

    def _report_once(self, now: float) -> None:
        self._measure(now)
        status = self.status()
        self.camera.delivery.tell(status)
        self._say(status_line(status, **self.camera.delivery.numbers()))

    def _measure(self, now: float) -> None:
        at, seen, done = self._counted
        worker = self.camera.worker
        if now - at >= 2.0:
            self._rates = ((worker.frames_in - seen) / (now - at), (worker.frames_done - done) / (now - at))
            self._counted = (now, worker.frames_in, worker.frames_done)
            if self.state == "running" and worker.latest is not None:
                self.camera.guard.pace(self._rates[1], utc=worker.latest[1].utc)

    def _say(self, line: str) -> None:
        with self._out_lock, contextlib.suppress(OSError, ValueError):
            self._out.write(line + "\n")
            self._out.flush()


def main() -> int:
    """Exit code 0 when done or where the job cannot be done at all (the status says why)."""
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor, which then asks to end
    out, sys.stdout = sys.stdout, sys.stderr
    line = sys.stdin.readline()
    if not line:  # a spare that was never needed
        return 0
    job = Job.parse(line)
    log_to_stderr(job.camera_id)
    clock = SystemClock()
    try:
        camera = build_camera(job, clock=clock)
    except NightjarError as error:
        status = CameraStatus(camera_id=job.camera_id, state="misconfigured", error=str(error), utc=clock.utc())
        out.write(status_line(status) + "\n")
        out.flush()
        log.error("camera %s: %s", job.camera_id, error)
        return 0
    process = CameraProcess(camera, out=out)
    threading.Thread(target=process.listen, args=(sys.stdin,), name="listen", daemon=True).start()
    process.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

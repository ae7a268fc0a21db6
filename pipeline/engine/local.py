"""Local processes: one per camera, watched and restarted with back-off. One crash costs one camera.

A spare process with its libraries loaded waits for the next crash; loading them is most of what a start costs."""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import IO

from pipeline.clock import Clock
from pipeline.engine.protocol import Job, parse_up, sight_ask
from pipeline.types import CameraStatus, Sight

log = logging.getLogger(__name__)

HEALTHY_S = 60.0
"""A process that ran this long earns a fresh back-off."""
BACKOFF_S = (0.5, 30.0)
HUNG_S = 30.0
"""A process that says nothing for this long is stuck in a library: it is killed and started again."""
FIRST_WORD_S = 120.0
"""A process on a busy machine may take long to load its libraries before it says anything at all."""
HELD_WITHIN_S = 10.0
ACCEPT_VIEW = '{"v":1,"ask":"accept_view"}'
SIGHT_S = 5.0
SIGHTS_KEPT = 100
FINISHED = ("ended", "misconfigured", "stopped")


class LocalHost:
    """Implements `WorkerHost` with one child process per job.

    `new_epoch(camera_id)` gives the number of this start; the store refuses messages of older ones, so a copy that
    was frozen and thaws adds nothing.
    """

    def __init__(self, jobs: Sequence[Job], *, clock: Clock, new_epoch: Callable[[str], int]) -> None:
        self._children = {job.camera_id: _Child(job=job) for job in jobs}
        self._clock = clock
        self._new_epoch = new_epoch
        self._spare: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        for child in self._children.values():
            self._spawn(child)
        self._thread.start()

    def stop(self, *, timeout_s: float = 10.0) -> None:
        self._stopping.set()
        self._thread.join(timeout=5.0)
        deadline = self._clock.monotonic() + timeout_s
        for child in self._children.values():
            child.ask_to_end()
        for child in self._children.values():
            child.end(within_s=max(0.1, deadline - self._clock.monotonic()))
        self._end_spare()

    def status(self) -> list[CameraStatus]:
        return [child.status for child in self._children.values()]

    def numbers(self, camera_id: str) -> dict[str, float]:
        """Plain numbers beside the status: outbox depth, tracks in sight."""
        return dict(self._children[camera_id].numbers)

    def picture(self, camera_id: str) -> bytes | None:
        child = self._children.get(camera_id)
        if child is None:
            return None
        return child.ask_picture(timeout_s=2.0) or (child.last if child.status.state == "ended" else None)

    def restart(self, camera_id: str) -> None:
        child = self._children[camera_id]
        child.failures = 0
        child.ask_to_end()
        child.end(within_s=5.0)
        child.restart_at = self._clock.monotonic()

    def accept_view(self, camera_id: str) -> bool:
        """Have a moved camera's present view count as the right one; False where its process does not run."""
        return self._children[camera_id].ask(ACCEPT_VIEW)

    def sights(self, camera_id: str) -> list[Sight]:
        """The last analysed frames, oldest first, and have the process tell of them for a while longer. Raises
        KeyError."""
        child = self._children[camera_id]
        now = self._clock.monotonic()
        if now - child.sight_asked_at > SIGHT_S / 2 and child.ask(sight_ask(SIGHT_S)):
            child.sight_asked_at = now
        return list(child.sights)

    def update(self, jobs: Sequence[Job], *, anew: Collection[str]) -> None:
        """Go on with these jobs: cameras that are not among them end, new ones start, and those in `anew` start anew;
        the others go on undisturbed, with the new job at their next start."""
        wanted = {job.camera_id: job for job in jobs}
        before = self._children
        self._children = {
            camera_id: before[camera_id] if camera_id in before else _Child(job=job)
            for camera_id, job in wanted.items()
        }
        for camera_id, child in before.items():
            if camera_id not in wanted or camera_id in anew:
                with child.turn:
                    child.restart_at = None
                    child.ask_to_end()
                    child.end(within_s=HELD_WITHIN_S)
        for camera_id, child in self._children.items():
            with child.turn:
                child.job = replace(wanted[camera_id], epoch=child.job.epoch)
                if (camera_id in anew or camera_id not in before) and not self._stopping.is_set():
                    child.failures, child.restart_at = 0, self._clock.monotonic()
                    child.status = CameraStatus(camera_id=camera_id, state="starting")

    @contextlib.contextmanager
    def held(self, camera_id: str) -> Iterator[None]:
        """While this lasts the camera's process does not run, so that its files may be changed; then it starts anew.
        A camera that nobody runs (any more) is no fault."""
        child = self._children.get(camera_id)
        if child is None:
            yield
            return
        with child.turn:
            runs = child.process is not None or child.restart_at is not None
            child.held = True
            child.ask_to_end()
            child.end(within_s=HELD_WITHIN_S)
        try:
            yield
        finally:
            with child.turn:
                child.held = False
                child.restart_at = self._clock.monotonic() if runs and not self._stopping.is_set() else None

    def job(self, camera_id: str) -> Job:
        """What a camera's process was told, or will be."""
        return self._children[camera_id].job

    def pid(self, camera_id: str) -> int | None:
        process = self._children[camera_id].process
        return process.pid if process is not None and process.poll() is None else None

    def finished(self) -> bool:
        """True once every camera's source has ended or cannot be run at all."""
        return all(child.status.state in FINISHED for child in self._children.values())

    def _run(self) -> None:
        while not self._stopping.wait(0.1):
            for child in self._children.values():
                with child.turn:
                    if not child.held:
                        self._watch(child)
            self._keep_spare()

    def _keep_spare(self) -> None:
        """Have one process ready, once nobody is starting: what crashes next need not wait for its libraries."""
        if self._spare is not None and self._spare.poll() is None:
            return
        children = self._children.values()
        starting = any(child.restart_at is not None or child.silent for child in children)
        if not starting and any(child.process is not None for child in children):
            self._spare = _new_process()

    def _end_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is None:
            return
        spare.kill()
        spare.wait(timeout=5.0)
        for pipe in (spare.stdin, spare.stdout):
            if pipe is not None:
                pipe.close()

    def _take_process(self) -> subprocess.Popen[str]:
        spare, self._spare = self._spare, None
        return spare if spare is not None and spare.poll() is None else _new_process()

    def _watch(self, child: _Child) -> None:
        now = self._clock.monotonic()
        if child.restart_at is not None:
            if now >= child.restart_at:
                self._spawn(child)
            return
        process = child.process
        if process is None:
            return
        if process.poll() is None:
            patience_s = FIRST_WORD_S if child.silent else HUNG_S
            if now - child.heard_at > patience_s:
                log.error("camera %s: its process says nothing for %.0f s; killed", child.job.camera_id, patience_s)
                process.kill()
            return
        self._ended(child, code=process.returncode, now=now)

    def _ended(self, child: _Child, *, code: int, now: float) -> None:
        child.forget()
        if code == 0 and child.status.state in FINISHED:
            return
        if code == 0:  # it asked for a new start, to judge by what it has learned
            child.restart_at = now
            return
        child.failures = 1 if now - child.started_at > HEALTHY_S else child.failures + 1
        first, last = BACKOFF_S
        wait = random.uniform(0.5, 1.0) * min(last, first * 2 ** (child.failures - 1))  # noqa: S311
        log.error("camera %s: its process ended with code %s; again in %.1f s", child.job.camera_id, code, wait)
        child.status = replace(
            child.status, state="crashed", fps_in=0.0, fps_done=0.0, error=f"process ended with code {code}"
        )
        child.restart_at = now + wait

    def _spawn(self, child: _Child) -> None:
        child.restart_at = None
        child.started_at = child.heard_at = self._clock.monotonic()
        child.job = replace(child.job, epoch=self._new_epoch(child.job.camera_id))
        child.start(self._take_process(), self._clock)


def _new_process() -> subprocess.Popen[str]:
    """A camera's process without a camera yet: it loads its libraries and waits for its job."""
    command = [sys.executable, "-m", "pipeline.engine.process"]
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


@dataclass(slots=True)
class _Child:
    """One camera's process as its supervisor sees it."""

    job: Job
    process: subprocess.Popen[str] | None = None
    status: CameraStatus = field(init=False)
    numbers: dict[str, float] = field(default_factory=dict)
    pictures: queue.Queue[bytes | None] = field(default_factory=lambda: queue.Queue(maxsize=1))
    last: bytes | None = None
    sights: deque[Sight] = field(default_factory=lambda: deque(maxlen=SIGHTS_KEPT))
    sight_asked_at: float = -SIGHT_S
    failures: int = 0
    started_at: float = 0.0
    heard_at: float = 0.0
    restart_at: float | None = None
    reader: threading.Thread | None = None
    asking: threading.Lock = field(default_factory=threading.Lock)
    held: bool = False
    turn: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.status = CameraStatus(camera_id=self.job.camera_id, state="starting")

    @property
    def silent(self) -> bool:
        """Whether its process runs and has said nothing so far."""
        return self.process is not None and self.heard_at <= self.started_at

    def start(self, process: subprocess.Popen[str], clock: Clock) -> None:
        self.process = process
        self.sights.clear()
        self.sight_asked_at = -SIGHT_S
        self._say(self.job.line())
        assert self.process.stdout is not None
        self.reader = threading.Thread(target=self._listen, args=(self.process.stdout, clock), daemon=True)
        self.reader.start()

    def ask_to_end(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except OSError:
                log.debug("camera %s: its process is gone already", self.job.camera_id)

    def end(self, *, within_s: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=5.0)
        self.forget()

    def forget(self) -> None:
        """The process has ended: hear its last words and let go of its pipes."""
        self.ask_to_end()
        if self.reader is not None:
            self.reader.join(timeout=2.0)
        self.process = self.reader = None

    def ask(self, line: str) -> bool:
        """Say something that asks for no answer; False where nobody listens."""
        with self.asking:
            return self._say(line)

    def ask_picture(self, *, timeout_s: float) -> bytes | None:
        with self.asking:
            while not self.pictures.empty():
                self.pictures.get_nowait()
            if not self._say('{"v":1,"ask":"picture"}'):
                return None
            try:
                return self.pictures.get(timeout=timeout_s)
            except queue.Empty:
                return None

    def _say(self, line: str) -> bool:
        if self.process is None or self.process.stdin is None:
            return False
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def _listen(self, stream: IO[str], clock: Clock) -> None:
        with stream:
            for line in stream:
                self.heard_at = clock.monotonic()
                self._hear(line)

    def _hear(self, line: str) -> None:
        try:
            said = parse_up(line)
        except (ValueError, TypeError):
            log.warning("camera %s said something unreadable (%d bytes)", self.job.camera_id, len(line))
            return
        if "status" in said:
            self.status, self.numbers = said["status"], said["more"]
            return
        if "sight" in said:
            self.sights.append(said["sight"])
            return
        self.last = said["picture"] or self.last
        if not self.pictures.full():
            self.pictures.put_nowait(said["picture"])

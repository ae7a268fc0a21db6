"""Coming back to a camera: again and again, ever more seldom, never all cameras at once, never giving up."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from pipeline.clock import Clock
from pipeline.errors import SourceError
from pipeline.types import CameraState
from pipeline.video.knock import EVERY_S, Doorbell
from pipeline.video.source import Source

FIRST_S = 0.5
LONGEST_S = 30.0
REFUSED_S = 60.0
"""The soonest that a camera which said 401 or 404 is asked again: cameras lock accounts after a few wrong passwords."""
HEALTHY_S = 60.0
_SLICE_S = 0.5

_SAID_NO: frozenset[CameraState] = frozenset(("unauthorised", "not_found", "misconfigured"))


class Backoff:
    """How long to wait after each failure: a random share of 0.5, 1, 2 .. 30 s ("full jitter", Brooker, AWS
    Architecture Blog 2015), so that a hundred cameras behind one switch do not return in step.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._failures = 0

    def delay_s(self, state: CameraState, *, healthy_s: float = 0.0) -> float:
        """Seconds to wait after a run that ended in `state` and had been healthy for `healthy_s`."""
        if healthy_s >= HEALTHY_S:
            self._failures = 0
        self._failures += 1
        if state in _SAID_NO:
            return REFUSED_S + self._rng.uniform(0.0, LONGEST_S)
        # The exponent is capped too: 2.0 ** 1024 overflows after some hours without a camera.
        return self._rng.uniform(0.0, min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures - 1, 16)))


class Reconnector:
    """One open source after another, for as long as nobody stops it.

    `connect(run_id)` opens one run; `report(state, message)` hears of every change of state. The caller reads each
    source that `runs` yields, tells `failed` what ended it, and comes back for the next; a source is closed when the
    caller comes back. `stop` is asked between runs and twice a second while waiting. `knock` tells whether a camera
    that was away answers again; then the wait is cut short, but never where the camera itself has said no.
    """

    def __init__(
        self,
        connect: Callable[[int], Source],
        *,
        clock: Clock,
        rng: random.Random,
        report: Callable[[CameraState, str | None], None],
        stop: Callable[[], bool],
        first_run_id: int = 1,
        knock: Callable[[], bool] | None = None,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._backoff = Backoff(rng)
        self._report = report
        self._stop = stop
        self._run_id = first_run_id
        self._rng = rng
        self._knock = knock
        self._state: CameraState = "starting"

    def runs(self) -> Iterator[Source]:
        """Every run that could be opened, in turn."""
        while not self._stop():
            opened_s = self._clock.monotonic()
            healthy_s = 0.0
            source = self._open()
            if source is not None:
                try:
                    yield source
                finally:
                    source.close()
                healthy_s = self._clock.monotonic() - opened_s
            self._wait(self._backoff.delay_s(self._state, healthy_s=healthy_s))

    def failed(self, error: SourceError) -> None:
        """What ended the run in progress."""
        self._state = error.state
        self._report(error.state, str(error))

    def _open(self) -> Source | None:
        try:
            source = self._connect(self._run_id)
        except SourceError as error:
            self.failed(error)
            return None
        self._run_id += 1
        self._state = "running"
        self._report("running", None)
        return source

    def _wait(self, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        door = None
        if self._knock is not None and seconds > EVERY_S and self._state not in _SAID_NO:
            door = Doorbell(self._knock, now_s=self._clock.monotonic(), rng=self._rng)
        while not self._stop():
            now_s = self._clock.monotonic()
            left = until - now_s
            if left <= 0 or (door is not None and door.opened(now_s)):
                return
            self._clock.sleep(min(left, _SLICE_S))

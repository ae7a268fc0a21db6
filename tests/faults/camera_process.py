"""A camera's worker as far as delivery goes: raises numbered alerts, and may be killed at any moment.

`camera_process.py FOLDER CAMERA EPOCH LINK COUNT RATE_HZ`, LINK as in the site file: embedded (with its address) or
redis://. What is raised is written to CAMERA.truth only after the outbox has it. A new life begins a few alerts
before the end of the truth, as a worker does that picks its episodes up again: they have the same ids.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from pipeline.alerts.embedded import EmbeddedLink
from pipeline.alerts.link import Link
from pipeline.alerts.message import alert_message
from pipeline.alerts.outbox import Outbox
from pipeline.alerts.policy import Policy, RulePolicy
from pipeline.alerts.redis import RedisLink
from pipeline.alerts.relay import Relay
from pipeline.clock import SystemClock
from rules.types import Event

AGAIN = 3


def main() -> int:
    folder, camera = Path(sys.argv[1]), sys.argv[2]
    epoch, spec, count, rate_hz = int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), float(sys.argv[6])
    clock = SystemClock()
    outbox = Outbox(folder / f"{camera}.sqlite", camera_id=camera, epoch=epoch, clock=clock)
    relay = Relay(outbox, open_link(spec, camera, epoch, clock), clock, batch=5)
    relay.start()
    policy = Policy(
        site_name="faults", camera_id=camera, rules=[RulePolicy(id="gate", kind="line_crossing", cooldown_s=1.5)],
        detector_name="motion", detector_kind="motion",
    )  # fmt: skip
    truth = os.open(folder / f"{camera}.truth", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    begun = len((folder / f"{camera}.truth").read_text().split())
    for n in range(max(0, begun - AGAIN), count):
        alert = policy.apply(make_event(camera, n))
        assert alert is not None
        outbox.put(alert_message(alert, raised_utc=clock.utc()))
        if n >= begun:
            os.write(truth, f"{camera}-{n:06d}\n".encode())
        time.sleep(1.0 / rate_hz)
    while outbox.depth():
        time.sleep(0.02)
    relay.stop()
    outbox.close()
    return 0


def open_link(spec: str, camera: str, epoch: int, clock: SystemClock) -> Link:
    if spec.startswith("redis"):
        return RedisLink(spec, camera_id=camera, epoch=epoch, clock=clock)
    return EmbeddedLink(spec, "token")


def make_event(camera: str, n: int) -> Event:
    return Event(
        kind="line_crossing", state="start", rule_id="gate", rule_version="v1", camera_id=camera, run_id=1,
        track_ids=(n,), zone_id="gate", since_utc=float(n), utc=float(n), pts=float(n), score=1.0,
        why={"direction": "left"}, key=f"{camera}-{n:06d}",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

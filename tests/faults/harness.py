"""Kills parts of the delivery path at random and counts what was raised, delivered, lost, doubled, out of order.

`python tests/faults/harness.py --link redis --kills 200 --seed 7` prints one line; the seed repeats the schedule.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Outcome:
    """`doubled` counts rows beyond one an alert, in store and feed; `disordered` alerts that came before an earlier
    one of their camera; `unseen` feed changes that the page has not or has twice."""

    raised: int
    delivered: int
    lost: int
    doubled: int
    disordered: int
    unseen: int
    kills: int

    @property
    def clean(self) -> bool:
        return (self.lost, self.doubled, self.disordered, self.unseen) == (0, 0, 0, 0)


class Site:
    """The processes of a small site: two cameras, the API, a page, and Redis where the link needs it."""

    def __init__(
        self,
        folder: Path,
        link: str,
        *,
        count: int,
        rate_hz: float,
        cameras: tuple[str, ...] = ("dock", "gate"),
        page: bool = True,
    ) -> None:
        self.folder, self.count, self.rate_hz, self.cameras = folder, count, rate_hz, cameras
        self.page = page
        self.port, self.redis_port = free_port(), free_port()
        self.link = f"redis://127.0.0.1:{self.redis_port}/0" if link == "redis" else f"http://127.0.0.1:{self.port}"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.epochs = dict.fromkeys(cameras, 0)
        self.log = (folder / "processes.log").open("ab")

    @property
    def names(self) -> list[str]:
        return [
            *(["redis"] if self.link.startswith("redis") else []),
            "api",
            *(["page"] if self.page else []),
            *self.cameras,
        ]

    def start(self, name: str, *, failpoint: str = "") -> None:
        command = self.command(name)
        self.running[name] = subprocess.Popen(
            command, env={**os.environ, "FAILPOINT": failpoint}, stdout=self.log, stderr=self.log
        )

    def command(self, name: str) -> list[str]:
        script, folder = [sys.executable, "-W", "ignore"], str(self.folder)
        if name == "redis":
            program = shutil.which("redis-server")
            assert program is not None, "redis-server is not installed"
            options = ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
            return [program, *options, "--appendonly", "yes", "--appendfsync", "everysec"]
        if name == "api":
            return [*script, str(HERE / "api_process.py"), folder, str(self.port), self.link]
        if name == "page":
            return [*script, str(HERE / "feed_process.py"), folder, str(self.port)]
        self.epochs[name] += 1
        numbers = [str(self.epochs[name]), self.link, str(self.count), str(self.rate_hz)]
        return [*script, str(HERE / "camera_process.py"), folder, name, *numbers]

    def kill(self, name: str, *, tail: int = 0) -> None:
        """`tail` bytes of Redis' newest log are lost with it, as what was not synced is when the power fails."""
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()
        if name == "redis" and tail:
            path = max(self.folder.rglob("*.incr.aof"), key=lambda p: p.stat().st_mtime, default=None)
            if path is not None:
                os.truncate(path, max(0, path.stat().st_size - tail))

    def stop(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
        self.log.close()

    def settle(self, *, within_s: float) -> None:
        """Start what has died, until every camera has raised all and the page has seen all."""
        until = time.monotonic() + within_s
        while not self.settled():
            if time.monotonic() > until:
                raise TimeoutError(f"not settled in {within_s:.0f} s: see {self.folder}")
            for name, process in list(self.running.items()):
                if process.poll() is not None and not (name in self.cameras and process.returncode == 0):
                    self.start(name)
            time.sleep(0.1)

    def settled(self) -> bool:
        done = all(self.running[c].poll() == 0 for c in self.cameras)
        return done and bool(self.stored()) and (not self.page or len(self.seen()) >= len(self.stored()))

    def raised(self) -> list[str]:
        files = [self.folder / f"{camera}.truth" for camera in self.cameras]
        return [line for path in files if path.exists() for line in path.read_text().split()]

    def stored(self) -> list[tuple[int, str, str]]:
        """(feed number, change, alert) of every row of the feed."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'store.sqlite'}?mode=ro", uri=True)) as db:
            try:
                return db.execute(
                    "SELECT feed_seq, change, alert_id FROM feed WHERE NOT trial ORDER BY feed_seq"
                ).fetchall()
            except sqlite3.OperationalError:
                return []

    def seen(self) -> list[tuple[int, str, str]]:
        path = self.folder / "feed.seen"
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [(int(number), change, alert) for number, change, alert in rows]

    def outcome(self, kills: int) -> Outcome:
        raised, stored, seen = self.raised(), self.stored(), self.seen()
        new = [alert for _, change, alert in stored if change == "new" and alert.rsplit("-")[0] in self.cameras]
        disordered = 0
        for camera in self.cameras:
            own = [alert for alert in new if alert.startswith(f"{camera}-")]
            disordered += sum(a > b for a, b in itertools.pairwise(own))
        if self.page and seen != stored:
            unseen = max(1, len(set(stored) ^ set(seen)) + len(seen) - len(set(seen)))
        else:
            unseen = 0
        return Outcome(
            raised=len(set(raised)), delivered=len(set(new)), lost=len(set(raised) - set(new)),
            doubled=len(new) - len(set(new)) + len(raised) - len(set(raised)), disordered=disordered, unseen=unseen,
            kills=kills,
        )  # fmt: skip


def run(folder: Path, *, link: str, kills: int, seed: int, tail: int = 0) -> Outcome:
    """Kill `kills` times, then let everything finish and count. Up to `tail` bytes of Redis' log go with each kill."""
    chance = random.Random(seed)
    site = Site(folder, link, count=40 * kills, rate_hz=60.0)
    try:
        for name in site.names:
            site.start(name)
        time.sleep(1.0)
        done = 0
        while done < kills:
            time.sleep(chance.uniform(0.05, 1.2))
            name = chance.choice(site.names)
            if site.running[name].poll() is None:
                site.kill(name, tail=chance.randrange(tail + 1) if tail else 0)
                done += 1
            time.sleep(chance.uniform(0.0, 0.4))
            site.start(name)
        site.settle(within_s=60.0 + 4.0 * kills)
        return site.outcome(done)
    finally:
        site.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--link", choices=["embedded", "redis"], default="embedded")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--tail", type=int, default=0, help="most bytes of Redis' log that are lost with it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), link=args.link, kills=args.kills, seed=args.seed, tail=args.tail)
    print(f"link {args.link} seed {args.seed}:", *(f"{key} {value}" for key, value in asdict(outcome).items()))
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())

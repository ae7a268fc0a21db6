"""`kill -9` anywhere on the way of an alert: at random times, and at each named step. Nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal

import pytest

from tests.faults.harness import Site, run

LINKS = ["embedded", pytest.param("redis", marks=pytest.mark.redis)]
CAMERA_STEPS = [
    "outbox.before_commit",
    "outbox.after_commit",
    "relay.before_deliver",
    "relay.before_confirm",
    "relay.after_confirm",
]
API_STEPS = ["store.before_commit", "store.after_commit"]
FEED_STEPS = ["feed.before_write", "feed.after_write"]
"""The page is open at these, and must have seen each change once."""
STEPS = [
    *(("embedded", "dock", step) for step in [*CAMERA_STEPS, "link.after_send"]),
    *(("embedded", "api", step) for step in [*API_STEPS, "api.before_reply", *FEED_STEPS]),
    *(("redis", "dock", step) for step in ["redis.before_publish", "redis.after_publish", "relay.before_confirm"]),
    *(("redis", "api", step) for step in [*API_STEPS, "consumer.before_ack", "consumer.after_ack", *FEED_STEPS]),
]
HITS = (1, 2) if os.environ.get("NIGHTJAR_ALL_HITS") else None
"""Each step at its first and at its second pass; by day they take turns."""


@pytest.mark.slow
@pytest.mark.parametrize("link", LINKS)
def test_random_kills_lose_and_double_nothing(tmp_path, tool, link):
    """Ten kills on each link. `python tests/faults/harness.py --seed N` repeats a schedule."""
    if link == "redis":
        tool("redis-server")
    seed = random.SystemRandom().randrange(1 << 30)
    outcome = run(tmp_path, link=link, kills=10, seed=seed, tail=8000)
    assert outcome.kills == 10
    assert outcome.clean, f"seed {seed}: {outcome}"
    assert outcome.raised == outcome.delivered == 800


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "victim", "step", "hit"),
    [
        pytest.param(*step, hit, marks=pytest.mark.redis if step[0] == "redis" else ())
        for at, step in enumerate(STEPS)
        for hit in HITS or (1 + at % 2,)
    ],
)
def test_killed_at_a_step(tmp_path, tool, link, victim, step, hit):
    if link == "redis":
        tool("redis-server")
    site = Site(tmp_path, link, count=30, rate_hz=30.0, cameras=("dock",), page=step in FEED_STEPS)
    try:
        for name in site.names:
            site.start(name, failpoint=f"{step}:{hit}" if name == victim else "")
        assert site.running[victim].wait(timeout=30) == -signal.SIGKILL, "it was not killed at this step"
        site.settle(within_s=60.0)
        outcome = site.outcome(1)
    finally:
        site.stop()
    assert outcome.clean, outcome
    assert outcome.delivered == 30

"""More made-up scenes, of wheels and of feet: a crossing with lanes for turning, a roundabout, a motorway as a camera
sees it, a campus and a small room under a wide lens. See `routes_worlds`."""

from __future__ import annotations

import numpy as np

from benchmarks.routes_worlds import POINTS, Point, Way, World, along, curved


def turning_lanes(*, arm: float = 40.0, lane: float = 3.5) -> World:
    """A street crossing whose every movement has a lane of its own."""
    inner, middle, outer = 0.5 * lane, 1.5 * lane, 2.5 * lane
    movements = {
        "left": curved([(-arm, -inner), (-inner / 2, -inner), (inner, 0.0), (inner, arm)]),
        "straight": curved([(-arm, -middle), (arm, -middle)]),
        "right": curved([(-arm, -outer), (-1.3 * outer, -outer), (-outer, -1.3 * outer), (-outer, -arm)]),
    }
    ways = []
    for turn in range(4):
        cos, sin = np.cos(turn * np.pi / 2), np.sin(turn * np.pi / 2)
        ways += [Way(f"{turn} {name}", line @ ((cos, sin), (-sin, cos))) for name, line in movements.items()]
    return World(
        name="turning lanes", ways=tuple(ways), one_way=tuple(way.route for way in ways), speed=9.0, rate_hz=5.0,
        sway=0.35, wander=0.15, jitter=0.15,
    )  # fmt: skip


def roundabout(*, radius: float = 10.0, arm: float = 35.0) -> World:
    """Four arms and a ring that all walk one way round: every way shares most of it with others."""
    ring = [(radius * np.cos(a), radius * np.sin(a)) for a in np.arange(40) * np.pi / 20]

    def on_arm(number: int, side: float, out: float) -> Point:
        cos, sin = np.cos(number * np.pi / 2), np.sin(number * np.pi / 2)
        return float(out * cos - side * sin), float(out * sin + side * cos)

    ways = []
    for start in range(4):
        for ahead in (1, 2, 3):
            end = start + ahead
            into = [on_arm(start, 2.0, arm), on_arm(start, 2.0, 1.4 * radius)]
            out = [on_arm(end, -2.0, 1.4 * radius), on_arm(end, -2.0, arm)]
            round_it = [ring[(start * 10 + step) % 40] for step in range(1, ahead * 10)]
            ways.append(Way(f"{start}-{end % 4}", curved([*into, *round_it, *out])))
    return World(
        name="roundabout", ways=tuple(ways), one_way=tuple(way.route for way in ways), speed=7.0, rate_hz=6.0,
        sway=0.4, wander=0.2, jitter=0.2,
    )  # fmt: skip


def seen_motorway(*, lanes: int = 4) -> World:
    """A motorway in a picture of 720x480: lanes close in with distance, and each is a route. Lengths in pixels."""
    nearness = 1.0 / np.linspace(1.0, 6.0, 60)
    ways = []
    for side in (-1.0, 1.0):
        for lane in range(lanes):
            line = np.column_stack((360.0 + side * (0.6 + lane) * 96.0 * nearness, 60.0 + 420.0 * nearness))
            ways.append(Way(f"{'left' if side < 0 else 'right'} {lane}", along(line[:: int(side)], POINTS)))
    return World(
        name="seen motorway", ways=tuple(ways), one_way=tuple(way.route for way in ways), speed=80.0, rate_hz=5.0,
        sway=2.0, wander=1.0, jitter=1.0,
    )  # fmt: skip


def campus() -> World:
    """Paths between lawns: people walk most of them both ways, and some corners are turned in one direction only."""
    corners = {
        "a": (0.0, 0.0), "b": (30.0, 0.0), "c": (60.0, 0.0), "d": (60.0, 40.0), "e": (30.0, 40.0), "f": (0.0, 40.0),
        "g": (30.0, 20.0), "h": (60.0, 20.0),
    }  # fmt: skip
    routes = ("abc", "cba", "abge", "egba", "fed", "def", "hgef", "fegh", "abgh", "chd", "dhgb")
    ways = tuple(Way(route, curved([corners[corner] for corner in route])) for route in routes)
    return World(
        name="campus", ways=ways, one_way=tuple(r for r in routes if r[::-1] not in routes), speed=1.3, rate_hz=4.0,
        sway=0.5, wander=0.4, jitter=0.1,
    )  # fmt: skip


def wide_lens() -> World:
    """A small room from above, 320x240: fifteen ways between a door, desks and a table. Lengths in pixels."""
    places = {
        "c": (230.0, 220.0), "d": (160.0, 20.0), "e": (20.0, 120.0), "p": (90.0, 215.0), "s": (250.0, 60.0),
        "t": (300.0, 110.0),
    }  # fmt: skip
    routes = ("dc", "cd", "dt", "td", "ep", "pe", "et", "te", "cp", "pc", "sc", "cs", "dp", "pd", "es")
    middle = np.array((160.0, 120.0))
    ways = []
    for route in routes:
        start, end = (np.array(places[place]) for place in route)
        bend = 0.6 * (start + end) / 2 + 0.4 * middle
        ways.append(Way(route, curved([(float(x), float(y)) for x, y in (start, bend, end)])))
    return World(
        name="wide lens", ways=tuple(ways), one_way=tuple(r for r in routes if r[::-1] not in routes), speed=40.0,
        rate_hz=30.0, sway=5.0, wander=4.0, jitter=1.0, broken=0.05,
    )  # fmt: skip


STREETS = (turning_lanes, roundabout, seen_motorway, campus, wide_lens)

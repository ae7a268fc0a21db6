"""From a list of acts to where somebody is and where their feet stand at any instant. Planted feet never slide.

Feet follow the way, not the clock: foot k is planted where step k ends and stays there while the hips pass over it
(60 % of a stride on the ground, as in Perry & Burnfield, Gait Analysis, 2010), so speeding up, slowing and stopping all
keep it still.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

STANCE = 0.6


@dataclass(frozen=True, slots=True)
class Walk:
    """Walk along a smooth curve through `via`, site metres; `speed` m/s at cruise."""

    via: tuple[tuple[float, float], ...]
    speed: float = 1.3
    tight: bool = False
    """True keeps corners as drawn; otherwise they are rounded."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Stand for `seconds`, turning to `face` (degrees, 0 = east, counter-clockwise). `act`: idle, phone, look."""

    seconds: float
    face: float | None = None
    act: str = "idle"


@dataclass(frozen=True, slots=True)
class Foot:
    """One foot: ankle's ground point (2,), heading (radians), lift (metres), pitch (radians, heel up positive)."""

    xy: NDArray[np.float64]
    heading: float
    lift: float = 0.0
    pitch: float = 0.0


@dataclass(frozen=True, slots=True)
class Stance:
    """Where a person is at one instant; `phase` counts steps; `stride` is 0 standing, 1 at a full stride."""

    xy: NDArray[np.float64]
    heading: float
    speed: float
    phase: float
    stride: float
    left: Foot
    right: Foot
    act: str


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One act in time: `begin`..`end` seconds, along `way` (K, 2), `length` metres, `steps` steps."""

    begin: float
    end: float
    way: NDArray[np.float64]
    heading: NDArray[np.float64]
    arc: NDArray[np.float64]
    speed: float
    steps: int
    first: int
    act: str = "walk"
    turn: tuple[float, float] = (0.0, 0.0)

    @property
    def length(self) -> float:
        return float(self.arc[-1])


def smooth(points: NDArray[np.float64], *, tight: bool) -> NDArray[np.float64]:
    """Corners cut (Chaikin, 1974) thrice, then resampled each 5 cm."""
    way = points
    for _ in range(1 if tight else 4):
        if len(way) > 2:
            a, b = way[:-1], way[1:]
            middle = np.stack((0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b), 1).reshape(-1, 2)
            way = np.concatenate((way[:1], middle[1:-1], way[-1:]))
    step = np.linalg.norm(np.diff(way, axis=0), axis=1)
    arc = np.concatenate(([0], np.cumsum(step)))
    grid = np.linspace(0, arc[-1], max(2, int(arc[-1] / 0.05)))
    return np.column_stack([np.interp(grid, arc, way[:, i]) for i in range(2)])


def compile_acts(start: tuple[float, float], begin: float, acts: tuple[Walk | Stand, ...]) -> tuple[Leg, ...]:
    """The legs of a person's stay, one after the other from `begin` seconds at `start`."""
    here, t, legs = np.array(start, float), begin, []
    face, parity = None, 0
    for act in acts:
        if isinstance(act, Walk):
            way = smooth(np.vstack((here, np.array(act.via, float))), tight=act.tight)
            step = np.diff(way, axis=0)
            heading = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
            heading = np.append(heading, heading[-1])
            width = min(len(heading), 13)
            padded = np.pad(heading, width, mode="edge")
            heading = np.convolve(padded, np.ones(width) / width, "same")[width:-width]
            arc = np.concatenate(([0], np.cumsum(np.linalg.norm(step, axis=1))))
            if face is not None:
                turned = _nearest(heading[0], face)
                if abs(turned - face) > 0.5:
                    spin = 0.35 + abs(turned - face) / 2.6
                    legs.append(_still(t, t + spin, here, parity, "idle", (face, turned)))
                    t += spin
                heading = heading + (turned - heading[0])
            stride = np.clip(0.34 + 0.26 * act.speed, 0.34, 1.05)
            steps = max(1, round(arc[-1] / stride))
            duration = arc[-1] / act.speed + ramp(act.speed) * 2 * 0.5
            legs.append(Leg(t, t + duration, way, heading, arc, act.speed, steps, parity))
            t, here, face, parity = t + duration, way[-1], float(heading[-1]), (parity + steps) % 2
        else:
            before = face if face is not None else np.radians(act.face or 0.0)
            after = before if act.face is None else _nearest(np.radians(act.face), before)
            legs.append(_still(t, t + act.seconds, here, parity, act.act, (before, after)))
            t, face = t + act.seconds, after
    return tuple(legs)


def _still(
    begin: float, end: float, here: NDArray[np.float64], parity: int, act: str, turn: tuple[float, float]
) -> Leg:
    return Leg(begin, end, here[None], np.array([turn[0]]), np.zeros(1), 0.0, 0, parity, act, turn)


def _nearest(angle: float, to: float) -> float:
    return float(to + (angle - to + np.pi) % (2 * np.pi) - np.pi)


def ramp(speed: float) -> float:
    """Seconds to speed up or slow down."""
    return 0.5 if speed < 2 else 0.8


def stance_at(legs: tuple[Leg, ...], t: float) -> Stance | None:
    """The stance at `t`, or None before the first act and after the last."""
    if not legs or t < legs[0].begin or t >= legs[-1].end:
        return None
    leg = next(leg for leg in legs if t < leg.end)
    return _standing(leg, t) if leg.steps == 0 else _walking(leg, t)


def _standing(leg: Leg, t: float) -> Stance:
    before, after = leg.turn
    spin = 0.35 + abs(after - before) / 2.6
    u = np.clip((t - leg.begin) / spin, 0, 1) if abs(after - before) > 1e-3 else 1.0
    u = u * u * (3 - 2 * u)
    heading = before + (after - before) * u
    here = leg.way[0]
    turning = 0 < u < 1
    lifts = [0.035 * max(0.0, np.sin(u * np.pi * 4 + s)) * turning for s in (0, np.pi)]
    feet = [_beside(here, heading, side) for side in (1, -1)]
    feet = [Foot(f.xy, f.heading, lift) for f, lift in zip(feet, lifts, strict=True)]
    return Stance(here, heading, 0.0, 0.0, 0.0, feet[0], feet[1], leg.act)


def _beside(here: NDArray[np.float64], heading: float, side: int, half: float = 0.105) -> Foot:
    left = np.array([-np.sin(heading), np.cos(heading)])
    return Foot(here + left * side * half, heading - side * -0.12)


def travelled(leg: Leg, t: float) -> tuple[float, float]:
    """Metres along a leg and the speed, with a smooth start and stop that take the same time."""
    r, total = ramp(leg.speed), leg.end - leg.begin
    r = min(r, total / 2)
    peak = leg.length / (total - r)
    x = t - leg.begin
    if x < r:
        return peak * x * x / (2 * r), peak * x / r
    if x > total - r:
        y = total - x
        return leg.length - peak * y * y / (2 * r), peak * y / r
    return peak * (x - r / 2), peak


def _walking(leg: Leg, t: float) -> Stance:
    s, speed = travelled(leg, t)
    step = leg.length / leg.steps
    phase = s / step
    feet = [_foot(leg, phase, parity) for parity in (0, 1)]
    order = feet if leg.first == 0 else feet[::-1]
    xy = np.array([np.interp(s, leg.arc, leg.way[:, i]) for i in range(2)])
    heading = float(np.interp(s, leg.arc, leg.heading))
    edge = min(phase, leg.steps - phase)
    stride = float(np.clip(edge / 0.8, 0, 1)) * step
    return Stance(
        xy, heading, speed, phase + leg.first, stride, order[0], order[1], "run" if leg.speed > 2.2 else "walk"
    )


def _plant(leg: Leg, k: int, side: int) -> tuple[NDArray[np.float64], float]:
    """Where foot `side` (1 left, -1 right) stands at the end of step k."""
    s = np.clip(k, 0, leg.steps) * leg.length / leg.steps
    xy = np.array([np.interp(s, leg.arc, leg.way[:, i]) for i in range(2)])
    heading = float(np.interp(s, leg.arc, leg.heading))
    half = 0.105 if k <= 0 or k >= leg.steps else 0.075
    left = np.array([-np.sin(heading), np.cos(heading)])
    return xy + left * side * half, heading + side * 0.1


def _foot(leg: Leg, phase: float, parity: int) -> Foot:
    """The foot that ends the steps of one parity; parity 0 is the left foot when the leg's `first` is 0."""
    side = 1 if (parity == 0) == (leg.first == 0) else -1
    marks = [k for k in range(leg.steps + 1) if k % 2 == parity]
    if parity == 1:
        marks = [0, *marks]
    if marks[-1] != leg.steps:
        marks.append(leg.steps)
    for here, there in pairwise(marks):
        lift_at = here + STANCE if here or parity == 0 else 0.0
        land_at = there - STANCE if there < leg.steps or (leg.steps - here) % 2 == 0 else float(leg.steps)
        land_at = max(land_at, lift_at + 0.35) if there < leg.steps else max(land_at, lift_at + 0.1)
        if phase < lift_at:
            xy, heading = _plant(leg, here, side)
            rise = np.clip((phase - (lift_at - 0.3)) / 0.3, 0, 1)
            return Foot(xy, heading, 0.0, 0.6 * rise**1.5 if here < leg.steps else 0.0)
        if phase < land_at:
            return _swing(leg, (here, there), side, (phase - lift_at) / (land_at - lift_at))
    xy, heading = _plant(leg, marks[-1], side)
    return Foot(xy, heading)


def _swing(leg: Leg, marks: tuple[int, int], side: int, u: float) -> Foot:
    (a, ha), (b, hb) = _plant(leg, marks[0], side), _plant(leg, marks[1], side)
    e = u * u * (3 - 2 * u)
    pitch = np.interp(u, (0, 0.2, 0.55, 0.85, 1.0), (0.6, 0.75, 0.15, -0.22, 0.0))
    return Foot(a + (b - a) * e, ha + (hb - ha) * e, 0.07 * np.sin(np.pi * u) ** 1.2, float(pitch))

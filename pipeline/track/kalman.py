"""Where everybody is and moves, as one Kalman filter over all tracks at once.

The state of a track is its box centre with a velocity, and the logarithms of width and height. Every axis is
independent, so the filter is closed form on parallel arrays: no matrix is ever inverted. Time is in seconds.

The velocity is an Ornstein-Uhlenbeck process: people walk with a typical speed and keep it for a typical time, then
stop or turn. A filter of that model needs no other knob, and it stays honest over long absences, where the usual
white-noise acceleration predicts runaway positions with an uncertainty that grows as t^3 instead of t.
Millefiori, Braca, Bryan & Willett, "Modeling vessel kinematics using a stochastic mean-reverting process for
long-term prediction", IEEE TAES 52(5), 2016.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Picks = NDArray[np.int64] | NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionParams:
    """How people move and how detectors err; bh = body heights, shares are of box size. Measured, see the README."""

    speed_bh_s: tuple[float, float] = (0.5, 0.2)
    """Standard deviation of walking speed across and down the picture."""
    keep_s: float = 12.0
    """How long a walk goes on: the time in which its velocity is forgotten to 1/e."""
    size_per_s: tuple[float, float] = (0.15, 0.08)
    """Drift of log width and log height after one second."""
    noise: tuple[float, float, float, float] = (0.02, 0.02, 0.04, 0.03)
    """Error of a detection of score 1: centre in bh, log width, log height."""
    unsure: float = 4.0
    """How many times that error is at a score of 0.5 and below."""


@dataclass(slots=True, eq=False)
class Motion:
    """N tracks: `at` float64 (4, N) = centre x, y in px, log width, log height; `velocity` (2, N) px/s;
    variances `at_var` (4, N) and `velocity_var` (2, N), and their covariance `cross` (2, N)."""

    at: Floats
    velocity: Floats
    at_var: Floats
    velocity_var: Floats
    cross: Floats

    @classmethod
    def empty(cls) -> Self:
        return cls(*(np.zeros((rows, 0)) for rows in (4, 2, 4, 2, 2)))

    def __len__(self) -> int:
        return int(self.at.shape[1])

    def pick(self, picks: Picks) -> Motion:
        return Motion(*(getattr(self, f.name)[:, picks] for f in fields(self)))

    def joined(self, other: Motion) -> Motion:
        return Motion(*(np.hstack((getattr(self, f.name), getattr(other, f.name))) for f in fields(self)))

    def boxes(self) -> Floats:
        """The boxes that the state stands for: xyxy float64 (N, 4) px."""
        half = np.exp(self.at[2:]) / 2
        return np.concatenate((self.at[:2] - half, self.at[:2] + half)).T


def measure(xyxy: Floats) -> Floats:
    """Boxes float64 (N, 4) px as measurements float64 (4, N): centre, log width, log height."""
    corner = xyxy.T
    size = np.maximum(corner[2:] - corner[:2], 1.0)
    return np.concatenate(((corner[:2] + corner[2:]) / 2, np.log(size)))


def noise_var(at: Floats, score: Floats, params: MotionParams) -> Floats:
    """Variance of measurements `at` (4, N): low scores go with partly hidden people and loose boxes."""
    factor = 1 + (params.unsure - 1) * np.minimum((1 - score) * 2, 1)
    sigma = np.array(params.noise)[:, None] * factor
    sigma[:2] *= np.exp(at[3])
    return sigma * sigma


def begin(at: Floats, var: Floats, params: MotionParams) -> Motion:
    """New tracks at measurements `at` (4, N): velocity unknown but human."""
    n = at.shape[1]
    speed = np.array(params.speed_bh_s)[:, None] * np.exp(at[3])
    return Motion(at.copy(), np.zeros((2, n)), var.copy(), speed * speed, np.zeros((2, n)))


def predict(motion: Motion, dt: float, params: MotionParams) -> None:
    """Let `dt` seconds pass, in place. Exact for any step: two halves give what the whole gives."""
    tau = params.keep_s
    keep = math.exp(-dt / tau)
    go = tau * (1 - keep)
    speed_var = (np.array(params.speed_bh_s)[:, None] * np.exp(motion.at[3])) ** 2
    at_var, cross, velocity_var = motion.at_var, motion.cross, motion.velocity_var
    motion.at[:2] += go * motion.velocity
    motion.velocity *= keep
    at_var[:2] += 2 * go * cross + go * go * velocity_var + _wander(dt, tau) * speed_var
    at_var[2:] += np.array(params.size_per_s)[:, None] ** 2 * dt
    motion.cross = keep * (cross + go * velocity_var) + tau * (1 - keep) ** 2 * speed_var
    motion.velocity_var = keep * keep * velocity_var + (1 - keep * keep) * speed_var


def correct(motion: Motion, which: NDArray[np.int64], at: Floats, var: Floats) -> None:
    """Fold measurements `at` (4, K) of variance `var` (4, K) into the K tracks `which`, in place."""
    at_var = motion.at_var[:, which]
    gain = at_var / (at_var + var)
    wrong = at - motion.at[:, which]
    cross = motion.cross[:, which]
    gain_v = cross / (at_var[:2] + var[:2])
    motion.at[:, which] += gain * wrong
    motion.velocity[:, which] += gain_v * wrong[:2]
    motion.at_var[:, which] = at_var * (1 - gain)
    motion.velocity_var[:, which] -= gain_v * cross
    motion.cross[:, which] = cross * (1 - gain[:2])


def _wander(dt: float, tau: float) -> float:
    """Position variance that an Ornstein-Uhlenbeck velocity of unit variance adds in `dt`, s^2; cubic, then linear."""
    x = dt / tau
    if x < 1e-3:  # the closed form cancels there
        return tau * tau * x**3 * (2 / 3 - x / 2)
    keep = math.exp(-x)
    return tau * tau * (2 * x - 3 + 4 * keep - keep * keep)

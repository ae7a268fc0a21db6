"""The light and weather of a clip, as data."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp at `at` shining down within a wide cone; `power` is radiance at one metre, linear RGB."""

    at: tuple[float, float, float]
    power: RGB
    spread: float = 0.15
    """Cosine below which no light leaves (0.15: nearly a half space)."""


@dataclass(frozen=True, slots=True)
class Weather:
    """The light of a clip. `sun_from` points towards the sun; radiances are linear and relative."""

    sun_from: tuple[float, float, float] = (-0.5, -0.6, 0.75)
    sun: RGB = (2.6, 2.4, 2.1)
    sky: RGB = (0.55, 0.65, 0.8)
    bounce: float = 0.18
    """Light from below, as a share of the sky's."""
    lamps: tuple[Lamp, ...] = ()
    exposure: float = 1.0
    rain: float = 0.0
    wind: float = 0.3
    wet: float = 0.0
    noise: float = 1.6
    """Sensor noise, standard deviation in 8-bit steps at mid grey."""
    grey: float = 0.0
    """Share of colour that is lost (a night camera is nearly grey)."""


@dataclass(frozen=True, slots=True)
class Beam:
    """A moving light that nobody casts a shadow in: headlights, light from a door. From `begin_s` to `end_s` the source
    moves from `at[0]` to `at[1]` and its aim from `aim[0]` to `aim[1]`; `cosine` is where its cone ends."""

    begin_s: float
    end_s: float
    at: tuple[tuple[float, float, float], tuple[float, float, float]]
    aim: tuple[tuple[float, float, float], tuple[float, float, float]]
    power: RGB
    cosine: float = 0.93
    fade_s: float = 0.6

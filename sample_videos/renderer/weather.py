"""Wind, rain, and what a small sensor makes of the light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .conditions import Weather


def sway(points: NDArray[np.float64], height: float, t: float, wind: float, seed: int) -> NDArray[np.float64]:
    """A tree's corners at `t`: the crown leans in gusts, leaves flutter on their own. Metres; `wind` 0 to 1."""
    up = np.clip(points[:, 2] / height - 0.25, 0, 1) ** 1.5
    gust = 0.6 + 0.4 * np.sin(0.37 * t + seed) + 0.3 * np.sin(1.1 * t + 2 * seed)
    lean = up * wind * 0.45 * gust * np.sin(1.5 * t + seed)
    flutter = wind * 0.05 * np.sin(5.1 * t + points[:, 0] * 9 + points[:, 2] * 7 + seed) * (up > 0)
    moved = points.copy()
    moved[:, 0] += lean + flutter
    moved[:, 1] += 0.5 * lean + flutter
    moved[:, 2] += 0.5 * flutter
    return moved


def with_rain(radiance: NDArray[np.float32], amount: float, seed: int, i: int) -> NDArray[np.float32]:
    """Falling streaks, a little lighter than what lies behind them; `amount` 0 to 1."""
    rng = np.random.default_rng((seed, 77, i))
    height, width = radiance.shape[:2]
    far = _streaks(rng, (height, width), count=int(520 * amount), length=(7.0, 20.0), strength=(0.15, 0.8))
    near = _streaks(rng, (height, width), count=int(26 * amount), length=(45.0, 110.0), strength=(0.5, 1.0))
    veil = (cv2.GaussianBlur(far, (0, 0), 0.6) + 0.8 * cv2.GaussianBlur(near, (0, 0), 1.5))[..., None]
    bright = float(np.percentile(radiance, 80))
    haze = np.float32(0.05 * amount * bright)
    return np.asarray(radiance * (1 - 0.16 * veil) + 0.42 * veil * bright + haze, np.float32)


def _streaks(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    count: int,
    length: tuple[float, float],
    strength: tuple[float, float],
) -> NDArray[np.float32]:
    """Drops drawn out by the shutter, leaning with the wind: float32 (H, W)."""
    veil = np.zeros(shape, np.float32)
    start = np.column_stack((rng.uniform(-20, shape[1], count), rng.uniform(-length[1], shape[0], count)))
    for (x, y), drop, bright in zip(start, rng.uniform(*length, count), rng.uniform(*strength, count), strict=True):
        a = (int(x * 8), int(y * 8))
        b = (int((x + 0.12 * drop) * 8), int((y + drop) * 8))
        cv2.line(veil, a, b, float(bright), 1, cv2.LINE_AA, 3)
    return veil


CURVE_STEPS, CURVE_TOP = 8192, 3.0
"""The film curve is looked up by the square root of light, up to 9 times white."""


def _curve() -> NDArray[np.float32]:
    x = (np.arange(CURVE_STEPS) / CURVE_STEPS * CURVE_TOP) ** 2
    x = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    return np.asarray(
        np.where(x <= 0.0031308, x * 12.92, 1.055 * np.maximum(x, 1e-6) ** (1 / 2.4) - 0.055) * 255, np.float32
    )


_CURVE = _curve()


class Sensor:
    """Lens softness, vignette, exposure, film curve, noise, and the sharpening that such cameras add."""

    def __init__(self, weather: Weather, width: int, height: int) -> None:
        self.weather = weather
        y, x = np.mgrid[0:height, 0:width]
        r2 = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (width / 2) ** 2
        self._vignette = (1 - 0.16 * r2)[..., None].astype(np.float32)

    def expose(self, radiance: NDArray[np.float32], seed: int, i: int) -> NDArray[np.uint8]:
        """Linear light (H, W, 3) to 8-bit sRGB. The curve is Narkowicz's fit of ACES (2016)."""
        rng = np.random.default_rng((seed, 5, i))
        w = self.weather
        x = cv2.GaussianBlur(np.asarray(radiance, np.float32), (0, 0), 0.55) * (self._vignette * np.float32(w.exposure))
        if w.grey:
            x = x * np.float32(1 - w.grey) + x.mean(2, keepdims=True) * np.float32(w.grey)
        place = np.minimum(np.sqrt(np.maximum(x, 0)) * np.float32(CURVE_STEPS / CURVE_TOP), CURVE_STEPS - 1)
        x = _CURVE[place.astype(np.int32)]
        x += np.float32(0.35) * (x - cv2.GaussianBlur(x, (0, 0), 1.2))
        luma = cv2.GaussianBlur(rng.standard_normal(x.shape[:2], np.float32), (0, 0), 0.6) * np.float32(1.7 * w.noise)
        small = rng.standard_normal((x.shape[0] // 2, x.shape[1] // 2, 3), np.float32)
        chroma = cv2.resize(small, (x.shape[1], x.shape[0]), interpolation=cv2.INTER_LINEAR) * np.float32(
            w.noise * 0.35
        )
        return np.clip(x + luma[..., None] + chroma + 0.5, 0, 255).astype(np.uint8)

    def covered(self, rgb: NDArray[np.uint8], since_s: float, left_s: float, seed: int, i: int) -> NDArray[np.uint8]:
        """A cloth pulled over the lens: dark, with light leaking in at an edge; it falls from above in 0.5 s."""
        rng = np.random.default_rng((seed, 9, i))
        height, width = rgb.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        weave = 3 * np.sin(x * 0.9) * np.sin(y * 0.8) + 10 * np.sin(x * 0.011 + 1) * np.sin(y * 0.017)
        leak = 26 * np.exp(-x / 40)
        cloth = np.stack((30 + weave + leak, 29 + weave + leak, 34 + weave + leak), -1)
        cloth += rng.normal(0, 1.2, (height, width, 1))
        edge = np.clip(min(since_s, left_s) / 0.5, 0, 1) * (height + 40) - 20
        share = np.clip((edge - y) / 30, 0, 1)[..., None]
        blurred = cv2.GaussianBlur(rgb, (0, 0), 3).astype(np.float32)
        return np.clip(blurred * (1 - share) + cloth * share, 0, 255).astype(np.uint8) if share.any() else rgb

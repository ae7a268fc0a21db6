"""What the scene looks like when nobody is there, kept up to date everywhere except where somebody is.

Plain background subtraction swallows people who stand still (the usual MOG2 lost one for 22.6 s on the one-by-one
clip), so a pixel is learned only where nobody is protected. Each pixel has a second look: what was background before
(a door that stands open, a car that has left again) is known at once when it returns, and what is new has to last as
long as the old has been seen before it takes its place. Pictures are YCrCb, so that brightness and colour part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]
"""255 where true, else 0; uint8 (H, W)."""

LEARN_S = 8.0  # time constant of a background pixel's mean: slower than a passer-by, faster than the sun
NOISE_S = 20.0  # time constant of its noise
SUPPORT_S = 40.0  # a background is trusted for at most this long: what lasts longer replaces it
FLOOR_S = 0.8  # ... and nothing replaces it sooner than this
KNOWN_S = 4.0  # a look counts as known once it has been seen for this long
BLINK_S = 12.0  # time constant of how often a pixel changes its mind (leaves, water, screens)


@dataclass(frozen=True, slots=True)
class Light:
    """A change of the whole picture: brightness factor and two colour offsets against the background."""

    gain: float = 1.0
    cr: float = 0.0
    cb: float = 0.0


class Background:
    """The model of one camera's picture at working size. `step` compares, then `learn` updates."""

    def __init__(self, first: Image) -> None:
        height, width = first.shape[:2]
        self.mean: NDArray[np.float32] = first.astype(np.float32)
        self.noise: NDArray[np.float32] = np.full((height, width), 3.0, np.float32)
        self.support: NDArray[np.float32] = np.zeros((height, width), np.float32)
        self.other: NDArray[np.float32] = first.astype(np.float32)
        self.other_s: NDArray[np.float32] = np.zeros((height, width), np.float32)
        self.other_known = np.zeros((height, width), np.bool_)
        self.blink: NDArray[np.float32] = np.zeros((height, width), np.float32)
        self._changed: Mask = np.zeros((height, width), np.uint8)

    def light(self, image: Image, ignore: Mask) -> Light:
        """How the whole picture's brightness and colour differ from the background's, by medians over a sparse grid.

        Pixels that `ignore` marks, very dark and burnt-out ones do not vote.
        """
        now, then = image[::6, ::6].astype(np.float32), self.mean[::6, ::6]
        usable = (ignore[::6, ::6] == 0) & (then[..., 0] > 24) & (then[..., 0] < 235) & (now[..., 0] < 250)
        if np.count_nonzero(usable) < 50:
            return Light()
        now, then = now[usable], then[usable]
        gain = float(np.median(now[:, 0] / then[:, 0]))
        colour = np.median(now[:, 1:] - then[:, 1:], axis=0)
        return Light(gain, float(colour[0]), float(colour[1]))

    def under(self, light: Light) -> Image:
        """The background as it would look under that light, uint8 (H, W, 3)."""
        scale = np.asarray((light.gain, 1.0, 1.0), np.float32)
        shift = np.asarray((0.0, light.cr, light.cb), np.float32)
        return np.asarray(cv2.convertScaleAbs(self.mean * scale + shift), np.uint8)

    def known(self, image: Image, tolerance: NDArray[np.float32]) -> Mask:
        """Where the picture looks like the pixel's other, already known look."""
        apart = np.abs(image.astype(np.float32) - self.other)
        same = (apart[..., 0] < tolerance) & (apart[..., 1] + apart[..., 2] < 14.0) & self.other_known
        return np.where(same, np.uint8(255), np.uint8(0))

    @property
    def tolerance(self) -> NDArray[np.float32]:
        """How far brightness may be from the mean and still be background, float32 (H, W), in levels of 0-255."""
        return np.clip(9.0 + 3.0 * self.noise + 60.0 * self.blink, 14.0, 90.0)

    def learn(self, image: Image, *, changed: Mask, protected: Mask, light: Light, dt: float) -> None:
        """Take `dt` seconds of this picture into the model, except where somebody is `protected`."""
        free = protected == 0
        same = (changed == 0) & free
        self._learn_mean(image, np.where(same, np.uint8(255), np.uint8(0)), light, dt)
        self.support[same] = np.minimum(self.support[same] + dt, SUPPORT_S)
        flips = np.where((changed != self._changed) & free, np.float32(1.0), np.float32(0.0))
        cv2.accumulateWeighted(flips, self.blink, _share(dt, BLINK_S), np.where(free, np.uint8(255), np.uint8(0)))
        self._changed = changed
        self._learn_other(image, (changed > 0) & free, dt)

    def relearn(self, image: Image) -> None:
        """Take this picture as the background from scratch: the light or the camera has changed."""
        self.mean[:] = image
        self.support[:] = 0.0
        self.other_s[:] = 0.0
        self.other_known[:] = False

    def absorb(self, image: Image, where: Mask) -> None:
        """Take the picture as background here and now: something that was background has gone."""
        chosen = where > 0
        self.mean[chosen] = image[chosen]
        self.support[chosen] = FLOOR_S
        self.other_s[chosen] = 0.0

    def _learn_mean(self, image: Image, where: Mask, light: Light, dt: float) -> None:
        apart = cv2.absdiff(image[..., 0], cv2.convertScaleAbs(self.mean[..., 0] * light.gain)).astype(np.float32)
        # While little is known yet, everything is learned quickly; a change of light is followed quickly too.
        age = float(self.support.mean())
        quick = abs(light.gain - 1.0) > 0.03 or abs(light.cr) + abs(light.cb) > 2.0
        time = min(LEARN_S, max(0.5, age)) if not quick else 1.0
        cv2.accumulateWeighted(image, self.mean, _share(dt, time), where)
        cv2.accumulateWeighted(apart, self.noise, _share(dt, NOISE_S), where)

    def _learn_other(self, image: Image, new: NDArray[np.bool_], dt: float) -> None:
        """Time how long what is there now has been there, and let it take over once it has outlasted the old."""
        apart = cv2.absdiff(image[..., 0], cv2.convertScaleAbs(self.other[..., 0])) < 16
        lasting = new & apart
        self.other_s[lasting] += dt
        cv2.accumulateWeighted(image, self.other, _share(dt, 2.0), np.where(lasting, np.uint8(255), np.uint8(0)))
        fresh = new & ~apart
        self.other[fresh] = image[fresh]
        self.other_s[fresh] = 0.0
        self.other_known[fresh] = False
        needed = np.clip(self.support, FLOOR_S, SUPPORT_S)
        self._swap(lasting & (self.other_s > needed))

    def _swap(self, where: NDArray[np.bool_]) -> None:
        if not where.any():
            return
        old, old_s = self.mean[where], self.support[where]
        self.mean[where] = self.other[where]
        self.support[where] = self.other_s[where]
        self.other[where] = old
        self.other_s[where] = old_s
        self.other_known[where] = old_s > KNOWN_S


def _share(dt: float, time_s: float) -> float:
    """Weight of a sample that covers `dt` seconds in an exponential mean of that time constant."""
    return float(1.0 - np.exp(-dt / time_s)) if dt > 0 else 0.0


def blank(height: int, width: int) -> Any:
    return np.zeros((height, width), np.uint8)

"""What the scene looks like when nobody is there, kept up to date everywhere except where somebody is.

Plain background subtraction swallows people who stand still (the usual MOG2 lost one for 22.6 s on the one-by-one
clip), so a pixel is learned only where nobody is protected. Each pixel has a second look: what was background before
(a door that stands open, a car that has left again) is known at once when it returns, and what is new has to last as
long as the old has been seen before it takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detect.motion.pixels import (
    Image,
    Mask,
    Plane,
    Window,
    above,
    apart,
    as_mask,
    blend,
    both,
    either,
    outside,
    rounded,
)  # fmt: skip

LEARN_S = 8.0  # time constant of a background pixel's mean: slower than a passer-by, faster than the sun
QUICK_S = 1.0  # the same while the light of the whole picture is changing
NOISE_S = 20.0  # time constant of its noise
SUPPORT_S = 40.0  # a background is trusted for at most this long: what lasts longer replaces it
FLOOR_S = 0.8  # ... and nothing replaces it sooner than this
TRUST_S = 10.0  # a background from before a restart may be out of date
KNOWN_S = 4.0  # a look counts as known once it has been seen for this long
RETURNS, RETURNED_S = 3, 0.8  # a look that has come back so often, for so long in all, is known too
FLIP = 0.06  # how much more restless a pixel gets by changing its mind once (leaves, water, screens)
CALM_S = 6.0  # time constant at which that is forgotten: passers-by make two changes and no more
RESTLESS_S = 90.0  # time constant at which a place that went on changing is trusted again
SAME_LOOK = 16  # levels of brightness within which a pixel keeps its second look
LEARN_EVERY_S = 0.19  # nothing is gained by learning more often
COLOUR = 24  # how far colour may be from the mean and still be background: sum of both chroma differences


@dataclass(frozen=True, slots=True)
class Light:
    """A change of the whole picture against the background: factor of brightness, and offsets of both chromas."""

    gain: float = 1.0
    cr: float = 0.0
    cb: float = 0.0

    @property
    def changing(self) -> bool:
        return abs(self.gain - 1.0) > 0.03 or abs(self.cr) + abs(self.cb) > 2.0


class Background:
    """The model of one camera's picture at working size, from its first picture on."""

    def __init__(self, first: Image) -> None:
        height, width = first.shape[:2]
        self.mean: NDArray[np.float32] = first.astype(np.float32)
        self.noise: Plane = np.full((height, width), 3.0, np.float32)
        self.support: Plane = np.zeros((height, width), np.float32)
        self.blink: Plane = np.zeros((height, width), np.float32)
        self.restless: Plane = np.zeros((height, width), np.float32)
        self.other: Image = first.copy()
        self.other_s: Plane = np.zeros((height, width), np.float32)
        self.other_known: Mask = np.zeros((height, width), np.uint8)
        self.returns: NDArray[np.uint8] = np.zeros((height, width), np.uint8)
        self._changed: Mask = np.zeros((height, width), np.uint8)
        self._free: Mask = np.zeros((height, width), np.uint8)
        self._unlearned_s = 0.0
        self._tolerance = self._find_tolerance()

    def light(self, image: Image, ignore: Mask) -> Light:
        """How the whole picture's light differs, by medians over a sparse grid; what `ignore` marks does not vote."""
        now, then = image[::8, ::8].astype(np.float32), self.mean[::8, ::8]
        usable = (ignore[::8, ::8] == 0) & (then[..., 0] > 24) & (then[..., 0] < 235) & (now[..., 0] < 250)
        if np.count_nonzero(usable) < 50:
            return Light()
        now, then = now[usable], then[usable]
        cr, cb = (_median(now[:, channel] - then[:, channel]) for channel in (1, 2))
        return Light(_median(now[:, 0] / then[:, 0]), cr, cb)

    def under(self, light: Light) -> Image:
        """The background as it would look under that light."""
        levels = np.arange(256, dtype=np.float32)
        table = np.stack((levels * light.gain, levels + light.cr, levels + light.cb), axis=1)
        return np.asarray(cv2.LUT(rounded(self.mean), np.clip(table.round(), 0, 255).astype(np.uint8)[None]), np.uint8)

    def changed(self, image: Image, empty: Image) -> Mask:
        """Where the picture is neither `empty`, the background under today's light, nor the other known look."""
        difference = cv2.split(apart(image, empty))
        colour = np.asarray(cv2.add(difference[1], difference[2]), np.uint8)
        changed = either(above(np.asarray(difference[0], np.uint8), self._tolerance), above(colour, COLOUR))
        candidate = both(changed, self.other_known)
        if not candidate.any():
            return changed
        difference = cv2.split(apart(image, self.other))
        colour = np.asarray(cv2.add(difference[1], difference[2]), np.uint8)
        strange = either(above(np.asarray(difference[0], np.uint8), self._tolerance), above(colour, COLOUR))
        return both(changed, either(strange, outside(self.other_known)))

    def learn(
        self, image: Image, *, changed: Mask, protected: Mask, light: Light, dt: float, where: Sequence[Window]
    ) -> None:
        """Take `dt` seconds of this picture into the model, except where somebody is `protected`.

        `where` are windows that hold all changed pixels.
        """
        free = outside(protected)
        self._unlearned_s += dt
        if self._unlearned_s >= LEARN_EVERY_S or light.changing:
            self._learn_mean(image, changed=changed, free=free, light=light, dt=self._unlearned_s)
            self._unlearned_s = 0.0
        new = both(changed, free)
        for window in where:
            self._learn_other(image[window], new[window], window, dt)

    def relearn(self, image: Image, keep: Mask) -> None:
        """Take this picture as the background, except where `keep` marks: the light or the camera has changed."""
        there = keep == 0
        self.mean[there] = image[there]
        self.support[there] = 0.0
        self.other_s[there] = 0.0
        self.other_known[there] = 0
        self.blink[:] = 0.0
        self.restless[:] = 0.0
        self._changed = np.zeros_like(self._changed)

    def absorb(self, image: Image, shape: Mask, window: Window) -> None:
        """Take a shape inside a window of the picture as background here and now: what was there has gone."""
        there = shape > 0
        self.mean[window][there] = image[there]
        self.support[window][there] = FLOOR_S
        self.other_s[window][there] = 0.0
        self.other_known[window][there] = 0

    def trust(self, *, noise: Plane, support_s: float) -> None:
        """Take over what was known before a restart: noise at any size, and how long the scene had been seen."""
        height, width = self.noise.shape
        self.noise = np.asarray(cv2.resize(noise, (width, height)), np.float32)
        self.support[:] = min(support_s, TRUST_S)
        self._tolerance = self._find_tolerance()

    def _learn_mean(self, image: Image, *, changed: Mask, free: Mask, light: Light, dt: float) -> None:
        same = both(outside(changed), free)
        young = max(0.5, float(self.support[::8, ::8].mean()))
        share = _share(dt, QUICK_S if light.changing else min(LEARN_S, young))
        before = rounded(self.mean[..., 0])
        blend(image, self.mean, share, same)
        if not light.changing:
            blend(apart(image[..., 0], before), self.noise, _share(dt, NOISE_S), same)
        self._learn_blink(changed, free, dt)
        cv2.add(self.support, dt, self.support, same)  # type: ignore[call-overload]
        cv2.min(self.support, SUPPORT_S, self.support)  # type: ignore[call-overload]
        self._changed = changed
        self._tolerance = self._find_tolerance()

    def _learn_blink(self, changed: Mask, free: Mask, dt: float) -> None:
        """Note which pixels change their mind; who has walked does not count."""
        flips = both(np.asarray(changed ^ self._changed, np.uint8), both(free, self._free))
        self._free = free
        self.blink *= np.float32(1.0 - _share(dt, CALM_S))
        blend(flips >> 7, self.blink, FLIP, flips)
        self.restless *= np.float32(1.0 - _share(dt, RESTLESS_S))
        np.maximum(self.restless, (self.blink - np.float32(2.0 * FLIP)) * np.float32(2.0), out=self.restless)

    def unrest(self, box: NDArray[np.float32]) -> float:
        """How restless a place has shown itself, beyond what passers-by make of it, 0 to 1."""
        x1, y1, x2, y2 = (int(value) for value in box)
        part = self.restless[max(0, y1) : y2, max(0, x1) : x2]
        return float(part.mean()) if part.size else 0.0

    def _find_tolerance(self) -> NDArray[np.uint8]:
        """How far brightness may be from the mean and still be background, in levels."""
        levels = cv2.addWeighted(self.noise, 3.0, self.restless, 60.0, 8.5, dtype=cv2.CV_8U)
        return np.clip(np.asarray(levels, np.uint8), 14, 90)

    def _learn_other(self, image: Image, new: Mask, window: Window, dt: float) -> None:
        """Time how long what is there now has been there, and let it take over once it has outlasted the old."""
        if not new.any():
            return
        other, other_s = self.other[window], self.other_s[window]
        moved = above(apart(image[..., 0], other[..., 0]), SAME_LOOK)
        fresh, lasting = both(new, moved) > 0, both(new, outside(moved)) > 0
        other[fresh] = image[fresh]
        other_s[fresh] = 0.0
        self.returns[window][fresh] = 0
        self.other_known[window][fresh] = 0
        other_s[lasting] += np.float32(dt)
        self._know_again(lasting, window)
        takes_over = lasting & (other_s > np.clip(self.support[window], FLOOR_S, SUPPORT_S))
        if takes_over.any():
            self._swap(takes_over, window)

    def _know_again(self, lasting: NDArray[np.bool_], window: Window) -> None:
        """A look that comes back time and again is a look of the background: leaves, a sign that blinks."""
        returns, known = self.returns[window], self.other_known[window]
        back = lasting & (self._changed[window] == 0)
        returns[back] += 1
        known[back & (returns >= RETURNS) & (self.other_s[window] > RETURNED_S)] = 255

    def _swap(self, there: NDArray[np.bool_], window: Window) -> None:
        mean, support = self.mean[window], self.support[window]
        other, other_s = self.other[window], self.other_s[window]
        old, old_s = rounded(mean)[there], support[there]
        mean[there], support[there] = other[there], other_s[there]
        other[there], other_s[there] = old, old_s
        self.other_known[window][there] = as_mask(old_s > KNOWN_S)


def _median(values: NDArray[np.float32]) -> float:
    """The upper median; numpy's own takes three times as long."""
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])


def _share(dt: float, time_s: float) -> float:
    """Weight of a sample that covers `dt` seconds in an exponential mean of that time constant."""
    return float(1.0 - np.exp(-dt / time_s)) if dt > 0 else 0.0

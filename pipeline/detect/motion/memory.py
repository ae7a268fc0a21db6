"""Who has been seen moving: just enough memory of blobs to tell a person who stands still from a thing or a ghost.

This is not the tracker of the pipeline: its ids never leave the detector. It decides whom the background must not
swallow, which box a fragment belongs to, and what has never gone anywhere (leaves, rain, a screen).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.detect.motion.walking import Box, gone, middle, steady

LOST_S = 1.2  # a blob unseen for this long is forgotten
WALKED = 0.25  # of its height: what a blob must have moved to count as somebody
STRAIGHT = 0.35  # of the way its middle went: what sways comes back
MIN_AGE_S = 0.25
RESTLESS = 40.0  # how much farther it must have gone where the picture changes all the time
STEADY, SHAKY = 0.6, 0.25  # share of steady sightings of late that makes somebody, and that unmakes them
LEAST = 0.05  # of the picture's height: nobody is judged by less
PROVE_S = 5.0  # within which it must have gone that far
LEAFY = 0.03  # unrest up to which a place is calm
STEPS = 0.6  # share of the way that steady sightings must have made
STILL_S = 180.0  # somebody without any sign of life for this long was a thing
THING_S = 20.0  # ... and a shape wider than tall sooner


@dataclass(slots=True)
class Blob:
    """One remembered blob. `walked` is True once it has been seen to move as a whole, and stays so."""

    box: Box
    born: float
    seen: float
    number: int
    birth: Box
    speed: NDArray[np.float32] = field(default_factory=lambda: np.zeros(4, np.float32))
    sightings: int = 1
    walked: bool = False
    path: float = 0.0
    steps: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    steadiness: float = 1.0
    life: float = 0.0
    alone: float = -1e9
    unrest: float = 0.0
    measured: float = -1e9
    score: float = 0.0
    ghost_votes: int = 0

    @property
    def height(self) -> float:
        return float(self.box[3] - self.box[1])

    @property
    def width(self) -> float:
        return float(self.box[2] - self.box[0])

    def predicted(self, pts: float) -> Box:
        """Where the box should be at a time, going on as it did, at its present size."""
        speed = (self.speed[:2] + self.speed[2:]) / 2
        return np.asarray(self.box + np.tile(speed, 2) * np.float32(min(pts - self.seen, 1.0)), np.float32)

    def calm(self) -> bool:
        """Whether the place where it was last seen by itself is calm but for it."""
        return self.unrest <= LEAFY

    def guess(self, box: Box, pts: float) -> None:
        """Take a sighting that is only a guess, because somebody stands in front: nothing is learned from it."""
        self.box, self.seen = box, pts

    def see(self, box: Box, *, pts: float, picture: tuple[int, int], unrest: float) -> None:
        """Take a sighting in a picture of (height, width); `unrest` in [0, 1] is how restless the place is anyway."""
        dt = max(pts - self.seen, 1e-3)
        measured = (box - self.box) / np.float32(dt)
        share = np.float32(min(1.0, dt / 0.4))
        self.speed = (self.speed * (1 - share) + measured * share).astype(np.float32)
        step = middle(box) - middle(self.box)
        self.path += float(np.hypot(*step))
        calm = steady(self.box, box, picture)
        self.steadiness += (float(calm) - self.steadiness) * float(share)
        if calm:
            self.steps = self.steps + step
        self.box, self.seen, self.alone, self.unrest = box, pts, pts, unrest
        self.sightings += 1
        self._judge(pts, picture, unrest)

    def retime(self, pts: float) -> None:
        """Go on at another time, after a pause of unknown length, as if last seen there."""
        self.born += pts - self.seen
        self.measured += pts - self.seen
        self.seen = self.life = self.alone = pts
        self.speed = np.zeros(4, np.float32)

    def moving(self) -> float:
        """Speed of the middle in own heights a second."""
        speed = (self.speed[:2] + self.speed[2:]) / 2
        return float(np.hypot(*speed)) / max(self.height, 1.0)

    def outlived(self, pts: float) -> bool:
        """Whether what once walked has been without life for too long to be a person."""
        limit = THING_S if self.width > 1.15 * self.height else STILL_S
        return pts - max(self.life, self.born) > limit

    def _judge(self, pts: float, picture: tuple[int, int], unrest: float) -> None:
        leaves = self.steadiness < SHAKY and unrest > LEAFY
        if leaves if self.walked else pts - self.born > PROVE_S:
            self._begin_again(pts)
        if self.walked or self.sightings < 2 or pts - self.born < MIN_AGE_S:
            return
        away = gone(self.birth, self.box, picture)
        needed = (
            WALKED
            * max(self.height, float(self.birth[3] - self.birth[1]))
            * (1.0 + RESTLESS * max(0.0, unrest - LEAFY))
        )
        straight = away > STRAIGHT * self.path and float(np.hypot(*self.steps)) > STEPS * min(away, needed)
        self.walked = straight and self.height > LEAST * picture[0] and away > needed and self.steadiness > STEADY

    def _begin_again(self, pts: float) -> None:
        """What was taken for somebody joins and parts like leaves: let it prove itself once more."""
        self.walked, self.birth, self.born, self.path = False, self.box, pts, 0.0
        self.steps = np.zeros(2, np.float32)


class Memory:
    """The blobs of one camera, oldest first."""

    def __init__(self) -> None:
        self.blobs: list[Blob] = []
        self._next = 1

    def forget(self, pts: float) -> None:
        """Drop what has not been seen for a while, or has turned out to be a thing."""
        self.blobs = [blob for blob in self.blobs if pts - blob.seen <= LOST_S and not blob.outlived(pts)]

    def forget_strangers(self) -> None:
        """Keep only who has walked: the picture as a whole has changed."""
        self.blobs = [blob for blob in self.blobs if blob.walked]

    def add(self, box: Box, pts: float) -> Blob:
        blob = Blob(box=box, born=pts, seen=pts, number=self._next, birth=box, life=pts)
        self._next += 1
        self.blobs.append(blob)
        return blob

    def drop(self, blob: Blob) -> None:
        self.blobs = [other for other in self.blobs if other is not blob]

"""Clips with about 10 and about 30 people for measuring speed, made of the assets' MOT17 stills; kept nowhere.

No freely usable crowded clip is at hand, so motion is made: `street` is one still that sways by a few pixels, `rows`
are people cut out of the stills by their annotations, standing in three rows and swaying each in their own time. What
a detector finds in them is real people; what a tracker follows is steady. For time only, never for accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import ASSETS

Image = NDArray[np.uint8]
IMAGES = ASSETS / "images"
SIZE, FPS = (1280, 720), 25
ACROSS, DOWN = 11, 3
TALL = 210
MARGIN = 16


def make_clips(folder: Path, *, frames: int) -> dict[str, Path]:
    """Both clips by name, H.264 1280x720 at 25 fps; none where the stills are absent."""
    if not IMAGES.is_dir():
        return {}
    makers: dict[str, Callable[[int], Iterator[Image]]] = {"street, about 10 people": street, "rows, about 30": rows}
    found = {}
    for n, (name, make) in enumerate(makers.items()):
        found[name] = folder / f"crowd{n}.mp4"
        _encode(found[name], make(frames))
    return found


def street(frames: int) -> Iterator[Image]:
    """The first still of MOT17-02, swaying."""
    still = cv2.imread(str(IMAGES / "MOT17-02" / "000001.jpg"))
    wide = cv2.resize(still, (SIZE[0] + 2 * MARGIN, SIZE[1] + 2 * MARGIN), interpolation=cv2.INTER_AREA)
    for n in range(frames):
        x = MARGIN + round(MARGIN * math.sin(n / 20))
        y = MARGIN + round(MARGIN / 2 * math.sin(n / 31))
        yield np.ascontiguousarray(wide[y : y + SIZE[1], x : x + SIZE[0]])


def rows(frames: int) -> Iterator[Image]:
    """Thirty-three cut-out people on grey."""
    people = cut_out(ACROSS * DOWN)
    step_x, step_y = SIZE[0] // ACROSS, SIZE[1] // DOWN
    for n in range(frames):
        picture = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
        for k, person in enumerate(people):
            x = k % ACROSS * step_x + 8 + round(6 * math.sin(n / 15 + k))
            y = k // ACROSS * step_y + 12
            picture[y : y + person.shape[0], x : x + person.shape[1]] = person
        yield picture


def cut_out(count: int) -> list[Image]:
    """The most visible annotated people, each scaled to the same height and at most as wide as its place."""
    widest = SIZE[0] // ACROSS - 24
    found = []
    for folder in sorted(IMAGES.iterdir()):
        truth = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
        for path in sorted(folder.glob("*.jpg")):
            still = cv2.imread(str(path))
            mine = truth[(truth[:, 0] == int(path.stem)) & (truth[:, 6] == 1) & (truth[:, 7] == 1)]
            for row in mine[(mine[:, 8] > 0.8) & (mine[:, 5] > 120)]:
                x, y, w, h = row[2:6].astype(int)
                crop = still[max(0, y - 1) : y - 1 + h, max(0, x - 1) : x - 1 + w]
                scaled = cv2.resize(crop, (max(8, round(w * TALL / h)), TALL), interpolation=cv2.INTER_AREA)
                found.append(np.asarray(scaled[:, :widest], np.uint8))
    chosen = np.linspace(0, len(found) - 1, count).round().astype(int)
    return [found[k] for k in chosen]


def _encode(path: Path, pictures: Iterator[Image]) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "g": "50", "bf": "0"})
        stream.width, stream.height = SIZE
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for picture in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        file.mux(stream.encode(None))

"""CPU per frame of the frame path against bare decoding, interleaved; `python -m benchmarks.decode VIDEO [--json]`.

`bare` is PyAV demuxing and decoding on one thread; `frames` is `open_source` with nothing asked of a frame; the rest
ask for pixels of one frame in five, as a camera at 25 frames a second analysed at 5 does.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import av
import numpy as np

from pipeline.clock import FakeClock
from pipeline.video.health import CameraHealth
from pipeline.video.source import open_source

MASK = ((0.7, 0.0), (1.0, 0.0), (1.0, 0.3))
ROUNDS = 5


def bare(path: Path) -> int:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        stream.codec_context.thread_count = 1
        return sum(1 for _ in file.decode(stream))


def through(path: Path, look: Callable[..., object] | None = None, **how: object) -> int:
    count = 0
    with open_source("bench", str(path), clock=FakeClock(), **how) as source:  # type: ignore[arg-type]
        for frame in source.frames():
            if look is not None and frame.seq % 5 == 0:
                look(frame)
            count += 1
    return count


def health(path: Path) -> int:
    doctor = CameraHealth()
    return through(path, lambda frame: doctor.update(frame.luma(), frame.pts))


VARIANTS: dict[str, Callable[[Path], int]] = {
    "bare": bare,
    "frames": through,
    "luma, 1 in 5": lambda path: through(path, lambda frame: frame.luma()),
    "416 wide, 1 in 5": lambda path: through(path, lambda frame: frame.scaled(416, 234)),
    "full BGR, 1 in 5": lambda path: through(path, lambda frame: frame.bgr()),
    "416 wide, masked, 1 in 5": lambda path: through(path, lambda frame: frame.scaled(416, 234), masks=(MASK,)),
    "health": health,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    spent: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(ROUNDS):
        for name, run in VARIANTS.items():
            began_s = time.process_time()
            frames = run(args.video)
            spent[name].append((time.process_time() - began_s) / frames * 1e6)
    result = {
        name: {
            "cpu_us_per_frame": round(median(times)),
            "over_bare": round(float(np.median(np.array(times) / np.array(spent["bare"]))), 3),
        }
        for name, times in spent.items()
    }
    for name, row in result.items():
        print(f"{name:28} {row['cpu_us_per_frame']:6} us  {row['over_bare']:.2f} x")
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
